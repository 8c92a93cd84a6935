use std::fmt;

use serde_json::Value;
use stockade_workflow::{Approval, End, Exceeded, Fault, Kind, RunId, RunState};
use tokio::task::JoinHandle;

use crate::Result;
use crate::executor::Driver;

/// A run that is under way. Dropping the handle does not stop it.
pub struct Run {
    id: RunId,
    driver: JoinHandle<Result<RunState>>,
}

impl Run {
    pub(crate) fn spawn(driver: Driver) -> Self {
        Self { id: driver.state().run(), driver: tokio::spawn(driver.drive()) }
    }

    /// Returns the run's id.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Waits until the run has ended, waits for a person, or is suspended.
    ///
    /// # Errors
    ///
    /// A journal that fails, or somebody else who went on with the run; it can be resumed then.
    pub async fn settled(self) -> Result<Outcome> {
        let state = self.driver.await.map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
        Outcome::of(&state?)
    }
}

/// How a run settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ended, with this output.
    Done(Value),
    /// It waits for a person to decide on this call.
    Waiting(Box<Approval>),
    /// Its budget ran out here; its state is intact.
    Suspended(Exceeded),
    /// It ended, with this fault.
    Failed(Fault),
}

impl Outcome {
    fn of(state: &RunState) -> Result<Self> {
        let waiting = state.open_approval().map(|approval| Self::Waiting(Box::new(approval.clone())));
        let settled = match (state.end(), state.suspended()) {
            (Some(End::Done(output)), _) => Some(Self::Done(output.clone())),
            (Some(End::Failed(fault)), _) => Some(Self::Failed(fault.clone())),
            (None, Some(exceeded)) => Some(Self::Suspended(*exceeded)),
            (None, None) => waiting,
        };
        settled.ok_or_else(|| Fault::new(Kind::HostBug, format!("run {} has not settled", state.run())))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(output) => write!(f, "done: {output}"),
            Self::Waiting(approval) => write!(f, "waiting for a person: {approval}"),
            Self::Suspended(exceeded) => write!(f, "suspended by its budget: {exceeded}"),
            Self::Failed(fault) => write!(f, "failed: {fault}"),
        }
    }
}
