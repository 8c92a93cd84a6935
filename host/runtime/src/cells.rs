//! The cells of sessions of code, which the journal's index has: where each was recorded.

use stockade_journal::{Commit, Journal, Row, RowChange, index};
use stockade_workflow::{Fault, Kind, RunId};

use crate::Result;
use crate::marks;

/// The space of the cells: the key is the session and the cell's number, the value is the key of the effect that ran it.
pub(crate) const SPACE: &str = "session";

/// The longest name of a session, in bytes: with its escapes, it is part of a key of the index.
const NAME_BYTES_MAX: usize = 512;

/// Where a cell of a session of code was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CellRef {
    /// The run.
    pub(crate) run: RunId,
    /// The key of the effect that ran it.
    pub(crate) key: String,
}

impl CellRef {
    /// Adds it to a session as the cell of this number, from 0; the index refuses it where another has the number.
    pub(crate) fn added(&self, session: &str, number: usize) -> RowChange {
        RowChange::Add(self.row(session, number))
    }

    /// Says that it is the cell of this number still; the index refuses that where the session was removed meanwhile.
    pub(crate) fn stays(&self, session: &str, number: usize) -> RowChange {
        RowChange::Replace { seen: self.row(session, number), due_ms: None, value: self.key.clone() }
    }

    fn row(&self, session: &str, number: usize) -> Row {
        Row::new(SPACE, key(session, number as u64), &self.key).needs(self.run)
    }

    pub(crate) fn read(row: Row) -> Result<Self> {
        let damaged = || Fault::new(Kind::Journal, format!("cell \"{}\" names no run", row.key)).detail("session");
        Ok(Self { run: row.tie.run().ok_or_else(damaged)?, key: row.value })
    }
}

/// Returns the cells of a session in their order; none where there is no such session.
pub(crate) async fn of(journal: &dyn Journal, session: &str) -> Result<Vec<CellRef>> {
    let rows = journal.find(SPACE, &prefix(session), None, usize::MAX).await?;
    rows.into_iter().map(CellRef::read).collect()
}

/// Checks the name of a session that code comes into: people read it, and it stands in addresses of the server.
///
/// # Errors
///
/// Kind [`Kind::Invalid`] with detail `session`.
pub(crate) fn check_name(session: &str) -> Result<()> {
    let is_named = !session.trim().is_empty() && ![".", ".."].contains(&session);
    if is_named && session.len() <= NAME_BYTES_MAX && !session.chars().any(char::is_control) {
        return Ok(());
    }
    let shown: String = session.chars().take(64).collect();
    let message = format!(
        "\"{}\" is not the name of a session: it has 1 to {NAME_BYTES_MAX} bytes, no control characters, and more than \
         blanks or dots",
        shown.escape_debug()
    );
    Err(Fault::invalid(SPACE, message))
}

/// Returns what the keys of the cells of a session begin with.
pub(crate) fn prefix(session: &str) -> String {
    format!("{}/", index::key([session]))
}

/// Returns the key of the cell of this number in a session.
pub(crate) fn key(session: &str, number: u64) -> String {
    // So many digits that the order of the keys is that of the numbers.
    index::key([session, &format!("{number:010}")])
}

/// Removes the cells of a session that has so many.
pub(crate) fn removed(session: &str, cells: usize) -> Vec<RowChange> {
    let removed = |number: usize| RowChange::Remove { space: SPACE.to_owned(), key: key(session, number as u64) };
    (0..cells).map(removed).collect()
}

/// Returns whether changes of the index are of a session's cells.
pub(crate) fn is_changed_by(index: &[RowChange]) -> bool {
    index.iter().any(|change| change.place().0 == SPACE)
}

/// Takes back that the next commit adds a cell: its code has not ended, and is run again.
pub(crate) fn withdraw(index: &mut Vec<RowChange>) {
    index.retain(|change| change.place().0 != SPACE);
}

/// Returns whether a commit was refused for another cell of its session had its number.
pub(crate) fn is_overtaken(refused: &Fault) -> bool {
    refused.kind == Kind::Conflict && refused.detail.as_deref() == Some(SPACE)
}

/// The failure of code that was overtaken so.
pub(crate) fn overtaken() -> Fault {
    let message = "another host ran code in the session meanwhile, or removed it; run this code again";
    Fault::new(Kind::Conflict, message).detail(SPACE)
}

/// Begins a session with the cells of another one, and with the marks of what they took in.
///
/// # Errors
///
/// Kind [`Kind::NotFound`] where there is no such session to begin with, [`Kind::Conflict`] where the new one exists; as
/// [`check_name`].
pub(crate) async fn fork(journal: &dyn Journal, from: &str, to: &str) -> Result<()> {
    check_name(to)?;
    if !of(journal, to).await?.is_empty() {
        return Err(exists(to));
    }
    let cells = of(journal, from).await?;
    if cells.is_empty() {
        return Err(missing(from));
    }
    let added = cells.iter().enumerate().map(|(number, cell)| cell.added(to, number));
    // What a cell took in was marked before the cell was added.
    let marked = marks::forked(&marks::all(journal).await?, from, to);
    let forked = journal.commit(&Commit::of_index(added.chain(marked).collect())).await;
    forked.map_err(|refused| if is_overtaken(&refused) { exists(to) } else { refused })
}

pub(crate) fn missing(session: &str) -> Fault {
    Fault::new(Kind::NotFound, format!("there is no session \"{session}\"")).detail(SPACE)
}

fn exists(session: &str) -> Fault {
    Fault::new(Kind::Conflict, format!("there is a session \"{session}\" already"))
}
