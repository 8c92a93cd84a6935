//! The tests of the whole, a file each.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod agents;
mod approvals;
mod budgets;
mod cli_agent;
mod cli_exec;
mod cli_refund;
mod cli_refusals;
mod cli_tools;
mod code;
mod concurrency;
mod doctor;
mod embed;
mod eval;
mod hostile_code;
mod kill;
mod languages;
mod layers;
mod limits;
mod patterns;
mod payments;
mod programs;
mod registry;
mod together;
mod tools;
