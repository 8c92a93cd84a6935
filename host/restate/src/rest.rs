//! Clients that wait until a run goes on by itself no more.

use restate_sdk::prelude::*;
use stockade::{RunId, RunState, Status, WaitingFor};

use crate::answer::report;
use crate::kept::Kept;

/// How many clients wait for one run. Where another one comes, the first of them is answered with how the run stands.
const CLIENTS_MAX: usize = 64;

/// Whether a run goes on by itself no more: it has ended, or somebody must do something for it.
fn is_at_rest(state: &RunState) -> bool {
    match state.status() {
        Status::Running | Status::Interrupted => false,
        Status::Waiting => state.waiting_for().into_iter().any(needs_somebody),
        Status::Suspended | Status::Paused | Status::Done | Status::Failed | Status::Stopped => true,
    }
}

fn needs_somebody(what: WaitingFor) -> bool {
    match what {
        WaitingFor::Person | WaitingFor::Settlement | WaitingFor::Signal => true,
        WaitingFor::Budget | WaitingFor::Resume => true,
        WaitingFor::Result | WaitingFor::Runs | WaitingFor::Time => false,
    }
}

/// Answers the clients that wait for a run, if it is at rest; else the first of those that are too many.
pub(crate) fn answered(ctx: &ObjectContext<'_>, kept: &mut Kept, run: RunId) -> HandlerResult<()> {
    if kept.clients.is_empty() {
        return Ok(());
    }
    let stay = if is_at_rest(&kept.state(run)?) { 0 } else { CLIENTS_MAX };
    let answered = kept.clients.len().saturating_sub(stay);
    for client in kept.clients.drain(..answered).collect::<Vec<_>>() {
        ctx.resolve_awakeable(&client, report(kept, run)?);
    }
    Ok(())
}
