//! What is told of a run as events of AG-UI, without any input or output.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use serde_json::{Value, json};
use stockade::{
    Approval, Change, Decision, Effect, EffectKind, EffectOutcome, End, Entry, Event, Fault, Json, RunId, RunState,
    Status, ToolCall, ToolOutcome, Verdict, Waited, rfc3339,
};

use super::interrupt::Interrupt;
use crate::problem::words;
use crate::protocols;

/// The version of the protocol.
const VERSION: &str = "1.0";

/// What a client of AG-UI is told of one run: it knows the run's steps, its calls of tools, and what people are asked.
pub(crate) struct Telling {
    thread: String,
    /// The client's name of this stream: each answer to a question begins another one.
    turn: String,
    run: RunId,
    state: Option<RunState>,
    step: Option<String>,
    /// The keys of the calls that were begun.
    begun: BTreeSet<String>,
    /// The questions by the keys of the calls that they allow: such a call goes on under the name of its question.
    questions: BTreeMap<String, String>,
}

impl Telling {
    /// Tells of a run from its beginning on, or from this state on.
    pub(crate) fn new(thread: String, turn: String, run: RunId, state: Option<RunState>) -> Self {
        let asked = state.iter().flat_map(RunState::approvals).map(|approval| approval.key.clone());
        let begun = asked.collect();
        Self { thread, turn, run, state, step: None, begun, questions: BTreeMap::new() }
    }

    /// Returns the run.
    pub(crate) fn run(&self) -> RunId {
        self.run
    }

    /// Returns the number of the last entry that was told.
    pub(crate) fn seq(&self) -> u64 {
        self.state.as_ref().map_or(0, RunState::seq)
    }

    /// Returns whether the run does nothing more until a person has decided, or has added to its budget.
    pub(crate) fn stands_still(&self) -> bool {
        self.state.as_ref().is_some_and(|state| match state.status() {
            Status::Waiting => state.open_approvals().next().is_some(),
            Status::Suspended => true,
            Status::Running
            | Status::Interrupted
            | Status::Paused
            | Status::Done
            | Status::Failed
            | Status::Stopped => false,
        })
    }

    /// The first events.
    pub(crate) fn beginning(&self) -> Vec<Value> {
        let Self { thread, turn, run, .. } = self;
        vec![
            json!({"type": "RUN_STARTED", "threadId": thread, "runId": turn, "protocolVersion": VERSION}),
            json!({"type": "CUSTOM", "name": "stockade.run", "value": {"run_id": run}}),
        ]
    }

    /// Returns the events of the next entry.
    ///
    /// # Errors
    ///
    /// The entry cannot follow.
    pub(crate) fn entry(&mut self, entry: &Entry) -> stockade::Result<Vec<Value>> {
        match &mut self.state {
            Some(state) => state.apply(entry)?,
            None => self.state = Some(RunState::fold(self.run, slice::from_ref(entry))?),
        }
        let mut told = self.change(&entry.change);
        for members in told.iter_mut().filter_map(Value::as_object_mut) {
            members.insert("timestamp".to_owned(), entry.at_ms.into());
        }
        Ok(told)
    }

    fn change(&mut self, change: &Change) -> Vec<Value> {
        match change {
            Change::Stepped { event, position, effects, .. } => {
                let mut told = self.event(event);
                told.extend(self.steps_to(position));
                for effect in effects {
                    told.extend(self.wanted(effect));
                }
                told
            }
            Change::Asked { approval, .. } | Change::AskedInCode { approval, .. } => {
                self.begins(&approval.key, &approval.call)
            }
            Change::AnsweredInCode { key, outcome } => self.outcome(key, outcome),
            Change::Calling { key, number, call } => self.begins(&format!("{key}/{number}"), call),
            Change::Called { key, number, call, outcome, .. } => {
                let key = format!("{key}/{number}");
                let mut told = self.begins(&key, call);
                told.push(self.result(&key, &written(outcome)));
                told
            }
            Change::Created { .. }
            | Change::Reserved { .. }
            | Change::Renewed { .. }
            | Change::Overdue { .. }
            | Change::Voted { .. }
            | Change::Revoked { .. }
            | Change::Signalled { .. }
            | Change::ChildStarted { .. }
            | Change::ChildEnded { .. }
            | Change::Retried { .. }
            | Change::Suspended { .. }
            | Change::Deferred { .. }
            | Change::Lost { .. }
            | Change::Doubted { .. }
            | Change::Later { .. }
            | Change::Settled { .. }
            | Change::Extended { .. }
            | Change::Paused { .. }
            | Change::Resumed
            | Change::Stopped { .. }
            | Change::Expired { .. }
            | Change::Undone { .. }
            | Change::Broken { .. } => Vec::new(),
        }
    }

    fn event(&self, event: &Event) -> Vec<Value> {
        event.outcome().map_or_else(Vec::new, |(key, outcome)| self.outcome(key, outcome))
    }

    fn outcome(&self, key: &str, outcome: &EffectOutcome) -> Vec<Value> {
        let result = match outcome {
            EffectOutcome::ToolReturned(outcome) => Some(written(outcome)),
            EffectOutcome::Decided { decision } => in_its_place(decision),
            EffectOutcome::Waited(Waited::TimedOut { .. }) if self.begun.contains(key) => {
                Some("no person decided in time".to_owned())
            }
            EffectOutcome::Waited(_)
            | EffectOutcome::CodeFinished(_)
            | EffectOutcome::ModelReplied(_)
            | EffectOutcome::Remembered(_)
            | EffectOutcome::Recalled(_)
            | EffectOutcome::ResultRead(_)
            | EffectOutcome::RunsEnded(_) => None,
        };
        result.map(|result| self.result(key, &result)).into_iter().collect()
    }

    fn wanted(&mut self, effect: &Effect) -> Vec<Value> {
        match &effect.kind {
            EffectKind::CallTool { call, approval: Some(question) } => {
                self.questions.insert(effect.key.clone(), question.clone());
                self.begins(question, call)
            }
            EffectKind::CallTool { call, approval: None } | EffectKind::RequestApproval { call, .. } => {
                self.begins(&effect.key, call)
            }
            EffectKind::RunCode(_)
            | EffectKind::AskModel(_)
            | EffectKind::Remember(_)
            | EffectKind::Recall(_)
            | EffectKind::ReadResult(_)
            | EffectKind::Sleep(_)
            | EffectKind::AwaitSignal(_)
            | EffectKind::StartRuns(_) => Vec::new(),
        }
    }

    fn steps_to(&mut self, position: &str) -> Vec<Value> {
        if self.step.as_deref() == Some(position) {
            return Vec::new();
        }
        let mut told = self.leaves_step();
        told.push(json!({"type": "STEP_STARTED", "stepName": position}));
        self.step = Some(position.to_owned());
        told
    }

    fn leaves_step(&mut self) -> Vec<Value> {
        let left = self.step.take().map(|step| json!({"type": "STEP_FINISHED", "stepName": step}));
        left.into_iter().collect()
    }

    /// A call begins, if it has not been told of before.
    fn begins(&mut self, key: &str, call: &ToolCall) -> Vec<Value> {
        if !self.begun.insert(key.to_owned()) {
            return Vec::new();
        }
        let (id, name) = (self.call_id(key), format!("{}.{}", call.tool, call.function));
        vec![
            json!({"type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": name}),
            json!({"type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": call.arguments.text()}),
            json!({"type": "TOOL_CALL_END", "toolCallId": id}),
        ]
    }

    fn result(&self, key: &str, content: &str) -> Value {
        let id = self.call_id(key);
        let message = format!("{id}/result");
        json!({"type": "TOOL_CALL_RESULT", "messageId": message, "toolCallId": id, "content": content})
    }

    /// The name of a call in the client's thread, which may have several runs.
    fn call_id(&self, key: &str) -> String {
        let key = self.questions.get(key).map_or(key, String::as_str);
        format!("{}/{key}", self.run)
    }

    /// The last events of a run that has ended, or stands still.
    pub(crate) fn end(&mut self) -> Vec<Value> {
        let mut told = self.leaves_step();
        let Some(state) = &self.state else {
            told.push(self.cut_off());
            return told;
        };
        match (state.status(), state.end()) {
            (_, Some(End::Done(output))) => {
                told.extend(self.answer(output));
                told.push(self.finished(json!({"outcome": {"type": "success"}, "result": output.value()})));
            }
            (Status::Stopped, _) => told.push(self.finished(json!({"outcome": {"type": "cancelled"}}))),
            (_, Some(End::Failed(fault))) => told.push(error(fault)),
            (Status::Waiting, None) => {
                let asked = state.open_approvals().map(|approval| self.interrupt(state, approval));
                let outcome = json!({"type": "interrupt", "interrupts": asked.collect::<Vec<_>>()});
                told.push(self.finished(json!({"outcome": outcome})));
            }
            (_, None) => {
                told.push(state.suspension().map_or_else(|| self.cut_off(), |fault| error(&fault)));
            }
        }
        told
    }

    /// The last event of a stream that ends before its run does.
    pub(crate) fn cut_off(&self) -> Value {
        let message = format!("the stream has ended, and run {} goes on; ask again with the same runId", self.run);
        json!({"type": "RUN_ERROR", "message": message, "code": "cut_off"})
    }

    /// The answer of an agent, as a message.
    fn answer(&self, output: &Json) -> Vec<Value> {
        let id = format!("{}/answer", self.run);
        protocols::answer(output).map_or_else(Vec::new, |answer| {
            vec![
                json!({"type": "TEXT_MESSAGE_START", "messageId": id, "role": "assistant"}),
                json!({"type": "TEXT_MESSAGE_CONTENT", "messageId": id, "delta": answer}),
                json!({"type": "TEXT_MESSAGE_END", "messageId": id}),
            ]
        })
    }

    fn interrupt(&self, state: &RunState, approval: &Approval) -> Value {
        let Approval { key, reason, notes, .. } = approval;
        let mut interrupt = json!({
            "id": Interrupt::new(self.run, approval).to_string(),
            "reason": "approval",
            "message": reason,
            "toolCallId": self.call_id(key),
            "responseSchema": response_schema(approval.allowed()),
            "metadata": {"run_id": self.run, "key": key, "digest": approval.digest(), "notes": notes},
        });
        if let (Some(due_ms), Some(members)) = (state.due_ms(key), interrupt.as_object_mut()) {
            members.insert("expiresAt".to_owned(), rfc3339(due_ms).into());
        }
        interrupt
    }

    fn finished(&self, mut members: Value) -> Value {
        if let Some(members) = members.as_object_mut() {
            members.insert("type".to_owned(), "RUN_FINISHED".into());
            members.insert("threadId".to_owned(), self.thread.clone().into());
            members.insert("runId".to_owned(), self.turn.clone().into());
        }
        members
    }
}

/// The last event of a run that has failed, or of a stream that does.
pub(crate) fn error(fault: &Fault) -> Value {
    json!({"type": "RUN_ERROR", "message": words(fault), "code": fault.kind})
}

/// What a tool has answered, as a model would read it.
fn written(outcome: &ToolOutcome) -> String {
    match outcome {
        ToolOutcome::Returned(value) => value.string().unwrap_or_else(|| value.text().to_owned()),
        ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault) => fault.message.clone(),
    }
}

/// What a decision says in the place of a tool that is not called.
fn in_its_place(decision: &Decision) -> Option<String> {
    match decision.verdict {
        Verdict::Approved | Verdict::Edited => None,
        Verdict::Denied => Some(match &decision.comment {
            Some(comment) => format!("denied: {comment}"),
            None => "denied".to_owned(),
        }),
        Verdict::Responded => decision.response.clone(),
    }
}

/// The schema of an answer to a question that takes these.
fn response_schema(allowed: &[Verdict]) -> Value {
    let (mut verbs, mut properties) = (Vec::new(), json!({"comment": {"type": "string"}}));
    for verdict in allowed {
        let (verb, member) = match verdict {
            Verdict::Approved => ("approve", Some(("remember", json!({"type": "object"})))),
            Verdict::Denied => ("deny", None),
            Verdict::Edited => ("edit", Some(("arguments", json!({"type": "object"})))),
            Verdict::Responded => ("respond", Some(("response", json!({"type": "string"})))),
        };
        verbs.push(verb);
        if let (Some((name, schema)), Some(properties)) = (member, properties.as_object_mut()) {
            properties.insert(name.to_owned(), schema);
        }
    }
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("decision".to_owned(), json!({"enum": verbs}));
    }
    json!({"type": "object", "required": ["decision"], "properties": properties, "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded::{Recorded, recorded};

    fn tell(telling: &mut Telling, entries: &[Entry]) -> Vec<Value> {
        entries.iter().flat_map(|entry| telling.entry(entry).unwrap()).collect()
    }

    fn texts(told: &[Value], kind: &str, member: &str) -> Vec<String> {
        let of_kind = told.iter().filter(|event| event["type"] == kind);
        of_kind.map(|event| event[member].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn each_call_of_a_run_begins_once_and_what_has_a_result_has_begun_and_each_step_that_begins_ends() {
        for Recorded { about, run, entries } in recorded() {
            let mut telling = Telling::new("thread".to_owned(), "turn".to_owned(), run, None);
            let mut told = telling.beginning();
            told.extend(tell(&mut telling, &entries));
            let ended = telling.state.as_ref().unwrap().end().cloned();
            let last = telling.end();
            told.extend(last.clone());
            let last = last.last().unwrap()["type"].clone();
            let expected = if matches!(ended, Some(End::Failed(_))) { "RUN_ERROR" } else { "RUN_FINISHED" };
            assert_eq!(last, expected, "{about}");
            let begun = texts(&told, "TOOL_CALL_START", "toolCallId");
            assert_eq!(begun.iter().collect::<BTreeSet<_>>().len(), begun.len(), "{about}");
            assert_eq!(begun, texts(&told, "TOOL_CALL_END", "toolCallId"), "{about}");
            for result in texts(&told, "TOOL_CALL_RESULT", "toolCallId") {
                assert!(begun.contains(&result), "{about}: {result}");
            }
            let (steps, left) = (texts(&told, "STEP_STARTED", "stepName"), texts(&told, "STEP_FINISHED", "stepName"));
            assert_eq!(steps, left, "{about}");
        }
    }

    #[test]
    fn a_run_told_in_two_parts_has_the_same_calls_and_results_as_told_whole() {
        let two = recorded().into_iter().find(|run| run.about == "Approved by two.").unwrap();
        let asked = two.entries.iter().position(|entry| matches!(entry.change, Change::Asked { .. })).unwrap() + 1;
        let (before, after) = two.entries.split_at(asked);
        let mut first = Telling::new("thread".to_owned(), "turn-1".to_owned(), two.run, None);
        let mut told = tell(&mut first, before);
        assert!(first.stands_still());
        let interrupt = first.end().last().unwrap()["outcome"]["interrupts"][0].clone();
        let key = interrupt["id"].as_str().unwrap().parse::<Interrupt>().unwrap().key;
        assert_eq!(interrupt["toolCallId"], format!("{}/{key}", two.run));
        assert_eq!(interrupt["responseSchema"]["properties"]["decision"]["enum"], json!(["approve", "deny"]));
        let mut second = Telling::new("thread".to_owned(), "turn-2".to_owned(), two.run, first.state.take());
        told.extend(tell(&mut second, after));
        let mut whole = Telling::new("thread".to_owned(), "turn".to_owned(), two.run, None);
        let whole = tell(&mut whole, &two.entries);
        for (kind, member) in [("TOOL_CALL_START", "toolCallId"), ("TOOL_CALL_RESULT", "toolCallId")] {
            assert_eq!(texts(&told, kind, member), texts(&whole, kind, member));
        }
    }
}
