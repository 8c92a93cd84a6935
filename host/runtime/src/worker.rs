//! A host that takes up what others have left: runs that were started detached, that a crash interrupted, or that are due.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use stockade_journal::{Filter, Sort};
use stockade_workflow::{Fault, RunId, Status};

use crate::lease::is_busy;
use crate::timers::TOGETHER;
use crate::turns::{Lane, PRIORITY, Priority, TENANT};
use crate::{Fired, Host, QUEUE, Result, Run};

/// For how long a run is left alone that cannot go on here: its workflow may be registered in another host alone.
const REFUSED_MS: u64 = 60_000;

/// How many interrupted runs are read at once, to choose among them. Where there are more, those of each tenant are looked for.
const RUNS_LOOKED_AT: usize = 256;

/// For how long a worker takes of what it has found, where it has found much more than there is room for, before it looks again.
const FRESH_MS: u64 = 200;
const MUCH: usize = 4;

/// How often runs of further tenants are looked for in one turn.
const TENANTS_LOOKED_AT: usize = 64;

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
    found: Found,
}

/// The interrupted runs that a worker has found and not tried to take yet.
#[derive(Default)]
struct Found {
    runs: BTreeMap<RunId, Lane>,
    at_ms: u64,
    /// Whether other workers have taken some of it.
    is_shared: bool,
}

impl Found {
    /// Whether there is so much for this room, found so lately, that one who looked again would mostly find the same.
    fn is_plenty(&self, room: usize, now_ms: u64) -> bool {
        let is_fresh = !self.is_shared && self.at_ms.abs_diff(now_ms) < FRESH_MS;
        is_fresh && room > 0 && self.runs.len() >= room.saturating_mul(MUCH)
    }
}

impl Host {
    /// Returns a worker that drives runs in this host: of all queues, and up to 16 at once.
    pub fn worker(&self) -> Worker {
        let (refused, found) = (BTreeMap::new(), Found::default());
        Worker { host: self.clone(), queues: BTreeSet::new(), at_once: 16, refused, found }
    }

    /// Returns, for each database of a journal in several that could not be reached when it was asked last, why. Runs in the
    /// others go on; those in it do once it answers again.
    pub fn unreachable(&self) -> Vec<Fault> {
        self.services.journal.unreachable()
    }
}

impl Worker {
    /// Takes only the runs of these queues: those whose label [`QUEUE`] is one of them.
    #[must_use]
    pub fn queues<Q: Into<String>>(self, queues: impl IntoIterator<Item = Q>) -> Self {
        Self { queues: queues.into_iter().map(Into::into).collect(), ..self }
    }

    /// Takes up no interrupted run while the host drives so many, and one at least. Runs that are due go on all the same.
    #[must_use]
    pub fn at_once(self, runs: usize) -> Self {
        Self { at_once: runs.max(1), ..self }
    }

    /// Takes up the runs that are due, and as many that are interrupted as there is room for: tenants ([`TENANT`]) take turns,
    /// the most urgent run of one ([`PRIORITY`]) comes first, and of those the oldest. Returns those that go on here, and those
    /// that cannot, which are then left alone for a minute. Where the last look has found many more than there is room for, a
    /// turn a moment later takes of those, and does not look for what is due. Of a journal in several databases, runs in those
    /// that answer are taken up; [`Host::unreachable`] names the others.
    ///
    /// # Errors
    ///
    /// A journal that fails. What was taken up before goes on.
    pub async fn turn(&mut self) -> Result<Vec<Fired>> {
        if self.host.services.driving.is_closing() {
            return Ok(Vec::new());
        }
        let now_ms = self.host.services.clock.now_ms();
        self.refused.retain(|_, until_ms| *until_ms > now_ms);
        if self.found.is_plenty(self.room(), now_ms) {
            let taken = self.take(now_ms).await;
            // Where others have taken all of it meanwhile, there may be more.
            if !taken.is_empty() {
                return Ok(taken);
            }
        }
        let mut taken = self.host.fire_due_of(&self.queues).await?;
        self.found = Found { runs: self.interrupted().await?, at_ms: now_ms, is_shared: false };
        taken.extend(self.take(now_ms).await);
        Ok(taken)
    }

    /// Takes up runs that were found, as many as there is room for, in the order of their turns.
    async fn take(&mut self, now_ms: u64) -> Vec<Fired> {
        let (mut wanted, mut taken) = (self.wanted().into_iter(), Vec::new());
        loop {
            let next: Vec<_> = wanted.by_ref().take(self.room().min(TOGETHER)).collect();
            if next.is_empty() {
                return taken;
            }
            let host = &self.host;
            let taking = next.into_iter().map(|(run, workflow)| async move {
                let resumed = host.take_over(run, &workflow).await;
                (run, resumed)
            });
            let resumed = join_all(taking).await;
            for (run, resumed) in resumed {
                self.found.runs.remove(&run);
                let fired = self.fired(run, resumed, now_ms);
                self.found.is_shared |= fired.is_none();
                taken.extend(fired);
            }
        }
    }

    /// Says of a run how it goes on here; nothing where it goes on elsewhere. One that cannot go on here is left alone for a while.
    fn fired(&mut self, run: RunId, resumed: Result<Option<Run>>, now_ms: u64) -> Option<Fired> {
        match resumed {
            // Another was faster.
            Err(fault) if is_busy(&fault) => None,
            Ok(None) => None,
            Ok(Some(resumed)) => Some(Fired { run, resumed: Ok(resumed) }),
            Err(fault) => {
                self.refused.insert(run, now_ms.saturating_add(REFUSED_MS));
                Some(Fired { run, resumed: Err(fault) })
            }
        }
    }

    /// Returns what was found in the order of its turns, with the names of the workflows: some more than there is room for, for
    /// other workers take some of it.
    fn wanted(&self) -> Vec<(RunId, String)> {
        let max = self.room().saturating_mul(2);
        // Of runs that are alike in all that decides, the first ones are enough.
        let mut alike = BTreeMap::new();
        let found = self.found.runs.iter().filter(|&(run, lane)| {
            let count: &mut usize = alike.entry((&lane.workflow, &lane.tenant, lane.priority)).or_default();
            let is_wanted = *count < max && !self.refused.contains_key(run);
            *count += usize::from(is_wanted);
            is_wanted
        });
        let found = found.map(|(run, lane)| (lane.clone(), (*run, lane.workflow.clone())));
        self.host.services.turns.first(found.collect(), max)
    }

    fn room(&self) -> usize {
        self.at_once.saturating_sub(self.host.services.driving.count())
    }

    /// Returns interrupted runs that may be taken; none where there is no room.
    async fn interrupted(&self) -> Result<BTreeMap<RunId, Lane>> {
        let mut found = BTreeMap::new();
        if self.room() == 0 {
            return Ok(found);
        }
        for labels in self.labels() {
            let all = Filter { labels, status: vec![Status::Interrupted], reachable: true, ..Filter::default() };
            found.extend(self.look(all).await?);
        }
        Ok(found)
    }

    /// Returns runs that a filter lets through, the oldest first; of many, those of each tenant and of each priority.
    async fn look(&self, all: Filter) -> Result<BTreeMap<RunId, Lane>> {
        // Those that are left alone take no room of others.
        let limit = RUNS_LOOKED_AT.saturating_add(self.refused.len());
        let all = Filter { sort: Sort::Started, limit: Some(limit), ..all };
        let mut found = self.page(&all).await?;
        if found.len() < limit {
            return Ok(found);
        }
        for priority in Priority::ALL {
            let mut filter = of_priority(all.clone(), priority);
            for _ in 0..TENANTS_LOOKED_AT {
                let page = self.page(&filter).await?;
                let tenants = page.values().map(|lane| lane.tenant.clone());
                filter.labels_besides.entry(TENANT.to_owned()).or_default().extend(tenants);
                let is_last = page.len() < limit;
                found.extend(page);
                if is_last {
                    break;
                }
            }
        }
        Ok(found)
    }

    async fn page(&self, filter: &Filter) -> Result<BTreeMap<RunId, Lane>> {
        let runs = self.host.services.journal.runs(filter).await?;
        let lanes = runs.iter().map(|summary| (summary.run_id, Lane::of(&summary.workflow, &summary.labels)));
        Ok(lanes.collect())
    }

    /// The labels of the runs of each queue.
    fn labels(&self) -> Vec<BTreeMap<String, String>> {
        if self.queues.is_empty() {
            return vec![BTreeMap::new()];
        }
        self.queues.iter().map(|queue| BTreeMap::from([(QUEUE.to_owned(), queue.clone())])).collect()
    }
}

/// Lets through the runs of one priority alone.
fn of_priority(mut filter: Filter, priority: Priority) -> Filter {
    match priority.label() {
        Some(label) => {
            filter.labels.insert(PRIORITY.to_owned(), label.to_owned());
        }
        None => {
            let others = Priority::ALL.into_iter().filter_map(Priority::label).map(str::to_owned);
            filter.labels_besides.insert(PRIORITY.to_owned(), others.collect());
        }
    }
    filter
}
