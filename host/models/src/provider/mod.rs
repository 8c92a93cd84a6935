//! Models of providers, each asked in its own format.

mod answer;
mod carried;
mod dialect;
mod events;
mod guard;
mod names;
mod retry_after;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use stockade_workflow::{Fault, Reply};
use url::Url;

use self::answer::{Answer, Setting};
use self::guard::Guard;
use self::names::Names;
use self::wire::{Asked, Wire};
use super::{Failure, Model, Request, Told, estimate};
use crate::Result;
use stockade_system::Clock;

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
    /// Any service with the interface of OpenAI's chat completions.
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

/// What a provider may send. All of it is hostile: any server may answer at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole answer. A token of a stream takes up to 400, and the longest answers have 128,000.
    pub stream_bytes: u64,
    /// Bytes of one event, of which the last may repeat the whole answer.
    pub event_bytes: usize,
    /// Bytes of the text, and of the reasoning.
    pub text_bytes: usize,
    /// Bytes of all that is kept of an answer: the longest have less than one million.
    pub answer_bytes: usize,
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
            answer_bytes: 4 << 20,
            calls: 128,
            arguments_bytes: 256 << 10,
            silence: Duration::from_secs(120),
        }
    }
}

impl Provider {
    /// Names a model of a provider. Without an `url` it is the provider's own, which everybody has but
    /// [`Service::OpenAiCompatible`]. The `key` is shown to the provider alone.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](stockade_workflow::Kind::Invalid) where a key may not be sent to the address.
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
    pub fn effort(self, effort: Option<Effort>) -> Self {
        Self { effort, ..self }
    }

    /// Sets the clock to which the dates are compared until which a provider wants to be left alone.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.guard.set_clock(clock);
        self
    }

    /// Sets what the provider may send.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.guard.set_limits(limits);
        self
    }

    async fn converse(&self, asked: &Asked<'_>, answer: &mut Answer<'_>) -> Result<Reply, Failure> {
        asked.check()?;
        let wire = self.service.wire();
        self.guard.ask(&wire.path(&self.model), &wire.body(asked), answer).await?;
        answer.end()
    }

    fn by(&self) -> String {
        format!("{:?}/{}", self.service, self.model)
    }

    fn needs_key(&self) -> bool {
        let is_free = matches!(self.service, Service::Ollama | Service::OpenAiCompatible);
        !is_free && !self.is_elsewhere && !self.guard.has_key()
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
        let (names, by) = (Names::new(request.functions, request.question), self.by());
        let (temperature, effort) = (self.temperature, self.effort);
        let asked = Asked { request, names: &names, model: &self.model, by: &by, temperature, effort };
        let (limits, scrubber) = (self.guard.limits(), self.guard.scrubber());
        let setting = Setting { names: &names, limits, scrubber, told, by: &by, wants_thoughts: effort.is_some() };
        let mut answer = Answer::new(setting);
        match self.converse(&asked, &mut answer).await {
            Ok(reply) if reply.model.is_empty() => Ok(Reply { model: self.model.clone(), ..reply }),
            // It began, so it will be paid.
            Err(failure) if answer.events() > 0 => {
                Err(failure.with_tokens(estimate::question(request), answer.events()))
            }
            answered => answered,
        }
    }
}

impl Service {
    fn wire(self) -> Wire {
        match self {
            Self::OpenAi | Self::OpenAiCompatible => Wire::Chat,
            Self::OpenAiResponses => Wire::Responses,
            Self::Anthropic => Wire::Anthropic,
            Self::Gemini => Wire::Gemini,
            Self::Ollama => Wire::Ollama,
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

impl Effort {
    /// Returns the word that providers have for it.
    fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Returns the tokens of thoughts that stand for it at providers that have no word.
    fn tokens(self) -> u32 {
        match self {
            Self::Low => 1_024,
            Self::Medium => 8_000,
            Self::High => 24_000,
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
    } else if base.query().is_some() && service.wire() != Wire::Chat && service.wire() != Wire::Responses {
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
