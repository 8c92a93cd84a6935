//! What a run takes in the journal's file, once its write-ahead log is folded in.

use std::path::Path;

use rusqlite::Connection;
use stockade::{Host, Outcome};

use crate::goals::Goals;
use crate::hosts::{builder, folder};
use crate::measure::POWER_LOSS;
use crate::mix::{Work, refunds, started};
use crate::steps::Steps;

const RUNS: u32 = 1_000;
const BYTES_MAX: f64 = 2_048.0;

/// The steps of each of the short runs, which have as many together as the long one; there is one at least.
const SHORT: u32 = 100;

/// By how much a step of a long run may be longer than one of a short one, for what is noise.
const FLAT: f64 = 1.1;

/// Measures runs, and one of so many steps.
pub(crate) async fn measure(dir: &Path, long: u32, goals: &mut Goals) {
    println!("\nBytes of the SQLite journal for each run, of {RUNS} more; what is in it survives {POWER_LOSS}");
    for (work, name) in [(Work::Booked, "a refund run"), (Work::Mix, "a run of the mix")] {
        let dir = folder(dir, name);
        let before = grown(&dir, async |host| refunds(host, work, 0, 64).await).await;
        let bytes = grown(&dir, async |host| refunds(host, work, RUNS as usize, 64).await).await - before;
        goals.at_most(name, bytes as f64 / f64::from(RUNS), BYTES_MAX);
    }
    println!(
        "\nBytes of it for each step, of {long} more in one run, and in runs of {SHORT}; they survive {POWER_LOSS}"
    );
    for (keeps, state) in [(false, "a short state"), (true, "a state that keeps all answers")] {
        let [in_runs, in_one] = ["runs", "one run"].map(|which| folder(dir, &format!("{state}, {which}")));
        let short = step(&in_runs, (long / SHORT).max(1), SHORT, keeps).await;
        let long = step(&in_one, 1, long, keeps).await;
        println!("  {state}: {long:.0} in one run, {short:.0} in runs of {SHORT}");
        goals.at_most(&format!("{state}: a step of a long run ÷ one of a short run"), long / short, FLAT);
    }
}

/// Returns the bytes of a step of so many runs that have so many steps each.
async fn step(dir: &Path, runs: u32, steps: u32, keeps: bool) -> f64 {
    let before = grown(dir, async |_: &Host| {}).await;
    let after = grown(dir, async |host| {
        for _ in 0..runs {
            let outcome = started(host, Steps::run(steps, keeps)).await.settled().await.unwrap();
            assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
        }
    });
    (after.await - before) as f64 / f64::from(runs * steps)
}

/// Returns the bytes of the journal's file after further work.
async fn grown(dir: &Path, work: impl AsyncFnOnce(&Host)) -> u64 {
    let fresh = builder(dir).workflow(Steps).build().await.unwrap();
    work(&fresh).await;
    drop(fresh);
    checkpoint(&Connection::open(dir.join("journal.db")).unwrap());
    std::fs::metadata(dir.join("journal.db")).unwrap().len()
}

/// Folds the write-ahead log into the file.
pub(crate) fn checkpoint(journal: &Connection) {
    journal.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}
