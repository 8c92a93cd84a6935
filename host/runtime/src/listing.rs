use serde::Serialize;
use serde::de::DeserializeOwned;
use stockade_journal::Row;
use stockade_workflow::{Fault, RunId};

use crate::Result;

/// What the journal has of several runs, as far as it can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing<T> {
    /// What was read.
    pub found: Vec<T>,
    /// What cannot be read, and is left out.
    pub unreadable: Vec<Unreadable>,
}

/// What the journal has of a run, or of something else, and cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The run; absent where it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// What cannot be read, and why.
    pub error: Fault,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { found: Vec::new(), unreadable: Vec::new() }
    }
}

impl<T> FromIterator<Result<T, Unreadable>> for Listing<T> {
    fn from_iter<I: IntoIterator<Item = Result<T, Unreadable>>>(read: I) -> Self {
        let mut listing = Self::default();
        for read in read {
            match read {
                Ok(found) => listing.found.push(found),
                Err(unreadable) => listing.unreadable.push(unreadable),
            }
        }
        listing
    }
}

impl<T: DeserializeOwned> Listing<T> {
    /// Reads what rows say.
    pub(crate) fn of_rows(rows: &[Row]) -> Self {
        rows.iter().map(|row| row.read().map_err(|error| Unreadable { run_id: row.tie.run(), error })).collect()
    }
}

impl Unreadable {
    /// A run that cannot be read.
    ///
    /// # Errors
    ///
    /// The same fault, where the storage of the journal failed: that is about no run in particular.
    pub(crate) fn run(run: RunId, error: Fault) -> Result<Self> {
        if error.is_of_storage() { Err(error) } else { Ok(Self { run_id: Some(run), error }) }
    }
}
