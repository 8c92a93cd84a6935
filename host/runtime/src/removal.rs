//! The removal of runs that the journal need not keep.

use stockade_journal::{Filter, Lease, RowChange, Summary};
use stockade_workflow::{ChildEnd, Code, EffectKind, Fault, Hint, Kind, OnClose, RunId, RunState, Status, unknown_run};

use crate::cells;
use crate::executor::stop_all;
use crate::lease::{Holding, is_busy};
use crate::removed_run::RemovedRun;
use crate::{Host, Result, children, orders, shared_budgets};

impl Host {
    /// Removes a run that stands still, with all that the journal has of it but for [one line](crate::RemovedRun), which says
    /// who did so. What its tools did, and what was remembered in it, stays. Its start key is free again.
    ///
    /// # Errors
    ///
    /// There is no such run, no person is named, it is running, or would be if it were resumed and `force` is not said, it waits for
    /// runs that it has started and `force` is not said, or a session of code was made by it; a journal that fails.
    pub async fn remove(&self, run: RunId, by: &str, force: bool) -> Result<()> {
        if by.trim().is_empty() {
            return Err(Fault::invalid("by", "the removal names no person or program; say who it is"));
        }
        self.summary(run).await?;
        let mut holding = match Holding::claim(&self.services, run).await {
            Err(refused) if is_busy(&refused) => return Err(kept(run, "it is running")),
            claimed => claimed?,
        };
        let removed = self.remove_held(holding.lease(), by, force).await;
        if removed.is_ok() {
            holding.released()
        } else {
            holding.release().await
        }
        removed
    }

    /// Returns the session of code that has a cell of a run, if one has: it needs the run, which cannot be removed.
    ///
    /// # Errors
    ///
    /// An unknown run, a journal that fails.
    pub async fn session_of(&self, run: RunId) -> Result<Option<String>> {
        let state = self.state(run).await?;
        for effect in state.begun() {
            if let EffectKind::RunCode(Code { session: Some(session), .. }) = &effect.kind
                && cells::of(&*self.services.journal, session).await?.iter().any(|cell| cell.run == run)
            {
                return Ok(Some(session.clone()));
            }
        }
        Ok(None)
    }

    /// Removes a run that no other can change meanwhile.
    async fn remove_held(&self, lease: &Lease, by: &str, force: bool) -> Result<()> {
        let summary = self.summary(lease.run).await?;
        let state = match self.state(lease.run).await {
            Err(fault) if fault.is_of_storage() => return Err(fault),
            // One that cannot be read has to be removed all the same.
            state => state.ok().filter(|state| state.end().is_none()),
        };
        state.as_ref().filter(|_| !force).map_or(Ok(()), check_childless)?;
        match summary.status {
            Status::Running | Status::Interrupted if !force => {
                Err(kept(lease.run, INTERRUPTED).hint(Hint::RemoveByForce(lease.run)))
            }
            Status::Running
            | Status::Interrupted
            | Status::Waiting
            | Status::Suspended
            | Status::Paused
            | Status::Done
            | Status::Failed
            | Status::Stopped => {
                let now_ms = self.services.clock.now_ms();
                let mut index = vec![RemovedRun::new(summary, by, now_ms).kept()?];
                let orphans = state.as_ref().map(orphans).unwrap_or_default();
                let stops = orphans.iter().map(|run| orders::of_parent(lease.run, *run, now_ms));
                index.extend(stops.collect::<Result<Vec<_>>>()?);
                index.extend(state.as_ref().map_or(Ok(None), |state| told(state, by, now_ms))?);
                shared_budgets::settle_run(&*self.services.journal, &self.services.budgets, lease.run).await?;
                self.services.journal.remove(lease, &index).await?;
                stop_all(&self.services, orphans);
                Ok(())
            }
        }
    }

    async fn summary(&self, run: RunId) -> Result<Summary> {
        let only = Filter { runs: Some(vec![run]), ..Filter::default() };
        self.runs(&only).await?.pop().ok_or_else(|| unknown_run(run))
    }
}

/// Checks that a run waits for none that it has started.
fn check_childless(state: &RunState) -> Result<()> {
    let alive = alive(state).count();
    if alive == 0 {
        return Ok(());
    }
    let why = format!("{alive} runs that it has started have not ended, and it is to hear of them");
    Err(kept(state.run(), &why).hint(Hint::RemoveByForce(state.run())))
}

fn alive(state: &RunState) -> impl Iterator<Item = (&str, RunId)> {
    let alive = state.children().filter(|child| child.end.is_none());
    alive.filter_map(|child| Some((child.key, child.run?)))
}

/// The runs that are to be stopped with the one that has started them.
fn orphans(state: &RunState) -> Vec<RunId> {
    let is_stopped = |key: &str| {
        let runs = state.effect(key).and_then(|effect| effect.kind.child_runs());
        runs.is_some_and(|runs| runs.on_close == OnClose::Stop)
    };
    alive(state).filter(|(key, _)| is_stopped(key)).map(|(_, run)| run).collect()
}

/// Tells the run that has started this one that it is gone.
fn told(state: &RunState, by: &str, now_ms: u64) -> Result<Option<RowChange>> {
    let Some(parent) = state.origin().parent.as_deref() else { return Ok(None) };
    let message = format!("run {} was removed by \"{by}\" before it had ended", state.run());
    let end = ChildEnd::Failed(Fault::new(Kind::Cancelled, message).detail("removed"));
    let told = children::told(parent, state, end, state.labels().keys().copied().collect());
    children::ended(parent, &told, now_ms).map(Some)
}

const INTERRUPTED: &str = "it is interrupted, and would go on if it were resumed; what was in flight may have happened, \
                           and only the run knows of it";

fn kept(run: RunId, why: &str) -> Fault {
    Fault::new(Kind::Conflict, format!("run {run} is kept: {why}")).detail("run")
}
