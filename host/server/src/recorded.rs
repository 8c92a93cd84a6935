//! Runs that were recorded, for tests of what is told of them: refunds, agents, code, people who deny and edit, failures and
//! deadlines.

use serde::Deserialize;
use serde_json::Value;
use stockade::json::{self, Bounds};
use stockade::{Change, Entry, RunId};

const JOURNALS: [&str; 3] = [
    include_str!("../../workflow/tests/golden/journal-v7.json"),
    include_str!("../../workflow/tests/golden/journal-v7-failures.json"),
    include_str!("../../workflow/tests/golden/journal-v7-decisions.json"),
];

#[derive(Deserialize)]
struct Journal {
    runs: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    about: String,
    run: RunId,
    entries: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    seq: u64,
    at_ms: u64,
    change: Value,
}

/// A run that was recorded.
pub(crate) struct Recorded {
    pub(crate) about: String,
    pub(crate) run: RunId,
    pub(crate) entries: Vec<Entry>,
}

/// Returns all of them.
pub(crate) fn recorded() -> Vec<Recorded> {
    let runs = JOURNALS.into_iter().flat_map(|text| json::read::<Journal>(text, &Bounds::OWN).unwrap().runs);
    runs.map(Written::read).collect()
}

impl Written {
    fn read(self) -> Recorded {
        let Self { about, run, entries } = self;
        let entries = entries.into_iter().map(|Record { seq, at_ms, change }| Entry {
            run,
            seq,
            at_ms,
            change: Change::read(&change.to_string()).unwrap(),
        });
        let entries = entries.collect();
        Recorded { about, run, entries }
    }
}
