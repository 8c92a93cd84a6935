//! The persistent log of runs: what is in it has happened.

mod sqlite;

use async_trait::async_trait;
use serde::Serialize;
use stockade_workflow::{Entry, RunId, Status};

use crate::Result;

pub use sqlite::SqliteJournal;

/// Where runs are kept.
///
/// An implementation guarantees that a commit is whole or not there at all, that it survives power loss once
/// [`Journal::commit`] returned, and that of two commits with the same sequence number of a run one is refused.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends entries of one run, and its new summary, in one durable transaction.
    ///
    /// # Errors
    ///
    /// Kind [`Conflict`](crate::Kind::Conflict) where the run has an entry with one of these numbers: somebody else
    /// went on with it. Kind [`Journal`](crate::Kind::Journal) where the storage fails. Nothing is written by either.
    async fn commit(&self, commit: &Commit) -> Result<()>;

    /// Returns all entries of a run in order; none where there is no such run.
    ///
    /// # Errors
    ///
    /// Kind [`Journal`](crate::Kind::Journal) where the storage fails or an entry is of a newer format.
    async fn read(&self, run: RunId) -> Result<Vec<Entry>>;

    /// Returns the summaries of the runs in one of these states, oldest first; of all runs where none is named.
    ///
    /// # Errors
    ///
    /// Kind [`Journal`](crate::Kind::Journal) where the storage fails.
    async fn runs(&self, of: &[Status]) -> Result<Vec<Summary>>;

    /// Returns the cells of a session of code in their order; none where there is no such session.
    ///
    /// # Errors
    ///
    /// Kind [`Journal`](crate::Kind::Journal) where the storage fails.
    async fn cells(&self, session: &str) -> Result<Vec<CellRef>>;

    /// Begins a session with the cells of another one.
    ///
    /// # Errors
    ///
    /// Kind [`NotFound`](crate::Kind::NotFound) where there is no such session to begin with,
    /// [`Conflict`](crate::Kind::Conflict) where the new one exists. Kind [`Journal`](crate::Kind::Journal) where the
    /// storage fails.
    async fn fork(&self, from: &str, to: &str) -> Result<()>;
}

/// What one transaction writes.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Entries of one run, with consecutive numbers.
    pub entries: Vec<Entry>,
    /// The run's summary, where it changed.
    pub summary: Option<Summary>,
    /// The cell that these entries add to a session of code; refused where the session has that many cells already.
    pub cell: Option<NewCell>,
}

/// A cell of a session of code, and where it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellRef {
    /// The run.
    pub run: RunId,
    /// The key of the effect that ran it.
    pub key: String,
}

/// A cell that is added to a session.
#[derive(Clone, Debug)]
pub struct NewCell {
    /// The session.
    pub session: String,
    /// Which of its cells this is, from 0.
    pub number: usize,
    /// The key of the effect that ran it.
    pub key: String,
}

/// One line about a run, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The run.
    pub run_id: RunId,
    /// Its workflow.
    pub workflow: String,
    /// What it is doing.
    pub status: Status,
    /// The name of its state when its status last changed.
    pub state: String,
    /// When its status last changed, in milliseconds since the Unix epoch.
    pub updated_ms: u64,
}
