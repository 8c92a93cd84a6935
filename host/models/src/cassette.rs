use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockade_workflow::json::{self as bounded, Bounds};
use stockade_workflow::{Digest, Fault, Json, Kind, REDACTED, Reply, Scrubber};

use super::{Failure, Model, Request, Told};
use crate::Result;

/// A day's work of an agent; it is read into memory.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// What an error shows of a value.
const SHOWN_CHARS_MAX: usize = 120;
/// What an error shows of a difference: where it is, and two values.
const WHY_CHARS_MAX: usize = 600;
/// An error looks for the nearest among so many.
const COMPARED_MAX: usize = 1_000;
/// Names under which secrets travel, in lower case and without marks.
const SECRET_NAMES: [&str; 9] = [
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "apikey",
    "xapikey",
    "xgoogapikey",
    "password",
    "secret",
];

/// A cassette that is being recorded: a line of JSON for each question, with what became of it.
///
/// Secrets are not on it: neither the given ones, wherever they stand, nor what stands under a name like `authorization`.
pub struct Recording {
    name: String,
    file: Mutex<File>,
    scrubber: Scrubber,
}

/// A cassette that is played: equal questions get the recorded answers in the order in which they were recorded.
pub struct Replay {
    name: String,
    scrubber: Scrubber,
    recorded: Vec<Line>,
    /// For each question, which lines have it that were not played.
    left: Mutex<BTreeMap<Digest, Vec<usize>>>,
}

/// A model that is recorded.
pub struct Recorder {
    name: String,
    inner: Box<dyn Model>,
    recording: Arc<Recording>,
}

/// A model that is a recording.
pub struct Player {
    name: String,
    replay: Arc<Replay>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    digest: Digest,
    request: Json,
    /// An [`Outcome`], read when it is played.
    outcome: Json,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Replied(Reply),
    Failed {
        fault: Fault,
        #[serde(default)]
        retryable: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        #[serde(default)]
        tokens_in: u64,
        #[serde(default)]
        tokens_out: u64,
    },
}

impl Recording {
    /// Begins a cassette. `secrets` are the values that shall not be on it.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] where the file is there already, [`Kind::NotFound`] where its folder is not,
    /// [`Kind::Invalid`] where it cannot be made.
    pub fn create(file: &Path, secrets: Vec<String>) -> Result<Arc<Self>> {
        let name = file.display().to_string();
        // What models are asked is private to the user.
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        let opened = opened.map_err(|error| {
            let kind = Kind::of_file(&error);
            Fault::new(kind, format!("the cassette \"{name}\" cannot be recorded: {error}")).detail("cassette")
        })?;
        Ok(Arc::new(Self { name, file: Mutex::new(opened), scrubber: Scrubber::redacting(secrets) }))
    }

    fn write(&self, request: Value, outcome: Outcome) -> Result<()> {
        let mut outcome = serde_json::to_value(outcome).map_err(|error| self.broken(&error.to_string()))?;
        redact(&mut outcome, &self.scrubber);
        let line = json!({ "digest": Digest::of_json(&request), "request": request, "outcome": outcome });
        locked(&self.file).write_all(format!("{line}\n").as_bytes()).map_err(|error| self.broken(&error.to_string()))
    }

    fn broken(&self, why: &str) -> Fault {
        Fault::new(Kind::Journal, format!("the cassette \"{}\" cannot be written: {why}", self.name)).detail("cassette")
    }
}

impl Replay {
    /// Reads a cassette. `secrets` are the values that were left out when it was recorded.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where it is not there, [`Kind::Invalid`] where it is not a file, or with the line that does not
    /// belong to a cassette.
    pub fn load(file: &Path, secrets: Vec<String>) -> Result<Arc<Self>> {
        let name = file.display().to_string();
        let fault = |kind, why: String| {
            Fault::new(kind, format!("the cassette \"{name}\" cannot be played: {why}")).detail("cassette")
        };
        let unopened = |error: std::io::Error| fault(Kind::of_file(&error), error.to_string());
        let opened = stockade_system::file::open(file).map_err(unopened)?;
        let length = opened.metadata().map_err(|error| fault(Kind::NotFound, error.to_string()))?.len();
        if length > FILE_BYTES_MAX {
            return Err(fault(Kind::Invalid, format!("it has {length} bytes and {FILE_BYTES_MAX} are allowed")));
        }
        let mut recorded = Vec::new();
        for (line, number) in BufReader::new(opened.take(FILE_BYTES_MAX)).lines().zip(1..) {
            let line = line.map_err(|error| fault(Kind::NotFound, error.to_string()))?;
            let wrong = |refused: Fault| fault(Kind::Invalid, format!("line {number}: {}", refused.message));
            let line: Line = bounded::read(&line, &Bounds::OWN).map_err(wrong)?;
            line.outcome().map_err(wrong)?;
            recorded.push(line);
        }
        let mut left = BTreeMap::<_, Vec<_>>::new();
        for (index, line) in recorded.iter().enumerate().rev() {
            left.entry(line.digest.clone()).or_default().push(index);
        }
        Ok(Arc::new(Self { name, scrubber: Scrubber::redacting(secrets), recorded, left: Mutex::new(left) }))
    }

    fn next(&self, request: &Value) -> Result<Outcome, Failure> {
        let next = locked(&self.left).get_mut(&Digest::of_json(request)).and_then(Vec::pop);
        let line = next.and_then(|index| self.recorded.get(index));
        Ok(line.ok_or_else(|| self.missing(request))?.outcome()?)
    }

    fn missing(&self, request: &Value) -> Failure {
        let differing = |line: &Line| (differences(request, &line.request.value()), line.request.clone());
        let nearest = self.recorded.iter().take(COMPARED_MAX).map(differing).min_by_key(|(count, _)| *count);
        let why = match nearest {
            None => "it is empty".to_owned(),
            Some((0, _)) => "it has this question, but not once more".to_owned(),
            Some((_, nearest)) => first_difference(request, &nearest.value(), "").unwrap_or_default(),
        };
        // A path has names in it that a model made up.
        let why: String = why.chars().take(WHY_CHARS_MAX).collect();
        Failure::new(
            "unavailable",
            format!("the cassette \"{}\" has no answer to this question: {why}; record it again", self.name),
        )
    }
}

impl Line {
    fn outcome(&self) -> Result<Outcome> {
        bounded::read(self.outcome.text(), &Bounds::OWN)
    }
}

impl Recorder {
    /// Records a model, under its name.
    pub fn new(name: &str, inner: Box<dyn Model>, recording: Arc<Recording>) -> Self {
        Self { name: name.to_owned(), inner, recording }
    }
}

#[async_trait]
impl Model for Recorder {
    async fn ask(&self, request: &Request<'_>, told: &Told<'_>) -> Result<Reply, Failure> {
        let asked = self.inner.ask(request, told).await;
        self.recording.write(canonical(&self.name, request, &self.recording.scrubber), Outcome::from(&asked))?;
        asked
    }
}

impl Player {
    /// Plays what was recorded of the model of this name.
    pub fn new(name: &str, replay: Arc<Replay>) -> Self {
        Self { name: name.to_owned(), replay }
    }
}

#[async_trait]
impl Model for Player {
    async fn ask(&self, request: &Request<'_>, told: &Told<'_>) -> Result<Reply, Failure> {
        match self.replay.next(&canonical(&self.name, request, &self.replay.scrubber))? {
            Outcome::Replied(reply) => {
                told(&reply.text);
                Ok(reply)
            }
            Outcome::Failed { fault, retryable, retry_after_ms, tokens_in, tokens_out } => Err(Failure {
                fault: Box::new(fault),
                is_retryable: retryable,
                retry_after: retry_after_ms.map(Duration::from_millis),
                tokens_in,
                tokens_out,
            }),
        }
    }
}

impl From<&Result<Reply, Failure>> for Outcome {
    fn from(asked: &Result<Reply, Failure>) -> Self {
        match asked {
            Ok(reply) => Self::Replied(reply.clone()),
            Err(failure) => Self::Failed {
                fault: (*failure.fault).clone(),
                retryable: failure.is_retryable,
                retry_after_ms: failure.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
                tokens_in: failure.tokens_in,
                tokens_out: failure.tokens_out,
            },
        }
    }
}

/// What makes two questions the same. The key of the effect does not: a workflow that counts differently asks the same.
fn canonical(name: &str, request: &Request<'_>, scrubber: &Scrubber) -> Value {
    let Request { question, functions, tokens_max, key: _ } = request;
    let mut canonical = json!({
        "model": name,
        "system": question.system,
        "messages": question.messages,
        "functions": functions,
        "schema": question.schema,
        "tokens_max": tokens_max,
    });
    redact(&mut canonical, scrubber);
    canonical
}

/// Puts a mark in place of secrets in every text and name of a value, and of what stands under a name for secrets.
fn redact(value: &mut Value, scrubber: &Scrubber) {
    scrubber.value(value);
    redact_named(value);
}

fn redact_named(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact_named),
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| match member {
            Value::String(said) if is_secret(name) => REDACTED.clone_into(said),
            member => redact_named(member),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    SECRET_NAMES.contains(&plain.to_ascii_lowercase().as_str())
}

/// Counts the values that differ.
fn differences(one: &Value, other: &Value) -> usize {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let same = |name: &String, value| other.get(name).map_or(1, |other| differences(value, other));
            let gone = other.keys().filter(|name| !one.contains_key(*name)).count();
            one.iter().map(|(name, value)| same(name, value)).sum::<usize>() + gone
        }
        (Value::Array(one), Value::Array(other)) => {
            let differing = one.iter().zip(other).map(|(one, other)| differences(one, other)).sum::<usize>();
            differing + one.len().abs_diff(other.len())
        }
        (one, other) => usize::from(one != other),
    }
}

/// Says where two values differ first.
fn first_difference(one: &Value, other: &Value, path: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<_> = one.keys().chain(other.keys()).collect();
            names.sort();
            let at = |name: &String, of: &serde_json::Map<_, _>| of.get(name).cloned().unwrap_or_default();
            let mut found = names.into_iter();
            found.find_map(|name| first_difference(&at(name, one), &at(name, other), &format!("{path}/{name}")))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).zip(0..);
            pairs.find_map(|((one, other), index): (_, u32)| first_difference(one, other, &format!("{path}/{index}")))
        }
        (Value::Array(one), Value::Array(other)) => {
            Some(format!("the nearest has {} of \"{path}\", and this has {}", other.len(), one.len()))
        }
        (one, other) if one == other => None,
        (one, other) => Some(format!("the nearest has {} at \"{path}\", and this has {}", shown(other), shown(one))),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() { shown + "…" } else { shown }
}

/// A thread that panicked with it left it whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_in_texts_and_under_their_names() {
        let mut found =
            json!({"a": ["say sk-12345678!"], "sk-12345678": 2, "X-Api-Key": "short", "b": {"password": "x", "n": 1}});
        redact(&mut found, &Scrubber::redacting(["sk-12345678".to_owned()]));
        let expected = json!({
            "a": ["say [redacted]!"], "[redacted]": 2, "X-Api-Key": REDACTED, "b": {"password": REDACTED, "n": 1},
        });
        assert_eq!(found, expected);
    }
}
