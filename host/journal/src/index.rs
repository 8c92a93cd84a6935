//! The index of a journal: rows that are found by their keys, or by the time at which they are due.
//!
//! What is told apart by a key that only one may have, what outlives a run, and what a host must look at some time later are
//! rows: keys under which runs were started, cells of sessions of code, labels of stores, timers, signals, messages to
//! be sent. The journal looks at a row's place, its run and its time, and never into its value.

use serde::Serialize;
use serde::de::DeserializeOwned;
use stockade_workflow::{Fault, Kind, RunId};

use crate::{Commit, Journal, Result};

/// A row of a journal's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What kind of row it is. The code that writes a space says what its keys and values mean.
    pub space: String,
    /// Its key, which no other row of its space has. [`key`] makes one of several parts.
    pub key: String,
    /// What it has to do with a run.
    pub tie: Tie,
    /// When it is due, in milliseconds since the Unix epoch; absent where it never is.
    pub due_ms: Option<u64>,
    /// What it says.
    pub value: String,
}

/// What a row of the index has to do with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// Nothing: it stays until it is removed.
    None,
    /// It is about this run, and is removed with it.
    Of(RunId),
    /// It needs this run, which cannot be removed while the row is there.
    Needs(RunId),
}

/// A change of the index. Those of a commit are made one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// Adds a row; refused where its key is taken.
    Add(Row),
    /// Adds a row where its key is free; a row that is there stays as it is.
    Ensure(Row),
    /// Writes a row, over one that is there.
    Put(Row),
    /// Changes the time and the value of a row; refused unless the row is as it was seen.
    Replace {
        /// The row as it was seen.
        seen: Row,
        /// When it is due from now on.
        due_ms: Option<u64>,
        /// What it says from now on.
        value: String,
    },
    /// Removes a row, if it is there.
    Remove {
        /// Its space.
        space: String,
        /// Its key.
        key: String,
    },
}

impl Row {
    /// Makes a row that is tied to no run and never due.
    pub fn new(space: impl Into<String>, key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { space: space.into(), key: key.into(), tie: Tie::None, due_ms: None, value: value.into() }
    }

    /// Writes a value as the JSON of a row.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::HostBug`] where it has no JSON.
    pub fn text(value: &impl Serialize) -> Result<String> {
        serde_json::to_string(value).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))
    }

    /// Reads its value, which is JSON.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`], with the space as the detail, where it is damaged.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.value).map_err(|error| {
            let message =
                format!("the {} \"{}\" in the journal is damaged: {error}", self.space.replace('_', " "), self.key);
            Fault::new(Kind::Journal, message).detail(&*self.space)
        })
    }

    /// Says that it is about a run.
    #[must_use]
    pub fn of(self, run: RunId) -> Self {
        Self { tie: Tie::Of(run), ..self }
    }

    /// Says that it needs a run.
    #[must_use]
    pub fn needs(self, run: RunId) -> Self {
        Self { tie: Tie::Needs(run), ..self }
    }

    /// Says when it is due.
    #[must_use]
    pub fn due(self, at_ms: u64) -> Self {
        Self { due_ms: Some(at_ms), ..self }
    }
}

impl RowChange {
    /// Returns the space and the key of the row that it changes.
    pub fn place(&self) -> (&str, &str) {
        match self {
            Self::Add(row) | Self::Ensure(row) | Self::Put(row) | Self::Replace { seen: row, .. } => {
                (&row.space, &row.key)
            }
            Self::Remove { space, key } => (space, key),
        }
    }
}

impl Tie {
    /// Returns the run, if there is one.
    pub fn run(&self) -> Option<RunId> {
        match self {
            Self::None => None,
            Self::Of(run) | Self::Needs(run) => Some(*run),
        }
    }
}

/// Changes the time and the value of a row, and returns it as it then is; none where another host was faster.
///
/// # Errors
///
/// The storage fails.
pub async fn replace(journal: &dyn Journal, seen: Row, due_ms: Option<u64>, value: String) -> Result<Option<Row>> {
    let now = Row { due_ms, value: value.clone(), ..seen.clone() };
    match journal.commit(&Commit::of_index(vec![RowChange::Replace { seen, due_ms, value }])).await {
        Ok(()) => Ok(Some(now)),
        Err(refused) if refused.kind == Kind::Conflict => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Joins parts to a key. Whatever is in them, other parts make another key, and the keys that begin with some parts are those
/// that begin with the key of these and a slash.
pub fn key<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts = parts.into_iter().map(|part| part.replace('~', "~0").replace('/', "~1"));
    parts.collect::<Vec<_>>().join("/")
}

/// Returns the parts of a key that [`key`] has made.
pub fn parts(key: &str) -> Vec<String> {
    key.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use stockade_system::Clock;

    use super::*;
    use crate::MemoryJournal;

    #[tokio::test]
    async fn a_row_that_another_host_has_changed_is_not_replaced() {
        let (journal, row) = (MemoryJournal::new(Clock::default()), Row::new("a", "b", "1"));
        journal.commit(&Commit::of_index(vec![RowChange::Add(row.clone())])).await.unwrap();
        let changed = replace(&journal, row.clone(), Some(5), "2".to_owned()).await.unwrap().unwrap();
        assert_eq!((changed.due_ms, &*changed.value), (Some(5), "2"));
        assert_eq!(replace(&journal, row, None, "3".to_owned()).await.unwrap(), None);
        assert_eq!(journal.row("a", "b").await.unwrap(), Some(changed));
    }

    #[test]
    fn a_key_has_the_parts_that_it_was_made_of() {
        let made =
            [vec!["a", "b"], vec!["a/b"], vec!["a~1b"], vec!["a~", "b"], vec!["", "a/b"], vec!["~01", "~/"], vec![""]];
        let keys: Vec<_> = made.iter().map(|parts| key(parts.iter().copied())).collect();
        for (number, (key, parts)) in keys.iter().zip(&made).enumerate() {
            assert_eq!(super::parts(key), *parts);
            assert!(!keys[..number].contains(key), "{key}");
        }
    }
}
