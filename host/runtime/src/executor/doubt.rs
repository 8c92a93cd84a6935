//! What keeps a run from its end until a person has found out whether a call happened.

use stockade_workflow::{
    CodeCalls, CodeEnd, CodeOutcome, EffectOutcome, End, Event, Fault, Kind, RunState, Step, ToolOutcome,
};

/// Returns the call for which a run would fail only because it is not known whether the call happened, with the fault that says so:
/// the call of an effect, or the last one that code made, which did not catch that. The workflow knows nothing better than to fail.
pub(super) fn doubted(state: &RunState, event: &Event, step: &Step) -> Option<(String, Fault)> {
    let Some(End::Failed(end)) = &step.transition.end else { return None };
    let (key, outcome) = event.outcome()?;
    let calls = state.calls(key);
    match outcome {
        EffectOutcome::ToolReturned(ToolOutcome::Unknown(fault)) if calls.is_empty() => {
            (end.kind == Kind::UnknownOutcome).then(|| (key.to_owned(), fault.clone()))
        }
        EffectOutcome::ToolReturned(outcome) => uncaught(key, calls, &outcome.fault()?.message),
        EffectOutcome::CodeFinished(CodeOutcome { ended, .. }) => uncaught(key, calls, said(ended)?),
        EffectOutcome::ModelReplied(_)
        | EffectOutcome::Remembered(_)
        | EffectOutcome::Recalled(_)
        | EffectOutcome::ResultRead(_)
        | EffectOutcome::Decided { .. }
        | EffectOutcome::Waited(_)
        | EffectOutcome::RunsEnded(_) => None,
    }
}

/// What code said when it ended without a value.
fn said(ended: &CodeEnd) -> Option<&str> {
    match ended {
        CodeEnd::Returned(_) => None,
        CodeEnd::Raised(exception) => Some(&exception.message),
        CodeEnd::Failed(fault) | CodeEnd::Unknown(fault) => Some(&fault.message),
    }
}

/// The last call of code, where its unknown outcome is what the code ended with. After an earlier one the code went on, and would
/// do something else with another answer.
fn uncaught(key: &str, calls: &CodeCalls, said: &str) -> Option<(String, Fault)> {
    let number = calls.len().checked_sub(1)?;
    match &calls.get(number)?.ended {
        Some((ToolOutcome::Unknown(fault), _)) if said.contains(&fault.message) => {
            Some((format!("{key}/{number}"), fault.clone()))
        }
        Some(_) | None => None,
    }
}
