use std::time::Instant;

use serde_json::Value;
use stockade_workflow::{Fault, Usage};

use crate::{LogLine, Result};

/// The message of a guest's error that says nothing.
pub(crate) const GUEST_ERROR_SILENT: &str = "the tool failed and did not say why";

/// The detail of a guest's error that is not a text: its message is JSON.
pub(crate) const GUEST_ERROR_IN_JSON: &str = "json";

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The answer; of a function that returns a `result`, its ok case.
    pub result: Result<Value>,
    /// What the call used, whatever its end. Its time is that of the guest, without the wait for a slot.
    pub usage: Usage,
    /// What the guest wrote to its standard output.
    pub stdout: String,
    /// What the guest wrote to its standard error.
    pub stderr: String,
    /// What the guest wrote to its log, if it was granted one.
    pub log: Vec<LogLine>,
}

impl Outcome {
    /// Makes the outcome of a call that wrote nothing.
    pub fn new(result: Result<Value>, usage: Usage) -> Self {
        Self { result, usage, stdout: String::new(), stderr: String::new(), log: Vec::new() }
    }

    pub(crate) fn refused(fault: Fault) -> Self {
        Self::new(Err(fault), used(0, 0, None))
    }
}

pub(crate) fn micros(since: Instant) -> u64 {
    since.elapsed().as_micros().try_into().unwrap_or(u64::MAX)
}

pub(crate) fn used(fuel: u64, memory_bytes_peak: u64, started: Option<Instant>) -> Usage {
    Usage::default().fuel(fuel).memory_bytes_peak(memory_bytes_peak).wall_us(started.map_or(0, micros)).tool_calls(1)
}
