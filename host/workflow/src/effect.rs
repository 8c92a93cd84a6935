use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Code, Digest, Note, Query, Question};

/// Something that a workflow wants done. Only the host does it.
///
/// Each has a key that the workflow chooses, unique in its run: `run-id/key` is what a tool sees as its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Call a tool.
    CallTool {
        /// The effect's key.
        key: String,
        /// What to call, with what.
        #[serde(flatten)]
        call: ToolCall,
        /// The key of the approval that this call needs, and uses up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<String>,
    },
    /// Run code that an agent wrote.
    RunCode {
        /// The effect's key.
        key: String,
        /// The code, and what it is given.
        #[serde(flatten)]
        code: Code,
    },
    /// Ask a model.
    AskModel {
        /// The effect's key.
        key: String,
        /// What it is asked.
        #[serde(flatten)]
        question: Question,
    },
    /// Keep something in the long-term memory.
    Remember {
        /// The effect's key.
        key: String,
        /// What is kept.
        #[serde(flatten)]
        note: Note,
    },
    /// Look into the long-term memory.
    Recall {
        /// The effect's key.
        key: String,
        /// What is looked for.
        #[serde(flatten)]
        query: Query,
    },
    /// Ask a person whether a call may be made.
    RequestApproval {
        /// The effect's key, by which the decision comes back.
        key: String,
        /// One line that says why a person is asked.
        reason: String,
        /// The exact call that is asked for.
        #[serde(flatten)]
        call: ToolCall,
    },
}

/// A tool, one of its functions, and the arguments by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The name under which the tool is registered.
    pub tool: String,
    /// The function, in `snake_case`.
    pub function: String,
    /// The arguments: a JSON object.
    pub arguments: Value,
}

impl Effect {
    /// Wants a tool called.
    pub fn call(key: &str, call: ToolCall) -> Self {
        Self::CallTool { key: key.to_owned(), call, approval: None }
    }

    /// Wants code run.
    pub fn run_code(key: &str, code: Code) -> Self {
        Self::RunCode { key: key.to_owned(), code }
    }

    /// Wants a model asked.
    pub fn ask(key: &str, question: Question) -> Self {
        Self::AskModel { key: key.to_owned(), question }
    }

    /// Returns the key.
    pub fn key(&self) -> &str {
        match self {
            Self::CallTool { key, .. }
            | Self::RunCode { key, .. }
            | Self::AskModel { key, .. }
            | Self::Remember { key, .. }
            | Self::Recall { key, .. }
            | Self::RequestApproval { key, .. } => key,
        }
    }

    /// Returns the effect under a key that this stands before; an approval that it names is one of the same place.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        if let Self::CallTool { approval: Some(approval), .. } = &mut self {
            approval.insert_str(0, prefix);
        }
        match &mut self {
            Self::CallTool { key, .. }
            | Self::RunCode { key, .. }
            | Self::AskModel { key, .. }
            | Self::Remember { key, .. }
            | Self::Recall { key, .. }
            | Self::RequestApproval { key, .. } => key.insert_str(0, prefix),
        }
        self
    }

    /// Returns whether it asks a person.
    pub fn is_question(&self) -> bool {
        matches!(self, Self::RequestApproval { .. })
    }
}

impl ToolCall {
    /// Names a call.
    pub fn new(tool: &str, function: &str, arguments: Value) -> Self {
        Self { tool: tool.to_owned(), function: function.to_owned(), arguments }
    }

    /// Returns the digest of the exact call: tool, function and arguments.
    pub fn digest(&self) -> Digest {
        Digest::of_json(self)
    }
}
