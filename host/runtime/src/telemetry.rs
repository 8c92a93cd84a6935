//! What a run did, as OpenTelemetry spans with the names of the GenAI semantic conventions (version 1.41).
//!
//! Spans are made of what was committed, so that they tell what the journal tells. Their ids follow from the run and the
//! effect: a run that another process goes on with after a crash is the same trace. What was said is left out unless it
//! is asked for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status as SpanStatus, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use stockade_workflow::{
    Change, Digest, Effect, EffectKind, EffectOutcome, End, Entry, Event, Fault, FinishReason, Message, ModelOutcome,
    Question, Reply, RunId, RunState, ToolCall, ToolOutcome, Usage,
};
use tokio::sync::{mpsc, oneshot};

use crate::hooks::Hooks;
use crate::{Result, config};

/// How many batches of spans may wait for a collector that is slow; further ones are dropped, for a run does not wait.
const QUEUE_MAX: usize = 1024;

/// How long a collector may take for a batch.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest name that a span has: the name of a function may be a model's word.
const NAME_BYTES_MAX: usize = 128;

/// Sends spans to a collector.
pub(crate) struct Telemetry {
    inbox: mpsc::Sender<Post>,
    content: bool,
}

enum Post {
    Spans(Vec<SpanData>),
    Flush(oneshot::Sender<()>),
}

impl Telemetry {
    /// Begins to send to the collector that the configuration names. It must be called within a runtime of tokio.
    ///
    /// # Errors
    ///
    /// The text is not an address.
    pub(crate) fn start(config: &config::Telemetry, endpoint: &str) -> Result<Self> {
        let exporter = exporter(endpoint)?;
        let (inbox, batches) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(send(exporter, batches));
        Ok(Self { inbox, content: config.content })
    }

    fn spans(&self, state: &RunState, entry: &Entry) -> Vec<SpanData> {
        match &entry.change {
            Change::Stepped { event, used, end, .. } => {
                let own = event.key().and_then(|key| Some((key, state.effect(key)?)));
                let own = own.map(|(key, effect)| self.effect(entry, key, effect, event, used));
                let end = end.as_ref().filter(|_| !state.is_undoing());
                own.into_iter().chain(end.map(|end| root(state, entry, end))).collect()
            }
            Change::Broken { .. } | Change::Stopped { .. } if state.is_undoing() => Vec::new(),
            Change::Broken { fault } => vec![root(state, entry, &End::Failed(fault.clone()))],
            Change::Stopped { stop, .. } => vec![root(state, entry, &End::Failed(stop.fault()))],
            Change::Undone { .. } if entry.seq < state.seq() => Vec::new(),
            Change::Expired { .. } | Change::Undone { .. } => {
                state.end().iter().map(|end| root(state, entry, end)).collect()
            }
            Change::Created { .. }
            | Change::Reserved { .. }
            | Change::Asked { .. }
            | Change::AskedInCode { .. }
            | Change::AnsweredInCode { .. }
            | Change::Renewed { .. }
            | Change::Overdue { .. }
            | Change::Voted { .. }
            | Change::Revoked { .. }
            | Change::Signalled { .. }
            | Change::ChildStarted { .. }
            | Change::ChildEnded { .. }
            | Change::Calling { .. }
            | Change::Retried { .. }
            | Change::Called { .. }
            | Change::Suspended { .. }
            | Change::Deferred { .. }
            | Change::Lost { .. }
            | Change::Doubted { .. }
            | Change::Later { .. }
            | Change::Settled { .. }
            | Change::Extended { .. }
            | Change::Paused { .. }
            | Change::Resumed => Vec::new(),
        }
    }

    fn effect(&self, entry: &Entry, key: &str, effect: &Effect, event: &Event, used: &Usage) -> SpanData {
        let (name, kind, mut attributes) = described(effect);
        attributes.extend(outcome(event));
        if self.content {
            attributes.extend(content(effect, event));
        }
        let span = Span { run: entry.run, id: span_id(entry.run, key), parent: span_id(entry.run, ""), kind, name };
        span.ended(at(entry.at_ms), Duration::from_micros(used.wall_us), attributes, event.fault())
    }
}

#[async_trait]
impl Hooks for Telemetry {
    fn committed(&self, run: &RunState, entries: &[Entry]) {
        let spans: Vec<_> = entries.iter().flat_map(|entry| self.spans(run, entry)).collect();
        if !spans.is_empty() {
            // A collector that cannot keep up loses spans, and never holds a run up.
            let _ = self.inbox.try_send(Post::Spans(spans));
        }
    }

    /// Waits until everything that was taken is sent, or the collector had its time: that for one batch, however many
    /// wait.
    async fn flush(&self) {
        let (done, sent) = oneshot::channel();
        let flushed = async {
            if self.inbox.send(Post::Flush(done)).await.is_ok() {
                let _ = sent.await;
            }
        };
        let _ = tokio::time::timeout(EXPORT_TIMEOUT, flushed).await;
    }
}

/// A span as it is known before it has ended.
struct Span {
    run: RunId,
    id: SpanId,
    parent: SpanId,
    kind: SpanKind,
    name: String,
}

impl Span {
    fn ended(self, end: SystemTime, took: Duration, attributes: Vec<KeyValue>, fault: Option<&Fault>) -> SpanData {
        let trace = TraceId::from_bytes(*self.run.as_bytes());
        let status = fault.map_or(SpanStatus::Unset, |fault| SpanStatus::error(kind(fault)));
        let kind_of = fault.map(|fault| KeyValue::new("error.type", kind(fault)));
        SpanData {
            span_context: SpanContext::new(trace, self.id, TraceFlags::SAMPLED, false, TraceState::default()),
            parent_span_id: self.parent,
            parent_span_is_remote: false,
            span_kind: self.kind,
            name: self.name.into(),
            start_time: end.checked_sub(took).unwrap_or(end),
            end_time: end,
            attributes: attributes.into_iter().chain(kind_of).collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status,
            instrumentation_scope: InstrumentationScope::builder("stockade")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        }
    }
}

/// The span of a whole run, from its creation, which its id tells, to its end.
fn root(state: &RunState, entry: &Entry, end: &End) -> SpanData {
    let (run, workflow) = (state.run(), state.workflow());
    let name = format!("invoke_workflow {workflow}");
    let span = Span { run, id: span_id(run, ""), parent: SpanId::INVALID, kind: SpanKind::Internal, name };
    let took = at(entry.at_ms).duration_since(at(state.created_ms())).unwrap_or_default();
    let spent = state.ledger().spent();
    let attributes = vec![
        KeyValue::new("gen_ai.operation.name", "invoke_workflow"),
        KeyValue::new("gen_ai.workflow.name", workflow.to_owned()),
        KeyValue::new("gen_ai.conversation.id", run.to_string()),
        KeyValue::new("stockade.usage.tokens", number(spent.tokens)),
        KeyValue::new("stockade.usage.fuel", number(spent.fuel)),
        KeyValue::new("stockade.usage.money_micros", number(spent.money_micros)),
    ];
    let fault = if let End::Failed(fault) = end { Some(fault) } else { None };
    span.ended(at(entry.at_ms), took, attributes, fault)
}

/// The name, kind and attributes of an effect's span.
fn described(effect: &Effect) -> (String, SpanKind, Vec<KeyValue>) {
    let operation = |name: &'static str| KeyValue::new("gen_ai.operation.name", name);
    match &effect.kind {
        EffectKind::AskModel(question) => {
            let name = question.model.as_deref().unwrap_or("default");
            let asked = KeyValue::new("gen_ai.request.model", name.to_owned());
            (format!("chat {name}"), SpanKind::Client, vec![operation("chat"), asked])
        }
        EffectKind::CallTool { call, .. } => {
            let name = short(&format!("{}.{}", call.tool, call.function));
            let id = KeyValue::new("gen_ai.tool.call.id", effect.key.clone());
            let attributes = vec![
                operation("execute_tool"),
                KeyValue::new("gen_ai.tool.name", name.clone()),
                KeyValue::new("gen_ai.tool.type", "function"),
                id,
            ];
            (format!("execute_tool {name}"), SpanKind::Internal, attributes)
        }
        EffectKind::RunCode(code) => {
            let name = KeyValue::new("gen_ai.tool.name", format!("run_code.{}", code.language));
            (
                format!("execute_tool run_code.{}", code.language),
                SpanKind::Internal,
                vec![operation("execute_tool"), name],
            )
        }
        EffectKind::Recall(_) => ("search_memory".to_owned(), SpanKind::Internal, vec![operation("search_memory")]),
        EffectKind::ReadResult(_) => ("read_result".to_owned(), SpanKind::Internal, Vec::new()),
        EffectKind::Remember(_) => ("update_memory".to_owned(), SpanKind::Internal, vec![operation("update_memory")]),
        EffectKind::RequestApproval { .. } => ("request_approval".to_owned(), SpanKind::Internal, Vec::new()),
        EffectKind::Sleep(_) => ("sleep".to_owned(), SpanKind::Internal, Vec::new()),
        EffectKind::AwaitSignal(_) => ("await_signal".to_owned(), SpanKind::Internal, Vec::new()),
        EffectKind::StartRuns(_) => ("start_runs".to_owned(), SpanKind::Internal, Vec::new()),
    }
}

/// The attributes of how an effect ended.
fn outcome(event: &Event) -> Vec<KeyValue> {
    let Some((_, EffectOutcome::ModelReplied(ModelOutcome::Replied(reply)))) = event.outcome() else {
        return Vec::new();
    };
    let Reply { model, tokens_in, tokens_out, stop, .. } = reply.as_ref();
    let reasons = opentelemetry::Value::Array(vec![opentelemetry::StringValue::from(finish(*stop))].into());
    vec![
        KeyValue::new("gen_ai.response.model", short(model)),
        KeyValue::new("gen_ai.usage.input_tokens", number(*tokens_in)),
        KeyValue::new("gen_ai.usage.output_tokens", number(*tokens_out)),
        KeyValue::new("gen_ai.response.finish_reasons", reasons),
    ]
}

fn finish(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Ended => "stop",
        FinishReason::Called => "tool_call",
        FinishReason::Length => "length",
        FinishReason::Refused => "content_filter",
    }
}

/// What was said, where that is asked for.
fn content(effect: &Effect, event: &Event) -> Vec<KeyValue> {
    let outcome = event.outcome().map(|(_, outcome)| outcome);
    match &effect.kind {
        EffectKind::AskModel(question) => conversation(question, outcome),
        EffectKind::CallTool { call, .. } => arguments(call, outcome),
        EffectKind::RunCode(_)
        | EffectKind::Remember(_)
        | EffectKind::Recall(_)
        | EffectKind::ReadResult(_)
        | EffectKind::RequestApproval { .. }
        | EffectKind::Sleep(_)
        | EffectKind::AwaitSignal(_)
        | EffectKind::StartRuns(_) => Vec::new(),
    }
}

fn conversation(question: &Question, outcome: Option<&EffectOutcome>) -> Vec<KeyValue> {
    let Some(EffectOutcome::ModelReplied(outcome)) = outcome else { return Vec::new() };
    let json = |name: &'static str, messages: &[Message]| {
        KeyValue::new(name, serde_json::to_value(messages).unwrap_or_default().to_string())
    };
    let answer: Vec<Message> = match outcome {
        ModelOutcome::Replied(reply) => vec![reply.message()],
        ModelOutcome::Failed(_) => Vec::new(),
    };
    vec![
        KeyValue::new("gen_ai.system_instructions", question.system.clone()),
        json("gen_ai.input.messages", &question.messages),
        json("gen_ai.output.messages", &answer),
    ]
}

fn arguments(call: &ToolCall, outcome: Option<&EffectOutcome>) -> Vec<KeyValue> {
    let Some(EffectOutcome::ToolReturned(outcome)) = outcome else { return Vec::new() };
    let result = match outcome {
        ToolOutcome::Returned(value) => value.text(),
        ToolOutcome::Failed(_) | ToolOutcome::Unknown(_) => "null",
    };
    vec![
        KeyValue::new("gen_ai.tool.call.arguments", call.arguments.text().to_owned()),
        KeyValue::new("gen_ai.tool.call.result", result.to_owned()),
    ]
}

/// The kind of a fault as the journal writes it.
fn kind(fault: &Fault) -> String {
    serde_json::to_value(fault.kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The beginning of a name.
fn short(name: &str) -> String {
    name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default().to_owned()
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn at(ms: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms)
}

/// The id of a span: the same whenever it is made.
fn span_id(run: RunId, key: &str) -> SpanId {
    let digest = Digest::of(format!("{run}/{key}").as_bytes());
    let id = digest.hex().get(..16).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(1);
    SpanId::from_bytes(id.max(1).to_be_bytes())
}

fn exporter(endpoint: &str) -> Result<SpanExporter> {
    let wrong = |error: &dyn std::fmt::Display| {
        Fault::invalid("telemetry", format!("\"{endpoint}\" cannot be a collector of telemetry: {error}"))
    };
    let client = stockade_system::http::client().map_err(|fault| wrong(&fault))?;
    let address = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let built = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(address)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(EXPORT_TIMEOUT)
        .build();
    let mut exporter = built.map_err(|error| wrong(&error))?;
    exporter.set_resource(&Resource::builder_empty().with_service_name("stockade").build());
    Ok(exporter)
}

/// Sends what comes, batch by batch. A collector that is not there loses its batch: the journal has it all.
async fn send(exporter: SpanExporter, mut inbox: mpsc::Receiver<Post>) {
    while let Some(message) = inbox.recv().await {
        match message {
            Post::Spans(spans) => {
                let _ = tokio::time::timeout(EXPORT_TIMEOUT, exporter.export(spans)).await;
            }
            Post::Flush(done) => {
                let _ = done.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_place_for_a_message() {
        let call = ToolCall::new("fetch", &"x".repeat(1_000), serde_json::Value::Null);
        let (name, ..) = described(&Effect::call("a", call));
        assert_eq!(name.len(), "execute_tool ".len() + NAME_BYTES_MAX);
        assert_eq!(short("fetch.send"), "fetch.send");
    }

    fn span() -> SpanData {
        let (run, name) = (uuid::Uuid::now_v7().into(), "a".to_owned());
        let span = Span { run, id: SpanId::INVALID, parent: SpanId::INVALID, kind: SpanKind::Internal, name };
        span.ended(UNIX_EPOCH, Duration::ZERO, Vec::new(), None)
    }

    /// The clock of tokio moves only while the test waits, so that it takes no seconds.
    #[tokio::test(start_paused = true)]
    async fn a_collector_that_never_answers_has_its_time_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let telemetry = Telemetry::start(&config::Telemetry::default(), &endpoint).unwrap();
        (0..9).for_each(|_| telemetry.inbox.try_send(Post::Spans(vec![span()])).unwrap());
        let began = tokio::time::Instant::now();
        telemetry.flush().await;
        assert!(began.elapsed() <= EXPORT_TIMEOUT + Duration::from_secs(1), "{:?}", began.elapsed());
    }
}
