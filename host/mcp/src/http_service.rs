//! Clients over HTTP. Who a request is of, and whether there is room for it, is known before it comes here.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use rmcp::model::ErrorCode;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use stockade::json::{Bounds, parse};
use stockade::{Fault, Principal};

use crate::Mcp;
use crate::sessions::Sessions;

/// The header with the session of a client of the older revisions.
const SESSION: &str = "mcp-session-id";

/// The memory that the value of a message may take: arguments of a MiB fit. What reads it next makes several values of each.
const MEMORY_BYTES_MAX: u64 = 32 << 20;

/// The bodies of answers.
pub type Body = BoxBody<Bytes, Infallible>;

/// Answers clients over HTTP, at one address of a server.
///
/// A server finds out the [`Principal`] of a request, and puts it into the request's extensions. A request that a page of another
/// server has sent, as its `Origin` says, is refused, and so is one to a host that is neither this machine nor one of the named
/// hosts: a page whose name leads here could have sent it.
pub struct Http {
    service: StreamableHttpService<Arc<Mcp>, Sessions>,
    sessions: Arc<Sessions>,
    mcp: Arc<Mcp>,
}

impl Http {
    /// Makes one of a server of the protocol. `hosts` are the names, beside those of this machine, under which clients reach it.
    pub fn new(mcp: Mcp, hosts: &[String]) -> Self {
        let (sessions, mcp) = (Arc::new(Sessions::new(&mcp.limits)), Arc::new(mcp));
        let mut config = StreamableHttpServerConfig::default().enforce_origin_validation();
        config.allowed_hosts.extend_from_slice(hosts);
        let served = Arc::clone(&mcp);
        let service = StreamableHttpService::new(move || Ok(Arc::clone(&served)), Arc::clone(&sessions), config);
        Self { service, sessions, mcp }
    }

    /// Answers a request, whose body was read.
    pub async fn answer(&self, mut parts: Parts, body: Bytes) -> Response<Body> {
        if is_of_own_page(&parts.headers) {
            // The service below refuses a request with any `Origin`; it checks the host too.
            parts.headers.remove(ORIGIN);
        }
        let Some(principal) = parts.extensions.get::<Principal>().map(|principal| principal.name.clone()) else {
            return refusal(StatusCode::UNAUTHORIZED, "the request is of no principal");
        };
        // A session that another one has begun is to this one as if it were not there.
        if session(&parts.headers).is_some_and(|session| !self.sessions.is_of(session, &principal)) {
            return refusal(StatusCode::NOT_FOUND, "there is no such session; begin with initialize");
        }
        if let Err(fault) = read(&body) {
            return unread(&fault);
        }
        let response = self.service.handle(Request::from_parts(parts, Full::new(body))).await;
        if let Some(session) = session(response.headers()) {
            self.sessions.begun(session, &principal).await;
        }
        response
    }

    /// Ends the runs of the calls that are still waited for.
    pub async fn close(&self) {
        self.mcp.close().await;
    }
}

/// Returns whether a page has sent a request that comes from where the request goes to.
fn is_of_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else { return false };
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
}

fn session(headers: &HeaderMap) -> Option<&str> {
    headers.get(SESSION)?.to_str().ok()
}

/// Reads a message by the reader that knows the memory first, and refuses what can be read in two ways. A request that only
/// listens has no message.
fn read(body: &[u8]) -> stockade::Result<()> {
    if body.is_empty() {
        return Ok(());
    }
    let text = std::str::from_utf8(body).map_err(|error| Fault::invalid("mcp", error.to_string()))?;
    parse(text, &Bounds::OUTSIDE.memory_bytes(MEMORY_BYTES_MAX)).map(drop)
}

/// The answer to a message that cannot be read, as JSON-RPC has it.
fn unread(fault: &Fault) -> Response<Body> {
    let error = json!({"code": ErrorCode::PARSE_ERROR.0, "message": fault.message});
    let mut response =
        refusal(StatusCode::BAD_REQUEST, &json!({"jsonrpc": "2.0", "id": null, "error": error}).to_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn refusal(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(why.to_owned())).boxed());
    *response.status_mut() = status;
    response
}
