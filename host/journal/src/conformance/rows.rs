//! What every journal does with the rows of its index.

use std::time::Duration;

use stockade_system::Clock;
use stockade_workflow::Kind;

use super::{Opener, commit, detail, run, turn, turned};
use crate::{Beside, Commit, Journal, Lease, Result, Row, RowChange, index};

pub(super) async fn check(new: impl Fn(Clock) -> Opener) {
    a_key_is_of_one_row(new(Clock::default())).await;
    a_refused_row_refuses_all_of_its_commit(new(Clock::default())).await;
    a_row_is_changed_only_as_it_was_seen(new(Clock::default())).await;
    rows_are_found_by_what_their_keys_begin_with(new(Clock::default())).await;
    rows_of_several_spaces_are_found_at_once(new(Clock::default())).await;
    a_holder_that_was_fenced_changes_no_row(new(Clock::default())).await;
    let (clock, time) = turned();
    let open = new(clock);
    rows_are_due_by_the_clock_of_the_journal(open(), &time).await;
}

async fn changed(journal: &dyn Journal, change: RowChange) -> Result<()> {
    journal.commit(&Commit::of_index(vec![change])).await
}

async fn keys(journal: &dyn Journal, prefix: &str, after: Option<&str>, limit: usize) -> Vec<String> {
    let found = journal.find("a", prefix, after, limit).await.unwrap();
    found.into_iter().map(|row| row.key).collect()
}

/// What makes two requests with one key start one run, and gives the number of a cell to one piece of code.
async fn a_key_is_of_one_row(open: Opener) {
    let (one, other, run) = (open(), open(), run());
    let row = |value: &str| Row::new("a", "k", value).of(run).due(7);
    changed(&*one, RowChange::Add(row("first"))).await.unwrap();
    let refused = changed(&*other, RowChange::Add(row("second"))).await.unwrap_err();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Conflict, Some("a")));
    changed(&*other, RowChange::Ensure(row("third"))).await.unwrap();
    assert_eq!(open().row("a", "k").await.unwrap(), Some(row("first")), "as it was added, whatever came later");
    changed(&*other, RowChange::Put(Row::new("a", "k", "fourth"))).await.unwrap();
    assert_eq!(one.row("a", "k").await.unwrap(), Some(Row::new("a", "k", "fourth")), "with another run and time");
    changed(&*one, RowChange::Add(Row::new("b", "k", ""))).await.unwrap();
    changed(&*one, RowChange::Ensure(Row::new("a", "kk", ""))).await.unwrap();
    let gone = || RowChange::Remove { space: "a".to_owned(), key: "k".to_owned() };
    changed(&*one, gone()).await.unwrap();
    changed(&*one, gone()).await.unwrap();
    assert_eq!(other.row("a", "k").await.unwrap(), None);
    assert!(other.row("b", "k").await.unwrap().is_some(), "another space");
    changed(&*one, RowChange::Add(row("fifth"))).await.unwrap();
}

/// What was written by another opener is found as well.
async fn rows_of_several_spaces_are_found_at_once(open: Opener) {
    let (one, other) = (open(), open());
    let row = |space: &str, key: &str| Row::new(space, key, "");
    for _ in 0..2 {
        for row in [row("a", "run"), row("b", "run/2"), row("b", "run/1"), row("b", "runs"), row("c", "run/1")] {
            changed(&*one, RowChange::Put(row)).await.unwrap();
        }
        let found = other.find_each(&[("b", "run/"), ("a", "run"), ("c", ""), ("d", "")]).await.unwrap();
        assert_eq!(found, [row("b", "run/1"), row("b", "run/2"), row("a", "run"), row("c", "run/1")]);
        assert_eq!(other.find_each(&[]).await.unwrap(), []);
        changed(&*one, RowChange::Remove { space: "a".to_owned(), key: "run".to_owned() }).await.unwrap();
        assert_eq!(other.find_each(&[("a", "run")]).await.unwrap(), []);
    }
}

async fn a_refused_row_refuses_all_of_its_commit(open: Opener) {
    let journal = open();
    let one = journal.new_run(&[Beside::Row { space: "given", key: "s/k" }]).unwrap();
    let two = journal.new_run(&[Beside::Run(one)]).unwrap();
    let given = |run, key: &str| RowChange::Add(Row::new("given", format!("s/{key}"), "").of(run));
    let first = |run, index| Commit { lease: Some(Lease::first(run)), index, ..commit(run, 1) };
    journal.commit(&first(one, vec![given(one, "k")])).await.unwrap();
    let refused = open().commit(&first(two, vec![given(two, "l"), given(two, "k")])).await;
    assert_eq!(detail(refused).as_deref(), Some("given"));
    assert_eq!(journal.row("given", "s/k").await.unwrap().and_then(|row| row.tie.run()), Some(one));
    assert_eq!(journal.row("given", "s/l").await.unwrap(), None, "nor is a row that came before");
    assert!(journal.read(two).await.unwrap().is_empty() && !journal.is_held(two).await.unwrap());
    let taken = Commit { index: vec![given(one, "m")], ..first(one, vec![]) };
    assert_eq!(detail(journal.commit(&taken).await).as_deref(), Some("taken"));
    assert_eq!(journal.row("given", "s/m").await.unwrap(), None, "nor one of entries whose number is taken");
    open().commit(&first(two, vec![given(two, "l")])).await.unwrap();
}

/// An account that many hosts add to, and a message that one of several hosts is to send.
async fn a_row_is_changed_only_as_it_was_seen(open: Opener) {
    let (one, other) = (open(), open());
    let replace =
        |seen: &Row, due_ms, value: &str| RowChange::Replace { seen: seen.clone(), due_ms, value: value.into() };
    let first = Row::new("a", "k", "1").of(run()).due(5);
    let refused = changed(&*one, replace(&first, None, "2")).await;
    assert_eq!(detail(refused).as_deref(), Some("a"), "there is none");
    changed(&*one, RowChange::Add(first.clone())).await.unwrap();
    for wrong in [
        Row { value: "0".into(), ..first.clone() },
        Row { due_ms: None, ..first.clone() },
        Row { due_ms: Some(6), ..first.clone() },
        first.clone().needs(first.tie.run().unwrap()),
        Row { tie: crate::Tie::None, ..first.clone() },
        first.clone().of(run()),
    ] {
        assert_eq!(detail(changed(&*other, replace(&wrong, None, "2")).await).as_deref(), Some("a"), "{wrong:?}");
    }
    changed(&*other, replace(&first, Some(6), "2")).await.unwrap();
    assert_eq!(detail(changed(&*one, replace(&first, Some(6), "2")).await).as_deref(), Some("a"), "by the other");
    let second = Row { due_ms: Some(6), value: "2".into(), ..first };
    assert_eq!(one.row("a", "k").await.unwrap(), Some(second.clone()));
    changed(&*one, replace(&second, None, "3")).await.unwrap();
    assert_eq!(other.row("a", "k").await.unwrap(), Some(Row { due_ms: None, value: "3".into(), ..second }));
}

async fn rows_are_found_by_what_their_keys_begin_with(open: Opener) {
    let journal = open();
    let all = ["", "s", "s/1", "s/2", "s0", "t%", "t_", "é", "\u{10ffff}", "😀"];
    for key in all.iter().rev() {
        changed(&*journal, RowChange::Add(Row::new("a", *key, *key))).await.unwrap();
    }
    changed(&*journal, RowChange::Add(Row::new("b", "s/3", ""))).await.unwrap();
    let mut in_order = all.to_vec();
    in_order.sort_unstable();
    assert_eq!(keys(&*journal, "", None, usize::MAX).await, in_order);
    assert_eq!(keys(&*journal, "s", None, 9).await, ["s", "s/1", "s/2", "s0"]);
    assert_eq!(keys(&*journal, "s/", None, 9).await, ["s/1", "s/2"]);
    assert_eq!(keys(&*journal, "s/", Some("s/1"), 9).await, ["s/2"]);
    assert_eq!(keys(&*journal, "s", Some("a"), 2).await, ["s", "s/1"], "a place before the prefix");
    assert_eq!(keys(&*journal, "s", Some("t"), 9).await, [""; 0], "a place behind it");
    assert_eq!(keys(&*journal, "s", Some("s/11"), 9).await, ["s/2", "s0"], "a place where no row is");
    assert_eq!(keys(&*journal, "", None, 0).await, [""; 0]);
    assert_eq!([keys(&*journal, "t%", None, 9).await, keys(&*journal, "t_", None, 9).await], [["t%"], ["t_"]]);
    assert_eq!(keys(&*journal, &index::key(["none"]), None, 9).await, [""; 0]);
    let mut paged = Vec::new();
    while let Some(last) = keys(&*journal, "", paged.last().map(String::as_str), 3).await.pop() {
        paged.extend(keys(&*journal, "", paged.last().map(String::as_str), 3).await);
        assert_eq!(paged.last(), Some(&last));
    }
    assert_eq!(paged, in_order);
    assert_eq!(journal.row("a", "s/").await.unwrap(), None, "the beginning of a key is not a key");
}

async fn a_holder_that_was_fenced_changes_no_row(open: Opener) {
    let one = open();
    let beside = [Beside::Row { space: "a", key: "r/k" }];
    let run = one.new_run(&beside).unwrap();
    let lease = Lease::first(run);
    one.commit(&Commit { lease: Some(lease.clone()), ..commit(run, 1) }).await.unwrap();
    let add = |key: &str| vec![RowChange::Add(Row::new("a", format!("r/{key}"), "").of(run))];
    one.commit(&Commit { lease: Some(lease.clone()), ..Commit::of_index(add("k")) }).await.unwrap();
    // Anyone may leave something for a run that another drives.
    let other = open();
    other.commit(&Commit::of_index(add("l"))).await.unwrap();
    one.commit(&Commit { lease: Some(lease.clone()), releases: true, ..Commit::of_index(add("m")) }).await.unwrap();
    other.claim(run).await.unwrap();
    let refused = one.commit(&Commit { lease: Some(lease), ..Commit::of_index(add("n")) }).await;
    assert_eq!(detail(refused).as_deref(), Some("fenced"));
    let unknown = Some(Lease::first(one.new_run(&beside).unwrap()));
    let refused = one.commit(&Commit { lease: unknown, ..Commit::of_index(add("o")) }).await;
    assert_eq!(detail(refused).as_deref(), Some("fenced"), "no run began under this lease");
    assert_eq!(keys(&*other, "", None, 9).await, ["r/k", "r/l", "r/m"]);
}

async fn rows_are_due_by_the_clock_of_the_journal(journal: Box<dyn Journal>, time: &std::sync::atomic::AtomicU64) {
    // The clock stands at 1,000.
    let add = |key: &str, due_ms| RowChange::Add(Row { due_ms, ..Row::new("a", key, "") });
    let rows = [
        ("d", Some(1_001)),
        ("c", Some(0)),
        ("b", Some(1_000)),
        ("a", Some(1_000)),
        ("z", None),
        ("y", Some(u64::MAX)),
    ];
    for (key, due_ms) in rows {
        changed(&*journal, add(key, due_ms)).await.unwrap();
    }
    changed(&*journal, RowChange::Add(Row::new("b", "e", "").due(0))).await.unwrap();
    let due = async |within: u64, limit| -> Vec<String> {
        let due = journal.due("a", Duration::from_millis(within), None, limit).await.unwrap();
        due.into_iter().map(|row| row.key).collect()
    };
    assert_eq!(due(0, 9).await, ["c", "a", "b"], "the earliest first");
    assert_eq!(
        (due(0, 2).await, due(1, 9).await),
        (vec!["c".to_owned(), "a".to_owned()], ["c", "a", "b", "d"].map(str::to_owned).to_vec())
    );
    turn(time, Duration::from_millis(1));
    assert_eq!(due(0, 9).await, ["c", "a", "b", "d"]);
    let (mut after, mut paged) = (None, Vec::new());
    while let Some(row) = journal.due("a", Duration::ZERO, after.as_ref(), 1).await.unwrap().pop() {
        paged.push(row.key.clone());
        after = Some(row);
    }
    assert_eq!(paged, ["c", "a", "b", "d"], "page by page");
    let seen = journal.row("a", "c").await.unwrap().unwrap();
    let off = RowChange::Replace { seen, due_ms: Some(1_500), value: String::new() };
    changed(&*journal, off).await.unwrap();
    assert_eq!(due(0, 1).await, ["a"], "the other was put off");
    changed(&*journal, RowChange::Remove { space: "a".into(), key: "a".into() }).await.unwrap();
    assert_eq!(due(500, 9).await, ["b", "d", "c"]);
}
