use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, as data: it is journaled, shown to a workflow, and printed under `--json`.
///
/// The same type serves from the sandbox to the command line, so that an error keeps its limit and its numbers
/// wherever it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The family of the error, which a program branches on.
    pub kind: Kind,
    /// One sentence for a person: the offending value, who refused it, what would allow it.
    pub message: String,
    /// The limit that fired, where one did; boxed, for results that carry a fault are passed around a lot.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub breach: Option<Box<Breach>>,
    /// Narrows the kind: which thing was invalid, which trap, where in a JSON document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The tool that was called, where one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The call that failed: `run-id/effect-key` in a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
}

/// A limit that fired, with its allowance and what was used or asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breach {
    /// The name of the limit, with its unit where it has one (`fuel`, `memory_bytes`, `steps`).
    pub limit: String,
    /// What was allowed.
    pub allowed: u64,
    /// What was used when it fired; for memory, what was asked for.
    pub used: u64,
}

/// The families of errors, named as in the catalogue of hostile guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// The guest used up its fuel.
    Fuel,
    /// The wall clock ran out.
    Deadline,
    /// All linear memories of the call together were over their cap.
    Memory,
    /// All tables of the call together were over their cap.
    Table,
    /// The component has more instances, memories or tables than allowed.
    Instances,
    /// The guest recursed too deeply.
    Stack,
    /// One call into the host carried too many bytes.
    HostcallBytes,
    /// The guest called the host too often.
    HostCalls,
    /// The guest held too many handles.
    Handles,
    /// The guest wrote or returned too much.
    Output,
    /// The guest used up what it may write to a granted directory.
    FsQuota,
    /// The guest used up what it may send and receive.
    Egress,
    /// Something was asked for that is not granted.
    Denied,
    /// A value, a component, a command or a file is not what it must be; `detail` says which.
    Invalid,
    /// The guest trapped; `detail` is the trap's code.
    Trap,
    /// The tool itself answered with its error case.
    GuestError,
    /// An approval is missing, spent, or does not fit the call.
    Approval,
    /// A ceiling of the run was reached: steps or calls.
    Agent,
    /// A run, workflow, tool or function of that name does not exist.
    NotFound,
    /// Somebody else changed the run, or it is not in a state that allows this.
    Conflict,
    /// An effect may or may not have happened, and its tool cannot tell.
    UnknownOutcome,
    /// What was recorded and what was done again are not the same.
    Divergence,
    /// A model or its provider did not do its part; `detail` says how: `rate_limit`, `timeout`, `auth`, `unavailable`,
    /// `malformed`, `too_large`, `refused`, `length`, `schema`.
    Model,
    /// The journal could not be read or written.
    Journal,
    /// The host broke its own rules; please report it.
    HostBug,
}

/// A message is read by people and models, is journaled, and may quote what a guest or a component chose.
const MESSAGE_BYTES_MAX: usize = 8 << 10;

/// Stands for the end of a message that was cut.
const CUT: &str = "… (cut)";

fn within_bounds(mut message: String) -> String {
    if message.len() > MESSAGE_BYTES_MAX {
        message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX.saturating_sub(CUT.len())));
        message.push_str(CUT);
        message.shrink_to_fit();
    }
    message
}

impl Fault {
    /// Creates a fault of a kind with its message, of which no more than 8 KiB are kept.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: within_bounds(message.into()), breach: None, detail: None, tool: None, call_id: None }
    }

    /// Creates an [`Kind::Invalid`] fault; `what` says which thing is invalid (`component`, `schema`, `run_id`).
    pub fn invalid(what: &str, message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message).detail(what)
    }

    /// Creates the fault of a limit that fired.
    pub fn limit(kind: Kind, limit: &str, allowed: u64, used: u64, message: impl Into<String>) -> Self {
        let breach = Breach { limit: limit.to_owned(), allowed, used };
        Self { breach: Some(Box::new(breach)), ..Self::new(kind, message) }
    }

    /// Adds what narrows the kind.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the tool that was called.
    #[must_use]
    pub fn tool(mut self, tool: &str) -> Self {
        self.tool = Some(tool.to_owned());
        self
    }

    /// Names the call that failed.
    #[must_use]
    pub fn call_id(mut self, call_id: &str) -> Self {
        self.call_id = Some(call_id.to_owned());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_an_end() {
        let message = |text: String| Fault::new(Kind::Trap, text).message;
        let whole = "x".repeat(MESSAGE_BYTES_MAX);
        assert_eq!(message(whole.clone()), whole);
        let cut = message(format!("x{}", "🦀".repeat(MESSAGE_BYTES_MAX)));
        assert!(cut.len() <= MESSAGE_BYTES_MAX && cut.len() > MESSAGE_BYTES_MAX - 8 && cut.ends_with(CUT), "{cut}");
    }
}
