//! The formats that providers speak, a file each: a question as JSON, and what an event adds to an answer.
//!
//! They are written here, over a guarded client and a parser of events with limits, rather than taken from a crate for many
//! providers. Such a crate (genai) stood here before. It reads answers without an end, so it had to be asked through a
//! socket with the client behind it; it dropped calls without an index, made room for as many as an index said, read wishes
//! into the names of models, and hid what a provider says of its refusals. What it did for us is in these files, each of
//! which is read in a few minutes; what it cost was a client of its own, the socket, and 46 seconds of each build.

mod anthropic;
mod chat;
mod gemini;
mod ollama;
mod responses;

use reqwest::header::{AUTHORIZATION, HeaderName};
use serde_json::{Map, Value, json};
use stockade_workflow::{Message, Part};

use super::Effort;
use super::answer::Answer;
use super::carried::Carried;
use super::dialect::{self, Dialect};
use super::names::Names;
use crate::Result;
use crate::{Failure, Request};

/// The formats that providers speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Chat,
    Responses,
    Anthropic,
    Gemini,
    Ollama,
}

/// A question, with what is known of whom it is asked.
pub(super) struct Asked<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) names: &'a Names,
    pub(super) model: &'a str,
    /// Whose answers go back to it with what it wants to see again.
    pub(super) by: &'a str,
    pub(super) temperature: Option<f64>,
    pub(super) effort: Option<Effort>,
}

impl Wire {
    /// Returns where a question is sent, under the provider's address.
    pub(super) fn path(self, model: &str) -> String {
        match self {
            Self::Chat => chat::PATH.to_owned(),
            Self::Responses => responses::PATH.to_owned(),
            Self::Anthropic => anthropic::PATH.to_owned(),
            Self::Gemini => gemini::path(model),
            Self::Ollama => ollama::PATH.to_owned(),
        }
    }

    /// Writes a question.
    pub(super) fn body(self, asked: &Asked<'_>) -> Map<String, Value> {
        match self {
            Self::Chat => chat::body(asked),
            Self::Responses => responses::body(asked),
            Self::Anthropic => anthropic::body(asked),
            Self::Gemini => gemini::body(asked),
            Self::Ollama => ollama::body(asked),
        }
    }

    /// Adds what an event says to an answer.
    pub(super) fn read(self, event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
        match self {
            Self::Chat => chat::read(event, answer),
            Self::Responses => responses::read(event, answer),
            Self::Anthropic => anthropic::read(event, answer),
            Self::Gemini => gemini::read(event, answer),
            Self::Ollama => ollama::read(event, answer),
        }
    }

    /// Returns the header that a key is sent in, with its value.
    pub(super) fn key(self, key: &str) -> (HeaderName, String) {
        match self {
            Self::Anthropic => (HeaderName::from_static("x-api-key"), key.to_owned()),
            Self::Gemini => (HeaderName::from_static("x-goog-api-key"), key.to_owned()),
            Self::Chat | Self::Responses | Self::Ollama => (AUTHORIZATION, format!("Bearer {key}")),
        }
    }

    /// Returns the header that says which version of the format it is, where there is one.
    pub(super) fn version(self) -> Option<(&'static str, &'static str)> {
        (self == Self::Anthropic).then_some(anthropic::VERSION)
    }

    /// Returns what an answer says of itself.
    pub(super) fn media_type(self) -> &'static str {
        if self == Self::Ollama { "application/x-ndjson" } else { "text/event-stream" }
    }
}

impl<'a> Asked<'a> {
    /// Finds out whether the functions can be offered.
    ///
    /// # Errors
    ///
    /// One has a schema that no provider takes.
    pub(super) fn check(&self) -> Result<()> {
        self.request.functions.iter().try_for_each(|offer| dialect::check(&offer.name, &offer.schema))
    }

    /// Returns the functions that are offered: the name, the description and the schema of each.
    fn functions(&self, dialect: Dialect) -> impl Iterator<Item = (&'a str, &'a str, Value)> {
        let names = self.names;
        self.request.functions.iter().map(move |offer| {
            (names.safe(&offer.name), offer.description.as_str(), dialect::of(dialect, &offer.schema))
        })
    }

    /// Returns what the provider wants to see again with an answer, if that is one of its own.
    fn carried(&self, carried: &Value) -> Carried {
        Carried::read(carried, self.by)
    }

    /// Returns the name of the function that a call asked for.
    fn name_of(&self, id: &str) -> Option<&'a str> {
        let calls = self.request.question.messages.iter().rev().filter_map(|message| match message {
            Message::Assistant { calls, .. } => Some(calls),
            Message::User { .. } | Message::Tool { .. } => None,
        });
        calls.flatten().find(|call| call.id == id).map(|call| call.name.as_str())
    }
}

/// Returns the text of a message that has nothing else.
fn text_of(content: &[Part]) -> Option<&str> {
    match content {
        [] => Some(""),
        [Part::Text { text }] => Some(text),
        _ => None,
    }
}

/// Providers want an object, even where the model wrote none.
fn object(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        Value::Null => json!({}),
        other => json!({ "arguments": other }),
    }
}
