//! Whole durable refund runs: `cargo bench -p stockade-refund`, or some parts of it, as in
//! `cargo bench -p stockade-refund -- rates history=1000000`.
//!
//! | part | what it measures | takes about |
//! |---|---|---|
//! | `rates` | runs a second with 1, 16 and 64 in flight, beside synced writes and beside their calls alone | 1 min |
//! | `bytes=STEPS` | what a run takes in the journal, and a step of a long one (3,000 steps) | 20 s |
//! | `history=RUNS` | the same rates where so many finished runs are in the journal (100,000) | 1 min, and 1 min a million |
//! | `decision` | from a person's decision to the next step | 20 s |
//! | `fairness` | what 10,000 runs of one tenant do to the runs of another | 1 min |
//! | `recovery=RUNS` | a host that begins where so many runs are parked (10,000) | 30 s |
//! | `postgres=RUNS` | 1, 2 and 4 processes on one database beside SQLite; finished runs before (0) | 2 min |
//!
//! Ratios are of interleaved rounds in one process, and the goals are ratios. Progress is on standard error, the figures are on
//! standard output. `postgres` needs a server, and a durable one to be comparable:
//! `STOCKADE_TEST_POSTGRES_FSYNC=on tests/postgres cargo bench -p stockade-refund -- postgres`.
//!
//! A *mix* is 10 % of runs that the policy refuses after two calls and a letter, 20 % that pause for a person and are
//! approved at once, and 70 % that book without asking.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first error")]

#[path = "../../../cli/src/allocator.rs"]
mod allocator;
mod bytes;
mod decision;
mod fairness;
mod goals;
mod history;
mod hosts;
mod measure;
mod mix;
mod postgres;
mod rates;
mod recovery;
mod steps;
mod worker;

use std::path::Path;

use goals::Goals;
use tokio::runtime::Runtime;

/// The parts, in the order in which they are measured.
const PARTS: [&str; 7] = ["rates", "bytes", "history", "decision", "fairness", "recovery", "postgres"];

/// A part that is to be measured, and the number of runs that was named with it.
struct Part {
    name: &'static str,
    runs: Option<u64>,
}

fn main() {
    allocator::give_back_at_once();
    // cargo adds `--bench`.
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    // What is measured in a process of its own is measured by this very program.
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [worker::CHILD, journal, dir] => return runtime().block_on(worker::work(journal, Path::new(dir))),
        [recovery::CHILD, dir] => return runtime().block_on(recovery::recover(Path::new(dir))),
        _ => {}
    }
    let parts = match parts(&arguments) {
        Ok(parts) => parts,
        Err(why) => {
            eprintln!("{why}");
            std::process::exit(2);
        }
    };
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut goals = Goals::default();
    for Part { name, runs } in parts {
        eprintln!("== {name}");
        runtime().block_on(measured(name, runs, &hosts::folder(dir.path(), name), &mut goals));
    }
    goals.sum_up();
}

async fn measured(name: &str, runs: Option<u64>, dir: &Path, goals: &mut Goals) {
    match name {
        "rates" => rates::measure(dir, goals).await,
        "bytes" => bytes::measure(dir, runs.map_or(Ok(3_000), u32::try_from).unwrap(), goals).await,
        "history" => history::measure(dir, runs.unwrap_or(100_000), goals).await,
        "decision" => decision::measure(dir).await,
        "fairness" => fairness::measure(dir, goals).await,
        "recovery" => recovery::measure(dir, runs.unwrap_or(10_000), goals).await,
        _ => postgres::measure(dir, runs.unwrap_or(0), goals).await,
    }
}

/// Reads which parts are wanted: all, where none is named.
fn parts(arguments: &[String]) -> Result<Vec<Part>, String> {
    if arguments.is_empty() {
        return Ok(PARTS.into_iter().map(|name| Part { name, runs: None }).collect());
    }
    arguments.iter().map(|argument| part(argument)).collect()
}

fn part(argument: &str) -> Result<Part, String> {
    let (name, runs) = argument.split_once('=').map_or((argument, None), |(name, runs)| (name, Some(runs)));
    let unknown = || format!("\"{argument}\" is no part of this bench; {} are, or NAME=RUNS", PARTS.join(", "));
    let name = PARTS.into_iter().find(|part| *part == name).ok_or_else(unknown)?;
    let runs = runs.map(str::parse).transpose().map_err(|_| unknown())?;
    Ok(Part { name, runs })
}

/// Two threads, on whichever machine: the figures are those of two cores.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
