use std::str::FromStr;
use std::{fmt, io};

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::{Hint, RunId};

/// What went wrong, as data: it is journaled, shown to a workflow, and printed under `--json`.
///
/// The same type serves from the sandbox to the command line, so that an error keeps its limit and its numbers
/// wherever it travels. `Debug` writes the message and the hint as one sentence, for `main() -> Result<(), Fault>`;
/// `{:#?}` writes all fields.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// The family of the error, which a program branches on.
    pub kind: Kind,
    /// One sentence for a person: the offending value, who refused it, what would allow it.
    pub message: String,
    /// What helps, for each edge to say in its own words; boxed, as `breach` is.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_hint")]
    pub hint: Option<Box<Hint>>,
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
pub enum Kind {
    /// The guest used up its fuel.
    Fuel,
    /// The wall clock ran out.
    Deadline,
    /// All linear memories of the call together were over their cap.
    Memory,
    /// What the host itself would hold for guests, models and callers was over its cap.
    HostMemory,
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
    /// Another process or person changed the run, or it is not in a state that allows this.
    Conflict,
    /// An effect may or may not have happened, and its tool cannot tell.
    UnknownOutcome,
    /// A tool has accepted the call and tells its result later; `detail` is the token under which it does.
    Later,
    /// What was recorded and what was done again are not the same.
    Divergence,
    /// A model or its provider did not do its part; `detail` says how: `rate_limit`, `timeout`, `auth`, `unavailable`,
    /// `malformed`, `too_large`, `refused`, `length`, `schema`.
    Model,
    /// A tool or a model has failed too often and is left alone for a while: its circuit breaker is open.
    Unavailable,
    /// A person, or the program that embeds the host, ended it.
    Cancelled,
    /// The journal could not be read or written; `detail` is `storage` where its storage failed, which may pass, else what is not as
    /// it must be.
    Journal,
    /// The system refuses the host what it needs; `detail` is what: `threads`, `open_files`.
    System,
    /// The host broke its own rules; please report it.
    HostBug,
}

/// The detail of a fault of kind [`Kind::Journal`] whose storage failed.
const STORAGE: &str = "storage";

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

impl Kind {
    /// Returns of which kind it is that a file that a person named cannot be opened, read or made: it is not there, is there
    /// already, or is not what it should be.
    pub fn of_file(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::AlreadyExists => Self::Conflict,
            _ => Self::Invalid,
        }
    }

    /// Returns the status of HTTP under which a client is told of it.
    pub fn http_status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Denied => 403,
            Self::NotFound => 404,
            Self::Conflict | Self::Approval | Self::UnknownOutcome | Self::Later | Self::Divergence => 409,
            Self::Fuel
            | Self::Deadline
            | Self::Memory
            | Self::Table
            | Self::Instances
            | Self::Stack
            | Self::HostcallBytes
            | Self::HostCalls
            | Self::Handles
            | Self::Output
            | Self::FsQuota
            | Self::Egress
            | Self::Agent
            | Self::Trap
            | Self::GuestError => 422,
            Self::HostBug => 500,
            Self::Model => 502,
            Self::HostMemory | Self::Unavailable | Self::Cancelled | Self::Journal | Self::System => 503,
        }
    }

    /// Returns whether the message of a fault of this kind is for the operator alone: it may speak of paths and of databases.
    pub fn is_of_the_inside(self) -> bool {
        match self {
            Self::Journal | Self::System | Self::HostBug => true,
            Self::Fuel
            | Self::Deadline
            | Self::Memory
            | Self::HostMemory
            | Self::Table
            | Self::Instances
            | Self::Stack
            | Self::HostcallBytes
            | Self::HostCalls
            | Self::Handles
            | Self::Output
            | Self::FsQuota
            | Self::Egress
            | Self::Denied
            | Self::Invalid
            | Self::Trap
            | Self::GuestError
            | Self::Approval
            | Self::Agent
            | Self::NotFound
            | Self::Conflict
            | Self::UnknownOutcome
            | Self::Later
            | Self::Divergence
            | Self::Model
            | Self::Unavailable
            | Self::Cancelled => false,
        }
    }
}

impl Fault {
    /// Creates a fault of a kind with its message, of which no more than 8 KiB are kept.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let message = within_bounds(message.into());
        Self { kind, message, hint: None, breach: None, detail: None, tool: None, call_id: None }
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

    /// Creates the answer of a tool that has accepted a call and tells its result later, under this token. A run waits for
    /// that; elsewhere it is an error.
    pub fn later(token: &str) -> Self {
        let message = format!("the tool has accepted the call and tells its result later, under the token \"{token}\"");
        Self::new(Kind::Later, message).detail(within_bounds(token.to_owned()))
    }

    /// Says the message in other words, or with more of them; the rest stays.
    #[must_use]
    pub fn reworded(self, reword: impl FnOnce(&str) -> String) -> Self {
        Self { message: within_bounds(reword(&self.message)), ..self }
    }

    /// Adds what helps.
    #[must_use]
    pub fn hint(mut self, hint: Hint) -> Self {
        self.hint = Some(Box::new(hint));
        self
    }

    /// Adds what narrows the kind.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Returns whether the process that drove a run has ended, so that another one may take the run up.
    pub fn is_interrupted(&self) -> bool {
        self.detail.as_deref() == Some("interrupted")
    }

    /// Creates the fault of a storage that failed or refused, which is about no run in particular and may pass. Where what the
    /// journal has is damaged, sealed or of another version, the detail of its fault says so.
    pub fn of_storage(message: impl Into<String>) -> Self {
        Self::new(Kind::Journal, message).detail(STORAGE)
    }

    /// Returns whether the storage of a journal failed or refused.
    pub fn is_of_storage(&self) -> bool {
        self.kind == Kind::Journal && self.detail.as_deref() == Some(STORAGE)
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

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let Self { kind, message, hint, breach, detail, tool, call_id } = self;
            let mut fields = f.debug_struct("Fault");
            fields.field("kind", kind).field("message", message).field("hint", hint).field("breach", breach);
            return fields.field("detail", detail).field("tool", tool).field("call_id", call_id).finish();
        }
        match &self.hint {
            Some(hint) => write!(f, "{}; {hint}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Fault {}

/// Reads a hint. A newer version may have written one that this version does not know; the fault says enough without it.
fn known_hint<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<Hint>>, D::Error> {
    let hint = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(hint).ok())
}

// Not beside `RunId`: a hint of a fault names a run, so the file of runs imports no faults.
impl FromStr for RunId {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = |_| Fault::invalid("run_id", format!("\"{text}\" is not a run's id")).hint(Hint::ListRuns);
        Uuid::try_parse(text).map(Self::from).map_err(wrong)
    }
}

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
        let longer = Fault::new(Kind::Trap, "x").reworded(|said| said.repeat(2 * MESSAGE_BYTES_MAX));
        assert!(longer.message.len() <= MESSAGE_BYTES_MAX && longer.message.ends_with(CUT));
    }

    #[test]
    fn a_fault_prints_from_main_as_one_sentence_and_all_of_it_under_the_alternate_form() {
        let fault = "7".parse::<RunId>().unwrap_err();
        assert_eq!(format!("{fault:?}"), "\"7\" is not a run's id; `Host::runs` lists them");
        assert_eq!(fault.to_string(), "\"7\" is not a run's id");
        let all = format!("{fault:#?}");
        for part in ["Fault {", "kind: Invalid", "hint: Some(\n        ListRuns", "detail: Some(", "call_id: None"] {
            assert!(all.contains(part), "{all}");
        }
        assert_eq!(format!("{:?}", Fault::new(Kind::Fuel, "all fuel is used")), "all fuel is used");
    }

    #[test]
    fn a_fault_is_read_back_with_its_hint_without_one_and_with_one_of_a_newer_version() {
        let run = RunId::from_bytes([7; 16]);
        let fault = Fault::new(Kind::Conflict, "it is busy").hint(Hint::ResumeRun(run));
        let json = serde_json::to_value(&fault).unwrap();
        assert_eq!(json["hint"], serde_json::json!({"resume_run": run}));
        let read = |hint: serde_json::Value| {
            let mut json = json.clone();
            json["hint"] = hint;
            serde_json::from_value::<Fault>(json).unwrap().hint
        };
        assert_eq!(serde_json::from_value::<Fault>(json.clone()).unwrap(), fault);
        assert_eq!(read("list_runs".into()), Some(Box::new(Hint::ListRuns)));
        assert_eq!(read(serde_json::json!({"ask_the_oracle": [1, {"a": 2}]})), None);
        let old = serde_json::json!({"kind": "fuel", "message": "all fuel is used"});
        let read = serde_json::from_value::<Fault>(old.clone()).unwrap();
        assert_eq!((&read.hint, serde_json::to_value(&read).unwrap()), (&None, old));
    }
}
