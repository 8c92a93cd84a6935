//! What every journal does with lists of runs.

use std::collections::{BTreeMap, BTreeSet};

use stockade_system::Clock;
use stockade_workflow::{RunId, Status, WaitingFor};

use super::{Opener, commit, of, run, summary};
use crate::{Commit, Filter, Journal, PageEnd, Sort, Summary};

pub(super) async fn check(new: impl Fn(Clock) -> Opener) {
    a_page_has_what_its_filter_says(new(Clock::default())).await;
    runs_are_found_by_how_they_were_started(new(Clock::default())).await;
    runs_are_found_by_what_they_wait_for(new(Clock::default())).await;
    runs_are_sorted_and_paged_in_their_order(new(Clock::default())).await;
}

/// Returns which of these runs a filter lets through.
async fn listed(journal: &dyn Journal, all: &[RunId], filter: Filter) -> Vec<usize> {
    let runs = journal.runs(&filter).await.unwrap();
    runs.iter().map(|found| all.iter().position(|run| *run == found.run_id).unwrap()).collect()
}

async fn a_page_has_what_its_filter_says(open: Opener) {
    let (journal, all) = (open(), [run(), run(), run(), run(), run()]);
    for (number, run) in all.iter().enumerate() {
        let status = if number % 2 == 0 { Status::Done } else { Status::Running };
        let summary = Summary { workflow: format!("w{}", number / 3), ..summary(*run, status) };
        journal.commit(&Commit { summary: Some(summary), ..commit(*run, 1) }).await.unwrap();
    }
    let page = async |filter| listed(&*journal, &all, filter).await;
    let end = |run| Some(PageEnd { run, updated_ms: 0 });
    assert_eq!(page(Filter { limit: Some(2), ..Filter::default() }).await, [0, 1]);
    assert_eq!(page(Filter { after: end(all[1]), limit: Some(2), ..Filter::default() }).await, [2, 3]);
    assert_eq!(page(Filter { after: end(all[0]), limit: Some(1), ..of(Status::Done) }).await, [2]);
    assert_eq!(page(Filter { limit: Some(1), ..of(Status::Interrupted) }).await, [1]);
    assert_eq!(page(Filter { workflow: Some("w1".to_owned()), ..Filter::default() }).await, [3, 4]);
    let only = |runs: &[RunId]| Filter { runs: Some(runs.to_vec()), ..Filter::default() };
    assert_eq!(page(only(&[all[3], all[1]])).await, [1, 3]);
    assert_eq!((page(only(&[])).await, page(only(&[run()])).await), (vec![], vec![]));
    assert_eq!(page(Filter { since_ms: Some(0), ..Filter::default() }).await.len(), 5);
    assert_eq!(page(Filter { since_ms: Some(u64::MAX), ..Filter::default() }).await, [0; 0]);
    let rest = journal.read_after(all[0], 1, 1).await.unwrap();
    assert_eq!((rest.len(), journal.read_after(all[0], 0, 1).await.unwrap().len()), (0, 1));
}

async fn runs_are_found_by_how_they_were_started(open: Opener) {
    let (journal, all) = (open(), [run(), run(), run()]);
    let labels = [vec![("team", "a")], vec![("team", "a"), ("stage", "\"b'")], vec![("team", "b")]];
    for ((run, start_key), labels) in all.iter().zip([Some("order-7"), None, None]).zip(labels) {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let summary = Summary { start_key: start_key.map(str::to_owned), labels, ..summary(*run, Status::Done) };
        journal.commit(&Commit { summary: Some(summary), ..commit(*run, 1) }).await.unwrap();
    }
    let other = open();
    let page = async |filter| listed(&*other, &all, filter).await;
    let keyed = |key: &str| Filter { start_key: Some(key.to_owned()), ..Filter::default() };
    assert_eq!((page(keyed("order-7")).await, page(keyed("order")).await), (vec![0], vec![]));
    let labelled = |labels: &[(&str, &str)]| {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Filter { labels: labels.collect::<BTreeMap<_, _>>(), ..Filter::default() }
    };
    assert_eq!(page(labelled(&[("team", "a")])).await, [0, 1]);
    assert_eq!(page(labelled(&[("team", "a"), ("stage", "\"b'")])).await, [1]);
    assert_eq!(page(labelled(&[("stage", "a")])).await, [0; 0]);
    let besides = |name: &str, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect::<BTreeSet<_>>();
        Filter { labels_besides: BTreeMap::from([(name.to_owned(), values)]), ..Filter::default() }
    };
    assert_eq!((page(besides("team", &["a", ""])).await, page(besides("team", &[])).await), (vec![2], vec![0, 1, 2]));
    assert_eq!((page(besides("stage", &[""])).await, page(besides("stage", &["\"b'"])).await), (vec![1], vec![0, 2]));
    assert_eq!(page(besides("team", &["a", "b"])).await, [0; 0]);
    let found = other.runs(&keyed("order-7")).await.unwrap();
    assert_eq!((found[0].start_key.as_deref(), found[0].labels["team"].as_str()), (Some("order-7"), "a"));
}

async fn runs_are_found_by_what_they_wait_for(open: Opener) {
    let (journal, all) = (open(), [run(), run(), run()]);
    let waits: [&[WaitingFor]; 3] = [&[WaitingFor::Person, WaitingFor::Time], &[WaitingFor::Signal], &[]];
    for (run, waits) in all.iter().zip(waits) {
        let waiting_for = waits.iter().copied().collect();
        let summary = Summary { waiting_for, ..summary(*run, Status::Waiting) };
        journal.commit(&Commit { summary: Some(summary), ..commit(*run, 1) }).await.unwrap();
    }
    let page = async |waits: &[WaitingFor]| {
        let waiting_for = waits.iter().copied().collect();
        listed(&*open(), &all, Filter { waiting_for, ..Filter::default() }).await
    };
    assert_eq!(page(&[WaitingFor::Person]).await, [0]);
    assert_eq!(page(&[WaitingFor::Signal, WaitingFor::Time]).await, [0, 1]);
    assert_eq!(page(&[WaitingFor::Budget]).await, [0; 0]);
    let decided = Summary { waiting_for: [WaitingFor::Time].into(), ..summary(all[0], Status::Waiting) };
    journal.commit(&Commit { summary: Some(decided), ..commit(all[0], 2) }).await.unwrap();
    assert_eq!((page(&[WaitingFor::Person]).await, page(&[WaitingFor::Time]).await), (vec![], vec![0]));
}

async fn runs_are_sorted_and_paged_in_their_order(open: Opener) {
    let (journal, all) = (open(), [run(), run(), run(), run()]);
    for (run, updated_ms) in all.iter().zip([20, 40, 10, 20]) {
        let summary = Summary { updated_ms, ..summary(*run, Status::Done) };
        journal.commit(&Commit { summary: Some(summary), ..commit(*run, 1) }).await.unwrap();
    }
    let page = async |filter| listed(&*journal, &all, filter).await;
    let changed = |reverse| Filter { sort: Sort::Changed, reverse, ..Filter::default() };
    assert_eq!(page(Filter { reverse: true, limit: Some(3), ..Filter::default() }).await, [3, 2, 1]);
    assert_eq!((page(changed(false)).await, page(changed(true)).await), (vec![2, 0, 3, 1], vec![1, 3, 0, 2]));
    assert_eq!(page(Filter { unchanged_since_ms: Some(20), ..changed(false) }).await, [2, 0, 3]);
    assert_eq!(page(Filter { changed_since_ms: Some(20), ..changed(false) }).await, [0, 3, 1]);
    for (sort, reverse) in
        [(Sort::Started, false), (Sort::Started, true), (Sort::Changed, false), (Sort::Changed, true)]
    {
        let whole = Filter { sort, reverse, ..Filter::default() };
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let next = journal.runs(&Filter { after, limit: Some(1), ..whole.clone() }).await.unwrap();
            let Some(last) = next.last() else { break };
            after = Some(PageEnd::from(last));
            paged.extend(next);
        }
        assert_eq!(paged, journal.runs(&whole).await.unwrap(), "{sort:?} {reverse}");
    }
}
