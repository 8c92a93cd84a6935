//! What a person is asked, as things are when it is.

use stockade_workflow::{Approval, Terms, ToolCall, Verdict};

use crate::run_log::RunLog;
use crate::{Registered, Result, standing};

/// Returns the question about a call, and when it expires by its terms. `understood` is what the workflow can be answered.
///
/// # Errors
///
/// There is no such tool.
pub(crate) fn new(
    run: &RunLog,
    (key, reason, call): (&str, &str, &ToolCall),
    terms: Option<&Terms>,
    understood: &[Verdict],
) -> Result<(Approval, Option<u64>)> {
    let bound_to = run.host.registry.binding(call)?;
    let machine = run.host.machines.get(run.state().workflow());
    let asked_ms = run.host.clock.now_ms();
    let terms = all_terms(run, call, terms);
    let due_ms = terms.iter().filter_map(|terms| terms.expires).map(|after| asked_ms.saturating_add(after.ms)).min();
    let mut approval = Approval {
        notes: standing::notes(run.state(), call),
        workflow: machine.map(|machine| machine.digest()),
        terms,
        asked_ms: Some(asked_ms),
        ..Approval::new(key, reason, call.clone(), bound_to)
    };
    // Several people agree only on the very call that each of them saw; and yes or no is what every question takes.
    if approval.quorum() == 1 && understood != Verdict::YES_OR_NO {
        approval.decisions = understood.to_vec();
    }
    Ok((approval, due_ms))
}

/// What the workflow and the operator say of who may decide, and until when.
fn all_terms(run: &RunLog, call: &ToolCall, terms: Option<&Terms>) -> Vec<Terms> {
    let tool = run.host.registry.get(&call.tool).ok().and_then(Registered::terms);
    let terms = terms.into_iter().chain(tool);
    terms.filter(|terms| **terms != Terms::default()).cloned().collect()
}
