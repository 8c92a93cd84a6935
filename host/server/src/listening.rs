//! The loop that takes connections: so many at the same time, and none that sends no head or reads nothing.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::Limits;
use crate::patient::Patient;

/// The longest head of a request, and the most that is kept of a connection's bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// How long no connection is taken after the system has refused one: it may have no open files left.
const REFUSED: Duration = Duration::from_millis(100);

/// Answers connections until `shutdown` ends; then says that the server is being ended, and waits until what is in flight has
/// ended, for no longer than the grace. Returns what is left of it.
pub(crate) async fn listen(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    closing: &watch::Sender<bool>,
    shutdown: impl Future<Output = ()>,
) -> Duration {
    let (room, mut open) = (Arc::new(Semaphore::new(limits.connections)), JoinSet::new());
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, permit) = accept(&listener, &room) => {
                let stream = Patient::new(stream, limits.write_time);
                open.spawn(answer(stream, permit, router.clone(), limits.head_time, closing.subscribe()));
            }
            Some(_) = open.join_next() => {}
        }
    }
    drop(listener);
    closing.send_replace(true);
    let begin = Instant::now();
    // What is late is dropped with the set.
    let _ = timeout(limits.grace, async { while open.join_next().await.is_some() {} }).await;
    limits.grace.saturating_sub(begin.elapsed())
}

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed.
        if let Ok(permit) = Arc::clone(room).acquire_owned().await
            && let Ok((stream, _)) = listener.accept().await
        {
            return (stream, permit);
        }
        sleep(REFUSED).await;
    }
}

/// Answers the requests of one connection, one after the other.
async fn answer(
    stream: Patient,
    _permit: OwnedSemaphorePermit,
    router: Router,
    head_time: Duration,
    closing: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_time).max_buf_size(HEAD_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    // A connection that breaks off concerns its client alone.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = closed(closing) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Waits until the server is being ended.
async fn closed(mut closing: watch::Receiver<bool>) {
    // Where the server is gone, it is being ended too.
    let _ = closing.wait_for(|is_closing| *is_closing).await;
}
