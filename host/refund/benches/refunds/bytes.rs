//! What a run takes in the journal's file, once its write-ahead log is folded in.

use std::path::Path;

use rusqlite::Connection;

use crate::goals::Goals;
use crate::hosts::{folder, host};
use crate::mix::{Work, refunds};

const RUNS: u32 = 1_000;
const BYTES_MAX: f64 = 2_048.0;

pub(crate) async fn measure(dir: &Path, goals: &mut Goals) {
    println!("\nBytes of the SQLite journal for each run, of {RUNS} more");
    for (work, name) in [(Work::Booked, "a refund run"), (Work::Mix, "a run of the mix")] {
        let dir = folder(dir, name);
        let before = grown(&dir, work, 0).await;
        let bytes = grown(&dir, work, RUNS).await - before;
        goals.at_most(name, bytes as f64 / f64::from(RUNS), BYTES_MAX);
    }
}

/// Returns the bytes of the journal's file after so many further runs.
async fn grown(dir: &Path, work: Work, runs: u32) -> u64 {
    let fresh = host(dir).await;
    refunds(&fresh, work, runs as usize, 64).await;
    drop(fresh);
    checkpoint(&Connection::open(dir.join("journal.db")).unwrap());
    std::fs::metadata(dir.join("journal.db")).unwrap().len()
}

/// Folds the write-ahead log into the file.
pub(crate) fn checkpoint(journal: &Connection) {
    journal.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}
