//! What runs left in stores that outlive them, which the journal's index has.

use stockade_journal::{Journal, Row, RowChange, index};
use stockade_workflow::{Fault, Kind, Label};

use crate::Result;

/// The space of the marks: the key is the store and the label, the value is the source.
pub(crate) const SPACE: &str = "mark";

/// A label that what is in a store carries, for all who read it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The database, the file or the directory.
    pub(crate) store: String,
    /// The label.
    pub(crate) label: Label,
    /// The run and the key of the effect that may have written it first.
    pub(crate) source: String,
}

impl Mark {
    /// Returns the store that the variables of a session of code are.
    pub(crate) fn session(session: &str) -> String {
        format!("session:{session}")
    }

    /// Adds it; the first source of a label stays.
    pub(crate) fn added(&self) -> RowChange {
        let label = serde_json::to_value(self.label).ok();
        let label = label.as_ref().and_then(|label| label.as_str()).unwrap_or_default();
        RowChange::Ensure(Row::new(SPACE, index::key([&*self.store, label]), &self.source))
    }

    fn read(row: Row) -> Result<Self> {
        let damaged = || Fault::new(Kind::Journal, format!("mark \"{}\" names no label", row.key)).detail("mark");
        let mut parts = index::parts(&row.key);
        let (Some(label), Some(store)) = (parts.pop(), parts.pop()) else { return Err(damaged()) };
        let label = serde_json::from_value(label.into()).map_err(|_| damaged())?;
        Ok(Self { store, label, source: row.value })
    }
}

/// Returns what runs left in stores.
pub(crate) async fn all(journal: &dyn Journal) -> Result<Vec<Mark>> {
    read(journal.find_each(&[(SPACE, "")]).await?)
}

/// Reads what rows of the space say.
pub(crate) fn read(rows: Vec<Row>) -> Result<Vec<Mark>> {
    rows.into_iter().map(Mark::read).collect()
}

/// Gives a session the marks of another one.
pub(crate) fn forked(marks: &[Mark], from: &str, to: &str) -> Vec<RowChange> {
    let (from, to) = (Mark::session(from), Mark::session(to));
    let of_from = marks.iter().filter(|mark| mark.store == from);
    of_from.map(|mark| Mark { store: to.clone(), ..mark.clone() }.added()).collect()
}
