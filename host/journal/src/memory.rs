//! A journal without a file.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use stockade_system::Clock;
use stockade_workflow::{Entry, RunId, Status};

use self::rows::Rows;
use crate::{Commit, Filter, Journal, LEASE, Lease, Result, Row, RowChange, Summary, refusal};

/// A journal in memory: its runs are gone with the last of its openers.
///
/// It is for tests, and for programs whose runs need not outlive them.
pub struct MemoryJournal {
    /// Which of the openers this is.
    opener: u64,
    clock: Clock,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    entries: BTreeMap<RunId, Vec<Entry>>,
    runs: BTreeMap<RunId, Summary>,
    leases: BTreeMap<RunId, Held>,
    rows: Rows,
    /// The openers that are there.
    openers: BTreeSet<u64>,
    /// How many openers there were.
    opened: u64,
}

struct Held {
    epoch: u64,
    /// Absent where it was given back.
    opener: Option<u64>,
    until_ms: u64,
}

impl MemoryJournal {
    /// Begins an empty journal. The clock says when leases are over.
    pub fn new(clock: Clock) -> Self {
        Self::opening(Arc::default(), clock)
    }

    /// Opens the same journal once more, as another process would open a file: each opener holds leases of its own.
    #[must_use]
    pub fn open_again(&self) -> Self {
        Self::opening(Arc::clone(&self.kept), self.clock.clone())
    }

    fn opening(kept: Arc<Mutex<Kept>>, clock: Clock) -> Self {
        let opener = locked(&kept).admit();
        Self { opener, clock, kept }
    }

    fn now(&self) -> Now {
        Now { opener: self.opener, ms: self.clock.now_ms() }
    }
}

impl Drop for MemoryJournal {
    fn drop(&mut self) {
        locked(&self.kept).openers.remove(&self.opener);
    }
}

fn locked(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who asks, and when.
#[derive(Clone, Copy)]
struct Now {
    opener: u64,
    ms: u64,
}

impl Now {
    fn lease_ends(self) -> u64 {
        self.ms.saturating_add(u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Kept {
    fn admit(&mut self) -> u64 {
        self.opened += 1;
        self.openers.insert(self.opened);
        self.opened
    }

    fn is_held(&self, now_ms: u64, run: RunId) -> bool {
        let held = self.leases.get(&run);
        held.is_some_and(|held| {
            held.until_ms > now_ms && held.opener.is_some_and(|opener| self.openers.contains(&opener))
        })
    }

    fn is_of(&self, now: Now, lease: &Lease) -> bool {
        let held = self.leases.get(&lease.run);
        held.is_some_and(|held| held.epoch == lease.epoch && held.opener == Some(now.opener))
    }

    fn claim(&mut self, now: Now, run: RunId) -> Result<Lease> {
        if self.is_held(now.ms, run) {
            return Err(refusal::busy(run));
        }
        let epoch = self.leases.get(&run).map_or(0, |held| held.epoch).saturating_add(1);
        self.leases.insert(run, Held { epoch, opener: Some(now.opener), until_ms: now.lease_ends() });
        Ok(Lease { run, epoch })
    }

    fn release(&mut self, now: Now, lease: &Lease) {
        if self.is_of(now, lease) {
            self.leases.insert(lease.run, Held { epoch: lease.epoch, opener: None, until_ms: 0 });
        }
    }

    /// Whether a commit is written by the holder of its run's lease; the first entries of a run take it.
    fn allows(&self, now: Now, run: RunId, commit: &Commit) -> bool {
        match (self.leases.contains_key(&run), &commit.lease) {
            (true, Some(lease)) => self.is_of(now, lease),
            (true, None) => !self.is_held(now.ms, run),
            (false, None) => true,
            (false, Some(lease)) => !commit.entries.is_empty() && *lease == Lease::first(run),
        }
    }

    fn commit(&mut self, now: Now, commit: &Commit) -> Result<()> {
        if let Some(run) = commit.run() {
            if !self.allows(now, run, commit) {
                return Err(refusal::fenced(run));
            }
            self.check_order(commit)?;
        }
        self.rows.change(&commit.index)?;
        if let Some(lease) = commit.lease.as_ref().filter(|lease| !self.leases.contains_key(&lease.run)) {
            self.claim(now, lease.run)?;
        }
        self.write(commit);
        match &commit.lease {
            Some(lease) if commit.releases => self.release(now, lease),
            Some(_) | None => {}
        }
        Ok(())
    }

    fn check_order(&self, commit: &Commit) -> Result<()> {
        let Some(first) = commit.entries.first() else { return Ok(()) };
        let last = self.entries.get(&first.run).and_then(|entries| entries.last()).map_or(0, |entry| entry.seq);
        if first.seq == last + 1 { Ok(()) } else { Err(refusal::taken(first.run)) }
    }

    fn write(&mut self, Commit { entries, summary, .. }: &Commit) {
        if let Some(first) = entries.first() {
            self.entries.entry(first.run).or_default().extend(entries.iter().cloned());
        }
        summary.as_ref().map(|summary| self.runs.insert(summary.run_id, summary.clone()));
    }

    fn seen(&self, now_ms: u64, summary: &Summary) -> Summary {
        let is_interrupted = summary.status == Status::Running && !self.is_held(now_ms, summary.run_id);
        let status = if is_interrupted { Status::Interrupted } else { summary.status };
        Summary { status, ..summary.clone() }
    }

    fn remove(&mut self, now: Now, lease: &Lease, index: &[RowChange]) -> Result<()> {
        let run = lease.run;
        if !self.is_of(now, lease) {
            return Err(refusal::fenced(run));
        }
        self.rows.check_free(run)?;
        self.rows.change(index)?;
        self.rows.forget(run);
        self.entries.remove(&run);
        self.runs.remove(&run);
        self.leases.remove(&run);
        Ok(())
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        locked(&self.kept).commit(self.now(), commit)
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        locked(&self.kept).claim(self.now(), run)
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        let (mut kept, now) = (locked(&self.kept), self.now());
        if !kept.is_of(now, lease) {
            return Err(refusal::fenced(lease.run));
        }
        kept.leases
            .insert(lease.run, Held { epoch: lease.epoch, opener: Some(now.opener), until_ms: now.lease_ends() });
        Ok(())
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        locked(&self.kept).release(self.now(), lease);
        Ok(())
    }

    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()> {
        locked(&self.kept).remove(self.now(), lease, index)
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        Ok(locked(&self.kept).is_held(self.now().ms, run))
    }

    async fn read_after(&self, run: RunId, seq: u64, _: usize) -> Result<Vec<Entry>> {
        let kept = locked(&self.kept);
        let entries = kept.entries.get(&run).into_iter().flatten();
        Ok(entries.filter(|entry| entry.seq > seq).cloned().collect())
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let (kept, now_ms) = (locked(&self.kept), self.now().ms);
        let seen = kept.runs.values().map(|summary| kept.seen(now_ms, summary));
        let mut seen: Vec<_> = seen.filter(|summary| filter.lets(summary)).collect();
        seen.sort_by(|one, other| filter.order(one.into(), other.into()));
        seen.truncate(filter.limit.unwrap_or(usize::MAX));
        Ok(seen)
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        Ok(locked(&self.kept).rows.find(space, prefix, after, limit))
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let until_ms = self.now().ms.saturating_add(within_ms);
        Ok(locked(&self.kept).rows.due(space, until_ms, after, limit))
    }
}

#[cfg(test)]
mod tests {
    use stockade_workflow::{Budget, Change, Fault, Kind, Origin};

    use super::*;
    use crate::conformance;

    #[tokio::test]
    async fn the_journal_in_memory_does_what_every_journal_does() {
        conformance::check(|clock| {
            let first = MemoryJournal::new(clock);
            Box::new(move || Box::new(first.open_again()))
        })
        .await;
    }

    #[tokio::test]
    async fn a_run_that_was_read_is_caught_up_with_what_came_since_and_a_removed_one_is_missed() {
        let (journal, run) = (MemoryJournal::new(Clock::default()), RunId::from(uuid::Uuid::now_v7()));
        let (workflow, input) = ("w".to_owned(), serde_json::json!(1).into());
        let (budget, origin) = (Budget::NONE, Origin::default());
        let created = Change::Created { workflow, version: 1, input, budget, origin };
        let lease = Lease::first(run);
        let commit = async |seq, change| {
            let (lease, entries) = (Some(lease.clone()), vec![Entry { run, seq, at_ms: 5, change }]);
            journal.commit(&Commit { lease, entries, ..Commit::default() }).await.unwrap();
        };
        commit(1, created).await;
        let seen = crate::folded(&journal, run).await.unwrap();
        assert_eq!(crate::caught_up(&journal, seen.clone()).await.unwrap(), seen);
        let fault = Fault::new(Kind::HostBug, "it broke");
        commit(2, Change::Broken { fault }).await;
        let state = crate::caught_up(&journal, seen.clone()).await.unwrap();
        assert_eq!((state.seq(), &state), (2, &crate::folded(&journal, run).await.unwrap()));
        journal.remove(&lease, &[]).await.unwrap();
        assert_eq!(crate::caught_up(&journal, seen).await.unwrap_err().kind, Kind::NotFound);
    }

    #[tokio::test]
    async fn the_journal_in_memory_keeps_its_promises_whatever_happens() {
        let new = |clock| {
            let first = MemoryJournal::new(clock);
            let open: conformance::Opener = Box::new(move || Box::new(first.open_again()));
            open.into()
        };
        conformance::crash(new, 1).await.assert_flawless();
    }
}
