//! A journal of one run for as long as a handler of Restate is called.
//!
//! What a host plans is begun by what the handler sends, once all of it is in Restate's log: so the commits of a plan are written
//! there together. The handler itself makes the calls of agent-written code, so what is of a call waits until it is in the log,
//! with all before it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use stockade::journal::{Commit, Filter, Journal, Lease, MemoryJournal, Row, RowChange, Summary};
use stockade::{Change, Entry, Fault, Kind, Result, RunId};
use tokio::sync::{mpsc, oneshot};

use crate::kept::Changed;
use crate::page::Written;
use crate::row::{KeptRow, RowChanged, place};

/// A commit that is durable once the receiver of `durable` hears so.
pub(crate) struct Handed {
    pub(crate) changed: Changed,
    pub(crate) durable: oneshot::Sender<()>,
}

/// What the last commits have changed that the handler does not have yet.
#[derive(Clone, Default)]
pub(crate) struct Unwritten(Arc<Mutex<Changed>>);

impl Unwritten {
    fn add(&self, changed: Changed) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(changed);
    }

    pub(crate) fn take(&self) -> Changed {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Hands commits on to the handler.
pub(crate) struct Relay {
    memory: MemoryJournal,
    unwritten: Unwritten,
    handed: mpsc::Sender<Handed>,
    /// Whether a commit may not be durable that `memory` has. From then on nothing is known, and nothing may be done.
    is_cut: AtomicBool,
}

impl Relay {
    pub(crate) fn new(memory: MemoryJournal) -> (Self, Unwritten, mpsc::Receiver<Handed>) {
        let ((handed, received), unwritten) = (mpsc::channel(1), Unwritten::default());
        let relay = Self { memory, unwritten: unwritten.clone(), handed, is_cut: AtomicBool::new(false) };
        (relay, unwritten, received)
    }

    fn check(&self) -> Result<()> {
        if self.is_cut.load(Ordering::SeqCst) || self.handed.is_closed() { Err(cut()) } else { Ok(()) }
    }

    async fn changed(&self, commit: &Commit) -> Result<Changed> {
        let entries = commit.entries.iter().map(Written::of).collect::<Result<_>>()?;
        let mut rows = Vec::new();
        for change in &commit.index {
            let (space, key) = change.place();
            // As it is after the commit, whatever the change would have done.
            rows.push(match self.memory.row(space, key).await? {
                Some(row) => RowChanged::Written(KeptRow::of(row)),
                None => RowChanged::Removed(place(space, key)),
            });
        }
        Ok(Changed { entries, rows })
    }

    /// Hands on all that is not written, and waits until it is.
    async fn hand(&self) -> Result<()> {
        let changed = self.unwritten.take();
        let (durable, heard) = oneshot::channel();
        self.handed.send(Handed { changed, durable }).await.map_err(|_| cut())?;
        heard.await.map_err(|_| cut())
    }
}

#[async_trait]
impl Journal for Relay {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        self.check()?;
        self.memory.commit(commit).await?;
        self.unwritten.add(self.changed(commit).await?);
        if !commit.entries.iter().any(|entry| is_of_call(&entry.change)) {
            return Ok(());
        }
        let handed = self.hand().await;
        if handed.is_err() {
            self.is_cut.store(true, Ordering::SeqCst);
        }
        handed
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        self.check()?;
        self.memory.claim(run).await
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        self.check()?;
        self.memory.renew(lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.memory.release(lease).await
    }

    async fn remove(&self, lease: &Lease, _: &[RowChange]) -> Result<()> {
        let message = format!("run {} is kept by Restate, which removes it", lease.run);
        Err(Fault::new(Kind::Conflict, message).detail("engine"))
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        self.memory.is_held(run).await
    }

    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        self.check()?;
        self.memory.read_after(run, seq, bytes_max).await
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        self.memory.runs(filter).await
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        self.check()?;
        self.memory.find(space, prefix, after, limit).await
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        self.memory.due(space, within, after, limit).await
    }
}

/// Whether a change is of a call that agent-written code makes: that the call is made next, or how it ended.
fn is_of_call(change: &Change) -> bool {
    matches!(change, Change::Calling { .. } | Change::Retried { .. } | Change::Called { .. })
}

/// The failure of a storage: the next attempt of the handler goes on from what is durable.
fn cut() -> Fault {
    Fault::new(Kind::Journal, "the handler of the run was cut off by Restate; its next attempt goes on")
}
