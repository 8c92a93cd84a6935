//! What undoes what a run has done, where the run fails or is stopped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CodeEnd, EffectOutcome, Fault, ToolCall, ToolOutcome};

/// What undoes an effect: a call of a tool. The host makes it where the run fails or is stopped after the effect has happened,
/// or may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The call.
    #[serde(flatten)]
    pub call: ToolCall,
    /// The arguments that are taken from the outcome of the effect: their names, each with the JSON Pointer of its value there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub from_outcome: BTreeMap<String, String>,
    /// Why a person is asked before the call is made; absent where no person is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What came of an effect that was to be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The key of the effect that was undone.
    pub key: String,
    /// The call that was made, or was to be.
    #[serde(flatten)]
    pub call: ToolCall,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: ToolOutcome,
}

/// An effect that has happened, or may have, and what undoes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) key: String,
    pub(crate) call: ToolCall,
    /// The argument that the call lacks, as the outcome of the effect does not have it.
    pub(crate) lacks: Option<String>,
    pub(crate) reason: Option<String>,
}

impl Undo {
    /// Undoes by this call.
    pub fn by(call: ToolCall) -> Self {
        Self { call, from_outcome: BTreeMap::new(), reason: None }
    }

    /// Takes an argument of the call from the outcome of the effect, where this JSON Pointer leads.
    #[must_use]
    pub fn with(mut self, argument: &str, pointer: &str) -> Self {
        self.from_outcome.insert(argument.to_owned(), pointer.to_owned());
        self
    }

    /// Asks a person before the call is made.
    #[must_use]
    pub fn asking(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// Returns the call that undoes an effect with this outcome; it lacks what is not there.
    pub(crate) fn of(&self, key: &str, outcome: Option<&EffectOutcome>) -> Done {
        let value = outcome.and_then(value);
        let mut arguments = self.call.arguments.value();
        let mut lacks = None;
        for (name, pointer) in &self.from_outcome {
            let found = value.as_ref().and_then(|value| value.pointer(pointer)).cloned();
            match (arguments.as_object_mut(), found) {
                (Some(arguments), Some(found)) => drop(arguments.insert(name.clone(), found)),
                (Some(_) | None, _) => lacks = Some(name.clone()),
            }
        }
        let call = ToolCall { arguments: arguments.into(), ..self.call.clone() };
        Done { key: key.to_owned(), call, lacks, reason: self.reason.clone() }
    }
}

impl Done {
    /// The record of an effect that is not undone, because its call is not made.
    pub(crate) fn not_undone(self, fault: Fault) -> Undone {
        Undone { key: self.key, call: self.call, outcome: ToolOutcome::Failed(fault) }
    }
}

/// Returns whether an effect has happened that ended so, or may have.
pub(crate) fn may_have_happened(outcome: &EffectOutcome) -> bool {
    match outcome {
        EffectOutcome::ToolReturned(ToolOutcome::Returned(_) | ToolOutcome::Unknown(_)) => true,
        EffectOutcome::ToolReturned(ToolOutcome::Failed(_)) => false,
        // Whatever it has called before it ended.
        EffectOutcome::CodeFinished(_) => true,
        EffectOutcome::ModelReplied(_)
        | EffectOutcome::Remembered(_)
        | EffectOutcome::Recalled(_)
        | EffectOutcome::ResultRead(_)
        | EffectOutcome::Decided { .. }
        | EffectOutcome::Waited(_)
        | EffectOutcome::RunsEnded(_) => outcome.fault().is_none(),
    }
}

fn value(outcome: &EffectOutcome) -> Option<Value> {
    match outcome {
        EffectOutcome::ToolReturned(ToolOutcome::Returned(value)) => Some(value.value()),
        EffectOutcome::CodeFinished(outcome) => match &outcome.ended {
            CodeEnd::Returned(value) => Some(value.value()),
            CodeEnd::Raised(_) | CodeEnd::Failed(_) | CodeEnd::Unknown(_) => None,
        },
        EffectOutcome::RunsEnded(outcome) => Some(outcome.value()),
        EffectOutcome::ToolReturned(ToolOutcome::Failed(_) | ToolOutcome::Unknown(_))
        | EffectOutcome::ModelReplied(_)
        | EffectOutcome::Remembered(_)
        | EffectOutcome::Recalled(_)
        | EffectOutcome::ResultRead(_)
        | EffectOutcome::Decided { .. }
        | EffectOutcome::Waited(_) => None,
    }
}
