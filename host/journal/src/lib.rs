//! The persistent log of Stockade's runs: what is in it has happened.
//!
//! [`Journal`] says what a journal guarantees, and [`conformance`] checks it. There is one in memory, [`MemoryJournal`],
//! with the feature `sqlite` one in a file, `SqliteJournal`, and with the feature `postgres` one in a PostgreSQL database that
//! many hosts share, `PostgresJournal`. [`ShardedJournal`] is one over several of them. What is neither an entry of a run nor its
//! summary is a row of the journal's [`index`].

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod beside;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod codec;
pub mod conformance;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod deep;
mod filter;
pub mod index;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod keyring;
mod memory;
#[cfg(feature = "sqlite")]
mod owner;
#[cfg(feature = "postgres")]
pub mod postgres;
mod refusal;
mod sealing;
mod sharded;
#[cfg(feature = "sqlite")]
mod sqlite;
mod summary;
#[cfg(all(test, any(feature = "postgres", feature = "sqlite")))]
mod testing;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod wait;

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use stockade_workflow::{Entry, Fault, RunId, RunState, unknown_run};
use uuid::Uuid;

pub use beside::Beside;
pub use filter::{Filter, PageEnd, Sort};
pub use index::{Row, RowChange, Tie};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use keyring::Keyring;
pub use memory::MemoryJournal;
#[cfg(feature = "postgres")]
pub use postgres::PostgresJournal;
pub use sealing::KeyUse;
pub use sharded::ShardedJournal;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteJournal;
pub use summary::Summary;

/// What every fallible function of this crate returns.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// Where runs are kept.
///
/// An implementation guarantees that a commit is whole or not there at all, that it survives power loss once
/// [`Journal::commit`] returned, that of two commits with the same sequence number of a run one is refused, and that only
/// the holder of a run's [`Lease`] writes to the run. Time is the journal's own.
///
/// What a method refuses changes nothing. A method that fails because the storage does, with a fault that
/// [`Fault::of_storage`] makes, may have changed what it was asked to change: a connection can break
/// after the storage has written and before it says so.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes all of a commit in one transaction: entries of one run, the run's new summary, changes of the index. All of it
    /// is durable when this returns.
    ///
    /// A commit without entries changes the index alone.
    ///
    /// # Errors
    ///
    /// Kind [`Conflict`](stockade_workflow::Kind::Conflict): with detail `fenced` where the lease is another's now, with
    /// detail `taken` where the run's next entry does not have the first one's number, and with a row's space as the
    /// detail where the index refuses the row: its key is taken, or it is not as it was seen.
    async fn commit(&self, commit: &Commit) -> Result<()>;

    /// Takes the lease of a run. It is over at once where its holder is seen to be gone, and some time after a holder was
    /// last heard of. That the run has a new holder is durable when this returns.
    ///
    /// # Errors
    ///
    /// Kind [`Conflict`](stockade_workflow::Kind::Conflict) with detail `busy` where another holds it.
    async fn claim(&self, run: RunId) -> Result<Lease>;

    /// Says that the holder of a lease lives, so that it lasts another [`LEASE`] from now. That is durable when this returns.
    ///
    /// # Errors
    ///
    /// Kind [`Conflict`](stockade_workflow::Kind::Conflict) with detail `fenced` where the lease is another's now.
    async fn renew(&self, lease: &Lease) -> Result<()>;

    /// Gives a lease back; one that is another's now stays there. That the run is free is durable when this returns.
    ///
    /// # Errors
    ///
    /// The storage fails.
    async fn release(&self, lease: &Lease) -> Result<()>;

    /// Removes a run with its entries, its summary, its lease and the rows that are [about it](Tie::Of), and changes the
    /// index, in one transaction. All of it is durable when this returns.
    ///
    /// # Errors
    ///
    /// Kind [`Conflict`](stockade_workflow::Kind::Conflict): with detail `fenced` where the lease is another's now, with
    /// detail `needed` where a row [needs](Tie::Needs) the run, else as [`Journal::commit`].
    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()>;

    /// Gives the room of what was removed back to the system, as far as others are not kept from the journal for long.
    ///
    /// # Errors
    ///
    /// The storage fails.
    async fn compact(&self) -> Result<Room> {
        Ok(Room::default())
    }

    /// Seals anew, under the key that seals now, all that is sealed otherwise or not at all; without such a key, opens all that is
    /// sealed. Others may use the journal meanwhile. Each payload is changed in a transaction of its own or with a few others, so that
    /// this can be stopped at any time and begun again; what is done already is passed over. Tells how many rows of entries it
    /// has looked at, and how many there are. Returns how many it has changed. A journal that seals nothing does nothing.
    ///
    /// # Errors
    ///
    /// Kind [`Journal`](stockade_workflow::Kind::Journal): with detail `key` where the key of a payload is not there, with detail
    /// `entry` where a payload is damaged, else where the storage fails.
    async fn reseal(&self, _told: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<u64> {
        Ok(0)
    }

    /// Returns under which keys payloads are sealed, with how many.
    ///
    /// # Errors
    ///
    /// The storage fails.
    async fn keys_in_use(&self) -> Result<Vec<KeyUse>> {
        Ok(Vec::new())
    }

    /// Returns whether a process that lives holds the lease of a run.
    ///
    /// # Errors
    ///
    /// The storage fails.
    async fn is_held(&self, run: RunId) -> Result<bool>;

    /// Returns the entries of a run whose numbers are greater than this one, in order, until they have about so many bytes
    /// together; one at least, where there is one. A journal in memory may return all. An unknown run has no
    /// entries.
    ///
    /// # Errors
    ///
    /// Kind [`Journal`](stockade_workflow::Kind::Journal) where the storage fails or an entry is of a newer format.
    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>>;

    /// Returns entries as [`Journal::read_after`] does, and whether they are known to be the last: a reader of the whole run
    /// need not ask once more then.
    ///
    /// # Errors
    ///
    /// As [`Journal::read_after`].
    async fn read_page(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<(Vec<Entry>, bool)> {
        let page = self.read_after(run, seq, bytes_max).await?;
        let is_last = page.is_empty();
        Ok((page, is_last))
    }

    /// Returns all entries of a run, as [`Journal::read_after`] does.
    ///
    /// # Errors
    ///
    /// As [`Journal::read_after`].
    async fn read(&self, run: RunId) -> Result<Vec<Entry>> {
        self.read_after(run, 0, usize::MAX).await
    }

    /// Returns the summaries of the runs that a filter lets through, in its order. A run that would go on and whose lease is
    /// not held is [`Interrupted`](stockade_workflow::Status::Interrupted).
    ///
    /// # Errors
    ///
    /// The storage fails.
    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>>;

    /// Returns the rows of a space whose keys begin with a prefix and come after a key, in the order of the bytes of their
    /// keys, and no more than `limit`.
    ///
    /// # Errors
    ///
    /// The storage fails.
    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>>;

    /// Returns the rows of several spaces, each with the prefix of the keys that are wanted of it, as [`Journal::find`] does: a
    /// driver asks so before each step of its run, and one question costs less than several.
    ///
    /// # Errors
    ///
    /// As [`Journal::find`].
    async fn find_each(&self, places: &[(&str, &str)]) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (space, prefix) in places {
            rows.extend(self.find(space, prefix, None, usize::MAX).await?);
        }
        Ok(rows)
    }

    /// Returns the row of a key, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Journal::find`].
    async fn row(&self, space: &str, key: &str) -> Result<Option<Row>> {
        // The key itself is the first of those that begin with it.
        let first = self.find(space, key, None, 1).await?.pop();
        Ok(first.filter(|row| row.key == key))
    }

    /// Returns the rows of a space that are due, by the journal's clock, or will be within so long: the earliest first, those of
    /// one time in the order of their keys, and no more than `limit`. Those after a row come behind it in this order.
    ///
    /// A row stays due until it is changed or removed. To act on a row of a run once, a host claims the run and removes
    /// the row with the commit that says what came of it; on a row of no run, it first puts the row off by
    /// [`RowChange::Replace`], which one host of several can do.
    ///
    /// A journal in several databases leaves out those of one that it cannot reach, where another answers: they are due still
    /// when it answers again.
    ///
    /// # Errors
    ///
    /// The storage fails.
    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>>;

    /// Returns an id for a run that is to begin, of version 7, with which the journal can write these in one transaction. In a
    /// journal in one database, any id will do.
    ///
    /// # Errors
    ///
    /// Kind [`Invalid`](stockade_workflow::Kind::Invalid) with detail `databases` where they lie in different databases.
    fn new_run(&self, _beside: &[Beside<'_>]) -> Result<RunId> {
        Ok(Uuid::now_v7().into())
    }

    /// Checks that the journal can write these in one transaction. A journal in one database can.
    ///
    /// # Errors
    ///
    /// As [`Journal::new_run`].
    fn check_together(&self, _things: &[Beside<'_>]) -> Result<()> {
        Ok(())
    }

    /// Returns how many databases the journal is in.
    fn databases(&self) -> usize {
        1
    }

    /// Returns, for each of several databases that could not be reached when it was asked last, why. A journal in one database
    /// says so by failing.
    fn unreachable(&self) -> Vec<Fault> {
        Vec::new()
    }
}

/// How long a lease lasts after its holder was last heard of. On one machine it is seen without it that a process is gone; this
/// is how long one that was stopped, or a machine that is gone, keeps others from its runs.
pub const LEASE: Duration = Duration::from_secs(30);

/// How much of a run is read at once where it is looked through: what one run has may be more than the host's memory.
pub const PAGE_BYTES: usize = 1 << 20;

/// Hands over the entries of a run in order, of which a page is in memory at a time.
///
/// # Errors
///
/// A journal that fails, and what `take` refuses.
pub async fn each(journal: &dyn Journal, run: RunId, mut take: impl FnMut(Entry) -> Result<()> + Send) -> Result<()> {
    let mut seq = 0;
    loop {
        let (page, is_last) = journal.read_page(run, seq, PAGE_BYTES).await?;
        let Some(last) = page.last() else { return Ok(()) };
        seq = last.seq;
        page.into_iter().try_for_each(&mut take)?;
        if is_last {
            return Ok(());
        }
    }
}

/// Returns a run as it stands.
///
/// # Errors
///
/// An unknown run, a journal that fails.
pub async fn folded(journal: &dyn Journal, run: RunId) -> Result<RunState> {
    let mut state = None;
    let fold = |entry: Entry| match &mut state {
        Some(state) => RunState::apply(state, &entry),
        none => RunState::create(&entry).map(|created| *none = Some(created)),
    };
    each(journal, run, fold).await?;
    state.ok_or_else(|| unknown_run(run))
}

/// Returns a run as it stands that stood so before: what is known of it is not read once more.
///
/// # Errors
///
/// As [`folded`].
pub async fn caught_up(journal: &dyn Journal, mut state: RunState) -> Result<RunState> {
    let (run, seen) = (state.run(), state.seq());
    let (mut page, mut is_last) = journal.read_page(run, seen.saturating_sub(1), PAGE_BYTES).await?;
    if page.first().is_none_or(|entry| entry.seq != seen) {
        // It was removed since.
        return folded(journal, run).await;
    }
    loop {
        page.iter().filter(|entry| entry.seq > seen).try_for_each(|entry| state.apply(entry))?;
        let Some(seq) = page.last().filter(|_| !is_last).map(|last| last.seq) else { return Ok(state) };
        (page, is_last) = journal.read_page(run, seq, PAGE_BYTES).await?;
    }
}

/// The right to write to a run. Each time that it changes hands, its epoch is one more, by which an old one is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run: RunId,
    /// How often the run's lease was taken.
    pub epoch: u64,
}

impl Lease {
    /// Returns the lease of a run that is about to begin: its first commit takes it.
    pub fn first(run: RunId) -> Self {
        Self { run, epoch: 1 }
    }
}

/// What became of the room of what was removed from a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Room {
    /// How many bytes were given back to the system.
    pub freed_bytes: u64,
    /// How many bytes the journal keeps, for what it is to hold next.
    pub reusable_bytes: u64,
}

/// What one transaction writes.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// The lease under which this is written; absent for a run that is brought here whole, which no process drives, and
    /// where the index alone is changed.
    pub lease: Option<Lease>,
    /// Whether the lease is given back with it.
    pub releases: bool,
    /// Entries of one run, with consecutive numbers.
    pub entries: Vec<Entry>,
    /// The run's summary, where it changed.
    pub summary: Option<Summary>,
    /// What changes in the index.
    pub index: Vec<RowChange>,
}

impl Commit {
    /// Changes the index, and no run.
    pub fn of_index(index: Vec<RowChange>) -> Self {
        Self { index, ..Self::default() }
    }

    /// Returns the run to which it writes, if it does.
    pub fn run(&self) -> Option<RunId> {
        self.entries.first().map(|entry| entry.run).or(self.lease.as_ref().map(|lease| lease.run))
    }
}
