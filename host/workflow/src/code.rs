use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, Fault, Floats, Json};

/// A piece of code that an agent wrote, with all that it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The language, as in `python`.
    pub language: String,
    /// What tracebacks call it: a file name without a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The code.
    pub source: String,
    /// What its variable `input` holds.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub input: Json,
    /// The results of earlier effects of its run that its variable `input` holds as members of `results`: the name of each, with
    /// the key of its effect. They are in the journal already, and are not written there again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub results: BTreeMap<String, String>,
    /// The tools that it may call, by the names under which they are registered: these, and no others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Those of the tools whose every call needs an approval: the code waits for it, and goes on afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ask: Vec<String>,
    /// The session whose variables it sees and leaves behind. Without one, nothing was before it and nothing stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The files in its private directory, by their paths there, in base64. Absent, it has no directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<BTreeMap<String, String>>,
}

impl Code {
    /// Names a piece of code that is given nothing.
    pub fn new(language: &str, source: &str) -> Self {
        let (language, source) = (language.to_owned(), source.to_owned());
        let (input, results, tools, ask) = (Json::default(), BTreeMap::new(), Vec::new(), Vec::new());
        Self { language, name: None, source, input, results, tools, ask, session: None, files: None }
    }

    /// Gives it an input.
    #[must_use]
    pub fn input(self, input: Value) -> Self {
        Self { input: input.into(), ..self }
    }

    /// Lets it call these tools.
    #[must_use]
    pub fn tools<T: Into<String>>(self, tools: impl IntoIterator<Item = T>) -> Self {
        Self { tools: tools.into_iter().map(Into::into).collect(), ..self }
    }

    /// Asks a person before each call of these tools.
    #[must_use]
    pub fn ask<T: Into<String>>(self, tools: impl IntoIterator<Item = T>) -> Self {
        Self { ask: tools.into_iter().map(Into::into).collect(), ..self }
    }

    /// Returns the digest of the source alone.
    pub fn digest(&self) -> Digest {
        Digest::of(self.source.as_bytes())
    }
}

/// How a piece of code ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeOutcome {
    /// How it ended.
    #[serde(flatten)]
    pub ended: CodeEnd,
    /// What it wrote to its standard output.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdout: String,
    /// What it wrote to its standard error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
    /// The files that it left in its private directory, in base64: those that are new or changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// The fuel that it used itself, without that of the tools that it called. The same code with the same answers
    /// uses the same.
    #[serde(default)]
    pub fuel: u64,
    /// The time that it began at by its clock, in milliseconds since the Unix epoch, where it was given the real one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_ms: Option<u64>,
    /// What the bits of a NaN depended on where it ran.
    #[serde(default, skip_serializing_if = "Floats::is_portable")]
    pub floats: Floats,
}

impl CodeOutcome {
    /// Returns what it came to, as a model reads it: its value, or why it has none, and then what it wrote.
    pub fn text(&self) -> String {
        let came_to = match &self.ended {
            CodeEnd::Returned(value) => format!("value: {value}"),
            CodeEnd::Raised(exception) if exception.traceback.is_empty() => exception.to_string(),
            CodeEnd::Raised(exception) => exception.traceback.clone(),
            CodeEnd::Failed(fault) | CodeEnd::Unknown(fault) => fault.message.clone(),
        };
        // What it came to goes first, for what is written may be long, and is cut.
        let written = [("stdout", &self.stdout), ("stderr", &self.stderr)].into_iter();
        let written = written.filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("\n{name}:\n{text}"));
        std::iter::once(came_to).chain(written).collect()
    }

    /// Returns how much memory it takes, about. A fault and an exception are small.
    pub fn memory_bytes(&self) -> u64 {
        let value = if let CodeEnd::Returned(value) = &self.ended { value.text().len() } else { 0 };
        let files = self.files.values().map(String::len).sum::<usize>();
        (value + files + self.stdout.len() + self.stderr.len()) as u64
    }

    /// Returns what differs in the outcome of a second execution, if anything does. The machine may be another one.
    pub fn difference(&self, again: &Self) -> Option<&'static str> {
        let differs = [
            ("end", self.ended != again.ended),
            ("output", (&self.stdout, &self.stderr) != (&again.stdout, &again.stderr)),
            ("set of files", self.files != again.files),
            ("use of fuel", self.fuel != again.fuel),
        ];
        differs.into_iter().find_map(|(what, differs)| differs.then_some(what))
    }
}

/// How a piece of code ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeEnd {
    /// It has this value.
    Returned(Json),
    /// It raised an exception that it did not catch, or is not code of its language.
    Raised(Exception),
    /// It was stopped, or could not begin.
    Failed(Fault),
    /// It was stopped while a tool that it had called was at work, and it is not known whether that one has happened.
    Unknown(Fault),
}

impl CodeEnd {
    /// Returns why it was stopped, if it was. An exception is the code's own.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Returned(_) | Self::Raised(_) => None,
            Self::Failed(fault) | Self::Unknown(fault) => Some(fault),
        }
    }
}

/// An exception that code did not catch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Whether the code could not even begin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub syntax: bool,
    /// The language's name of it: `ValueError`, `SyntaxError`.
    pub name: String,
    /// What it says.
    pub message: String,
    /// The line of the code, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Where it came from, as the language writes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub traceback: String,
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, message, .. } = self;
        if message.is_empty() { f.write_str(name) } else { write!(f, "{name}: {message}") }
    }
}
