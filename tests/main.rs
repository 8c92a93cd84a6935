//! The tests of the whole, a file each.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod agents;
mod approvals;
mod budgets;
mod callable;
mod cli_agent;
mod cli_doors;
mod cli_exec;
mod cli_output;
mod cli_refund;
mod cli_refusals;
mod cli_runs;
mod cli_tools;
mod code;
mod concurrency;
mod control;
mod deadlines;
mod docs;
mod doctor;
mod embed;
mod eval;
mod hostile_code;
mod kill;
mod languages;
mod layers;
mod limits;
mod memory;
mod patterns;
mod payments;
mod process_limits;
mod programs;
mod reference;
mod registry;
mod retries;
mod service;
mod together;
mod tools;
mod undo;
mod waits;
