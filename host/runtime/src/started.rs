use stockade_workflow::{RunId, RunState};

use crate::{Outcome, Result, Run, RunHandle};

/// What became of the start of a run.
pub enum Started {
    /// The run is new.
    New {
        /// The run, which is in flight here.
        run: Run,
        /// How it stood when it was in the journal, before anything went on with it.
        begun: Box<RunState>,
    },
    /// The run was started under its key before, perhaps by another process.
    Before(RunHandle),
}

impl Started {
    /// Returns the run's id.
    pub fn id(&self) -> RunId {
        match self {
            Self::New { run, .. } => run.id(),
            Self::Before(run) => run.id(),
        }
    }

    /// Waits until the run has ended, waits for something, or is suspended.
    ///
    /// # Errors
    ///
    /// As [`Run::settled`] and [`RunHandle::settled`].
    pub async fn settled(self) -> Result<Outcome> {
        Outcome::of(&self.settled_state().await?)
    }

    /// Waits as [`Started::settled`] does, and returns the run as it then stands.
    ///
    /// # Errors
    ///
    /// As [`Started::settled`].
    pub async fn settled_state(self) -> Result<RunState> {
        match self {
            Self::New { run, .. } => run.settled_state().await,
            Self::Before(run) => run.settled_state().await,
        }
    }
}
