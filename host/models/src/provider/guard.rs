use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use serde_json::{Map, Value};
use stockade_workflow::{Fault, Scrubber};
use tokio::time::timeout;
use url::Url;

use super::answer::Answer;
use super::events::{Event, Events, garbage};
use super::retry_after::{retry_after, retry_delay};
use super::wire::Wire;
use super::{Limits, shown};
use crate::Failure;
use crate::Result;
use stockade_system::Clock;

/// How long a provider may take to say what is wrong.
const ERROR_TIME_MAX: Duration = Duration::from_secs(10);
/// What is read of a provider's error.
const ERROR_BYTES_MAX: usize = 16 << 10;
/// The longest question: a long conversation with pictures; providers take no more.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Asks a provider, and reads no more of what it sends than an answer can have. It alone has the key.
pub(super) struct Guard {
    http: reqwest::Client,
    wire: Wire,
    base: Url,
    key: Option<String>,
    limits: Limits,
    scrubber: Scrubber,
    clock: Clock,
}

impl Guard {
    pub(super) fn new(wire: Wire, base: Url, key: Option<String>, limits: Limits) -> Result<Self> {
        let (http, scrubber) = (stockade_system::http::client()?, Scrubber::redacting(key.clone()));
        Ok(Self { http, wire, base, key, limits, scrubber, clock: Clock::default() })
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    pub(super) fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    pub(super) fn has_key(&self) -> bool {
        self.key.is_some()
    }

    pub(super) fn scrubber(&self) -> &Scrubber {
        &self.scrubber
    }

    /// Asks, and reads the answer to its end.
    pub(super) async fn ask(
        &self,
        path: &str,
        body: &Map<String, Value>,
        answer: &mut Answer<'_>,
    ) -> Result<(), Failure> {
        let mut response = self.send(path, written(body)?).await?;
        let mut events = Events::new(self.wire, &self.limits, &self.scrubber);
        while !answer.is_over {
            let chunk = timeout(self.limits.silence, response.chunk()).await.map_err(|_| self.silent())?;
            let Some(chunk) = chunk.map_err(|error| self.unreachable(&error))? else { break };
            events.push(&chunk)?.iter().try_for_each(|event| self.take(event, answer))?;
        }
        let last = events.finish();
        // What follows the end of an answer is not a part of it.
        if answer.is_over { Ok(()) } else { last?.iter().try_for_each(|event| self.take(event, answer)) }
    }

    fn take(&self, event: &Event, answer: &mut Answer<'_>) -> Result<(), Failure> {
        match event {
            _ if answer.is_over => {}
            Event::Done => answer.is_over = true,
            Event::Data(value) => {
                answer.count_event();
                self.wire.read(value, answer)?;
            }
        }
        Ok(())
    }

    async fn send(&self, path: &str, body: Vec<u8>) -> Result<Response, Failure> {
        let request = self.http.post(self.target(path)).headers(self.headers()?).body(body);
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response).await);
        }
        let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let encoding = header(CONTENT_ENCODING).unwrap_or("identity");
        let (media_type, expected) = (header(CONTENT_TYPE).unwrap_or_default(), self.wire.media_type());
        if !encoding.eq_ignore_ascii_case("identity") {
            // It was not asked for, and may unpack to anything.
            return Err(garbage(&format!("an answer packed as \"{}\"", self.shown(encoding))));
        }
        if !media_type.to_ascii_lowercase().starts_with(expected) {
            return Err(garbage(&format!("\"{}\" in place of \"{expected}\"", self.shown(media_type))));
        }
        Ok(response)
    }

    /// The address of a provider may have a query, which stays.
    fn target(&self, path: &str) -> Url {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        if query.is_some() {
            url.set_query(query);
        }
        url
    }

    fn headers(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        if let Some((name, version)) = self.wire.version() {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(version));
        }
        if let Some(key) = &self.key {
            let (name, value) = self.wire.key(key);
            let unfit = |_| Fault::invalid("key", "the key of a model has bytes that no header can have");
            let mut value = HeaderValue::from_str(&value).map_err(unfit)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    /// Returns what an answer other than "OK" means.
    async fn refused(&self, response: Response) -> Failure {
        let (status, retry_after) = (response.status(), retry_after(response.headers(), &self.clock));
        let body = self.error(response).await;
        let error: Value = serde_json::from_str(&body).unwrap_or_default();
        let said = self.said(&error, &body);
        let failure = |detail, what: &str| Failure::new(detail, format!("the provider {what}: {status}: {said}"));
        let failure = match status.as_u16() {
            401 | 403 => failure("auth", "does not take the key, which [secrets] of the configuration names"),
            408 => failure("timeout", "waited too long").retryable(),
            413 => failure("too_large", "finds the question too large"),
            429 => failure("rate_limit", "is asked too often").retryable(),
            404 => failure("unavailable", "does not know the model or the address"),
            300..=399 => failure("unavailable", "answered with a redirect, which is not followed"),
            400..=499 => failure("malformed", "does not take the question"),
            _ => failure("unavailable", "cannot answer").retryable(),
        };
        Failure { retry_after: retry_after.or_else(|| retry_delay(&error)), ..failure }
    }

    /// What an error says, as one line and without the key.
    fn said(&self, error: &Value, body: &str) -> String {
        let message =
            ["/error/message", "/message", "/error", "/0/error/message"].iter().find_map(|path| error.pointer(path));
        self.shown(message.and_then(Value::as_str).unwrap_or(body))
    }

    /// The beginning of an error.
    async fn error(&self, mut response: Response) -> String {
        let mut body = Vec::new();
        let read = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                let left = ERROR_BYTES_MAX.saturating_sub(body.len());
                body.extend_from_slice(chunk.get(..left).unwrap_or(&chunk));
                if body.len() >= ERROR_BYTES_MAX {
                    break;
                }
            }
        };
        // What came in time is enough.
        let _ = timeout(self.limits.silence.min(ERROR_TIME_MAX), read).await;
        String::from_utf8_lossy(&body).into_owned()
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let why = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        lost(&self.shown(&why)).retryable()
    }

    /// One line of what a provider said, without the key: not even a part of it, where the line is cut.
    fn shown(&self, text: &str) -> String {
        shown(&self.scrubber.text(text))
    }

    fn silent(&self) -> Failure {
        Failure::new("timeout", format!("the provider said nothing for {:?}", self.limits.silence)).retryable()
    }
}

fn written(body: &Map<String, Value>) -> Result<Vec<u8>, Failure> {
    let body = serde_json::to_vec(body).map_err(|error| lost(&error.to_string()))?;
    if body.len() > BODY_BYTES_MAX {
        let message = format!("the question has {} bytes and {BODY_BYTES_MAX} are allowed", body.len());
        return Err(Failure::new("too_large", message));
    }
    Ok(body)
}

fn lost(why: &str) -> Failure {
    Failure::new("unavailable", format!("the connection to the provider failed: {why}"))
}
