use serde_json::Value;
use stockade::{Entry, Fault, Report, RunState, Status, Usage};

use super::Calls;

/// What a run left behind, for checks to look at.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// How the run settled.
    pub status: Status,
    /// Its output if the run is done, otherwise null.
    pub output: Value,
    /// Why the run failed or is suspended.
    pub error: Option<Fault>,
    /// The calls of tools that were made.
    pub calls: Calls,
    /// What it spent.
    pub usage: Usage,
}

impl Evidence {
    /// Reads what a run left in its journal.
    pub fn of(state: &RunState, entries: &[Entry]) -> Self {
        let Report { status, output, error, usage, .. } = Report::from(state);
        Self {
            status,
            output: output.map(|output| output.value()).unwrap_or_default(),
            error,
            calls: Calls::of(state, entries),
            usage,
        }
    }
}
