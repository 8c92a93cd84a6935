use serde::{Deserialize, Serialize};

use crate::{EffectOutcome, Fault, Json};

/// Something that happened, to which a workflow answers with its next state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most events are ends of effects, and an end is the large one")]
pub enum Event {
    /// The run began with this input.
    Started {
        /// The input, as it was given.
        input: Json,
    },
    /// An effect ended. Written down, the kind of its outcome is the event's name.
    #[serde(untagged)]
    Ended {
        /// The key of the effect.
        key: String,
        /// How it ended.
        #[serde(flatten)]
        outcome: EffectOutcome,
    },
}

impl Event {
    /// The effect of this key ended so.
    pub fn ended(key: &str, outcome: impl Into<EffectOutcome>) -> Self {
        Self::Ended { key: key.to_owned(), outcome: outcome.into() }
    }

    /// Returns the key of the effect that this is the outcome of.
    pub fn key(&self) -> Option<&str> {
        self.outcome().map(|(key, _)| key)
    }

    /// Returns how an effect ended, with its key.
    pub fn outcome(&self) -> Option<(&str, &EffectOutcome)> {
        match self {
            Self::Started { .. } => None,
            Self::Ended { key, outcome } => Some((key, outcome)),
        }
    }

    /// Returns why the effect that this is the outcome of failed, if a fault says so. An exception of code is not a fault.
    pub fn fault(&self) -> Option<&Fault> {
        self.outcome().and_then(|(_, outcome)| outcome.fault())
    }

    /// Returns how much memory what came from outside with it takes, about.
    pub fn memory_bytes(&self) -> u64 {
        match self {
            Self::Started { input } => input.text().len() as u64,
            Self::Ended { outcome, .. } => outcome.memory_bytes(),
        }
    }

    /// Returns the event as one of the effect of another key.
    #[must_use]
    pub fn with_key(self, key: &str) -> Self {
        match self {
            Self::Started { .. } => self,
            Self::Ended { outcome, .. } => Self::ended(key, outcome),
        }
    }
}

/// The fault of an event that a state does not wait for.
pub fn stray(position: &str, event: &Event) -> Fault {
    let key = event.key().unwrap_or("started");
    Fault::invalid("event", format!("event \"{key}\" does not belong to state \"{position}\""))
}
