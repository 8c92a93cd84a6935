//! Runs as tasks: the id of a task is that of its run, and how it stands is what the journal says.

use rmcp::model::{DetailedTask, InputResponses, Task, TaskPayload, TaskStatus};
use serde_json::Value;
use stockade::{Filter, Right, RunState, Status, rfc3339};

use crate::Mcp;
use crate::client::Client;
use crate::refusal::{Answer, Refusal};
use crate::request_state::run_id;
use crate::resources;

/// How often a client may look, in milliseconds.
const POLL_MS: u64 = 1_000;

impl Mcp {
    /// Returns how a task of a client stands.
    pub(crate) async fn task(&self, client: &Client, id: &str) -> Answer<DetailedTask> {
        let state = resources::own(&self.host, &client.principal, run_id(id)?).await?;
        self.task_of(client, &state).await
    }

    /// Takes in what a client says of the questions of a task.
    pub(crate) async fn updated(&self, client: &Client, id: &str, responses: &InputResponses) -> Answer<()> {
        client.principal.check(Right::Operate)?;
        let state = resources::own(&self.host, &client.principal, run_id(id)?).await?;
        if !responses.is_empty() && self.questions(client, &state).is_none() {
            return Err(Refusal::params(format!("task {id} has answers to questions, and none is asked")));
        }
        self.heard(client, state.run(), responses).await
    }

    pub(crate) async fn task_of(&self, client: &Client, state: &RunState) -> Answer<DetailedTask> {
        let mut state = state.clone();
        let status = self.host.status(&mut state).await?;
        let (run, changed_ms) = (state.run(), self.changed_ms(&state).await?);
        let payload = self.payload(client, &state, status).await?;
        let task = Task::new(run.to_string(), TaskStatus::default(), rfc3339(state.created_ms()), rfc3339(changed_ms));
        let task = task.with_poll_interval_ms(POLL_MS).with_status_message(message(&state, status));
        Ok(DetailedTask::new(task, payload))
    }

    async fn payload(&self, client: &Client, state: &RunState, status: Status) -> Answer<TaskPayload> {
        Ok(match status {
            Status::Stopped => TaskPayload::Cancelled,
            // What a tool could not do is a result too, which says so.
            Status::Done | Status::Failed => {
                let result = self.outcomes().result(state.clone()).await?;
                let Ok(Value::Object(result)) = serde_json::to_value(result) else {
                    return Err(Refusal::Protocol(rmcp::ErrorData::internal_error(
                        "the result cannot be written",
                        None,
                    )));
                };
                TaskPayload::Completed { result }
            }
            Status::Waiting | Status::Suspended | Status::Paused | Status::Running | Status::Interrupted => {
                match self.questions(client, state) {
                    Some(input_requests) => TaskPayload::InputRequired { input_requests },
                    None => TaskPayload::Working,
                }
            }
        })
    }

    async fn changed_ms(&self, state: &RunState) -> Answer<u64> {
        let only = Filter { runs: Some(vec![state.run()]), limit: Some(1), ..Filter::default() };
        let found = self.host.runs(&only).await?;
        Ok(found.first().map_or_else(|| state.created_ms(), |summary| summary.updated_ms))
    }
}

fn message(state: &RunState, status: Status) -> String {
    match state.open_approval() {
        Some(question) => format!("a person has to decide on a call of \"{}\"", question.call.tool),
        None => status.to_string(),
    }
}
