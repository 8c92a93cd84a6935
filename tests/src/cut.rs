//! A journal that takes so many commits, and then no more: what a host leaves behind that is killed after any of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use stockade::journal::{Commit, Lease, MemoryJournal, Row, RowChange};
use stockade::{Entry, Fault, Filter, Journal, Result, RunId, Summary};

/// A journal in memory that fails once it has taken so many commits.
pub struct Cut {
    journal: MemoryJournal,
    /// How many commits it was asked for.
    asked: Arc<AtomicUsize>,
    taken_max: usize,
}

impl Cut {
    /// Makes one that takes so many commits; the journal behind it has them afterwards.
    pub fn after(taken_max: usize, journal: &MemoryJournal) -> Self {
        Self { journal: journal.open_again(), asked: Arc::default(), taken_max }
    }

    /// Returns how many commits it was asked for, also when it is gone.
    pub fn asked(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.asked)
    }

    fn check(&self) -> Result<()> {
        let is_cut = self.asked.load(Ordering::SeqCst) > self.taken_max;
        if is_cut { Err(Fault::of_storage("the power is off")) } else { Ok(()) }
    }
}

#[async_trait]
impl Journal for Cut {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        self.journal.commit(commit).await
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        self.check()?;
        self.journal.claim(run).await
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        self.check()?;
        self.journal.renew(lease).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.check()?;
        self.journal.release(lease).await
    }

    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()> {
        self.check()?;
        self.journal.remove(lease, index).await
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        self.journal.is_held(run).await
    }

    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        self.journal.read_after(run, seq, bytes_max).await
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        self.journal.runs(filter).await
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        self.journal.find(space, prefix, after, limit).await
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        self.journal.due(space, within, after, limit).await
    }
}
