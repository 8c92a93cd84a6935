//! What the journal's index has for runs that wait: when they fall due, and the signals that they have not received yet.

use stockade_journal::{Commit, Journal, Row, RowChange, index};
use stockade_workflow::{Fault, Kind, RunId, Signal};

use crate::Result;

/// The space of the timers: the key is a run, which is due when its first wait or deadline is.
pub(crate) const TIMERS: &str = "timer";

/// The space of the signals: the key is the run and the signal's own key, the value is the signal.
///
/// A row is due at once, so that a run gets its signal although its sender ended before it could be resumed.
pub(crate) const SPACE: &str = "signal";

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

/// Returns the signals of a run, in the order in which they were sent.
pub(crate) async fn of(journal: &dyn Journal, run: RunId) -> Result<Vec<Signal>> {
    read(&journal.find(SPACE, &format!("{run}/"), None, usize::MAX).await?)
}

/// Reads the signals that rows of the space have, in the order in which they were sent.
pub(crate) fn read(rows: &[Row]) -> Result<Vec<Signal>> {
    let mut signals = rows.iter().map(Row::read).collect::<Result<Vec<_>>>()?;
    signals.sort_by_key(|signal: &Signal| signal.at_ms);
    Ok(signals)
}

/// Takes one away.
pub(crate) fn taken(run: RunId, signal: &Signal) -> RowChange {
    RowChange::Remove { space: SPACE.to_owned(), key: key(run, &signal.key) }
}

fn key(run: RunId, signal: &str) -> String {
    index::key([&*run.to_string(), signal])
}
