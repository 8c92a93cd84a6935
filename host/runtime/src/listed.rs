//! A line about a run, with what the run waits for in words.

use serde::Serialize;
use stockade_workflow::RunState;

use crate::{Host, Result, Summary};

/// A line about a run, with what the run waits for in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The line.
    #[serde(flatten)]
    pub summary: Summary,
    /// What it waits for, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
}

impl Host {
    /// Says in words what the run of a line waits for. Only a run that waits is read.
    ///
    /// # Errors
    ///
    /// A run that cannot be read, or was removed meanwhile.
    pub async fn waits_for(&self, summary: &Summary) -> Result<Vec<String>> {
        if summary.waiting_for.is_empty() {
            return Ok(Vec::new());
        }
        Ok(words(&self.state(summary.run_id).await?))
    }
}

fn words(state: &RunState) -> Vec<String> {
    let people = state.open_approvals().map(|approval| format!("for a person: {}", approval.call));
    let doubts = state.open_doubts().map(|doubt| format!("for a person to settle {}: {}", doubt.key, doubt.call));
    let budget = state.suspended().map(|exceeded| format!("for its budget: {exceeded}"));
    let resume = state.paused().map(|stop| format!("to be resumed: paused {stop}"));
    people.chain(doubts).chain(state.waits().map(|wait| wait.to_string())).chain(budget).chain(resume).collect()
}
