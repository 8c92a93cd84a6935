//! Up to where a host has looked through what is due: where more is due than one look takes in, the next look goes on behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use stockade_journal::Row;

/// A space of the journal's index, and the queues whose runs are looked for.
type Of = (String, BTreeSet<String>);

/// The last row of each look that did not reach the end.
#[derive(Default)]
pub(crate) struct Bookmarks(Mutex<BTreeMap<Of, Row>>);

impl Bookmarks {
    /// Returns the row after which the next look begins; none where it begins at the first one.
    pub(crate) fn get(&self, space: &str, queues: &BTreeSet<String>) -> Option<Row> {
        self.all().get(&(space.to_owned(), queues.clone())).cloned()
    }

    /// Keeps the place of the last row of a look; none where the look has reached the end.
    pub(crate) fn set(&self, space: &str, queues: &BTreeSet<String>, last: Option<&Row>) {
        let of = (space.to_owned(), queues.clone());
        match last {
            // What a row says may be long, and is not asked for.
            Some(row) => drop(self.all().insert(of, Row { value: String::new(), ..row.clone() })),
            None => drop(self.all().remove(&of)),
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Of, Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
