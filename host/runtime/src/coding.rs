use std::path::PathBuf;
use std::sync::Arc;

use stockade_sandbox::Limits;

use crate::languages::Languages;
use crate::sessions::Sessions;

/// What a host has for code.
pub(crate) struct Coding {
    pub(crate) languages: Arc<Languages>,
    pub(crate) sessions: Sessions,
    /// What one piece of code may use, the tools that it calls included.
    pub(crate) limits: Limits,
    /// Whether code is told the real time at which it began, in place of one that is the same for all.
    pub(crate) real_clock: bool,
    /// Where private directories are made.
    pub(crate) scratch: PathBuf,
}

/// What one piece of code may use by default.
///
/// More than a call of a tool: an interpreter takes 50 to 100 times as many instructions as compiled code.
pub fn default_limits() -> Limits {
    Limits::default()
        // A second or less.
        .fuel(20_000_000_000)
        .wall_us(30_000_000)
        // CPython begins with 20 MiB.
        .memory_bytes(128 << 20)
        // CPython has 50,000 functions.
        .table_elements(100_000)
        .host_calls(100_000)
        .host_us(20_000_000)
        // The source, the input and the value.
        .argument_bytes(16 << 20)
        .output_bytes(8 << 20)
        .hostcall_bytes(64 << 20)
        // What code and its tools say to one another is journaled.
        .host_bytes(64 << 20)
        .stdio_bytes(256 << 10)
}
