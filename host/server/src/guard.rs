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
use stockade::{Fault, Kind, Principal, Right};
use tokio::time::{sleep, timeout};

use crate::Limits;
use crate::audit;
use crate::gate::Pass;
use crate::problem::{Answer, Problem};
use crate::service::Service;

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
        Self { _pass: Arc::new(pass), token: service.token(headers) }
    }

    /// Waits until its token is removed, or its time is over. It is looked at as often as a stream says that it lives.
    pub(crate) async fn is_lost(&self, service: &Service) {
        let Some(token) = &self.token else { return pending().await };
        loop {
            sleep(service.limits().heartbeat).await;
            if service.is_lost(token).await {
                return;
            }
        }
    }
}

/// Lets a request through to its handler, or answers with a problem.
pub(crate) async fn guard(State((service, entry)): State<(Service, Entry)>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = match guarded(&service, entry, parts, body, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    if let Some(fault) = response.extensions().get::<Fault>().filter(|_| response.status().is_server_error()) {
        service.tell(fault);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn guarded(service: &Service, entry: Entry, mut parts: Parts, body: Body, next: Next) -> Answer<Response> {
    let (right, is_stream) = match entry {
        Entry::Free => {
            return timely(service.limits(), async move { next.run(Request::from_parts(parts, body)).await }).await;
        }
        Entry::Needs(right) => (right, false),
        Entry::Follows(right) => (right, true),
    };
    let principal = service.principal(&parts).await?;
    service.0.rate.take(&principal.name)?;
    if let Err(fault) = principal.check(right) {
        refuse(service, &principal, &parts, &fault).await?;
        return Err(fault.into());
    }
    if is_stream {
        let pass = service.0.streams.enter(&principal.name).await?;
        parts.extensions.insert(Room::new(service, &parts.headers, pass));
    }
    // A stream is a request too until it has begun.
    let pass = service.0.requests.enter(&principal.name).await?;
    let body = whole(service.limits(), body).await?;
    let asked = audit::asked(&principal, &parts, Some(&body));
    let audited = service.audit().cloned().zip(asked);
    parts.extensions.insert(principal);
    let request = Request::from_parts(parts, Body::from(body));
    let told = service.clone();
    // The handler keeps its pass until it has ended, also where its client has gone.
    timely(service.limits(), async move {
        let answer = next.run(request);
        let response = match audited {
            Some((audit, asked)) => audit.around(asked, |fault| told.tell(fault), answer).await,
            None => answer.await,
        };
        drop(pass);
        response
    })
    .await
}

/// Notes that a principal has asked for a change that its role does not allow.
async fn refuse(service: &Service, principal: &Principal, parts: &Parts, fault: &Fault) -> stockade::Result<()> {
    match service.audit().zip(audit::asked(principal, parts, None)) {
        Some((audit, asked)) => audit.refused(asked, fault).await,
        None => Ok(()),
    }
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
        Err(_) => {
            let allowed = millis(limits.answer_time);
            let message =
                format!("the answer takes longer than {allowed} ms; what was asked for goes on: read how it stands");
            let fault = Fault::limit(Kind::Deadline, "answer_ms", allowed, allowed, message);
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, fault))
        }
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
