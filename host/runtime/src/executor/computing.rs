//! How a driver goes on without a look into the journal, where nothing that it could find there would change what comes next.

use std::time::Duration;

use stockade_workflow::{Effect, EffectKind};
use tokio::time::Instant;

use super::Driver;
use super::watch::Watch;
use crate::Result;
use crate::services::Services;

/// How old the last look may be: an order of another process is heard within a second, whatever the run does.
const LOOK_FRESH: Duration = Duration::from_millis(100);

/// For how long a driver of runs that others perform begins calls itself.
const COMPUTING_MAX: Duration = Duration::from_secs(1);

impl Driver {
    /// Goes on without a look into the journal, and returns whether it did: what begins next is intended already, or all that is
    /// wanted are calls of tools that only compute. Those read no store and send nothing, and what was changed
    /// [waits](crate::run_log::RunLog::may_wait) with them for the next commit, before which the driver looks.
    pub(super) async fn goes_on_unseen(&mut self, watch: &Watch) -> Result<bool> {
        if !self.is_undisturbed(watch) {
            return Ok(false);
        }
        if self.only_begins() {
            return Ok(true);
        }
        if !self.wants_to_compute() {
            return Ok(false);
        }
        self.plan_and_draw().await?;
        Ok(self.log.may_wait())
    }

    /// Whether this driver performs an effect. Where others perform what it plans, it makes the calls that only compute itself,
    /// which costs less than a message to another process; but not for long, for until it ends its run takes no orders.
    pub(super) fn is_performed_here(&self, effect: &Effect) -> bool {
        let host = self.host();
        host.performs || (only_computes(host, effect) && self.since.elapsed() < COMPUTING_MAX)
    }

    /// Takes note that the driver looks into the journal now.
    pub(super) fn note_look(&mut self) {
        self.looked = Some(Instant::now());
    }

    /// Whether the driver has looked a moment ago, and the run goes on by itself.
    fn is_undisturbed(&self, watch: &Watch) -> bool {
        let (host, state) = (self.host(), self.state());
        let is_fresh = self.looked.is_some_and(|looked| looked.elapsed() < LOOK_FRESH);
        let is_ordered = self.order.is_some() || watch.told().is_some() || host.driving.is_closing();
        is_fresh && host.performs && !is_ordered && !self.is_overdue() && !state.is_undoing() && !self.is_awaiting()
    }

    /// Whether the run waits for anything that may be in the journal.
    fn is_awaiting(&self) -> bool {
        let state = self.state();
        let has_stopped = state.end().is_some() || state.suspended().is_some() || state.paused().is_some();
        let asks = state.open_approval().is_some() || state.awaits_settlement();
        has_stopped || asks || state.waits().next().is_some() || state.children().next().is_some()
    }

    /// Whether all that comes next was intended by this driver, and is durable.
    fn only_begins(&self) -> bool {
        let state = self.state();
        let mut intended = state.in_flight().peekable();
        let has_intended = intended.peek().is_some();
        let is_new = |effect: &Effect| self.log.is_mine(effect.key()) && !self.begun.contains(effect.key());
        has_intended && self.log.uncommitted().is_empty() && state.wanted().next().is_none() && intended.all(is_new)
    }

    /// Whether all that is wanted are calls of tools that only compute, and nothing is in flight beside them.
    fn wants_to_compute(&self) -> bool {
        let (host, state) = (self.host(), self.state());
        let mut wanted = state.wanted().peekable();
        let is_idle = state.in_flight().next().is_none() && wanted.peek().is_some();
        is_idle && wanted.all(|effect| only_computes(host, effect) && state.deferred(effect.key()).is_none())
    }
}

/// Whether an effect is a call of a tool that only computes.
fn only_computes(host: &Services, effect: &Effect) -> bool {
    let EffectKind::CallTool { call, approval: None } = &effect.kind else { return false };
    host.registry.get(&call.tool).is_ok_and(|tool| tool.only_computes())
}
