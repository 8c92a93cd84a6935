//! A question to a person.

use stockade_workflow::{Change, Decision, Effect, EffectOutcome, Fault, Terms, ToolCall, Usage, Verdict};

use super::{Handler, Work, one_step};
use crate::run_log::RunLog;
use crate::services::Services;
use crate::{Result, new_question};

pub(super) struct RequestApproval<'a> {
    pub(super) effect: &'a Effect,
    pub(super) reason: &'a str,
    pub(super) call: &'a ToolCall,
    pub(super) terms: Option<&'a Terms>,
}

impl Handler for RequestApproval<'_> {
    fn price(&self, _: &Services) -> Result<(Usage, Usage)> {
        Ok(one_step())
    }

    fn permit(&self, _: &RunLog) -> Result<()> {
        self.terms.map_or(Ok(()), Terms::check)
    }

    fn intent(&self, run: &RunLog, amount: Usage) -> Result<Change> {
        let asked = (self.effect.key(), self.reason, self.call);
        let (approval, expires_ms) = new_question::new(run, asked, self.terms, self.understood(run))?;
        let due_ms = expires_ms.into_iter().chain(run.due_ms(self.effect)).min();
        Ok(Change::Asked { approval: Box::new(approval), amount, due_ms })
    }

    fn is_alone(&self, _: &Services) -> bool {
        false
    }

    fn begin<'a>(&'a self, _: &RunLog) -> Work<'a> {
        Work::Outside
    }

    /// A person was not asked, and the workflow hears a no: of a question there is no other end.
    fn failed(&self, fault: Fault) -> EffectOutcome {
        Decision::deny(Decision::HOST).comment(Some(fault.message)).into()
    }
}

impl RequestApproval<'_> {
    /// What the workflow can be answered.
    fn understood(&self, run: &RunLog) -> &'static [Verdict] {
        let state = run.state();
        let machine = run.host.machines.get(state.workflow());
        let understood = machine.zip(state.at()).map(|(machine, (_, at))| machine.decisions(at, self.effect.key()));
        understood.unwrap_or(Verdict::YES_OR_NO)
    }
}
