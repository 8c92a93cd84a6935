//! Meters and records as OTLP has them in JSON.

use serde_json::{Map, Value, json};
use stockade_sandbox::LogLevel;

use crate::meters::{Instrument, Point, Series, Shape};
use crate::records::Record;
use crate::trace::Trace;

/// The name of the service that all is told of.
pub(super) const SERVICE: &str = "stockade";

/// The longest text of a record, in bytes: a fault may quote a guest.
const TEXT_BYTES_MAX: usize = 1_024;

/// Sums and histograms count from when the process began.
const CUMULATIVE: u8 = 2;

/// Writes meters, which count since a time, as they are at another.
pub(super) fn metrics(all: &[(&'static Instrument, Series)], began_ms: u64, now_ms: u64) -> Value {
    let metrics: Vec<_> = all.iter().map(|(instrument, series)| metric(instrument, series, began_ms, now_ms)).collect();
    let scope = json!({"scope": scope(), "metrics": metrics});
    json!({"resourceMetrics": [{"resource": resource(), "scopeMetrics": [scope]}]})
}

fn metric(instrument: &Instrument, series: &Series, began_ms: u64, now_ms: u64) -> Value {
    let points: Vec<_> = series
        .iter()
        .map(|(values, point)| {
            let mut written = json!({
                "attributes": attributes(instrument.labels.iter().copied().zip(values.iter().map(String::as_str))),
                "startTimeUnixNano": nanos(began_ms),
                "timeUnixNano": nanos(now_ms),
            });
            if let (Value::Object(written), Value::Object(value)) = (&mut written, value(instrument, point)) {
                written.extend(value);
            }
            written
        })
        .collect();
    let (shape, data) = match instrument.shape {
        Shape::Counter => {
            ("sum", json!({"dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": true}))
        }
        Shape::Gauge => ("gauge", json!({"dataPoints": points})),
        Shape::Histogram(_) => ("histogram", json!({"dataPoints": points, "aggregationTemporality": CUMULATIVE})),
    };
    json!({"name": instrument.name, "description": instrument.meaning, "unit": instrument.unit, shape: data})
}

fn value(instrument: &Instrument, point: &Point) -> Value {
    match point {
        // Integers of 64 bits are texts in the JSON of protobuf.
        Point::Counter(sum) => json!({"asInt": sum.to_string()}),
        Point::Gauge(value) => json!({"asDouble": value}),
        Point::Histogram { counts, sum } => {
            let bounds = if let Shape::Histogram(bounds) = instrument.shape { bounds } else { &[] };
            let all: u64 = counts.iter().sum();
            let counts: Vec<_> = counts.iter().map(u64::to_string).collect();
            json!({"count": all.to_string(), "sum": sum, "bucketCounts": counts, "explicitBounds": bounds})
        }
    }
}

/// Writes records of one run, which is in this place of a trace.
pub(super) fn logs(records: &[Record], trace: Trace) -> Value {
    let records: Vec<_> = records.iter().map(|record| log(record, trace)).collect();
    let scope = json!({"scope": scope(), "logRecords": records});
    json!({"resourceLogs": [{"resource": resource(), "scopeLogs": [scope]}]})
}

fn log(record: &Record, trace: Trace) -> Value {
    let (number, text) = severity(record.level);
    let run = record.run.map(|run| run.to_string());
    let named = [
        ("gen_ai.conversation.id", run.as_deref()),
        ("gen_ai.agent.name", record.workflow.as_deref()),
        ("enduser.id", record.principal.as_deref()),
    ];
    let named = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
    json!({
        "timeUnixNano": nanos(record.at_ms),
        "severityNumber": number,
        "severityText": text,
        "eventName": format!("stockade.{}", record.event),
        "body": {"stringValue": cut(&record.message)},
        "attributes": attributes(named),
        "traceId": hex(&trace.trace),
        "spanId": hex(&trace.span),
    })
}

fn severity(level: LogLevel) -> (u8, &'static str) {
    match level {
        LogLevel::Trace => (1, "TRACE"),
        LogLevel::Debug => (5, "DEBUG"),
        LogLevel::Info => (9, "INFO"),
        LogLevel::Warn => (13, "WARN"),
        LogLevel::Error => (17, "ERROR"),
        LogLevel::Critical => (21, "FATAL"),
    }
}

fn resource() -> Value {
    json!({"attributes": attributes([("service.name", SERVICE), ("service.version", env!("CARGO_PKG_VERSION"))])})
}

fn scope() -> Value {
    json!({"name": SERVICE, "version": env!("CARGO_PKG_VERSION")})
}

/// Writes attributes; one without a value is left out.
fn attributes<'a>(named: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Map<String, Value>> {
    let written = named.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| {
        Map::from_iter([("key".to_owned(), Value::from(key)), ("value".to_owned(), json!({"stringValue": cut(value)}))])
    });
    written.collect()
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default()
}

fn nanos(ms: u64) -> String {
    u128::from(ms).saturating_mul(1_000_000).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meters::{COMMITS, MODEL_DURATION, Meters, STREAMS};

    #[test]
    fn meters_are_sums_gauges_and_histograms() {
        let meters = Meters::default();
        meters.add(&COMMITS, &["made"], 7);
        meters.set(&STREAMS, &[], 2.0);
        meters.record(&MODEL_DURATION, &["chat", "anthropic", "claude-haiku", ""], 0.03);
        let written = metrics(&meters.all(), 1_000, 2_000);
        let all = written.pointer("/resourceMetrics/0/scopeMetrics/0/metrics").unwrap().as_array().unwrap();
        let named = |name: &str| all.iter().find(|metric| metric["name"] == name).unwrap();
        let commits = &named("stockade.journal.commits")["sum"];
        assert_eq!(commits["dataPoints"][0]["asInt"], "7");
        assert_eq!((&commits["isMonotonic"], &commits["aggregationTemporality"]), (&json!(true), &json!(2)));
        assert_eq!(commits["dataPoints"][0]["startTimeUnixNano"], "1000000000");
        assert_eq!(named("stockade.server.streams")["gauge"]["dataPoints"][0]["asDouble"], 2.0);
        let asked = &named("gen_ai.client.operation.duration")["histogram"]["dataPoints"][0];
        assert_eq!(
            (&asked["count"], &asked["bucketCounts"][2], &asked["sum"]),
            (&json!("1"), &json!("1"), &json!(0.03))
        );
        assert_eq!(
            asked["bucketCounts"].as_array().unwrap().len(),
            asked["explicitBounds"].as_array().unwrap().len() + 1
        );
        assert_eq!(asked["attributes"].as_array().unwrap().len(), 3, "there was no error");
    }

    #[test]
    fn a_record_is_in_the_trace_of_its_run_and_cut() {
        let record = Record::new(5, LogLevel::Warn, "run.ended", "x".repeat(5_000)).by("dana");
        let written = logs(&[record], Trace { trace: [1; 16], span: [2; 8] });
        let record = written.pointer("/resourceLogs/0/scopeLogs/0/logRecords/0").unwrap();
        assert_eq!((&record["traceId"], &record["spanId"]), (&json!("01".repeat(16)), &json!("02".repeat(8))));
        assert_eq!((&record["severityNumber"], &record["eventName"]), (&json!(13), &json!("stockade.run.ended")));
        assert_eq!(record["body"]["stringValue"].as_str().unwrap().len(), TEXT_BYTES_MAX);
        assert_eq!(record["attributes"][0]["value"]["stringValue"], "dana");
    }
}
