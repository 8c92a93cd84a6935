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

/// Returns the status and the title of a kind.
fn told(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Invalid => (StatusCode::BAD_REQUEST, "the request is not valid"),
        Kind::Denied => (StatusCode::FORBIDDEN, "this is not allowed"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "there is no such thing"),
        Kind::Conflict => (StatusCode::CONFLICT, "it is not in a state that allows this"),
        Kind::Approval => (StatusCode::CONFLICT, "an approval is missing"),
        Kind::UnknownOutcome => (StatusCode::CONFLICT, "it is not known whether this happened"),
        Kind::Later => (StatusCode::CONFLICT, "the tool tells its result later"),
        Kind::Divergence => (StatusCode::CONFLICT, "what was recorded and what was done again differ"),
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
        | Kind::Agent => (StatusCode::UNPROCESSABLE_ENTITY, "a limit was reached"),
        Kind::Trap | Kind::GuestError => (StatusCode::UNPROCESSABLE_ENTITY, "the tool or the code has failed"),
        Kind::Model => (StatusCode::BAD_GATEWAY, "a model has failed"),
        Kind::HostMemory | Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "there is no room at the moment"),
        Kind::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, "it was ended"),
        Kind::Journal | Kind::System => (StatusCode::SERVICE_UNAVAILABLE, "the server cannot do this at the moment"),
        Kind::HostBug => (StatusCode::INTERNAL_SERVER_ERROR, "the server has failed"),
    }
}

/// Returns whether the message of a kind is for the operator alone.
fn is_of_the_inside(kind: Kind) -> bool {
    match kind {
        Kind::Journal | Kind::System | Kind::HostBug => true,
        Kind::Fuel
        | Kind::Deadline
        | Kind::Memory
        | Kind::HostMemory
        | Kind::Table
        | Kind::Instances
        | Kind::Stack
        | Kind::HostcallBytes
        | Kind::HostCalls
        | Kind::Handles
        | Kind::Output
        | Kind::FsQuota
        | Kind::Egress
        | Kind::Denied
        | Kind::Invalid
        | Kind::Trap
        | Kind::GuestError
        | Kind::Approval
        | Kind::Agent
        | Kind::NotFound
        | Kind::Conflict
        | Kind::UnknownOutcome
        | Kind::Later
        | Kind::Divergence
        | Kind::Model
        | Kind::Unavailable
        | Kind::Cancelled => false,
    }
}

/// Returns whether it is the server, or what it uses, that has failed.
pub(crate) fn is_of_server(kind: Kind) -> bool {
    told(kind).0.is_server_error()
}

/// Returns what a client is told of a kind.
pub(crate) fn title(kind: Kind) -> &'static str {
    told(kind).1
}

/// Returns what a client is told of a fault.
pub(crate) fn words(fault: &Fault) -> &str {
    if is_of_the_inside(fault.kind) { INSIDE } else { &fault.message }
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
            title: told(*kind).1,
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
        Self { status: told(fault.kind).0, fault }
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
