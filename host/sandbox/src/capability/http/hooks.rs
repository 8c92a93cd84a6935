use std::io;
use std::sync::Arc;

use http::{HeaderName, Request, Response, header};
use tokio_rustls::rustls;
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView,
    WasiHttpHooks,
};

use super::Network;
use super::flow::Flow;
use super::session::{Session, Waits};
use crate::context::CallContext;

/// Bytes of one list of header fields, 72 a field for the host's own bookkeeping included. Servers take 8 to 16 KiB.
pub(crate) const FIELD_BYTES_MAX: usize = 32 << 10;
/// What a guest may write to a body at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Beside the usual ones, what would change how a message is framed or sent.
const FORBIDDEN: [HeaderName; 3] = [header::EXPECT, header::TE, header::TRAILER];

/// `wasi:http` as one call has it; made when the guest first asks for it.
pub(crate) struct Http {
    ctx: WasiHttpCtx,
    hooks: Hooks,
}

struct Hooks {
    session: Arc<Session>,
}

impl Http {
    pub(crate) fn new(granted: Arc<Network>, seed: u64, context: &CallContext) -> Self {
        let mut ctx = WasiHttpCtx::new();
        ctx.set_field_size_limit(FIELD_BYTES_MAX);
        let CallContext { meter, asks, doubt, .. } = context;
        let flow = Flow::new(meter.egress_bytes.allowed(), meter.egress_requests.allowed());
        let session = Session::new(granted, Arc::clone(asks), seed, flow, doubt.clone());
        Self { ctx, hooks: Hooks { session: Arc::new(session) } }
    }

    pub(crate) fn view<'a>(&'a mut self, table: &'a mut ResourceTable) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView { ctx: &mut self.ctx, table, hooks: &mut self.hooks }
    }

    pub(crate) fn flow(&self) -> &Flow {
        &self.hooks.session.flow
    }

    /// Returns the first denial that a request met.
    pub(crate) fn denial(&self) -> Option<String> {
        self.hooks.session.refusals.first()
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.flow().end();
    }
}

type Sent = Result<(Response<WasiBody>, Carried), Error>;
type Carried = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden)
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Carried,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        // One too many stops the guest as soon as it is back; until then nothing is sent.
        let is_within = self.session.flow.requests.add(1);
        let session = Arc::clone(&self.session);
        let admitted = if is_within { session.admit(request) } else { Err(ErrorCode::HttpRequestDenied) };
        Box::new(async move {
            let (target, request) = admitted?;
            let (response, carrier) = session.send(target, request, Waits::new(options)).await?;
            let carried: Carried = Box::new(async move {
                carrier.await;
                Ok(())
            });
            Ok((response, carried))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK_BYTES
    }

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> ErrorCode {
        match () {
            () if error.is_parse_too_large() => ErrorCode::HttpResponseHeaderSectionSize(None),
            () if error.is_timeout() => ErrorCode::HttpResponseTimeout,
            () if error.is_incomplete_message() || error.is_closed() || error.is_canceled() => {
                ErrorCode::ConnectionTerminated
            }
            () => ErrorCode::HttpProtocolError,
        }
    }

    fn p2_error_from_connect(&mut self, error: &io::Error) -> ErrorCode {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
            _ => ErrorCode::DestinationUnavailable,
        }
    }

    fn p2_error_from_tls(&mut self, error: &io::Error) -> ErrorCode {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        match cause {
            Some(rustls::Error::InvalidCertificate(_)) => ErrorCode::TlsCertificateError,
            _ => ErrorCode::TlsProtocolError,
        }
    }
}

fn is_forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name) || FORBIDDEN.contains(name)
}
