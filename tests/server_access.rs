//! Who may use the server, over HTTP on loopback: the log of changes, rates, TLS, and how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use stockade::{Clock, Host, NewToken, Role};
use stockade_server::audit::{Audit, Entry, Event, entries, verify};
use stockade_server::{Access, Limits, Server, Tls};
use stockade_tests::faulty::{Faulty, calm, memory};
use stockade_tests::{Hand, Place, root};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::server::{Client, Served, assert_problem, refund};

/// What the operator of a server is told of faults.
#[derive(Debug, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn by(&self, server: Server) -> Server {
        let told = Arc::clone(&self.0);
        server.on_fault(move |fault| told.lock().unwrap().push(fault.message.clone()))
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

// The log of changes.

fn log(path: &Path) -> Vec<Entry> {
    let mut all = Vec::new();
    entries(path, |entry| all.push(entry)).unwrap();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_noted_before_and_after_with_its_principal_and_what_it_is_about() {
    let place = Place::new();
    let path = place.path("audit.log");
    let hand = Hand::new();
    let served = Served::start(|server| server.audit(Audit::open(&path, hand.clock()))).await;
    let (shop, dana) = (served.client("shop", Role::Operator).await, served.client("dana", Role::Approver).await);
    let run = shop.refund("user_123").await;
    served.settled(&run).await;
    let open = dana.get("/v1/approvals").await;
    let question = format!("/v1/runs/{run}/approvals/{}", open[0]["key"].as_str().unwrap());
    let no = json!({"decision": "deny", "seen": open[0]["digest"], "comment": "a secret remark"});
    assert_problem(&shop.post(&question, &no).await, 403, "role");
    assert_eq!(dana.post(&question, &no).await.0, 200);
    assert_problem(&dana.post(&question, &no).await, 409, "decided");

    let all = log(&path);
    let events: Vec<_> = all.iter().map(|entry| entry.event.clone()).collect();
    let [Event::Asked(starts), Event::Answered(started), Event::Refused(refused), ..] = &*events else {
        panic!("{all:?}");
    };
    assert_eq!((&*starts.principal, starts.role), ("shop", Role::Operator));
    assert_eq!((&*starts.method, &*starts.path), ("POST", "/v1/runs"));
    assert!(starts.token.len() == 12 && starts.body.is_some());
    assert_eq!((&started.request, started.status), (&starts.request, 201));
    for name in ["workflow refund".to_owned(), format!("run {run}"), format!("place /v1/runs/{run}")] {
        assert!(started.named.contains(&name), "{started:?}");
    }
    assert_eq!((&*refused.asked.principal, &*refused.asked.path, &*refused.reason), ("shop", &*question, "role"));
    let decided: Vec<_> = all
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Answered(answered) => Some((answered.status, answered.named.concat())),
            Event::Began { .. }
            | Event::Asked(_)
            | Event::Refused(_)
            | Event::RefusedMore { .. }
            | Event::TokenCreated { .. }
            | Event::TokenRemoved { .. }
            | Event::Mended { .. } => None,
        })
        .collect();
    assert_eq!(decided.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [201, 200, 409]);
    assert!(decided[1].1.contains("decision denied"), "{decided:?}");
    assert_eq!(all.len(), 7, "what only reads is not noted");
    assert!(all.iter().all(|entry| entry.at_ms == Hand::BEGIN_MS));
    assert_eq!(verify(&path, None).unwrap().unwrap().entries, 7);
    let text = fs::read_to_string(&path).unwrap();
    for hidden in ["a secret remark", "not what I expected", &shop.token.unwrap(), &dana.token.unwrap()] {
        assert!(!text.contains(hidden), "{hidden} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_has_few_entries_however_often_it_is_refused_and_none_where_it_reads() {
    let place = Place::new();
    let path = place.path("audit.log");
    let served = Served::start(|server| server.audit(Audit::open(&path, Clock::default()))).await;
    let (mia, shop) = (served.client("mia", Role::Viewer).await, served.client("shop", Role::Operator).await);
    let call = |method: &str, params: Value| json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let a2a = async |body: Value| mia.ask("POST /v1/a2a", &[("a2a-version", "1.0")], &body).await.0;
    let run = shop.refund("user_789").await;
    for _ in 0..3 {
        assert_eq!(a2a(call("GetTask", json!({"id": run}))).await, 200);
    }
    assert_eq!(log(&path).len(), 2, "what a viewer reads is not noted");
    assert_eq!(a2a(call("CancelTask", json!({"id": run}))).await, 403);
    for _ in 0..40 {
        assert_problem(&mia.post("/v1/runs", &refund("user_789")).await, 403, "role");
    }
    served.stop().await;
    let events: Vec<_> = log(&path).into_iter().map(|entry| entry.event).skip(2).collect();
    let Event::Refused(first) = &events[0] else { panic!("{events:?}") };
    assert_eq!((&*first.asked.path, &*first.reason), ("/v1/a2a", "role"));
    let refused = events.iter().filter(|event| matches!(event, Event::Refused(_))).count();
    assert_eq!((events.len(), refused), (21, 20));
    assert_eq!(events[20], Event::RefusedMore { principal: "mia".to_owned(), requests: 21 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_the_log_cannot_take_is_not_made() {
    let place = Place::new();
    let path = place.path("audit.log");
    let told = Told::default();
    let served = Served::start(|server| told.by(server).audit(Audit::bounded(&path, Clock::default(), 100))).await;
    let shop = served.client("shop", Role::Operator).await;
    let refused = shop.post("/v1/runs", &refund("user_789")).await;
    assert_problem(&refused, 503, "audit");
    assert_eq!((&refused.1["limit"], &refused.1["allowed"]), (&json!("audit_bytes"), &json!(100)));
    assert_eq!(shop.get("/v1/runs").await, json!([]), "nothing was started");
    assert!(told.all()[0].contains("audit log"), "{told:?}");
    // A file that others may read is not one to write to.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = shop.post("/v1/runs", &refund("user_789")).await;
    assert_problem(&refused, 503, "audit");
    assert!(!refused.1["detail"].as_str().unwrap().contains("audit.log"), "the client is told little: {refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_several_writers_is_one_chain() {
    let place = Place::new();
    let path = place.path("audit.log");
    let writers = (0..4).map(|_| {
        let audit = Audit::open(&path, Clock::default());
        tokio::spawn(async move {
            for _ in 0..25 {
                audit.append(Event::began()).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(verify(&path, None).unwrap().unwrap().entries, 100);
}

#[test]
fn the_command_verifies_what_it_has_noted_and_names_the_line_that_was_changed() {
    let place = Place::new();
    let absent = place.json(&["audit", "verify"]);
    assert_eq!((absent.exit, &absent.json["error"]["detail"]), (Some(5), &json!("audit")), "{absent:?}");
    assert!(!place.data("").exists());
    let token = place.json(&["token", "create", "dana", "--role", "admin"]).json;
    let id = token["id"].as_str().unwrap();
    assert_eq!(place.call(&["token", "create", "mia", "--role", "viewer"]).exit, Some(0));
    assert_eq!(place.json(&["token", "rm", "000000000000"]).exit, Some(5));
    let before = place.json(&["audit", "verify"]).json;
    assert_eq!(before["entries"], 2, "a token that is not there is not noted");
    assert_eq!(place.call(&["token", "rm", id]).exit, Some(0));

    let shown = place.json(&["audit", "show"]).json;
    let events: Vec<_> = shown.as_array().unwrap().iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["token_created", "token_created", "token_removed"]);
    assert_eq!((&shown[0]["name"], &shown[2]["id"]), (&json!("dana"), &json!(id)));
    assert!(place.call(&["audit", "show"]).stdout.contains("makes the token"), "{shown}");
    let head = before["head"].as_str().unwrap();
    let verified = place.call(&["audit", "verify", "--head", head]);
    assert_eq!(verified.exit, Some(0), "{verified:?}");
    assert_eq!(verified.stdout.trim().len(), head.len(), "the head, alone on stdout");

    let path = place.data("audit.log");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"dana\"", "\"eve\"")).unwrap();
    let changed = place.json(&["audit", "verify"]);
    assert_eq!((changed.exit, &changed.json["line"]), (Some(1), &json!(2)), "{changed:?}");
    fs::write(&path, format!("{}\n", text.lines().next().unwrap())).unwrap();
    assert_eq!(place.call(&["audit", "verify"]).exit, Some(0), "the rest is a chain too");
    let cut = place.call(&["audit", "verify", "--head", head]);
    assert_eq!(cut.exit, Some(1));
    assert!(cut.stderr.contains("the end: no line is "), "{cut:?}");
}

// Rates.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_principal_that_asks_too_often_is_told_when_to_come_again_and_others_are_not() {
    let hand = Hand::new();
    let limits = Limits { requests_per_second: 1, requests_burst: 2, ..Limits::default() };
    let served = Served::start(|server| server.limits(limits).clock(hand.clock())).await;
    let (shop, dana) = (served.client("shop", Role::Operator).await, served.client("dana", Role::Approver).await);
    for _ in 0..2 {
        shop.get("/v1/runs").await;
    }
    let (status, refused) = shop.ask("GET /v1/runs", &[], &Value::Null).await;
    assert_eq!(
        (status, &refused["limit"], &refused["kind"]),
        (429, &json!("requests_per_second"), &json!("unavailable"))
    );
    assert_eq!(shop.send("GET /v1/runs", &[], "").await.headers()["retry-after"], "1");
    dana.get("/v1/runs").await;
    assert_eq!(served.anyone().send("GET /healthz", &[], "").await.status(), 200);
    hand.forward(1_000);
    shop.get("/v1/runs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_comes_too_often_without_a_token_waits_and_principals_do_not() {
    let hand = Hand::new();
    let limits = Limits { requests_per_second: 1, requests_burst: 2, ..Limits::default() };
    let served = Served::start(|server| server.limits(limits).clock(hand.clock())).await;
    let (anyone, shop) = (served.anyone(), served.client("shop", Role::Operator).await);
    for _ in 0..2 {
        anyone.get("/readyz").await;
    }
    for door in ["GET /readyz", "GET /.well-known/agent-card.json"] {
        let refused = anyone.ask(door, &[], &Value::Null).await;
        assert_eq!((refused.0, &refused.1["limit"]), (429, &json!("requests_per_second")), "{door}");
    }
    assert_eq!(anyone.send("GET /login", &[], "").await.status(), 429);
    shop.get("/v1/runs").await;
    hand.forward(1_000);
    anyone.get("/healthz").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_comes_with_unknown_tokens_is_looked_at_no_more_for_a_while() {
    let hand = Hand::new();
    let limits = Limits { failures_per_second: 1, failures_burst: 2, ..Limits::default() };
    let served = Served::start(|server| server.limits(limits).clock(hand.clock())).await;
    let shop = served.client("shop", Role::Operator).await;
    let wrong = Client { token: Some("stk_00".to_owned()), ..served.anyone() };
    for _ in 0..2 {
        assert_problem(&wrong.ask("GET /v1/runs", &[], &Value::Null).await, 401, "token");
    }
    for client in [&wrong, &shop] {
        let refused = client.ask("GET /v1/runs", &[], &Value::Null).await;
        assert_eq!((refused.0, &refused.1["limit"]), (429, &json!("failures_per_second")));
    }
    let login = served.anyone().send("POST /login", &[], "token=stk_00").await;
    assert_eq!(login.status(), 429, "the page is no way round");
    hand.forward(1_000);
    shop.get("/v1/runs").await;
}

// The journal.

#[tokio::test(start_paused = true)]
async fn a_server_says_once_that_its_journal_fails_and_takes_runs_up_again_once_it_answers() {
    let (hand, place) = (Hand::new(), Place::new());
    let (faulty, disk) = (Faulty::new(&hand), memory(&hand));
    faulty.insert(&disk, calm());
    let host = Host::builder().with_journal(faulty.clone()).scratch(place.path("")).build().await.unwrap();
    let told = Told::default();
    let server = told.by(Server::new(host));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let serving = tokio::spawn(server.serve(listener, std::future::pending()));
    let minute = || tokio::time::sleep(Duration::from_secs(60));
    minute().await;
    assert_eq!(told.all().len(), 0);
    for outages in 1..=2 {
        faulty.remove();
        minute().await;
        minute().await;
        let told = told.all();
        assert_eq!(told.len(), outages, "{told:?}");
        assert!(told[0].starts_with("no run is taken up while "), "{told:?}");
        faulty.insert(&disk, calm());
        minute().await;
    }
    serving.abort();
}

// TLS.

/// Writes a certificate and its key of `tests/tls` where a server looks for its own.
fn certify(place: &Place, name: &str) -> (PathBuf, PathBuf) {
    let file = |ending: &str| fs::read(root().join(format!("tests/tls/{name}.{ending}"))).unwrap();
    let (certificate, key) = (place.write("tls.pem", file("pem")), place.write("tls.key", file("key")));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    (certificate, key)
}

/// Asks over TLS, and trusts one certificate of `tests/tls` alone.
async fn over_tls(client: &Client, trusted: &str, what: &str, body: &str) -> Option<(u16, String)> {
    let mut roots = RootCertStore::empty();
    let pem = fs::read(root().join(format!("tests/tls/{trusted}.pem"))).unwrap();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
    let stream = TcpStream::connect(client.address).await.unwrap();
    let stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.ok()?;
    let response = client.send_over(stream, what, &[("host", "localhost")], body.to_owned()).await;
    let cookie = response.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Some((status, cookie.unwrap_or_else(|| String::from_utf8(body.to_vec()).unwrap())))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_certificate_speaks_tls_alone_and_its_sessions_are_for_https() {
    let place = Place::new();
    let (certificate, key) = certify(&place, "server");
    let tls = Tls::new(certificate, key).unwrap();
    let told = Told::default();
    let limits = Limits { head_time: Duration::from_secs(1), ..Limits::default() };
    let served = Served::start(|server| told.by(server).tls(tls).limits(limits)).await;
    let shop = served.client("shop", Role::Operator).await;
    assert_eq!(over_tls(&shop, "server", "GET /v1/runs", "").await, Some((200, "[]".to_owned())));
    assert_eq!(over_tls(&shop, "other", "GET /v1/runs", "").await, None, "it is not the certificate that is trusted");
    let login = format!("token={}", shop.token.as_deref().unwrap());
    let (status, cookie) = over_tls(&served.anyone(), "server", "POST /login", &login).await.unwrap();
    assert!(status == 303 && cookie.ends_with("; Secure"), "{cookie}");

    for _ in 0..2 {
        let mut plain = TcpStream::connect(served.address).await.unwrap();
        plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut said = String::new();
        plain.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 400") && said.ends_with("this server speaks https, not http.\n"), "{said}");
    }
    assert_eq!(told.all().len(), 1, "the operator is told once: {told:?}");
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    silent.write_all(&[0x16, 3, 1]).await.unwrap();
    assert_eq!(silent.read(&mut [0; 9]).await.unwrap_or(0), 0, "a handshake has the time of a head");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_was_renewed_is_used_and_one_that_cannot_be_is_not() {
    let (place, hand) = (Place::new(), Hand::new());
    let (certificate, key) = certify(&place, "server");
    let tls = Tls::new(&certificate, &key).unwrap();
    let told = Told::default();
    let served = Served::start(|server| told.by(server).tls(tls).clock(hand.clock())).await;
    let anyone = served.anyone();
    let is_of = async |name: &str| over_tls(&anyone, name, "GET /healthz", "").await.is_some();
    assert!(is_of("server").await);
    certify(&place, "other");
    assert!(is_of("server").await, "the files are looked at every ten seconds");
    hand.forward(10_000);
    assert!(is_of("other").await && !is_of("server").await);
    place.write("tls.pem", "no certificate");
    for _ in 0..3 {
        hand.forward(10_000);
        assert!(is_of("other").await);
    }
    let told = told.all();
    assert!(told.len() == 1 && told[0].contains("BEGIN CERTIFICATE"), "{told:?}");
}

#[test]
fn a_key_that_others_may_read_or_that_is_of_another_certificate_is_refused() {
    let place = Place::new();
    let (certificate, key) = certify(&place, "server");
    let serve = || {
        let [certificate, key] = [&certificate, &key].map(|path| path.to_str().unwrap());
        place.json(&["serve", "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key])
    };
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = serve();
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(2), &json!("tls")), "{refused:?}");
    assert!(refused.stdout.contains("others may use it (mode 640)"), "{refused:?}");
    fs::write(&key, fs::read(root().join("tests/tls/other.key")).unwrap()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let refused = serve();
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(2), &json!("tls")), "{refused:?}");
}

// A server without tokens.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tokens_notes_changes_under_the_name_of_its_user() {
    let place = Place::new();
    let path = place.path("audit.log");
    let audit = Audit::open(&path, Clock::default());
    let served = Served::start(|server| server.access(Access::open("dana")).audit(audit)).await;
    served.anyone().refund("user_789").await;
    let Event::Asked(asked) = &log(&path)[0].event else { panic!("nothing is noted") };
    assert_eq!((&*asked.principal, &*asked.token, asked.role), ("dana", "", Role::Admin));
    let (_, token) = served.host.create_token(NewToken::new("mia", Role::Viewer)).await.unwrap();
    assert!(!fs::read_to_string(&path).unwrap().contains(&token));
}

// How it ends.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_ended_ends_its_streams_and_finishes_what_it_has_begun_to_read() {
    let served = Served::start(|server| server).await;
    let shop = served.client("shop", Role::Operator).await;
    let stream = shop.send("GET /v1/events", &[], "").await;
    let body = refund("user_789").to_string();
    let (first, second) = body.split_at(9);
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let head = format!(
        "POST /v1/runs HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n{first}",
        shop.token.as_deref().unwrap(),
        body.len()
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    // The server says to go on, once it reads the body.
    let mut said = [0; 25];
    slow.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
    let stopping = tokio::spawn(served.stop());
    stream.into_body().collect().await.unwrap();
    slow.write_all(second.as_bytes()).await.unwrap();
    let mut said = String::new();
    slow.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 201 Created"), "{said}");
    stopping.await.unwrap();
}

// Clients that go away.

/// Sends a request, and closes the connection before there is an answer.
async fn send_and_leave(client: &Client, what: &str, key: &str, body: &Value) {
    let (token, body) = (client.token.as_deref().unwrap(), body.to_string());
    let head = format!(
        "{what} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut connection = TcpStream::connect(client.address).await.unwrap();
    connection.write_all((head + &body).as_bytes()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_loses_no_question_and_leaves_no_decision_half_taken() {
    let served = Served::start(|server| server).await;
    let (shop, dana) = (served.client("shop", Role::Operator).await, served.client("dana", Role::Approver).await);
    for number in 0..4 {
        let key = format!("order-{number}");
        send_and_leave(&shop, "POST /v1/runs", &key, &refund("user_123")).await;
        let started = shop.ask("POST /v1/runs", &[("idempotency-key", &key)], &refund("user_123")).await;
        let run = started.1["run_id"].as_str().unwrap().to_owned();
        served.settled(&run).await;
        let open = dana.get("/v1/approvals").await;
        assert_eq!((open[0]["run_id"].as_str(), open.as_array().unwrap().len()), (Some(&*run), 1), "{open}");

        let path = format!("/v1/runs/{run}/approvals/{}", open[0]["key"].as_str().unwrap());
        let yes = json!({"decision": "approve", "seen": open[0]["digest"]});
        send_and_leave(&dana, &format!("POST {path}"), &key, &yes).await;
        let again = dana.post(&path, &yes).await;
        assert!([200, 409].contains(&again.0), "one of the two is taken: {again:?}");
        served.settled(&run).await;
        assert_eq!(dana.get(&format!("/v1/runs/{run}")).await["status"], "done");
    }
    assert_eq!((shop.get("/v1/runs").await.as_array().unwrap().len(), served.place.refunds().len()), (4, 4));
}
