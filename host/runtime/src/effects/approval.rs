//! A question to a person.

use stockade_workflow::{Approval, Change, Decision, Effect, EffectOutcome, Fault, ToolCall, Usage, Verdict};

use super::{Handler, Work, one_step};
use crate::run_log::RunLog;
use crate::services::Services;
use crate::{Result, standing};

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
        let bound_to = run.host.tools.binding(self.call)?;
        let asked = Approval::new(&self.effect.key, self.reason, self.call.clone(), bound_to);
        let notes = standing::notes(run.state(), self.call);
        let machine = run.host.machines.get(run.state().workflow());
        let workflow = machine.map(|machine| machine.digest());
        let approval = Approval { notes, workflow, decisions: self.decisions(run), ..asked };
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
        Decision::deny(Decision::HOST).comment(Some(fault.message)).into()
    }
}

impl RequestApproval<'_> {
    /// What may be decided, where that is more than yes or no: as much as the workflow understands.
    fn decisions(&self, run: &RunLog) -> Vec<Verdict> {
        let state = run.state();
        let machine = run.host.machines.get(state.workflow());
        let understood = machine.zip(state.at()).map(|(machine, (_, at))| machine.decisions(at, &self.effect.key));
        understood.filter(|verdicts| *verdicts != Verdict::YES_OR_NO).unwrap_or_default().to_vec()
    }
}
