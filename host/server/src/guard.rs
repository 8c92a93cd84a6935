//! What stands before each handler: who is it, may it, is there room, is it short enough, and how long may it take.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use stockade::meters::STREAMS;
use stockade::{Fault, Kind, Meters, Principal, Right, Role};
use tokio::time::{Instant, sleep, timeout};

use crate::Limits;
use crate::answered::Answered;
use crate::audit::{self, Audit};
use crate::gate::Pass;
use crate::peer::Peer;
use crate::problem::{Answer, Problem};
use crate::rate::held;
use crate::service::Service;

/// How much of a body that is too long is taken behind what it may have.
const REST_BYTES_MAX: usize = 8 << 20;

/// What a door asks of those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Nothing.
    Free,
    /// A right.
    Needs(Right),
    /// A right, and the answer is a stream.
    Follows(Right),
    /// A right, and the body is a component.
    Takes(Right),
}

impl Entry {
    /// The right that is needed, if one is.
    fn right(self) -> Option<Right> {
        match self {
            Self::Free => None,
            Self::Needs(right) | Self::Follows(right) | Self::Takes(right) => Some(right),
        }
    }
}

/// A stream on the meters, for as long as it lasts.
struct Watched(Arc<Meters>);

impl Watched {
    fn new(meters: Arc<Meters>) -> Self {
        meters.shift(&STREAMS, &[], 1.0);
        Self(meters)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.shift(&STREAMS, &[], -1.0);
    }
}

/// The room that a stream takes, for as long as it lasts.
#[derive(Clone)]
pub(crate) struct Room {
    _pass: Arc<(Pass, Watched)>,
    /// The token under which it began, where there are tokens.
    token: Option<String>,
}

impl Room {
    pub(crate) fn new(service: &Service, headers: &HeaderMap, pass: Pass) -> Self {
        Self { _pass: Arc::new((pass, Watched::new(service.host().meters()))), token: service.token(headers) }
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

/// A request that has come in, as far as its answer is told of.
pub(crate) struct Incoming {
    begun: Instant,
    method: Method,
    route: &'static str,
    /// Who it is of, once that is known.
    pub(crate) who: Option<String>,
}

impl Incoming {
    pub(crate) fn new(method: Method, route: &'static str) -> Self {
        Self { begun: Instant::now(), method, route, who: None }
    }

    /// Tells the operator what the client is not told, and counts the request. What is told is not kept by anything between
    /// them.
    pub(crate) fn told(self, service: &Service, answer: Answer<Response>) -> Response {
        let mut response = answer.unwrap_or_else(IntoResponse::into_response);
        if let Some(fault) = response.extensions().get::<Fault>().filter(|_| response.status().is_server_error()) {
            service.tell(fault);
        }
        let Self { begun, method, route, who } = self;
        let (method, status, took) = (method.as_str(), response.status().as_u16(), begun.elapsed());
        service.answered(&Answered { method, route, status, took, principal: who.as_deref() });
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        response
    }
}

/// Lets a request through to its handler, or answers with a problem.
pub(crate) async fn guard(
    State((service, entry, route)): State<(Service, Entry, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut incoming = Incoming::new(parts.method.clone(), route);
    let answer = guarded(&service, entry, parts, body, next, &mut incoming.who).await;
    incoming.told(&service, answer)
}

async fn guarded(
    service: &Service,
    entry: Entry,
    parts: Parts,
    body: Body,
    next: Next,
    who: &mut Option<String>,
) -> Answer<Response> {
    if entry == Entry::Free {
        held(service.free(Peer::of(&parts.extensions))).await?;
        // It takes no pass, and changes nothing: what is late is given up, so that none of it piles up.
        return in_time(service.limits(), next.run(Request::from_parts(parts, body))).await;
    }
    let admitted = Admitted::of(service, entry, parts, body, who).await?;
    let told = service.clone();
    // The handler keeps its passes until it has ended, also where its client has gone.
    timely(service.limits(), async move {
        let Admitted { parts, body, audited, passes } = admitted;
        let answer = next.run(Request::from_parts(parts, Body::from(body)));
        let response = audited.around(&told, answer).await;
        drop(passes);
        response
    })
    .await
}

/// A request that is let through. It has its [`Principal`], and where its answer is a stream, its [`Room`].
pub(crate) struct Admitted {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    pub(crate) audited: Audited,
    /// What it takes of the server for as long as its handler is not done.
    pub(crate) passes: (Pass, Option<Pass>),
}

/// What the log of changes is told of a request.
pub(crate) enum Audited {
    /// Nothing: it only reads, or no log is kept.
    Nothing,
    /// That a change is asked for, and what becomes of it.
    Change(Audit, audit::Asked),
    /// That the request was refused, if it was: its principal may only read, so it leads to no change that would be noted.
    Refusal(Audit, audit::Asked),
}

impl Audited {
    fn of(service: &Service, principal: &Principal, parts: &Parts, body: &Bytes) -> Self {
        let Some((audit, asked)) = service.audit().cloned().zip(audit::asked(principal, parts, Some(body))) else {
            return Self::Nothing;
        };
        match principal.role {
            Role::Viewer => Self::Refusal(audit, asked),
            Role::Operator | Role::Approver | Role::Admin => Self::Change(audit, asked),
        }
    }

    /// Waits for an answer, and notes it.
    pub(crate) async fn around(self, service: &Service, answer: impl Future<Output = Response>) -> Response {
        match self {
            Self::Nothing => answer.await,
            Self::Change(audit, asked) => audit.around(asked, service.told(), answer).await,
            Self::Refusal(audit, asked) => {
                let response = answer.await;
                let fault = response.extensions().get::<Fault>().filter(|fault| fault.kind == Kind::Denied).cloned();
                if let Some(fault) = fault
                    && let Err(unwritten) = audit.refused(asked, &fault).await
                {
                    service.tell(&unwritten);
                }
                response
            }
        }
    }
}

impl Admitted {
    /// Finds out who a request is of, whether it may, and whether there is room; and reads its body. `who` is told of once it is
    /// known.
    pub(crate) async fn of(
        service: &Service,
        entry: Entry,
        mut parts: Parts,
        body: Body,
        who: &mut Option<String>,
    ) -> Answer<Self> {
        let principal = service.principal(&parts.headers, Peer::of(&parts.extensions)).await?;
        *who = Some(principal.name.clone());
        held(service.0.rate.take(&principal.name)).await?;
        if let Err(fault) = entry.right().map_or(Ok(()), |right| principal.check(right)) {
            refuse(service, &principal, &parts, &fault).await?;
            return Err(fault.into());
        }
        if let Entry::Follows(_) = entry {
            let pass = service.0.streams.enter(&principal.name).await?;
            parts.extensions.insert(Room::new(service, &parts.headers, pass));
        }
        // A stream is a request too until it has begun.
        let pass = service.0.requests.enter(&principal.name).await?;
        let limits = service.limits();
        let narrow = narrow(service, entry, &parts.method, &principal.name).await?;
        let (bytes, time) = match entry {
            Entry::Takes(_) => (limits.component_bytes, limits.component_time),
            Entry::Free | Entry::Needs(_) | Entry::Follows(_) => (limits.body_bytes, limits.body_time),
        };
        let body = whole(bytes, time, body).await?;
        let audited = Audited::of(service, &principal, &parts, &body);
        parts.extensions.insert(principal);
        Ok(Self { parts, body, audited, passes: (pass, narrow) })
    }
}

/// Waits for the room that a request needs beside that of all requests, if it needs some.
async fn narrow(service: &Service, entry: Entry, method: &Method, principal: &str) -> Answer<Option<Pass>> {
    match entry {
        Entry::Takes(_) => service.0.uploads.enter(principal).await.map(Some),
        // It waits for nothing but the processor and the journal, which a few of one principal can take whole.
        Entry::Needs(_) if *method == Method::GET => service.0.reads.enter(principal).await.map(Some),
        Entry::Free | Entry::Needs(_) | Entry::Follows(_) => Ok(None),
    }
}

/// Notes that a principal has asked for a change that its role does not allow.
async fn refuse(service: &Service, principal: &Principal, parts: &Parts, fault: &Fault) -> stockade::Result<()> {
    match service.audit().zip(audit::asked(principal, parts, None)) {
        Some((audit, asked)) => audit.refused(asked, fault).await,
        None => Ok(()),
    }
}

/// Reads a body, if it is short and comes soon.
async fn whole(bytes_max: usize, time: Duration, body: Body) -> Answer<Bytes> {
    timeout(time, read(bytes_max, body)).await.map_err(|_| late(time))?
}

/// Reads a body. Of one that is too long, a part of the rest is taken too, and dropped: a connection that is closed while its
/// client still writes loses the answer.
async fn read(bytes_max: usize, body: Body) -> Answer<Bytes> {
    let (mut parts, mut whole, mut bytes) = (body.into_data_stream(), Vec::new(), 0_usize);
    while let Some(part) = parts.next().await {
        let part = part.map_err(unread)?;
        bytes = bytes.saturating_add(part.len());
        if bytes <= bytes_max {
            whole.extend_from_slice(&part);
        } else if bytes > bytes_max.saturating_add(REST_BYTES_MAX) {
            break;
        }
    }
    if bytes > bytes_max { Err(large(bytes_max as u64)) } else { Ok(whole.into()) }
}

fn unread(error: axum::Error) -> Fault {
    Fault::invalid("body", format!("the body of the request cannot be read: {error}"))
}

fn late(time: Duration) -> Problem {
    let allowed = millis(time);
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
        Err(_) => Err(too_late(limits, "what was asked for goes on: read how it stands")),
    }
}

/// Waits for an answer, and for no longer than a while: then nothing of it goes on.
pub(crate) async fn in_time<T>(limits: &Limits, answer: impl Future<Output = T>) -> Answer<T> {
    timeout(limits.answer_time, answer).await.map_err(|_| too_late(limits, "it was given up"))
}

fn too_late(limits: &Limits, what_follows: &str) -> Problem {
    let allowed = millis(limits.answer_time);
    let message = format!("the answer takes longer than {allowed} ms; {what_follows}");
    Problem::new(StatusCode::GATEWAY_TIMEOUT, Fault::limit(Kind::Deadline, "answer_ms", allowed, allowed, message))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_given_up_leaves_nothing_behind() {
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let answer = async move {
            let _holds = holds;
            pending::<Response>().await
        };
        let refused = in_time(&Limits::default(), answer).await.err().unwrap();
        assert_eq!((refused.status, Arc::strong_count(&held)), (StatusCode::GATEWAY_TIMEOUT, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_for_is_done_whole_where_its_client_has_gone() {
        let (done, is_done) = oneshot::channel();
        let answer = async move {
            sleep(Duration::from_secs(1)).await;
            done.send(()).unwrap();
            StatusCode::OK.into_response()
        };
        let client = timeout(Duration::from_millis(1), timely(&Limits::default(), answer)).await;
        assert!(client.is_err(), "the client has gone before the answer");
        assert_eq!(is_done.await, Ok(()));
    }
}
