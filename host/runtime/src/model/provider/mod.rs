//! Models of providers, asked through genai.

mod answer;
mod compose;
mod events;
mod guard;
mod names;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use genai::adapter::AdapterKind;
use genai::chat::ReasoningEffort;
use genai::resolver::{AuthData, Endpoint};
use genai::{Client, ModelIden, ServiceTarget};
use serde::Deserialize;
use serde_json::{Map, Value};
use stockade_workflow::{Fault, Reply, Stop};
use url::Url;

use self::answer::Answer;
use self::events::Seen;
use self::guard::Guard;
use self::names::Names;
use super::{Failure, Model, Request, Told, estimate};
use crate::Result;
use crate::door::Door;

/// What an error shows of what a provider said.
const SHOWN_CHARS_MAX: usize = 500;

/// A model of a provider.
pub struct Provider {
    service: Service,
    model: String,
    guard: Guard,
    is_elsewhere: bool,
    temperature: Option<f64>,
    effort: Option<Effort>,
}

/// Whose interface a provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// OpenAI, its chat completions.
    OpenAi,
    /// OpenAI, its responses.
    OpenAiResponses,
    /// Anthropic.
    Anthropic,
    /// Google.
    Gemini,
    /// Ollama.
    Ollama,
    /// Anybody who speaks as OpenAI's chat completions do.
    OpenAiCompatible,
}

/// How hard a model thinks before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// A little.
    Low,
    /// As most do.
    Medium,
    /// Long.
    High,
}

/// What a provider may send. All of it is hostile: it is whoever answers at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole answer. A token of a stream takes up to 400, and the longest answers have 128,000.
    pub stream_bytes: u64,
    /// Bytes of one event, of which the last may repeat the whole answer.
    pub event_bytes: usize,
    /// Bytes of the text, of the reasoning, and of what is sent back with it.
    pub text_bytes: usize,
    /// Calls in one answer.
    pub calls: usize,
    /// Bytes of the arguments of one call.
    pub arguments_bytes: usize,
    /// The longest time between two pieces.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stream_bytes: 64 << 20,
            event_bytes: 4 << 20,
            text_bytes: 4 << 20,
            calls: 128,
            arguments_bytes: 256 << 10,
            silence: Duration::from_secs(120),
        }
    }
}

/// The formats that providers speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    OpenAi,
    Responses,
    Anthropic,
    Gemini,
    Ollama,
}

impl Provider {
    /// Names a model of a provider. Without an `url` it is the provider's own, which everybody has but
    /// [`Service::OpenAiCompatible`]. The `key` is shown to the provider alone.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](crate::Kind::Invalid) where the address is none to which a key may be sent.
    pub fn new(service: Service, model: impl Into<String>, url: Option<&str>, key: Option<String>) -> Result<Self> {
        let model = model.into();
        if model.is_empty() || model.chars().any(|c| c.is_whitespace() || c.is_control() || "?#%\\".contains(c)) {
            return Err(Fault::invalid("model", format!("\"{}\" is not the name of a model", shown(&model))));
        }
        let base = address(service, url, key.is_some())?;
        let guard = Guard::new(service.wire(), base, key, Limits::default())?;
        Ok(Self { service, model, guard, is_elsewhere: url.is_some(), temperature: None, effort: None })
    }

    /// Sets how much chance there is in the answers.
    #[must_use]
    pub fn temperature(self, temperature: Option<f64>) -> Self {
        Self { temperature, ..self }
    }

    /// Sets how hard it thinks, for models that do; without it, as the provider pleases.
    #[must_use]
    pub fn effort(mut self, effort: Option<Effort>) -> Self {
        if effort.is_some() {
            self.guard.keep_effort();
        }
        Self { effort, ..self }
    }

    /// Sets what the provider may send.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.guard.set_limits(limits);
        self
    }

    /// Asks through genai, while the guard serves it.
    async fn converse(&self, request: &Request<'_>, seen: &Mutex<Seen>, told: &Told<'_>) -> Result<Reply, Failure> {
        let unusable =
            |error: std::io::Error| Failure::new("unavailable", format!("no socket can be made for a model: {error}"));
        let door = Door::open().map_err(unusable)?;
        let (client, amendments) = (door.client().map_err(unusable)?, self.amendments(request));
        let served = self.guard.serve(door, &amendments, seen);
        let answered = self.ask_genai(client, request, told);
        tokio::pin!(served, answered);
        tokio::select! {
            // What the guard says is why genai then fails.
            biased;
            served = &mut served => served?,
            answered = &mut answered => return answered,
        }
        answered.await
    }

    async fn ask_genai(
        &self,
        client: reqwest::Client,
        request: &Request<'_>,
        told: &Told<'_>,
    ) -> Result<Reply, Failure> {
        let (wire, by) = (self.service.wire(), self.by());
        let names = Names::new(request.functions, request.question);
        let answer =
            Answer { names: &names, limits: self.guard.limits(), secrets: self.guard.secrets(), wire, by: &by };
        let unread = |error| answer.unread(&error);
        let client = Client::builder().with_reqwest(client).build().map_err(unread)?;
        let question = compose::question(request, &names, wire, &by);
        let options = compose::options(request, wire, self.temperature, self.effort);
        let stream = client.exec_chat_stream(self.target(), question, Some(&options)).await.map_err(unread)?;
        answer.read(stream.stream, told).await
    }

    /// It has no key: the guard does.
    fn target(&self) -> ServiceTarget {
        ServiceTarget {
            endpoint: Endpoint::from_owned(self.guard.address()),
            auth: AuthData::from_single("none"),
            model: ModelIden::new(self.service.adapter(), self.model.clone()),
        }
    }

    /// What genai leaves out: it reads more in the names of models than their providers do, and knows no schemas of Ollama.
    fn amendments(&self, request: &Request<'_>) -> Map<String, Value> {
        let mut amendments = Map::new();
        if self.service.wire() != Wire::Gemini {
            amendments.insert("model".to_owned(), self.model.as_str().into());
        }
        if let Some(schema) = request.question.schema.as_ref().filter(|_| self.service.wire() == Wire::Ollama) {
            amendments.insert("format".to_owned(), schema.clone());
        }
        amendments
    }

    fn by(&self) -> String {
        format!("{:?}/{}", self.service, self.model)
    }

    fn needs_key(&self) -> bool {
        let is_free = matches!(self.service, Service::Ollama | Service::OpenAiCompatible);
        !is_free && !self.is_elsewhere && self.guard.secrets().is_empty()
    }
}

#[async_trait]
impl Model for Provider {
    async fn ask(&self, request: &Request<'_>, told: &Told<'_>) -> Result<Reply, Failure> {
        if self.needs_key() {
            let message = format!(
                "the model \"{}\" is asked without a key; write key = \"NAME\" at it, and where NAME is in [secrets]",
                self.model
            );
            return Err(Failure::new("auth", message));
        }
        let seen = Mutex::new(Seen::default());
        let answered = self.converse(request, &seen, told).await;
        // Whoever panicked with it left what was seen so far.
        let Seen { model, has_refused, events } = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut reply = match answered {
            // A refusal without an answer is one that genai cannot read.
            Err(failure) if has_refused && failure.fault.detail.as_deref() == Some("malformed") => Reply::default(),
            // It began, so it will be paid.
            Err(failure) if events > 0 => return Err(failure.with_tokens(estimate::question(request), events)),
            answered => answered?,
        };
        reply.model = if model.is_empty() { self.model.clone() } else { model };
        if has_refused {
            reply.stop = Stop::Refused;
        }
        Ok(reply)
    }
}

impl Service {
    fn wire(self) -> Wire {
        match self {
            Self::OpenAi | Self::OpenAiCompatible => Wire::OpenAi,
            Self::OpenAiResponses => Wire::Responses,
            Self::Anthropic => Wire::Anthropic,
            Self::Gemini => Wire::Gemini,
            Self::Ollama => Wire::Ollama,
        }
    }

    fn adapter(self) -> AdapterKind {
        match self.wire() {
            Wire::OpenAi => AdapterKind::OpenAI,
            Wire::Responses => AdapterKind::OpenAIResp,
            Wire::Anthropic => AdapterKind::Anthropic,
            Wire::Gemini => AdapterKind::Gemini,
            Wire::Ollama => AdapterKind::Ollama,
        }
    }

    fn url(self) -> Option<&'static str> {
        match self {
            Self::OpenAi | Self::OpenAiResponses => Some("https://api.openai.com/v1/"),
            Self::Anthropic => Some("https://api.anthropic.com/v1/"),
            Self::Gemini => Some("https://generativelanguage.googleapis.com/v1beta/"),
            Self::Ollama => Some("http://localhost:11434/"),
            Self::OpenAiCompatible => None,
        }
    }
}

impl From<Effort> for ReasoningEffort {
    fn from(effort: Effort) -> Self {
        match effort {
            Effort::Low => Self::Low,
            Effort::Medium => Self::Medium,
            Effort::High => Self::High,
        }
    }
}

/// Reads the address of a provider. A key goes over open lines to this machine alone.
fn address(service: Service, url: Option<&str>, has_key: bool) -> Result<Url> {
    let invalid = |why: &str| Fault::invalid("url", format!("the address of a model is not valid: {why}"));
    let text = url.or(service.url()).ok_or_else(|| invalid("it has none; write url = \"https://HOST/v1/\""))?;
    let mut base: Url = text.parse().map_err(|_| invalid("it is no URL; write https://HOST/v1/"))?;
    let is_loopback = match base.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !matches!(base.scheme(), "https" | "http") || base.host().is_none() {
        return Err(invalid("it is neither https nor http"));
    } else if !base.username().is_empty() || base.password().is_some() {
        return Err(invalid("it has a user or a password in it; name the key with `key`"));
    } else if base.scheme() == "http" && has_key && !is_loopback {
        return Err(invalid("a key goes over https, or to this machine"));
    } else if base.fragment().is_some() {
        return Err(invalid("it has a fragment"));
    } else if base.query().is_some() && service.wire() != Wire::OpenAi && service.wire() != Wire::Responses {
        return Err(invalid("this provider's takes no query"));
    }
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Ok(base)
}

/// Cuts what a stranger may have written, and leaves it one line.
fn shown(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() { shown + "…" } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_to_their_provider_alone() {
        let address = |service, url: &str, has_key| address(service, Some(url), has_key).map(|url| url.to_string());
        for (url, has_key, says) in [
            ("http://example.com/v1", true, "a key goes over https"),
            ("https://me:sk@example.com/", true, "a user or a password"),
            ("ftp://example.com/", false, "neither https nor http"),
            ("example.com", false, "it is no URL"),
            ("https://example.com/#a", false, "a fragment"),
        ] {
            let fault = address(Service::OpenAiCompatible, url, has_key).unwrap_err();
            assert!(fault.message.contains(says) && !fault.message.contains("sk"), "{fault}");
        }
        assert_eq!(address(Service::Ollama, "http://10.0.0.1:11434", false).unwrap(), "http://10.0.0.1:11434/");
        assert_eq!(address(Service::OpenAi, "http://[::1]/v1", true).unwrap(), "http://[::1]/v1/");
        assert!(address(Service::Anthropic, "https://h/?a=1", true).is_err());
        assert!(super::address(Service::OpenAiCompatible, None, false).is_err());
    }

    #[test]
    fn names_of_models_lead_nowhere_else() {
        for name in ["", "a b", "a?key=1", "a#b", "a%2f", "a\n"] {
            assert!(Provider::new(Service::Gemini, name, None, None).is_err(), "{name}");
        }
    }
}
