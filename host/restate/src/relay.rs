//! A journal of one run for as long as a handler of Restate is called.
//!
//! What a host plans is begun by what the handler sends, once all of it is in Restate's log: so the commits of a plan are written
//! there together. The calls of agent-written code are made by the handler itself, so a commit about a call waits until it is in
//! the log, with all commits before it.

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

/// What commits have changed that was not handed to the handler yet.
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

    /// Hands on what was not handed on yet, and waits until it is durable.
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
        if !commit.entries.iter().any(|entry| is_about_call(&entry.change)) {
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

/// Whether a change is about a call that agent-written code makes: the call is made next, or has ended.
fn is_about_call(change: &Change) -> bool {
    match change {
        Change::Calling { .. } | Change::Retried { .. } | Change::Called { .. } => true,
        Change::Created { .. }
        | Change::Reserved { .. }
        | Change::Asked { .. }
        | Change::AskedInCode { .. }
        | Change::AnsweredInCode { .. }
        | Change::Renewed { .. }
        | Change::Overdue { .. }
        | Change::Voted { .. }
        | Change::Revoked { .. }
        | Change::Signalled { .. }
        | Change::ChildStarted { .. }
        | Change::ChildEnded { .. }
        | Change::Stepped { .. }
        | Change::Suspended { .. }
        | Change::Deferred { .. }
        | Change::Lost { .. }
        | Change::Doubted { .. }
        | Change::Later { .. }
        | Change::Settled { .. }
        | Change::Extended { .. }
        | Change::Paused { .. }
        | Change::Stopped { .. }
        | Change::Expired { .. }
        | Change::Undone { .. }
        | Change::Broken { .. }
        | Change::Resumed => false,
    }
}

/// The failure of a storage: the next attempt of the handler goes on from what is durable.
fn cut() -> Fault {
    Fault::of_storage("the handler of the run was cut off by Restate; its next attempt goes on")
}

#[cfg(test)]
mod tests {
    use stockade::{Budget, Clock, Origin, ToolCall};

    use super::*;

    fn entry(run: RunId, seq: u64, change: Change) -> Commit {
        Commit { entries: vec![Entry { run, seq, at_ms: 0, change }], ..Commit::default() }
    }

    #[tokio::test]
    async fn a_plan_is_handed_on_with_the_next_call_of_code_which_fails_unless_all_is_durable() {
        let run = RunId::from_bytes([1; 16]);
        let (relay, unwritten, mut handed) = Relay::new(MemoryJournal::new(Clock::default()));
        let created = Change::Created {
            workflow: "refund".to_owned(),
            version: 1,
            input: serde_json::json!({}).into(),
            budget: Budget::default(),
            origin: Origin::default(),
        };
        relay.commit(&entry(run, 1, created)).await.unwrap();
        relay.commit(&entry(run, 2, Change::Resumed)).await.unwrap();
        assert!(handed.try_recv().is_err(), "a plan alone waits for no handler");

        let call =
            ToolCall { tool: "shop".to_owned(), function: "book".to_owned(), arguments: serde_json::json!({}).into() };
        let calling = entry(run, 3, Change::Calling { key: "code".to_owned(), number: 0, call });
        let commit = relay.commit(&calling);
        let handler = async {
            let Handed { changed, durable } = handed.recv().await.unwrap();
            assert_eq!(changed.entries.len(), 3);
            drop(durable);
        };
        let (committed, ()) = tokio::join!(commit, handler);
        assert!(committed.is_err(), "the handler was cut off");
        assert!(unwritten.take().entries.is_empty(), "nothing is handed on twice");
    }
}
