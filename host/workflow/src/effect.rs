use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Code, Digest};

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

    /// Returns the key.
    pub fn key(&self) -> &str {
        match self {
            Self::CallTool { key, .. } | Self::RunCode { key, .. } | Self::RequestApproval { key, .. } => key,
        }
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
