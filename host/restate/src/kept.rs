//! A run as Restate keeps it: the entries of its journal and the rows of its index.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockade::journal::{Commit, Journal, MemoryJournal, RowChange};
use stockade::{Budget, Change, Clock, Entry, Result, RunId, RunState, unknown_run};

use crate::page::{Page, Written};
use crate::row::{KeptRow, RowChanged};

/// What a run has in Restate.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Kept {
    pub(crate) pages: Vec<Page>,
    /// The rows, by their places.
    pub(crate) rows: BTreeMap<String, KeptRow>,
    /// When the run is told next that a time has come.
    pub(crate) armed_ms: Option<u64>,
    /// The awakeables of the clients that wait for the run, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) clients: Vec<String>,
}

/// What one commit has changed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Changed {
    pub(crate) entries: Vec<Written>,
    pub(crate) rows: Vec<RowChanged>,
}

impl Changed {
    /// Adds what a later commit has changed.
    pub(crate) fn add(&mut self, later: Self) {
        self.entries.extend(later.entries);
        self.rows.extend(later.rows);
    }

    /// Returns the rows that other runs are to see.
    pub(crate) fn shared(&self) -> Vec<KeptRow> {
        let written = self.rows.iter().filter_map(|change| match change {
            RowChanged::Written(row) => Some(row),
            RowChanged::Removed(_) => None,
        });
        written.filter(|row| row.is_shared()).cloned().collect()
    }
}

impl Kept {
    /// Whether no run was started under this key.
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Takes in what a commit has changed.
    pub(crate) fn take(&mut self, changed: Changed) {
        if !changed.entries.is_empty() {
            Page::add(&mut self.pages, changed.entries);
        }
        for row in changed.rows {
            match row {
                // Others have it.
                RowChanged::Written(row) if row.is_shared() => {}
                RowChanged::Written(row) => drop(self.rows.insert(row.place(), row)),
                RowChanged::Removed(place) => drop(self.rows.remove(&place)),
            }
        }
    }

    /// Returns the run as it stands.
    ///
    /// # Errors
    ///
    /// The run does not exist, or its entries cannot be read.
    pub(crate) fn state(&self, run: RunId) -> Result<RunState> {
        let entries = Page::entries(&self.pages, run)?;
        if entries.is_empty() { Err(unknown_run(run)) } else { RunState::fold(run, &entries) }
    }

    /// Returns the budget with which the run began.
    ///
    /// # Errors
    ///
    /// Its entries cannot be read.
    pub(crate) fn first_budget(&self, run: RunId) -> Result<Option<Budget>> {
        let first = Page::entries(self.pages.get(..1).unwrap_or_default(), run)?;
        Ok(first.into_iter().find_map(|entry| match entry.change {
            Change::Created { budget, .. } => Some(budget),
            _ => None,
        }))
    }

    /// Returns whether an effect is in flight by this intent. A run that has ended has no effect in flight.
    ///
    /// # Errors
    ///
    /// Its entries cannot be read.
    pub(crate) fn is_in_flight(&self, run: RunId, key: &str, intent: u64) -> Result<bool> {
        let entries = Page::entries(&self.pages, run)?;
        // An effect that is tried again has several intents; the last one counts.
        let last = entries.iter().rev().filter_map(self::intent).find(|(of, _)| *of == key);
        if last.map(|(_, seq)| seq) != Some(intent) {
            return Ok(false);
        }
        let state = RunState::fold(run, &entries)?;
        Ok(state.end().is_none() && state.in_flight().any(|effect| effect.key() == key))
    }

    /// Returns a journal in memory that has this run, and what all runs have left in stores.
    ///
    /// # Errors
    ///
    /// Its entries cannot be read.
    pub(crate) async fn journal(&self, run: RunId, shared: &[KeptRow]) -> Result<MemoryJournal> {
        let journal = MemoryJournal::new(Clock::default());
        let entries = Page::entries(&self.pages, run)?;
        if !entries.is_empty() {
            journal.commit(&Commit { entries, ..Commit::default() }).await?;
        }
        let rows = self.rows.values().chain(shared).map(|row| RowChange::Ensure(row.row(run)));
        journal.commit(&Commit::of_index(rows.collect())).await?;
        Ok(journal)
    }
}

/// Returns the effect of which an entry is the intent, and the number of the entry.
pub(crate) fn intent(entry: &Entry) -> Option<(&str, u64)> {
    match &entry.change {
        Change::Reserved { key, .. } => Some((key, entry.seq)),
        _ => None,
    }
}

/// A run that has just begun, for tests.
#[cfg(test)]
pub(crate) fn begun(run: RunId, budget: Budget, origin: stockade::Origin) -> Kept {
    let created = Change::Created {
        workflow: "refund".to_owned(),
        version: 1,
        input: serde_json::json!({"request": "\"why\""}).into(),
        budget,
        origin,
    };
    let mut kept = Kept::default();
    let written = Written::of(&Entry { run, seq: 1, at_ms: 0, change: created }).unwrap();
    kept.take(Changed { entries: vec![written], ..Changed::default() });
    kept
}
