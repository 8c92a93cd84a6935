//! Runs as A2A 1.0 has them, for agents of others: a workflow is a skill, a run is a task, and a task that waits for a person
//! asks for input. An agent is told where a person decides; it decides nothing by itself, unless its token is an approver's.

mod card;
mod live;
mod message;
mod rpc;
mod standing;
mod task;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stockade::{ApprovalId, Budget, Exec, Fault, Kind, NewRun, Principal, Right, RunId, RunState, Stop, unknown_run};

use crate::amounts::{self, Amounts};
use crate::audit::named;
use crate::body::Given;
use crate::guard::Room;
use crate::names::Names;
use crate::peer::Peer;
use crate::problem::{Answer, Problem};
use crate::service::Service;
use crate::{approvals, events, runs};
use live::{Live, Until};
use message::{Message, Sending};
use rpc::{Call, Code, Method, Refusal, Told};
use task::Task;

/// The label of a run that says to which context of a client its task belongs.
const CONTEXT: &str = "a2a_context";

/// The workflows that are no skills: the input of these says whether a person is asked, and an agent would write it.
const NO_SKILLS: [&str; 2] = [Exec::NAME, "tool-call"];

/// What a client asks of a task.
#[derive(Deserialize)]
struct About {
    id: String,
}

/// All workflows as skills of one agent, or one workflow as an agent, for one client.
struct Agent {
    service: Service,
    principal: Principal,
    /// The only workflow; absent where it is about all.
    workflow: Option<String>,
    /// The address of the server, as the client wrote it.
    base: String,
}

/// Returns the card of the agent. It names the skills to a client that has a token alone: a card is read by anyone.
pub(crate) async fn card(
    State(service): State<Service>,
    peer: Option<Extension<Peer>>,
    names: Names,
    headers: HeaderMap,
) -> Answer<Json<Value>> {
    let (workflow, peer) = (workflow(&names), peer.map(|Extension(peer)| peer));
    let principal = service.principal(&headers, peer).await.ok();
    if let (Some(_), Some(name)) = (&principal, &workflow) {
        service.host().workflow(name)?;
    }
    Ok(Json(card::card(&service, &base(&headers, peer), workflow.as_deref(), principal.as_ref())))
}

/// Answers a call of JSON-RPC.
pub(crate) async fn call(
    State(service): State<Service>,
    Extension(principal): Extension<Principal>,
    Extension(room): Extension<Room>,
    peer: Option<Extension<Peer>>,
    names: Names,
    headers: HeaderMap,
    given: Result<Given<Value>, Problem>,
) -> Response {
    let (workflow, base) = (workflow(&names), base(&headers, peer.map(|Extension(peer)| peer)));
    let asked = match given {
        Ok(Given(asked)) => asked,
        Err(problem) => return rpc::unread(problem),
    };
    let id = rpc::id(&asked);
    let agent = Agent { service, principal, workflow, base };
    let answered = match rpc::check_version(&headers).and_then(|()| Call::read(asked)) {
        Ok(call) => agent.answer(&id, call, room).await,
        Err(refusal) => Err(refusal),
    };
    answered.unwrap_or_else(|refusal| refusal.answer(&id))
}

fn workflow(names: &Names) -> Option<String> {
    Some(names.text("workflow").to_owned()).filter(|name| !name.is_empty())
}

/// Returns the address of this server as a client has written it, or its proxy for it: no other is known here.
fn base(headers: &HeaderMap, peer: Option<Peer>) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_tls = peer.is_some_and(|peer| peer.is_tls) || text("x-forwarded-proto") == Some("https");
    let scheme = if is_tls { "https" } else { "http" };
    text(header::HOST.as_str()).map_or_else(String::new, |host| format!("{scheme}://{host}"))
}

/// Reads the parameters of a method.
fn parameters<T: DeserializeOwned>(given: Value) -> Told<T> {
    serde_json::from_value(given)
        .map_err(|error| Refusal::new(Code::Params, Fault::invalid("params", format!("they cannot be read: {error}"))))
}

impl Agent {
    async fn answer(&self, id: &Value, Call { method, params }: Call, room: Room) -> Told<Response> {
        let result = match method {
            Method::SendMessage => self.send(parameters(params)?).await?,
            Method::SendStreamingMessage => {
                let run = self.take(parameters::<Sending>(params)?.message_of_skill()?).await?;
                return self.follow(id, run, Until::Asked, room).await;
            }
            Method::GetTask => self.task(self.about(params).await?).await?,
            Method::CancelTask => self.cancel(params).await?,
            Method::SubscribeToTask => return self.subscribe(id, params, room).await,
            Method::GetExtendedAgentCard => {
                card::card(&self.service, &self.base, self.workflow.as_deref(), Some(&self.principal))
            }
            Method::ListTasks => return Err(unsupported("tasks are not listed here; GET /v1/runs lists runs")),
            Method::PushNotificationConfig => {
                let message = "there are no push notifications; SubscribeToTask follows a task";
                return Err(Refusal::new(Code::NoPush, Fault::invalid("method", message)));
            }
        };
        Ok(Json(rpc::result(id, result)).into_response())
    }

    /// Takes a message, and answers once its task has ended or asks for something, or after a while.
    async fn send(&self, sending: Sending) -> Told<Value> {
        let is_awaited = !sending.returns_immediately();
        let run = self.take(sending.message_of_skill()?).await?;
        if is_awaited {
            runs::settled(&self.service, self.service.host().run(run).settled_state()).await?;
        }
        Ok(json!({"task": self.task(self.state(run).await?).await?}))
    }

    /// Takes a message: one that names no task begins one.
    async fn take(&self, message: Message) -> Told<RunId> {
        match message.task() {
            None => self.begin(message).await,
            Some(task) => {
                let state = self.state(run_of(task)?).await?;
                self.decide(&state, message).await?;
                Ok(state.run())
            }
        }
    }

    /// Starts a run, once for each message of a client.
    async fn begin(&self, message: Message) -> Told<RunId> {
        self.principal.check(Right::Operate)?;
        let workflow = self.skill(&message)?;
        if NO_SKILLS.contains(&workflow.as_str()) {
            return Err(Refusal::new(Code::Params, Fault::invalid("skill", format!("\"{workflow}\" is no skill"))));
        }
        self.service.host().check_workflow(&self.principal, &workflow)?;
        let budget = amounts::of_start(&self.principal, &Amounts::default(), Budget::default())?;
        let new = NewRun::new(workflow, message.input()?).budget(budget).key(message.key());
        let new = message.context().into_iter().fold(new, |new, context| new.label(CONTEXT, context));
        Ok(runs::begin(&self.service, &self.principal, new).await?.id())
    }

    /// Returns the workflow that a message is for.
    fn skill(&self, message: &Message) -> Told<String> {
        match (&self.workflow, message.skill()) {
            (Some(workflow), None) => Ok(workflow.clone()),
            (Some(workflow), Some(skill)) if *workflow != skill => {
                let text = format!("skill \"{skill}\" is not one of this agent, which has \"{workflow}\"");
                Err(Refusal::new(Code::Params, Fault::invalid("skill", text)))
            }
            (_, Some(skill)) => Ok(skill.to_owned()),
            (None, None) => {
                let text = "the message does not say which skill it is for; name one of the card in its metadata, as in \
                            {\"skill\": \"refund\"}, or send it to /v1/a2a/{workflow}";
                Err(Refusal::new(Code::Params, Fault::invalid("skill", text)))
            }
        }
    }

    /// Takes decisions on the questions of a run. All are looked at before the first one is taken.
    async fn decide(&self, state: &RunState, message: Message) -> Told<()> {
        if state.end().is_some() {
            return Err(unsupported(&format!("task {} is {}, and takes no message", state.run(), state.status())));
        }
        self.principal.check(Right::Approve)?;
        let decisions = message.decisions()?;
        for (key, decided) in &decisions {
            approvals::asked(state, key, &decided.seen)?;
        }
        for (key, decided) in decisions {
            let id = ApprovalId { run: state.run(), key };
            approvals::take_once(&self.service, self.principal.clone(), id, decided).await?;
        }
        Ok(())
    }

    async fn cancel(&self, params: Value) -> Told<Value> {
        self.principal.check(Right::Operate)?;
        let run = self.about(params).await?.run();
        named("run", run);
        named("order", "stop");
        let stop = Stop::by(&self.principal.name).reason(Some("canceled over A2A".to_owned()));
        self.service.host().run(run).stop(stop, runs::GRACE).await.map_err(not_cancelable)?;
        self.task(self.state(run).await?).await
    }

    /// Follows a task from now on until it has ended, over all that it asks.
    async fn subscribe(&self, id: &Value, params: Value, room: Room) -> Told<Response> {
        let state = self.about(params).await?;
        if state.end().is_some() {
            return Err(unsupported(&format!("task {} is {}, and changes no more", state.run(), state.status())));
        }
        self.follow(id, state.run(), Until::Ended, room).await
    }

    async fn follow(&self, id: &Value, run: RunId, until: Until, room: Room) -> Told<Response> {
        let state = self.state(run).await?;
        let live = Live::new(&self.service, room.clone(), (id.clone(), self.base.clone()), state, until);
        Ok(events::send(&self.service, room, live.stream()))
    }

    /// Returns the run that a client asks about.
    async fn about(&self, params: Value) -> Told<RunState> {
        let About { id } = parameters(params)?;
        self.state(run_of(&id)?).await
    }

    /// Returns a run, if it is one of this agent.
    async fn state(&self, run: RunId) -> Told<RunState> {
        let state = self.service.host().state(run).await?;
        match &self.workflow {
            Some(workflow) if workflow != state.workflow() => Err(unknown_run(run).into()),
            Some(_) | None => Ok(state),
        }
    }

    /// Returns the task of a run as it stands.
    async fn task(&self, mut state: RunState) -> Told<Value> {
        let status = self.service.host().status(&mut state).await?;
        Ok(Task::of(&self.base, &state, status).whole())
    }
}

/// Reads the id of a task, which is that of its run.
fn run_of(task: &str) -> Told<RunId> {
    task.parse().map_err(|fault| Refusal::new(Code::TaskNotFound, fault))
}

fn unsupported(message: &str) -> Refusal {
    Refusal::new(Code::Unsupported, Fault::new(Kind::Conflict, message).detail("task"))
}

/// Says that a task cannot be canceled which has ended.
fn not_cancelable(fault: Fault) -> Refusal {
    match fault.detail.as_deref() {
        Some("ended") => Refusal::new(Code::NotCancelable, fault),
        Some(_) | None => fault.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_server_is_what_its_client_has_written_and_a_proxy_may_say_that_it_was_https() {
        let of = |pairs: &[(&'static str, &str)]| {
            base(&pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect(), None)
        };
        assert_eq!(of(&[("host", "localhost:7700")]), "http://localhost:7700");
        assert_eq!(of(&[("host", "agents.example"), ("x-forwarded-proto", "https")]), "https://agents.example");
        assert_eq!(of(&[("host", "agents.example"), ("x-forwarded-proto", "javascript")]), "http://agents.example");
        assert_eq!(of(&[]), "");
    }
}
