use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use stockade_workflow::ScrubbedStream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Host;
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::Network;
use super::address::{is_public, resolve};
use super::body::{Outgoing, Received};
use super::change::{change, named};
use super::flow::{Flow, Wire};
use super::refusals::Refusals;
use super::target::Target;
use crate::asks::Asks;
use crate::capability::secrets::SecretInjector;
use crate::doubt::{Attempt, Doubt};
use crate::origin::Origin;
use crate::quote::quoted;

/// Longer than a server that works needs, shorter than a connection should be held. The call's deadline is usually
/// earlier; a guest may ask for less.
const CONNECT_MAX: Duration = Duration::from_secs(10);
const FIRST_BYTE_MAX: Duration = Duration::from_secs(60);
const BETWEEN_BYTES_MAX: Duration = Duration::from_secs(30);
/// Connections that one call has open at a time; further ones wait. The 64 calls that run by default stay well below
/// the 1,024 descriptors that a process has by default.
const CONNECTIONS_MAX: usize = 8;
/// Header fields of one message, either way.
const FIELDS_MAX: usize = 100;
/// The head of an answer, and the buffer of a connection.
const BUFFER_BYTES: usize = 64 << 10;

/// An answer, and what carries its body for as long as it is kept.
pub(crate) type Answer = (Response<WasiBody>, AbortOnDropJoinHandle<()>);

/// The network as one call has it: what its requests share.
pub(crate) struct Session {
    network: Arc<Network>,
    seed: u64,
    pub(crate) flow: Arc<Flow>,
    pub(super) refusals: Arc<Refusals>,
    doubt: Doubt,
    connections: Arc<Semaphore>,
}

/// How long to wait, for what.
#[derive(Clone, Copy)]
pub(crate) struct Waits {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl Session {
    pub(crate) fn new(network: Arc<Network>, asks: Arc<Asks>, seed: u64, flow: Flow, doubt: Doubt) -> Self {
        let (refusals, connections) = (Refusals::new(asks), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
        Self { network, seed, flow: Arc::new(flow), refusals: Arc::new(refusals), doubt, connections }
    }

    fn secrets(&self) -> &SecretInjector {
        &self.network.secrets
    }

    /// Checks a request against the grants and makes it what is sent, its secrets included. Nothing has left yet.
    pub(crate) fn admit(&self, request: Request<WasiBody>) -> Result<(Target, Request<Outgoing>), ErrorCode> {
        let (mut parts, body) = request.into_parts();
        let target = self.target(&parts)?;
        if !self.network.allows(&target) {
            return Err(self.refusals.deny(&self.network.denial(&self.refusals.asks, &target, None)));
        }
        if parts.headers.len() > FIELDS_MAX {
            return Err(ErrorCode::HttpRequestHeaderSectionSize(u32::try_from(parts.headers.len()).ok()));
        }
        let filled = self.secrets().fill(self.seed, &self.refusals.asks, &mut parts, &target.origin);
        filled.map_err(|why| self.refusals.deny(&why))?;
        self.check_headers(&parts.headers, &target)?;
        parts.uri = origin_form(&parts.uri, &target)?;
        self.set_headers(&mut parts.headers, &target.origin)?;
        let length = parts.headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let guard = self.secrets().guard(self.seed);
        let body = Outgoing::new(body, length, guard, &self.flow, &self.refusals);
        Ok((target, Request::from_parts(parts, body)))
    }

    fn target(&self, parts: &Parts) -> Result<Target, ErrorCode> {
        let (uri, method) = (&parts.uri, parts.method.as_str());
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        // A path of nothing but a query is the root's.
        let path = if uri.path().is_empty() { "/" } else { uri.path() };
        Target::new(method, uri.scheme_str().unwrap_or_default(), authority, path)
            .map_err(|why| self.refusals.refuse(&format!("http to {:?}", uri.to_string()), &why))
    }

    /// Denies what would make of the request that was checked another one once it is with the server.
    fn check_headers(&self, headers: &HeaderMap, target: &Target) -> Result<(), ErrorCode> {
        for name in headers.keys() {
            if !self.network.takes(target, name) {
                let denial = self.network.header_denial(&self.refusals.asks, target, name);
                return Err(self.refusals.deny(&denial));
            }
            if *name == header::RANGE && self.secrets().is_for(&target.origin) {
                let why = "a part of an answer could have a part of a secret";
                return Err(self.refusals.refuse(&format!("header {}", quoted(name.as_str())), why));
            }
        }
        Ok(())
    }

    /// What the connection is and to whom is the host's to say; the guest could not set these.
    fn set_headers(&self, headers: &mut HeaderMap, origin: &Origin) -> Result<(), ErrorCode> {
        let host = HeaderValue::from_str(&origin.authority()).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
        headers.insert(header::HOST, host);
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        if self.secrets().is_for(origin) {
            // An echo that is compressed could not be scrubbed.
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        Ok(())
    }

    /// Sends a request that was admitted.
    pub(crate) async fn send(
        self: Arc<Self>,
        target: Target,
        request: Request<Outgoing>,
        waits: Waits,
    ) -> Result<Answer, Error> {
        // What was filled in is marked; nothing else is.
        let is_secret = request.headers().values().any(HeaderValue::is_sensitive);
        let connecting = timeout(waits.connect, self.connect(&target, is_secret, waits.connect)).await;
        let (stream, place) = connecting.map_err(|_| Error::ConnectionTimeout)??;
        if !target.origin.is_tls {
            return self.exchange(stream, place, request, &target.origin, waits).await;
        }
        let securing = timeout(waits.connect, self.secure(&target.origin.host, stream)).await;
        let stream = securing.map_err(|_| Error::ConnectionTimeout)??;
        self.exchange(stream, place, request, &target.origin, waits).await
    }

    /// Connects to an address that was checked, and not to a name, which could mean another by now.
    async fn connect(
        &self,
        target: &Target,
        is_secret: bool,
        wait: Duration,
    ) -> Result<(Wire<TcpStream>, OwnedSemaphorePermit), Error> {
        let place = Arc::clone(&self.connections).acquire_owned().await;
        let place = place.map_err(|_| Error::ConnectionLimitReached)?;
        let mut failed = Error::DestinationNotFound;
        let addresses = self.addresses(target).await?;
        if is_secret && !target.origin.is_tls && !addresses.iter().all(is_here) {
            self.refusals.deny(&SecretInjector::in_clear(&self.refusals.asks, &target.origin));
            return Err(Error::HttpRequestDenied);
        }
        // A dead route, as IPv6's often is, must not use up the time of the address that would answer.
        let each = wait / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        for address in addresses {
            match timeout(each, TcpStream::connect(address)).await {
                Err(_) => failed = Error::ConnectionTimeout,
                Ok(Ok(stream)) => return Ok((Wire::new(stream, Arc::clone(&self.flow)), place)),
                Ok(Err(error)) => failed = Error::Connect(error),
            }
        }
        Err(failed)
    }

    /// Every address of a name must be allowed: one that is not is a sign of DNS rebinding.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Error> {
        let network = &self.network;
        let found = resolve(&network.hosts, &network.lookups, &target.origin.host, target.origin.port).await?;
        let is_denied = |address: &&SocketAddr| !is_public(address.ip()) && !network.reaches(target, address.ip());
        if let Some(denied) = found.iter().find(is_denied) {
            self.refusals.deny(&network.denial(&self.refusals.asks, target, Some(denied.ip())));
            return Err(Error::DestinationIpProhibited);
        }
        Ok(found)
    }

    async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &Host<String>,
        stream: S,
    ) -> Result<tokio_rustls::client::TlsStream<S>, Error> {
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| Error::TlsCertificateError)?,
            Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(*address)),
            Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(*address)),
        };
        let config = self.network.tls.clone().ok_or(Error::ConfigurationError)?;
        TlsConnector::from(config).connect(name, stream).await.map_err(Error::Tls)
    }

    /// One request a connection, so that no answer can be taken for another's.
    async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        place: OwnedSemaphorePermit,
        mut request: Request<Outgoing>,
        origin: &Origin,
        waits: Waits,
    ) -> Result<Answer, Error> {
        let mut protocol = http1::Builder::new();
        protocol.max_buf_size(BUFFER_BYTES).max_header_size(BUFFER_BYTES).max_headers(FIELDS_MAX);
        let (mut sender, connection) = protocol.handshake(TokioIo::new(stream)).await?;
        let carrier = spawn(async move {
            let _place = place;
            // The task that waits for the answer or its body is told of an error there.
            let _ = connection.await;
        });
        let change = change(&request, origin);
        let attempt = change.as_deref().map(|change| {
            let why = format!("{} was sent and not answered", named(change));
            Attempt::new(self.doubt.clone(), change, why)
        });
        if let Some(attempt) = &attempt {
            request.body_mut().carries(attempt);
        }
        let response = timeout(waits.first_byte, sender.send_request(request)).await;
        if let (Some(change), Some(attempt)) = (&change, &attempt) {
            self.judge(change, attempt, response.as_ref().ok());
        }
        let response = response.map_err(|_| Error::ConnectionReadTimeout)??;
        Ok((self.answer(response, change, origin, waits)?, carrier))
    }

    /// Notes of a request that may change something whether its answer says what became of it. A request whose body was
    /// refused on our side never left as a whole, and no server may act on a part.
    fn judge(&self, change: &str, attempt: &Attempt, response: Option<&Result<Response<Incoming>, hyper::Error>>) {
        match response.map(|answer| answer.as_ref().map(Response::status)) {
            Some(Err(error)) if error.is_user() => attempt.is_known(),
            // What the connection took over before it broke is not known either.
            None | Some(Err(_)) => attempt.has_left(),
            Some(Ok(status)) if status.is_server_error() => {
                attempt.is_known();
                self.doubt.add(change, format!("{} was answered with status {}", named(change), status.as_u16()));
            }
            Some(Ok(status)) if is_refusal(status) => self.doubt.settle(change),
            Some(Ok(_)) => attempt.is_known(),
        }
    }

    fn answer(
        &self,
        response: Response<Incoming>,
        change: Option<String>,
        origin: &Origin,
        waits: Waits,
    ) -> Result<Response<WasiBody>, Error> {
        let (mut parts, body) = response.into_parts();
        let mut scrub = self.secrets().scrub(self.seed, origin);
        if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::HttpUpgradeFailed);
        }
        check_coding(&parts.headers, scrub.is_some())?;
        if let Some(scrub) = &mut scrub {
            parts.headers = scrubbed(&parts.headers, scrub);
        }
        // One that says no is no less clear where the reasons break off.
        let change = change.filter(|_| !is_refusal(parts.status)).map(|change| (self.doubt.clone(), change));
        let body = Received::new(body, scrub, waits.between_bytes, change);
        Ok(Response::from_parts(parts, body.boxed_unsync()))
    }
}

impl Waits {
    /// Takes what the guest asks for, up to our own.
    pub(crate) fn new(options: Option<RequestOptions>) -> Self {
        let options = options.unwrap_or_default();
        let wait = |asked: Option<Duration>, max: Duration| asked.map_or(max, |asked| asked.min(max));
        Self {
            connect: wait(options.connect_timeout, CONNECT_MAX),
            first_byte: wait(options.first_byte_timeout, FIRST_BYTE_MAX),
            between_bytes: wait(options.between_bytes_timeout, BETWEEN_BYTES_MAX),
        }
    }
}

/// Whether an answer says that the request was not and will not be carried out: none says so that asks for it again later.
fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 408 | 409 | 425 | 429)
}

/// Returns whether an address is this machine's own, so that there is no machine on the way there.
fn is_here(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// The request line has the path that was checked, and never a whole address.
fn origin_form(uri: &Uri, target: &Target) -> Result<Uri, ErrorCode> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("{}{query}", target.path);
    Uri::builder().path_and_query(path).build().map_err(|_| ErrorCode::HttpRequestUriInvalid)
}

/// An encoding that is not taken off here would hide an echo of a secret. Its name is the server's text, and could be
/// such an echo itself.
fn check_coding(headers: &HeaderMap, is_scrubbed: bool) -> Result<(), Error> {
    let is_other = |name, plain: &str| {
        let mut values = headers.get_all(name).into_iter();
        values.any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(plain.as_bytes()))
    };
    match () {
        () if is_other(header::TRANSFER_ENCODING, "chunked") => Err(Error::HttpResponseTransferCoding(None)),
        () if is_scrubbed && is_other(header::CONTENT_ENCODING, "identity") => {
            Err(Error::HttpResponseContentCoding(None))
        }
        () => Ok(()),
    }
}

/// Takes the secrets out of an answer's headers, and out of them what says how long the body is: it may not be, any
/// more.
fn scrubbed(headers: &HeaderMap, scrub: &mut ScrubbedStream) -> HeaderMap {
    let mut clean = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| *name != header::CONTENT_LENGTH) {
        let name_is_clean = scrub.whole(name.as_str().as_bytes()) == name.as_str().as_bytes();
        if let (true, Ok(value)) = (name_is_clean, HeaderValue::from_bytes(&scrub.whole(value.as_bytes()))) {
            clean.append(name.clone(), value);
        }
    }
    clean
}
