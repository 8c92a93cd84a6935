//! What the journal keeps of the runs that were removed: one line about each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockade_journal::{Row, RowChange, Summary, index};
use stockade_workflow::{RunId, Status};

use crate::{Host, Listing, Result};

/// The space of these lines: the key is the time of the removal and the run.
const SPACE: &str = "removed";

/// How many digits the time in a key has, so that keys are in the order of time.
const TIME_DIGITS: usize = 15;

/// One line about a run that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedRun {
    /// The run.
    pub run_id: RunId,
    /// Its workflow.
    pub workflow: String,
    /// What it was doing.
    pub status: Status,
    /// Since when, in milliseconds since the Unix epoch.
    pub updated_ms: u64,
    /// When it was removed, in milliseconds since the Unix epoch, by the host's clock.
    pub removed_ms: u64,
    /// Who removed it.
    pub by: String,
    /// The key under which it was started, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_key: Option<String>,
    /// The labels that it was started with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl RemovedRun {
    pub(crate) fn new(summary: Summary, by: &str, removed_ms: u64) -> Self {
        let Summary { run_id, workflow, status, updated_ms, start_key, labels, state: _, waiting_for: _, damaged: _ } =
            summary;
        Self { run_id, workflow, status, updated_ms, removed_ms, by: by.to_owned(), start_key, labels }
    }

    /// The change of the index that keeps it.
    pub(crate) fn kept(&self) -> Result<RowChange> {
        let value = Row::text(self)?;
        let key = index::key([&*time(self.removed_ms), &*self.run_id.to_string()]);
        Ok(RowChange::Put(Row::new(SPACE, key, value)))
    }
}

fn time(at_ms: u64) -> String {
    format!("{at_ms:0TIME_DIGITS$}")
}

impl Host {
    /// Returns the lines about the runs that were removed at this time or later, in milliseconds since the Unix epoch: the
    /// earliest first, and no more than `limit`.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn removed_runs(&self, since_ms: u64, limit: usize) -> Result<Listing<RemovedRun>> {
        Ok(Listing::of_rows(&self.services.journal.find(SPACE, "", Some(&time(since_ms)), limit).await?))
    }
}
