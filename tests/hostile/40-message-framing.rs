use std::sync::Arc;

use serde_json::json;

use crate::net::{denied, fetch, local, request, said, send, with};
use crate::server::{Server, ok};
use crate::world::World;

/// What could be read as another message than the one that was checked.
pub(crate) async fn run(world: Arc<World>) {
    let server = Server::saying(&ok("")).await;
    let place = format!("POST http://127.0.0.1:{}/a", server.port);
    let tool = fetch(&world, &[local(&place)]);
    for (field, value) in [
        ("path", json!("http://evil.example.com/")),
        ("path", json!("/a\r\nhost: evil")),
        ("path", json!("/a HTTP/1.1\r\n\r\nGET /b")),
        ("authority", json!("127.0.0.1\r\nx: y")),
        ("method", json!("POST /evil")),
        ("headers", json!([["host", "evil"]])),
        ("headers", json!([["transfer-encoding", "chunked"]])),
        ("headers", json!([["connection", "keep-alive"]])),
        ("headers", json!([["expect", "100-continue"]])),
        ("headers", json!([["upgrade", "h2c"]])),
        ("headers", json!([["te", "trailers"]])),
        ("headers", json!([["x", "a\r\nhost: evil"]])),
        ("headers", json!([["x\r\nhost", "evil"]])),
        ("headers", json!([["content-length", "1"], ["content-length", "2"]])),
        ("headers", json!([["content-length", "+1"]])),
        ("headers", json!([["content-length", "5"]])),
    ] {
        said(send(&tool, with(request(&place), field, value)).await);
    }
    for path in ["/a/../b", "/a/%2e%2e/b", "/a//b", "/a/%2Fb", "/a/..;/b"] {
        denied(send(&tool, with(request(&place), "path", json!(path))).await);
    }
    assert_eq!(server.got(), [""; 0]);
    // A body that is shorter or longer than it says, and one with trailers, never arrives as a whole message.
    for length in ["1", "5"] {
        let request = with(request(&place), "headers", json!([["content-length", length]]));
        said(send(&tool, with(request, "body", json!(["abc"]))).await);
    }
    let request = with(with(request(&place), "body", json!(["abc"])), "trailers", json!([["x", "y"]]));
    denied(send(&tool, request).await);
    assert!(!server.got().iter().any(|got| is_whole(got)), "{:?}", server.got());
}

/// Says whether a server could take this for all of a request: it has as many bytes as it says, or its last chunk.
fn is_whole(got: &str) -> bool {
    let Some((head, body)) = got.split_once("\r\n\r\n") else { return false };
    match head.split_once("content-length: ") {
        Some((_, length)) => body.len() >= length.lines().next().unwrap_or_default().parse().unwrap(),
        None => body.ends_with("0\r\n\r\n") || body.contains("x: y"),
    }
}
