//! What every journal does when its hosts crash, are stopped or think that a run is theirs, when the storage refuses to write, and
//! when a clock is set.
//!
//! The scenarios are data: all orders of the moves that two hosts can make, and lists of what else can happen. Each is played on
//! a run of its own, beside a model of what the trait promises.

mod events;
mod moves;
mod sweeps;

use stockade_system::Clock;
use stockade_workflow::RunId;

use super::table::{Flaw, Table, Verdict};
use super::{Opener, commit, detail, kind, run, turned};
use crate::{Commit, Filter, Journal, LEASE, Lease, Result, Summary};

/// A little longer than a lease.
const OVER_MS: u64 = LEASE.as_millis() as u64 + 1;

/// A journal, and how to make what is beneath it fail.
pub struct Storage {
    /// Opens the journal.
    pub open: Opener,
    /// Has the storage refuse all that is written, as a full disk does, or take it again. Absent where there is nothing beneath the
    /// journal that could fail.
    pub refuse: Option<Box<dyn Fn(bool)>>,
}

impl From<Opener> for Storage {
    /// A journal whose storage does not fail.
    fn from(open: Opener) -> Self {
        Self { open, refuse: None }
    }
}

/// Plays the scenarios that take a journal alone, or every n-th of them; `new` makes an empty journal that goes by this
/// clock. Returns what came of them; [`Table::assert_flawless`] checks it.
///
/// ```
/// use stockade_journal::{MemoryJournal, conformance};
///
/// # async fn example() {
/// let table = conformance::crash(
///     |clock| {
///         let journal = MemoryJournal::new(clock);
///         let open: conformance::Opener = Box::new(move || Box::new(journal.open_again()));
///         open.into()
///     },
///     1,
/// );
/// table.await.assert_flawless();
/// # }
/// ```
///
/// # Panics
///
/// The journal fails where nothing is done to it.
pub async fn crash(new: impl Fn(Clock) -> Storage, every: usize) -> Table {
    let mut table = Table::default();
    let (clock, time) = turned();
    let storage = new(clock);
    moves::play(&storage, &time, every, &mut table).await;
    events::play(&storage, &time, every, &mut table).await;
    sweeps::play(&storage, &time, every, &mut table).await;
    table
}

/// Says that an answer is another one than is promised.
fn wrong(what: &str, answer: &Result<impl std::fmt::Debug>) -> Verdict {
    Err((Flaw::Wrong, format!("{what}: {answer:?}")))
}

/// Checks that the journal has just the entries of a run with the numbers from one to this one.
async fn check_entries(journal: &dyn Journal, run: RunId, last: u64) -> Verdict {
    let entries = journal.read(run).await.unwrap();
    let numbers: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    let flaw = if numbers.len() as u64 > last { Flaw::Duplicated } else { Flaw::Lost };
    if numbers.iter().copied().eq(1..=last) { Ok(()) } else { Err((flaw, format!("{numbers:?} and not 1 to {last}"))) }
}

/// Checks that the journal has so many entries of a run and its line, or nothing of it.
async fn check_swept(journal: &dyn Journal, run: RunId, last: u64) -> Verdict {
    check_entries(journal, run, last).await?;
    let line = listed(journal, run).await;
    let row = journal.row("swept", &run.to_string()).await.unwrap();
    if line.is_some() != (last > 0) || (last == 0 && row.is_some()) {
        return Err((Flaw::Wrong, format!("{line:?} and {row:?} are left of a run with {last} entries")));
    }
    Ok(())
}

/// The commit of an entry under a lease.
fn leased(lease: &Lease, seq: u64) -> Commit {
    Commit { lease: Some(lease.clone()), ..commit(lease.run, seq) }
}

/// The line of a run, where the journal lists it.
async fn listed(journal: &dyn Journal, run: RunId) -> Option<Summary> {
    let only = Filter { runs: Some(vec![run]), ..Filter::default() };
    journal.runs(&only).await.unwrap().pop()
}
