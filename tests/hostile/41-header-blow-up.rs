use std::sync::Arc;

use serde_json::json;
use stockade_sandbox::Limits;

use crate::net::{fetch, local, place, request, said, send, with};
use crate::server::Server;
use crate::world::{World, call, ended};

/// Headers beyond reason, both ways.
pub(crate) async fn run(world: Arc<World>) {
    let long = Server::saying(&format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100 << 10))).await;
    let many = Server::saying(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1_000))).await;
    let places = [&long, &many].map(|server| place("GET", server));
    let tool = fetch(&world, &[local(&places[0]), local(&places[1])]);
    for place in &places {
        let message = said(send(&tool, request(place)).await);
        assert!(message.contains("HttpResponseHeaderSectionSize"), "{message}");
    }
    let headers: Vec<_> = (0..101).map(|at| json!([format!("x-{at}"), "y"])).collect();
    let message = said(send(&tool, with(request(&places[0]), "headers", json!(headers))).await);
    assert!(message.contains("HttpRequestHeaderSectionSize"), "{message}");
    for (count, bytes) in [(1_000_000, 1), (1, 10 << 20)] {
        let limits = Limits::default().hostcall_bytes(64 << 20).host_calls(2_000_000);
        let outcome = call(&tool, "fields", json!({"count": count, "bytes": bytes}), limits).await;
        ended(&outcome, "hostcall_bytes", "http_field_bytes");
    }
    assert_eq!(long.got().len() + many.got().len(), 2);
}
