//! A row of a journal's index, as Restate keeps it.

use serde::{Deserialize, Serialize};
use stockade::RunId;
use stockade::journal::index;
use stockade::journal::{Row, Tie};

/// A row that a run has written.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct KeptRow {
    space: String,
    key: String,
    tie: KeptTie,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_ms: Option<u64>,
    value: String,
}

/// What a row has to do with the run that has written it: there is no other run in its journal.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum KeptTie {
    None,
    Of,
    Needs,
}

/// What became of a row.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowChanged {
    Written(KeptRow),
    /// By its place.
    Removed(String),
}

impl KeptRow {
    pub(crate) fn of(row: Row) -> Self {
        let Row { space, key, tie, due_ms, value } = row;
        let tie = match tie {
            Tie::None => KeptTie::None,
            Tie::Of(_) => KeptTie::Of,
            Tie::Needs(_) => KeptTie::Needs,
        };
        Self { space, key, tie, due_ms, value }
    }

    /// Returns the row, in the journal of this run.
    pub(crate) fn row(&self, run: RunId) -> Row {
        let tie = match self.tie {
            KeptTie::None => Tie::None,
            KeptTie::Of => Tie::Of(run),
            KeptTie::Needs => Tie::Needs(run),
        };
        let Self { space, key, due_ms, value, .. } = self.clone();
        Row { space, key, tie, due_ms, value }
    }

    pub(crate) fn place(&self) -> String {
        place(&self.space, &self.key)
    }

    /// Whether other runs are to see it: it says what is in a store that outlives the run. A session of code is the run's own.
    pub(crate) fn is_shared(&self) -> bool {
        let of_session = || index::parts(&self.key).first().is_some_and(|store| store.starts_with("session:"));
        self.tie == KeptTie::None && !of_session()
    }
}

pub(crate) fn place(space: &str, key: &str) -> String {
    index::key([space, key])
}
