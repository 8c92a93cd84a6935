//! What an operator sees of a server: its meters, its log, the traces that its runs are in, and what `packages/grafana` draws of
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use http_body_util::BodyExt as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use stockade::{Role, meters};
use stockade_tests::{Place, input, root};

use crate::server::{Client, Served};

/// A sample of a page for Prometheus.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Sample {
    /// Reads a line: a name, labels in braces whose values are escaped, and a value.
    fn read(line: &str) -> Self {
        let (head, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = head.split_once('{').unwrap_or((head, "}"));
        let (mut labels, mut left) = (BTreeMap::new(), labels.strip_suffix('}').unwrap());
        while let Some((key, rest)) = left.split_once("=\"") {
            let (value, rest) = quoted(rest);
            assert!(labels.insert(key.to_owned(), value).is_none(), "{line}");
            left = rest.strip_prefix(',').unwrap_or(rest);
        }
        assert_eq!(left, "", "{line}");
        let value = if value == "+Inf" { f64::INFINITY } else { value.parse().unwrap() };
        Self { name: name.to_owned(), labels, value }
    }

    /// The labels, without the bound of a bucket.
    fn series(&self) -> BTreeMap<String, String> {
        self.labels
            .iter()
            .filter(|(name, _)| *name != "le")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// Reads an escaped value up to the quotation mark behind it.
fn quoted(text: &str) -> (String, &str) {
    let (mut value, mut letters) = (String::new(), text.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &text[at + 1..]),
            '\\' => match letters.next().unwrap().1 {
                'n' => value.push('\n'),
                escaped @ ('"' | '\\') => value.push(escaped),
                other => panic!("\\{other} is no escape of the format"),
            },
            plain => value.push(plain),
        }
    }
    panic!("{text} has no end")
}

/// Reads a page in the text format 0.0.4, and checks what the format wants: each family is introduced once, before its samples,
/// and the buckets of a histogram are cumulative and end with all values.
fn read(page: &str) -> Vec<Sample> {
    let (mut kinds, mut samples) = (BTreeMap::new(), Vec::<Sample>::new());
    for line in page.lines() {
        if let Some(introduction) = line.strip_prefix("# TYPE ") {
            let (family, kind) = introduction.split_once(' ').unwrap();
            assert!(kinds.insert(family.to_owned(), kind.to_owned()).is_none(), "{family} is introduced twice");
        } else if !line.starts_with("# HELP ") {
            samples.push(Sample::read(line));
        }
    }
    for sample in &samples {
        let endings = ["_bucket", "_sum", "_count", ""];
        let mut families = endings.iter().filter_map(|ending| sample.name.strip_suffix(ending));
        assert!(families.any(|family| kinds.contains_key(family)), "{} is not introduced", sample.name);
    }
    for family in kinds.iter().filter(|(_, kind)| *kind == "histogram").map(|(family, _)| family) {
        check_histogram(family, &samples);
    }
    samples
}

fn check_histogram(family: &str, samples: &[Sample]) {
    let of = |ending: &str| {
        let name = format!("{family}{ending}");
        samples.iter().filter(move |sample| sample.name == name)
    };
    for count in of("_count") {
        let buckets: Vec<_> = of("_bucket").filter(|bucket| bucket.series() == count.labels).collect();
        let bounds = buckets.iter().map(|bucket| bucket.labels["le"].replace("+Inf", "inf").parse::<f64>().unwrap());
        assert!(bounds.is_sorted_by(|one, next| one < next), "{family}: {buckets:?}");
        assert!(buckets.is_sorted_by(|one, next| one.value <= next.value), "{family}: {buckets:?}");
        let last = buckets.last().unwrap();
        assert_eq!((last.labels["le"].as_str(), last.value), ("+Inf", count.value), "{family}");
        assert!(of("_sum").any(|sum| sum.labels == count.labels), "{family}");
    }
}

/// The value of the one sample of this name whose labels have these.
fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> f64 {
    let has =
        |sample: &&Sample| labels.iter().all(|(name, value)| sample.labels.get(*name).is_some_and(|is| is == value));
    let mut found = samples.iter().filter(|sample| sample.name == name).filter(has);
    let one = found.next().unwrap_or_else(|| panic!("{name} {labels:?} is not in {samples:#?}"));
    assert!(found.next().is_none(), "{name} {labels:?} is not one sample");
    one.value
}

/// A page of the server, with its type.
async fn page(client: &Client, accept: &str) -> (u16, String, String) {
    let response = client.send("GET /metrics", &[("accept", accept)], "").await;
    let (status, kind) = (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap().to_owned());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, kind, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_meters_say_what_runs_did_and_a_viewer_may_read_them() {
    let served = Served::start(|server| server).await;
    let (shop, viewer) = (served.client("shop", Role::Operator).await, served.client("watch", Role::Viewer).await);
    for user in ["user_123", "user_789"] {
        let run = shop.refund(user).await;
        served.settled(&run).await;
    }
    // What the journal has already may be counted a moment later.
    served.host.idle().await;
    let (status, kind, text) = page(&viewer, "text/plain").await;
    assert_eq!((status, kind.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    let samples = read(&text);
    for (name, labels, expected) in [
        ("stockade_runs_started_total", &[("workflow", "refund")][..], 2.0),
        ("stockade_runs_ended_total", &[("workflow", "refund"), ("status", "done")][..], 1.0),
        ("stockade_runs_open", &[("status", "waiting")][..], 1.0),
        ("stockade_runs_waiting", &[("waiting_for", "person")][..], 1.0),
        ("stockade_journal_up", &[][..], 1.0),
        ("gen_ai_invoke_agent_duration_seconds_count", &[("gen_ai_operation_name", "invoke_workflow")][..], 1.0),
        (
            "http_server_request_duration_seconds_count",
            &[("http_route", "/v1/runs"), ("http_request_method", "POST"), ("http_response_status_code", "201")][..],
            2.0,
        ),
    ] {
        assert!((value(&samples, name, labels) - expected).abs() < 0.5, "{name} {labels:?}: {text}");
    }
    assert!(value(&samples, "stockade_fuel_used_total", &[("workflow", "refund")]) > 0.0);
    assert!(value(&samples, "stockade_journal_commits_total", &[("outcome", "made")]) >= 2.0);
    let tools: BTreeSet<_> = samples.iter().filter_map(|sample| sample.labels.get("gen_ai_tool_name")).collect();
    assert!(
        tools.iter().any(|tool| tool.starts_with("purchases.")) && !tools.contains(&"other".to_owned()),
        "{tools:?}"
    );

    let (status, kind, text) = page(&viewer, "application/openmetrics-text;version=1.0.0").await;
    assert_eq!((status, kind.as_str()), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(text.ends_with("\n# EOF\n") && text.contains("# TYPE stockade_runs_started counter\n"), "{text}");
    assert_eq!(page(&served.anyone(), "text/plain").await.0, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_in_the_trace_of_the_request_that_started_it() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let served = Served::start(|server| server).await;
    let shop = served.client("shop", Role::Operator).await;
    let told = format!("00-{TRACE}-b7ad6b7169203331-01");
    for (traceparent, is_taken) in [(told.as_str(), true), ("nonsense", false)] {
        let body = json!({"workflow": "refund", "input": input("user_789")}).to_string();
        let headers = [("content-type", "application/json"), ("traceparent", traceparent)];
        let response = shop.send("POST /v1/runs", &headers, body).await;
        assert_eq!(response.status().as_u16(), 201);
        let own = response.headers()["traceparent"].to_str().unwrap().to_owned();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let run: Value = serde_json::from_slice(&bytes).unwrap();
        let trace = if is_taken { TRACE.to_owned() } else { run["run_id"].as_str().unwrap().replace('-', "") };
        assert!(own.starts_with(&format!("00-{trace}-")) && own != told, "{own}");
        assert_eq!(run["labels"].get("traceparent").is_some(), is_taken, "{run}");
    }
}

const KEY: &str = "sk-test-3c9a5e0d7f";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_of_the_log_is_a_record_and_none_has_a_secret() {
    let place = Place::new();
    place.write(
        "stockade.toml",
        "[secrets]\nkey = { env = \"STOCKADE_TEST_KEY\" }\n\
         [model.main]\nprovider = \"openai\"\nmodel = \"toy-1\"\nkey = \"key\"\n",
    );
    let mut child = place
        .command(&["serve", "--no-auth", "--listen", "127.0.0.1:0", "--log-format", "json", "--log-level", "debug"])
        .env("STOCKADE_TEST_KEY", KEY)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut records = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap_or_else(|_| panic!("{line}")));
    let serves = "stockade serves on http://";
    let mut first =
        records.by_ref().filter_map(|record| Some(record["message"].as_str()?.strip_prefix(serves)?.to_owned()));
    let client = Client { address: first.next().unwrap().parse().unwrap(), token: None };
    let run = client.refund("user_123").await;
    let order = json!({"reason": format!("the key is {KEY}\u{1b}[2J\n")});
    let (status, stopped) = client.post(&format!("/v1/runs/{run}/stop"), &order).await;
    assert_eq!(status, 200, "{stopped}");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let records: Vec<_> = records.collect();
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let of =
        |event: &str| records.iter().find(|record| record["event"] == event).unwrap_or_else(|| panic!("{records:#?}"));
    let started = of("run.started");
    assert_eq!(
        (&started["run"], &started["workflow"], &started["level"]),
        (&json!(run), &json!("refund"), &json!("info"))
    );
    assert_eq!(of("request.answered")["principal"], started["principal"]);
    let message = of("run.stopped")["message"].as_str().unwrap();
    assert!(message.contains("[redacted]") && message.contains("\\u{1b}[2J\\u{a}"), "{message}");
    assert!(records.iter().all(|record| record["time"].as_str().is_some_and(|time| time.ends_with('Z'))));
    assert!(!json!(records).to_string().contains(KEY));
}

#[test]
fn a_level_needs_a_format() {
    let refused = Place::new().json(&["worker", "--once", "--log-level", "warn"]);
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(2), &json!("usage")), "{refused:?}");
}

/// What Grafana and Prometheus are told to draw and to watch is there, by the names that it has on the page.
#[test]
fn the_dashboard_and_the_alerts_name_metrics_that_there_are() {
    let samples: BTreeSet<_> = meters::ALL.iter().flat_map(|instrument| instrument.samples()).collect();
    let labels = meters::ALL.iter().flat_map(|instrument| instrument.labels).map(|label| label.replace('.', "_"));
    let known: BTreeSet<_> = samples.iter().cloned().chain(labels).collect();
    let file = |name: &str| fs::read_to_string(root().join("packages/grafana").join(name)).unwrap();
    let dashboard: Value = serde_json::from_str(&file("stockade.json")).unwrap();
    let targets =
        dashboard["panels"].as_array().unwrap().iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let drawn: Vec<_> = targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let alerts = file("alerts.yaml");
    assert_eq!(alerts.matches("- alert: ").count(), alerts.matches("expr: ").count());
    // The rest of the rules is words for people.
    let watched = alerts.lines().filter(|line| line.contains("stockade_")).map(str::to_owned);
    let named = |text: &String| {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').map(str::to_owned);
        let is_ours = |word: &String| ["stockade_", "gen_ai_", "http_"].iter().any(|begin| word.starts_with(begin));
        words.filter(is_ours).collect::<Vec<_>>()
    };
    let names: BTreeSet<_> = drawn.iter().flat_map(named).collect();
    let all: Vec<_> = names.iter().cloned().chain(watched.flat_map(|line| named(&line))).collect();
    assert!(all.iter().all(|name| known.contains(name)), "{:?}", all.iter().find(|name| !known.contains(*name)));
    // What only has the name that the conventions had before is there for other dashboards.
    let older = [meters::TOKEN_USAGE, meters::MODEL_DURATION];
    for instrument in meters::ALL.into_iter().filter(|instrument| !older.contains(instrument)) {
        let is_drawn = instrument.samples().iter().any(|sample| names.contains(sample));
        assert!(is_drawn, "{} is on no panel", instrument.name);
    }
}
