//! A server that is an address: each message is a request of its own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;
use stockade_system::http::cause;
use tokio::time::timeout;

use crate::body::body;
use crate::counts::Counts;
use crate::failure::Failure;
use crate::lock::lock;
use crate::message::{self, MESSAGE_BYTES_MAX, Message, TOOLS_CHANGED};
use crate::settings::Secrets;
use crate::sse::Events;
use crate::token::Token;

/// How long a server may send nothing in the midst of an answer.
const SILENCE: Duration = Duration::from_secs(60);

/// How many events may come before the answer that was asked for.
const EVENTS_MAX: usize = 10_000;

/// The longest error that is read.
const ERROR_BYTES_MAX: usize = 64 << 10;

/// The longest name of a session.
const SESSION_BYTES_MAX: usize = 512;

/// The connection to an address.
pub(crate) struct Http {
    client: Client,
    url: Url,
    token: Token,
    secrets: Secrets,
    counts: Arc<Counts>,
    next: AtomicU64,
    session: Mutex<Option<String>>,
    version: Mutex<Option<String>>,
    is_over: AtomicBool,
    has_changed: AtomicBool,
}

impl Http {
    pub(crate) fn new(client: Client, url: Url, token: Token, secrets: Secrets, counts: Arc<Counts>) -> Self {
        Self {
            client,
            url,
            token,
            secrets,
            counts,
            next: AtomicU64::new(1),
            session: Mutex::new(None),
            version: Mutex::new(None),
            is_over: AtomicBool::new(false),
            has_changed: AtomicBool::new(false),
        }
    }

    /// Makes a request and waits for its answer.
    pub(crate) async fn request(
        &self,
        method: &str,
        params: &Value,
        headers: &[(String, String)],
    ) -> Result<Value, Failure> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let answer = self.post(message::request(id, method, params), headers).await?;
        let answer = self.good(answer).await?;
        self.take_session(&answer);
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("text/event-stream") {
            return self.streamed(id, answer).await;
        }
        if !kind.starts_with("application/json") {
            return Err(Failure::Lost("its answer is neither JSON nor a stream of events".to_owned()));
        }
        let text = timeout(SILENCE, body(answer, MESSAGE_BYTES_MAX)).await;
        let text = text.map_err(|_| Failure::Lost("it took too long to send its answer".to_owned()))?;
        match self.taken(id, &text.map_err(Failure::Lost)?).await? {
            Some(result) => result,
            None => Err(Failure::Lost("its answer is not to what it was asked".to_owned())),
        }
    }

    /// Sends a notification, and does not ask what becomes of it.
    pub(crate) async fn notify(&self, method: &str, params: &Value) {
        drop(self.post(message::notification(method, params), &[]).await);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub(crate) fn take_changed(&self) -> bool {
        self.has_changed.swap(false, Ordering::Relaxed)
    }

    /// Says which revision is spoken from now on.
    pub(crate) fn speaks(&self, version: &str) {
        *lock(&self.version) = Some(version.to_owned());
    }

    async fn post(&self, text: String, headers: &[(String, String)]) -> Result<Response, Failure> {
        let token = self.token.get(&self.client, &self.secrets, &self.url).await.map_err(Failure::Unsent)?;
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        request = request.header(ACCEPT, "application/json, text/event-stream");
        let authorization = token.map(|token| ("authorization", format!("Bearer {token}")));
        let session = lock(&self.session).clone().map(|session| ("mcp-session-id", session));
        let version = lock(&self.version).clone().map(|version| ("mcp-protocol-version", version));
        for (name, value) in [authorization, session, version].into_iter().flatten() {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(name.as_str(), value.as_str());
        }
        request.body(text).send().await.map_err(|error| match error.is_connect() || error.is_builder() {
            true => Failure::Unsent(format!("it was not reached: {}", cause(&error))),
            false => Failure::Lost(format!("it did not answer: {}", cause(&error))),
        })
    }

    /// Returns an answer that is not an error.
    async fn good(&self, answer: Response) -> Result<Response, Failure> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        if status == StatusCode::UNAUTHORIZED {
            self.token.forget().await;
        }
        if status == StatusCode::NOT_FOUND && lock(&self.session).is_some() {
            self.is_over.store(true, Ordering::Relaxed);
            return Err(Failure::Unsent("it has ended the session; the next call begins another".to_owned()));
        }
        let text = timeout(SILENCE, body(answer, ERROR_BYTES_MAX)).await.ok().and_then(Result::ok).unwrap_or_default();
        if let Ok(Message::Answer(_, Err(refused))) = message::read(&text)
            && status.is_client_error()
        {
            return Err(Failure::Refused(refused));
        }
        let why = format!("it answered with status {}", status.as_u16());
        // A request that was refused was not begun. An error of the server may have come later.
        Err(if status.is_server_error() { Failure::Lost(why) } else { Failure::Unsent(why) })
    }

    /// Keeps the name of the session that the server has begun.
    fn take_session(&self, answer: &Response) {
        let session = answer.headers().get("mcp-session-id").and_then(|session| session.to_str().ok());
        let is_fit =
            |session: &&str| session.len() <= SESSION_BYTES_MAX && session.bytes().all(|byte| byte.is_ascii_graphic());
        if let Some(session) = session.filter(is_fit) {
            lock(&self.session).get_or_insert_with(|| session.to_owned());
        }
    }

    /// Reads events until the answer is among them.
    async fn streamed(&self, id: u64, mut answer: Response) -> Result<Value, Failure> {
        let (mut events, mut seen) = (Events::default(), 0);
        loop {
            let chunk = timeout(SILENCE, answer.chunk()).await;
            let chunk = chunk.map_err(|_| Failure::Lost("it has sent nothing more for too long".to_owned()))?;
            let Ok(Some(chunk)) = chunk else {
                return Err(Failure::Lost("its stream of events broke off before the answer".to_owned()));
            };
            for event in events.take(&chunk).map_err(Failure::Lost)? {
                seen += 1;
                if seen > EVENTS_MAX {
                    return Err(Failure::Lost(format!("it has sent more than {EVENTS_MAX} events before the answer")));
                }
                if event.trim().is_empty() {
                    continue;
                }
                if let Some(result) = self.taken(id, &event).await? {
                    return result;
                }
            }
        }
    }

    /// Takes in a message, and returns the result if it is the answer to this request.
    async fn taken(&self, id: u64, text: &str) -> Result<Option<Result<Value, Failure>>, Failure> {
        let read = message::read(text);
        match read.map_err(|fault| Failure::Lost(format!("it has sent what is no message: {}", fault.message)))? {
            Message::Answer(of, result) if of == id => return Ok(Some(result.map_err(Failure::Refused))),
            Message::Answer(..) | Message::Stray => self.counts.stray(),
            Message::Asked { id, method } => {
                self.counts.declined();
                drop(self.post(message::reply(&id, &method), &[]).await);
            }
            Message::Told { method } => {
                self.counts.told();
                if method == TOOLS_CHANGED {
                    self.has_changed.store(true, Ordering::Relaxed);
                }
            }
        }
        Ok(None)
    }
}
