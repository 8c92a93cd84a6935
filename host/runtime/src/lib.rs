//! The embeddable host of Stockade.
//!
//! A [`Host`] runs durable workflows: it journals what a [`Workflow`] wants before it does it, runs every tool as a
//! fresh WebAssembly component with only the [`Grant`]s it was given, charges everything to the run's [`Budget`], and
//! stops to ask a person where the workflow says so. After a crash it goes on from the journal.
//!
//! ```text
//!        Host ──► executor ──► Journal (SQLite)
//!          │          └──────► Workflow (pure)      stockade-workflow
//!          └── tools ────────► Tool (sandboxed)     stockade-sandbox
//! ```
//!
//! The program to begin with is `examples/embed.rs`:
//!
//! ```no_run
#![doc = include_str!("../examples/embed.rs")]
//! ```

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod asking;
mod clock;
mod code;
pub mod config;
pub mod doctor;
mod door;
mod executor;
mod file;
mod host;
mod http;
pub mod journal;
mod labels;
mod languages;
pub mod memory;
pub mod model;
mod oci;
mod promote;
mod recollection;
mod report;
mod run;
mod scratch;
mod sessions;
pub mod shop;
pub mod stubs;
mod task;
mod telemetry;
mod toolbox;
mod tools;

pub use clock::Clock;
pub use code::default_limits as code_limits;
pub use config::Config;
pub use host::{Builder, Host, Tape};
pub use journal::{Journal, Summary};
pub use oci::Pulled;
pub use report::Report;
pub use run::{Outcome, Run};
pub use stockade_sandbox::{
    Call, Compiler, Docs, Example, Function, Limits, LogLevel, LogLine, Manifest, Snippet, Tool, compile_worker, json,
};
pub use stockade_workflow::*;
pub use tools::Source;

/// What every fallible function of this crate returns.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// The error of this crate: typed, and serialisable as it stands.
pub type Error = Fault;
