//! An HTTP server on loopback that keeps what it got, byte for byte, and answers whatever a test wants.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pieces of an answer, in order.
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    /// Sent again and again, until the client stops reading.
    Forever(Vec<u8>),
    /// Nothing more comes, and the connection stays open until the other side closes it.
    Silence,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    got: Arc<Mutex<Vec<String>>>,
    closed: Arc<Notify>,
    task: AbortHandle,
}

/// The listener goes with the test that knows its port.
impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer = dyn Fn(&str) -> Vec<Piece> + Send + Sync;
type IsWhole = fn(&[u8]) -> bool;

impl Server {
    /// Answers each request, given as it came.
    pub(crate) async fn new(answer: impl Fn(&str) -> Vec<Piece> + Send + Sync + 'static) -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into(), 0, None, Arc::new(answer)).await
    }

    /// Answers each request as soon as `is_whole` says so, and goes on to keep what comes.
    pub(crate) async fn hasty(is_whole: IsWhole, answer: impl Fn(&str) -> Vec<Piece> + Send + Sync + 'static) -> Self {
        Self::start(Ipv4Addr::LOCALHOST.into(), 0, None, is_whole, Arc::new(answer)).await
    }

    /// Answers every request with this.
    pub(crate) async fn saying(answer: &str) -> Self {
        let answer = answer.as_bytes().to_vec();
        Self::new(move |_| vec![Piece::Bytes(answer.clone())]).await
    }

    /// The same at another address, and with a certificate for `pay.example.com`.
    pub(crate) async fn at(address: IpAddr, port: u16, tls: Option<TlsAcceptor>, answer: Arc<Answer>) -> Self {
        Self::start(address, port, tls, is_whole, answer).await
    }

    async fn start(
        address: IpAddr,
        port: u16,
        tls: Option<TlsAcceptor>,
        is_whole: IsWhole,
        answer: Arc<Answer>,
    ) -> Self {
        let listener = TcpListener::bind((address, port)).await.unwrap();
        let (got, closed) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let port = listener.local_addr().unwrap().port();
        let (all, over) = (got.clone(), closed.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (got, closed, answer, tls) = (all.clone(), over.clone(), answer.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &got, is_whole, &*answer).await;
                            }
                        }
                        None => serve(stream, &got, is_whole, &*answer).await,
                    }
                    closed.notify_one();
                });
            }
        });
        Self { port, got, closed, task: task.abort_handle() }
    }

    /// What has come so far: one text for each connection on which anything came.
    pub(crate) fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until a connection is over, whichever side ended it.
    pub(crate) async fn closed(&self) {
        tokio::time::timeout(PATIENCE, self.closed.notified()).await.expect("the connection is still open");
    }
}

/// A certificate of the tests' own, for `pay.example.com`.
pub(crate) fn tls() -> TlsAcceptor {
    let certificate = CertificateDer::from(include_bytes!("../tls/server.der").to_vec());
    let key = PrivateKeyDer::try_from(include_bytes!("../tls/server.key.der").to_vec()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()))
}

/// An answer of status 200.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    got: &Mutex<Vec<String>>,
    is_whole: IsWhole,
    answer: &Answer,
) {
    let mut request = Vec::new();
    let mut buffer = vec![0; 4096];
    let at = {
        let mut got = got.lock().unwrap();
        got.push(String::new());
        got.len() - 1
    };
    while !is_whole(&request) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
        got.lock().unwrap()[at] = text(&request);
    }
    if !is_whole(&request) {
        return;
    }
    for piece in answer(&text(&request)) {
        match piece {
            Piece::Bytes(bytes) => drop(stream.write_all(&bytes).await),
            Piece::Forever(bytes) => while stream.write_all(&bytes).await.is_ok() {},
            Piece::Silence => {
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    got.lock().unwrap()[at].push_str(&text(&buffer[..read]));
                }
            }
        }
    }
    let _ = stream.shutdown().await;
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_whole(request: &[u8]) -> bool {
    let request = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    match length {
        Some(length) => body.len() >= length.parse().unwrap(),
        None => !head.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
    }
}
