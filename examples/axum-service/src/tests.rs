//! The service over HTTP, on loopback: each test has its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade::journal::MemoryJournal;
use stockade::{Clock, Config, Host, RunId};
use stockade_refund::shop;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::service;

struct Service {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Vec<RunId>>,
}

impl Service {
    async fn start(journal: MemoryJournal, place: &TempDir) -> Self {
        let host = service::host(journal, place.path()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let stopped = async { stopped.await.unwrap() };
        let served = tokio::spawn(async { service::serve(listener, host, stopped).await.unwrap() });
        Self { address, stop, served }
    }

    async fn stop(self) -> Vec<RunId> {
        self.stop.send(()).unwrap();
        self.served.await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = ask(self.address, &format!("GET {path}"), "", "").await;
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, body) = ask(self.address, &format!("POST {path}"), "", &body.to_string()).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// Starts a refund under a key; returns its run.
    async fn refund(&self, key: &str, user: &str) -> String {
        let (status, run) = self.post("/runs", &refund(key, user)).await;
        assert_eq!(status, 202, "{run}");
        run.as_str().unwrap().to_owned()
    }

    async fn settled(&self, run: &str) -> Value {
        self.get(&format!("/runs/{run}/settled")).await
    }

    /// Approves what a run asks, as it asks it.
    async fn approve(&self, run: &str) -> u16 {
        let open = self.get("/approvals").await;
        let open = open.as_array().unwrap().iter().find(|open| open["run"] == run).unwrap();
        let path = format!("/approvals/{run}/{}", open["key"].as_str().unwrap());
        let decision = json!({"seen": open["digest"], "by": "dana", "verdict": "approved"});
        self.post(&path, &decision).await.0
    }
}

/// One request. The answer of HTTP/1.0 is all that comes until the connection ends, a stream of events too.
async fn ask(address: SocketAddr, what: &str, header: &str, body: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!("{what} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{header}\r\n");
    connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Follows a run to its end, from behind the entry of this number; returns the numbers and the entries.
async fn follow(address: SocketAddr, run: String, after: u64) -> Vec<(u64, Value)> {
    let what = format!("GET /runs/{run}/events");
    let (status, stream) = ask(address, &what, &format!("last-event-id: {after}\r\n"), "").await;
    assert_eq!(status, 200, "{stream}");
    let (mut events, mut number) = (Vec::new(), 0);
    for line in stream.lines() {
        if let Some(id) = line.strip_prefix("id: ") {
            number = id.parse().unwrap();
        }
        if let Some(entry) = line.strip_prefix("data: ") {
            events.push((number, serde_json::from_str(entry).unwrap()));
        }
    }
    events.sort_by_key(|(number, _)| *number);
    events
}

fn refund(key: &str, user: &str) -> Value {
    json!({"key": key, "workflow": "refund", "input": {"user_id": user, "request": "not what I expected"}})
}

fn journal() -> MemoryJournal {
    MemoryJournal::new(Clock::default())
}

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn a_run_is_started_once_for_a_key_and_pays_after_a_person_approved() {
    let place = place();
    let service = Service::start(journal(), &place).await;
    let run = service.refund("order-1", "user_123").await;
    assert_eq!(service.refund("order-1", "user_123").await, run);
    let (status, refused) = service.post("/runs", &refund("order-1", "user_789")).await;
    assert_eq!((status, &refused["detail"]), (409, &json!("start_key")), "{refused}");
    assert_eq!(service.settled(&run).await["status"], "waiting");

    let open = service.get("/approvals").await;
    assert_eq!((open[0]["run"].as_str(), open[0]["tool"].as_str()), (Some(&*run), Some("payments")), "{open}");
    let path = format!("/approvals/{run}/{}", open[0]["key"].as_str().unwrap());
    let unseen = json!({"seen": "sha256:00", "by": "dana", "verdict": "approved"});
    assert_eq!(service.post(&path, &unseen).await.0, 409);
    assert_eq!(service.approve(&run).await, 202);
    let report = service.settled(&run).await;
    assert_eq!(report["status"], "done", "{report}");
    let letter = report["output"]["letter"].as_str().unwrap();
    assert!(letter.starts_with("refunded $149.00: "), "the model of the program writes it: {letter}");
    assert_eq!(service.get("/approvals").await, json!([]));
    let (status, refused) =
        ask(service.address, &format!("GET /runs/{}/settled", RunId::from_bytes([7; 16])), "", "").await;
    assert_eq!(status, 404, "{refused}");
}

#[tokio::test]
async fn a_follower_sees_each_entry_once_from_where_it_was_cut_off() {
    let place = place();
    let service = Service::start(journal(), &place).await;
    let run = service.refund("order-1", "user_123").await;
    let all = tokio::spawn(follow(service.address, run.clone(), 0));
    service.settled(&run).await;
    let rest = tokio::spawn(follow(service.address, run.clone(), 3));
    assert_eq!(service.approve(&run).await, 202);
    let (all, rest) = (all.await.unwrap(), rest.await.unwrap());
    let numbers: Vec<u64> = all.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>());
    assert!(all.iter().all(|(number, entry)| entry["seq"] == *number), "{all:?}");
    assert_eq!(rest, all[3..]);
    let unknown = format!("GET /runs/{}/events", RunId::from_bytes([7; 16]));
    assert_eq!(ask(service.address, &unknown, "", "").await.0, 404);
}

#[tokio::test]
async fn runs_are_listed_in_pages_by_their_status() {
    let place = place();
    let service = Service::start(journal(), &place).await;
    let mut waiting = Vec::new();
    for (key, user) in [("a", "user_123"), ("b", "user_789"), ("c", "user_123"), ("d", "user_123")] {
        let run = service.refund(key, user).await;
        if service.settled(&run).await["status"] == "waiting" {
            waiting.push(run);
        }
    }
    assert_eq!(waiting.len(), 3);
    let page = async |more: &str| -> Vec<String> {
        let runs = service.get(&format!("/runs?status=waiting&limit=2{more}")).await;
        runs.as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(page("").await, waiting[..2]);
    assert_eq!(page(&format!("&after={}", waiting[1])).await, waiting[2..]);
    assert_eq!(page("&workflow=other").await, [""; 0]);
    assert_eq!(service.get("/runs").await.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_stopped_run_has_ended_and_a_stopped_service_leaves_its_runs_to_the_next() {
    let place = place();
    let journal = journal();
    let service = Service::start(journal.open_again(), &place).await;
    let (stopped, left) = (service.refund("a", "user_123").await, service.refund("b", "user_123").await);
    for run in [&stopped, &left] {
        assert_eq!(service.settled(run).await["status"], "waiting");
    }
    let (path, stop) = (format!("/runs/{stopped}/stop"), json!({"by": "dana", "reason": "it is late"}));
    assert_eq!(service.post(&path, &stop).await.0, 204);
    assert_eq!(service.settled(&stopped).await["stop"], stop);
    assert_eq!(service.post(&path, &stop).await.1["detail"], "ended");

    let address = service.address;
    assert_eq!(service.stop().await, []);
    assert!(TcpStream::connect(address).await.is_err(), "nothing listens any more");
    let next = Service::start(journal, &place).await;
    assert_eq!(next.approve(&left).await, 202);
    assert_eq!(next.settled(&left).await["status"], "done");
}

/// What was traced, as text.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Trace {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_effect_is_a_span_that_names_its_run() {
    let trace = Trace::default();
    let writer = trace.clone();
    let subscriber = tracing_subscriber::fmt().with_span_events(FmtSpan::CLOSE).with_writer(move || writer.clone());
    // For all threads, as a service does it: what a thread without a subscriber sees first, tracing may leave out.
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let place = place();
    let service = Service::start(journal(), &place).await;
    let run = service.refund("order-1", "user_789").await;
    assert_eq!(service.settled(&run).await["status"], "done");
    assert_eq!(service.stop().await, []);
    let text = String::from_utf8(trace.0.lock().unwrap().clone()).unwrap();
    for key in ["window", "limit", "refund", "letter-model"] {
        let spans = text.lines().filter(|line| line.contains(&format!("effect{{run={run} key=\"{key}\"}}: "))).count();
        assert_eq!(spans, 1, "{text}");
    }
}

/// This program enables `sqlite` alone.
#[tokio::test]
async fn a_feature_that_is_off_is_named_by_what_refuses_its_use() {
    let place = place();
    for (feature, text) in [
        ("models", "[model.main]\nprovider = \"scripted\"\nfile = \"script.toml\""),
        ("memory", "[memory]\nlexical = true"),
        ("notify", "[notify.ops]\nurl = \"https://hooks.example/stockade\""),
        ("oci", "[tool.greet]\ncomponent = \"oci://registry.example/greet:1.0\""),
        ("otel", "[telemetry]\nendpoint = \"http://127.0.0.1:1\""),
        ("postgres", "[tool.purchases.grants]\nsql = [{ name = \"shop\", url = \"postgres://me@db.example/shop\" }]"),
        ("schedules", "[schedule.nightly]\ncron = \"0 3 * * *\"\nworkflow = \"agent\""),
    ] {
        let refused = configured(&place, text).await.err().unwrap();
        let says = format!("enable its cargo feature `{feature}`");
        assert!(refused.message.contains(&says), "{feature}: {refused}");
    }
    let builder = Host::builder().with_journal(journal()).scratch(place.path());
    let refused = builder.memory(place.path().join("memory.db")).build().await.err().unwrap();
    assert!(refused.message.contains("enable its cargo feature `memory`"), "{refused}");
    let refused = configured(&place, "").await.unwrap().check_language("javascript").unwrap_err();
    assert!(refused.message.contains("enable its cargo feature `languages`"), "{refused}");
}

/// A host of the shop with that configuration.
async fn configured(place: &TempDir, text: &str) -> stockade::Result<Host> {
    let (config, database) = (Config::parse(text)?, place.path().join("shop.db"));
    shop::create(&database)?;
    let builder = Host::builder().with_journal(journal()).scratch(place.path()).tools(shop::tools(&database));
    builder.configured(&config)?.build().await
}
