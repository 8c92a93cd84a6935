use serde::Deserialize;

/// What `[telemetry]` says: where spans, meters and records of the log go. Without an endpoint they go nowhere.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// The base address of a collector that speaks OTLP over HTTP, as in `http://localhost:4318`. Without it, nothing
    /// is sent.
    pub endpoint: Option<String>,
    /// Whether spans carry questions, answers, arguments and results.
    pub content: bool,
}
