//! From the start of the process to the first step of a run: `cargo bench -p stockade-cli`.
//!
//! Prints the time until the binary has journaled and shown the first step, with components compiled in this process
//! and with components from the cache, and until it ends; `--version` is what the process alone costs, and each is printed as a
//! multiple of it first: the median of the rounds' ratios.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first error")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;

/// The goal: the first step, with components from the cache, ÷ `--version`.
const RATIO_MAX: f64 = 3.0;

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
    let [version, _, _, cached, _] = &rows;
    let first_step = ratio(cached, version);
    println!("{:<52} {:>11} {:>10}", format!("median of {ROUNDS}"), "÷ --version", "ms");
    for (name, row) in names.iter().zip(&rows) {
        println!("{name:<52} {:>11.2} {:>10.1}", ratio(row, version), median(row.iter().map(ms)));
    }
    let verdict = if first_step <= RATIO_MAX { "met" } else { "MISSED" };
    println!("first step, components from the cache ÷ --version: {first_step:.2}, goal <= {RATIO_MAX}: {verdict}");
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

fn ratio(times: &[Duration], bases: &[Duration]) -> f64 {
    median(times.iter().zip(bases).map(|(time, base)| ms(time) / ms(base)))
}

fn ms(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
