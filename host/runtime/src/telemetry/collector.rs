//! A collector, as this process sends to it: one batch after the other, and none again.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use serde_json::Value;
use stockade_workflow::{Fault, Scrubber};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::otlp;
use crate::Result;
use crate::meters::{Meters, TELEMETRY_DROPPED};
use crate::records::Record;
use crate::trace::Trace;

/// How long a collector may take for a batch.
pub(super) const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the meters are sent.
const METRICS_EVERY: Duration = Duration::from_secs(15);

/// What is to be sent.
pub(super) enum Post {
    Spans(Vec<SpanData>),
    /// Records of a run, and its place in a trace.
    Logs(Vec<Record>, Trace),
    /// The meters, and a word once all that came before is sent.
    Flush(oneshot::Sender<()>),
}

/// Where things are sent to.
pub(super) struct Collector {
    spans: SpanExporter,
    http: reqwest::Client,
    /// The base address, without a slash at its end.
    endpoint: String,
    meters: Arc<Meters>,
    scrubber: Scrubber,
    /// When the meters began to count, in milliseconds since the Unix epoch.
    began_ms: u64,
}

impl Collector {
    /// Prepares to send to a base address.
    ///
    /// # Errors
    ///
    /// The text is not an address.
    pub(super) fn new(endpoint: &str, meters: Arc<Meters>, scrubber: Scrubber) -> Result<Self> {
        let wrong = |error: &dyn std::fmt::Display| {
            Fault::invalid("telemetry", format!("\"{endpoint}\" cannot be a collector of telemetry: {error}"))
        };
        let http = stockade_system::http::client().map_err(|fault| wrong(&fault))?;
        let base = endpoint.trim_end_matches('/').to_owned();
        let built = SpanExporter::builder()
            .with_http()
            .with_http_client(http.clone())
            .with_endpoint(format!("{base}/v1/traces"))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(EXPORT_TIMEOUT)
            .build();
        let mut spans = built.map_err(|error| wrong(&error))?;
        spans.set_resource(&Resource::builder_empty().with_service_name(otlp::SERVICE).build());
        Ok(Self { spans, http, endpoint: base, meters, scrubber, began_ms: now_ms() })
    }

    /// Sends what comes, and the meters again and again. What the collector does not take is lost, for the journal has it all.
    pub(super) async fn take_all(self, mut inbox: mpsc::Receiver<Post>) {
        let mut ticks = interval_at(Instant::now() + METRICS_EVERY, METRICS_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                post = inbox.recv() => match post {
                    Some(post) => self.take(post).await,
                    None => return,
                },
                _ = ticks.tick() => self.metrics().await,
            }
        }
    }

    async fn take(&self, post: Post) {
        match post {
            Post::Spans(spans) => {
                let count = spans.len();
                let sent = timeout(EXPORT_TIMEOUT, self.spans.export(spans)).await;
                self.note("traces", count, matches!(sent, Ok(Ok(()))));
            }
            Post::Logs(records, trace) => {
                let mut body = otlp::logs(&records, trace);
                self.scrubber.value(&mut body);
                self.send("logs", records.len(), &body).await;
            }
            Post::Flush(done) => {
                self.metrics().await;
                let _ = done.send(());
            }
        }
    }

    async fn metrics(&self) {
        self.send("metrics", 1, &otlp::metrics(&self.meters.all(), self.began_ms, now_ms())).await;
    }

    async fn send(&self, signal: &'static str, count: usize, body: &Value) {
        let address = format!("{}/v1/{signal}", self.endpoint);
        let request = self.http.post(address).header("content-type", "application/json").body(body.to_string());
        let sent = timeout(EXPORT_TIMEOUT, request.send()).await;
        self.note(signal, count, matches!(sent, Ok(Ok(answer)) if answer.status().is_success()));
    }

    fn note(&self, signal: &'static str, count: usize, is_sent: bool) {
        if !is_sent {
            self.meters.add(&TELEMETRY_DROPPED, &[signal], count as u64);
        }
    }
}

/// The time of the collector's clock, which is that of the system, and not of the journal.
fn now_ms() -> u64 {
    crate::Clock::default().now_ms()
}
