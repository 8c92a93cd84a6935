//! A run as a task.

use serde_json::{Value, json};
use stockade::{ApprovalView, Doubt, Report, RunId, RunState, Status, rfc3339};

use super::CONTEXT;
use super::standing::Standing;
use crate::problem::words;
use crate::{page, protocols};

/// A run as a task, as it stands.
pub(crate) struct Task<'a> {
    /// The address of the server, as the client wrote it.
    base: &'a str,
    /// The number of the run's last entry, by which what is said is named.
    seq: u64,
    standing: Standing,
    report: Report,
}

impl<'a> Task<'a> {
    /// The task of a run of this state, which has this status: that of a run which no process drives is not in its state.
    pub(crate) fn of(base: &'a str, state: &RunState, status: Status) -> Self {
        let report = Report { status, ..Report::from(state) };
        Self { base, seq: state.seq(), standing: Standing::of(state), report }
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Value {
        let Report { run_id, workflow, status, .. } = &self.report;
        json!({
            "id": run_id, "contextId": self.context(), "status": self.status(None),
            "artifacts": self.artifact().into_iter().collect::<Vec<_>>(),
            "metadata": {"workflow": workflow, "status": status, "url": self.address(&page::run(*run_id))},
        })
    }

    /// What has changed at a time, as the events of a stream.
    pub(crate) fn changes(&self, at_ms: u64) -> Vec<Value> {
        let (task, context) = (self.report.run_id, self.context());
        let artifact = self.artifact().map(|artifact| {
            let last =
                json!({"taskId": task, "contextId": context, "artifact": artifact, "append": false, "lastChunk": true});
            json!({"artifactUpdate": last})
        });
        let status = json!({"taskId": task, "contextId": context, "status": self.status(Some(at_ms))});
        artifact.into_iter().chain([json!({"statusUpdate": status})]).collect()
    }

    /// The context that the client has named, or one of its own.
    fn context(&self) -> String {
        self.report.labels.get(CONTEXT).cloned().unwrap_or_else(|| self.report.run_id.to_string())
    }

    fn state(&self) -> &'static str {
        match self.report.status {
            Status::Waiting | Status::Suspended | Status::Paused if self.standing.needs_a_person() => {
                "TASK_STATE_INPUT_REQUIRED"
            }
            Status::Running | Status::Interrupted | Status::Waiting | Status::Suspended | Status::Paused => {
                "TASK_STATE_WORKING"
            }
            Status::Done => "TASK_STATE_COMPLETED",
            Status::Failed => "TASK_STATE_FAILED",
            Status::Stopped => "TASK_STATE_CANCELED",
        }
    }

    fn status(&self, at_ms: Option<u64>) -> Value {
        let mut status = json!({"state": self.state()});
        if let Some(members) = status.as_object_mut() {
            let parts = self.says();
            if !parts.is_empty() {
                members.insert("message".to_owned(), self.message(&parts));
            }
            if let Some(at_ms) = at_ms {
                members.insert("timestamp".to_owned(), rfc3339(at_ms).into());
            }
        }
        status
    }

    fn message(&self, parts: &[Value]) -> Value {
        let run = self.report.run_id;
        json!({
            "messageId": format!("{run}/{}", self.seq), "taskId": run, "contextId": self.context(), "role": "ROLE_AGENT",
            "parts": parts,
        })
    }

    /// Why it stands as it does, in the parts of a message.
    fn says(&self) -> Vec<Value> {
        let Report { run_id, status, error, stop, approvals, doubts, .. } = &self.report;
        let place = self.address(&page::run(*run_id));
        match status {
            Status::Waiting => {
                let open = approvals.iter().filter(|approval| self.standing.asks(&approval.key));
                let asked = open.flat_map(|approval| self.question(*run_id, approval));
                asked.chain(doubts.iter().map(|doubt| doubtful(doubt, &place))).collect()
            }
            Status::Suspended => {
                let why = error.as_ref().map_or("its budget is used up", words);
                vec![text(format!("{why}; a person adds to its budget at {place}"))]
            }
            Status::Paused | Status::Stopped => {
                stop.iter().map(|stop| text(format!("the task is {status} {stop}; see {place}"))).collect()
            }
            Status::Failed => error.iter().map(|fault| text(words(fault))).collect(),
            Status::Running | Status::Interrupted | Status::Done => Vec::new(),
        }
    }

    /// A question to a person: where it is decided, and what an approver needs who decides through this channel.
    fn question(&self, run: RunId, approval: &ApprovalView) -> [Value; 2] {
        let ApprovalView { key, reason, call, digest, decisions, expires_ms, .. } = approval;
        let place = self.address(&page::question(run, approval));
        let said = format!("{}.{} waits for a person: {reason}. A person decides at {place}", call.tool, call.function);
        let data = json!({
            "approval": key, "digest": digest, "tool": call.tool, "function": call.function, "arguments": call.arguments.value(),
            "decisions": decisions, "expires_ms": expires_ms, "url": place,
        });
        [text(said), json!({"data": data, "mediaType": "application/json"})]
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// What it has ended with: the answer of an agent as text, and the output as data.
    fn artifact(&self) -> Option<Value> {
        let output = self.report.output.as_ref()?;
        let is_data = output.string().is_none();
        let data = is_data.then(|| json!({"data": output.value(), "mediaType": "application/json"}));
        let parts: Vec<_> = protocols::answer(output).map(text).into_iter().chain(data).collect();
        Some(json!({"artifactId": "output", "name": "output", "parts": parts}))
    }
}

fn text(text: impl Into<String>) -> Value {
    json!({"text": text.into(), "mediaType": "text/plain"})
}

fn doubtful(Doubt { call, error, .. }: &Doubt, place: &str) -> Value {
    let (tool, function) = (&call.tool, &call.function);
    text(format!("whether {tool}.{function} happened is not known ({}); a person says so at {place}", words(error)))
}

#[cfg(test)]
mod tests {
    use stockade::{Change, End};

    use super::*;
    use crate::recorded::recorded;

    fn task(state: &RunState) -> Value {
        Task::of("http://localhost:7700", state, state.status()).whole()
    }

    #[test]
    fn a_run_that_asks_is_a_task_that_requires_input_and_names_where_a_person_decides() {
        let mut asked = 0;
        for run in recorded() {
            let (first, rest) = run.entries.split_first().unwrap();
            let mut state = RunState::create(first).unwrap();
            for entry in rest {
                state.apply(entry).unwrap();
                let told = task(&state)["status"].clone();
                let open: Vec<_> = state.open_approvals().collect();
                if let ([approval], Status::Waiting) = (&*open, state.status()) {
                    asked += 1;
                    assert_eq!(told["state"], "TASK_STATE_INPUT_REQUIRED", "{}", run.about);
                    let place = format!("http://localhost:7700/inbox#q-{}-{}", run.run, approval.digest().short());
                    let parts = &told["message"]["parts"];
                    assert!(parts[0]["text"].as_str().unwrap().ends_with(&place), "{parts}");
                    let data = &parts[1]["data"];
                    assert_eq!((&data["approval"], &data["url"]), (&json!(approval.key), &json!(place)));
                }
            }
        }
        assert!(asked > 0);
    }

    #[test]
    fn a_task_ends_as_its_run_does_and_has_the_output_as_its_artifact() {
        for run in recorded() {
            let state = RunState::fold(run.run, &run.entries).unwrap();
            let (told, last) = (task(&state), Task::of("", &state, state.status()).changes(1_000));
            let expected = match (state.status(), state.end()) {
                (Status::Stopped, _) => "TASK_STATE_CANCELED",
                (_, Some(End::Done(_))) => "TASK_STATE_COMPLETED",
                (_, Some(End::Failed(_))) => "TASK_STATE_FAILED",
                (_, None) => continue,
            };
            assert_eq!(told["status"]["state"], expected, "{}", run.about);
            let artifacts = told["artifacts"].as_array().unwrap();
            assert_eq!(artifacts.len(), usize::from(expected == "TASK_STATE_COMPLETED"), "{}", run.about);
            assert!(artifacts.iter().all(|artifact| !artifact["parts"].as_array().unwrap().is_empty()), "{told}");
            let status = &last.last().unwrap()["statusUpdate"];
            assert_eq!((last.len(), &status["status"]["state"]), (artifacts.len() + 1, &json!(expected)));
            assert_eq!(status["status"]["timestamp"], "1970-01-01T00:00:01Z");
        }
    }

    #[test]
    fn a_run_that_has_begun_is_a_task_at_work_in_a_context_of_its_own() {
        let run = recorded().swap_remove(0);
        let is_first = matches!(run.entries[0].change, Change::Created { .. });
        let told = task(&RunState::create(&run.entries[0]).unwrap());
        assert!(is_first && told["id"] == told["contextId"], "{told}");
        assert_eq!((&told["status"], &told["artifacts"]), (&json!({"state": "TASK_STATE_WORKING"}), &json!([])));
    }
}
