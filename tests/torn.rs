//! What a power failure leaves of a journal's file: a log that ends in the middle of a write, or of which a part was never written
//! although a later one was. A commit is whole in it, or not there.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use stockade::journal::conformance::{Flaw, Table, Verdict};
use stockade::journal::{Commit, Lease, Row, RowChange, SqliteJournal};
use stockade::{Budget, Change, Clock, Entry, Journal, Origin, RunId};
use stockade_tests::Place;
use stockade_tests::crash::{done, every};

/// How many commits there are, each of two entries and a row.
const COMMITS: u64 = 16;

/// What SQLite's log begins with, and the size of one of its frames: a head, and a page.
const HEAD_BYTES: usize = 32;
const FRAME_BYTES: usize = 24 + 4096;

/// What became of the log from a frame on.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// It ends before the frame.
    Cut,
    /// It ends in the middle of the frame.
    Torn,
    /// The frame was not written, and those behind it were.
    Missing,
    /// The second half of the frame is of something else.
    Strange,
}

const DAMAGES: [Damage; 4] = [Damage::Cut, Damage::Torn, Damage::Missing, Damage::Strange];

impl Damage {
    fn of(self, log: &[u8], frame: usize) -> Vec<u8> {
        let (from, mut log) = (HEAD_BYTES + frame * FRAME_BYTES, log.to_vec());
        let (half, to) = (from + FRAME_BYTES / 2, from + FRAME_BYTES);
        match self {
            Self::Cut => log.truncate(from),
            Self::Torn => log.truncate(half),
            Self::Missing => log[from..to].fill(0),
            Self::Strange => log[half..to].iter_mut().for_each(|byte| *byte ^= 0x5a),
        }
        log
    }
}

/// The commit of this number, the first one being one. Some take many pages.
fn commit(run: RunId, number: u64) -> Commit {
    let text = "some of it ".repeat(usize::try_from(number % 4).unwrap() * 900);
    let entry = |seq| {
        let input = json!({"seq": seq, "text": text}).into();
        let (budget, origin) = (Budget::NONE, Origin::default());
        let change = Change::Created { workflow: "w".into(), version: 1, input, budget, origin };
        Entry { run, seq, at_ms: seq, change }
    };
    let index = vec![RowChange::Add(Row::new("torn", number.to_string(), "").of(run))];
    let entries = vec![entry(2 * number - 1), entry(2 * number)];
    Commit { lease: Some(Lease::first(run)), entries, index, ..Commit::default() }
}

fn log_of(journal: &Path) -> PathBuf {
    let mut log = journal.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Checks what a journal has that was opened after the failure, and that it takes the next commit.
async fn check(path: &Path, run: RunId, commits: u64) -> Verdict {
    let journal = SqliteJournal::open(path, Clock::default()).unwrap();
    let read = journal.read(run).await.map_err(|fault| (Flaw::Wrong, fault.to_string()))?;
    let there: Vec<_> = (1..=commits).flat_map(|number| commit(run, number).entries).collect();
    let rows = journal.find("torn", "", None, usize::MAX).await.unwrap().len() as u64;
    if read != there || rows != commits {
        let flaw = if read.len() < there.len() || rows < commits { Flaw::Lost } else { Flaw::Duplicated };
        return Err((flaw, format!("{} entries and {rows} rows of {commits} commits", read.len())));
    }
    // The process that held the lease is gone.
    let lease = if commits == 0 { Ok(Lease::first(run)) } else { journal.claim(run).await };
    let next =
        Commit { lease: Some(lease.map_err(|fault| (Flaw::Stuck, fault.to_string()))?), ..commit(run, commits + 1) };
    journal.commit(&next).await.map_err(|fault| (Flaw::Stuck, fault.to_string()))?;
    let whole = journal.read(run).await.unwrap().len() as u64 == 2 * (commits + 1);
    if whole { Ok(()) } else { Err((Flaw::Lost, "the commit after the failure".to_owned())) }
}

#[tokio::test]
async fn a_file_whose_last_writes_are_torn_missing_or_out_of_order_has_whole_commits() {
    let place = Place::new();
    let (path, run) = (place.path("journal.db"), RunId::from(uuid::Uuid::now_v7()));
    let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
    let length = || usize::try_from(fs::metadata(log_of(&path)).unwrap().len()).unwrap();
    let (mut ends, begins) = (Vec::new(), length());
    for number in 1..=COMMITS {
        journal.commit(&commit(run, number)).await.unwrap();
        ends.push(length());
    }
    let (file, log) = (fs::read(&path).unwrap(), fs::read(log_of(&path)).unwrap());
    let frames = (begins - HEAD_BYTES) / FRAME_BYTES..(log.len() - HEAD_BYTES) / FRAME_BYTES;
    let scenarios: Vec<_> = frames.flat_map(|frame| DAMAGES.map(|damage| (frame, damage))).collect();
    assert!(scenarios.len() > 100, "{} scenarios", scenarios.len());
    let mut table = Table::default();
    for (number, (frame, damage)) in scenarios.into_iter().enumerate().step_by(every(5)) {
        let left = place.write(&format!("{number}/journal.db"), &file);
        fs::write(log_of(&left), damage.of(&log, frame)).unwrap();
        let commits = ends.iter().filter(|end| **end <= HEAD_BYTES + frame * FRAME_BYTES).count() as u64;
        let verdict = check(&left, run, commits).await;
        table.count("file: writes torn, missing, out of order", || format!("{damage:?} at frame {frame}"), &verdict);
    }
    done(&table);
}
