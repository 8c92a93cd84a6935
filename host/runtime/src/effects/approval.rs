//! A question to a person.

use stockade_workflow::{Approval, Change, Decision, Effect, EffectOutcome, Fault, ToolCall, Usage};

use super::{Handler, Work, one_step};
use crate::Result;
use crate::run_log::RunLog;
use crate::services::Services;

pub(super) struct RequestApproval<'a> {
    pub(super) effect: &'a Effect,
    pub(super) reason: &'a str,
    pub(super) call: &'a ToolCall,
}

impl Handler for RequestApproval<'_> {
    fn price(&self, _: &Services) -> Result<(Usage, Usage)> {
        Ok(one_step())
    }

    fn permit(&self, _: &RunLog) -> Result<()> {
        Ok(())
    }

    fn intent(&self, run: &RunLog, amount: Usage) -> Result<Change> {
        let bound_to = run.host.registry.binding(self.call)?;
        let (key, reason, call) = (self.effect.key.clone(), self.reason.to_owned(), self.call.clone());
        let approval = Approval { key, reason, call, bound_to, decision: None, consumed_by: None, expired_ms: None };
        Ok(Change::Asked { approval: Box::new(approval), amount, due_ms: run.due_ms(self.effect) })
    }

    fn is_alone(&self, _: &Services) -> bool {
        false
    }

    fn begin<'a>(&'a self, _: &RunLog) -> Work<'a> {
        Work::Outside
    }

    /// A person was not asked, and the workflow hears a no: of a question there is no other end.
    fn failed(&self, fault: Fault) -> EffectOutcome {
        Decision::deny("stockade").comment(Some(fault.message)).into()
    }
}
