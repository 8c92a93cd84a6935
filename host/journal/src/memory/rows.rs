//! The index of a journal in memory.

use std::collections::BTreeMap;

use stockade_workflow::RunId;

use crate::{Result, Row, RowChange, Tie, refusal};

/// The rows of all spaces, by their keys.
#[derive(Default)]
pub(super) struct Rows(BTreeMap<String, BTreeMap<String, Row>>);

impl Rows {
    fn get(&self, space: &str, key: &str) -> Option<&Row> {
        self.0.get(space)?.get(key)
    }

    fn all(&self) -> impl Iterator<Item = &Row> {
        self.0.values().flat_map(BTreeMap::values)
    }

    /// Makes changes one after the other, or none where one is refused.
    pub(super) fn change(&mut self, changes: &[RowChange]) -> Result<()> {
        let mut before = Vec::new();
        for change in changes {
            let (space, key) = change.place();
            before.push((space, key, self.get(space, key).cloned()));
            if let Err(refused) = self.change_one(change) {
                before.into_iter().rev().for_each(|(space, key, row)| self.set(space, key, row));
                return Err(refused);
            }
        }
        Ok(())
    }

    fn change_one(&mut self, change: &RowChange) -> Result<()> {
        let (space, key) = change.place();
        let there = self.get(space, key);
        let after = match change {
            RowChange::Add(_) if there.is_some() => return Err(refusal::there(space, key)),
            RowChange::Ensure(_) if there.is_some() => return Ok(()),
            RowChange::Add(row) | RowChange::Ensure(row) | RowChange::Put(row) => Some(row.clone()),
            RowChange::Replace { seen, .. } if there != Some(seen) => return Err(refusal::changed(space, key)),
            RowChange::Replace { seen, due_ms, value } => {
                Some(Row { due_ms: *due_ms, value: value.clone(), ..seen.clone() })
            }
            RowChange::Remove { .. } => None,
        };
        self.set(space, key, after);
        Ok(())
    }

    fn set(&mut self, space: &str, key: &str, row: Option<Row>) {
        let rows = self.0.entry(space.to_owned()).or_default();
        match row {
            Some(row) => drop(rows.insert(key.to_owned(), row)),
            None => drop(rows.remove(key)),
        }
    }

    /// Checks that no row needs a run.
    pub(super) fn check_free(&self, run: RunId) -> Result<()> {
        let needing = self.all().find(|row| row.tie == Tie::Needs(run));
        needing.map_or(Ok(()), |row| Err(refusal::needed(run, &row.space, &row.key)))
    }

    /// Removes the rows that are about a run.
    pub(super) fn forget(&mut self, run: RunId) {
        self.0.values_mut().for_each(|rows| rows.retain(|_, row| row.tie != Tie::Of(run)));
    }

    pub(super) fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Vec<Row> {
        let rows = self.0.get(space).into_iter().flat_map(BTreeMap::values);
        let is_wanted = |row: &&Row| row.key.starts_with(prefix) && after.is_none_or(|after| row.key.as_str() > after);
        rows.filter(is_wanted).take(limit).cloned().collect()
    }

    pub(super) fn due(&self, space: &str, until_ms: u64, after: Option<&Row>, limit: usize) -> Vec<Row> {
        let rows = self.0.get(space).into_iter().flat_map(BTreeMap::values);
        let is_behind = |row: &Row| after.is_none_or(|after| (row.due_ms, &row.key) > (after.due_ms, &after.key));
        let is_due = |row: &&Row| row.due_ms.is_some_and(|due_ms| due_ms <= until_ms) && is_behind(row);
        let mut due: Vec<_> = rows.filter(is_due).collect();
        due.sort_by_key(|row| row.due_ms);
        due.into_iter().take(limit).cloned().collect()
    }
}
