//! What keeps a run from its end until a person has found out whether a call happened.

use stockade_workflow::{CodeEnd, CodeOutcome, EffectOutcome, End, Event, Fault, Kind, Step, ToolOutcome};

use crate::run_log::RunLog;

/// Returns the call for which a run would fail only because it is not known whether the call happened, with the fault that says so:
/// the call of an effect, or one of the last that code made, which did not catch that. The workflow knows nothing better than to
/// fail.
pub(super) fn doubted(log: &RunLog, event: &Event, step: &Step) -> Option<(String, Fault)> {
    let Some(End::Failed(end)) = &step.transition.end else { return None };
    let (key, outcome) = event.outcome()?;
    match outcome {
        EffectOutcome::ToolReturned(ToolOutcome::Unknown(fault)) if log.state().calls(key).is_empty() => {
            (end.kind == Kind::UnknownOutcome).then(|| (key.to_owned(), fault.clone()))
        }
        EffectOutcome::ToolReturned(outcome) => uncaught(log, key, &outcome.fault()?.message),
        EffectOutcome::CodeFinished(CodeOutcome { ended, .. }) => uncaught(log, key, said(ended)?),
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

/// The first of the calls that code made together last, whose unknown outcome is what the code ended with. After an earlier one
/// the code went on, and would do something else with another answer; but before the code heard of any of these, it had made
/// all of them.
fn uncaught(log: &RunLog, key: &str, said: &str) -> Option<(String, Fault)> {
    let calls = log.state().calls(key);
    let together = log.unheard_of.as_ref().filter(|(of, _)| of == key).map(|(_, first)| *first);
    let first = together.unwrap_or_else(|| calls.len().saturating_sub(1));
    calls.iter().enumerate().skip(first).find_map(|(number, call)| match &call.ended {
        Some((ToolOutcome::Unknown(fault), _)) if said.contains(&fault.message) => {
            Some((format!("{key}/{number}"), fault.clone()))
        }
        Some(_) | None => None,
    })
}
