use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CodeEnd, CodeOutcome, Decision, Fault, ModelOutcome, Recalled, Remembered};

/// Something that happened, to which a workflow answers with its next state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The run began with this input.
    Started {
        /// The input, as it was given.
        input: Value,
    },
    /// A tool call ended.
    ToolReturned {
        /// The key of the effect.
        key: String,
        /// How it ended.
        #[serde(flatten)]
        outcome: ToolOutcome,
    },
    /// A piece of code ended.
    CodeFinished {
        /// The key of the effect.
        key: String,
        /// What it came to.
        #[serde(flatten)]
        outcome: CodeOutcome,
    },
    /// A model answered, or did not.
    ModelReplied {
        /// The key of the effect.
        key: String,
        /// How it ended.
        #[serde(flatten)]
        outcome: ModelOutcome,
    },
    /// Something was kept in the long-term memory, or was not.
    Remembered {
        /// The key of the effect.
        key: String,
        /// What became of it.
        #[serde(flatten)]
        outcome: Remembered,
    },
    /// The long-term memory was looked into.
    Recalled {
        /// The key of the effect.
        key: String,
        /// What was found.
        #[serde(flatten)]
        outcome: Recalled,
    },
    /// A person decided.
    Decided {
        /// The key of the request.
        key: String,
        /// What was decided, and by whom.
        decision: Decision,
    },
}

/// How a tool call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// It answered.
    Returned(Value),
    /// It failed; of kind [`Kind::Approval`](crate::Kind::Approval) only if it was never made.
    Failed(Fault),
    /// It may or may not have happened, and must not be repeated blindly.
    Unknown(Fault),
}

impl Event {
    /// Returns the key of the effect that this is the outcome of.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Started { .. } => None,
            Self::ToolReturned { key, .. }
            | Self::CodeFinished { key, .. }
            | Self::ModelReplied { key, .. }
            | Self::Remembered { key, .. }
            | Self::Recalled { key, .. }
            | Self::Decided { key, .. } => Some(key),
        }
    }

    /// Returns why the effect that this is the outcome of failed, if a fault says so. An exception of code is none.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::ToolReturned { outcome: ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault), .. }
            | Self::ModelReplied { outcome: ModelOutcome::Failed(fault), .. }
            | Self::Recalled { outcome: Recalled::Failed(fault), .. }
            | Self::Remembered { outcome: Remembered::Failed(fault), .. } => Some(fault),
            Self::CodeFinished { outcome, .. } => match &outcome.ended {
                CodeEnd::Failed(fault) | CodeEnd::Unknown(fault) => Some(fault),
                CodeEnd::Returned(_) | CodeEnd::Raised(_) => None,
            },
            _ => None,
        }
    }

    /// Returns the event as one of the effect of another key.
    #[must_use]
    pub fn with_key(mut self, new: &str) -> Self {
        match &mut self {
            Self::Started { .. } => {}
            Self::ToolReturned { key, .. }
            | Self::CodeFinished { key, .. }
            | Self::ModelReplied { key, .. }
            | Self::Remembered { key, .. }
            | Self::Recalled { key, .. }
            | Self::Decided { key, .. } => new.clone_into(key),
        }
        self
    }
}

/// The fault of an event that a state does not wait for.
pub(crate) fn stray(position: &str, event: &Event) -> Fault {
    let key = event.key().unwrap_or("started");
    Fault::invalid("event", format!("event \"{key}\" does not belong to state \"{position}\""))
}
