use std::sync::Arc;

use serde_json::json;

use crate::footprint::Peak;
use crate::net::{fetch, local, patient, place, request, send};
use crate::server::{Piece, Server, ok};
use crate::world::{World, call, ended};

/// An answer without end, a body too large, more requests than are allowed, and more at once than there are connections.
pub(crate) async fn run(world: Arc<World>) {
    endless(&world).await;
    let server = Server::saying(&ok("hi")).await;
    let get = place("GET", &server);
    let tool = fetch(&world, &[local(&get), local(&place("POST", &server))]);
    let two = patient().egress_requests(2);
    let often = call(&tool, "repeat", json!({"request": request(&get), "times": 3}), two).await;
    ended(&often, "egress", "egress_requests");
    assert_eq!(server.got().len(), 2);
    let at_once = call(&tool, "together", json!({"request": request(&get), "times": 40}), patient()).await;
    assert_eq!(at_once.result, Ok(json!(vec!["hi"; 40])));
    let mut large = request(&place("POST", &server));
    large["body"] = json!(["x".repeat(10_000)]);
    let few = patient().egress_bytes(5_000);
    ended(&call(&tool, "send", json!({"request": large}), few).await, "egress", "egress_bytes");
    assert!(server.got().iter().all(|got| got.len() <= 5_000));
    // Nothing is decompressed here, so that a small answer stays small.
    let packed = Server::saying("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nPK!?").await;
    let get = place("GET", &packed);
    assert_eq!(send(&fetch(&world, &[local(&get)]), request(&get)).await.unwrap()["body"], "PK!?");
}

async fn endless(world: &World) {
    let server = Server::new(|_| {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        let chunk = [&b"400\r\n"[..], &[b'x'; 1024], b"\r\n"].concat();
        vec![Piece::Bytes(head), Piece::Forever(chunk)]
    })
    .await;
    let get = place("GET", &server);
    let limits = patient().egress_bytes(1 << 20);
    let peak = Peak::start();
    let outcome = call(&fetch(world, &[local(&get)]), "send", json!({"request": request(&get)}), limits).await;
    let breach = ended(&outcome, "egress", "egress_bytes").breach.unwrap();
    assert!(breach.used < breach.allowed + (1 << 20), "{breach:?}");
    assert!(peak.bytes() < 16 << 20, "{} bytes", peak.bytes());
    server.closed().await;
}
