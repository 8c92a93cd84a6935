//! Models of Stockade: who answers the questions of workflows.
//!
//! A [`Model`] is asked once and answers or fails; it is believed in nothing. [`Models`] are those of a host by name: they
//! keep an asking within what was reserved for it, try again where that may help, and settle what was used.
//!
//! ```text
//! Models ──► Named ──► Model ◄── Provider   (a format for each, behind a guard)
//!   retries, budget      ▲ ◄──── Scripted   (answers from a file)
//!                        └ ◄──── Recorder, Player   (a cassette over any of them)
//! ```

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod asking;
mod cassette;
mod estimate;
mod models;
mod named;
mod price;
#[cfg(feature = "providers")]
mod provider;
mod scripted;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use stockade_workflow::{Fault, Kind, ModelOutcome, Question, Reply, ToolDefinition, Usage};

pub use cassette::{Player, Recorder, Recording, Replay};
pub use models::Models;
pub use named::{Named, Settings};
pub use price::{Price, WRITTEN};
#[cfg(feature = "providers")]
pub use provider::{Effort, Limits, Provider, Service};
pub use scripted::Scripted;

/// What every fallible function of this crate returns.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// A question as a provider gets it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is asked.
    pub question: &'a Question,
    /// The functions that the model may ask for, written out, by their dotted names. They stand for the question's
    /// `tools`, `code` and `functions`.
    pub functions: &'a [ToolDefinition],
    /// The most tokens of the answer.
    pub tokens_max: u32,
    /// The key of the effect, by which a script can tell questions apart.
    pub key: &'a str,
}

/// On what terms a question is asked.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What it may use.
    pub reserved: Usage,
    /// Decides how long the waits between attempts are.
    pub seed: u64,
    /// The models that are not asked now, by name, each with why.
    pub barred: &'a BTreeMap<String, Fault>,
}

/// What came of a question.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The answer, or why there is none.
    pub outcome: ModelOutcome,
    /// What was used.
    pub used: Usage,
    /// How long the provider wants to be left alone, where there is no answer and that is longer than an asking waits.
    pub retry_after: Option<Duration>,
    /// The models that were asked, in order.
    pub tried: Vec<Tried>,
}

/// A model that was asked, with all its attempts.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Its name.
    pub model: String,
    /// Why it did not answer, where that may pass; absent where it answered.
    pub fault: Option<Fault>,
}

/// Gets the pieces of an answer's text as they come.
pub type Told<'a> = dyn Fn(&str) + Send + Sync + 'a;

/// Another attempt at a question, before the wait for it.
#[derive(Clone, Copy, Debug)]
pub struct Retry<'a> {
    /// The name of the model that is asked again.
    pub model: &'a str,
    /// Which attempt comes next, from 2.
    pub attempt: u32,
    /// How many attempts the model may have.
    pub attempts_max: u32,
    /// How long the host waits before it.
    pub wait: Duration,
    /// Why the attempt before it failed.
    pub fault: &'a Fault,
}

/// Is told of each attempt after the first one.
pub type Retrying<'a> = dyn Fn(&Retry<'_>) + Send + Sync + 'a;

/// Who answers questions.
#[async_trait]
pub trait Model: Send + Sync {
    /// Asks once. `told` gets the pieces of the text as they come; they may differ from the reply, which alone counts.
    ///
    /// # Errors
    ///
    /// There is no answer.
    async fn ask(&self, request: &Request<'_>, told: &Told<'_>) -> Result<Reply, Failure>;
}

/// Why a model did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong; boxed, for results that carry a failure are passed around a lot.
    pub fault: Box<Fault>,
    /// Whether the same question may be answered a little later.
    pub is_retryable: bool,
    /// How long to wait until then, where the provider says.
    pub retry_after: Option<Duration>,
    /// Tokens of the question that were likely used.
    pub tokens_in: u64,
    /// Tokens of an answer that were likely used.
    pub tokens_out: u64,
}

impl Failure {
    /// Creates a failure that trying again does not mend; `detail` is one of those of [`Kind::Model`].
    pub fn new(detail: &str, message: impl Into<String>) -> Self {
        Fault::new(Kind::Model, message).detail(detail).into()
    }

    /// Says that the same question may be answered a little later.
    #[must_use]
    pub fn retryable(self) -> Self {
        Self { is_retryable: true, ..self }
    }

    /// Says what was likely used, where it is more than was known.
    fn with_tokens(self, tokens_in: u64, tokens_out: u64) -> Self {
        Self { tokens_in: self.tokens_in.max(tokens_in), tokens_out: self.tokens_out.max(tokens_out), ..self }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { fault: Box::new(fault), is_retryable: false, retry_after: None, tokens_in: 0, tokens_out: 0 }
    }
}
