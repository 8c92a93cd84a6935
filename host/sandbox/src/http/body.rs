use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, WasiBody};

use super::session::Session;
use crate::sieve::Sieve;
use crate::vault::Vault;

/// The body of a request, as it comes from the guest.
pub(crate) struct Outgoing {
    body: WasiBody,
    session: Arc<Session>,
    guard: Option<Sieve>,
    /// What is still to come, where the guest has said how long the body is.
    left: Option<u64>,
    is_done: bool,
}

impl Outgoing {
    pub(crate) fn new(body: WasiBody, length: Option<u64>, session: Arc<Session>) -> Self {
        let guard = session.vault().guard(session.seed);
        Self { body, session, guard, left: length, is_done: false }
    }

    fn checked(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, ErrorCode> {
        let Ok(data) = frame.into_data() else {
            // The framing of trailers is where guest and server could come to differ about what a message is.
            return Err(self.session.refuse("trailers", "a request ends with its body"));
        };
        if let Some(left) = &mut self.left {
            let fits = left.checked_sub(data.len() as u64);
            *left = fits.ok_or(ErrorCode::HttpRequestBodySize(None))?;
        }
        let Some(guard) = &mut self.guard else { return Ok(Frame::data(data)) };
        let data = guard.push(&data);
        self.clean(data)
    }

    fn clean(&self, data: Vec<u8>) -> Result<Frame<Bytes>, ErrorCode> {
        if self.guard.as_ref().is_some_and(|guard| guard.hits() > 0) {
            self.session.deny(&Vault::in_body(&self.session.rights));
            return Err(ErrorCode::HttpRequestDenied);
        }
        Ok(Frame::data(data.into()))
    }

    /// A body ends where the guest has ended it. One that is cut short with its call must not look whole.
    fn last(&mut self) -> Option<Result<Frame<Bytes>, ErrorCode>> {
        if self.session.flow.is_over() {
            return Some(Err(ErrorCode::ConnectionTerminated));
        }
        let held = self.guard.as_mut().map(Sieve::finish).filter(|held| !held.is_empty())?;
        Some(self.clean(held))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = ErrorCode;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.is_done = !matches!(frame, Some(Ok(_)));
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(self.checked(frame)),
            Some(Err(_)) => Some(Err(ErrorCode::HttpProtocolError)),
            None => self.last(),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.is_done || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer, on its way to the guest.
pub(crate) struct Received {
    body: Incoming,
    scrub: Option<Sieve>,
    /// How long the server may send nothing.
    quiet: Duration,
    until: Pin<Box<Sleep>>,
    is_done: bool,
}

impl Received {
    pub(crate) fn new(body: Incoming, scrub: Option<Sieve>, quiet: Duration) -> Self {
        Self { body, scrub, quiet, until: Box::pin(tokio::time::sleep(quiet)), is_done: false }
    }

    fn scrubbed(&mut self, data: Bytes) -> Bytes {
        self.scrub.as_mut().map_or(data.clone(), |scrub| scrub.push(&data).into())
    }

    fn last(&mut self) -> Option<Bytes> {
        self.is_done = true;
        self.scrub.as_mut().map(Sieve::finish).filter(|held| !held.is_empty()).map(Bytes::from)
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.until.as_mut().poll(cx));
            self.is_done = true;
            return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
        };
        let until = Instant::now() + self.quiet;
        self.until.as_mut().reset(until);
        match frame.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(data))) => Poll::Ready(Some(Ok(Frame::data(self.scrubbed(data))))),
            Some(Err(error)) => {
                self.is_done = true;
                Poll::Ready(Some(Err(error.into())))
            }
            // Trailers are not for the guest: nothing needs them, and they would have to be scrubbed.
            Some(Ok(Err(_))) | None => Poll::Ready(self.last().map(|data| Ok(Frame::data(data)))),
        }
    }
}
