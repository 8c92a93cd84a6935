//! The runs that something waits for which is there: a time that has come, a signal that was sent, a run that has ended.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use stockade_journal::{Row, index};
use stockade_workflow::{Fault, Kind, RunId, SIGNALS_KEPT_MAX, Signal};
use tokio::task::JoinHandle;

use crate::executor::stop_all;
use crate::lease::is_busy;
use crate::new_signal::NewSignal;
use crate::{Host, Result, Run, inbox, orders};

/// How many runs go on at once because they are due; further ones are due the next time.
const FIRED_MAX: usize = 256;

/// How many runs are taken up side by side: a journal writes what is claimed together in one transaction.
pub(crate) const TOGETHER: usize = 16;

/// How often [`Host::timers`] looks for what is due.
const LOOK: Duration = Duration::from_millis(500);

/// For how long a due run is left alone that cannot go on here.
const REFUSED_MS: u64 = 60_000;

/// How often and how long a signal waits for the driver of the run to take it in: two seconds in all.
const DELIVERY_TRIES: u32 = 40;
const DELIVERY_PAUSE: Duration = Duration::from_millis(50);

/// A run that was due, and goes on here, or why it cannot.
pub struct Fired {
    /// The run.
    pub run: RunId,
    /// The run in flight.
    pub resumed: Result<Run>,
}

/// Lets runs go on when they are due, for as long as it is kept.
#[must_use = "runs go on by themselves for as long as this is kept"]
pub struct Timers([JoinHandle<()>; 2]);

impl Host {
    /// Sends a run a signal, and goes on with the run unless another process drives it.
    ///
    /// The signal is durable when this returns. One that comes before the workflow awaits it is kept until it does. Returns
    /// the run if it goes on here.
    ///
    /// # Errors
    ///
    /// An unknown run, a workflow that is not registered here, a journal that fails. Kind [`Kind::Invalid`] with detail
    /// `signal` where the signal is too long, or does not fit what the run waits for. Kind [`Kind::Conflict`] where the run
    /// has ended, keeps too many signals, or was sent another one under the same key. Where the run cannot be resumed
    /// although the signal may be sent, the signal is kept all the same.
    pub async fn signal(&self, run: RunId, signal: NewSignal) -> Result<Option<Run>> {
        let (signal, journal) = (signal.at(self.services.clock.now_ms()), &*self.services.journal);
        let state = self.state(run).await?;
        self.machine(state.workflow())?;
        if !state.check_signal(&signal)? {
            return Ok(None);
        }
        if state.signals().len() + inbox::keys(journal, run).await?.len() >= SIGNALS_KEPT_MAX {
            let message = format!("run {run} keeps {SIGNALS_KEPT_MAX} signals that it has not awaited, and no more");
            return Err(Fault::new(Kind::Conflict, message).detail("signals"));
        }
        inbox::put(journal, run, &signal).await?;
        self.deliver(run, &signal).await
    }

    /// Goes on with a run that was sent a signal, or waits a while until its driver has taken the signal in. A paused run takes
    /// it in once it is resumed.
    async fn deliver(&self, run: RunId, signal: &Signal) -> Result<Option<Run>> {
        for _ in 0..DELIVERY_TRIES {
            match self.wake(run).await {
                Err(fault) if is_busy(&fault) => tokio::time::sleep(DELIVERY_PAUSE).await,
                woken => return woken,
            }
            if !inbox::keys(&*self.services.journal, run).await?.contains(&signal.key) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Goes on with the runs that are due: a time that they wait for has come, a deadline has passed, a signal is there, or a run
    /// has ended that they have started. Runs that another process drives are left to it. Of many, the tenants' take turns, and
    /// no more go on than may be driven at the same time.
    ///
    /// # Errors
    ///
    /// A journal that fails. A run that cannot go on does not keep the others from it.
    pub async fn fire_due(&self) -> Result<Vec<Fired>> {
        self.fire_due_of(&BTreeSet::new()).await
    }

    /// Does as [`Host::fire_due`] does with the runs of some queues; of all, where none is named.
    pub(crate) async fn fire_due_of(&self, queues: &BTreeSet<String>) -> Result<Vec<Fired>> {
        let (due, mut fired) = self.due(queues, FIRED_MAX).await?;
        for due in due.chunks(TOGETHER) {
            let runs: Vec<_> = due.iter().map(|due| due.run).collect();
            let woken = join_all(runs.into_iter().map(|run| self.wake(run))).await;
            for (due, woken) in due.iter().zip(woken) {
                let run = due.run;
                match woken {
                    // Its driver sees what is due, too.
                    Err(fault) if is_busy(&fault) => {}
                    Ok(Some(resumed)) => fired.push(Fired { run, resumed: Ok(resumed) }),
                    // A paused run looks for itself once it is resumed.
                    Ok(None) => self.put_off_run(due).await?,
                    Err(fault) => {
                        self.put_off_run(due).await?;
                        fired.push(Fired { run, resumed: Err(fault) });
                    }
                }
            }
        }
        self.fire_orders().await?;
        Ok(fired)
    }

    /// Stops the runs that no driver has stopped for which the runs do not wait any more that have started them.
    async fn fire_orders(&self) -> Result<()> {
        for row in self.due_rows(orders::SPACE).await? {
            let Some(run) = row.tie.run() else { continue };
            // A driver sees the order by itself.
            if !self.services.journal.is_held(run).await? {
                stop_all(&self.services, vec![run]);
            }
        }
        Ok(())
    }

    /// Looks at a due row again later, so that it does not keep others from their turn.
    pub(crate) async fn put_off(&self, seen: Row) -> Result<()> {
        let (due_ms, value) = (self.services.clock.now_ms().saturating_add(REFUSED_MS), seen.value.clone());
        // Another host, or the run's own driver, may have been faster.
        index::replace(&*self.services.journal, seen, Some(due_ms), value).await.map(drop)
    }

    /// Lets runs go on, and those of schedules start, by themselves when they are due, and tells those who are to be told, for as
    /// long as what this returns is kept and the host is not shut down. Needs a Tokio runtime.
    pub fn timers(&self) -> Timers {
        Timers([self.repeated(Self::fire_all), self.repeated(Self::notify_all)])
    }

    /// Does something every half a second.
    fn repeated<F: Future<Output = ()> + Send + 'static>(&self, act: fn(Self) -> F) -> JoinHandle<()> {
        let services = Arc::downgrade(&self.services);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(services) = services.upgrade().filter(|services| !services.driving.is_closing()) else {
                    return;
                };
                act(Self { services }).await;
            }
        })
    }

    /// A journal that fails now may not fail the next time; what is due stays due.
    async fn fire_all(self) {
        let _ = self.fire_schedules().await;
        let _ = self.fire_due().await;
    }

    /// A server that is slow to take a message keeps no run from going on.
    async fn notify_all(self) {
        let _ = self.notify().await;
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
