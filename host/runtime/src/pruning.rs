//! The removal of many runs that have ended.

use serde::Serialize;
use stockade_journal::{Filter, Room};
use stockade_workflow::{Fault, Kind, RunId, Status};

use crate::{Host, Result, Unreadable};

/// Which runs were removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// The runs that are gone.
    pub removed: Vec<RunId>,
    /// The runs that are kept, because a session of code needs them, or another process goes on with them.
    pub kept: Vec<RunId>,
    /// The runs of which the journal cannot tell whether they may go, so that they are kept too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Unreadable>,
    /// What became of their room.
    #[serde(flatten)]
    pub room: Room,
}

impl Host {
    /// Removes the runs that have ended and that a filter lets through, each as [`Host::remove`] does, and gives their room
    /// back to the system.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `status` where the filter names a status of runs that have not ended; a journal that
    /// fails.
    pub async fn prune(&self, filter: &Filter, by: &str) -> Result<Pruned> {
        let mut pruned = Pruned::default();
        for run in self.ended(filter).await? {
            match self.remove(run, by, false).await {
                Ok(()) => pruned.removed.push(run),
                Err(fault) if fault.kind == Kind::Conflict => pruned.kept.push(run),
                // Another process was faster.
                Err(fault) if fault.kind == Kind::NotFound => {}
                Err(fault) if fault.kind == Kind::Journal => pruned.unreadable.push(Unreadable::run(run, fault)?),
                Err(fault) => return Err(fault),
            }
        }
        pruned.room = self.services.journal.compact().await?;
        Ok(pruned)
    }

    /// Returns what [`Host::prune`] would remove, and removes nothing.
    ///
    /// # Errors
    ///
    /// As [`Host::prune`].
    pub async fn would_prune(&self, filter: &Filter) -> Result<Pruned> {
        let mut pruned = Pruned::default();
        for run in self.ended(filter).await? {
            match self.session_of(run).await {
                Ok(None) => pruned.removed.push(run),
                Ok(Some(_)) => pruned.kept.push(run),
                Err(fault) if fault.kind == Kind::NotFound => {}
                Err(fault) => pruned.unreadable.push(Unreadable::run(run, fault)?),
            }
        }
        Ok(pruned)
    }

    async fn ended(&self, filter: &Filter) -> Result<Vec<RunId>> {
        if let Some(status) = filter.status.iter().find(|status| !status.is_over()) {
            let message = format!(
                "a run that is {status} has not ended, and is not pruned; stop it first, or remove it by its id"
            );
            return Err(Fault::invalid("status", message));
        }
        let status = if filter.status.is_empty() { Status::OVER.to_vec() } else { filter.status.clone() };
        let runs = self.runs(&Filter { status, ..filter.clone() }).await?;
        Ok(runs.into_iter().map(|summary| summary.run_id).collect())
    }
}
