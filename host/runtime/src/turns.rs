//! How many runs a host drives at the same time, and whose turn is next.
//!
//! Tenants take turns: next is the one that has waited for longest since its last turn, with the most urgent of its runs, and of
//! those with the first one. So many runs of one tenant do not hold up those of another, and no tenant gains by saying that all of
//! its runs are urgent.

mod queue;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use self::queue::Queue;
use crate::config::Concurrency;

/// The name of the label that says whose run it is: tenants take turns.
pub const TENANT: &str = "tenant";

/// The name of the label that says how urgent a run is among those of its tenant: `high` or `low`; any other value, or none, is
/// between them.
pub const PRIORITY: &str = "priority";

/// Of how many tenants it is known when their last turn was; beyond it, all are as if they had had one at that moment.
const TENANTS_MAX: usize = 4_096;

/// How urgent a run is among those of its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    High,
    Usual,
    Low,
}

impl Priority {
    pub(crate) const ALL: [Self; 3] = [Self::High, Self::Usual, Self::Low];

    /// The value of the label; none where the label may be anything else, or absent.
    pub(crate) fn label(self) -> Option<&'static str> {
        match self {
            Self::High => Some("high"),
            Self::Usual => None,
            Self::Low => Some("low"),
        }
    }

    fn of(label: &str) -> Self {
        Self::ALL.into_iter().find(|priority| priority.label() == Some(label)).unwrap_or(Self::Usual)
    }
}

/// What decides when it is a run's turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) workflow: String,
    /// Empty where the run does not say whose it is.
    pub(crate) tenant: String,
    pub(crate) priority: Priority,
}

impl Lane {
    pub(crate) fn of(workflow: &str, labels: &BTreeMap<String, String>) -> Self {
        let label = |name: &str| labels.get(name).map(String::as_str).unwrap_or_default();
        Self {
            workflow: workflow.to_owned(),
            tenant: label(TENANT).to_owned(),
            priority: Priority::of(label(PRIORITY)),
        }
    }
}

/// The turns of the runs of a host.
#[derive(Default)]
pub(crate) struct Turns(Mutex<State>);

#[derive(Default)]
struct State {
    driven: Driven,
    waiting: Queue<oneshot::Sender<Turn>>,
    served: Served,
    is_closed: bool,
}

/// The runs that are driven now, and how many may be.
#[derive(Clone, Default)]
struct Driven {
    limits: Concurrency,
    runs: usize,
    of_tenants: BTreeMap<String, usize>,
    of_workflows: BTreeMap<String, usize>,
}

/// A run that waits for its turn, for as long as this is kept.
struct Waiting<'a> {
    turns: &'a Turns,
    lane: Lane,
    number: u64,
}

/// When each tenant had its last turn, by the number of that turn.
#[derive(Default)]
struct Served {
    turns: u64,
    /// Which turn was the last one when all were forgotten: none of those comes before one that waits since.
    forgotten: u64,
    last: BTreeMap<String, u64>,
}

/// A run's turn, for as long as this is kept.
pub(crate) struct Turn {
    turns: Arc<Turns>,
    lane: Lane,
}

impl Turns {
    pub(crate) fn new(limits: Concurrency) -> Self {
        let driven = Driven { limits, ..Driven::default() };
        Self(Mutex::new(State { driven, ..State::default() }))
    }

    /// Waits for a run's turn; none comes once there are no more.
    pub(crate) async fn next(self: &Arc<Self>, lane: Lane) -> Option<Turn> {
        let (tell, told) = oneshot::channel();
        let _waiting = self.waiting(lane, tell)?;
        self.hand_out();
        told.await.ok()
    }

    fn waiting(&self, lane: Lane, tell: oneshot::Sender<Turn>) -> Option<Waiting<'_>> {
        let mut state = self.state();
        let rank = state.served.rank(&lane.tenant);
        let number = (!state.is_closed).then(|| state.waiting.push(&lane, rank, tell))?;
        Some(Waiting { turns: self, lane, number })
    }

    /// Returns the first of these whose turn it would be now, in the order of their turns. Those of one tenant that are as urgent
    /// keep their order.
    pub(crate) fn first<T>(&self, mut wanted: Vec<(Lane, T)>, max: usize) -> Vec<T> {
        let state = self.state();
        let mut driven = state.driven.clone();
        wanted.sort_by_key(|(lane, _)| lane.priority);
        let mut tenants = BTreeMap::<(u64, String), VecDeque<_>>::new();
        for (lane, item) in wanted {
            let tenant = (state.served.rank(&lane.tenant), lane.tenant.clone());
            tenants.entry(tenant).or_default().push_back((lane, item));
        }
        let mut first = Vec::new();
        loop {
            let before = first.len();
            for queue in tenants.values_mut() {
                let fits = queue.iter().position(|(lane, _)| first.len() < max && driven.allows(lane));
                let Some((lane, item)) = fits.and_then(|place| queue.remove(place)) else { continue };
                driven.add(&lane);
                first.push(item);
            }
            if first.len() == before {
                return first;
            }
        }
    }

    /// Ends all waiting; no more turns are given.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut state = self.state();
            state.is_closed = true;
            std::mem::take(&mut state.waiting)
        };
        drop(waiting);
    }

    /// Gives turns to those that wait, as many as may be driven.
    fn hand_out(self: &Arc<Self>) {
        loop {
            let next = self.state().next();
            let Some((lane, tell)) = next else { return };
            // One that does not wait any more drops its turn, which then is another's.
            drop(tell.send(Turn { turns: Arc::clone(self), lane }));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the run out whose turn is next, if one may be driven.
    fn next(&mut self) -> Option<(Lane, oneshot::Sender<Turn>)> {
        let (lane, tell) = self.waiting.next(&self.driven)?;
        self.driven.add(&lane);
        let rank = self.served.note(&lane.tenant);
        self.waiting.served(&lane.tenant, rank);
        Some((lane, tell))
    }
}

impl Driven {
    fn allows(&self, lane: &Lane) -> bool {
        self.has_room() && self.allows_tenant(&lane.tenant) && self.allows_workflow(&lane.workflow)
    }

    fn has_room(&self) -> bool {
        fits(self.runs, self.limits.runs.as_ref())
    }

    fn allows_tenant(&self, tenant: &str) -> bool {
        fits(self.of_tenants.get(tenant).copied().unwrap_or_default(), self.limits.tenant.as_ref())
    }

    fn allows_workflow(&self, workflow: &str) -> bool {
        let count = self.of_workflows.get(workflow).copied().unwrap_or_default();
        fits(count, self.limits.workflow.get(workflow))
    }

    fn add(&mut self, lane: &Lane) {
        self.runs += 1;
        *self.of_tenants.entry(lane.tenant.clone()).or_default() += 1;
        *self.of_workflows.entry(lane.workflow.clone()).or_default() += 1;
    }

    fn remove(&mut self, lane: &Lane) {
        self.runs = self.runs.saturating_sub(1);
        for (counts, name) in [(&mut self.of_tenants, &lane.tenant), (&mut self.of_workflows, &lane.workflow)] {
            if let Some(count) = counts.get_mut(name) {
                *count = count.saturating_sub(1);
            }
            counts.retain(|_, count| *count > 0);
        }
    }
}

/// Whether one more is within a limit.
fn fits(count: usize, max: Option<&NonZeroU32>) -> bool {
    max.is_none_or(|max| count < max.get() as usize)
}

impl Served {
    /// Which tenant comes first: the lowest.
    fn rank(&self, tenant: &str) -> u64 {
        self.last.get(tenant).copied().unwrap_or(self.forgotten)
    }

    /// Notes a turn, and returns which one it is.
    fn note(&mut self, tenant: &str) -> u64 {
        if self.last.len() >= TENANTS_MAX && !self.last.contains_key(tenant) {
            self.last.clear();
            self.forgotten = self.turns;
        }
        self.turns += 1;
        self.last.insert(tenant.to_owned(), self.turns);
        self.turns
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turns.state().waiting.remove(&self.lane, self.number);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.state().driven.remove(&self.lane);
        self.turns.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn lane(tenant: &str, priority: Priority) -> Lane {
        Lane { workflow: "w".to_owned(), tenant: tenant.to_owned(), priority }
    }

    fn usual(tenant: &str) -> Lane {
        lane(tenant, Priority::Usual)
    }

    fn limits(runs: u32, tenant: u32, workflow: u32) -> Concurrency {
        let some = NonZeroU32::new;
        let workflow = some(workflow).map(|count| ("w".to_owned(), count)).into_iter().collect();
        Concurrency { runs: some(runs), tenant: some(tenant), workflow }
    }

    fn turns(runs: u32, tenant: u32, workflow: u32) -> Arc<Turns> {
        Arc::new(Turns::new(limits(runs, tenant, workflow)))
    }

    /// Takes a turn that is there.
    fn taken(turns: &Arc<Turns>, lane: Lane) -> Turn {
        turns.next(lane).now_or_never().flatten().unwrap()
    }

    #[test]
    fn tenants_take_turns_however_many_runs_one_has() {
        let turns = turns(0, 0, 0);
        let mut wanted: Vec<_> = (0..1_000).map(|number| (usual("a"), ("a", number))).collect();
        wanted.extend((0..2).map(|number| (usual("b"), ("b", number))));
        let first = turns.first(wanted.clone(), 6);
        assert_eq!(first, [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("a", 3)]);
        drop(taken(&turns, usual("a")));
        assert_eq!(turns.first(wanted.clone(), 1), [("b", 0)], "it is the other one's turn");
        drop(taken(&turns, usual("b")));
        assert_eq!(turns.first(wanted, 1), [("a", 0)]);
    }

    #[test]
    fn a_tenant_that_waits_is_not_behind_those_that_were_forgotten() {
        let mut served = Served::default();
        let first = served.note("a");
        for number in 0..2 * TENANTS_MAX {
            served.note(&number.to_string());
        }
        assert!(served.rank("new") > first);
    }

    #[test]
    fn an_urgent_run_comes_first_among_those_of_its_tenant_alone() {
        let turns = turns(0, 0, 0);
        let wanted = [("a", Priority::Low), ("a", Priority::Usual), ("b", Priority::Low), ("a", Priority::High)];
        let wanted =
            wanted.into_iter().enumerate().map(|(number, (tenant, priority))| (lane(tenant, priority), number));
        assert_eq!(turns.first(wanted.collect(), 9), [3, 2, 1, 0]);
    }

    #[test]
    fn no_more_runs_are_first_than_may_be_driven() {
        let wanted = || ["a", "a", "a", "b"].into_iter().enumerate().map(|(number, tenant)| (usual(tenant), number));
        for (turns, first) in [
            (turns(2, 0, 0), vec![0, 3]),
            (turns(0, 2, 0), vec![0, 3, 1]),
            (turns(0, 0, 3), vec![0, 3, 1]),
            (turns(0, 0, 0), vec![0, 3, 1, 2]),
        ] {
            assert_eq!(turns.first(wanted().collect(), 9), first);
            let _driven = taken(&turns, usual("c"));
            assert!(turns.first(wanted().collect(), 9).len() <= first.len());
        }
    }

    #[tokio::test]
    async fn a_run_waits_until_another_is_driven_no_more_and_tenants_take_turns() {
        let turns = turns(1, 0, 0);
        let mut turn = Some(taken(&turns, usual("a")));
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        for lane in [usual("a"), usual("a"), lane("a", Priority::High), usual("b"), usual("b")] {
            let (turns, tell) = (Arc::clone(&turns), tell.clone());
            tokio::spawn(async move {
                let turn = turns.next(lane.clone()).await.unwrap();
                tell.send((lane, turn)).unwrap();
            });
            tokio::task::yield_now().await;
        }
        let mut order = Vec::new();
        for _ in 0..5 {
            assert!(told.try_recv().is_err(), "one at a time");
            drop(turn.take());
            let (lane, next) = told.recv().await.unwrap();
            order.push((lane.tenant, lane.priority));
            turn = Some(next);
        }
        let of = |tenant: &str, priority| (tenant.to_owned(), priority);
        let (high, usual) = (Priority::High, Priority::Usual);
        assert_eq!(order, [of("b", usual), of("a", high), of("b", usual), of("a", usual), of("a", usual)]);
    }

    #[tokio::test]
    async fn a_turn_of_one_that_waits_no_more_is_another_s() {
        let turns = turns(1, 0, 0);
        let turn = taken(&turns, usual("a"));
        let (gone, waits) = (turns.next(usual("b")), turns.next(usual("c")));
        let (mut gone, mut waits) = (Box::pin(gone), Box::pin(waits));
        assert!(gone.as_mut().now_or_never().is_none() && waits.as_mut().now_or_never().is_none());
        drop(gone);
        drop(turn);
        assert!(waits.await.is_some());
        assert!(turns.next(usual("a")).now_or_never().flatten().is_some(), "it was given back");
    }

    #[tokio::test]
    async fn a_run_waits_no_more_once_there_are_no_more_turns() {
        let turns = turns(1, 0, 0);
        let _turn = taken(&turns, usual("a"));
        let waiting = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.next(usual("b")).await.is_none() }
        });
        tokio::task::yield_now().await;
        turns.close();
        assert!(waiting.await.unwrap() && turns.next(usual("a")).await.is_none());
    }
}
