//! Which question of a run a decision is about, and whether it may still be decided.

use stockade_workflow::{Approval, ApprovalId, Decision, Digest, Fault, Kind, RunState, utc};

use crate::Result;

/// Checks that a decision is about an open question of this run, and about what was seen.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] where the run asked no such question; kind [`Kind::Conflict`] with detail `decided` where it
/// is decided, `expired` where its deadline has passed, `closed` where the run has ended, `seen` where another question was seen.
pub(crate) fn check(state: &RunState, id: &ApprovalId, seen: &Digest) -> Result<()> {
    let approval = state.approval(&id.key).ok_or_else(|| unasked(state, &id.key))?;
    if let Some(decision) = &approval.decision {
        return Err(conflict("decided", decided(state, approval, decision)));
    }
    if let Some(expired_ms) = approval.expired_ms {
        return Err(conflict("expired", expired(state, approval, expired_ms)));
    }
    if state.open_approvals().all(|open| open.key != id.key) {
        return Err(closed(state));
    }
    let shown = approval.digest();
    if *seen != shown {
        let ApprovalId { run, key } = id;
        let message =
            format!("question \"{key}\" of run {run} is {shown}, and the decision is about {seen}; look at it again");
        return Err(conflict("seen", message));
    }
    Ok(())
}

/// Returns the question of a key; without a key, the only one that a decision can be about.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] where the run asked no such question. Without a key, kind [`Kind::Conflict`]: there is no open
/// question, or the run has put more than one, so that the decision could be about what was not seen.
pub(crate) fn find<'a>(state: &'a RunState, key: Option<&str>) -> Result<&'a Approval> {
    match key {
        Some(key) => state.approval(key).ok_or_else(|| unasked(state, key)),
        None => only(state),
    }
}

/// Checks that a yes of a run that has not ended holds for later calls too.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] where the run asked no such question; kind [`Kind::Conflict`] with detail `remembered`.
pub(crate) fn check_remembered(state: &RunState, key: &str) -> Result<()> {
    let approval = find(state, Some(key))?;
    if approval.remembered().is_some() && state.end().is_none() {
        return Ok(());
    }
    let message = format!("the decision on question \"{key}\" of run {} holds for no later call", state.run());
    Err(conflict("remembered", message))
}

fn only(state: &RunState) -> Result<&Approval> {
    if let Some(only) = state.only_approval() {
        return Ok(only);
    }
    let open: Vec<_> = state.open_approvals().map(|approval| format!("\"{}\"", approval.key)).collect();
    if open.is_empty() {
        return Err(closed(state));
    }
    let message = format!(
        "run {} has asked more than one question, so the decision must name its own; open: {}",
        state.run(),
        open.join(", ")
    );
    Err(conflict("unnamed", message))
}

fn unasked(state: &RunState, key: &str) -> Fault {
    let keys: Vec<_> = state.approvals().map(|approval| format!("\"{}\"", approval.key)).collect();
    let asked = if keys.is_empty() { "it has asked none".to_owned() } else { format!("it asked {}", keys.join(", ")) };
    let message = format!("run {} has no question \"{key}\"; {asked}", state.run());
    Fault::new(Kind::NotFound, message).detail("approval")
}

fn decided(state: &RunState, approval: &Approval, decision: &Decision) -> String {
    let verdict = decision.verdict.past();
    format!(
        "question \"{}\" of run {} is closed: \"{}\" has decided already, and {verdict} it",
        approval.key,
        state.run(),
        decision.by
    )
}

/// The refusal of a decision that comes after the question's deadline.
pub(crate) fn expired(state: &RunState, approval: &Approval, expired_ms: u64) -> String {
    let (key, run) = (&approval.key, state.run());
    format!("question \"{key}\" of run {run} expired at {}; no decision is taken any more", utc(expired_ms))
}

fn closed(state: &RunState) -> Fault {
    let decided = state.approvals().filter_map(|approval| approval.decision.as_ref()).last();
    let decided = decided.map(|decision| format!("; \"{}\" has decided already", decision.by));
    let expired = state.approvals().filter_map(|approval| approval.expired_ms).last();
    let expired = expired.map(|at_ms| format!("; its question expired at {}", utc(at_ms)));
    let before = decided.or(expired).unwrap_or_default();
    let stopped = state.stopped().map(|stop| format!(" {stop}")).unwrap_or_default();
    let (run, status) = (state.run(), state.status());
    conflict("decision", format!("run {run} is {status}{stopped} and waits for no decision{before}"))
}

fn conflict(detail: &str, message: String) -> Fault {
    Fault::new(Kind::Conflict, message).detail(detail)
}
