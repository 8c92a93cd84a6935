//! A host that takes up what others have left: runs that were started detached, that a crash interrupted, or that are due.

use std::collections::{BTreeMap, BTreeSet};

use stockade_journal::{Filter, Sort};
use stockade_workflow::{RunId, Status};

use crate::lease::is_busy;
use crate::{Fired, Host, QUEUE, Result};

/// For how long a run is left alone that cannot go on here: its workflow may be registered in another host alone.
const REFUSED_MS: u64 = 60_000;

/// Takes up the runs of a journal that no process drives. Any number of workers may share a journal: each run is driven by one.
///
/// ```no_run
/// # async fn example(host: stockade::Host) -> stockade::Result<()> {
/// let mut worker = host.worker().queues(["refunds"]).at_once(32);
/// for fired in worker.turn().await? {
///     println!("{}: {}", fired.run, fired.resumed?.settled().await?);
/// }
/// # Ok(()) }
/// ```
pub struct Worker {
    host: Host,
    queues: BTreeSet<String>,
    at_once: usize,
    /// The runs that are left alone for a while, and until when.
    refused: BTreeMap<RunId, u64>,
}

impl Host {
    /// Returns a worker that drives runs in this host: of all queues, and up to 16 at once.
    pub fn worker(&self) -> Worker {
        Worker { host: self.clone(), queues: BTreeSet::new(), at_once: 16, refused: BTreeMap::new() }
    }
}

impl Worker {
    /// Takes only the runs of these queues: those whose label [`QUEUE`] is one of them.
    #[must_use]
    pub fn queues<Q: Into<String>>(self, queues: impl IntoIterator<Item = Q>) -> Self {
        Self { queues: queues.into_iter().map(Into::into).collect(), ..self }
    }

    /// Takes up no interrupted run while the host drives so many. Runs that are due go on all the same.
    #[must_use]
    pub fn at_once(self, runs: usize) -> Self {
        Self { at_once: runs, ..self }
    }

    /// Takes up the runs that are due, and as many that are interrupted as there is room for, the oldest first. Returns those
    /// that go on here, and those that cannot, which are then left alone for a minute.
    ///
    /// # Errors
    ///
    /// A journal that fails. What was taken up before goes on.
    pub async fn turn(&mut self) -> Result<Vec<Fired>> {
        if self.host.services.driving.is_closing() {
            return Ok(Vec::new());
        }
        let mut taken = self.host.fire_due_of(&self.queues).await?;
        let now_ms = self.host.services.clock.now_ms();
        self.refused.retain(|_, until_ms| *until_ms > now_ms);
        for run in self.interrupted().await? {
            if self.room() == 0 {
                break;
            }
            let resumed = match self.host.take_over(run).await {
                // Another was faster.
                Err(fault) if is_busy(&fault) => continue,
                Ok(None) => continue,
                Ok(Some(resumed)) => Ok(resumed),
                Err(fault) => Err(fault),
            };
            if resumed.is_err() {
                self.refused.insert(run, now_ms.saturating_add(REFUSED_MS));
            }
            taken.push(Fired { run, resumed });
        }
        Ok(taken)
    }

    fn room(&self) -> usize {
        self.at_once.saturating_sub(self.host.services.driving.count())
    }

    /// Returns the interrupted runs that may be taken, the oldest first.
    async fn interrupted(&self) -> Result<Vec<RunId>> {
        if self.room() == 0 {
            return Ok(Vec::new());
        }
        let mut found = BTreeSet::new();
        for labels in self.labels() {
            // Those that are left alone take no room of others.
            let limit = Some(self.room().saturating_add(self.refused.len()));
            let status = vec![Status::Interrupted];
            let filter = Filter { status, labels, sort: Sort::Started, limit, ..Filter::default() };
            found.extend(self.host.runs(&filter).await?.into_iter().map(|summary| summary.run_id));
        }
        found.retain(|run| !self.refused.contains_key(run));
        Ok(found.into_iter().collect())
    }

    /// The labels of the runs of each queue.
    fn labels(&self) -> Vec<BTreeMap<String, String>> {
        if self.queues.is_empty() {
            return vec![BTreeMap::new()];
        }
        self.queues.iter().map(|queue| BTreeMap::from([(QUEUE.to_owned(), queue.clone())])).collect()
    }
}
