//! Calls: what is begun, how long it is waited for, and what a client is told then.

use std::pin::pin;

use futures_util::StreamExt as _;
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, CreateTaskResult, InputRequiredResult,
    InputResponses, JsonObject,
};
use rmcp::service::RequestContext;
use serde_json::Value;
use stockade::{Fault, Kind, NewRun, Right, RunId, RunState, Stop};
use tokio::time::sleep;

use crate::asking::QUESTION;
use crate::catalogue::Meaning;
use crate::client::Client;
use crate::own::Own;
use crate::refusal::{Answer, Refusal};
use crate::request_state::{Bound, run_id};
use crate::starting::{Starting, missing, text};
use crate::{Mcp, progress, resources};

/// The longest query of a search, in bytes: each of its words is looked for in the definition of each function.
const QUERY_BYTES_MAX: usize = 1 << 10;

impl Mcp {
    /// Answers a call.
    pub(crate) async fn called(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Answer<CallToolResponse> {
        let client = Client::new(&self.access, context)?;
        client.principal.check(Right::Read)?;
        let _room = self.room.try_acquire().map_err(|_| self.full())?;
        let CallToolRequestParams { name, arguments, input_responses, request_state, .. } = request;
        let arguments = arguments.unwrap_or_default();
        let bound = Bound::new(&client.principal, &name, &arguments);
        match (request_state, input_responses) {
            (Some(state), responses) => {
                let (run, once) = self.seals.open(&state, &bound)?;
                resources::own(&self.host, &client.principal, run).await?;
                self.seals.use_up(&self.host, run, &once).await?;
                self.again(&client, run, &bound, &responses.unwrap_or_default(), context).await
            }
            (None, Some(_)) => Err(Refusal::params("the call has answers to questions, and none were asked of it")),
            (None, None) => self.fresh(&client, &name, arguments, &bound, context).await,
        }
    }

    fn full(&self) -> Refusal {
        let allowed = self.limits.calls as u64;
        let message =
            format!("{allowed} calls are waited for, and no more are allowed at the same time; call again later");
        Fault::limit(Kind::Unavailable, "calls", allowed, allowed.saturating_add(1), message).into()
    }

    async fn fresh(
        &self,
        client: &Client,
        name: &str,
        arguments: JsonObject,
        bound: &Bound,
        context: &RequestContext<RoleServer>,
    ) -> Answer<CallToolResponse> {
        let (meaning, arguments) = match self.meaning(client, name)? {
            Meaning::Own(Own::Call) => self.named(client, &arguments)?,
            meaning => (meaning, arguments),
        };
        match meaning {
            Meaning::Own(own) => self.own(client, *own, &arguments, context).await.map(CallToolResponse::from),
            meaning => {
                client.principal.check(Right::Operate)?;
                let starting = Starting { host: &self.host, catalogue: &self.catalogue, principal: &client.principal };
                let new = starting.run(meaning, arguments)?.ok_or_else(|| unknown(name))?;
                self.begun(client, meaning, new, bound, context).await
            }
        }
    }

    fn meaning(&self, client: &Client, name: &str) -> Answer<&Meaning> {
        self.catalogue.meaning(&self.host, &client.principal, name).ok_or_else(|| unknown(name))
    }

    /// Returns what a call of a function that was found stands for.
    fn named(&self, client: &Client, arguments: &JsonObject) -> Answer<(&Meaning, JsonObject)> {
        let name = text(arguments, "name")?.ok_or_else(|| missing("name"))?;
        let meaning = self.meaning(client, &name)?;
        let (Meaning::Function { .. }, Some(Value::Object(arguments))) = (meaning, arguments.get("arguments")) else {
            return Err(Refusal::params(
                "call_tool calls a function that search_tools finds, with an object as its arguments",
            ));
        };
        Ok((meaning, arguments.clone()))
    }

    /// Starts a run, and answers once it stands still, or has been waited for long enough.
    async fn begun(
        &self,
        client: &Client,
        meaning: &Meaning,
        new: NewRun,
        bound: &Bound,
        context: &RequestContext<RoleServer>,
    ) -> Answer<CallToolResponse> {
        let started = self.host.start_run(new).await?;
        let run = started.id();
        let pending = self.in_flight.begin(&self.host, run, &client.principal.name, self.limits.grace);
        let is_task = client.takes_tasks && matches!(meaning, Meaning::Workflow(_));
        let state = if is_task {
            self.host.state(run).await?
        } else {
            let settled = async { self.taken(client, started.settled_state().await?, context).await };
            self.waited(run, settled, context).await?
        };
        let response = self.response(client, state, bound).await?;
        pending.answered();
        Ok(response)
    }

    /// Goes on with a call for which a person had to decide.
    async fn again(
        &self,
        client: &Client,
        run: RunId,
        bound: &Bound,
        responses: &InputResponses,
        context: &RequestContext<RoleServer>,
    ) -> Answer<CallToolResponse> {
        client.principal.check(Right::Operate)?;
        self.heard(client, run, responses).await?;
        let state = self.waited(run, self.decided(run), context).await?;
        self.response(client, state, bound).await
    }

    /// Takes in what a client says of the question that it was asked to take to a person. It decides nothing: it may only give
    /// the call up.
    pub(crate) async fn heard(&self, client: &Client, run: RunId, responses: &InputResponses) -> Answer<()> {
        if let Some(name) = responses.keys().find(|name| *name != QUESTION) {
            return Err(Refusal::params(format!("no question \"{name}\" was asked")));
        }
        let action = responses.get(QUESTION).and_then(|response| response.get("action")).and_then(Value::as_str);
        if matches!(action, Some("decline" | "cancel")) {
            self.stop(client, run).await?;
        }
        Ok(())
    }

    /// Waits until a run waits for no person.
    pub(crate) async fn decided(&self, run: RunId) -> Answer<RunState> {
        let handle = self.host.run(run);
        loop {
            let state = handle.settled_state().await?;
            if state.end().is_some() || state.open_approval().is_none() {
                return Ok(state);
            }
            let mut events = pin!(handle.events(state.seq()));
            events.next().await.transpose()?;
        }
    }

    /// Waits for a run, and for no longer than a while.
    async fn waited(
        &self,
        run: RunId,
        settled: impl Future<Output = Answer<RunState>>,
        context: &RequestContext<RoleServer>,
    ) -> Answer<RunState> {
        tokio::select! {
            settled = settled => match settled {
                // A process that drove it has ended; another one takes it up.
                Err(Refusal::Fault(fault)) if fault.is_interrupted() => {
                    Ok(self.host.state(run).await?)
                }
                settled => settled,
            },
            () = sleep(self.limits.wait) => Ok(self.host.state(run).await?),
            () = context.ct.cancelled() => {
                Err(Fault::new(Kind::Cancelled, format!("the client has given up the call of run {run}")).into())
            }
            never = progress::tell(&self.host, run, context) => match never {},
        }
    }

    /// Answers with the result, or with what a client understands of what is missing.
    async fn response(&self, client: &Client, state: RunState, bound: &Bound) -> Answer<CallToolResponse> {
        if state.end().is_some() {
            return Ok(self.outcomes().result(state).await?.into());
        }
        if client.takes_tasks {
            return Ok(CreateTaskResult::new(self.task_of(client, &state).await?.task).into());
        }
        match self.questions(client, &state) {
            Some(questions) if client.takes_rounds => {
                let sealed = self.seals.seal(state.run(), bound);
                Ok(InputRequiredResult::new(Some(questions), Some(sealed)).into())
            }
            Some(_) | None => Ok(self.outcomes().result(state).await?.into()),
        }
    }

    /// Answers a call of a tool of the server itself.
    async fn own(
        &self,
        client: &Client,
        own: Own,
        arguments: &JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Answer<CallToolResult> {
        let run = || text(arguments, "run_id")?.ok_or_else(|| missing("run_id"));
        match own {
            Own::Search => self.searched(client, &text(arguments, "query")?.ok_or_else(|| missing("query"))?),
            Own::Status => self.status(client, run_id(&run()?)?, context).await,
            Own::Stop => self.stopped(client, &run()?).await,
            // It was replaced by what it calls.
            Own::Call => Err(unknown(own.name())),
        }
    }

    fn searched(&self, client: &Client, query: &str) -> Answer<CallToolResult> {
        let bytes = query.len();
        if bytes > QUERY_BYTES_MAX {
            return Err(Refusal::params(format!("the query has {bytes} bytes, and {QUERY_BYTES_MAX} are allowed")));
        }
        let found = self.catalogue.found(&self.host, &client.principal, query)?;
        let found = serde_json::to_string(&found).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
        let rest = "search for more words to find fewer";
        let shown = crate::cut::cut(&found, self.limits.result_bytes, rest).unwrap_or(found);
        Ok(CallToolResult::success(vec![ContentBlock::text(shown)]))
    }

    async fn status(
        &self,
        client: &Client,
        run: RunId,
        context: &RequestContext<RoleServer>,
    ) -> Answer<CallToolResult> {
        let before = resources::own(&self.host, &client.principal, run).await?;
        let after = self.waited(run, self.decided(run), context).await?;
        let after = self.tell_decided(client, &before, after, context).await?;
        Ok(self.outcomes().result(after).await?)
    }

    /// Ends a run of the client, and says how it then stands.
    pub(crate) async fn stopped(&self, client: &Client, run: &str) -> Answer<CallToolResult> {
        let run = run_id(run)?;
        resources::own(&self.host, &client.principal, run).await?;
        self.stop(client, run).await?;
        let state = self.host.state(run).await?;
        Ok(self.outcomes().result(state).await?)
    }

    pub(crate) async fn stop(&self, client: &Client, run: RunId) -> Answer<()> {
        client.principal.check(Right::Operate)?;
        let stop = Stop::by(&client.principal.name).reason(Some("cancelled by the client that started it".to_owned()));
        match self.host.run(run).stop(stop, self.limits.grace).await {
            // It has ended otherwise, which its state says.
            Err(fault) if fault.detail.as_deref() == Some("ended") => Ok(()),
            stopped => Ok(stopped?),
        }
    }
}

fn unknown(name: &str) -> Refusal {
    let name: String = name.chars().take(64).collect();
    Refusal::params(format!("there is no tool \"{}\", or this client may not call it", name.escape_debug()))
}
