use serde::Serialize;
use serde_json::Value;
use stockade_workflow::{Approval, Budget, End, Exceeded, Fault, RunId, RunState, Status, Usage};

/// Everything about a run that a caller may want to know, as one document.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The run.
    pub run_id: RunId,
    /// Its workflow.
    pub workflow: String,
    /// What it is doing.
    pub status: Status,
    /// The name of its state.
    pub state: Option<String>,
    /// What it was started with.
    pub input: Value,
    /// What it ended with, if it is done.
    pub output: Option<Value>,
    /// Why it failed or is suspended, if it is.
    pub error: Option<Fault>,
    /// What a person is asked, if the run waits for one.
    pub approval: Option<Approval>,
    /// What it has spent.
    pub usage: Usage,
    /// What it may spend.
    pub budget: Budget,
    /// The lines that its workflow logged.
    pub log: Vec<String>,
}

impl From<&RunState> for Report {
    fn from(state: &RunState) -> Self {
        let (output, failure) = match state.end() {
            Some(End::Done(output)) => (Some(output.clone()), None),
            Some(End::Failed(fault)) => (None, Some(fault.clone())),
            None => (None, state.suspended().map(Exceeded::fault)),
        };
        Self {
            run_id: state.run(),
            workflow: state.workflow().to_owned(),
            status: state.status(),
            state: state.at().map(|(position, _)| position.to_owned()),
            input: state.input().clone(),
            output,
            error: failure,
            approval: state.open_approval().cloned(),
            usage: *state.ledger().spent(),
            budget: *state.ledger().budget(),
            log: state.log().to_vec(),
        }
    }
}
