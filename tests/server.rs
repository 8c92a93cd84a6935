//! The server over HTTP, on loopback: each test has its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use stockade::{Budget, Builder, Host, NewToken, Role, RunId};
use stockade_server::{Access, Limits, Server};
use stockade_tests::{Place, input, run_id};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct Served {
    pub(crate) host: Host,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<stockade::Result<Vec<RunId>>>,
    /// The folder of the host.
    pub(crate) place: Place,
}

/// One who asks, with a token or without.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<String>,
}

impl Served {
    pub(crate) async fn start(set: impl FnOnce(Server) -> Server) -> Self {
        Self::start_with(|builder, _| builder, set).await
    }

    /// Starts one whose host is put together with more.
    pub(crate) async fn start_with(
        more: impl FnOnce(Builder, &Place) -> Builder,
        set: impl FnOnce(Server) -> Server,
    ) -> Self {
        let place = Place::new();
        let host = more(place.host().built_in_languages(), &place).build().await.unwrap();
        let server = set(Server::new(host.clone()));
        Self::of(place, host, server).await
    }

    /// Begins to serve a host.
    pub(crate) async fn of(place: Place, host: Host, server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server.serve(listener, async { stopped.await.unwrap_or_default() }));
        Self { host, address, stop, served, place }
    }

    /// One whose token has a role.
    pub(crate) async fn client(&self, name: &str, role: Role) -> Client {
        self.client_with(NewToken::new(name, role)).await
    }

    pub(crate) async fn client_with(&self, new: NewToken) -> Client {
        let (_, token) = self.host.create_token(new).await.unwrap();
        Client { address: self.address, token: Some(token) }
    }

    pub(crate) fn anyone(&self) -> Client {
        Client { address: self.address, token: None }
    }

    /// Waits until a run stands still.
    pub(crate) async fn settled(&self, run: &str) {
        self.host.run(run_id(run)).settled_state().await.unwrap();
    }

    pub(crate) async fn stop(self) -> Vec<RunId> {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap()
    }
}

impl Client {
    pub(crate) async fn send(
        &self,
        what: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Incoming> {
        self.send_over(TcpStream::connect(self.address).await.unwrap(), what, headers, body).await
    }

    /// Sends a request over a connection that is there.
    pub(crate) async fn send_over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        what: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Incoming> {
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let (method, path) = what.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.address.to_string());
        }
        request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        sender.send_request(request.body(Full::new(body.into())).unwrap()).await.unwrap()
    }

    pub(crate) async fn ask(&self, what: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
        let headers = [&[("content-type", "application/json")][..], headers].concat();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        read(self.send(what, &headers, body).await).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(&format!("GET {path}"), &[], &Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.ask(&format!("POST {path}"), &[], body).await
    }

    /// Starts a refund; returns its run.
    pub(crate) async fn refund(&self, user: &str) -> String {
        let (status, run) = self.post("/v1/runs", &refund(user)).await;
        assert_eq!(status, 201, "{run}");
        run["run_id"].as_str().unwrap().to_owned()
    }

    /// Follows a stream until it ends, or has shown `wanted`: the id, the name and the data of each event.
    async fn follow(&self, path: &str, last: &str, wanted: &str) -> Vec<(String, String, Value)> {
        let mut stream = self.send(&format!("GET {path}"), &[("last-event-id", last)], "").await.into_body();
        let (mut text, mut events) = (String::new(), Vec::new());
        while let Some(frame) = stream.frame().await {
            text += std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap();
            while let Some((event, rest)) = text.split_once("\n\n") {
                let field = |name: &str| {
                    let name = format!("{name}: ");
                    event.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or_default().to_owned()
                };
                if let Ok(data) = serde_json::from_str::<Value>(&field("data")) {
                    events.push((field("id"), field("event"), data));
                }
                text = rest.to_owned();
            }
            if !wanted.is_empty() && events.iter().any(|(_, _, data)| data.to_string().contains(wanted)) {
                break;
            }
        }
        events
    }
}

pub(crate) async fn read(response: Response<Incoming>) -> (u16, Value) {
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

pub(crate) fn refund(user: &str) -> Value {
    json!({"workflow": "refund", "input": input(user)})
}

/// The document of a problem, with its status and what narrows its kind.
pub(crate) fn assert_problem((status, problem): &(u16, Value), expected: u16, reason: &str) {
    assert_eq!(
        (*status, &problem["reason"], &problem["status"]),
        (expected, &json!(reason), &json!(expected)),
        "{problem}"
    );
}

/// Compares the members of a document with those that its schema has.
pub(crate) fn assert_described(description: &Value, schema: &str, document: &Value) {
    let schema = &description["components"]["schemas"][schema];
    for name in document.as_object().unwrap().keys() {
        assert!(schema["properties"].get(name).is_some(), "\"{name}\" is not described");
    }
    for name in schema["required"].as_array().unwrap() {
        assert!(document.get(name.as_str().unwrap()).is_some(), "{name} is missing: {document}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_come_in_pages_each_with_the_address_of_the_next_one() {
    let served = Served::start(|server| server).await;
    let (shop, dana) = (served.client("shop", Role::Operator).await, served.client("dana", Role::Approver).await);
    let mut runs = Vec::new();
    for _ in 0..3 {
        let run = shop.refund("user_123").await;
        served.settled(&run).await;
        runs.push(run);
    }
    let (mut path, mut pages) = ("/v1/approvals?workflow=refund&limit=2".to_owned(), Vec::new());
    loop {
        let page = dana.send(&format!("GET {path}"), &[], "").await;
        let link = page.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        pages.push(read(page).await.1.as_array().unwrap().clone());
        let Some(link) = link else { break };
        path = link.strip_prefix('<').unwrap().split_once(">; rel=\"next\"").unwrap().0.to_owned();
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    let listed: Vec<_> =
        pages.concat().iter().map(|question| question["run_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, runs);
    let of_one = dana.get(&format!("/v1/approvals?run={}", runs[1])).await;
    assert_eq!((of_one.as_array().unwrap().len(), &of_one[0]["run_id"]), (1, &json!(runs[1])));
    assert_problem(&dana.ask("GET /v1/approvals?status=waiting", &[], &Value::Null).await, 400, "query");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_started_once_for_a_key_and_pays_after_one_with_the_role_approved() {
    let served = Served::start(|server| server).await;
    let (shop, dana) = (served.client("shop", Role::Operator).await, served.client("dana", Role::Approver).await);
    let key = [("idempotency-key", "order-1")];
    let (status, run) = shop.ask("POST /v1/runs", &key, &refund("user_123")).await;
    assert_eq!(status, 201, "{run}");
    let id = run["run_id"].as_str().unwrap();
    let (status, again) = shop.ask("POST /v1/runs", &key, &refund("user_123")).await;
    assert_eq!((status, &again["run_id"]), (200, &run["run_id"]));
    assert_problem(&shop.ask("POST /v1/runs", &key, &refund("user_789")).await, 409, "start_key");
    let other = served.client("other", Role::Operator).await;
    let same = other.ask("POST /v1/runs", &key, &refund("user_123")).await;
    assert_problem(&same, 409, "start_key");
    assert_eq!(same, other.ask("POST /v1/runs", &key, &refund("user_789")).await, "an input cannot be guessed");
    assert!(!same.1.to_string().contains(id) && !same.1.to_string().contains("shop"), "{same:?}");
    served.settled(id).await;

    let open = dana.get("/v1/approvals").await;
    assert_eq!((open[0]["run_id"].as_str(), open[0]["tool"].as_str()), (Some(id), Some("payments")), "{open}");
    let path = format!("/v1/runs/{id}/approvals/{}", open[0]["key"].as_str().unwrap());
    let yes = json!({"decision": "approve", "seen": open[0]["digest"], "comment": "fine"});
    assert_problem(&shop.post(&path, &yes).await, 403, "role");
    assert_problem(
        &dana.post(&path, &json!({"decision": "approve", "seen": "sha256:0000000000000"})).await,
        409,
        "seen",
    );
    let (status, approved) = dana.post(&path, &yes).await;
    assert_eq!(status, 200, "{approved}");
    served.settled(id).await;
    let report = shop.get(&format!("/v1/runs/{id}")).await;
    assert_eq!(
        (&report["status"], &report["approvals"][0]["decision"]["by"]),
        (&json!("done"), &json!("dana")),
        "{report}"
    );
    let entries = shop.get(&format!("/v1/runs/{id}/entries")).await;
    assert_eq!(entries[0]["origin"]["by"], "shop", "{entries}");
    assert_eq!(dana.get("/v1/approvals").await, json!([]));
    assert_problem(&dana.post(&path, &yes).await, 409, "decided");
    assert_problem(&dana.ask(&format!("DELETE {path}"), &[], &Value::Null).await, 409, "remembered");
    let path = format!("/v1/runs/{id}/settlements/refund");
    let refused = dana.post(&path, &json!({"found": "failed"})).await;
    assert!([404, 409].contains(&refused.0), "nothing is in doubt: {refused:?}");

    let description = served.anyone().get("/openapi.json").await;
    assert_described(&description, "Run", &report);
    assert_described(&description, "Question", &open[0]);
    assert_described(&description, "RunLine", &shop.get("/v1/runs").await[0]);
    for (path, schema) in [("/v1/tools", "Tool"), ("/v1/tools/payments", "Tool"), ("/v1/workflows/refund", "Graph")] {
        let answer = shop.get(path).await;
        assert_described(&description, schema, answer.get(0).unwrap_or(&answer));
    }
    assert!(shop.get("/v1/workflows").await.as_array().unwrap().contains(&json!("refund")));
    assert_eq!(shop.get("/v1/budgets?limit=5").await, json!([]));
    assert_eq!(served.stop().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_sees_each_entry_once_from_where_it_was_cut_off_and_then_how_the_run_has_ended() {
    let served = Served::start(|server| server).await;
    let client = served.client("shop", Role::Operator).await;
    let run = client.refund("user_789").await;
    let path = format!("/v1/runs/{run}/events");
    let all = client.follow(&path, "", "").await;
    let (end, entries) = all.split_last().unwrap();
    let numbers: Vec<u64> = entries.iter().map(|(id, _, _)| id.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=entries.len() as u64).collect::<Vec<_>>());
    assert!(
        entries.iter().all(|(id, name, entry)| name == "entry" && entry["seq"] == id.parse::<u64>().unwrap()),
        "{entries:?}"
    );
    assert_eq!((&*end.1, &end.2["status"]), ("end", &json!("done")));
    assert_eq!(client.follow(&path, "3", "").await, all[3..]);
    let last = numbers.last().unwrap().to_string();
    let answer = client.send(&format!("GET {path}"), &[("last-event-id", &last)], "").await;
    assert_eq!(answer.status(), 204, "who has all of it is told not to come again");
    assert_problem(
        &client.ask(&format!("GET {path}"), &[("last-event-id", "x")], &Value::Null).await,
        400,
        "last_event_id",
    );
    let unknown = format!("GET /v1/runs/{}/events", RunId::from_bytes([7; 16]));
    assert_problem(&client.ask(&unknown, &[], &Value::Null).await, 404, "run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_of_all_runs_sees_those_that_its_filter_lets_through_as_they_change() {
    let served = Served::start(|server| server).await;
    let client = served.client("shop", Role::Operator).await;
    let (done, waiting) = (client.refund("user_789").await, client.refund("user_123").await);
    served.settled(&done).await;
    served.settled(&waiting).await;
    let events = client.follow("/v1/events?needs_me=true", "", &waiting).await;
    let runs: Vec<_> = events.iter().map(|(_, name, line)| (name.as_str(), &line["run_id"], &line["status"])).collect();
    assert_eq!(runs, [("run", &json!(waiting), &json!("waiting"))]);
    let again = client.follow("/v1/events?status=done", &events[0].0, &done).await;
    assert_eq!(again.len(), 1, "who goes on has what changed at about that time too: {again:?}");
    // A stream ends with the server.
    let mut stream = client.send("GET /v1/events?status=failed", &[], "").await.into_body();
    assert_eq!(served.stop().await, []);
    assert!(stream.frame().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_listed_in_pages_that_lead_to_one_another() {
    let served = Served::start(|server| server).await;
    let client = served.client("shop", Role::Operator).await;
    let mut waiting = Vec::new();
    for user in ["user_123", "user_789", "user_123", "user_123"] {
        let run = client.refund(user).await;
        served.settled(&run).await;
        if user == "user_123" {
            waiting.push(run);
        }
    }
    let mut path = "/v1/runs?status=waiting&limit=2&sort=changed".to_owned();
    let mut pages = Vec::new();
    loop {
        let page = client.send(&format!("GET {path}"), &[], "").await;
        let link = page.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let (_, runs) = read(page).await;
        pages.push(
            runs.as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(),
        );
        let Some(link) = link else { break };
        path = link.strip_prefix('<').unwrap().split_once(">; rel=\"next\"").unwrap().0.to_owned();
    }
    assert_eq!(pages, [&waiting[..2], &waiting[2..]]);
    assert!(
        client.get("/v1/runs?needs_me=true").await[0]["waits_for"][0].as_str().unwrap().starts_with("for a person")
    );
    assert_eq!(client.get("/v1/runs?workflow=other").await, json!([]));
    assert_problem(&client.ask("GET /v1/runs?stauts=waiting", &[], &Value::Null).await, 400, "query");
    let path = format!("/v1/runs/{}/entries", waiting[0]);
    let all = client.get(&path).await;
    let last = all.as_array().unwrap().len();
    assert_eq!(client.get(&format!("{path}?after={}", last - 1)).await, json!([all[last - 1]]));
    assert_eq!(client.get(&format!("{path}?after={last}")).await, json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_paused_resumed_given_more_and_stopped_by_the_principal() {
    let served = Served::start(|server| server).await;
    let client = served.client("shop", Role::Operator).await;
    let run = client.refund("user_123").await;
    served.settled(&run).await;
    let path = |what: &str| format!("/v1/runs/{run}/{what}");
    let (status, paused) = client.post(&path("pause"), &json!({"reason": "lunch"})).await;
    assert_eq!((status, &paused["status"]), (200, &json!("paused")), "{paused}");
    assert_eq!(paused["stop"], json!({"by": "shop", "reason": "lunch"}));
    let (status, resumed) = client.post(&path("resume"), &Value::Null).await;
    assert_eq!((status, &resumed["stop"]), (200, &Value::Null), "{resumed}");
    served.settled(&run).await;
    let (status, richer) = client.post(&path("budget"), &json!({"add": {"steps": 3, "money": "$1.00"}})).await;
    assert_eq!(status, 200, "{richer}");
    assert_eq!((&richer["budget"]["steps"], &richer["budget"]["money_micros"]), (&json!(103), &json!(2_000_000)));
    served.settled(&run).await;
    assert_problem(&client.post(&path("budget"), &json!({"add": {}})).await, 400, "budget");
    assert_eq!(client.post(&path("signals/paid"), &json!({"payload": {"cents": 1}})).await.0, 200);
    assert_problem(&client.post(&path("stop"), &json!({"grace_ms": 60_000})).await, 400, "grace_ms");
    assert_eq!(client.post(&path("stop"), &json!({})).await.1["status"], "stopped");
    assert_problem(&client.post(&path("stop"), &json!({})).await, 409, "ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_with_a_budget_gives_no_more_and_one_that_was_removed_opens_nothing() {
    let served = Served::start(|server| server).await;
    let budget = Some(Budget::default().steps(50));
    let new = NewToken { budget, ..NewToken::new("bot", Role::Operator) };
    let (principal, token) = served.host.create_token(new).await.unwrap();
    let bot = Client { token: Some(token), ..served.anyone() };
    let refused =
        bot.post("/v1/runs", &json!({"workflow": "refund", "input": input("user_789"), "budget": {"steps": 51}})).await;
    assert_problem(&refused, 403, "budget");
    let numbers = ["limit", "allowed", "used", "kind"].map(|name| refused.1[name].clone());
    assert_eq!(numbers, [json!("steps"), json!(50), json!(51), json!("denied")]);
    let run = bot.refund("user_123").await;
    served.settled(&run).await;
    assert_eq!(bot.get(&format!("/v1/runs/{run}")).await["budget"]["steps"], 50);
    assert_problem(&bot.post(&format!("/v1/runs/{run}/budget"), &json!({"add": {"steps": 1}})).await, 403, "budget");
    served.host.remove_token(&principal.id).await.unwrap();
    assert_problem(&bot.ask("GET /v1/runs", &[], &Value::Null).await, 401, "token");
    assert!(served.host.remove_token(&principal.id).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_additions_at_once_give_a_run_no_more_than_the_token_may() {
    let served = Served::start(|server| server).await;
    let budget = Some(Budget::default().steps(50));
    let (_, token) =
        served.host.create_token(NewToken { budget, ..NewToken::new("bot", Role::Operator) }).await.unwrap();
    let bot = Client { token: Some(token), ..served.anyone() };
    let new = json!({"workflow": "refund", "input": input("user_123"), "budget": {"steps": 40}});
    let run = bot.post("/v1/runs", &new).await.1["run_id"].as_str().unwrap().to_owned();
    served.settled(&run).await;
    let (path, more) = (format!("/v1/runs/{run}/budget"), json!({"add": {"steps": 10}}));
    let (one, other) = tokio::join!(bot.post(&path, &more), bot.post(&path, &more));
    assert_ne!(one.0, other.0, "{one:?} {other:?}");
    assert_eq!(bot.get(&format!("/v1/runs/{run}")).await["budget"]["steps"], 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_says_that_it_lives_and_ends_once_its_token_is_removed() {
    let limits = Limits { heartbeat: Duration::from_millis(20), ..Limits::default() };
    let served = Served::start(|server| server.limits(limits)).await;
    let (principal, token) = served.host.create_token(NewToken::new("eve", Role::Viewer)).await.unwrap();
    let eve = Client { token: Some(token), ..served.anyone() };
    let stream = eve.send("GET /v1/events", &[], "").await;
    assert_eq!(stream.status(), 200);
    let mut stream = stream.into_body();
    let heartbeat = stream.frame().await.unwrap().unwrap();
    assert!(heartbeat.data_ref().unwrap().starts_with(b":"), "a comment, which clients skip: {heartbeat:?}");
    served.host.remove_token(&principal.id).await.unwrap();
    stream.collect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_has_not_begun_counts_as_a_request() {
    let limits = Limits { requests_each: 1, queue_time: Duration::from_millis(200), ..Limits::default() };
    let served = Served::start(|server| server.limits(limits)).await;
    let client = served.client("shop", Role::Operator).await;
    let begun = client.send("GET /v1/events", &[], "").await;
    assert_eq!(
        (begun.status().as_u16(), client.get("/v1/runs").await),
        (200, json!([])),
        "one that has begun does not"
    );
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let token = client.token.as_deref().unwrap();
    let head = format!(
        "POST /v1/agui/refund HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut refused = 200;
    for _ in 0..1_000 {
        refused = client.ask("GET /v1/runs", &[], &Value::Null).await.0;
        if refused == 429 {
            break;
        }
    }
    assert_eq!(refused, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_with_tools_calls_those_alone_and_so_does_its_code() {
    let served = Served::start(|server| server).await;
    let tools = Some(["policy".to_owned()].into());
    let bot = served.client_with(NewToken { tools, ..NewToken::new("bot", Role::Admin) }).await;
    let call = json!({"amount_cents": 14_900, "approval_above_cents": 10_000});
    let (status, answer) = bot.ask("POST /v1/tools/policy/needs_approval", &[("idempotency-key", "k")], &call).await;
    assert_eq!((status, &answer["output"], &answer["idempotency_key"]), (200, &json!(true), &json!("k")), "{answer}");
    let description = bot.get("/openapi.json").await;
    assert_described(&description, "ToolAnswer", &answer);
    assert_problem(&bot.post("/v1/tools/purchases/find", &json!({"user_id": "user_123"})).await, 403, "tool");
    assert_eq!(bot.post("/v1/tools/policy/needs_approval", &json!({})).await.0, 400);
    let code = |tools: Value| json!({"language": "javascript", "code": "return 6 * input", "input": 7, "tools": tools});
    assert_problem(&bot.post("/v1/exec", &code(json!(["purchases"]))).await, 403, "tool");
    let named = json!({"workflow": "exec", "input": {"language": "javascript", "source": "1", "tools": ["purchases"]}});
    assert_problem(&bot.post("/v1/runs", &named).await, 403, "tool");
    let key = [("idempotency-key", "code-1")];
    let (status, ran) = bot.ask("POST /v1/exec", &key, &code(json!(["policy"]))).await;
    assert_eq!((status, &ran["output"], &ran["stdout"]), (201, &json!(42), &json!("")), "{ran}");
    assert_described(&description, "CodeRun", &ran);
    let (status, again) = bot.ask("POST /v1/exec", &key, &code(json!(["policy"]))).await;
    assert_eq!((status, &again["run_id"]), (200, &ran["run_id"]));
    let viewer = served.client("eve", Role::Viewer).await;
    assert_problem(&viewer.post("/v1/exec", &code(json!([]))).await, 403, "role");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_sends_no_head_and_a_body_that_does_not_come_are_ended() {
    let short = Duration::from_millis(50);
    let limits = Limits { head_time: short, body_time: short, ..Limits::default() };
    let served = Served::start(|server| server.limits(limits)).await;
    let client = served.client("shop", Role::Operator).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    silent.write_all(b"GET /healthz HT").await.unwrap();
    let mut said = String::new();
    silent.read_to_string(&mut said).await.unwrap();
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let token = client.token.unwrap();
    let head =
        format!("POST /v1/runs HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n{{");
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut said = [0; 12];
    slow.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 408");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_reads_none_of_its_answers_is_ended() {
    let limits = Limits { connections: 1, write_time: Duration::from_millis(50), ..Limits::default() };
    let served = Served::start(|server| server.limits(limits)).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    silent.write_all("GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2_000).as_bytes()).await.unwrap();
    assert_eq!(served.anyone().send("GET /healthz", &[], "").await.status(), 200, "the only connection is free again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_server_takes_no_request_of_another_machine_or_page() {
    let served = Served::start(|server| server.access(Access::open("dana"))).await;
    let anyone = served.anyone();
    let run = anyone.refund("user_123").await;
    assert_eq!(anyone.get(&format!("/v1/runs/{run}/entries")).await[0]["origin"]["by"], "dana");
    for (header, value, reason) in [("host", "evil.example", "host"), ("origin", "https://evil.example", "origin")] {
        assert_problem(&anyone.ask("POST /v1/runs", &[(header, value)], &refund("user_789")).await, 403, reason);
    }
    assert_eq!(anyone.get("/v1/runs").await.as_array().unwrap().len(), 1);
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let server = Server::new(served.host.clone()).access(Access::open("dana"));
    let refused = server.serve(listener, async {}).await.unwrap_err();
    assert_eq!(refused.detail.as_deref(), Some("listen"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_serves_until_it_is_told_to_end_and_its_tokens_are_shown_once() {
    let place = Place::new();
    let token = place.json(&["token", "create", "dana", "--role", "admin"]).json;
    let listed = place.json(&["token", "list"]);
    assert_eq!((&listed.json[0]["id"], &listed.json[0]["role"]), (&token["id"], &json!("admin")), "{listed:?}");
    assert!(!listed.stdout.contains(token["token"].as_str().unwrap()));
    let mut child = place
        .command(&["serve", "--listen", "127.0.0.1:0", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("stockade serves on http://")).unwrap();
    let address = line.trim_start_matches("stockade serves on http://").parse().unwrap();
    let client = Client { address, token: token["token"].as_str().map(str::to_owned) };
    let run = client.refund("user_789").await;
    client.follow(&format!("/v1/runs/{run}/events"), "", "").await;
    assert_eq!(client.get(&format!("/v1/runs/{run}")).await["status"], "done");
    assert_eq!(client.get("/readyz").await, json!({"status": "ok"}));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(place.json(&["runs"]).json[0]["run_id"], json!(run));
    let refused = place.json(&["serve", "--no-auth", "--listen", "0.0.0.0:0"]);
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(2), &json!("listen")), "{refused:?}");
}
