//! The same rates where there are many finished runs in the journal.
//!
//! To make a million runs would take an hour. One is made, and its rows are copied under other ids: the file is as long, and its
//! indexes are as deep, as if each had been made. What all copies share beside real runs is their time.

use std::path::Path;

use rusqlite::{Connection, params};
use stockade::Host;

use crate::bytes::checkpoint;
use crate::goals::Goals;
use crate::hosts::{folder, host};
use crate::measure::{POWER_LOSS, Table, sample};
use crate::mix::{Work, refunds};
use crate::rates::{FLOOR, IN_FLIGHT, synced_writes};

const ROUNDS: usize = 5;

/// How many runs are copied in one transaction.
const BATCH: u64 = 50_000;

/// What is noise between two journals that are alike.
const SAME: f64 = 0.95;

pub(crate) async fn measure(dir: &Path, finished: u64, goals: &mut Goals) {
    let (new, full) = (folder(dir, "new"), folder(dir, "full"));
    refunds(&host(&full).await, Work::Booked, 1, 1).await;
    copy(&full, finished);
    let hosts = [(0, host(&new).await), (finished, host(&full).await)];
    for (_, host) in &hosts {
        refunds(host, Work::Booked, 64, 64).await;
    }
    let mut table = Table::default();
    for number in 1..=ROUNDS {
        eprintln!("round {number} of {ROUNDS}");
        round(&mut table, dir, &hosts).await;
    }
    let first = name(64, 0);
    let title = format!("SQLite, medians of {ROUNDS} interleaved rounds");
    table.print(&title, (FLOOR, "÷ write"), (first.as_str(), "÷ CPU of 0"));
    for (in_flight, _) in IN_FLIGHT {
        let ratio = table.rate_ratio(&name(in_flight, finished), &name(in_flight, 0));
        goals.at_least(&format!("{in_flight} in flight, {finished} finished before ÷ none"), ratio, SAME);
    }
}

fn name(in_flight: usize, finished: u64) -> String {
    format!("refund runs, {in_flight} in flight, {finished} finished before")
}

async fn round(table: &mut Table, dir: &Path, hosts: &[(u64, Host)]) {
    table.add(FLOOR, POWER_LOSS, sample(200, async { synced_writes(dir, 200) }).await);
    for (in_flight, runs) in IN_FLIGHT {
        for (finished, host) in hosts {
            let sample = sample(runs, refunds(host, Work::Booked, runs, in_flight)).await;
            table.add(&name(in_flight, *finished), POWER_LOSS, sample);
        }
    }
}

/// What is copied of a run: nothing in the index of a run that waits without an end, or has ended, is needed by it.
const COPIES: [&str; 3] = [
    "INSERT INTO entries (run, seq, format, at_ms, change)
        SELECT copies.run, seq, format, at_ms, change FROM copies CROSS JOIN entries WHERE entries.run = ?1
        ORDER BY copies.run, seq",
    "INSERT INTO runs (run, workflow, status, state, updated_ms, start_key, labels, waiting_for)
        SELECT copies.run, workflow, status, state, updated_ms, start_key, labels, waiting_for
        FROM copies CROSS JOIN runs WHERE runs.run = ?1",
    "INSERT INTO leases (run, epoch, owner, until_ms)
        SELECT copies.run, epoch, owner, until_ms FROM copies CROSS JOIN leases WHERE leases.run = ?1",
];

/// Has so many runs be in a journal in which there is one: that one, and copies of its rows. No host may use it meanwhile.
pub(crate) fn copy(dir: &Path, runs: u64) {
    let mut journal = Connection::open(dir.join("journal.db")).unwrap();
    // If this is cut short, the whole folder is thrown away.
    journal.pragma_update(None, "synchronous", "OFF").unwrap();
    journal.execute("CREATE TEMP TABLE copies (run BLOB PRIMARY KEY) WITHOUT ROWID", []).unwrap();
    let run: Vec<u8> = journal.query_row("SELECT run FROM runs", [], |row| row.get(0)).unwrap();
    let mut next = 1;
    while next < runs {
        let end = runs.min(next.saturating_add(BATCH));
        let transaction = journal.transaction().unwrap();
        transaction.execute("DELETE FROM copies", []).unwrap();
        for number in next..end {
            transaction.prepare_cached("INSERT INTO copies VALUES (?1)").unwrap().execute([id(number)]).unwrap();
        }
        for copy in COPIES {
            transaction.execute(copy, params![run]).unwrap();
        }
        transaction.commit().unwrap();
        checkpoint(&journal);
        eprintln!("{end} of {runs} runs are in the journal");
        next = end;
    }
}

/// In the order of time, as the ids of runs are, and before all that will be made.
fn id(number: u64) -> [u8; 16] {
    ((u128::from(number) << 64) | (u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1)).to_be_bytes()
}
