use serde::{Deserialize, Serialize};
use stockade_workflow::Capability;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::logging;
use crate::state::State;

/// What a line costs beside its texts, so that lines of nothing are not free.
const LINE_BYTES: u64 = 16;

/// One line that a guest wrote to its log.
///
/// The texts are the guest's, with whatever it put into them: whoever prints them must escape what a terminal obeys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How grave it is, in the guest's opinion.
    pub level: LogLevel,
    /// What the guest groups its lines by.
    pub context: String,
    /// The text.
    pub message: String,
}

/// How grave a line of a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// The flow of control within the guest.
    Trace,
    /// For whoever looks for an error.
    Debug,
    /// For whoever watches.
    Info,
    /// Something is wrong and may get worse.
    Warn,
    /// Something failed.
    Error,
    /// Nothing works.
    Critical,
}

impl LogLevel {
    /// Returns the name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl std::fmt::Display for LogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl From<logging::Level> for LogLevel {
    fn from(level: logging::Level) -> Self {
        match level {
            logging::Level::Trace => Self::Trace,
            logging::Level::Debug => Self::Debug,
            logging::Level::Info => Self::Info,
            logging::Level::Warn => Self::Warn,
            logging::Level::Error => Self::Error,
            logging::Level::Critical => Self::Critical,
        }
    }
}

/// Links `wasi:logging/logging`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    logging::add_to_linker::<State, HasSelf<State>>(linker, State::called)
}

impl logging::Host for State {
    /// Keeps the line. The interface has no answer, so one that is not granted is dropped and the denial remembered.
    fn log(&mut self, level: logging::Level, context: String, message: String) -> wasmtime::Result<()> {
        let bytes = context.len().saturating_add(message.len());
        self.carry(bytes)?;
        if !self.rights.log {
            let denial = self.rights.denial(Capability::Log, "log", "log = true");
            self.deny(&denial);
            return Ok(());
        }
        self.meter.log_bytes.grow((bytes as u64).saturating_add(LINE_BYTES))?;
        self.log.push(LogLine { level: level.into(), context, message });
        Ok(())
    }
}
