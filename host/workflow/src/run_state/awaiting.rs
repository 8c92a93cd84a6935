//! The calls that have been made and whose results are not known: those in doubt, and those whose tools tell them later.

use super::RunState;
use crate::{Doubt, EffectKind, Fault, ToolCall, ToolOutcome, Usage};

impl RunState {
    /// Returns the calls whose tools tell the results later, and that the run waits for; each with its token.
    pub fn awaited_results(&self) -> impl Iterator<Item = (&Doubt, &str)> {
        self.doubts.awaited().filter(|_| self.end.is_none() && !self.is_undoing())
    }

    /// Returns whether it waits to be told what became of a call.
    pub fn awaits_settlement(&self) -> bool {
        self.open_doubts().next().is_some() || self.awaited_results().next().is_some()
    }

    /// Returns the first call whose result has not come until its deadline, with the deadline: it may still happen.
    pub fn late_result(&self, now_ms: u64) -> Option<(&Doubt, u64)> {
        self.awaited_results().find_map(|(doubt, _)| {
            let due_ms = self.waiting.due(&doubt.key).filter(|due_ms| *due_ms <= now_ms)?;
            Some((doubt, due_ms))
        })
    }

    /// Takes a call out of flight whose tool tells the result later; what it cost is paid.
    pub(super) fn later(&mut self, key: &str, token: &str, used: &Usage) -> Result<(), String> {
        let call = self.tool_call(key)?;
        self.take_intended(key)?;
        self.ledger.settle(key, used);
        self.doubts.promise(key, &call, token);
        Ok(())
    }

    /// Takes a call out of flight of which it is not known whether it happened, or whose result was not told in time; what it
    /// cost is paid.
    pub(super) fn doubted(&mut self, key: &str, fault: &Fault, used: &Usage) -> Result<(), String> {
        if self.effect(key).is_none() {
            return self.doubt_in_code(key, fault, used);
        }
        let call = self.tool_call(key)?;
        if !self.doubts.awaited().any(|(doubt, _)| doubt.key == key) {
            self.take_intended(key)?;
        }
        self.waiting.ended(key);
        self.ledger.settle(key, used);
        self.known(&call, &ToolOutcome::Unknown(fault.clone()), || key.to_owned());
        self.doubts.add(key, &call, fault);
        Ok(())
    }

    fn tool_call(&self, key: &str) -> Result<ToolCall, String> {
        match self.effect(key).map(|effect| &effect.kind) {
            Some(EffectKind::CallTool { call, .. }) => Ok(call.clone()),
            Some(_) => Err(format!("effect \"{key}\" is no call")),
            None => Err(format!("there is no effect \"{key}\"")),
        }
    }
}
