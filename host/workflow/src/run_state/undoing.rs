//! How a run that has failed or was stopped undoes what it has done, the last first.

use super::RunState;
use crate::undo::{Done, may_have_happened};
use crate::{Effect, EffectOutcome, End, Event, Fault, Kind, Undone, Usage, Verdict, Waited};

/// The part of a run's fold that is about undoing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Undoing {
    /// What has happened, or may have, and can be undone: the last is undone first.
    done: Vec<Done>,
    /// What is undone now.
    now: Option<Done>,
    /// What came of those before.
    undone: Vec<Undone>,
    /// How the run ends once all is undone.
    end: Option<End>,
}

impl RunState {
    /// Returns whether the run has failed or was stopped, and undoes what it has done before it ends.
    pub fn is_undoing(&self) -> bool {
        self.end.is_none() && self.undoing.end.is_some()
    }

    /// Returns what came of the effects that were to be undone, in the order in which they were.
    pub fn undone(&self) -> &[Undone] {
        &self.undoing.undone
    }

    /// Keeps in mind that an effect can be undone, now that it has ended.
    pub(super) fn can_undo(&mut self, effect: &Effect, outcome: &EffectOutcome) {
        if let Some(undo) = effect.undo.as_ref().filter(|_| may_have_happened(outcome)) {
            self.undoing.done.push(undo.of(&effect.key, Some(outcome)));
        }
    }

    /// Keeps in mind what can be undone of the effects that are in flight, and may have happened.
    pub(super) fn may_undo(&mut self, keys: &[String]) {
        for key in keys {
            // A call that code made has its number behind the key.
            let of_code = || self.shared_effect(key.rsplit_once('/')?.0);
            let effect = self.shared_effect(key).or_else(of_code);
            let done = effect.and_then(|effect| Some(effect.undo.as_ref()?.of(&effect.key, None)));
            // Of one piece of code, several calls may have been in flight.
            let is_new = |done: &Done| self.undoing.done.iter().all(|before| before.key != done.key);
            let done = done.filter(is_new);
            self.undoing.done.extend(done);
        }
    }

    /// Ends the run; one that has failed undoes first what it has done. One that is ended while it undoes gives that up.
    pub(super) fn close(&mut self, end: End) -> Result<(), String> {
        self.part_with_children();
        let fails = matches!(end, End::Failed(_));
        if fails && !self.is_undoing() {
            let in_flight = std::mem::take(&mut self.intended);
            let in_doubt: Vec<_> = self.doubts.unsettled().map(|doubt| doubt.key.clone()).collect();
            self.may_undo(&in_doubt);
            self.may_undo(&in_flight);
            if !self.undoing.done.is_empty() {
                in_doubt.iter().for_each(|key| self.waiting.ended(key));
                self.give_up(&in_flight);
                self.undoing.end = Some(end);
                return self.undo_next();
            }
            self.intended = in_flight;
        }
        self.end = Some(end);
        Ok(())
    }

    /// Forgets what was in flight or wanted, and what kept the run from going on.
    fn give_up(&mut self, in_flight: &[String]) {
        for key in in_flight {
            self.ledger.settle(key, &Usage::default());
            self.waiting.ended(key);
        }
        self.wanted.clear();
        (self.suspended, self.suspended_by, self.paused, self.due_ms) = (None, None, None, None);
    }

    /// Takes in how an effect ended that undoes another one, or a question whether it may.
    pub(super) fn undo(&mut self, event: &Event, used: &Usage) -> Result<(), String> {
        if !self.is_undoing() {
            return Err("the run undoes nothing".to_owned());
        }
        self.happened(event, used)?;
        let (key, outcome) = event.outcome().ok_or("the run had started")?;
        let now = self.undoing.now.take().ok_or("nothing is undone now")?;
        let undone = match outcome {
            EffectOutcome::Decided { decision } if decision.verdict == Verdict::Approved => {
                let call = Effect::approved_call(&undo_key(&now.key), now.call.clone(), key);
                self.undoing.now = Some(now);
                return self.want(&[call]);
            }
            EffectOutcome::Decided { decision } => now.not_undone(refusal(&format!("\"{}\" denied it", decision.by))),
            EffectOutcome::Waited(Waited::TimedOut { .. }) => now.not_undone(refusal("no person decided in time")),
            EffectOutcome::ToolReturned(outcome) => Undone { key: now.key, call: now.call, outcome: outcome.clone() },
            EffectOutcome::Waited(_)
            | EffectOutcome::CodeFinished(_)
            | EffectOutcome::ModelReplied(_)
            | EffectOutcome::Remembered(_)
            | EffectOutcome::Recalled(_)
            | EffectOutcome::ResultRead(_)
            | EffectOutcome::RunsEnded(_) => return Err(format!("effect \"{key}\" undoes nothing")),
        };
        self.undoing.undone.push(undone);
        self.undo_next()
    }

    /// Wants the next effect undone, or ends the run.
    fn undo_next(&mut self) -> Result<(), String> {
        while let Some(done) = self.undoing.done.pop() {
            if let Some(name) = &done.lacks {
                let message =
                    format!("the outcome of the effect lacks what argument \"{name}\" of its undoing is taken from");
                let fault = Fault::invalid("undo", message);
                self.undoing.undone.push(done.not_undone(fault));
                continue;
            }
            let key = undo_key(&done.key);
            let effect = match &done.reason {
                Some(reason) => Effect::request_approval(&format!("{key}/ask"), reason.clone(), done.call.clone()),
                None => Effect::call(&key, done.call.clone()),
            };
            self.undoing.now = Some(done);
            return self.want(&[effect]);
        }
        self.end = self.undoing.end.clone();
        Ok(())
    }
}

fn undo_key(key: &str) -> String {
    format!("undo/{key}")
}

fn refusal(why: &str) -> Fault {
    Fault::new(Kind::Approval, format!("the effect is not undone: {why}")).detail("denied")
}
