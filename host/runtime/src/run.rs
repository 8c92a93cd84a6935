use std::fmt;

use serde_json::Value;
use stockade_workflow::{Approval, Doubt, End, Exceeded, Fault, Hint, Kind, RunId, RunState, Stop, Wait};
use tokio::task::{JoinError, JoinHandle};

use crate::Result;
use crate::executor::Driver;

/// A run that is in flight. Dropping the handle does not stop it.
pub struct Run {
    id: RunId,
    driver: JoinHandle<Result<RunState>>,
}

impl Run {
    pub(crate) fn spawn(driver: Driver) -> Self {
        Self { id: driver.state().run(), driver: driver.spawn() }
    }

    /// Returns the run's id.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Waits until the run has ended, waits for a person, a time, a signal or other runs, or is suspended.
    ///
    /// # Errors
    ///
    /// A journal that fails, or another process that went on with the run; it can be resumed then.
    pub async fn settled(self) -> Result<Outcome> {
        Outcome::of(&self.settled_state().await?)
    }

    /// Waits as [`Run::settled`] does, and returns the run as it then stands, whatever others do with it afterwards.
    ///
    /// # Errors
    ///
    /// As [`Run::settled`].
    pub async fn settled_state(self) -> Result<RunState> {
        let settled = self.driver.await.map_err(|error| ended(self.id, &error))?;
        settled.map_err(|fault| left_by(self.id, fault))
    }
}

/// Names the run where its journal fails, which is as it was when it was written last.
fn left_by(run: RunId, fault: Fault) -> Fault {
    if !fault.is_of_storage() {
        return fault;
    }
    fault.reworded(|why| format!("run {run} is interrupted: {why}")).hint(Hint::ResumeRun(run))
}

fn ended(run: RunId, error: &JoinError) -> Fault {
    if error.is_cancelled() {
        return Fault::new(Kind::Cancelled, format!("this host was told to drive run {run} no longer"));
    }
    Fault::new(Kind::HostBug, error.to_string())
}

/// How a run settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ended, with this output.
    Done(Value),
    /// It waits for a person to decide on this call.
    Waiting(Box<Approval>),
    /// It waits for a person to find out whether these calls happened.
    InDoubt(Vec<Doubt>),
    /// It waits for these times, signals, results of calls and runs, and no person.
    Parked(Vec<Wait>),
    /// Its budget ran out here; its state is intact.
    Suspended(Exceeded),
    /// It is paused, by this person; its state is intact.
    Paused(Stop),
    /// It ended, with this fault.
    Failed(Fault),
    /// It was ended by this person.
    Stopped(Stop),
}

impl Outcome {
    pub(crate) fn of(state: &RunState) -> Result<Self> {
        let (waits, doubts): (Vec<_>, Vec<_>) = (state.waits().collect(), state.open_doubts().cloned().collect());
        let waiting = match state.open_approval() {
            Some(approval) => Some(Self::Waiting(Box::new(approval.clone()))),
            None if !doubts.is_empty() => Some(Self::InDoubt(doubts)),
            None => (!waits.is_empty()).then_some(Self::Parked(waits)),
        };
        let stopped = || state.stopped().cloned().map(Self::Stopped);
        let settled = match (state.end(), state.suspended()) {
            (Some(End::Done(output)), _) => Some(Self::Done(output.value())),
            (Some(End::Failed(fault)), _) => stopped().or_else(|| Some(Self::Failed(fault.clone()))),
            (None, suspended) => {
                let suspended = || suspended.map(|exceeded| Self::Suspended(*exceeded));
                state.paused().cloned().map(Self::Paused).or_else(suspended).or(waiting)
            }
        };
        settled.ok_or_else(|| Fault::new(Kind::HostBug, format!("run {} has not settled", state.run())))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(output) => write!(f, "done: {output}"),
            Self::Waiting(approval) => write!(f, "waiting for a person: {approval}"),
            Self::InDoubt(doubts) => {
                let doubts: Vec<_> = doubts.iter().map(|doubt| doubt.error.message.as_str()).collect();
                write!(f, "waiting for a settlement: {}", doubts.join("; "))
            }
            Self::Parked(waits) => {
                let waits: Vec<_> = waits.iter().map(Wait::to_string).collect();
                write!(f, "waiting {}", waits.join("; "))
            }
            Self::Suspended(exceeded) => write!(f, "suspended by its budget: {exceeded}"),
            Self::Paused(stop) => write!(f, "paused {stop}"),
            Self::Failed(fault) => write!(f, "failed: {fault}"),
            Self::Stopped(stop) => write!(f, "stopped {stop}"),
        }
    }
}
