//! The loop that takes connections: so many at the same time, and none that sends no head or reads nothing.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use stockade::Clock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::Limits;
use crate::patient::Patient;
use crate::peer::Peer;
use crate::service::Told;
use crate::tls::Tls;

/// The longest head of a request, and the most that is kept of a connection's bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// How long no connection is taken after the system has refused one: it may have no open files left.
const REFUSED: Duration = Duration::from_millis(100);

/// What connections lead to.
#[derive(Clone)]
pub(crate) struct Doorway {
    pub(crate) router: Router,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) told: Told,
}

/// Answers connections until `shutdown` ends; then says that the server is being ended, and waits until what is in flight has
/// ended, for no longer than the grace. Returns what is left of it.
pub(crate) async fn listen(
    listener: TcpListener,
    doorway: Doorway,
    closing: &watch::Sender<bool>,
    shutdown: impl Future<Output = ()>,
) -> Duration {
    let (room, mut open) = (Arc::new(Semaphore::new(doorway.limits.connections)), JoinSet::new());
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, address, permit) = accept(&listener, &room) => {
                open.spawn(doorway.clone().admit(stream, address, permit, closing.subscribe()));
            }
            Some(_) = open.join_next() => {}
        }
    }
    drop(listener);
    closing.send_replace(true);
    let begin = Instant::now();
    // What is late is dropped with the set.
    let grace = doorway.limits.grace;
    let _ = timeout(grace, async { while open.join_next().await.is_some() {} }).await;
    grace.saturating_sub(begin.elapsed())
}

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, IpAddr, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed.
        if let Ok(permit) = Arc::clone(room).acquire_owned().await
            && let Ok((stream, address)) = listener.accept().await
        {
            return (stream, address.ip(), permit);
        }
        sleep(REFUSED).await;
    }
}

impl Doorway {
    /// Answers the requests of one connection, one after the other. A handshake of TLS has the time of a head.
    async fn admit(
        self,
        stream: TcpStream,
        address: IpAddr,
        _permit: OwnedSemaphorePermit,
        closing: watch::Receiver<bool>,
    ) {
        let stream = Patient::new(stream, self.limits.write_time);
        let peer = Peer { address, is_tls: self.tls.is_some() };
        let Some(tls) = self.tls.clone() else { return self.answer(stream, peer, closing).await };
        let handshake = timeout(self.limits.head_time, tls.accept(stream, &self.clock, &*self.told));
        // A handshake that fails concerns its client alone.
        tokio::select! {
            secured = handshake => {
                if let Ok(Ok(stream)) = secured {
                    self.answer(stream, peer, closing).await;
                }
            }
            () = closed(closing.clone()) => {}
        }
    }

    async fn answer(
        self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        peer: Peer,
        closing: watch::Receiver<bool>,
    ) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.head_time).max_buf_size(HEAD_BYTES_MAX);
        let service = TowerToHyperService::new(self.router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            service.call(request)
        });
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        // A connection that breaks off concerns its client alone.
        tokio::select! {
            _ = connection.as_mut() => {}
            () = closed(closing) => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}

/// Waits until the server is being ended.
async fn closed(mut closing: watch::Receiver<bool>) {
    // Where the server is gone, it is being ended too.
    let _ = closing.wait_for(|is_closing| *is_closing).await;
}
