//! Runs as AG-UI 1.0 has them, for user interfaces: a stream of events, which ends where a person is asked. The answers begin
//! the next stream.

mod interrupt;
mod telling;

use axum::extract::{Extension, State};
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use stockade::{ApprovalId, Budget, Entry, Fault, Kind, NewRun, Principal, Right, RunState};

use crate::amounts::{self, Amounts};
use crate::approvals::{self, Decided};
use crate::body::Given;
use crate::guard::Room;
use crate::names::Names;
use crate::problem::Answer;
use crate::service::Service;
use crate::{events, runs};
use interrupt::Interrupt;
use telling::Telling;

/// What a client of AG-UI sends. It may say more, such as tools of its own, of which no use is made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    thread_id: String,
    run_id: String,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    forwarded_props: Value,
    #[serde(default)]
    resume: Vec<Resume>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
}

/// The answer to an interrupt.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resume {
    interrupt_id: String,
    status: Resolution,
    #[serde(default)]
    payload: Value,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Resolution {
    Resolved,
    Cancelled,
}

/// Starts a run of a workflow, or takes the answers to its questions, and tells of it until it ends or asks a person.
pub(crate) async fn follow(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    Extension(room): Extension<Room>,
    names: Names,
    Given(input): Given<Input>,
) -> Answer<Response> {
    let workflow = names.text("workflow");
    let telling = if input.resume.is_empty() {
        start(&service, principal, workflow, input).await?
    } else {
        resume(&service, principal, workflow, input).await?
    };
    let live = Live::new(service.clone(), room.clone(), telling);
    Ok(events::send(&service, room, live.stream()))
}

/// Starts a run, once for each run of a client's thread.
async fn start(service: &Service, principal: Principal, workflow: &str, input: Input) -> Answer<Telling> {
    principal.check(Right::Operate)?;
    service.host().check_workflow(&principal, workflow)?;
    let budget = amounts::of_start(&principal, &Amounts::default(), Budget::default())?;
    // With its length, no two threads and runs make the same key.
    let key = format!("agui/{}/{}/{}", input.thread_id.len(), input.thread_id, input.run_id);
    let new = NewRun::new(workflow, input.of_workflow()?).budget(budget).key(key);
    let run = runs::begin(service, &principal, new).await?.id();
    Ok(Telling::new(input.thread_id, input.run_id, run, None))
}

/// Takes the answers to the questions of a run. All are looked at before the first one is taken.
async fn resume(service: &Service, principal: Principal, workflow: &str, input: Input) -> Answer<Telling> {
    principal.check(Right::Approve)?;
    let Input { thread_id, run_id, resume, .. } = input;
    let answers = resume.into_iter().map(Resume::read).collect::<Answer<Vec<_>>>()?;
    let Some(run) = answers.first().map(|(interrupt, _)| interrupt.run) else {
        return Err(Fault::invalid("resume", "no interrupt is answered").into());
    };
    let state = service.host().state(run).await?;
    check(&state, workflow, &answers)?;
    for (Interrupt { run, key, seen }, decided) in answers {
        // A question whose answer was given up may have expired, and then there is nothing to decide.
        if let Some(decided) = decided.or_else(|| is_open(&state, &key).then(|| Decided::cancelled(seen))) {
            approvals::take_once(service, principal.clone(), ApprovalId { run, key }, decided).await?;
        }
    }
    Ok(Telling::new(thread_id, run_id, run, Some(state)))
}

/// Checks that the answers are about questions of one run of the workflow, as they were seen.
fn check(state: &RunState, workflow: &str, answers: &[(Interrupt, Option<Decided>)]) -> Answer<()> {
    if state.workflow() != workflow {
        let message =
            format!("run {} is one of workflow \"{}\", and not of \"{workflow}\"", state.run(), state.workflow());
        return Err(Fault::new(Kind::Conflict, message).detail("workflow").into());
    }
    for (Interrupt { run, key, seen }, _) in answers {
        if *run != state.run() {
            let message = format!("interrupts of one run are answered at once, and not of {} and {run}", state.run());
            return Err(Fault::invalid("resume", message).into());
        }
        approvals::asked(state, key, seen)?;
    }
    Ok(())
}

fn is_open(state: &RunState, key: &str) -> bool {
    state.open_approvals().any(|approval| approval.key == key)
}

impl Resume {
    /// Reads which question is answered, and the decision; none where the answer was given up.
    fn read(self) -> Answer<(Interrupt, Option<Decided>)> {
        let interrupt: Interrupt = self.interrupt_id.parse()?;
        let decided = match self.status {
            Resolution::Cancelled => None,
            Resolution::Resolved => Some(decided(self.payload, &interrupt.seen)?),
        };
        Ok((interrupt, decided))
    }
}

/// Reads the payload of an answer: a decision, but for what was seen, which the interrupt says.
fn decided(mut payload: Value, seen: &str) -> Answer<Decided> {
    if let Some(members) = payload.as_object_mut() {
        members.insert("seen".to_owned(), seen.into());
    }
    serde_json::from_value(payload).map_err(|error| {
        Fault::invalid("payload", format!("the payload of an answer is not a decision: {error}")).into()
    })
}

impl Input {
    /// What the workflow takes: `input` of the forwarded properties, or the last message of the user as the task of an agent.
    fn of_workflow(&self) -> Answer<Value> {
        if let Some(input) = self.forwarded_props.get("input") {
            return Ok(input.clone());
        }
        let last =
            self.messages.iter().rev().find(|message| message.role == "user").map(|message| text(&message.content));
        let task = last.filter(|text| !text.trim().is_empty()).ok_or_else(|| {
            Fault::invalid("messages", "the thread has no text of a user, and \"forwardedProps\" has no \"input\"")
        })?;
        Ok(json!({"task": task}))
    }
}

/// Returns the text of a message: all of it, or its parts that are texts.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}

/// A stream of events, until it has told of the end.
struct Live {
    service: Service,
    telling: Telling,
    entries: BoxStream<'static, stockade::Result<Entry>>,
    /// Ends when the stream has to.
    over: BoxFuture<'static, ()>,
    has_begun: bool,
    has_ended: bool,
}

impl Live {
    fn new(service: Service, room: Room, telling: Telling) -> Self {
        let entries = service.host().run(telling.run()).events(telling.seq()).boxed();
        let over = events::over(service.clone(), room).boxed();
        Self { service, telling, entries, over, has_begun: false, has_ended: false }
    }

    fn stream(self) -> impl Stream<Item = Event> + Send + 'static {
        let batches = stream::unfold(self, |mut live| async move {
            let told = live.next().await?;
            Some((stream::iter(told), live))
        });
        batches.flatten().map(|event| Event::default().data(event.to_string()))
    }

    /// The next events, if there are more; those of an entry may be none.
    async fn next(&mut self) -> Option<Vec<Value>> {
        if self.has_ended {
            return None;
        }
        if !self.has_begun {
            self.has_begun = true;
            return Some(self.telling.beginning());
        }
        let told = self.goes_on().await.unwrap_or_else(|fault| {
            self.service.tell_within(&fault);
            self.has_ended = true;
            vec![telling::error(&fault)]
        });
        Some(told)
    }

    async fn goes_on(&mut self) -> stockade::Result<Vec<Value>> {
        let (run, told) = (self.telling.run(), self.telling.seq());
        // What was decided meanwhile is in entries that are told next.
        if self.telling.stands_still() && self.service.host().state(run).await?.seq() == told {
            return Ok(self.end());
        }
        tokio::select! {
            entry = self.entries.next() => match entry {
                Some(entry) => self.telling.entry(&entry?),
                None => Ok(self.end()),
            },
            () = &mut self.over => {
                self.has_ended = true;
                Ok(vec![self.telling.cut_off()])
            }
        }
    }

    fn end(&mut self) -> Vec<Value> {
        self.has_ended = true;
        self.telling.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(body: Value) -> Input {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn the_input_of_a_workflow_is_what_is_forwarded_or_the_last_message_of_the_user() {
        let messages = json!([
            {"id": "1", "role": "user", "content": "hello"},
            {"id": "2", "role": "assistant", "toolCalls": []},
            {"id": "3", "role": "user", "content": [{"type": "text", "text": "refund"}, {"type": "text", "text": "me"}]},
            {"id": "4", "role": "tool", "content": "done"},
        ]);
        let of =
            |more: Value| input(json!({"threadId": "t", "runId": "r", "messages": messages, "forwardedProps": more}));
        assert_eq!(of(json!({})).of_workflow().unwrap(), json!({"task": "refund\nme"}));
        assert_eq!(of(json!({"input": {"user_id": "u"}})).of_workflow().unwrap(), json!({"user_id": "u"}));
        let empty = input(json!({"threadId": "t", "runId": "r", "state": {}, "tools": []}));
        assert_eq!(empty.of_workflow().unwrap_err().fault.detail.as_deref(), Some("messages"));
    }

    #[test]
    fn an_answer_is_a_decision_on_what_the_interrupt_says_was_seen() {
        let answer = |status: &str, payload: Value| {
            let id = format!("{}/0123456789ab/turn-1/call-1", stockade::RunId::from_bytes([7; 16]));
            let resume = json!({"interruptId": id, "status": status, "payload": payload});
            serde_json::from_value::<Resume>(resume).unwrap().read()
        };
        let (interrupt, decided) = answer("resolved", json!({"decision": "approve"})).unwrap();
        assert_eq!((&*interrupt.key, &*decided.unwrap().seen), ("turn-1/call-1", "0123456789ab"));
        assert!(answer("cancelled", Value::Null).unwrap().1.is_none());
        for wrong in [Value::Null, json!(true), json!({"approved": true}), json!({"decision": "approve", "by": "eve"})]
        {
            assert_eq!(answer("resolved", wrong).err().unwrap().fault.detail.as_deref(), Some("payload"));
        }
    }
}
