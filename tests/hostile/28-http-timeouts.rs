use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use stockade_sandbox::Limits;
use stockade_workflow::Kind;

use crate::net::{fetch, local, place, request, said, send, send_within, with};
use crate::server::{Piece, Server};
use crate::world::World;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nab";

/// Whatever a guest asks for, and whatever a server does or leaves, the call ends at its deadline, and its connection.
pub(crate) async fn run(world: Arc<World>) {
    for answer in [&b""[..], b"HTTP/1.1 2", HEAD] {
        for timeout in [json!(null), json!(u64::MAX)] {
            ends(&world, Server::new(move |_| vec![Piece::Bytes(answer.to_vec()), Piece::Silence]).await, timeout)
                .await;
        }
    }
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let endless = move |_: &str| vec![Piece::Bytes(head.to_vec()), Piece::Forever(b"1\r\nx\r\n".to_vec())];
    ends(&world, Server::new(endless).await, json!(u64::MAX)).await;
    // A timeout of the guest's own is an answer to it; zero means no timeout, and does not panic.
    for (answer, nanoseconds) in [(&b""[..], 0), (b"", 20_000_000), (HEAD, 50_000_000)] {
        let server = Server::new(move |_| vec![Piece::Bytes(answer.to_vec()), Piece::Silence]).await;
        let place = place("GET", &server);
        let message =
            said(send(&fetch(&world, &[local(&place)]), with(request(&place), "timeout", json!(nanoseconds))).await);
        assert!(message.to_ascii_lowercase().contains("timeout"), "{message}");
    }
}

async fn ends(world: &World, server: Server, timeout: serde_json::Value) {
    let place = place("GET", &server);
    let limits = Limits::default().fuel(u64::MAX).host_calls(u64::MAX).host_us(u64::MAX);
    let limits = limits.host_bytes(u64::MAX).egress_bytes(u64::MAX);
    let limits = limits.deadline(Duration::from_millis(100));
    let started = Instant::now();
    let fault = send_within(&fetch(world, &[local(&place)]), with(request(&place), "timeout", timeout), limits).await;
    let fault = fault.unwrap_err();
    assert_eq!(fault.kind, Kind::Deadline, "{fault}");
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    server.closed().await;
}
