use serde::{Deserialize, Serialize};
use stockade_workflow::Capability;
use wasmtime::component::{HasData, Linker};

use self::bindings::wasi::logging::logging;
use super::Offer;
use crate::context::CallContext;

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        inline: "
            package stockade:sandbox;

            world guest {
                import wasi:logging/logging@0.1.0-draft;
            }
        ",
        imports: { default: trappable },
    });
}

/// A draft: nothing promises that another version of it is the same.
pub(crate) const OFFER: Offer =
    Offer { capability: Some(Capability::Log), interfaces: &[("wasi:logging/logging", "0.1.0-draft")] };

/// What a line costs beside its texts, so that lines of nothing are not free.
const LINE_BYTES: u64 = 16;

/// One line that a guest wrote to its log.
///
/// The texts are the guest's, with whatever it put into them: a program that prints them must escape what a terminal obeys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How severe it is, in the guest's opinion.
    pub level: LogLevel,
    /// What the guest groups its lines by.
    pub context: String,
    /// The text.
    pub message: String,
}

/// The severity of a line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// The flow of control within the guest.
    Trace,
    /// Of use when looking for an error.
    Debug,
    /// Of use when watching.
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

/// The log of one call.
pub(crate) struct View<'a> {
    pub(crate) granted: bool,
    pub(crate) lines: &'a mut Vec<LogLine>,
    pub(crate) context: &'a mut CallContext,
}

struct Log;

impl HasData for Log {
    type Data<'a> = View<'a>;
}

/// Links `wasi:logging/logging`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    logging::add_to_linker::<T, Log>(linker, view)
}

impl logging::Host for View<'_> {
    /// Keeps the line. The interface has no answer, so one that is not granted is dropped and the denial remembered.
    fn log(&mut self, level: logging::Level, context: String, message: String) -> wasmtime::Result<()> {
        let bytes = context.len().saturating_add(message.len());
        self.context.carry(bytes)?;
        if !self.granted {
            let denial = self.context.asks.denial(Capability::Log, "log", "log = true");
            self.context.deny(&denial);
            return Ok(());
        }
        self.context.meter.log_bytes.grow((bytes as u64).saturating_add(LINE_BYTES))?;
        self.lines.push(LogLine { level: level.into(), context, message });
        Ok(())
    }
}
