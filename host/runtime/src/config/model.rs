use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use stockade_workflow::Fault;

use super::{Breaker, anchored};
use crate::{Clock, Result};
use stockade_models::{Effort, Named, Price, Provider, Scripted, Service, Settings};

/// The longest attempt that may be configured; the host does not wait for a model that thinks for longer.
const TIMEOUT_MS_MAX: u64 = 3_600_000;
/// A model that fails as often does not answer.
const RETRIES_MAX: u32 = 10;
/// What any provider takes.
const TEMPERATURE_MAX: f64 = 2.0;

/// What `[model.NAME]` says.
///
/// ```toml
/// [model.main]
/// provider = "anthropic"
/// model = "claude-sonnet-4-5"
/// key = "anthropic"                                # in [secrets]
/// price = { input = "$3.00", output = "$15.00" }   # for a million tokens
/// fallback = ["local"]
///
/// [model.local]
/// provider = "ollama"
/// model = "qwen3:8b"
/// price = "free"
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Who answers.
    pub provider: By,
    /// Whether this model answers questions that name no model. A host with one model needs no default.
    #[serde(default)]
    pub default: bool,
    /// The model, as its provider calls it. Required, except for `scripted`.
    #[serde(default)]
    pub model: Option<String>,
    /// The provider's address, if it is not the usual one. Required for `openai-compatible`.
    #[serde(default)]
    pub url: Option<String>,
    /// The name of the secret that is the key.
    #[serde(default)]
    pub key: Option<String>,
    /// The file that `scripted` answers from. Required there, and refused elsewhere.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// The price of a million tokens. A model without a price is not asked; `scripted` is free.
    #[serde(default)]
    pub price: Option<Price>,
    /// The most tokens of one answer.
    #[serde(default)]
    pub tokens_max: Option<u32>,
    /// The longest that one attempt may take, in milliseconds; at most an hour.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// How often a failed attempt is repeated; at most 10.
    #[serde(default)]
    pub retries: Option<u32>,
    /// The models that are asked instead, in this order, when this one does not answer.
    #[serde(default)]
    pub fallback: Vec<String>,
    /// How random the answers are, from 0.0 to 2.0. Without it, as the provider decides.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// How long the model thinks. Without it, as the provider decides.
    #[serde(default)]
    pub effort: Option<Effort>,
    /// Whether the model accepts pictures.
    #[serde(default)]
    pub images: Option<bool>,
    /// How many questions it is asked at the same time.
    #[serde(default)]
    pub concurrency: Option<NonZeroU32>,
    /// The most questions in a minute. Without it, there is no such limit.
    #[serde(default)]
    pub requests_per_minute: Option<NonZeroU32>,
    /// When the model is left alone because its questions are not answered, with all their attempts.
    #[serde(default)]
    pub breaker: Option<Breaker>,
}

/// Who answers, as `provider` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// OpenAI, its chat completions.
    #[serde(rename = "openai")]
    OpenAi,
    /// OpenAI, its responses.
    #[serde(rename = "openai-responses")]
    OpenAiResponses,
    /// Anthropic.
    Anthropic,
    /// Google.
    Gemini,
    /// Ollama.
    Ollama,
    /// Any service with the interface of OpenAI's chat completions.
    #[serde(rename = "openai-compatible")]
    OpenAiCompatible,
    /// A file.
    Scripted,
}

/// Returns the name of the model that says it is the default.
///
/// # Errors
///
/// Kind [`Kind::Invalid`](crate::Kind::Invalid) where two do.
pub(crate) fn default_model(models: &BTreeMap<String, Model>) -> Result<Option<String>> {
    let mut defaults = models.iter().filter(|(_, model)| model.default).map(|(name, _)| name);
    match (defaults.next(), defaults.next()) {
        (Some(one), Some(_)) => Err(invalid(one, "another model says default = true as well; one can")),
        (one, _) => Ok(one.cloned()),
    }
}

impl Model {
    /// Returns who answers, as the conventions of OpenTelemetry for GenAI call them, or as we do where they have no name.
    pub(crate) fn provider_name(&self) -> &'static str {
        match self.provider {
            By::OpenAi | By::OpenAiResponses => "openai",
            By::Anthropic => "anthropic",
            By::Gemini => "gcp.gemini",
            By::Ollama => "ollama",
            By::OpenAiCompatible => "openai_compatible",
            By::Scripted => "scripted",
        }
    }

    /// Returns the model as its provider calls it, where it has a name there.
    pub(crate) fn requested(&self) -> Option<&str> {
        self.model.as_deref()
    }

    pub(super) fn anchor(&mut self, folder: &Path) {
        if let Some(file) = &mut self.file {
            *file = anchored(folder, &file.to_string_lossy()).into();
        }
    }

    /// Returns the file that answers, if one does.
    pub(crate) fn script(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Returns when it is left alone.
    pub(crate) fn breaker(&self) -> Option<Breaker> {
        self.breaker
    }

    /// Returns the name of the secret that is the key.
    pub(crate) fn secret(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Makes the model that this describes. `key` is the value of the secret that [`Model::key`] names; with the clock the
    /// dates are compared until which its provider wants to be left alone.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](crate::Kind::Invalid) where the settings do not go together; a script that cannot be read.
    pub fn build(&self, name: &str, key: Option<String>, clock: &Clock) -> Result<Named> {
        let settings = self.settings().map_err(|why| invalid(name, &why))?;
        let model: Box<dyn stockade_models::Model> = match self.service() {
            Some(service) => Box::new(self.provider(service, name, key)?.clock(clock.clone())),
            None => Box::new(self.scripted(name)?),
        };
        Ok(Named::new(name, model, settings))
    }

    fn provider(&self, service: Service, name: &str, key: Option<String>) -> Result<Provider> {
        if self.file.is_some() {
            return Err(invalid(name, "`file` is for provider = \"scripted\""));
        }
        let model =
            self.model.as_ref().ok_or_else(|| invalid(name, "it has no `model`; write what its provider calls it"))?;
        let provider = Provider::new(service, model, self.url.as_deref(), key);
        let provider = provider.map_err(|fault| invalid(name, &fault.message))?;
        Ok(provider.temperature(self.temperature).effort(self.effort))
    }

    fn scripted(&self, name: &str) -> Result<Scripted> {
        if self.url.is_some() || self.key.is_some() || self.model.is_some() {
            return Err(invalid(name, "a scripted model has no `model`, `url` or `key`"));
        }
        let missing = || invalid(name, "it has no `file`; write where its answers are");
        Scripted::load(self.file.as_ref().ok_or_else(missing)?)
    }

    fn service(&self) -> Option<Service> {
        match self.provider {
            By::OpenAi => Some(Service::OpenAi),
            By::OpenAiResponses => Some(Service::OpenAiResponses),
            By::Anthropic => Some(Service::Anthropic),
            By::Gemini => Some(Service::Gemini),
            By::Ollama => Some(Service::Ollama),
            By::OpenAiCompatible => Some(Service::OpenAiCompatible),
            By::Scripted => None,
        }
    }

    fn settings(&self) -> Result<Settings, String> {
        let settings = Settings::default();
        let timeout_ms = within("timeout_ms", self.timeout_ms, 1, TIMEOUT_MS_MAX)?;
        within("tokens_max", self.tokens_max.map(u64::from), 1, u64::from(u32::MAX))?;
        within("retries", self.retries.map(u64::from), 0, u64::from(RETRIES_MAX))?;
        if let Some(temperature) = self.temperature.filter(|chosen| !(0.0..=TEMPERATURE_MAX).contains(chosen)) {
            return Err(format!("`temperature` is {temperature}, and 0.0 to {TEMPERATURE_MAX:.1} are allowed"));
        }
        // A script costs nothing, also where its price is not set.
        let free = (self.provider == By::Scripted).then_some(Price::Free);
        Ok(Settings {
            price: self.price.or(free),
            tokens_max: self.tokens_max.unwrap_or(settings.tokens_max),
            timeout: timeout_ms.map_or(settings.timeout, Duration::from_millis),
            retries: self.retries.unwrap_or(settings.retries),
            fallbacks: self.fallback.clone(),
            concurrency: self.concurrency.map_or(settings.concurrency, |most| most.get() as usize),
            requests_per_minute: self.requests_per_minute.map(NonZeroU32::get),
            images: self.images.unwrap_or(settings.images),
        })
    }
}

fn within(name: &str, value: Option<u64>, least: u64, most: u64) -> Result<Option<u64>, String> {
    match value {
        Some(value) if value < least || value > most => {
            Err(format!("`{name}` is {value}, and {least} to {most} are allowed"))
        }
        value => Ok(value),
    }
}

fn invalid(name: &str, why: &str) -> Fault {
    Fault::invalid("config", format!("[model.{name}] is not valid: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn a_model_is_read_with_all_its_settings() {
        let text = r#"
            [model.main]
            provider = "openai-compatible"
            default = true
            model = "vendor/large"
            url = "https://models.example.com/v1"
            key = "vendor"
            price = { input = "$3.00", output = "$15.00" }
            tokens_max = 2000
            timeout_ms = 90000
            retries = 1
            fallback = ["local"]
            temperature = 0.5
            effort = "low"
            images = false
            concurrency = 2
            requests_per_minute = 30
            [model.local]
            provider = "ollama"
            model = "qwen3:8b"
            price = "free"
            [model.test]
            provider = "scripted"
            file = "script.toml"
        "#;
        let mut config = Config::parse(text).unwrap();
        config.anchor(Path::new("/etc/stockade"));
        let main = config.model["main"].build("main", Some("sk-0123456789".to_owned()), &Clock::default()).unwrap();
        assert_eq!(
            *main.settings(),
            Settings {
                price: Some(Price::Tokens { input: 3_000_000, output: 15_000_000 }),
                tokens_max: 2_000,
                timeout: Duration::from_secs(90),
                retries: 1,
                fallbacks: vec!["local".to_owned()],
                concurrency: 2,
                requests_per_minute: Some(30),
                images: false,
            }
        );
        assert_eq!(default_model(&config.model).unwrap().as_deref(), Some("main"));
        config.model.get_mut("local").unwrap().default = true;
        assert!(
            default_model(&config.model).unwrap_err().message.contains("[model.local] is not valid: another model")
        );
        let local = config.model["local"].build("local", None, &Clock::default()).unwrap();
        assert_eq!(*local.settings(), Settings { price: Some(Price::Free), ..Settings::default() });
        assert_eq!(config.model["test"].file.as_deref(), Some(Path::new("/etc/stockade/script.toml")));
        let fault = config.model["test"].build("test", None, &Clock::default()).err().unwrap();
        assert!(fault.message.contains("\"/etc/stockade/script.toml\" cannot be read"), "{fault}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (text, says) in [
            ("provider = \"open-ai\"", "expected one of `openai`, `openai-responses`, `anthropic`, `gemini`, `ollama`"),
            ("model = \"x\"", "missing field `provider`"),
            ("provider = \"openai\"\nmodle = \"x\"", "unknown field `modle`, expected one of `provider`"),
            ("provider = \"openai\"\nprice = \"cheap\"", "it is not a price; write price = \"free\" or {"),
            ("provider = \"openai\"\nprice = { input = \"$1\" }", "it is not a price"),
            ("provider = \"openai\"\neffort = \"huge\"", "expected one of `low`, `medium`, `high`"),
            ("provider = \"openai\"\nconcurrency = 0", "nonzero"),
        ] {
            let fault = Config::parse(&format!("[model.a]\n{text}")).unwrap_err();
            assert!(fault.message.contains(says), "{text}\n{fault}");
        }
        for (text, says) in [
            ("provider = \"openai\"", "[model.a] is not valid: it has no `model`"),
            ("provider = \"openai\"\nmodel = \"x\"\nfile = \"y\"", "`file` is for provider = \"scripted\""),
            ("provider = \"scripted\"", "it has no `file`"),
            ("provider = \"scripted\"\nfile = \"y\"\nkey = \"k\"", "has no `model`, `url` or `key`"),
            ("provider = \"openai-compatible\"\nmodel = \"x\"", "it has none; write url = \"https://HOST/v1/\""),
            ("provider = \"openai\"\nmodel = \"x\"\nurl = \"http://h/\"", "a key goes over https, or to this machine"),
            ("provider = \"openai\"\nmodel = \"x\"\ntokens_max = 0", "`tokens_max` is 0, and 1 to"),
            ("provider = \"openai\"\nmodel = \"x\"\ntimeout_ms = 0", "`timeout_ms` is 0, and 1 to 3600000 are allowed"),
            ("provider = \"openai\"\nmodel = \"x\"\nretries = 11", "`retries` is 11, and 0 to 10 are allowed"),
            ("provider = \"openai\"\nmodel = \"x\"\ntemperature = 3", "`temperature` is 3, and 0.0 to 2.0 are allowed"),
            ("provider = \"openai\"\nmodel = \"x\"\ntemperature = nan", "`temperature` is NaN"),
        ] {
            let config = Config::parse(&format!("[model.a]\n{text}")).unwrap();
            let fault =
                config.model["a"].build("a", Some("sk-0123456789".to_owned()), &Clock::default()).err().unwrap();
            assert!(fault.message.contains(says) && !fault.message.contains("sk-"), "{text}\n{fault}");
        }
    }
}
