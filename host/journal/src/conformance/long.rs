//! Entries that are long and much alike, as those of a conversation: a journal may keep them as it likes.

use serde_json::json;
use stockade_system::Clock;
use stockade_workflow::{Budget, Change, Entry, Origin, RunId};

use super::{Opener, run};
use crate::{Commit, Journal, Lease};

/// How many entries a run has.
const ENTRIES: u64 = 80;

pub(super) async fn check(new: &impl Fn(Clock) -> Opener) {
    what_is_long_is_read_from_any_entry_on(new(Clock::default())).await;
    what_many_commits_have_in_common_is_read_from_the_middle_on(new(Clock::default())).await;
    what_two_runs_have_stays_where_one_is_removed(new(Clock::default())).await;
}

/// Each entry says what the one before it said, and more; every tenth is short.
fn long(run: RunId, seq: u64) -> Entry {
    let messages = if seq.is_multiple_of(10) { 0 } else { seq + 40 };
    let said: Vec<_> =
        (0..messages).map(|number| format!("message {number}: {}", "\"so\u{e9}\" ".repeat(20))).collect();
    let input = json!({"said": said, "document": "a page of it\n".repeat(1_000)}).into();
    let change =
        Change::Created { workflow: "w".into(), version: 1, input, budget: Budget::NONE, origin: Origin::default() };
    Entry { run, seq, at_ms: 1_000 + seq, change }
}

async fn committed(journal: &dyn Journal, run: RunId) {
    for seq in (1..=ENTRIES).step_by(2) {
        let entries = vec![long(run, seq), long(run, seq + 1)];
        journal.commit(&Commit { lease: Some(Lease::first(run)), entries, ..Commit::default() }).await.unwrap();
    }
}

fn all(run: RunId) -> Vec<Entry> {
    (1..=ENTRIES).map(|seq| long(run, seq)).collect()
}

async fn what_is_long_is_read_from_any_entry_on(open: Opener) {
    let (one, run) = (open(), run());
    committed(&*one, run).await;
    for journal in [one, open()] {
        assert_eq!(journal.read(run).await.unwrap(), all(run));
        for after in 0..ENTRIES {
            let page = journal.read_after(run, after, 1).await.unwrap();
            assert_eq!(page.first(), Some(&long(run, after + 1)));
        }
    }
}

/// How many commits the longest run has. A journal that writes commits as differences to others begins anew after fewer.
const COMMITS: u64 = 300;

async fn what_many_commits_have_in_common_is_read_from_the_middle_on(open: Opener) {
    let (one, run) = (open(), run());
    for seq in 1..=COMMITS {
        let commit = Commit { lease: Some(Lease::first(run)), entries: vec![long(run, seq)], ..Commit::default() };
        one.commit(&commit).await.unwrap();
    }
    let all: Vec<_> = (1..=COMMITS).map(|seq| long(run, seq)).collect();
    for journal in [one, open()] {
        for after in (0..COMMITS).step_by(37) {
            assert_eq!(journal.read_after(run, after, usize::MAX).await.unwrap(), all[after as usize..], "{after}");
        }
    }
}

async fn what_two_runs_have_stays_where_one_is_removed(open: Opener) {
    let (journal, one, other) = (open(), run(), run());
    committed(&*journal, one).await;
    committed(&*journal, other).await;
    journal.remove(&Lease::first(one), &[]).await.unwrap();
    assert_eq!(journal.read(one).await.unwrap(), []);
    assert_eq!(journal.read(other).await.unwrap(), all(other));
    // What was removed may come again.
    committed(&*journal, one).await;
    assert_eq!(journal.read(one).await.unwrap(), all(one));
}
