//! What was decided before in a run, and what of it holds for the next question.

use stockade_workflow::authoring::cut;
use stockade_workflow::{Approval, Binding, Decision, RunState, ToolCall};

/// The most notes of one question; the newest are shown.
const NOTES_MAX: usize = 5;

/// The most of a call, or of a comment, that a note repeats.
const QUOTE_BYTES_MAX: usize = 500;

/// Returns the no that holds for a call without asking again: a person has denied the very same call in this run.
pub(crate) fn no(state: &RunState, call: &ToolCall) -> Option<Decision> {
    let (denied, decision) = own_noes(state).find(|(approval, _)| is_same(&approval.call, call))?;
    Some(Decision { repeats: Some(denied.key.clone()), ..decision.clone() })
}

/// Returns the yes that holds for a call without asking: a person said of an earlier one that it does. `now` is what an
/// approval of the call would be bound to.
pub(crate) fn yes(state: &RunState, call: &ToolCall, now: &Binding) -> Option<Decision> {
    let approved = state.approvals().find(|approval| approval.covers(call, now))?;
    let by = &approved.decision.as_ref()?.by;
    Some(Decision { repeats: Some(approved.key.clone()), ..Decision::approve(by) })
}

/// Returns what a person should know who is asked about a call: that another call of the function was denied in this run,
/// and that the very same call was approved and made.
pub(crate) fn notes(state: &RunState, call: &ToolCall) -> Vec<String> {
    let denied = own_noes(state).filter(|(approval, _)| is_variant(&approval.call, call)).map(denied_before);
    let made = state.approvals().filter(|approval| is_same(&approval.decided_call(), call)).filter_map(made_before);
    let notes: Vec<_> = denied.chain(made).collect();
    let old = notes.len().saturating_sub(NOTES_MAX);
    notes.into_iter().skip(old).collect()
}

fn own_noes(state: &RunState) -> impl Iterator<Item = (&Approval, &Decision)> {
    let decided = state.approvals().filter_map(|approval| Some((approval, approval.decision.as_ref()?)));
    decided.filter(|(_, decision)| decision.is_own_no())
}

fn is_same(one: &ToolCall, other: &ToolCall) -> bool {
    is_variant(one, other) && one.meaning() == other.meaning()
}

fn is_variant(one: &ToolCall, other: &ToolCall) -> bool {
    one.tool == other.tool && one.function == other.function
}

fn denied_before((Approval { key, call, .. }, decision): (&Approval, &Decision)) -> String {
    let comment = decision.comment.as_ref().map(|comment| format!(", saying: {}", cut(comment, QUOTE_BYTES_MAX)));
    let call = cut(&call.to_string(), QUOTE_BYTES_MAX);
    format!("\"{}\" denied {call} before (\"{key}\"){}", decision.by, comment.unwrap_or_default())
}

/// An approval is used up where its call is about to be made; the journal tells whether it was.
fn made_before(Approval { key, decision, consumed_by, .. }: &Approval) -> Option<String> {
    let (decision, call) = (decision.as_ref()?, consumed_by.as_ref()?);
    let (by, verdict) = (&decision.by, decision.verdict.past());
    Some(format!("\"{by}\" {verdict} this very call before (\"{key}\"), and it was made (\"{call}\")"))
}
