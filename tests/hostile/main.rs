//! The hostile suite: every case of the catalogue of hostile guests, 1 to 64, each with its outcome and the four
//! conditions that all of them share. `README.md` beside this says how to add one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod bombs;
mod cache;
mod cases;
mod files;
mod footprint;
mod neighbour;
mod net;
mod script;
#[expect(dead_code, reason = "the sandbox's own tests use the rest")]
#[path = "../../host/sandbox/tests/sandbox/server.rs"]
mod server;
mod suite;
mod world;

use std::process::{Command, ExitCode};

/// Tells the child that runs the cases from the parent that watches over it.
const CHILD: &str = "STOCKADE_HOSTILE_CHILD";

/// Runs the cases in a child whose temporary files are in a folder of its own, and which may die: the parent says so.
fn main() -> ExitCode {
    if std::env::var_os(CHILD).is_some() {
        return suite::run();
    }
    let temp = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(std::env::args_os().skip(1)).env(CHILD, "1").env("TMPDIR", temp.path());
    let status = child.status().unwrap();
    if status.code().is_none() {
        println!("the process did not survive the case above: {status}");
    }
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
