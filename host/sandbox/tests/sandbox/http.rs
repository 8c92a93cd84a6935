//! `wasi:http` and `wasi:sockets` against a guest that may ask for anything.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Value, json};
use stockade_sandbox::{Component, Config, Engine, Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind};

use crate::common::{built, call, guest, tool};
use crate::server::{Piece, Server, ok, tls};

/// What is above the longest wait of the host's own.
const LONG: Duration = Duration::from_secs(120);

/// An engine that knows names of its own and trusts the tests' certificate.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| engine(vec![include_bytes!("../tls/root.der").to_vec()]));

fn engine(tls_roots: Vec<Vec<u8>>) -> Engine {
    let hosts = [
        ("pay.example.com", "127.0.0.1"),
        ("other.example.com", "127.0.0.1"),
        ("metadata.example.com", "169.254.169.254"),
        // The system says that this is 127.0.0.1.
        ("localhost", "127.0.0.3"),
    ];
    let mut hosts: BTreeMap<String, Vec<IpAddr>> =
        hosts.into_iter().map(|(name, address)| (name.into(), vec![address.parse().unwrap()])).collect();
    hosts.insert("mixed.example.com".into(), vec!["127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap()]);
    Engine::new(Config { concurrency: 8, hosts, tls_roots, ..Config::default() }).unwrap()
}

/// Kept, for a component that is dropped is compiled again.
static FETCH: LazyLock<Component> = LazyLock::new(|| ENGINE.load(&built("fetch")).unwrap());

fn fetch(grants: &[Grant]) -> Tool {
    Tool::new(&ENGINE, "test", FETCH.clone(), grants).unwrap()
}

/// Grants requests to loopback.
fn local(allow: String) -> Grant {
    Grant::http(allow).addresses(["127.0.0.1"])
}

/// A request, from `METHOD scheme://authority/path`.
fn request(text: &str) -> Value {
    let (method, url) = text.split_once(' ').unwrap();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    json!({
        "method": method, "scheme": scheme, "authority": authority, "path": path,
        "headers": [], "body": [], "trailers": [], "timeout": null, "secret": null
    })
}

fn with(mut request: Value, field: &str, value: Value) -> Value {
    request[field] = value;
    request
}

async fn send(tool: &Tool, request: Value) -> Result<Value, Fault> {
    send_within(tool, request, Limits::default().deadline(LONG)).await
}

async fn send_within(tool: &Tool, request: Value, limits: Limits) -> Result<Value, Fault> {
    call(tool, "send", json!({"request": request}), limits).await.result
}

fn denial(answer: Result<Value, Fault>) -> String {
    let fault = answer.expect_err("a denial");
    assert_eq!(fault.kind, Kind::Denied, "{fault}");
    fault.message
}

/// Returns what the guest said of an error that is not a denial.
fn said(answer: Result<Value, Fault>) -> String {
    let fault = answer.expect_err("an error");
    assert_eq!(fault.kind, Kind::GuestError, "{fault}");
    fault.message
}

#[tokio::test]
async fn a_granted_request_is_sent_as_it_is() {
    let server = Server::saying("HTTP/1.1 201 Created\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nhi").await;
    let port = server.port;
    let tool = fetch(&[local(format!("POST http://127.0.0.1:{port}/v1/items")).headers(["x-tool"])]);
    let request =
        with(request(&format!("POST http://127.0.0.1:{port}/v1/items/7?a=b%2F..")), "body", json!(["ab", "c"]));
    let request = with(request, "headers", json!([["Content-Length", "3"], ["X-Tool", "yes"]]));
    let answer = send(&tool, request).await.unwrap();
    assert_eq!(answer, json!({"status": 201, "headers": [["x-a", "1"], ["content-length", "2"]], "body": "hi"}));
    let expected = format!(
        "POST /v1/items/7?a=b%2F.. HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 3\r\nx-tool: yes\r\n\
         connection: close\r\n\r\nabc"
    );
    assert_eq!(server.got(), [expected]);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_chunked() {
    let server =
        Server::saying("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\nx-t: 1\r\n\r\n")
            .await;
    let tool = fetch(&[local(format!("PUT http://127.0.0.1:{}/", server.port))]);
    let request = with(request(&format!("PUT http://127.0.0.1:{}/a", server.port)), "body", json!(["ab", "c"]));
    let answer = send(&tool, request).await.unwrap();
    assert_eq!(answer, json!({"status": 200, "headers": [], "body": "hi!"}));
    assert!(
        server.got()[0].ends_with("transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
        "{:?}",
        server.got()
    );
}

#[tokio::test]
async fn what_is_not_granted_is_denied_and_never_sent() {
    let server = Server::saying(&ok("")).await;
    let port = server.port;
    let tool = fetch(&[local(format!("GET http://127.0.0.1:{port}/v1/items"))]);
    for (sent, line) in [
        ("POST http://127.0.0.1:PORT/v1/items", "POST http://127.0.0.1:PORT/v1/items"),
        ("GET http://127.0.0.1:PORT/v1/itemsx?a=b", "GET http://127.0.0.1:PORT/v1/itemsx"),
        ("GET https://127.0.0.1:PORT/v1/items", "GET https://127.0.0.1:PORT/v1/items"),
        ("GET http://127.0.0.2:PORT/v1/items", "GET http://127.0.0.2:PORT/v1/items"),
    ] {
        let line = line.replace("PORT", &port.to_string());
        let message = denial(send(&tool, request(&sent.replace("PORT", &port.to_string()))).await);
        let expected = format!(
            "tool \"test\" asked for http \"{line}\", which is not granted; in stockade.toml, under [tool.test.grants], \
             http = [{{ allow = \"{line}\" }}] would allow it; the tool said: "
        );
        assert!(message.starts_with(&expected), "{message}");
    }
    let message = denial(send(&fetch(&[]), request(&format!("GET http://127.0.0.1:{port}/"))).await);
    assert!(message.contains("which is not granted"), "{message}");
    assert_eq!(server.got(), [""; 0]);
}

/// A component that does not import `wasi:http` gets nothing of a grant of it, not even the grant's errors.
#[tokio::test]
async fn what_is_not_asked_for_is_not_given() {
    let grants = [Grant::http("nonsense"), Grant::secret("none", "of", "these")];
    let tool = tool(guest("echo"), &grants);
    assert!(tool.component().asks().is_empty());
    let fault = Tool::new(&ENGINE, "test", FETCH.clone(), &grants).unwrap_err();
    assert_eq!(
        fault.message,
        "grant to tool \"test\": http \"nonsense\" is not METHOD scheme://host[:port]/path: there is no blank after a method"
    );
}

/// Case 37. Whatever the name says, what counts is where it leads; and a host has one spelling.
#[tokio::test]
async fn addresses_that_are_not_on_the_internet_are_denied() {
    let server = Server::saying(&ok("")).await;
    let port = server.port;
    for host in
        ["127.0.0.1", "0.0.0.0", "[::1]", "[::ffff:7f00:1]", "pay.example.com", "localhost", "mixed.example.com"]
    {
        let place = format!("GET http://{host}:{port}/");
        // One address is granted, of a name that has two.
        let grant = if host.starts_with("mixed") { local(place.clone()) } else { Grant::http(&place) };
        let message = denial(send(&fetch(&[grant]), request(&place)).await);
        assert!(message.contains("which is not on the internet, which is not granted"), "{message}");
        assert!(message.contains(&format!("http = [{{ allow = \"{place}\", addresses = [\"")), "{message}");
    }
    for host in [
        "169.254.169.254",
        "10.0.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[64:ff9b::a9fe:a9fe]",
        "metadata.example.com",
    ] {
        let place = format!("GET http://{host}/latest/meta-data");
        let message = denial(send(&fetch(&[Grant::http(&place)]), request(&place)).await);
        assert!(message.contains("not on the internet"), "{message}");
    }
    let tool =
        fetch(&[local(format!("GET http://127.0.0.1:{port}/")), local(format!("GET http://pay.example.com:{port}/"))]);
    for host in ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "pay.example.com."] {
        let message = denial(send(&tool, request(&format!("GET http://{host}:{port}/"))).await);
        assert!(message.contains("which no grant allows: host "), "{message}");
    }
    let message = denial(send(&tool, request(&format!("GET http://pay.example.com@127.0.0.1:{port}/"))).await);
    assert!(message.contains("names a user"), "{message}");
    assert_eq!(server.got(), [""; 0]);
    // All this is about the addresses, for with them granted the requests arrive.
    send(&tool, request(&format!("GET http://PAY.example.com:{port}/"))).await.unwrap();
    assert!(server.got()[0].contains(&format!("host: pay.example.com:{port}\r\n")), "{:?}", server.got());
}

/// Case 38. Of two answers to one question, the one that was checked is connected to: `localhost` is 127.0.0.3 when it
/// is checked, and would be 127.0.0.1 if anybody asked the system again.
#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    let wrong = Server::saying(&ok("wrong")).await;
    let answer = Arc::new(|_: &str| vec![Piece::Bytes(ok("right").into_bytes())]);
    let right = Server::at("127.0.0.3".parse().unwrap(), wrong.port, None, answer).await;
    let place = format!("GET http://localhost:{}/", right.port);
    let tool = fetch(&[Grant::http(&place).addresses(["127.0.0.3"])]);
    assert_eq!(send(&tool, request(&place)).await.unwrap()["body"], "right");
    assert_eq!((right.got().len(), wrong.got().len()), (1, 0));
}

/// Case 39. A redirect is an answer; what the guest makes of it is a request like any other.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let inside = Server::saying(&ok("inside")).await;
    let moved =
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n", inside.port);
    let server = Server::saying(&moved).await;
    let place = format!("GET http://127.0.0.1:{}/", server.port);
    let tool = fetch(&[local(place.clone())]);
    let answer = send(&tool, request(&place)).await.unwrap();
    assert_eq!(answer["status"], 302);
    let location = answer["headers"][0][1].as_str().unwrap();
    denial(send(&tool, request(&format!("GET {location}"))).await);
    assert_eq!(inside.got(), [""; 0]);
}

/// Case 40. What could be read as another message than the one that was checked.
#[tokio::test]
async fn a_message_has_one_reading() {
    let server = Server::saying(&ok("")).await;
    let port = server.port;
    let place = format!("POST http://127.0.0.1:{port}/a");
    let tool = fetch(&[local(place.clone())]);
    for (field, value, expected) in [
        ("path", json!("http://evil.example.com/"), "path refused"),
        ("path", json!("/a\r\nhost: evil"), "path refused"),
        ("authority", json!("127.0.0.1\r\nx: y"), "authority refused"),
        ("method", json!("POST /evil"), "method refused"),
        ("headers", json!([["host", "evil"]]), "HeaderError::Forbidden"),
        ("headers", json!([["transfer-encoding", "chunked"]]), "HeaderError::Forbidden"),
        ("headers", json!([["connection", "keep-alive"]]), "HeaderError::Forbidden"),
        ("headers", json!([["expect", "100-continue"]]), "HeaderError::Forbidden"),
        ("headers", json!([["te", "trailers"]]), "HeaderError::Forbidden"),
        ("headers", json!([["x", "a\r\nhost: evil"]]), "HeaderError::InvalidSyntax"),
        ("headers", json!([["x\r\nhost", "evil"]]), "HeaderError::InvalidSyntax"),
        ("headers", json!([["content-length", "1"], ["content-length", "2"]]), "HeaderError::InvalidSyntax"),
        ("headers", json!([["content-length", "+1"]]), "HeaderError::InvalidSyntax"),
        ("headers", json!([["content-length", "5"]]), "HttpRequestBodySize"),
    ] {
        let message = said(send(&tool, with(request(&place), field, value)).await);
        assert!(message.contains(expected), "{expected}: {message}");
    }
    for path in ["/a/../b", "/a/%2e%2e/b", "/a//b", "/a/%2Fb", "/a/..;/b"] {
        let message = denial(send(&tool, with(request(&place), "path", json!(path))).await);
        assert!(message.contains("which no grant allows: path "), "{message}");
    }
    for header in ROUTING {
        let message = denial(send(&tool, with(request(&place), "headers", json!([[header, "x"]]))).await);
        assert!(message.contains(&format!("header \"{header}\" in http ")), "{message}");
        assert!(message.contains(&format!("headers = [\"{header}\"] }}] would allow it")), "{message}");
    }
    assert_eq!(server.got(), [""; 0]);
}

/// What servers, proxies and frameworks take for another path, method, user or address. There are more of them than one knows.
const ROUTING: [&str; 28] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-original-uri",
    "x-original-host",
    "x-rewrite-url",
    "x-rewrite-uri",
    "x-forwarded-host",
    "x-forwarded-for",
    "x-forwarded-prefix",
    "x-forwarded-uri",
    "x-forwarded-user",
    "x-host",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-envoy-original-path",
    "x-accel-redirect",
    "x-sendfile",
    "remote-user",
    "x-remote-user",
    "x-amzn-oidc-identity",
    "x-ms-client-principal",
    "forwarded",
    "via",
    "content_length",
];

/// A header that a grant names is sent, and only with the requests of that grant.
#[tokio::test]
async fn a_header_is_sent_where_a_grant_names_it() {
    let server = Server::saying(&ok("ok")).await;
    let at = |path: &str| format!("GET http://127.0.0.1:{}/{path}", server.port);
    let (allow, other) = (at("a"), at("b"));
    let tool = fetch(&[local(allow.clone()).headers(["X-Tenant"]), local(other.clone())]);
    let headers = json!([["x-tenant", "7"], ["accept", "*/*"]]);
    send(&tool, with(request(&allow), "headers", headers.clone())).await.unwrap();
    assert!(server.got()[0].contains("x-tenant: 7"), "{:?}", server.got());
    assert!(denial(send(&tool, with(request(&other), "headers", headers)).await).contains("headers = [\"x-tenant\"]"));
    let fault = Tool::new(&ENGINE, "test", FETCH.clone(), &[local(allow).headers(["a b"])]).unwrap_err();
    assert!(fault.message.contains("\"a b\" is not the name of a header"), "{fault}");
}

/// What a guest sets is kept in the host, so it is neither long nor free.
#[tokio::test]
async fn the_parts_of_a_request_are_bounded_and_counted() {
    let tool = fetch(&[]);
    let plain = request("GET http://127.0.0.1/");
    for (field, value, expected) in [
        ("method", "X".repeat(17), "method refused"),
        ("scheme", "x".repeat(65), "scheme refused"),
        ("authority", "x".repeat(301), "authority refused"),
        ("path", format!("/{}", "x".repeat(8 << 10)), "path refused"),
    ] {
        assert!(said(send(&tool, with(plain.clone(), field, json!(value))).await).contains(expected), "{expected}");
    }
    for (field, value) in [("path", json!("x".repeat(2000))), ("headers", json!([["x", "x".repeat(2000)]]))] {
        let limits = Limits::default().host_bytes(1000);
        let fault = send_within(&tool, with(plain.clone(), field, value), limits).await.unwrap_err();
        assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::HostcallBytes, "host_bytes"), "{field}");
    }
}

/// Case 40. A body that is shorter or longer than it says, and one with trailers, never arrives as a whole message.
#[tokio::test]
async fn a_body_is_as_long_as_it_says() {
    let server = Server::saying(&ok("")).await;
    let place = format!("POST http://127.0.0.1:{}/a", server.port);
    let tool = fetch(&[local(place.clone())]);
    for length in ["1", "5"] {
        let request = with(request(&place), "headers", json!([["content-length", length]]));
        said(send(&tool, with(request, "body", json!(["abc"]))).await);
    }
    let request = with(with(request(&place), "body", json!(["abc"])), "trailers", json!([["x", "y"]]));
    let message = denial(send(&tool, request).await);
    assert!(message.contains("asked for trailers, which no grant allows"), "{message}");
    for got in server.got() {
        let body = got.split("\r\n\r\n").nth(1).unwrap_or_default();
        assert!(!got.ends_with("0\r\n\r\n") && body != "abc" && !body.contains("x: y"), "{got}");
    }
}

/// Case 41. Headers beyond reason, both ways.
#[tokio::test]
async fn headers_have_bounds() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100 << 10));
    let server = Server::saying(&long).await;
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1000));
    let second = Server::saying(&many).await;
    let places = [format!("GET http://127.0.0.1:{}/", server.port), format!("GET http://127.0.0.1:{}/", second.port)];
    let tool = fetch(&places.clone().map(local));
    for place in &places {
        assert_eq!(said(send(&tool, request(place)).await), "ErrorCode::HttpResponseHeaderSectionSize(None)");
    }
    let headers: Vec<_> = (0..101).map(|at| json!([format!("x-{at}"), "y"])).collect();
    let message = said(send(&tool, with(request(&places[0]), "headers", json!(headers))).await);
    assert_eq!(message, "ErrorCode::HttpRequestHeaderSectionSize(Some(102))");
    for (count, bytes) in [(1_000_000, 1), (1, 10 << 20)] {
        let limits = Limits::default().hostcall_bytes(64 << 20).host_calls(2_000_000);
        let fault = call(&tool, "fields", json!({"count": count, "bytes": bytes}), limits).await.result.unwrap_err();
        assert_eq!(fault.kind, Kind::HostcallBytes, "{fault}");
        assert_eq!(fault.breach.unwrap().limit, "http_field_bytes");
    }
}

/// Case 42. Nothing of `wasi:sockets` can be used, and components that import it start all the same.
#[tokio::test]
async fn sockets_are_offered_and_denied() {
    let tool = tool(guest("sockets"), &[]);
    for (function, what) in [("tcp", "a TCP socket"), ("udp", "a UDP socket"), ("resolve", "a name's addresses")] {
        let fault = call(&tool, function, json!({}), Limits::default()).await.result.unwrap_err();
        assert_eq!(
            fault.message,
            format!(
                "tool \"test\" asked for {what}, which no grant allows: the way to the network is wasi:http, with a \
                 grant of http; the tool said: {}",
                if function == "resolve" { "permanent_resolver_failure" } else { "access_denied" }
            )
        );
        assert_eq!(fault.kind, Kind::Denied);
    }
}

/// Case 43. What comes in counts, with its headers and framing, and the guest is stopped where it has had enough.
#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let server = Server::new(|_| {
        vec![
            Piece::Bytes(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()),
            Piece::Forever(b"400\r\n".iter().chain(&[b'x'; 1024]).chain(b"\r\n").copied().collect()),
        ]
    })
    .await;
    let place = format!("GET http://127.0.0.1:{}/", server.port);
    let limits = Limits::default().deadline(LONG).egress_bytes(1 << 20);
    let fault = send_within(&fetch(&[local(place.clone())]), request(&place), limits).await.unwrap_err();
    let breach = fault.breach.clone().unwrap();
    assert_eq!((fault.kind, breach.limit.as_str(), breach.allowed), (Kind::Egress, "egress_bytes", 1 << 20), "{fault}");
    assert!(breach.used > breach.allowed && breach.used < breach.allowed + (1 << 20), "{breach:?}");
    server.closed().await;
}

#[tokio::test]
async fn not_a_byte_too_many_is_sent() {
    let server = Server::saying(&ok("")).await;
    let place = format!("POST http://127.0.0.1:{}/", server.port);
    let tool = fetch(&[local(place.clone())]);
    let request = with(request(&place), "body", json!([&"x".repeat(10_000)]));
    let limits = Limits::default().deadline(LONG).egress_bytes(5_000);
    let fault = send_within(&tool, request, limits).await.unwrap_err();
    assert_eq!((fault.kind, fault.breach.unwrap().allowed), (Kind::Egress, 5_000));
    server.closed().await;
    assert!(server.got()[0].len() <= 5_000);
}

/// What is sent and received is also carried between guest and host.
#[tokio::test]
async fn bytes_count_as_the_hosts_too() {
    let server = Server::saying(&ok(&"x".repeat(20_000))).await;
    let place = format!("GET http://127.0.0.1:{}/", server.port);
    let limits = Limits::default().deadline(LONG).host_bytes(10_000);
    let fault = send_within(&fetch(&[local(place.clone())]), request(&place), limits).await.unwrap_err();
    assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::HostcallBytes, "host_bytes"));
}

#[tokio::test]
async fn requests_are_counted() {
    let server = Server::saying(&ok("hi")).await;
    let place = format!("GET http://127.0.0.1:{}/", server.port);
    let tool = fetch(&[local(place.clone())]);
    let limits = |egress_requests| Limits::default().deadline(LONG).egress_requests(egress_requests);
    let arguments = json!({"request": request(&place), "times": 3});
    assert_eq!(call(&tool, "repeat", arguments.clone(), limits(3)).await.result, Ok(json!(3)));
    let fault = call(&tool, "repeat", arguments.clone(), limits(2)).await.result.unwrap_err();
    let breach = fault.breach.unwrap();
    assert_eq!(
        (fault.kind, breach.limit.as_str(), breach.allowed, breach.used),
        (Kind::Egress, "egress_requests", 2, 3)
    );
    assert_eq!(server.got().len(), 5);
    // A limit of zero allows no request.
    let fault = call(&tool, "repeat", arguments, limits(0)).await.result.unwrap_err();
    assert_eq!((fault.kind, server.got().len()), (Kind::Egress, 5));
}

/// Case 43. More requests at once than there may be connections: the rest wait their turn.
#[tokio::test]
async fn connections_are_bounded() {
    let server = Server::saying(&ok("hi")).await;
    let place = format!("GET http://127.0.0.1:{}/", server.port);
    let arguments = json!({"request": request(&place), "times": 40});
    let answers = call(&fetch(&[local(place)]), "together", arguments, Limits::default().deadline(LONG)).await;
    assert_eq!(answers.result, Ok(json!(vec!["hi"; 40])));
}

/// Case 43. Nothing is decompressed here, so a small answer stays small.
#[tokio::test]
async fn a_compressed_answer_is_left_as_it_is() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nPK!?").await;
    let place = format!("GET http://127.0.0.1:{}/", server.port);
    assert_eq!(send(&fetch(&[local(place.clone())]), request(&place)).await.unwrap()["body"], "PK!?");
}

/// Case 28. Whatever a guest asks for, and whatever a server does or leaves, the call ends at its deadline at the
/// latest, and its connection with it.
#[tokio::test]
async fn waits_end() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nab".to_vec();
    for pieces in [vec![], b"HTTP/1.1 2".to_vec(), head] {
        for timeout in [json!(null), json!(u64::MAX)] {
            let pieces = pieces.clone();
            let server = Server::new(move |_| vec![Piece::Bytes(pieces.clone()), Piece::Silence]).await;
            let place = format!("GET http://127.0.0.1:{}/", server.port);
            let limits = Limits::default().deadline(Duration::from_millis(600));
            let request = with(request(&place), "timeout", timeout);
            let fault = send_within(&fetch(&[local(place)]), request, limits).await.unwrap_err();
            assert_eq!(fault.kind, Kind::Deadline, "{fault}");
            server.closed().await;
        }
    }
}

/// Case 28. A timeout of the guest's own is an answer to it; zero means no timeout, and does not panic.
#[tokio::test]
async fn a_guest_may_wait_less() {
    for (pieces, nanoseconds) in [
        (vec![], 0),
        (vec![], 100_000_000),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nab".to_vec(), 200_000_000),
    ] {
        let server = Server::new(move |_| vec![Piece::Bytes(pieces.clone()), Piece::Silence]).await;
        let place = format!("GET http://127.0.0.1:{}/", server.port);
        let request = with(request(&place), "timeout", json!(nanoseconds));
        let message = said(send(&fetch(&[local(place)]), request).await);
        assert!(message.to_ascii_lowercase().contains("timeout"), "{message}");
    }
}

/// A server that says yes at once must not take what it has got for all there is, when the call ends before the body.
#[tokio::test]
async fn a_request_that_is_cut_short_does_not_look_whole() {
    let begun = |request: &[u8]| request.ends_with(b"refund\r\n");
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n".to_vec();
    let server = Server::hasty(begun, move |_| vec![Piece::Bytes(head.clone()), Piece::Silence]).await;
    let place = format!("POST http://127.0.0.1:{}/", server.port);
    let tool = fetch(&[local(place.clone())]);
    let request = with(request(&place), "body", json!(["refund"]));
    for _ in 0..20 {
        let limits = Limits::default().deadline(LONG);
        assert_eq!(call(&tool, "abandon", json!({"request": request}), limits).await.result, Ok(json!(200)));
        server.closed().await;
    }
    assert!(server.got().iter().all(|got| got.ends_with("\r\nrefund\r\n")), "{:?}", server.got());
}

#[tokio::test]
async fn tls_is_for_the_host_that_was_asked_for() {
    let answer = Arc::new(|_: &str| vec![Piece::Bytes(ok("hi").into_bytes())]);
    let server = Server::at("127.0.0.1".parse().unwrap(), 0, Some(tls()), answer).await;
    let places = ["pay.example.com", "other.example.com", "127.0.0.1"];
    let places = places.map(|host| format!("GET https://{host}:{}/", server.port));
    let tool = fetch(&places.clone().map(local));
    assert_eq!(send(&tool, request(&places[0])).await.unwrap()["body"], "hi");
    for place in &places[1..] {
        assert_eq!(said(send(&tool, request(place)).await), "ErrorCode::TlsCertificateError");
    }
    // The same certificate, where the host was not told to trust it.
    let strict = engine(Vec::new());
    let tool = Tool::new(&strict, "test", strict.load(&built("fetch")).unwrap(), &[local(places[0].clone())]).unwrap();
    assert_eq!(said(send(&tool, request(&places[0])).await), "ErrorCode::TlsCertificateError");
    assert_eq!(server.got().len(), 1);
}
