//! What calls that code makes mean for the run of the code.

use super::RunState;
use crate::{Approval, CodeCalls, EffectOutcome, Fault, Settlement, Usage, Waited};

impl RunState {
    /// Lets code end where it wants a call that a person is asked about. Its calls so far are paid for, and it is wanted again
    /// once there is an answer.
    pub(super) fn ask_in_code(
        &mut self,
        key: &str,
        number: usize,
        approval: &Approval,
        used: &Usage,
    ) -> Result<(), String> {
        let calls = self.calls_in_flight(key)?;
        if number != calls.len() || approval.key != format!("{key}/{number}") || !approval.is_open() {
            return Err(format!("approval \"{}\" is not of the next call of the code", approval.key));
        }
        calls.settle();
        if self.approvals.insert(approval.key.clone(), approval.clone()).is_some() {
            return Err(format!("approval \"{}\" was asked for before", approval.key));
        }
        self.take_intended(key)?;
        self.waiting.ended(key);
        self.ledger.settle(key, used);
        self.held.insert(approval.key.clone(), key.to_owned());
        Ok(())
    }

    pub(super) fn answer_in_code(&mut self, key: &str, outcome: &EffectOutcome) -> Result<(), String> {
        let code = self.held.remove(key).ok_or_else(|| format!("no code waits for approval \"{key}\""))?;
        match outcome {
            EffectOutcome::Decided { decision } => self.decide(key, decision)?,
            EffectOutcome::Waited(waited @ Waited::TimedOut { .. }) => self.waited(key, waited)?,
            EffectOutcome::ToolReturned(_)
            | EffectOutcome::CodeFinished(_)
            | EffectOutcome::ModelReplied(_)
            | EffectOutcome::Remembered(_)
            | EffectOutcome::Recalled(_)
            | EffectOutcome::ResultRead(_)
            | EffectOutcome::RunsEnded(_)
            | EffectOutcome::Waited(_) => return Err(format!("approval \"{key}\" does not end with such an event")),
        }
        self.waiting.ended(key);
        self.wanted.insert(0, code);
        Ok(())
    }

    /// Uses up the yes to a call that code is about to make, where a person was asked about it.
    pub(super) fn consume_in_code(&mut self, key: &str) -> Result<(), String> {
        let Some(approval) = self.approvals.get_mut(key) else { return Ok(()) };
        if !approval.decision.as_ref().is_some_and(|decision| decision.verdict.is_yes()) {
            return Err(format!("approval \"{key}\" was not given"));
        }
        approval.consumed_by = Some(key.to_owned());
        Ok(())
    }

    /// Lets code end that did not catch that it is not known whether a call of it happened. Its calls are paid for, and it is
    /// wanted again once a person has found out. The host says so only of a call after whose answer the code has made no other.
    pub(super) fn doubt_in_code(&mut self, key: &str, fault: &Fault, used: &Usage) -> Result<(), String> {
        let (code, number) = of_code(key)?;
        let calls = self.calls_in_flight(code)?;
        let call = calls.unknown(number)?.clone();
        calls.settle();
        self.take_intended(code)?;
        self.waiting.ended(code);
        self.ledger.settle(code, used);
        self.doubts.add(key, &call, fault);
        Ok(())
    }

    /// Gives code the answer to a call that a person has settled.
    pub(super) fn settle_in_code(&mut self, settlement: &Settlement) -> Result<(), String> {
        let (key, (code, number)) = (&settlement.key, of_code(&settlement.key)?);
        let calls = self.calls.get_mut(code).ok_or_else(|| format!("there is no code \"{code}\""))?;
        let call = calls.unknown(number)?.clone();
        let outcome = settlement.outcome(&call);
        calls.answer(number, &outcome);
        self.doubts.told(key, &outcome.clone().into())?;
        self.known(&call, &outcome, || key.clone());
        self.wanted.insert(0, code.to_owned());
        Ok(())
    }

    /// The calls of code that runs.
    pub(super) fn calls_in_flight(&mut self, key: &str) -> Result<&mut CodeCalls, String> {
        if self.is_wait(key) || !self.intended.iter().any(|intended| intended == key) {
            return Err(format!("effect \"{key}\" is not code that runs"));
        }
        Ok(self.calls.entry(key.to_owned()).or_default())
    }
}

/// Returns the key of the effect that runs code, and the number of the call, of the key of a call that code made.
fn of_code(key: &str) -> Result<(&str, usize), String> {
    let parts = key.rsplit_once('/').and_then(|(code, number)| Some((code, number.parse().ok()?)));
    parts.ok_or_else(|| format!("there is no effect \"{key}\""))
}
