//! An error as RFC 9457 has it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use stockade::{Fault, Hint, Kind};

/// What every handler returns.
pub(crate) type Answer<T> = Result<T, Problem>;

/// A fault with the status under which it is told.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) fault: Fault,
}

/// The document of `application/problem+json`. Our own members stand beside those of the RFC.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    kind: Kind,
    /// What narrows the kind: a fault calls it its detail, and the RFC calls the message so.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a Hint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<&'a str>,
}

/// What is told in place of a message that may speak of the inside: of paths, of databases.
const INSIDE: &str = "the server could not do this; its operator can read why";

/// How many seconds a client is to wait that found no room.
const RETRY_AFTER: &str = "1";

/// Returns the status under which a kind is told.
fn status(kind: Kind) -> StatusCode {
    StatusCode::from_u16(kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns what a client is told of a kind.
pub(crate) fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "the request is not valid",
        Kind::Denied => "this is not allowed",
        Kind::NotFound => "there is no such thing",
        Kind::Conflict => "it is not in a state that allows this",
        Kind::Approval => "an approval is missing",
        Kind::UnknownOutcome => "it is not known whether this happened",
        Kind::Later => "the tool tells its result later",
        Kind::Divergence => "what was recorded and what was done again differ",
        Kind::Fuel
        | Kind::Deadline
        | Kind::Memory
        | Kind::Table
        | Kind::Instances
        | Kind::Stack
        | Kind::HostcallBytes
        | Kind::HostCalls
        | Kind::Handles
        | Kind::Output
        | Kind::FsQuota
        | Kind::Egress
        | Kind::Agent => "a limit was reached",
        Kind::Trap | Kind::GuestError => "the tool or the code has failed",
        Kind::Model => "a model has failed",
        Kind::HostMemory | Kind::Unavailable => "there is no room at the moment",
        Kind::Cancelled => "it was ended",
        Kind::Journal | Kind::System => "the server cannot do this at the moment",
        Kind::HostBug => "the server has failed",
    }
}

/// Returns whether it is the server, or what it uses, that has failed.
pub(crate) fn is_of_server(kind: Kind) -> bool {
    status(kind).is_server_error()
}

/// Returns what a client is told of a fault.
pub(crate) fn words(fault: &Fault) -> &str {
    if fault.kind.is_of_the_inside() { INSIDE } else { &fault.message }
}

impl Problem {
    /// A fault that is told under another status than that of its kind.
    pub(crate) fn new(status: StatusCode, fault: Fault) -> Self {
        Self { status, fault }
    }

    /// Refuses a token.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Fault::new(Kind::Denied, message).detail("token"))
    }

    /// Returns whether a token was refused.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// Writes it as the document that a client reads.
    pub(crate) fn json(&self) -> String {
        let Fault { kind, hint, breach, detail, tool, call_id, .. } = &self.fault;
        let name = serde_json::to_value(kind).unwrap_or_default();
        let document = Document {
            r#type: format!("urn:stockade:fault:{}", name.as_str().unwrap_or_default()),
            title: title(*kind),
            status: self.status.as_u16(),
            detail: words(&self.fault),
            kind: *kind,
            reason: detail.as_deref(),
            limit: breach.as_ref().map(|breach| breach.limit.as_str()),
            allowed: breach.as_ref().map(|breach| breach.allowed),
            used: breach.as_ref().map(|breach| breach.used),
            hint: hint.as_deref(),
            tool: tool.as_deref(),
            call_id: call_id.as_deref(),
        };
        serde_json::to_string(&document).unwrap_or_default()
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self { status: status(fault.kind), fault }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
        let mut response = (self.status, kind, self.json()).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"stockade\""));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
            }
            _ => {}
        }
        // The guard tells the operator what the client is not told.
        response.extensions_mut().insert(self.fault);
        response
    }
}
