//! The runs that this host drives now: who waits for them learns of each commit, and their drivers are told to stop.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stockade_workflow::{Fault, Kind, RunId};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::Result;
use crate::orders::Order;
use crate::processor::Processor;

/// How often a run is looked at in the journal that another process may drive.
const POLL: Duration = Duration::from_millis(500);

/// The runs that this host drives.
#[derive(Default)]
pub(crate) struct Driving {
    runs: Mutex<BTreeMap<RunId, Driven>>,
    is_closing: AtomicBool,
    /// Is told whenever a run has left.
    left: watch::Sender<()>,
    /// How many tasks go on with runs.
    busy: watch::Sender<usize>,
    /// Whose run goes on first.
    pub(crate) processor: Arc<Processor>,
}

struct Driven {
    /// The number of the run's last entry in the journal.
    committed: watch::Sender<u64>,
    /// Absent while the run's first commit is made.
    task: Option<AbortHandle>,
    /// What a person wants of it.
    order: watch::Sender<Option<Order>>,
}

/// Keeps a run among those that are driven.
pub(crate) struct Place {
    driving: Arc<Driving>,
    run: RunId,
}

impl Driving {
    /// Adds a run; it leaves when the place is dropped.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`]: with detail `closing` where the host is shutting down, with detail `busy` where it drives
    /// the run already.
    pub(crate) fn enter(self: &Arc<Self>, run: RunId) -> Result<Place> {
        let mut runs = self.runs();
        self.check_open()?;
        if runs.contains_key(&run) {
            let message = format!("run {run} is driven by this host already; wait until it is not");
            return Err(Fault::new(Kind::Conflict, message).detail("busy"));
        }
        runs.insert(run, Driven { committed: watch::Sender::new(0), task: None, order: watch::Sender::new(None) });
        Ok(Place { driving: Arc::clone(self), run })
    }

    /// Checks that runs may be driven.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] with detail `closing` where the host is shutting down.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.is_closing() { Err(closing()) } else { Ok(()) }
    }

    /// Counts a task that goes on with a run, for as long as what this returns is kept.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.send_modify(|tasks| *tasks += 1);
        Busy(Arc::clone(self))
    }

    /// Returns once no task goes on with any run.
    pub(crate) async fn idle(&self) {
        // The sender is this one's own.
        let _ = self.busy.subscribe().wait_for(|tasks| *tasks == 0).await;
    }

    /// Whether a run is driven here.
    pub(crate) fn has(&self, run: RunId) -> bool {
        self.runs().contains_key(&run)
    }

    /// Whether no run may begin anything new.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// Returns how many runs there are.
    pub(crate) fn count(&self) -> usize {
        self.runs().len()
    }

    /// Returns what waits for the next change of a run: begin to wait before the run is read.
    pub(crate) fn next_change(&self, run: RunId) -> NextChange {
        NextChange(self.runs().get(&run).map(|driven| driven.committed.subscribe()))
    }

    /// Tells the driver of a run what a person wants. One that is not driven here is not told.
    pub(crate) fn order(&self, run: RunId, order: &Order) {
        if let Some(driven) = self.runs().get(&run) {
            driven.order.send_if_modified(|given| {
                let is_new = given.as_ref().is_none_or(|before| order.outranks(before));
                if is_new {
                    *given = Some(order.clone());
                }
                is_new
            });
        }
    }

    /// Ends the driving of a run at once, as a crash would, and waits until it has ended. One that is not driven here stays
    /// as it is.
    pub(crate) async fn abort(&self, run: RunId) {
        let mut left = self.left.subscribe();
        while let Some(task) = self.task(run) {
            if let Some(task) = task {
                task.abort();
            }
            // The sender is this one's own.
            let _ = tokio::time::timeout(POLL, left.changed()).await;
        }
    }

    /// Lets no run begin anything new.
    pub(crate) fn begin_closing(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
    }

    /// Lets no run begin anything new, waits until each has finished what is in flight, and ends those that take longer.
    /// Returns the latter.
    pub(crate) async fn close(&self, grace: Duration) -> Vec<RunId> {
        self.begin_closing();
        let mut left = self.left.subscribe();
        let all_left = async { while !self.runs().is_empty() && left.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(grace, all_left).await;
        let late: Vec<_> = self.runs().keys().copied().collect();
        for run in &late {
            self.abort(*run).await;
        }
        late
    }

    fn task(&self, run: RunId) -> Option<Option<AbortHandle>> {
        self.runs().get(&run).map(|driven| driven.task.clone())
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<RunId, Driven>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Names the task that drives the run.
    pub(crate) fn driven_by(driving: &Driving, run: RunId, task: AbortHandle) {
        if let Some(driven) = driving.runs().get_mut(&run) {
            driven.task = Some(task);
        }
    }

    /// Returns what is ordered of the run in this process.
    pub(crate) fn orders(&self) -> watch::Receiver<Option<Order>> {
        let runs = self.driving.runs();
        runs.get(&self.run).map_or_else(|| watch::Sender::new(None).subscribe(), |driven| driven.order.subscribe())
    }

    /// Says that the journal has the run's entries up to this one.
    pub(crate) fn committed(&self, seq: u64) {
        if let Some(driven) = self.driving.runs().get(&self.run) {
            driven.committed.send_replace(seq);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.driving.runs().remove(&self.run);
        self.driving.left.send_replace(());
    }
}

/// A task that goes on with a run.
pub(crate) struct Busy(Arc<Driving>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.send_modify(|tasks| *tasks = tasks.saturating_sub(1));
    }
}

/// Waits for a run to change.
pub(crate) struct NextChange(Option<watch::Receiver<u64>>);

impl NextChange {
    /// Returns when the run has changed, or may have: another process tells nothing.
    pub(crate) async fn wait(self) {
        let told = async {
            match self.0 {
                Some(mut committed) => drop(committed.changed().await),
                None => std::future::pending().await,
            }
        };
        let _ = tokio::time::timeout(POLL, told).await;
    }
}

fn closing() -> Fault {
    Fault::new(Kind::Conflict, "this host is shutting down; resume the run in another one").detail("closing")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> RunId {
        uuid::Uuid::now_v7().into()
    }

    #[tokio::test]
    async fn a_run_is_driven_once_until_it_leaves() {
        let (driving, run) = (Arc::new(Driving::default()), run());
        let place = driving.enter(run).unwrap();
        assert_eq!(driving.enter(run).err().unwrap().detail.as_deref(), Some("busy"));
        drop(place);
        assert!(driving.enter(run).is_ok());
    }

    #[tokio::test]
    async fn a_host_is_idle_once_its_last_task_has_ended() {
        let driving = Arc::new(Driving::default());
        driving.idle().await;
        let (one, other) = (driving.busy(), driving.busy());
        let waiting = tokio::spawn(async move { driving.idle().await });
        drop(one);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(other);
        waiting.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_closing_host_waits_for_its_runs_and_ends_the_late_ones() {
        let driving = Arc::new(Driving::default());
        let (quick, late) = (run(), run());
        let (quick_place, late_place) = (driving.enter(quick).unwrap(), driving.enter(late).unwrap());
        let task = tokio::spawn(async move {
            let _place = late_place;
            std::future::pending::<()>().await;
        });
        Place::driven_by(&driving, late, task.abort_handle());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(quick_place);
        });
        assert_eq!(driving.close(Duration::from_secs(5)).await, [late]);
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(driving.enter(run()).err().unwrap().detail.as_deref(), Some("closing"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_learns_of_a_commit_at_once_and_of_another_process_by_looking() {
        let (driving, run) = (Arc::new(Driving::default()), run());
        let place = driving.enter(run).unwrap();
        let (next, begun) = (driving.next_change(run), tokio::time::Instant::now());
        place.committed(3);
        next.wait().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        drop(place);
        driving.next_change(run).wait().await;
        assert_eq!(begun.elapsed(), POLL);
    }
}
