use std::sync::Arc;

use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::Grant;

use crate::net::{denied, fetch, local, request, send, with};
use crate::server::{Piece, Server};
use crate::world::{SECRET, World, call};

/// "user:", and the secret, in base64; and the secret as it stands in a URL.
const BASE64: &str = "dXNlcjpza19saXZlXzAxMjM0NTY3ODkvKyJhYg==";
const ENCODED: &str = "sk_live_0123456789%2F%2B%22ab";

/// The guest has a placeholder, which is worth something in one header to one host; and what comes back is scrubbed.
pub(crate) async fn run(world: Arc<World>) {
    let server = Server::new(echo).await;
    let hosts = ["pay.example.com", "evil.example.com"].map(|host| format!("POST http://{host}:{}/", server.port));
    let secret = Grant::secret("key", "pay.example.com", "authorization");
    let tool = fetch(&world, &[local(&hosts[0]), local(&hosts[1]), secret]);
    let held = placeholder(&tool).await;
    assert!(held.starts_with("stockade-secret-"), "{held}");
    elsewhere(&tool, &hosts).await;
    let earlier = server.got().len();
    assert!(server.got().iter().all(|got| !got.contains("sk_live")), "{:?}", server.got());
    let answer = send(&tool, filled(&hosts[0], bearer(), json!([]))).await.unwrap();
    assert!(server.got()[earlier].contains(&format!("authorization: Bearer {SECRET}\r\n")));
    let text = answer.to_string();
    assert!(!text.contains("sk_live") && !text.contains("0123456789") && !text.contains(&BASE64[8..]), "{text}");
    assert_eq!(answer["headers"][0], json!(["x-echo", format!("Bearer {held}")]));
    // In what it was sent, in base64, in a URL and in JSON.
    assert_eq!(answer["body"].as_str().unwrap().matches(&held).count(), 4, "{answer}");
}

/// Every place but the granted one.
async fn elsewhere(tool: &Tool, hosts: &[String; 2]) {
    let path = |path: &str| format!("{}{path}", hosts[0]);
    let held = placeholder(tool).await;
    let pieces: Vec<_> = held.chars().map(String::from).collect();
    for (place, headers, body) in [
        (hosts[1].clone(), bearer(), json!([])),
        (hosts[0].clone(), json!([["x-key", "{secret}"]]), json!([])),
        (path("{secret}"), bearer(), json!([])),
        (path("a?key={secret}"), bearer(), json!([])),
        (hosts[0].clone(), bearer(), json!(["key={secret}"])),
        (hosts[0].clone(), json!([]), json!(pieces)),
    ] {
        let message = denied(send(tool, filled(&place, headers, body)).await);
        assert!(message.contains("secret") && !message.contains(SECRET), "{message}");
    }
}

fn bearer() -> Value {
    json!([["authorization", "Bearer {secret}"]])
}

fn filled(place: &str, headers: Value, body: Value) -> Value {
    with(with(with(request(place), "headers", headers), "body", body), "secret", json!("key"))
}

async fn placeholder(tool: &Tool) -> String {
    let answer = call(tool, "placeholder", json!({"name": "key"}), Limits::default()).await.result.unwrap();
    answer.as_str().unwrap().to_owned()
}

/// Repeats what it got, in headers and body, plain and encoded, a byte at a time.
fn echo(request: &str) -> Vec<Piece> {
    let body = format!("{request}|{BASE64}|{ENCODED}|{}", json!(SECRET));
    let head = format!("HTTP/1.1 200 OK\r\nx-echo: Bearer {SECRET}\r\ncontent-length: {}\r\n\r\n", body.len());
    let letters = body.into_bytes().into_iter().map(|byte| Piece::Bytes(vec![byte]));
    std::iter::once(Piece::Bytes(head.into_bytes())).chain(letters).collect()
}
