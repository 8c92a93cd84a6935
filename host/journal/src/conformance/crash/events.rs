//! What can come from outside: a storage that refuses to write, signals, times that come, a sweep.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stockade_workflow::Kind;

use super::{Flaw, Storage, Table, Verdict, check_entries, check_swept, detail, kind, leased, run, wrong};
use crate::{Commit, Lease, Row, RowChange};

/// How many entries a run has at which the storage begins to refuse.
const REFUSED_AT: u64 = 8;

/// How many times are due at once, and how many a host takes at a time.
const TIMERS: usize = 10_000;
const TAKEN_AT_ONCE: usize = 256;

pub(super) async fn play(storage: &Storage, time: &AtomicU64, every: usize, table: &mut Table) {
    time.store(1_000_000_000, Ordering::SeqCst);
    if let Some(refuse) = &storage.refuse {
        for at in (1..=REFUSED_AT).step_by(every.min(4)) {
            let verdict = the_storage_refuses(storage, refuse, at).await;
            table.count("journal: the storage refuses to write", || format!("after {at} entries"), &verdict);
        }
    }
    for signal in Signal::all() {
        let verdict = a_signal_is_taken_once(storage, signal).await;
        table.count("journal: signals early, twice, to a fenced host", || format!("{signal:?}"), &verdict);
    }
    for (what, race) in RACES {
        let verdict = a_sweep_takes_all_or_nothing(storage, race).await;
        table.count("journal: a sweep beside a commit", || what.to_owned(), &verdict);
    }
    let count = (TIMERS / every.min(10)).max(TAKEN_AT_ONCE);
    let verdict = times_that_come_at_once_are_each_taken_once(storage, count).await;
    table.count("journal: thousands of times at once", || count.to_string(), &verdict);
}

/// What the storage refuses is not there, what it took before is, and once it takes again the run goes on at the same number.
async fn the_storage_refuses(storage: &Storage, refuse: &dyn Fn(bool), at: u64) -> Verdict {
    let (one, other, run) = ((storage.open)(), (storage.open)(), run());
    let lease = Lease::first(run);
    for seq in 1..=at {
        one.commit(&leased(&lease, seq)).await.unwrap();
    }
    refuse(true);
    let next =
        Commit { index: vec![RowChange::Add(Row::new("refused", run.to_string(), ""))], ..leased(&lease, at + 1) };
    let answers = [one.commit(&next).await, one.commit(&next).await];
    let there = check_entries(&*other, run, at).await;
    let row = other.row("refused", &run.to_string()).await.unwrap();
    refuse(false);
    there?;
    for answer in answers {
        if kind(answer.clone()) != Some(Kind::Journal) {
            return wrong("a commit that cannot be written", &answer);
        }
    }
    if row.is_some() {
        return Err((Flaw::Wrong, "a row of a commit that was refused is there".to_owned()));
    }
    let answer = one.commit(&next).await;
    if answer.is_err() {
        return Err((Flaw::Stuck, format!("{answer:?}")));
    }
    check_entries(&*other, run, at + 1).await
}

/// How a signal comes to a run.
#[derive(Clone, Copy, Debug)]
struct Signal {
    /// Whether it is there before the run is.
    is_early: bool,
    /// How often it is sent, by the two hosts in turn.
    sent: usize,
    /// Whether the first host has lost the run when it takes the signal in.
    is_fenced: bool,
}

impl Signal {
    fn all() -> impl Iterator<Item = Self> {
        let pairs = [(false, false), (false, true), (true, false), (true, true)];
        pairs.into_iter().flat_map(|(is_early, is_fenced)| (1..=4).map(move |sent| Self { is_early, sent, is_fenced }))
    }
}

/// A signal is a row that one commit takes away, with the entry that says so: both, or neither.
async fn a_signal_is_taken_once(storage: &Storage, Signal { is_early, sent, is_fenced }: Signal) -> Verdict {
    let (hosts, run) = ([(storage.open)(), (storage.open)()], run());
    let (mut lease, key) = (Lease::first(run), run.to_string());
    if !is_early {
        hosts[0].commit(&leased(&lease, 1)).await.unwrap();
    }
    for number in 0..sent {
        let signal = RowChange::Add(Row::new("sent", &*key, "").of(run).due(0));
        let answer = hosts[number % 2].commit(&Commit::of_index(vec![signal])).await;
        let promised = (number > 0).then(|| "sent".to_owned());
        if detail(answer.clone()) != promised {
            return wrong("a signal under one key", &answer);
        }
    }
    if is_early {
        hosts[0].commit(&leased(&lease, 1)).await.unwrap();
    }
    let take = |lease: &Lease| {
        let taken = RowChange::Remove { space: "sent".to_owned(), key: key.clone() };
        Commit { index: vec![taken], ..leased(lease, 2) }
    };
    let mut taker = &hosts[0];
    if is_fenced {
        hosts[0].release(&lease).await.unwrap();
        let late = lease;
        (taker, lease) = (&hosts[1], hosts[1].claim(run).await.unwrap());
        let answer = hosts[0].commit(&take(&late)).await;
        if detail(answer.clone()).as_deref() != Some("fenced") {
            return wrong("a fenced host takes a signal", &answer);
        }
        if hosts[1].row("sent", &key).await.unwrap().is_none() {
            return Err((Flaw::Lost, "the signal that a fenced host took".to_owned()));
        }
    }
    taker.commit(&take(&lease)).await.unwrap();
    if hosts[0].row("sent", &key).await.unwrap().is_some() {
        return Err((Flaw::Duplicated, "the signal is there still".to_owned()));
    }
    check_entries(&*hosts[1], run, 2).await
}

/// What happens beside a sweep.
#[derive(Clone, Copy)]
enum Race {
    /// The driver that the sweeper has fenced writes after the sweep.
    CommitAfter,
    /// It writes again what the run began with.
    BeginAgain,
    /// The run is written to before it is swept.
    CommitBefore,
    /// A row is tied to the run before it is swept.
    Tied,
    /// A row needs the run.
    Needed,
    /// The sweeper has lost the run.
    Fenced,
}

const RACES: [(&str, Race); 6] = [
    ("a commit after it", Race::CommitAfter),
    ("the first commit once more after it", Race::BeginAgain),
    ("a commit before it", Race::CommitBefore),
    ("a row of the run before it", Race::Tied),
    ("a row that needs the run", Race::Needed),
    ("a sweeper that is fenced", Race::Fenced),
];

async fn a_sweep_takes_all_or_nothing(storage: &Storage, race: Race) -> Verdict {
    let (driver, sweeper, run) = ((storage.open)(), (storage.open)(), run());
    let (first, key) = (Lease::first(run), run.to_string());
    driver.commit(&leased(&first, 1)).await.unwrap();
    driver.commit(&leased(&first, 2)).await.unwrap();
    let row = Row::new("swept", &*key, "");
    match race {
        Race::CommitBefore => driver.commit(&leased(&first, 3)).await.unwrap(),
        Race::Tied => driver.commit(&Commit::of_index(vec![RowChange::Add(row.of(run))])).await.unwrap(),
        Race::Needed => driver.commit(&Commit::of_index(vec![RowChange::Add(row.needs(run))])).await.unwrap(),
        Race::CommitAfter | Race::BeginAgain | Race::Fenced => {}
    }
    driver.release(&first).await.unwrap();
    let lease = sweeper.claim(run).await.unwrap();
    if matches!(race, Race::Fenced) {
        sweeper.release(&lease).await.unwrap();
        driver.claim(run).await.unwrap();
    }
    let swept = sweeper.remove(&lease, &[]).await;
    let promised = match race {
        Race::Needed => Some("needed"),
        Race::Fenced => Some("fenced"),
        Race::CommitAfter | Race::BeginAgain | Race::CommitBefore | Race::Tied => None,
    };
    if detail(swept.clone()).as_deref() != promised {
        return wrong("a sweep", &swept);
    }
    let late = match race {
        Race::CommitAfter => driver.commit(&leased(&first, 3)).await.err(),
        Race::BeginAgain => driver.commit(&leased(&Lease { run, epoch: 2 }, 1)).await.err(),
        Race::CommitBefore | Race::Tied | Race::Needed | Race::Fenced => None,
    };
    if matches!(race, Race::CommitAfter | Race::BeginAgain) && late.is_none() {
        return Err((Flaw::Duplicated, "a run that was swept is written to".to_owned()));
    }
    check_swept(&*driver, run, if promised.is_some() { 2 } else { 0 }).await
}

/// Two hosts look at what is due, see the same, and take it: each row is one's.
async fn times_that_come_at_once_are_each_taken_once(storage: &Storage, count: usize) -> Verdict {
    let hosts = [(storage.open)(), (storage.open)()];
    // With one first part, so that several are written by one commit wherever they lie.
    let keys: Vec<_> = (0..count).map(|number| format!("at/{number:05}")).collect();
    for some in keys.chunks(1_000) {
        let add = some.iter().map(|key| RowChange::Add(Row::new("time", &**key, "").due(1)));
        hosts[0].commit(&Commit::of_index(add.collect())).await.unwrap();
    }
    let mut taken = BTreeSet::new();
    for turn in 0.. {
        let seen = hosts[turn % 2].due("time", Duration::ZERO, None, TAKEN_AT_ONCE).await.unwrap();
        if seen.is_empty() {
            break;
        }
        let take =
            seen.iter().map(|seen| RowChange::Replace { seen: seen.clone(), due_ms: None, value: "taken".into() });
        let take = Commit::of_index(take.collect());
        hosts[turn % 2].commit(&take).await.unwrap();
        let late = hosts[(turn + 1) % 2].commit(&take).await;
        if detail(late.clone()).as_deref() != Some("time") {
            return wrong("what another host has taken", &late);
        }
        for row in seen {
            if !taken.insert(row.key.clone()) {
                return Err((Flaw::Duplicated, row.key));
            }
        }
    }
    let missed = keys.iter().find(|key| !taken.contains(*key));
    missed.map_or(Ok(()), |key| Err((Flaw::Lost, key.clone())))
}
