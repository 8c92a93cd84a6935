//! The embeddable host of Stockade.
//!
//! A [`Host`] runs durable workflows: it journals what a [`Workflow`] wants before it does it, runs every tool as a
//! fresh WebAssembly component with only the [`Grant`]s it was given, charges everything to the run's [`Budget`], and
//! stops to ask a person where the workflow says so. After a crash it goes on from the journal.
//!
//! ```text
//!        Host ──► executor ──► Journal (SQLite, PostgreSQL)
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
#[cfg(feature = "sqlite")]
pub mod backup;
mod bookmarks;
mod breakers;
mod builder;
#[cfg(feature = "languages")]
mod built_in_languages;
mod built_in_tools;
pub mod callable;
mod calls;
mod cells;
mod children;
mod code;
mod coding;
mod completing;
mod completion;
pub mod config;
mod deciding;
pub mod doctor;
mod driving;
mod due;
mod effects;
mod elsewhere;
mod exec_report;
mod executor;
mod features;
mod forking;
mod genai;
mod handle;
mod hidden;
mod hooks;
mod host;
mod identifier;
mod inbox;
mod inferred;
mod labels;
mod languages;
mod later;
mod lease;
mod listed;
mod listing;
mod marks;
mod metered;
pub mod meters;
mod new_question;
mod new_run;
mod new_signal;
mod news;
mod notice;
mod notices;
mod observing;
#[cfg_attr(not(feature = "oci"), path = "off/oci.rs")]
mod oci;
mod once;
mod open_question;
mod openapi;
mod orders;
mod others;
pub mod outage;
mod outputs;
mod permitted;
mod planned;
mod processor;
mod promote;
mod pruning;
mod questions;
mod queue;
#[cfg_attr(not(feature = "memory"), path = "off/recollection.rs")]
mod recollection;
mod records;
mod registry;
mod removal;
mod removed_run;
mod replayed;
mod report;
mod resealing;
mod results;
mod retry_after;
mod role;
mod run;
mod run_log;
mod runs;
mod sandbox;
mod schedules;
mod scratch;
mod services;
mod session_records;
mod session_view;
mod sessions;
mod settlements;
mod settling;
mod shared_budgets;
mod shares;
mod skills;
mod source;
mod spending;
mod standing;
mod start;
mod started;
mod stores;
pub mod stubs;
#[cfg_attr(not(feature = "otel"), path = "off/telemetry.rs")]
mod telemetry;
mod timers;
mod tokens;
mod tool_view;
mod toolbox;
mod trace;
mod turns;
mod uploads;
mod worker;

pub use breakers::BreakerView;
pub use builder::{Builder, Cassette};
pub use coding::default_limits as code_limits;
pub use completion::{Completed, Completion};
pub use config::Config;
pub use exec_report::{CalledByCode, ExecReport, exec_budget};
pub use executor::Ending;
pub use handle::RunHandle;
pub use hidden::is_hidden;
pub use hooks::Hooks;
pub use host::Host;
pub use listed::Listed;
pub use listing::{Listing, Unreadable};
pub use meters::Meters;
pub use new_run::NewRun;
pub use new_signal::NewSignal;
pub use notice::{Delivery, Notice};
#[cfg(feature = "oci")]
pub use oci::Pulled;
pub use open_question::{OpenQuestion, OpenQuestions};
pub use openapi::{AcceptedDocument, DescribedService};
pub use others::Others;
pub use outputs::Wrote;
pub use planned::LastStart;
pub use promote::{Case, Promotion};
pub use pruning::Pruned;
pub use queue::{QUEUE, check_queue};
pub use records::Record;
pub use registry::Registered;
pub use removed_run::RemovedRun;
pub use replayed::Replayed;
pub use report::{ApprovalView, ChildView, Report};
pub use role::{Right, Role};
pub use run::{Outcome, Run};
pub use sandbox::{Executed, Sandbox};
pub use schedules::{ScheduleReport, Scheduled};
pub use session_records::{RemovedSession, SessionRecord};
pub use session_view::SessionCell;
pub use sessions::SessionLimits;
pub use shares::Shares;
pub use skills::{AcceptedSkill, SkillStatus, SkillView, UsedSkill};
pub use source::Source;
pub use spending::{SharedBudgetPage, SharedBudgetReport};
pub use started::Started;
pub use stockade_journal as journal;
pub use stockade_journal::{Filter, Journal, PageEnd, Sort, Summary};
#[cfg(feature = "memory")]
pub use stockade_memory as memory;
pub use stockade_models as model;
pub use stockade_patterns as patterns;
pub use stockade_sandbox::{
    Call, Compiler, Docs, Example, Function, Limits, LogLevel, LogLine, Manifest, Seals, Snippet, Stdio, Tool,
    Unsupported, compile_worker,
};
#[cfg(feature = "http")]
pub use stockade_system::http;
pub use stockade_system::{AppendLog, Clock, file};
pub use stockade_workflow::*;
pub use timers::{Fired, Timers};
pub use tokens::{NewToken, Principal};
pub use tool_view::ToolAnswer;
pub use trace::Trace;
pub use turns::{PRIORITY, TENANT};
pub use uploads::Uploaded;
pub use worker::Worker;

/// What every fallible function of this crate returns.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// The error of this crate: typed, and serialisable as it stands.
pub type Error = Fault;
