use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use stockade_workflow::{RunId, RunState, Status, WaitingFor};

/// One line about a run, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The run.
    pub run_id: RunId,
    /// Its workflow.
    pub workflow: String,
    /// What it is doing.
    pub status: Status,
    /// The name of its state when this was written.
    pub state: String,
    /// When its status, or what it waits for, last changed, in milliseconds since the Unix epoch.
    pub updated_ms: u64,
    /// The key under which it was started, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_key: Option<String>,
    /// The labels that it was started with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What has to come before it goes on, beside what it does by itself.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub waiting_for: BTreeSet<WaitingFor>,
    /// What of this line cannot be read and is left out of it, and why. A status that cannot be read is that of a run which would
    /// go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
}

impl Summary {
    /// Returns the line about a run that stands as it does since this time.
    pub fn of(state: &RunState, updated_ms: u64) -> Self {
        let origin = state.origin().clone();
        Self {
            run_id: state.run(),
            workflow: state.workflow().to_owned(),
            status: state.status(),
            state: state.at().map(|(position, _)| position.to_owned()).unwrap_or_default(),
            updated_ms,
            start_key: origin.start_key,
            labels: origin.labels,
            waiting_for: state.waiting_for(),
            damaged: None,
        }
    }
}

/// Reads a part of a run's line. One that cannot be read is left out, and the line says so: those of the other runs are listed
/// all the same.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn part<T: Default>(what: &str, read: Result<T, impl std::fmt::Display>, damaged: &mut Option<String>) -> T {
    read.unwrap_or_else(|error| {
        *damaged = Some(format!("its {what} cannot be read: {error}"));
        T::default()
    })
}
