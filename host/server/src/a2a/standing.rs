use stockade::{RunState, Status};

/// How a run stands, as far as a client of A2A is told: of two that are alike, the second one is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    status: Status,
    /// The keys of the questions and the calls in doubt that a person is waited for.
    asks: Vec<String>,
}

impl Standing {
    pub(crate) fn of(state: &RunState) -> Self {
        let questions = state.open_approvals().map(|approval| approval.key.clone());
        let doubts = state.open_doubts().map(|doubt| doubt.key.clone());
        Self { status: state.status(), asks: questions.chain(doubts).collect() }
    }

    /// Returns whether a person is waited for because of this question or call in doubt.
    pub(crate) fn asks(&self, key: &str) -> bool {
        self.asks.iter().any(|asked| asked == key)
    }

    /// Returns whether the run does nothing more until a person has done something.
    pub(crate) fn needs_a_person(&self) -> bool {
        match self.status {
            Status::Waiting => !self.asks.is_empty(),
            Status::Suspended | Status::Paused => true,
            Status::Running | Status::Interrupted | Status::Done | Status::Failed | Status::Stopped => false,
        }
    }
}
