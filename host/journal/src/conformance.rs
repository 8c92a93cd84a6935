//! What every journal must do, as suites that the tests of each run: [`check`] says what it promises, and [`crash`] plays what can
//! go wrong.
//!
//! ```
//! use stockade_journal::{MemoryJournal, conformance};
//!
//! # async fn example() {
//! conformance::check(|clock| {
//!     let journal = MemoryJournal::new(clock);
//!     Box::new(move || Box::new(journal.open_again()))
//! })
//! .await;
//! # }
//! ```
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "it is a test, which the tests of other crates run")]

mod crash;
mod lists;
mod long;
mod rows;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stockade_system::Clock;
use stockade_workflow::{Budget, Change, Entry, Json, Kind, Origin, RunId, Status};
use uuid::Uuid;

use crate::{Beside, Commit, Filter, Journal, LEASE, Lease, Result, Row, RowChange, Summary};

pub use self::crash::{Storage, crash};
pub use self::table::{Flaw, Table, Tally, Verdict};

/// Opens one and the same journal, each time as another process would.
pub type Opener = Box<dyn Fn() -> Box<dyn Journal>>;

/// Checks all that the trait promises, but for what takes a power failure to see; `new` makes an empty journal that goes
/// by this clock.
///
/// # Panics
///
/// The journal does something else.
pub async fn check(new: impl Fn(Clock) -> Opener) {
    what_was_committed_is_read_by_another_opener(new(Clock::default())).await;
    a_number_that_is_taken_or_skipped_is_refused(new(Clock::default())).await;
    lists::check(&new).await;
    long::check(&new).await;
    a_run_is_removed_whole_or_not_at_all(new(Clock::default())).await;
    rows::check(&new).await;
    let (clock, time) = turned();
    a_lease_keeps_others_out(new(clock), &time).await;
}

/// A clock that stands at 1,000 until it is turned.
fn turned() -> (Clock, Arc<AtomicU64>) {
    let time = Arc::new(AtomicU64::new(1_000));
    let turned = Arc::clone(&time);
    (Clock::new(move || turned.load(Ordering::SeqCst)), time)
}

fn turn(time: &AtomicU64, by: Duration) {
    time.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
}

fn run() -> RunId {
    Uuid::now_v7().into()
}

fn commit(run: RunId, seq: u64) -> Commit {
    let (input, budget, origin) = (Json::default(), Budget::NONE, Origin::default());
    let change = Change::Created { workflow: "w".into(), version: 1, input, budget, origin };
    Commit {
        entries: vec![Entry { run, seq, at_ms: 5, change }],
        summary: Some(summary(run, Status::Running)),
        ..Commit::default()
    }
}

fn summary(run: RunId, status: Status) -> Summary {
    Summary {
        run_id: run,
        workflow: "w".into(),
        status,
        state: "A".into(),
        updated_ms: 5,
        start_key: None,
        labels: BTreeMap::new(),
        waiting_for: BTreeSet::new(),
        damaged: None,
    }
}

fn of(status: Status) -> Filter {
    Filter { status: vec![status], ..Filter::default() }
}

fn kind<T>(refused: Result<T>) -> Option<Kind> {
    refused.err().map(|fault| fault.kind)
}

fn detail<T>(refused: Result<T>) -> Option<String> {
    refused.err().and_then(|fault| fault.detail)
}

async fn what_was_committed_is_read_by_another_opener(open: Opener) {
    let (one, run) = (open(), run());
    one.commit(&commit(run, 1)).await.unwrap();
    let other = open();
    assert_eq!(other.read(run).await.unwrap(), commit(run, 1).entries);
    assert_eq!(other.read(self::run()).await.unwrap(), []);
    let mut found = Vec::new();
    one.commit(&commit(run, 2)).await.unwrap();
    loop {
        let page = other.read_after(run, found.len() as u64, 1).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page.iter().map(|entry| entry.seq));
    }
    assert_eq!((found, other.read_after(run, 1, 1).await.unwrap()), (vec![1, 2], commit(run, 2).entries));
    let interrupted = summary(run, Status::Interrupted);
    assert_eq!(other.runs(&of(Status::Interrupted)).await.unwrap(), std::slice::from_ref(&interrupted));
    assert_eq!(other.runs(&Filter::default()).await.unwrap(), [interrupted]);
    assert_eq!(other.runs(&of(Status::Running)).await.unwrap(), []);
    assert_eq!(other.runs(&of(Status::Done)).await.unwrap(), []);
}

async fn a_number_that_is_taken_or_skipped_is_refused(open: Opener) {
    let (journal, one, two) = (open(), run(), run());
    journal.commit(&commit(one, 1)).await.unwrap();
    assert_eq!(kind(journal.commit(&commit(one, 1)).await), Some(Kind::Conflict));
    assert_eq!(kind(journal.commit(&commit(two, 3)).await), Some(Kind::Conflict));
    journal.commit(&commit(two, 1)).await.unwrap();
    journal.commit(&commit(one, 2)).await.unwrap();
    assert_eq!((journal.read(one).await.unwrap().len(), journal.read(two).await.unwrap().len()), (2, 1));
}

async fn a_run_is_removed_whole_or_not_at_all(open: Opener) {
    let journal = open();
    // What one commit writes may have to lie together.
    let removed = journal.new_run(&[Beside::Row { space: "session", key: "s/1" }]).unwrap();
    let kept = journal.new_run(&[Beside::Run(removed)]).unwrap();
    let lease = Lease::first(removed);
    let first = Commit { lease: Some(lease.clone()), ..commit(removed, 1) };
    let about_key = |key: &str| format!("{removed}/{key}");
    let about = |run, key| RowChange::Add(Row::new("about", about_key(key), "").of(run));
    journal.commit(&Commit { index: vec![about(removed, "a"), about(kept, "b")], ..first }).await.unwrap();
    journal.commit(&commit(kept, 1)).await.unwrap();
    let needing = Row::new("session", "s/1", "").needs(removed);
    journal.commit(&Commit::of_index(vec![RowChange::Add(needing.clone())])).await.unwrap();
    let audit = [RowChange::Add(Row::new("audit", removed.to_string(), "dana"))];
    let refused = open().remove(&lease, &audit).await;
    assert_eq!(detail(refused).as_deref(), Some("fenced"), "the lease is the first opener's");
    let refused = journal.remove(&lease, &audit).await.unwrap_err();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Conflict, Some("needed")));
    assert!(refused.message.contains("session \"s\""), "{refused}");
    let gone = RowChange::Remove { space: needing.space, key: needing.key };
    journal.commit(&Commit::of_index(vec![gone])).await.unwrap();
    let refused = journal.remove(&lease, &[about(kept, "b")]).await;
    assert_eq!(detail(refused).as_deref(), Some("about"), "the index refuses a row");
    assert_eq!(journal.read(removed).await.unwrap().len(), 1);
    assert!(journal.row("about", &about_key("a")).await.unwrap().is_some() && journal.is_held(removed).await.unwrap());

    journal.remove(&lease, &audit).await.unwrap();
    let other = open();
    assert_eq!(other.read(removed).await.unwrap(), []);
    assert_eq!(other.runs(&Filter::default()).await.unwrap().len(), 1);
    let keys = async |space| other.find(space, "", None, 9).await.unwrap().into_iter().map(|row| row.key);
    assert!(keys("about").await.eq([about_key("b")]) && keys("audit").await.eq([removed.to_string()]));
    assert!(!other.is_held(removed).await.unwrap());
    let late = [journal.remove(&lease, &[]).await, journal.renew(&lease).await];
    assert_eq!(late.map(detail), [Some("fenced".to_owned()), Some("fenced".to_owned())]);
}

async fn a_lease_keeps_others_out(open: Opener, time: &AtomicU64) {
    let turn = |by: Duration| turn(time, by);
    let (one, other, run) = (open(), open(), run());
    let leased = |lease: &Lease, seq| Commit { lease: Some(lease.clone()), ..commit(run, seq) };
    let first = Lease::first(run);
    one.commit(&leased(&first, 1)).await.unwrap();
    assert!(other.is_held(run).await.unwrap());
    assert_eq!(other.runs(&Filter::default()).await.unwrap()[0].status, Status::Running);
    for refused in [detail(other.claim(run).await), detail(one.claim(run).await)] {
        assert_eq!(refused.as_deref(), Some("busy"));
    }
    assert_eq!(detail(other.commit(&commit(run, 2)).await).as_deref(), Some("fenced"), "without a lease");

    // It lives as long as it is heard of, and a stopped holder is fenced once another took over.
    turn(LEASE / 2);
    one.renew(&first).await.unwrap();
    turn(LEASE / 2);
    assert!(other.claim(run).await.is_err());
    turn(LEASE / 2 + Duration::from_millis(1));
    let second = other.claim(run).await.unwrap();
    assert_eq!(second.epoch, 2);
    for refused in [one.commit(&leased(&first, 2)).await, one.renew(&first).await] {
        assert_eq!(detail(refused).as_deref(), Some("fenced"));
    }
    one.release(&first).await.unwrap();
    other.commit(&leased(&second, 2)).await.unwrap();

    // Given back with a commit, and taken over at once from a holder that is gone.
    other.commit(&Commit { releases: true, ..leased(&second, 3) }).await.unwrap();
    assert!(!one.is_held(run).await.unwrap());
    let third = one.claim(run).await.unwrap();
    assert!(other.claim(run).await.is_err());
    drop(one);
    assert_eq!(other.claim(run).await.unwrap().epoch, third.epoch + 1);
}
