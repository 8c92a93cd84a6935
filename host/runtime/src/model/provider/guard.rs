use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use serde_json::{Map, Value};
use stockade_workflow::Fault;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::time::timeout;
use url::Url;

use super::events::{Events, Seen, garbage};
use super::{Limits, Wire, shown};
use crate::Result;
use crate::door::{Asked, Door};
use crate::model::{Failure, redact};

/// How long a provider may take to say what is wrong.
const ERROR_TIME_MAX: Duration = Duration::from_secs(10);
/// What is read of a provider's error.
const ERROR_BYTES_MAX: usize = 16 << 10;
/// Headers of genai's that a provider needs to see; the key is not among them, for genai does not have it.
const PASSED: [&str; 3] = ["content-type", "anthropic-version", "anthropic-beta"];

/// Stands between genai and a provider.
///
/// genai reads what a provider sends without an end, and takes every number in it for granted. So it knocks at a [`Door`],
/// and behind that this one asks the provider, with limits of its own. It alone has the key.
pub(super) struct Guard {
    http: reqwest::Client,
    wire: Wire,
    base: Url,
    key: Option<String>,
    limits: Limits,
    keeps_effort: bool,
}

impl Guard {
    pub(super) fn new(wire: Wire, base: Url, key: Option<String>, limits: Limits) -> Result<Self> {
        let http = crate::http::client()?;
        Ok(Self { http, wire, base, key, limits, keeps_effort: false })
    }

    /// Keeps what genai says of how hard the model shall think. It reads that out of the names of models too.
    pub(super) fn keep_effort(&mut self) {
        self.keeps_effort = true;
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    pub(super) fn secrets(&self) -> &[String] {
        self.key.as_slice()
    }

    /// Where genai is to think that the provider is.
    pub(super) fn address(&self) -> String {
        let query = self.base.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("http://provider{}{query}", self.base.path())
    }

    /// Serves the one request that genai makes, with what it leaves out put in. It ends when the provider's answer does.
    pub(super) async fn serve(
        &self,
        door: Door,
        amendments: &Map<String, Value>,
        seen: &Mutex<Seen>,
    ) -> Result<(), Failure> {
        let Asked { path, headers, body, mut inside } = door.accept().await.map_err(|error| unasked(&error))?;
        let response = self.forward(&path, headers, self.amended(&body, amendments)?).await?;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\nconnection: close\r\n\r\n", self.media_type());
        write(&mut inside, head.as_bytes()).await?;
        self.relay(response, &mut inside, seen).await?;
        inside.shutdown().await.map_err(|error| lost(&error.to_string()))
    }

    async fn relay(&self, mut response: Response, inside: &mut UnixStream, seen: &Mutex<Seen>) -> Result<(), Failure> {
        let locked = || seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut events = Events::new(self.wire, &self.limits, self.secrets());
        loop {
            let chunk = timeout(self.limits.silence, response.chunk()).await.map_err(|_| self.silent())?;
            let Some(chunk) = chunk.map_err(|error| self.unreachable(&error))? else { break };
            let passed = events.push(&chunk, &mut locked())?;
            write(inside, &passed).await?;
        }
        let rest = events.finish(&mut locked())?;
        write(inside, &rest).await
    }

    async fn forward(&self, path: &str, asked: HeaderMap, body: Vec<u8>) -> Result<Response, Failure> {
        let request = self.http.post(self.target(path)).headers(self.headers(asked)?).body(body);
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(response).await);
        }
        let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let encoding = header(CONTENT_ENCODING).unwrap_or("identity");
        let media_type = header(CONTENT_TYPE).unwrap_or_default();
        if !encoding.eq_ignore_ascii_case("identity") {
            // It was not asked for, and may unpack to anything.
            return Err(garbage(&format!("an answer packed as \"{}\"", self.shown(encoding))));
        }
        if !media_type.to_ascii_lowercase().starts_with(self.media_type()) {
            return Err(garbage(&format!("\"{}\" in place of \"{}\"", self.shown(media_type), self.media_type())));
        }
        Ok(response)
    }

    fn media_type(&self) -> &'static str {
        if self.wire == Wire::Ollama { "application/x-ndjson" } else { "text/event-stream" }
    }

    fn target(&self, path: &str) -> Url {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut url = self.base.clone();
        url.set_path(path);
        url.set_query(query);
        url
    }

    fn headers(&self, asked: HeaderMap) -> Result<HeaderMap> {
        let is_passed = |name: &HeaderName| PASSED.contains(&name.as_str());
        let asked = asked.into_iter().filter_map(|(name, value)| Some((name?, value)));
        let mut headers: HeaderMap = asked.filter(|(name, _)| is_passed(name)).collect();
        if let Some(key) = &self.key {
            let (name, value) = match self.wire {
                Wire::Anthropic => (HeaderName::from_static("x-api-key"), key.clone()),
                Wire::Gemini => (HeaderName::from_static("x-goog-api-key"), key.clone()),
                Wire::OpenAi | Wire::Responses | Wire::Ollama => (AUTHORIZATION, format!("Bearer {key}")),
            };
            let unfit = |_| Fault::invalid("key", "the key of a model has bytes that no header can have");
            let mut value = HeaderValue::from_str(&value).map_err(unfit)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    /// Mends what genai makes of a request: of a model's name that ends with `-max` it makes a wish of how hard to think.
    fn amended(&self, body: &[u8], amendments: &Map<String, Value>) -> Result<Vec<u8>, Failure> {
        let broken = |error: serde_json::Error| lost(&error.to_string());
        let mut body: Map<String, Value> = serde_json::from_slice(body).map_err(broken)?;
        if !self.keeps_effort {
            body.remove("reasoning_effort");
            body.remove("thinking");
            for member in ["reasoning", "output_config"] {
                if let Some(Value::Object(member)) = body.get_mut(member) {
                    member.remove("effort");
                }
            }
        }
        body.extend(amendments.clone());
        serde_json::to_vec(&body).map_err(broken)
    }

    /// What an answer other than "OK" comes to.
    async fn refused(&self, response: Response) -> Failure {
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let said = self.said(response).await;
        let failure = |detail, what: &str| Failure::new(detail, format!("the provider {what}: {status}: {said}"));
        let failure = match status.as_u16() {
            401 | 403 => failure("auth", "does not take the key, which [secrets] of the configuration names"),
            408 => failure("timeout", "waited too long").retryable(),
            413 => failure("too_large", "finds the question too large"),
            429 => failure("rate_limit", "is asked too often").retryable(),
            404 => failure("unavailable", "does not know the model or the address"),
            300..=399 => failure("unavailable", "sends elsewhere, where nobody follows"),
            400..=499 => failure("malformed", "does not take the question"),
            _ => failure("unavailable", "cannot answer").retryable(),
        };
        Failure { retry_after, ..failure }
    }

    /// The beginning of an error's text, as one line and without the key.
    async fn said(&self, mut response: Response) -> String {
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
        let text = String::from_utf8_lossy(&body);
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let message =
            ["/error/message", "/message", "/error", "/0/error/message"].iter().find_map(|path| value.pointer(path));
        self.shown(message.and_then(Value::as_str).unwrap_or(&text))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let why = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        lost(&self.shown(&why)).retryable()
    }

    /// One line of what a provider said, without the key: not even a part of it, where the line is cut.
    fn shown(&self, text: &str) -> String {
        shown(&redact::text(text, self.secrets()))
    }

    fn silent(&self) -> Failure {
        Failure::new("timeout", format!("the provider said nothing for {:?}", self.limits.silence)).retryable()
    }
}

/// Why genai's question could not be read.
fn unasked(error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::FileTooLarge => Failure::new("too_large", error.to_string()),
        _ => lost(&error.to_string()),
    }
}

async fn write(inside: &mut UnixStream, bytes: &[u8]) -> Result<(), Failure> {
    inside.write_all(bytes).await.map_err(|error| lost(&error.to_string()))
}

fn lost(why: &str) -> Failure {
    Failure::new("unavailable", format!("the connection to the provider failed: {why}"))
}

/// How long a provider wants to be left alone, in whole seconds or milliseconds. A date is not read: nobody sends one.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    number("retry-after-ms").map(Duration::from_millis).or_else(|| number("retry-after").map(Duration::from_secs))
}
