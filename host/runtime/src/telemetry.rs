//! What a host tells a collector of OpenTelemetry, with the names of the semantic conventions for GenAI, version 0.1.0: spans,
//! the meters, and the records of a log.
//!
//! Spans and records are made of what was committed, so that they tell what the journal tells. Their ids follow from the run and
//! the effect: a run that another process goes on with after a crash is the same trace. What was said is left out unless it
//! is asked for.

mod collector;
mod otlp;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status as SpanStatus, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use stockade_workflow::{
    Change, Effect, EffectKind, EffectOutcome, Entry, Event, Fault, FinishReason, Message, ModelOutcome, Question,
    Reply, RunState, Scrubber, ToolCall, ToolOutcome, Usage,
};
use tokio::sync::{mpsc, oneshot};

use self::collector::{Collector, EXPORT_TIMEOUT, Post};
use crate::genai::{GenAi, ended, kind, name};
use crate::hooks::Hooks;
use crate::meters::{Meters, TELEMETRY_DROPPED};
use crate::records::Record;
use crate::trace::{Trace, span};
use crate::{Result, config};

/// How many batches may wait for a collector that is slow; further ones are dropped, for a run does not wait.
const QUEUE_MAX: usize = 1024;

/// The longest name that a span has: the name of a function may be a model's word.
const NAME_BYTES_MAX: usize = 128;

/// Tells a collector.
pub(crate) struct Telemetry {
    inbox: mpsc::Sender<Post>,
    content: bool,
    meters: Arc<Meters>,
    words: Arc<GenAi>,
}

impl Telemetry {
    /// Begins to send to the collector that the configuration names. It must be called within a runtime of tokio.
    ///
    /// # Errors
    ///
    /// The text is not an address.
    pub(crate) fn start(
        config: &config::Telemetry,
        endpoint: &str,
        meters: Arc<Meters>,
        words: Arc<GenAi>,
        scrubber: Scrubber,
    ) -> Result<Self> {
        let collector = Collector::new(endpoint, Arc::clone(&meters), scrubber)?;
        let (inbox, batches) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(collector.take_all(batches));
        Ok(Self { inbox, content: config.content, meters, words })
    }

    fn spans(&self, state: &RunState, entry: &Entry) -> Vec<SpanData> {
        let own = if let Change::Stepped { event, used, .. } = &entry.change {
            event.key().and_then(|key| Some((key, state.effect(key)?, event, used)))
        } else {
            None
        };
        let own = own.map(|(key, effect, event, used)| self.effect(state, entry, (key, effect), event, used));
        let root = ended(state, entry).map(|end| self.root(state, entry, end.err().as_ref()));
        own.into_iter().chain(root).collect()
    }

    fn effect(
        &self,
        state: &RunState,
        entry: &Entry,
        (key, effect): (&str, &Effect),
        event: &Event,
        used: &Usage,
    ) -> SpanData {
        let (name, kind, mut attributes) = described(effect, &self.words);
        attributes.extend(outcome(event));
        if self.content {
            attributes.extend(content(effect, event));
        }
        let Trace { trace, span: root } = Trace::of_run(state);
        let (trace, parent) = (TraceId::from_bytes(trace), SpanId::from_bytes(root));
        let span = Span { trace, id: SpanId::from_bytes(span(entry.run, key)), parent, is_remote: false, kind, name };
        span.ended(at(entry.at_ms), Duration::from_micros(used.wall_us), attributes, event.fault())
    }

    /// The span of a whole run, from its creation, which its id tells, to its end.
    fn root(&self, state: &RunState, entry: &Entry, fault: Option<&Fault>) -> SpanData {
        let (run, workflow, spent) = (state.run(), state.workflow(), state.ledger().spent());
        let operation = self.words.operation(workflow);
        let (trace, told) = (Trace::of_run(state), Trace::parent(state));
        let span = Span {
            trace: TraceId::from_bytes(trace.trace),
            id: SpanId::from_bytes(trace.span),
            parent: told.map_or(SpanId::INVALID, |told| SpanId::from_bytes(told.span)),
            is_remote: told.is_some(),
            kind: SpanKind::Internal,
            name: format!("{operation} {workflow}"),
        };
        let attributes = vec![
            KeyValue::new("gen_ai.operation.name", operation),
            KeyValue::new("gen_ai.agent.name", workflow.to_owned()),
            KeyValue::new("gen_ai.conversation.id", run.to_string()),
            KeyValue::new("stockade.usage.tokens", number(spent.tokens)),
            KeyValue::new("stockade.usage.fuel", number(spent.fuel)),
            KeyValue::new("stockade.usage.money_micros", number(spent.money_micros)),
        ];
        let took = at(entry.at_ms).duration_since(at(state.created_ms())).unwrap_or_default();
        span.ended(at(entry.at_ms), took, attributes, fault)
    }

    /// Hands a batch on. A collector that cannot keep up loses it, which is counted, and never holds a run up.
    fn hand_on(&self, signal: &'static str, count: usize, post: Post) {
        if count > 0 && self.inbox.try_send(post).is_err() {
            self.meters.add(&TELEMETRY_DROPPED, &[signal], count as u64);
        }
    }
}

#[async_trait]
impl Hooks for Telemetry {
    fn committed(&self, run: &RunState, entries: &[Entry]) {
        let spans: Vec<_> = entries.iter().flat_map(|entry| self.spans(run, entry)).collect();
        self.hand_on("traces", spans.len(), Post::Spans(spans));
        let records = Record::of_commit(run, entries);
        self.hand_on("logs", records.len(), Post::Logs(records, Trace::of_run(run)));
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
    trace: TraceId,
    id: SpanId,
    parent: SpanId,
    /// Whether its parent is of another program.
    is_remote: bool,
    kind: SpanKind,
    name: String,
}

impl Span {
    fn ended(self, end: SystemTime, took: Duration, attributes: Vec<KeyValue>, fault: Option<&Fault>) -> SpanData {
        let status = fault.map_or(SpanStatus::Unset, |fault| SpanStatus::error(kind(fault)));
        let kind_of = fault.map(|fault| KeyValue::new("error.type", kind(fault)));
        SpanData {
            span_context: SpanContext::new(self.trace, self.id, TraceFlags::SAMPLED, false, TraceState::default()),
            parent_span_id: self.parent,
            parent_span_is_remote: self.is_remote,
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

/// The name, kind and attributes of an effect's span.
fn described(effect: &Effect, words: &GenAi) -> (String, SpanKind, Vec<KeyValue>) {
    let operation = |name: &'static str| KeyValue::new("gen_ai.operation.name", name);
    match &effect.kind {
        EffectKind::AskModel(question) => {
            let (model, provider) = words.asked(question.model.as_deref());
            let attributes = vec![
                operation("chat"),
                KeyValue::new("gen_ai.provider.name", provider),
                KeyValue::new("gen_ai.request.model", model.to_owned()),
            ];
            (format!("chat {model}"), SpanKind::Client, attributes)
        }
        EffectKind::CallTool { call, .. } => {
            let name = short(&name(call));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_place_for_a_message() {
        let call = ToolCall::new("fetch", &"x".repeat(1_000), serde_json::Value::Null);
        let (name, ..) = described(&Effect::call("a", call), &GenAi::default());
        assert_eq!(name.len(), "execute_tool ".len() + NAME_BYTES_MAX);
        assert_eq!(short("fetch.send"), "fetch.send");
    }

    fn span() -> SpanData {
        let (trace, id, parent, name) = (TraceId::INVALID, SpanId::INVALID, SpanId::INVALID, "a".to_owned());
        let span = Span { trace, id, parent, is_remote: false, kind: SpanKind::Internal, name };
        span.ended(UNIX_EPOCH, Duration::ZERO, Vec::new(), None)
    }

    /// The clock of tokio moves only while the test waits, so that it takes no seconds.
    #[tokio::test(start_paused = true)]
    async fn a_collector_that_never_answers_has_its_time_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (meters, words) = (Arc::<Meters>::default(), Arc::default());
        let telemetry =
            Telemetry::start(&config::Telemetry::default(), &endpoint, Arc::clone(&meters), words, Scrubber::default());
        let telemetry = telemetry.unwrap();
        (0..9).for_each(|_| telemetry.inbox.try_send(Post::Spans(vec![span()])).unwrap());
        let began = tokio::time::Instant::now();
        telemetry.flush().await;
        assert!(began.elapsed() <= EXPORT_TIMEOUT + Duration::from_secs(1), "{:?}", began.elapsed());
    }

    /// The task that sends does not run between two commits here, so that the queue fills.
    #[tokio::test]
    async fn a_batch_that_the_queue_has_no_room_for_is_counted() {
        let meters = Arc::<Meters>::default();
        let config = config::Telemetry::default();
        let (words, scrubber) = (Arc::default(), Scrubber::default());
        let telemetry = Telemetry::start(&config, "http://127.0.0.1:1", Arc::clone(&meters), words, scrubber).unwrap();
        (0..QUEUE_MAX + 3).for_each(|_| telemetry.hand_on("traces", 2, Post::Spans(vec![span(), span()])));
        let page = meters.page(crate::meters::Exposition::Prometheus);
        assert!(page.contains("stockade_telemetry_dropped_total{signal=\"traces\"} 6\n"), "{page}");
    }
}
