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

/// The steps of a long run, and those of each of the short ones that have as many together. A file grows by 4 KiB: so many steps
/// that this is a thirtieth of them.
const LONG: u32 = 3_000;
const SHORT: u32 = 100;

/// By how much a step of a long run may be longer than one of a short one, for what is noise.
const FLAT: f64 = 1.1;

pub(crate) async fn measure(dir: &Path, goals: &mut Goals) {
    println!("\nBytes of the SQLite journal for each run, of {RUNS} more; what is in it survives {POWER_LOSS}");
    for (work, name) in [(Work::Booked, "a refund run"), (Work::Mix, "a run of the mix")] {
        let dir = folder(dir, name);
        let before = grown(&dir, async |host| refunds(host, work, 0, 64).await).await;
        let bytes = grown(&dir, async |host| refunds(host, work, RUNS as usize, 64).await).await - before;
        goals.at_most(name, bytes as f64 / f64::from(RUNS), BYTES_MAX);
    }
    println!(
        "\nBytes of it for each step, of {LONG} more in one run, and in runs of {SHORT}; they survive {POWER_LOSS}"
    );
    for (keeps, state) in [(false, "a short state"), (true, "a state that keeps all answers")] {
        let [short, long] = [SHORT, LONG].map(|steps| folder(dir, &format!("{state}, {steps}")));
        let (short, long) = (step(&short, SHORT, keeps).await, step(&long, LONG, keeps).await);
        println!("  {state}: {long:.0} in one run, {short:.0} in runs of {SHORT}");
        goals.at_most(&format!("{state}: a step of a long run ÷ one of a short run"), long / short, FLAT);
    }
}

/// Returns the bytes of a step of runs that have so many.
async fn step(dir: &Path, steps: u32, keeps: bool) -> f64 {
    let before = grown(dir, async |_: &Host| {}).await;
    let after = grown(dir, async |host| {
        for _ in 0..LONG / steps {
            let outcome = started(host, Steps::run(steps, keeps)).await.settled().await.unwrap();
            assert!(matches!(outcome, Outcome::Done(_)), "{outcome}");
        }
    });
    (after.await - before) as f64 / f64::from(LONG)
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
