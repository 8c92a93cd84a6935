//! A question to a person.

use stockade_workflow::{Approval, Change, Decision, Effect, EffectOutcome, Fault, Terms, ToolCall, Usage, Verdict};

use super::{Handler, Work, one_step};
use crate::run_log::RunLog;
use crate::services::Services;
use crate::{Registered, Result, standing};

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
        let bound_to = run.host.tools.binding(self.call)?;
        let asked = Approval::new(&self.effect.key, self.reason, self.call.clone(), bound_to);
        let notes = standing::notes(run.state(), self.call);
        let machine = run.host.machines.get(run.state().workflow());
        let workflow = machine.map(|machine| machine.digest());
        let (now_ms, terms) = (run.host.clock.now_ms(), self.terms(run));
        let expires = terms.iter().filter_map(|terms| terms.expires).map(|after| now_ms.saturating_add(after.ms));
        let due_ms = expires.chain(run.due_ms(self.effect)).min();
        let mut approval = Approval { notes, workflow, terms, asked_ms: Some(now_ms), ..asked };
        approval.decisions = self.decisions(run, approval.quorum());
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
    /// What the workflow and the operator say of who may decide, and until when.
    fn terms(&self, run: &RunLog) -> Vec<Terms> {
        let tool = run.host.tools.get(&self.call.tool).ok().and_then(Registered::terms);
        let terms = self.terms.into_iter().chain(tool);
        terms.filter(|terms| **terms != Terms::default()).cloned().collect()
    }

    /// What may be decided, where that is more than yes or no: as much as the workflow understands. Several people agree only
    /// on the very call that each of them saw.
    fn decisions(&self, run: &RunLog, quorum: usize) -> Vec<Verdict> {
        if quorum > 1 {
            return Vec::new();
        }
        let state = run.state();
        let machine = run.host.machines.get(state.workflow());
        let understood = machine.zip(state.at()).map(|(machine, (_, at))| machine.decisions(at, &self.effect.key));
        understood.filter(|verdicts| *verdicts != Verdict::YES_OR_NO).unwrap_or_default().to_vec()
    }
}
