//! The removal of runs that the journal need not keep.

use stockade_journal::{Filter, Lease, Summary};
use stockade_workflow::{Code, EffectKind, Fault, Hint, Kind, RunId, Status, unknown_run};

use crate::cells;
use crate::lease::Holding;
use crate::removed_run::RemovedRun;
use crate::runs::is_busy;
use crate::{Host, Result};

impl Host {
    /// Removes a run that stands still, with all that the journal has of it but for [one line](crate::RemovedRun), which says
    /// who did so. What its tools did, and what was remembered in it, stays. Its start key is free again.
    ///
    /// # Errors
    ///
    /// There is no such run, no person is named, it is running, or would be if it were resumed and `force` is not said, or a session of code was
    /// made by it; a journal that fails.
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
                let line = RemovedRun::new(summary, by, self.services.clock.now_ms());
                self.services.journal.remove(lease, &[line.kept()?]).await
            }
        }
    }

    async fn summary(&self, run: RunId) -> Result<Summary> {
        let only = Filter { runs: Some(vec![run]), ..Filter::default() };
        self.runs(&only).await?.pop().ok_or_else(|| unknown_run(run))
    }
}

const INTERRUPTED: &str = "it is interrupted, and would go on if it were resumed; what was in flight may have happened, \
                           and only the run knows of it";

fn kept(run: RunId, why: &str) -> Fault {
    Fault::new(Kind::Conflict, format!("run {run} is kept: {why}")).detail("run")
}
