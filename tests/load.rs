//! A server under load, on loopback: flooded with runs, followed by many, kept waiting, sent nonsense, and killed in the middle.
//!
//! A test run plays a small form. `tests/load` plays it whole, on the program as it is released, and prints what it has taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use stockade::{NewToken, Role};
use stockade_tests::{Place, input};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{sleep, timeout};

/// How much there is of everything.
struct Scale {
    runs: usize,
    /// Half of them follow all runs, and half of them one each.
    watchers: usize,
    /// Of each kind: streams that are not read, answers that are not read, heads that do not end.
    idle: usize,
    /// Malformed requests, and some that are too long.
    wrong: usize,
    decisions: usize,
    /// Requests of one tenant, alone and beside the flood of another.
    beside: usize,
    /// The most memory that the server may have taken at any moment, in MiB.
    memory_mib_max: u64,
    /// Where all of it has to have ended.
    patience: Duration,
    /// How many times as long the slowest hundredth of a tenant's requests may take beside a flood: a test run asks for none,
    /// because other tests run beside it.
    slower_max: Option<f64>,
}

const SMALL: Scale = Scale {
    runs: 200,
    watchers: 40,
    idle: 3,
    wrong: 20,
    decisions: 100,
    beside: 20,
    memory_mib_max: 768,
    patience: Duration::from_secs(60),
    slower_max: None,
};

const FULL: Scale = Scale {
    runs: 5_000,
    watchers: 500,
    idle: 50,
    wrong: 500,
    decisions: 1_000,
    beside: 1_000,
    memory_mib_max: 1_024,
    patience: Duration::from_secs(900),
    slower_max: Some(2.0),
};

/// The flood alone as in the whole form.
const FLOOD: Scale = Scale { beside: FULL.beside, slower_max: FULL.slower_max, ..SMALL };

/// How many clients start runs at the same time, and how many of a tenant flood.
const WRITERS: usize = 16;
const FLOODERS: usize = 64;
const APPROVERS: [&str; 4] = ["dana", "mia", "noor", "ole"];

/// How long a client waits that was refused, or whose server has gone.
const RETRY: Duration = Duration::from_millis(20);

/// How long a tenant waits between two starts, which keeps it within its rate.
const PAUSE: Duration = Duration::from_millis(2);

impl Scale {
    fn chosen() -> &'static Self {
        match std::env::var("STOCKADE_LOAD") {
            Ok(scale) if scale == "full" => &FULL,
            Ok(scale) if scale == "flood" => &FLOOD,
            Ok(scale) => panic!("STOCKADE_LOAD is \"{scale}\"; full or flood, or not set"),
            Err(_) => &SMALL,
        }
    }
}

/// A server of the binary; it is killed when it is dropped.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn begin(place: &Place) -> Self {
        const ARGUMENTS: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];
        let program = std::env::var_os("STOCKADE_LOAD_PROGRAM");
        let mut serve =
            program.map_or_else(|| place.command(&ARGUMENTS), |program| place.command_of(program.as_ref(), &ARGUMENTS));
        let mut child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let address = |line: String| line.strip_prefix("stockade serves on http://")?.parse().ok();
        let address = lines.find_map(address).unwrap();
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Returns the most memory that it has taken, in MiB.
    fn memory_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, where a test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What all clients share.
struct Load {
    scale: &'static Scale,
    /// Where the server is, while there is one.
    at: watch::Sender<Option<SocketAddr>>,
    tokens: BTreeMap<&'static str, String>,
    /// The runs by the numbers of their keys.
    runs: Mutex<BTreeMap<usize, String>>,
    /// How long each start has taken.
    took: Mutex<Vec<Duration>>,
    /// Those who follow a run.
    watchers: Mutex<JoinSet<()>>,
}

impl Load {
    async fn new(scale: &'static Scale, place: &Place) -> Self {
        let host = place.host().build().await.unwrap();
        let names =
            [("shop", Role::Operator), ("watch", Role::Viewer), ("idle", Role::Viewer), ("flood", Role::Operator)];
        let mut tokens = BTreeMap::new();
        for (name, role) in names.into_iter().chain(APPROVERS.map(|name| (name, Role::Approver))) {
            let (_, token) = host.create_token(NewToken::new(name, role)).await.unwrap();
            tokens.insert(name, token);
        }
        let (at, runs, took, watchers) =
            (watch::Sender::new(None), Mutex::default(), Mutex::default(), Mutex::default());
        Self { scale, at, tokens, runs, took, watchers }
    }

    /// Returns where the server is, once there is one.
    async fn up(&self) -> SocketAddr {
        let mut at = self.at.subscribe();
        let address = *at.wait_for(Option::is_some).await.unwrap();
        address.unwrap()
    }

    fn moved(&self, process: &Process) {
        self.at.send_replace(Some(process.address));
    }

    fn started(&self) -> usize {
        self.runs.lock().unwrap().len()
    }

    /// Starts the run of a number, however often that has to be asked for.
    async fn start(self: &Arc<Self>, number: usize) {
        let (key, body) = (format!("load-{number}"), json!({"workflow": "refund", "input": input("user_789")}));
        let run = loop {
            let (address, begun) = (self.up().await, Instant::now());
            match ask(address, &self.tokens["shop"], "POST /v1/runs", &key, &body).await {
                Some((200 | 201, run)) if run["run_id"].is_string() => {
                    self.took.lock().unwrap().push(begun.elapsed());
                    break run["run_id"].as_str().unwrap().to_owned();
                }
                Some((status, answer)) if ![200, 201, 429, 503].contains(&status) => panic!("{status}: {answer}"),
                Some(_) | None => sleep(RETRY).await,
            }
        };
        let before = self.runs.lock().unwrap().insert(number, run.clone());
        match before {
            Some(before) => assert_eq!(before, run, "one key has started two runs"),
            None if number.is_multiple_of(self.scale.runs / (self.scale.watchers / 2)) => {
                self.watchers.lock().unwrap().spawn(watch_run(Arc::clone(self), run));
            }
            None => {}
        }
    }

    /// Starts all runs; those that were started already are the same.
    async fn start_all(self: &Arc<Self>) {
        let next = Arc::new(AtomicUsize::new(0));
        let mut writers = JoinSet::new();
        for _ in 0..WRITERS {
            let (load, next) = (Arc::clone(self), Arc::clone(&next));
            writers.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= load.scale.runs {
                        break;
                    }
                    load.start(number).await;
                }
            });
        }
        all(writers).await;
    }

    /// Begins with those who follow all runs.
    async fn watch(self: &Arc<Self>) {
        let address = self.up().await;
        for _ in 0..self.scale.watchers / 2 {
            let events = follow(address, &self.tokens["watch"], "/v1/events", "").await.unwrap();
            self.watchers.lock().unwrap().spawn(watch_all(Arc::clone(self), events));
        }
    }

    /// Opens connections that take nothing, or never say what they want.
    async fn idle(&self) -> Vec<TcpStream> {
        let address = self.up().await;
        let stream = head("GET /v1/events", &self.tokens["idle"], "");
        let pages = "GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n".repeat(200);
        let mut idle = Vec::new();
        for said in [stream.as_str(), pages.as_str(), "GET /healthz HT"].repeat(self.scale.idle) {
            let mut connection = TcpStream::connect(address).await.unwrap();
            connection.write_all(said.as_bytes()).await.unwrap();
            idle.push(connection);
        }
        idle
    }
}

/// Waits for tasks, all of which must end well.
async fn all(mut tasks: JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

fn head(what: &str, token: &str, more: &str) -> String {
    format!("{what} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\nconnection: close\r\n{more}\r\n")
}

/// Sends a request on a connection of its own. Returns the status and the document of the answer; `None` where the connection has
/// broken off.
async fn ask(address: SocketAddr, token: &str, what: &str, key: &str, body: &Value) -> Option<(u16, Value)> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut more = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    if !key.is_empty() {
        more += &format!("idempotency-key: {key}\r\n");
    }
    answered(&said(address, (head(what, token, &more) + &body).as_bytes()).await.ok()?)
}

/// Sends bytes, and returns all that is said to that.
async fn said(address: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(bytes).await?;
    let mut said = Vec::new();
    connection.read_to_end(&mut said).await?;
    Ok(said)
}

fn answered(said: &[u8]) -> Option<(u16, Value)> {
    let (head, body) = std::str::from_utf8(said).ok()?.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or_default()))
}

/// A stream of events.
struct Events {
    status: u16,
    body: Incoming,
    text: String,
}

/// Begins to follow; `None` where the connection has broken off.
async fn follow(address: SocketAddr, token: &str, path: &str, last: &str) -> Option<Events> {
    let connection = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = handshake(TokioIo::new(connection)).await.ok()?;
    tokio::spawn(connection);
    let request = Request::get(path).header("host", "a").header("authorization", format!("Bearer {token}"));
    let request = request.header("last-event-id", last).body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.ok()?;
    Some(Events { status: response.status().as_u16(), body: response.into_body(), text: String::new() })
}

impl Events {
    /// Returns the lines of the next event, until the stream ends or breaks off.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let rest = self.text.split_off(end + 2);
                return Some(std::mem::replace(&mut self.text, rest));
            }
            let frame = self.body.frame().await?.ok()?;
            self.text += std::str::from_utf8(frame.data_ref()?).ok()?;
        }
    }
}

fn field<'a>(event: &'a str, name: &str) -> &'a str {
    event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

/// Follows the lines of all runs until each one was seen done, over restarts.
async fn watch_all(load: Arc<Load>, mut events: Events) {
    let (mut done, mut last) = (BTreeSet::new(), String::new());
    while done.len() < load.scale.runs {
        let Some(event) = events.next().await else {
            sleep(RETRY).await;
            if let Some(again) = follow(load.up().await, &load.tokens["watch"], "/v1/events", &last).await {
                events = again;
            }
            continue;
        };
        if event.starts_with("event: run") {
            last = field(&event, "id").to_owned();
            let line: Value = serde_json::from_str(field(&event, "data")).unwrap();
            let number = line["start_key"].as_str().and_then(|key| key.strip_prefix("load-")?.parse::<usize>().ok());
            done.extend(number.filter(|_| line["status"] == "done"));
        }
    }
}

/// Follows one run to its end, over restarts: it sees each entry once, in order.
async fn watch_run(load: Arc<Load>, run: String) {
    let (path, mut last) = (format!("/v1/runs/{run}/events"), 0_u64);
    loop {
        let events = follow(load.up().await, &load.tokens["watch"], &path, &last.to_string()).await;
        let Some(mut events) = events.filter(|events| [200, 204].contains(&events.status)) else {
            sleep(RETRY).await;
            continue;
        };
        if events.status == 204 {
            return;
        }
        while let Some(event) = events.next().await {
            match field(&event, "event") {
                "entry" => {
                    assert_eq!(field(&event, "id").parse(), Ok(last + 1), "run {run}");
                    last += 1;
                }
                "end" => return,
                _ => {}
            }
        }
    }
}

/// What no client of HTTP says.
const NONSENSE: [&[u8]; 5] = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET /\0 HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/9.9\r\n\r\n",
    b"POST /v1/runs HTTP/1.1\r\nhost: a\r\ncontent-length: x\r\n\r\n",
    b"POST /v1/runs HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
];

/// Sends what is no request, and each tenth time one that is too long: each is refused, or its connection closed.
async fn nonsense(load: Arc<Load>) {
    for number in 0..load.scale.wrong {
        let address = load.up().await;
        if number.is_multiple_of(10) {
            let long = json!({"workflow": "refund", "input": "x".repeat(3 << 20)});
            let answer = ask(address, &load.tokens["shop"], "POST /v1/runs", "", &long).await;
            assert!(answer.is_none_or(|(status, _)| [413, 429, 503].contains(&status)));
        }
        let answer = said(address, NONSENSE[number % NONSENSE.len()]).await.ok().and_then(|said| answered(&said));
        assert!(answer.is_none_or(|(status, _)| (400..500).contains(&status)), "nonsense {number} is answered");
    }
}

/// Kills the server once half of the runs are started, and begins another one. Returns it, with the most memory that the first
/// has taken.
async fn kill(load: &Load, process: Process, place: &Place) -> (Process, u64) {
    while load.started() < load.scale.runs / 2 {
        sleep(RETRY).await;
    }
    load.at.send_replace(None);
    let memory_mib = process.memory_mib();
    let process = block_in_place(|| {
        drop(process);
        Process::begin(place)
    });
    load.moved(&process);
    (process, memory_mib)
}

/// Has many decide at the same time on one question: half of them approve it, half of them deny it. Returns how often each
/// status was answered.
async fn decide(load: &Arc<Load>, place: &Place) -> BTreeMap<u16, usize> {
    let (address, shop) = (load.up().await, &load.tokens["shop"]);
    let body = json!({"workflow": "refund", "input": input("user_123")});
    let run = ask(address, shop, "POST /v1/runs", "", &body).await.unwrap().1["run_id"].as_str().unwrap().to_owned();
    let question = loop {
        let open = ask(address, shop, &format!("GET /v1/approvals?run={run}"), "", &Value::Null).await.unwrap().1;
        if let Some(question) = open.as_array().and_then(|open| open.iter().find(|question| question["run_id"] == run))
        {
            break question.clone();
        }
        sleep(RETRY).await;
    };
    let booked = place.refunds().len();
    let path = format!("POST /v1/runs/{run}/approvals/{}", question["key"].as_str().unwrap());
    let mut deciders = JoinSet::new();
    for number in 0..load.scale.decisions {
        let (load, path, name) = (Arc::clone(load), path.clone(), APPROVERS[number % APPROVERS.len()]);
        let verdict = if number.is_multiple_of(2) { "approve" } else { "deny" };
        let body = json!({"decision": verdict, "seen": question["digest"]});
        deciders.spawn(async move {
            let answer = ask(address, &load.tokens[name], &path, "", &body).await;
            (answer.map_or(0, |(status, _)| status), name, verdict)
        });
    }
    let (mut statuses, mut winners) = (BTreeMap::new(), Vec::new());
    while let Some(decided) = deciders.join_next().await {
        let (status, name, verdict) = decided.unwrap();
        *statuses.entry(status).or_default() += 1;
        winners.extend((status == 200).then_some((name, verdict)));
    }
    assert!(statuses.keys().all(|status| [200, 409, 429, 503].contains(status)), "{statuses:?}");
    let [(name, verdict)] = winners[..] else { panic!("one decision wins: {statuses:?}") };
    let report = loop {
        let report = ask(address, shop, &format!("GET /v1/runs/{run}"), "", &Value::Null).await.unwrap().1;
        if report["status"] == "done" {
            break report;
        }
        sleep(RETRY).await;
    };
    assert_eq!(report["approvals"][0]["decision"]["by"], name, "{report}");
    assert_eq!(place.refunds().len() - booked, usize::from(verdict == "approve"), "{report}");
    statuses
}

/// Starts runs of a tenant one after the other, as many as its rate allows; returns how long each start has taken. None is refused.
async fn beside(load: &Load, count: usize) -> Vec<Duration> {
    let body = json!({"workflow": "refund", "input": input("nobody"), "labels": {"tenant": "shop"}});
    let mut took = Vec::new();
    for _ in 0..count {
        let (address, begun) = (load.up().await, Instant::now());
        let (status, answer) = ask(address, &load.tokens["shop"], "POST /v1/runs", "", &body).await.unwrap();
        assert_eq!(status, 201, "{answer}");
        took.push(begun.elapsed());
        sleep(PAUSE).await;
    }
    took
}

/// What a flood beside a tenant does to it.
struct Flooded {
    /// The time that the slowest hundredth of the tenant's starts exceeds: alone, and beside the flood.
    slowest: [Duration; 2],
    /// How many of the flood's requests were answered in a second, and how many of these were let through.
    answered: f64,
    let_through: f64,
}

/// Starts the runs of a tenant alone and beside the flood of another, in turns.
async fn flooded(load: &Arc<Load>) -> Flooded {
    let (mut alone, mut beside_flood, mut statuses, mut elapsed) = (Vec::new(), Vec::new(), Vec::new(), Duration::ZERO);
    let rounds = 4;
    for _ in 0..rounds {
        alone.extend(beside(load, load.scale.beside / rounds).await);
        let (is_over, begun) = (Arc::new(AtomicBool::new(false)), Instant::now());
        let flooders = flood(load, &is_over);
        beside_flood.extend(beside(load, load.scale.beside / rounds).await);
        is_over.store(true, Ordering::Relaxed);
        elapsed += begun.elapsed();
        statuses.extend(block_in_place(|| flooders.join().unwrap()));
    }
    let let_through = statuses.iter().filter(|status| **status < 300).count();
    let [answered, let_through] = [statuses.len(), let_through].map(|count| count as f64 / elapsed.as_secs_f64());
    Flooded { slowest: [alone, beside_flood].map(|mut times| percentile(&mut times, 99)), answered, let_through }
}

/// Begins the flood of a tenant, which lasts until it is told to end. Returns the statuses of what was answered.
///
/// Its clients stand for other machines: on this one they come second, so that what they cost themselves slows no other client.
fn flood(load: &Arc<Load>, is_over: &Arc<AtomicBool>) -> JoinHandle<Vec<u16>> {
    let (load, is_over) = (Arc::clone(load), Arc::clone(is_over));
    std::thread::spawn(move || {
        rustix::process::nice(19).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let flooders = (0..FLOODERS).map(|number| flooder(Arc::clone(&load), Arc::clone(&is_over), number));
        runtime.block_on(join_all(flooders)).concat()
    })
}

/// Asks again and again, and never waits. Some read, and most start runs.
async fn flooder(load: Arc<Load>, is_over: Arc<AtomicBool>, number: usize) -> Vec<u16> {
    let start = json!({"workflow": "refund", "input": input("nobody"), "labels": {"tenant": "flood"}});
    let (what, body) = if number.is_multiple_of(4) { ("GET /v1/runs", Value::Null) } else { ("POST /v1/runs", start) };
    let mut statuses = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let answer = ask(load.up().await, &load.tokens["flood"], what, "", &body).await;
        assert!(answer.as_ref().is_none_or(|(status, _)| [200, 201, 429, 503].contains(status)));
        statuses.extend(answer.map(|(status, _)| status));
    }
    statuses
}

/// Returns the time that so many of a hundred do not exceed.
fn percentile(times: &mut [Duration], hundredths: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * hundredths / 100).min(times.len() - 1)]
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_flooded_and_killed_loses_nothing_and_does_nothing_twice() {
    let (scale, place) = (Scale::chosen(), Place::new());
    // Whose turn it is says the label of the tenant, where not all runs are driven at once.
    place.write("stockade.toml", "[concurrency]\nruns = 16\n");
    let load = Arc::new(Load::new(scale, &place).await);
    let process = Process::begin(&place);
    load.moved(&process);
    let idle = load.idle().await;
    load.watch().await;
    let wrong = tokio::spawn(nonsense(Arc::clone(&load)));
    let begun = Instant::now();
    let ((process, memory_mib), ()) = tokio::join!(kill(&load, process, &place), load.start_all());
    load.start_all().await;
    wrong.await.unwrap();
    // Those who follow a run are all there by now.
    let watchers = std::mem::take(&mut *load.watchers.lock().unwrap());
    assert_eq!(watchers.len(), scale.watchers);
    assert!(timeout(scale.patience, all(watchers)).await.is_ok(), "each run is seen to its end");
    let elapsed = begun.elapsed();
    drop(idle);

    let keys: BTreeSet<_> = load.runs.lock().unwrap().values().map(|run| format!("{run}/refund")).collect();
    let booked = place.refunds();
    assert_eq!((keys.len(), booked.len(), place.marks().1), (scale.runs, scale.runs, scale.runs as u64));
    assert_eq!(booked.into_iter().collect::<BTreeSet<_>>(), keys);

    let statuses = decide(&load, &place).await;
    let Flooded { slowest: [alone, flooded], answered, let_through } = flooded(&load).await;
    let slower = flooded.as_secs_f64() / alone.as_secs_f64();
    let memory_mib = memory_mib.max(process.memory_mib());
    let mut took = std::mem::take(&mut *load.took.lock().unwrap());
    let [half, most] = [50, 99].map(|hundredths| milliseconds(percentile(&mut took, hundredths)));
    println!(
        "| runs | watchers | runs a second | p50 of a start, ms | p99 | decisions by status | MiB \
         | requests of the flood a second: answered | let through | p99 of a start alone, ms | flooded | ÷ |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let [alone, flooded] = [alone, flooded].map(milliseconds);
    let rate = scale.runs as f64 / elapsed.as_secs_f64();
    println!(
        "| {} | {} | {rate:.0} | {half} | {most} | {statuses:?} | {memory_mib} | {answered:.0} | {let_through:.0} | {alone} | {flooded} | {slower:.2} |",
        scale.runs, scale.watchers
    );
    let told = json!({
        "runs": scale.runs, "watchers": scale.watchers, "runs_per_s": rate, "start_p50_ms": half, "start_p99_ms": most,
        "decisions": statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect::<BTreeMap<_, _>>(),
        "memory_mib": memory_mib, "flood_per_s": answered, "flood_let_through_per_s": let_through, "p99_alone_ms": alone, "p99_beside_flood_ms": flooded, "p99_beside_flood": slower,
    });
    println!("{told}");
    assert!(memory_mib <= scale.memory_mib_max, "{memory_mib} MiB, and {} are allowed", scale.memory_mib_max);
    assert!(scale.slower_max.is_none_or(|most| slower <= most), "{slower:.2} times as long beside a flood");
}
