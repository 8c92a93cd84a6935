//! A host that begins where many runs are parked, each at a question to a person.
//!
//! A parked run is rows of the journal and nothing else: no host has it in memory. So what grows with them is what a host looks
//! through when it begins. Each beginning is in a process of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use stockade::{Filter, Outcome, Status};

use crate::goals::Goals;
use crate::history::copy;
use crate::hosts::{folder, host};
use crate::measure::{POWER_LOSS, median};
use crate::mix::{each, park};

/// The argument by which this program knows that it shall begin, and say what that took.
pub(crate) const CHILD: &str = "recover-parked-runs";

const ROUNDS: usize = 5;
const SECONDS_MAX: f64 = 1.0;
const BYTES_MAX: f64 = 300.0;

pub(crate) async fn measure(dir: &Path, parked: u64, goals: &mut Goals) {
    let (one, many) = (folder(dir, "one"), folder(dir, "many"));
    for (dir, runs) in [(&one, 1), (&many, parked)] {
        park(&host(dir).await, 1).await;
        copy(dir, runs);
    }
    let rounds: Vec<_> = (1..=ROUNDS)
        .map(|number| {
            eprintln!("round {number} of {ROUNDS}");
            (begun(&one), begun(&many))
        })
        .collect();
    let of = |name: &str| median(rounds.iter().map(|(_, many)| figure(many, name)));
    let bytes = median(rounds.iter().map(|(one, many)| figure(many, "rss_bytes") - figure(one, "rss_bytes")));
    println!("\n{parked} parked runs in a SQLite journal, medians of {ROUNDS} processes; they survive {POWER_LOSS}");
    goals.at_most("seconds until a new host has looked through what there is to do", of("seconds"), SECONDS_MAX);
    goals.at_most("bytes of its memory for each parked run", bytes / parked as f64, BYTES_MAX);
    let beside_one = median(rounds.iter().map(|(one, many)| figure(many, "seconds") / figure(one, "seconds")));
    println!("  the same ÷ a host that begins where one run is parked {beside_one:>29.3}");
    println!("  seconds to read and claim each of them, and to give it back, 64 at a time {:>9.3}", of("all_seconds"));
}

fn begun(dir: &Path) -> Value {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.arg(CHILD).arg(dir).stderr(Stdio::inherit()).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn figure(begun: &Value, name: &str) -> f64 {
    begun.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN)
}

/// Begins as a host does, and prints what that took, as JSON.
pub(crate) async fn recover(dir: &Path) {
    let begun = Instant::now();
    let host = host(dir).await;
    assert_eq!((host.fire_due().await.unwrap().len(), host.unfinished().await.unwrap().len()), (0, 0));
    let (seconds, rss_bytes) = (begun.elapsed().as_secs_f64(), rss_bytes());
    let waiting = Filter { status: vec![Status::Waiting], ..Filter::default() };
    let runs = host.runs(&waiting).await.unwrap();
    let begun = Instant::now();
    each(&host, runs.len(), 64, move |host, number| {
        let run = runs.get(number).unwrap().run_id;
        async move {
            let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
            assert!(matches!(outcome, Outcome::Waiting(_)), "{outcome}");
        }
    })
    .await;
    let all_seconds = begun.elapsed().as_secs_f64();
    println!("{}", json!({"seconds": seconds, "rss_bytes": rss_bytes, "all_seconds": all_seconds}));
}

/// The memory of this process that is resident.
fn rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
