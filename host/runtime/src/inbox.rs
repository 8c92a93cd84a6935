//! What the journal's index has for runs that wait: when they fall due, and the signals that they have not received yet.

use std::collections::BTreeSet;

use stockade_journal::{Commit, Journal, Row, RowChange, index};
use stockade_workflow::{Fault, Kind, RunId, Signal};

use crate::Result;

/// The space of the timers: the key is a run, which is due when its first wait or deadline is.
pub(crate) const TIMERS: &str = "timer";

/// The space of the signals: the key is the run and the signal's own key, the value is the signal.
///
/// A row is due at once, so that a run gets its signal although its sender ended before it could be resumed.
pub(crate) const SPACE: &str = "signal";

/// The space of the signals that cannot be read, with the same keys: they are kept for a person to look at, and never due.
const UNREADABLE: &str = "signal_unreadable";

/// Says when a run falls due, if it does.
pub(crate) fn timer(run: RunId, due_ms: Option<u64>) -> RowChange {
    let (space, key) = (TIMERS.to_owned(), run.to_string());
    match due_ms {
        Some(due_ms) => RowChange::Put(Row::new(space, key, "").of(run).due(due_ms)),
        None => RowChange::Remove { space, key },
    }
}

/// Puts a signal there.
///
/// # Errors
///
/// Kind [`Kind::Conflict`] with detail `signal` where another one is there under its key; a journal that fails.
pub(crate) async fn put(journal: &dyn Journal, run: RunId, signal: &Signal) -> Result<()> {
    let value = Row::text(signal)?;
    let row = Row::new(SPACE, key(run, &signal.key), value).of(run).due(signal.at_ms);
    match journal.commit(&Commit::of_index(vec![RowChange::Add(row)])).await {
        Err(refused) if refused.detail.as_deref() == Some(SPACE) => again(journal, run, signal).await,
        put => put,
    }
}

/// Where its key is taken, a signal may be the same one, sent twice.
async fn again(journal: &dyn Journal, run: RunId, signal: &Signal) -> Result<()> {
    let there = journal.row(SPACE, &key(run, &signal.key)).await?.map(|row| row.read::<Signal>()).transpose()?;
    if there.is_none_or(|there| there.digest() == signal.digest()) {
        return Ok(());
    }
    let message = format!("signal \"{}\" was sent before, with another name or payload", signal.key);
    Err(Fault::new(Kind::Conflict, message).detail(SPACE))
}

/// Returns the keys of the signals that the journal has for a run, whether they can be read or not.
pub(crate) async fn keys(journal: &dyn Journal, run: RunId) -> Result<BTreeSet<String>> {
    let rows = journal.find(SPACE, &format!("{run}/"), None, usize::MAX).await?;
    Ok(rows.iter().filter_map(|row| index::parts(&row.key).into_iter().nth(1)).collect())
}

/// Reads the signals that rows of the space have, in the order in which they were sent; and returns the rows that cannot be read.
pub(crate) fn read(rows: Vec<Row>) -> (Vec<Signal>, Vec<(Row, Fault)>) {
    let (mut signals, mut unreadable) = (Vec::<Signal>::new(), Vec::new());
    for row in rows {
        match row.read() {
            Ok(signal) => signals.push(signal),
            Err(fault) => unreadable.push((row, fault)),
        }
    }
    signals.sort_by_key(|signal| signal.at_ms);
    (signals, unreadable)
}

/// Sets a row aside that cannot be read. Its key is free then: the signal may be sent again.
pub(crate) fn set_aside(row: Row) -> Commit {
    let gone = RowChange::Remove { space: row.space.clone(), key: row.key.clone() };
    let kept = RowChange::Put(Row { space: UNREADABLE.to_owned(), due_ms: None, ..row });
    Commit::of_index(vec![kept, gone])
}

/// Takes one away.
pub(crate) fn taken(run: RunId, signal: &Signal) -> RowChange {
    RowChange::Remove { space: SPACE.to_owned(), key: key(run, &signal.key) }
}

fn key(run: RunId, signal: &str) -> String {
    index::key([&*run.to_string(), signal])
}
