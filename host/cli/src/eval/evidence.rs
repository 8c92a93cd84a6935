use serde_json::Value;
use stockade::{Entry, Fault, Report, RunState, Status, Usage};

use super::Calls;

/// What a run left behind, for checks to look at.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// How it settled.
    pub(crate) status: Status,
    /// What it ended with, if it is done; else null.
    pub(crate) output: Value,
    /// Why it failed or is suspended, if it is.
    pub(crate) error: Option<Fault>,
    /// The calls of tools that were made.
    pub(crate) calls: Calls,
    /// What it spent.
    pub(crate) usage: Usage,
}

impl Evidence {
    /// Reads what a run left in its journal.
    pub(crate) fn of(state: &RunState, entries: &[Entry]) -> Self {
        let Report { status, output, error, usage, .. } = Report::from(state);
        Self { status, output: output.unwrap_or_default(), error, calls: Calls::of(state, entries), usage }
    }
}
