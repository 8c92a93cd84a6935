//! How code waits for a person.

use stockade_workflow::{Change, Effect, EffectOutcome, Event, ToolCall, Usage, Verdict};

use super::Driver;
use crate::{Result, new_question};

impl Driver {
    /// Asks about a call that code wants to make. The code is wanted again once there is an answer.
    pub(super) fn ask_in_code(&mut self, effect: &Effect, number: usize, call: &ToolCall, used: Usage) -> Result<()> {
        let key = effect.key().to_owned();
        let reason = format!("code wants a call of \"{}\", and each of them needs a yes", call.tool);
        let question = format!("{key}/{number}");
        let (approval, due_ms) = new_question::new(&self.log, (&question, &reason, call), None, Verdict::YES_OR_NO)?;
        self.push(Change::AskedInCode { key, number, approval: Box::new(approval), used, due_ms })
    }

    /// Ends a wait: the workflow answers it, or code goes on that asked a question of its own.
    pub(crate) fn end_wait_as(&mut self, key: &str, outcome: EffectOutcome) -> Result<()> {
        if self.state().is_of_code(key) {
            return self.push(Change::AnsweredInCode { key: key.to_owned(), outcome });
        }
        self.step(Event::ended(key, outcome), Usage::default())
    }
}
