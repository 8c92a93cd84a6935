use serde::{Deserialize, Serialize};
use stockade_journal::index;
use stockade_workflow::{RunId, Usage};

/// The space of the allotments: the key is the run and the budget.
pub(crate) const SPACE: &str = "allotment";

/// What the row of an allotment says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// The key of the account that it is drawn from; empty before the first.
    pub(super) account: String,
    /// What the run had taken when it first drew from this account.
    pub(super) base: Usage,
    /// What it may take beyond that.
    pub(super) drawn: Usage,
    /// What the account counts for it: more than was drawn where the rest has yet to go back.
    pub(super) counted: Usage,
    /// When the run goes on, if it waits for the next period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) again_ms: Option<u64>,
    /// How often the run has drawn: after each time, its allotment never stands again as it did before.
    #[serde(default)]
    pub(super) draws: u64,
}

pub(super) fn key(run: RunId, budget: &str) -> String {
    index::key([&*run.to_string(), budget])
}
