use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    CodeEnd, CodeOutcome, Decision, Fault, Json, ModelOutcome, Recalled, Remembered, ResultRead, RunsEnded,
    ToolOutcome, Waited,
};

/// How an effect ended: one kind for each [`EffectKind`](crate::EffectKind).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EffectOutcome {
    /// A tool call ended.
    ToolReturned(ToolOutcome),
    /// A piece of code ended.
    CodeFinished(CodeOutcome),
    /// A model answered, or did not.
    ModelReplied(ModelOutcome),
    /// Something was kept in the long-term memory, or was not.
    Remembered(Remembered),
    /// The long-term memory was looked into.
    Recalled(Recalled),
    /// A part of a result was read, or was not.
    ResultRead(ResultRead),
    /// A person decided.
    Decided {
        /// What was decided, and by whom.
        decision: Decision,
    },
    /// A wait ended: the time came, or the signal, or the deadline of a question to a person.
    Waited(Waited),
    /// The runs ended that the effect has started, or its deadline came first.
    RunsEnded(RunsEnded),
}

impl EffectOutcome {
    /// Returns whether a wait ended so, for a person, a time, a signal or other runs: nothing was performed for it.
    pub fn ends_wait(&self) -> bool {
        match self {
            Self::Decided { .. } | Self::Waited(_) | Self::RunsEnded(_) => true,
            Self::ToolReturned(_)
            | Self::CodeFinished(_)
            | Self::ModelReplied(_)
            | Self::Remembered(_)
            | Self::Recalled(_)
            | Self::ResultRead(_) => false,
        }
    }

    /// Returns why the effect failed, if a fault says so. An exception of code is not a fault.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::ToolReturned(outcome) => outcome.fault(),
            Self::CodeFinished(outcome) => outcome.ended.fault(),
            Self::ModelReplied(outcome) => outcome.fault(),
            Self::Remembered(outcome) => outcome.fault(),
            Self::Recalled(outcome) => outcome.fault(),
            Self::ResultRead(outcome) => outcome.fault(),
            Self::Decided { .. } => None,
            Self::Waited(outcome) => outcome.fault(),
            Self::RunsEnded(outcome) => outcome.fault(),
        }
    }

    /// Returns how much memory what came from outside with it takes, about. A fault is small, and so is what a person says.
    pub fn memory_bytes(&self) -> u64 {
        match self {
            Self::ToolReturned(outcome) => outcome.memory_bytes(),
            Self::CodeFinished(outcome) => outcome.memory_bytes(),
            Self::ModelReplied(outcome) => outcome.memory_bytes(),
            Self::Recalled(outcome) => outcome.memory_bytes(),
            Self::ResultRead(outcome) => outcome.memory_bytes(),
            Self::Waited(outcome) => outcome.memory_bytes(),
            Self::RunsEnded(outcome) => outcome.memory_bytes(),
            Self::Remembered(_) | Self::Decided { .. } => 0,
        }
    }

    /// Returns the result as a model reads it: of a tool its answer, text as it is and anything else as JSON; of code, what it
    /// came to. Nothing else is a result.
    pub fn result_text(&self) -> Option<String> {
        match self {
            Self::ToolReturned(ToolOutcome::Returned(value)) => {
                Some(value.string().unwrap_or_else(|| value.to_string()))
            }
            Self::CodeFinished(outcome) => Some(outcome.text()),
            Self::ToolReturned(ToolOutcome::Failed(_) | ToolOutcome::Unknown(_))
            | Self::ModelReplied(_)
            | Self::Remembered(_)
            | Self::Recalled(_)
            | Self::ResultRead(_)
            | Self::Decided { .. }
            | Self::Waited(_)
            | Self::RunsEnded(_) => None,
        }
    }

    /// Returns the result as code takes it: the answer of a tool, the value of code; of code that has none, what it came to.
    pub fn result_value(&self) -> Option<Json> {
        if let Self::ToolReturned(ToolOutcome::Returned(value))
        | Self::CodeFinished(CodeOutcome { ended: CodeEnd::Returned(value), .. }) = self
        {
            return Some(value.clone());
        }
        self.result_text().map(|text| Value::from(text).into())
    }
}

impl From<ToolOutcome> for EffectOutcome {
    fn from(outcome: ToolOutcome) -> Self {
        Self::ToolReturned(outcome)
    }
}

impl From<CodeOutcome> for EffectOutcome {
    fn from(outcome: CodeOutcome) -> Self {
        Self::CodeFinished(outcome)
    }
}

impl From<ModelOutcome> for EffectOutcome {
    fn from(outcome: ModelOutcome) -> Self {
        Self::ModelReplied(outcome)
    }
}

impl From<Remembered> for EffectOutcome {
    fn from(outcome: Remembered) -> Self {
        Self::Remembered(outcome)
    }
}

impl From<Recalled> for EffectOutcome {
    fn from(outcome: Recalled) -> Self {
        Self::Recalled(outcome)
    }
}

impl From<ResultRead> for EffectOutcome {
    fn from(outcome: ResultRead) -> Self {
        Self::ResultRead(outcome)
    }
}

impl From<Waited> for EffectOutcome {
    fn from(outcome: Waited) -> Self {
        Self::Waited(outcome)
    }
}

impl From<RunsEnded> for EffectOutcome {
    fn from(outcome: RunsEnded) -> Self {
        Self::RunsEnded(outcome)
    }
}

impl From<Decision> for EffectOutcome {
    fn from(decision: Decision) -> Self {
        Self::Decided { decision }
    }
}
