use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use stockade_workflow::{Digest, Fault, FinishReason, Kind, Message, ModelCall, Part, Question, Reply};

use super::{Failure, Model, Request, Told, estimate};
use crate::Result;

/// A script is written by hand; this is a book.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// What an error shows of a message.
const SHOWN_CHARS_MAX: usize = 200;
/// How many failures of a script are told apart; a script that fails more often begins anew.
const FAILED_MAX: usize = 10_000;

/// A model that answers from a file: for tests, examples and demonstrations, and to write a workflow before there is a key.
///
/// The file is TOML, a list of answers. The first that fits is given:
///
/// ```toml
/// [[answer]]
/// when = { contains = "refund", key = "plan*", turn = 1, schema = false }
/// reply = { calls = [{ name = "payments.refund", arguments = { cents = 500 } }] }
///
/// [[answer]]
/// reply = { text = "It is done." }
/// repeat = true
/// ```
///
/// `when` may leave out anything: `contains` is in the last message or the system prompt, `key` fits the key of the effect
/// (`*` stands for anything), `turn` is which question of its conversation it is, and `schema` says whether it has one.
/// `reply` has `text` or `json`, `calls`, `reasoning` and `stop`, or else `fail`, a detail of a fault of kind `model`.
///
/// An answer is given once in a conversation unless it says `repeat`. Nothing is kept for that: what the conversation has
/// of the assistant was given, so that a host that was killed answers as it would have. A `fail` leaves no trace in a
/// conversation; that one question got it is forgotten when the host ends, and then it fails once more.
pub struct Scripted {
    file: String,
    answers: Vec<Answer>,
    /// Which questions got which failures.
    failed: Mutex<BTreeSet<(usize, Digest)>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default)]
    answer: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default)]
    when: When,
    reply: Scene,
    #[serde(default)]
    repeat: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct When {
    contains: Option<String>,
    key: Option<String>,
    turn: Option<usize>,
    schema: Option<bool>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Scene {
    text: Option<String>,
    json: Option<Value>,
    reasoning: String,
    calls: Vec<Call>,
    stop: Option<FinishReason>,
    fail: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    name: String,
    #[serde(default)]
    arguments: BTreeMap<String, Value>,
}

/// What a failure can be.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Detail {
    RateLimit,
    Timeout,
    Auth,
    Unavailable,
    Malformed,
    TooLarge,
    Refused,
    Length,
    Schema,
}

impl Scripted {
    /// Reads a script.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where the file is not there, [`Kind::Invalid`] where it is not a script.
    pub fn load(file: &Path) -> Result<Self> {
        let name = file.display().to_string();
        let text = stockade_system::file::read_text(file, FILE_BYTES_MAX).map_err(|error| {
            let message = format!("the script \"{name}\" cannot be read: {error}");
            Fault::new(Kind::of_file(&error), message).detail("script")
        })?;
        Self::parse(name, &text)
    }

    /// Reads a script's text; `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`], with the place.
    pub fn parse(name: impl Into<String>, text: &str) -> Result<Self> {
        let file = name.into();
        let invalid = |why: String| Fault::invalid("script", format!("\"{file}\" is not a script: {why}"));
        let script: Script = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        for (index, answer) in script.answer.iter().enumerate() {
            answer.reply.check().map_err(|why| invalid(format!("answer {}: {why}", index + 1)))?;
        }
        Ok(Self { file, answers: script.answer, failed: Mutex::default() })
    }

    fn answer(&self, request: &Request<'_>) -> Option<(usize, &Answer)> {
        let given = self.given(request.question);
        let is_left = |(index, answer): &(usize, &Answer)| answer.repeat || !given.contains(index);
        let mut fitting = self.answers.iter().enumerate().filter(is_left);
        fitting.find(|(index, answer)| answer.when.fits(request) && !self.has_failed(*index, answer, request))
    }

    /// The answers that a conversation has already.
    fn given(&self, question: &Question) -> BTreeSet<usize> {
        let mut given = BTreeSet::new();
        for message in &question.messages {
            let is_this = |(index, answer): &(usize, &Answer)| !given.contains(index) && answer.reply.is(message);
            // One that repeats may stand there as often as it likes.
            let found = self.answers.iter().enumerate().find(is_this);
            given.extend(found.filter(|(_, answer)| !answer.repeat).map(|(index, _)| index));
        }
        given
    }

    /// Whether this question got this failure already; from now on it did.
    fn has_failed(&self, index: usize, answer: &Answer, request: &Request<'_>) -> bool {
        if answer.reply.fail.is_none() || answer.repeat {
            return false;
        }
        // A thread that panicked with it left a whole set.
        let mut failed = self.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if failed.len() >= FAILED_MAX {
            failed.clear();
        }
        !failed.insert((index, Digest::of_json(&(request.key, request.question))))
    }

    fn nothing(&self, request: &Request<'_>) -> Failure {
        let last = shown(&last(request.question));
        let message = format!(
            "the script \"{}\" has no answer left for question {} of effect \"{}\", whose last message is \"{last}\"; an \
             [[answer]] that fits adds one",
            self.file,
            turn(request.question),
            request.key,
        );
        Failure::new("unavailable", message)
    }
}

#[async_trait]
impl Model for Scripted {
    async fn ask(&self, request: &Request<'_>, told: &Told<'_>) -> Result<Reply, Failure> {
        let (_, answer) = self.answer(request).ok_or_else(|| self.nothing(request))?;
        let mut reply = answer.reply.reply(turn(request.question), &self.file)?;
        reply.tokens_in = estimate::question(request);
        if !reply.text.is_empty() {
            told(&reply.text);
        }
        Ok(reply)
    }
}

impl When {
    fn fits(&self, request: &Request<'_>) -> bool {
        let question = request.question;
        let is_in = |text: &String| question.system.contains(text) || last(question).contains(text);
        self.contains.as_ref().is_none_or(is_in)
            && self.key.as_ref().is_none_or(|key| is_like(key, request.key))
            && self.turn.is_none_or(|wanted| wanted == turn(question))
            && self.schema.is_none_or(|wanted| wanted == question.schema.is_some())
    }
}

impl Scene {
    fn check(&self) -> Result<(), &'static str> {
        let answers = self.text.is_some() || self.json.is_some() || !self.calls.is_empty() || self.stop.is_some();
        match (answers, self.fail.is_some(), self.text.is_some() && self.json.is_some()) {
            (false, false, _) => Err("its reply is empty; write text, json, calls, stop or fail"),
            (true, true, _) => Err("its reply answers and fails; write one of them"),
            (_, _, true) => Err("its reply has text and json; write one of them"),
            _ => Ok(()),
        }
    }

    fn text(&self) -> String {
        let json = self.json.as_ref().map(Value::to_string);
        self.text.clone().or(json).unwrap_or_default()
    }

    /// Whether a message of a conversation is this one.
    fn is(&self, message: &Message) -> bool {
        let Message::Assistant { text, calls, .. } = message else { return false };
        let is_same =
            |(mine, found): (&Call, &ModelCall)| mine.name == found.name && mine.arguments() == found.arguments;
        self.fail.is_none()
            && *text == self.text()
            && self.calls.len() == calls.len()
            && self.calls.iter().zip(calls).all(is_same)
    }

    fn reply(&self, turn: usize, file: &str) -> Result<Reply, Failure> {
        if let Some(detail) = self.fail {
            return Err(detail.failure(file));
        }
        let calls = self.calls.iter().zip(1..);
        let calls: Vec<_> = calls.map(|(call, nth)| call.call(format!("call_{turn}_{nth}"))).collect();
        let default = if calls.is_empty() { FinishReason::Ended } else { FinishReason::Called };
        let text = self.text();
        let said = calls.iter().map(|call| estimate::text(&call.arguments.to_string())).fold(0, u64::saturating_add);
        let tokens_out = estimate::text(&text).saturating_add(estimate::text(&self.reasoning)).saturating_add(said);
        let (reasoning, stop) = (self.reasoning.clone(), self.stop.unwrap_or(default));
        Ok(Reply { text, reasoning, calls, stop, model: "scripted".to_owned(), tokens_out, ..Reply::default() })
    }
}

impl Call {
    fn arguments(&self) -> Value {
        self.arguments.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn call(&self, id: String) -> ModelCall {
        ModelCall { id, name: self.name.clone(), arguments: self.arguments() }
    }
}

impl Detail {
    fn failure(self, file: &str) -> Failure {
        let (name, is_retryable) = match self {
            Self::RateLimit => ("rate_limit", true),
            Self::Timeout => ("timeout", true),
            Self::Unavailable => ("unavailable", true),
            Self::Auth => ("auth", false),
            Self::Malformed => ("malformed", false),
            Self::TooLarge => ("too_large", false),
            Self::Refused => ("refused", false),
            Self::Length => ("length", false),
            Self::Schema => ("schema", false),
        };
        Failure { is_retryable, ..Failure::new(name, format!("the script \"{file}\" fails here with {name}")) }
    }
}

/// Which question of its conversation it is, from one.
fn turn(question: &Question) -> usize {
    question.messages.iter().filter(|message| matches!(message, Message::Assistant { .. })).count() + 1
}

fn last(question: &Question) -> String {
    match question.messages.last() {
        Some(Message::User { content }) => {
            let texts = content.iter().filter_map(|part| match part {
                Part::Text { text } => Some(text.as_str()),
                Part::Image { .. } => None,
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        Some(Message::Assistant { text: content, .. } | Message::Tool { content, .. }) => content.clone(),
        None => String::new(),
    }
}

fn shown(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() { shown + "…" } else { shown }
}

/// Whether a text is like a pattern, in which `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<_> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some((_, after)) = text.split_once(piece) else { return false };
        text = after;
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, fits) in [
            ("plan", "plan", true),
            ("plan", "plan/1", false),
            ("plan*", "plan/1", true),
            ("*/ask", "a/b/ask", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("**", "x", true),
        ] {
            assert_eq!(is_like(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_no_script_is_refused_with_its_place() {
        for (text, says) in [
            ("[[answer]]\nreply = {}", "answer 1: its reply is empty"),
            ("[[answer]]\nreply = { text = \"a\", fail = \"auth\" }", "answers and fails"),
            ("[[answer]]\nreply = { text = \"a\", json = 1 }", "text and json"),
            ("[[answer]]\nreply = { fail = \"tired\" }", "unknown variant `tired`, expected one of `rate_limit`"),
            ("[[answer]]\nreply = { txt = \"a\" }", "unknown field `txt`, expected one of `text`"),
            ("[[answer]]\nwhen = { has = \"a\" }\nreply = { text = \"a\" }", "unknown field `has`"),
            ("[[answers]]\nreply = { text = \"a\" }", "unknown field `answers`"),
        ] {
            let fault = Scripted::parse("s.toml", text).err().unwrap();
            assert!(fault.message.contains(says), "{text}: {fault}");
            assert!(fault.message.contains("\"s.toml\" is not a script"), "{fault}");
        }
    }
}
