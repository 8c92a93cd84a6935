//! What stands before each handler: who is it, may it, is there room, is it short enough, and how long may it take.

use std::future::pending;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use stockade::{Fault, Kind, Right};
use tokio::time::{sleep, timeout};

use crate::access::said_token;
use crate::gate::Pass;
use crate::problem::{Answer, Problem};
use crate::service::Service;
use crate::{Access, Limits};

/// What a door asks of those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Nothing.
    Free,
    /// A right.
    Needs(Right),
    /// A right, and the answer is a stream.
    Follows(Right),
}

/// The room that a stream takes, for as long as it lasts.
#[derive(Clone)]
pub(crate) struct Room {
    _pass: Arc<Pass>,
    /// The token under which it began, where there are tokens.
    token: Option<String>,
}

impl Room {
    fn new(service: &Service, headers: &HeaderMap, pass: Pass) -> Self {
        let token = match service.0.access {
            Access::Tokens => said_token(headers).map(str::to_owned),
            Access::Open(_) => None,
        };
        Self { _pass: Arc::new(pass), token }
    }

    /// Waits until its token is removed. The journal is asked as often as a stream says that it lives.
    pub(crate) async fn is_lost(&self, service: &Service) {
        let Some(token) = &self.token else { return pending().await };
        loop {
            sleep(service.limits().heartbeat).await;
            // A journal that fails now may not fail the next time.
            if let Ok(None) = service.host().principal(token).await {
                return;
            }
        }
    }
}

/// Lets a request through to its handler, or answers with a problem.
pub(crate) async fn guard(State((service, entry)): State<(Service, Entry)>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    told(&service, guarded(&service, entry, parts, body, next).await)
}

/// Tells the operator what the client is not told, and what is told is not kept by anything between them.
pub(crate) fn told(service: &Service, answer: Answer<Response>) -> Response {
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    if let Some(fault) = response.extensions().get::<Fault>().filter(|_| response.status().is_server_error()) {
        service.tell(fault);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn guarded(service: &Service, entry: Entry, parts: Parts, body: Body, next: Next) -> Answer<Response> {
    let (right, is_stream) = match entry {
        Entry::Free => {
            return timely(service.limits(), async move { next.run(Request::from_parts(parts, body)).await }).await;
        }
        Entry::Needs(right) => (right, false),
        Entry::Follows(right) => (right, true),
    };
    let (parts, body, pass) = admitted(service, (right, is_stream), parts, body).await?;
    let request = Request::from_parts(parts, Body::from(body));
    // The handler keeps its pass until it has ended, also where its client has gone.
    timely(service.limits(), async move {
        let response = next.run(request).await;
        drop(pass);
        response
    })
    .await
}

/// Finds out who a request is of, whether it may, and whether there is room; and reads its body. The request has its
/// [`Principal`](stockade::Principal) then, and where its answer is a stream, its [`Room`].
pub(crate) async fn admitted(
    service: &Service,
    (right, is_stream): (Right, bool),
    mut parts: Parts,
    body: Body,
) -> Answer<(Parts, Bytes, Pass)> {
    let principal = service.0.access.principal(service.host(), &parts.headers).await?;
    principal.check(right)?;
    if is_stream {
        let pass = service.0.streams.enter(&principal.name).await?;
        parts.extensions.insert(Room::new(service, &parts.headers, pass));
    }
    // A stream is a request too until it has begun.
    let pass = service.0.requests.enter(&principal.name).await?;
    let body = whole(service.limits(), body).await?;
    parts.extensions.insert(principal);
    Ok((parts, body, pass))
}

/// Reads a body, if it is short and comes soon.
async fn whole(limits: &Limits, body: Body) -> Answer<Bytes> {
    let read = timeout(limits.body_time, to_bytes(body, limits.body_bytes)).await.map_err(|_| late(limits))?;
    read.map_err(|error| {
        let source = std::error::Error::source(&error);
        if source.is_some_and(|source| source.is::<LengthLimitError>()) {
            return large(limits.body_bytes as u64);
        }
        Fault::invalid("body", format!("the body of the request cannot be read: {error}")).into()
    })
}

fn late(limits: &Limits) -> Problem {
    let allowed = millis(limits.body_time);
    let message = format!("the body of the request did not come within {allowed} ms");
    Problem::new(StatusCode::REQUEST_TIMEOUT, Fault::limit(Kind::Deadline, "body_ms", allowed, allowed, message))
}

fn large(allowed: u64) -> Problem {
    let message = format!("the body of the request is longer than {allowed} bytes");
    let fault = Fault::limit(Kind::Invalid, "body_bytes", allowed, allowed.saturating_add(1), message).detail("body");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, fault)
}

/// Waits for an answer, and for no longer than a while. What was asked for is done whole also where its client has gone, or has
/// waited long enough: a decision that was half taken would leave its run to a crash.
async fn timely(limits: &Limits, answer: impl Future<Output = Response> + Send + 'static) -> Answer<Response> {
    match timeout(limits.answer_time, tokio::spawn(answer)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(Fault::new(Kind::HostBug, format!("a handler has ended: {error}")).into()),
        Err(_) => Err(too_late(limits)),
    }
}

pub(crate) fn too_late(limits: &Limits) -> Problem {
    let allowed = millis(limits.answer_time);
    let message = format!("the answer takes longer than {allowed} ms; what was asked for goes on: read how it stands");
    Problem::new(StatusCode::GATEWAY_TIMEOUT, Fault::limit(Kind::Deadline, "answer_ms", allowed, allowed, message))
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
