//! From the start of the process to the first step of a run: `cargo bench -p stockade-cli`.
//!
//! Prints the time until the binary has journaled and shown the first step, with components compiled in this process
//! and with components from the cache, and until it ends; `--version` is what the process alone costs.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first error")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;

fn main() {
    let mut rows: [Vec<Duration>; 5] = Default::default();
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let version = Instant::now();
        assert!(command(dir.path(), &["--version"]).stdout(Stdio::null()).status().unwrap().success());
        let version = version.elapsed();
        let (first, first_end) = refund(dir.path());
        let (second, second_end) = refund(dir.path());
        let round = [version, first, first_end, second, second_end];
        rows.iter_mut().zip(round).for_each(|(row, time)| row.push(time));
    }
    let names = [
        "--version",
        "first step, nothing cached, data directory created",
        "end of that run",
        "first step, components from the cache",
        "end of that run",
    ];
    println!("{:<52} {:>10}", format!("median of {ROUNDS}"), "ms");
    names.iter().zip(&mut rows).for_each(|(name, row)| println!("{name:<52} {:>10.1}", median_ms(row)));
}

/// Runs a refund to its end, and returns when its first step was shown and when it ended.
fn refund(dir: &Path) -> (Duration, Duration) {
    let input = r#"{"user_id": "user_789", "request": "not what I expected"}"#;
    let begun = Instant::now();
    let mut child = command(dir, &["run", "refund", "--input", input])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut progress = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("started") {
        line.clear();
        assert!(progress.read_line(&mut line).unwrap() > 0, "the run shows its first step");
    }
    let first = begun.elapsed();
    progress.read_to_string(&mut line).unwrap();
    assert!(child.wait().unwrap().success());
    (first, begun.elapsed())
}

fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockade"));
    command.arg("--data-dir").arg(dir).args(arguments);
    command
}

fn median_ms(times: &mut [Duration]) -> f64 {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e3
}
