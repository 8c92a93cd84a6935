//! How many runs go on at the same time, and which come first: counted, and not timed.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::json;
use stockade::config::Concurrency;
use stockade::journal::MemoryJournal;
use stockade::{
    Budget, Builder, Config, Effect, Entry, Fired, Hooks, Host, Kind, NewRun, Outcome, PRIORITY, QUEUE, RunId,
    RunState, TENANT, Worker,
};
use stockade_tests::in_turn::{HOUR_MS, InTurn};
use stockade_tests::{Hand, Place, input};

/// More than are looked at once.
const MANY: usize = 300;

fn builder(place: &Place, hand: &Hand) -> Builder {
    let builder = place.host().with_journal(MemoryJournal::new(hand.clock())).scratch(place.path(""));
    builder.workflow(InTurn).clock(hand.clock())
}

/// A run that waits for an hour, and ends.
fn nap() -> NewRun {
    NewRun::new("in_turn", json!([Effect::sleep("nap", Duration::from_millis(HOUR_MS))]))
}

/// Leaves runs of a tenant to whichever worker takes them.
async fn left(host: &Host, tenant: &str, runs: usize, priority: Option<&str>) -> Vec<RunId> {
    let mut left = Vec::new();
    for _ in 0..runs {
        let new = nap().label(TENANT, tenant).label(QUEUE, format!("of-{tenant}"));
        let new = priority.into_iter().fold(new, |new, priority| new.label(PRIORITY, priority));
        left.push(host.start_detached(new).await.unwrap().id());
    }
    left
}

async fn settled(fired: Vec<Fired>) -> Vec<RunId> {
    let mut runs = Vec::new();
    for Fired { run, resumed } in fired {
        resumed.unwrap().settled().await.unwrap();
        runs.push(run);
    }
    runs
}

/// Has a worker take so many turns, and returns the runs in the order in which it took them.
async fn taken(worker: &mut Worker, turns: usize) -> Vec<RunId> {
    let mut taken = Vec::new();
    for _ in 0..turns {
        taken.extend(settled(worker.turn().await.unwrap()).await);
    }
    taken
}

#[tokio::test]
async fn a_worker_takes_the_runs_of_tenants_in_turn_however_many_one_has() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = builder(&place, &hand).build().await.unwrap();
    let (many, few) = (left(&host, "many", MANY, None).await, left(&host, "few", 2, None).await);
    let free = host.start_detached(nap()).await.unwrap().id();
    let mut worker = host.worker().at_once(1);
    let first = taken(&mut worker, 7).await;
    assert!(few.iter().chain([&free]).all(|run| first[..5].contains(run)), "{first:?}");
    let of_many: Vec<_> = first.into_iter().filter(|run| many.contains(run)).collect();
    assert!(of_many.len() >= 3 && many.starts_with(&of_many), "the oldest first");
}

#[tokio::test]
async fn a_worker_takes_the_urgent_runs_of_a_tenant_first() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = builder(&place, &hand).build().await.unwrap();
    left(&host, "a", MANY, Some("low")).await;
    let (usual, high) = (left(&host, "a", 2, None).await, left(&host, "a", 2, Some("high")).await);
    let mut worker = host.worker().at_once(2);
    assert_eq!(taken(&mut worker, 2).await[..4], [high, usual].concat());
}

#[tokio::test]
async fn a_worker_takes_of_the_many_that_it_has_found_for_a_moment_and_then_looks_again() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = builder(&place, &hand).build().await.unwrap();
    let many = left(&host, "a", MANY, None).await;
    let mut worker = host.worker().at_once(1);
    assert_eq!(taken(&mut worker, 1).await, many[..1]);
    let urgent = left(&host, "a", 1, Some("high")).await;
    assert_eq!(taken(&mut worker, 1).await, many[1..2], "it has more than enough");
    hand.set(1_000);
    assert_eq!(taken(&mut worker, 1).await, urgent);
}

#[tokio::test]
async fn due_runs_of_tenants_go_on_in_turn_however_many_one_has() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = builder(&place, &hand).build().await.unwrap();
    let all = [left(&host, "many", MANY, None).await, left(&host, "few", 2, None).await];
    let mut worker = host.worker().at_once(usize::MAX);
    assert_eq!(taken(&mut worker, 2).await.len(), MANY + 2);
    hand.set(HOUR_MS);
    let fired = settled(host.fire_due().await.unwrap()).await;
    let of_few: Vec<_> = (0..4).filter(|place| all[1].contains(&fired[*place])).collect();
    assert_eq!(of_few.len(), 2, "two of the first four");
}

/// All that is due first is of another queue.
#[tokio::test]
async fn due_runs_of_other_queues_do_not_hide_those_of_a_worker() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = builder(&place, &hand).build().await.unwrap();
    left(&host, "others", MANY, None).await;
    let ours = left(&host, "ours", 1, None).await;
    assert_eq!(taken(&mut host.worker().at_once(usize::MAX), 2).await.len(), MANY + 1);
    hand.set(HOUR_MS);
    assert_eq!(taken(&mut host.worker().queues(["of-ours"]), 1).await, ours);
}

/// Runs of two tenants are left. Returns how many a worker takes up in its first turn.
async fn first_turn(concurrency: Concurrency) -> usize {
    let (place, hand) = (Place::new(), Hand::new());
    let host = builder(&place, &hand).runs_at_once(concurrency).build().await.unwrap();
    let all = [left(&host, "a", 3, None).await, left(&host, "b", 3, None).await].concat();
    let mut worker = host.worker();
    let first = taken(&mut worker, 1).await;
    let then = taken(&mut worker, 6).await;
    assert_eq!([&*first, &*then].concat().len(), all.len(), "all of them in the end");
    first.len()
}

#[tokio::test]
async fn a_worker_takes_up_no_more_runs_than_may_be_driven_at_once() {
    let some = NonZeroU32::new;
    let workflow = BTreeMap::from([("in_turn".to_owned(), some(3).unwrap())]);
    for (concurrency, expected) in [
        (Concurrency::default(), 6),
        (Concurrency { runs: some(2), ..Concurrency::default() }, 2),
        (Concurrency { tenant: some(1), ..Concurrency::default() }, 2),
        (Concurrency { workflow, ..Concurrency::default() }, 3),
    ] {
        assert_eq!(first_turn(concurrency.clone()).await, expected, "{concurrency:?}");
    }
}

#[tokio::test]
async fn a_limit_is_read_and_one_of_no_workflow_is_refused() {
    let config =
        Config::parse("[concurrency]\nruns = 9\ntenant = 2\n\n[concurrency.workflow]\nin_turn = 1\nrefnd = 2\n")
            .unwrap();
    assert_eq!((config.concurrency.runs, config.concurrency.tenant), (NonZeroU32::new(9), NonZeroU32::new(2)));
    let fault = builder(&Place::new(), &Hand::new()).configured(&config).unwrap().build().await.err().unwrap();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::NotFound, Some("workflow")));
    assert!(fault.message.contains("\"refnd\""), "{fault}");
    assert!(Config::parse("[concurrency]\nruns = 0\n").is_err(), "none could ever be driven");
}

/// Notes the thread on which each commit was heard of.
struct Threads(Arc<Mutex<Vec<String>>>);

impl Hooks for Threads {
    fn committed(&self, _: &RunState, _: &[Entry]) {
        self.0.lock().unwrap().push(thread::current().name().unwrap_or_default().to_owned());
    }
}

#[test]
fn a_run_is_driven_on_the_runtime_that_its_host_was_given() {
    let runtime = |name| tokio::runtime::Builder::new_multi_thread().thread_name(name).enable_all().build().unwrap();
    let (place, answering, drivers) = (Place::new(), runtime("answering"), runtime("drivers"));
    let threads = Arc::<Mutex<Vec<_>>>::default();
    answering.block_on(async {
        let builder = place.host().hooks(Threads(Arc::clone(&threads))).drive_on(drivers.handle().clone());
        let host = builder.build().await.unwrap();
        let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
        assert!(matches!(run.settled().await.unwrap(), Outcome::Done(_)));
    });
    let threads = threads.lock().unwrap();
    assert!(threads.len() > 2 && threads[1..].iter().all(|name| name == "drivers"), "{threads:?}");
}

/// It is one after the other, for one turn is given at a time.
#[tokio::test]
async fn runs_that_are_started_wait_for_their_turn() {
    let (place, hand) = (Place::new(), Hand::new());
    let one = Concurrency { runs: NonZeroU32::new(1), ..Concurrency::default() };
    let host = builder(&place, &hand).runs_at_once(one).build().await.unwrap();
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(host.start_run(nap()).await.unwrap().id());
    }
    host.idle().await;
    for run in runs {
        assert!(matches!(host.run(run).settled().await.unwrap(), Outcome::Parked(_)));
    }
}
