use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stockade_workflow::Fault;

use crate::{Journal, Result};

/// For how long a database that failed is left alone by those who can do without it: each question to one that is gone takes
/// until the journal in it gives up.
const AWAY_MS: u64 = 30_000;

/// One of the databases, and whether it answers.
pub(super) struct Shard {
    journal: Arc<dyn Journal>,
    away: Mutex<Option<Away>>,
}

/// A database that failed when it was asked last.
struct Away {
    until_ms: u64,
    fault: Fault,
}

impl Shard {
    pub(super) fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal, away: Mutex::default() }
    }

    pub(super) fn journal(&self) -> &dyn Journal {
        &*self.journal
    }

    /// Whether it is left alone.
    pub(super) fn is_away(&self, now_ms: u64) -> bool {
        self.away().as_ref().is_some_and(|away| now_ms < away.until_ms)
    }

    /// Why it could not be reached when it was asked last, if it could not.
    pub(super) fn failure(&self) -> Option<Fault> {
        self.away().as_ref().map(|away| away.fault.clone())
    }

    /// Takes note of whether it answered, and returns the answer; none where its storage failed.
    pub(super) fn heard<T>(&self, answer: Result<T>, now_ms: u64) -> Result<Option<T>> {
        match answer {
            Err(fault) if fault.is_of_storage() => {
                *self.away() = Some(Away { until_ms: now_ms.saturating_add(AWAY_MS), fault });
                Ok(None)
            }
            answer => {
                *self.away() = None;
                answer.map(Some)
            }
        }
    }

    fn away(&self) -> MutexGuard<'_, Option<Away>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
