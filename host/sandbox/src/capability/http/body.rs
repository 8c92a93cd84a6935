use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use stockade_workflow::ScrubbedStream;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, WasiBody};

use super::change::named;
use super::flow::Flow;
use super::refusals::Refusals;
use crate::capability::secrets::{SecretInjector, StreamReplacer};
use crate::doubt::{Attempt, Doubt};

/// The body of a request, as it comes from the guest.
pub(crate) struct Outgoing {
    body: WasiBody,
    flow: Arc<Flow>,
    refusals: Arc<Refusals>,
    /// Finds the placeholders of secrets, which a body may not have.
    guard: Option<StreamReplacer>,
    /// What is still to come, where the guest has said how long the body is.
    left: Option<u64>,
    is_done: bool,
    /// The change that the request asks for. Nothing is known of it once all of the body is with the connection.
    attempt: Option<Attempt>,
}

impl Outgoing {
    pub(crate) fn new(
        body: WasiBody,
        length: Option<u64>,
        guard: Option<StreamReplacer>,
        flow: &Arc<Flow>,
        refusals: &Arc<Refusals>,
    ) -> Self {
        let (flow, refusals) = (Arc::clone(flow), Arc::clone(refusals));
        Self { body, flow, refusals, guard, left: length, is_done: false, attempt: None }
    }

    /// Says which change the request asks for.
    pub(crate) fn carries(&mut self, attempt: &Attempt) {
        if self.is_end_stream() || self.left == Some(0) {
            attempt.has_left();
        }
        self.attempt = Some(attempt.clone());
    }

    /// Notes whether all of the body has been handed over with a frame; a server may not act on a part.
    fn hand_over(&self, frame: Option<&Result<Frame<Bytes>, ErrorCode>>) {
        let is_whole = match frame {
            None => matches!(self.left, None | Some(0)),
            Some(Ok(_)) => self.is_done || self.left == Some(0),
            Some(Err(_)) => false,
        };
        if let (true, Some(attempt)) = (is_whole, &self.attempt) {
            attempt.has_left();
        }
    }

    fn checked(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, ErrorCode> {
        let Ok(data) = frame.into_data() else {
            // In the framing of trailers guest and server could differ about what a message is.
            return Err(self.refusals.refuse("trailers", "a request ends with its body"));
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
            return Err(self.refusals.deny(&SecretInjector::in_body(&self.refusals.asks)));
        }
        Ok(Frame::data(data.into()))
    }

    /// A body ends where the guest has ended it. One that is cut short with its call must not look whole.
    fn last(&mut self) -> Option<Result<Frame<Bytes>, ErrorCode>> {
        if self.flow.is_over() {
            return Some(Err(ErrorCode::ConnectionTerminated));
        }
        let held = self.guard.as_mut().map(StreamReplacer::finish).filter(|held| !held.is_empty())?;
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
        let frame = match frame {
            Some(Ok(frame)) => Some(self.checked(frame)),
            Some(Err(_)) => Some(Err(ErrorCode::HttpProtocolError)),
            None => self.last(),
        };
        self.hand_over(frame.as_ref());
        Poll::Ready(frame)
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
    scrub: Option<ScrubbedStream>,
    /// How long the server may send nothing.
    quiet: Duration,
    until: Pin<Box<Sleep>>,
    is_done: bool,
    /// The change that was asked for. Where the answer breaks off, what it says of it is not known.
    change: Option<(Doubt, String)>,
}

impl Received {
    pub(crate) fn new(
        body: Incoming,
        scrub: Option<ScrubbedStream>,
        quiet: Duration,
        change: Option<(Doubt, String)>,
    ) -> Self {
        Self { body, scrub, quiet, until: Box::pin(tokio::time::sleep(quiet)), is_done: false, change }
    }

    fn break_off(&mut self, error: Error) -> Error {
        self.is_done = true;
        if let Some((doubt, change)) = self.change.take() {
            doubt.add(&change, format!("the answer to {} broke off", named(&change)));
        }
        error
    }

    fn scrubbed(&mut self, data: Bytes) -> Bytes {
        self.scrub.as_mut().map_or(data.clone(), |scrub| scrub.push(&data).into())
    }

    fn last(&mut self) -> Option<Bytes> {
        self.is_done = true;
        self.scrub.as_mut().map(ScrubbedStream::finish).filter(|held| !held.is_empty()).map(Bytes::from)
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
            return Poll::Ready(Some(Err(self.break_off(Error::ConnectionReadTimeout))));
        };
        let until = Instant::now() + self.quiet;
        self.until.as_mut().reset(until);
        match frame.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(data))) => Poll::Ready(Some(Ok(Frame::data(self.scrubbed(data))))),
            Some(Err(error)) => Poll::Ready(Some(Err(self.break_off(error.into())))),
            // Trailers are not for the guest: nothing needs them, and they would have to be scrubbed.
            Some(Ok(Err(_))) | None => Poll::Ready(self.last().map(|data| Ok(Frame::data(data)))),
        }
    }
}
