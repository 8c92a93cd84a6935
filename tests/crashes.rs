//! Scenarios of crashes, counted: journals alone, and hosts that fail at every operation of their journal in every way. No effect
//! happens twice, no step is lost, no run is stuck.
//!
//! A test run plays a sample; with `STOCKADE_SCENARIOS=all`, each of these tests plays all that it has. Each prints its table.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rusqlite::Connection;
use serde_json::json;
use stockade::journal::conformance::{self, Flaw, Opener, Storage, Table, Verdict};
use stockade::journal::{MemoryJournal, ShardedJournal, SqliteJournal};
use stockade::{Change, Clock, Effect, Entry, Host, Journal, NewRun, Run, RunId, Status};
use stockade_tests::crash::{Bench, done, every};
use stockade_tests::database::{OwnDatabase, blocking};
use stockade_tests::faulty::{Disk, Faulty, Trouble};
use stockade_tests::flaky::Flaky;
use stockade_tests::in_turn::{HOUR_MS, InTurn};
use stockade_tests::story::{STORIES, idle};
use stockade_tests::{Hand, Place};

#[tokio::test]
async fn a_journal_in_memory_keeps_its_promises_in_each_scenario() {
    let new = |clock| {
        let journal = MemoryJournal::new(clock);
        let open: Opener = Box::new(move || Box::new(journal.open_again()));
        Storage::from(open)
    };
    done(&conformance::crash(new, every(4)).await);
}

#[tokio::test]
async fn a_journal_in_two_databases_keeps_its_promises_in_each_scenario() {
    let new = |clock: Clock| {
        let databases = [MemoryJournal::new(clock.clone()), MemoryJournal::new(clock.clone())];
        let open: Opener = Box::new(move || {
            let opened = databases.iter().map(|memory| Arc::new(memory.open_again()) as Arc<dyn Journal>);
            Box::new(blocking(ShardedJournal::open(opened.collect(), clock.clone())).unwrap())
        });
        Storage::from(open)
    };
    done(&conformance::crash(new, every(40)).await);
}

/// The storage refuses with a trigger, as a disk that is full would: the statement fails, and its transaction with it.
const REFUSES: &str =
    "CREATE TRIGGER refuses BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";

#[tokio::test]
async fn a_journal_in_a_file_keeps_its_promises_in_each_scenario() {
    let place = Place::new();
    let new = |clock: Clock| {
        let path = place.path("journal.db");
        let at = path.clone();
        let refuse = move |refuses| {
            let raw = Connection::open(&at).unwrap();
            raw.busy_timeout(Duration::from_secs(10)).unwrap();
            raw.execute_batch(if refuses { REFUSES } else { "DROP TRIGGER refuses" }).unwrap();
        };
        let open: Opener = Box::new(move || Box::new(SqliteJournal::open(&path, clock.clone()).unwrap()));
        Storage { open, refuse: Some(Box::new(refuse)) }
    };
    done(&conformance::crash(new, every(40)).await);
}

/// What a trigger of the server's does in place of a disk that is full.
const REFUSES_THERE: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room is left'; END $$;
    CREATE TRIGGER refuses BEFORE INSERT ON stockade.entries FOR EACH ROW EXECUTE FUNCTION refuse()";

const TAKES_AGAIN: &str = "DROP TRIGGER refuses ON stockade.entries; DROP FUNCTION refuse()";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_journal_in_postgresql_keeps_its_promises_in_each_scenario() {
    let database = Arc::new(OwnDatabase::new().await);
    let new = |clock: Clock| {
        let (opened, told) = (Arc::clone(&database), Arc::clone(&database));
        let open: Opener = Box::new(move || Box::new(opened.open(&clock)));
        let refuse = move |refuses| blocking(told.execute(if refuses { REFUSES_THERE } else { TAKES_AGAIN }));
        Storage { open, refuse: Some(Box::new(refuse)) }
    };
    done(&conformance::crash(new, every(40)).await);
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_the_same_whatever_fails_at_whichever_operation() {
    let bench = Bench::new(2).await;
    done(&bench.fail_everywhere("memory", || bench.memory(), every(20)).await);
}

#[tokio::test]
async fn a_run_in_a_file_ends_the_same_whatever_fails_at_whichever_operation() {
    let bench = Bench::new(2).await;
    done(&bench.fail_everywhere("file", || bench.file("journal.db"), every(240)).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; tests/postgres starts one"]
async fn a_run_in_postgresql_ends_the_same_whatever_fails_at_whichever_operation() {
    let (bench, database) = (Bench::new(2).await, Arc::new(OwnDatabase::new().await));
    let clock = bench.hand.clock();
    let disk = || -> Disk {
        let (database, clock) = (Arc::clone(&database), clock.clone());
        Arc::new(move || -> Arc<dyn Journal> { Arc::new(database.open(&clock)) })
    };
    done(&bench.fail_everywhere("PostgreSQL", disk, every(240)).await);
}

/// The first host dies, the second one is in trouble as well, and a third one ends it.
#[tokio::test(start_paused = true)]
async fn a_run_ends_the_same_where_the_host_that_takes_over_is_in_trouble_too() {
    let (bench, every, mut table) = (Bench::new(2).await, every(60), Table::default());
    for (which, story) in STORIES.iter().enumerate() {
        let (expected, asked) = bench.undisturbed(story, &bench.memory()).await;
        let scenarios = (1..=asked).step_by(3).flat_map(|first| (1..=asked).step_by(7).map(move |then| (first, then)));
        for (number, (first, then)) in scenarios.enumerate().skip(which % every).step_by(every) {
            let dies = if number % 2 == 0 { Trouble::DeadBefore } else { Trouble::DeadAfter };
            let trouble = Trouble::ALL[(number / 2) % Trouble::ALL.len()];
            let name = format!("{}, {dies:?} at {first}, then {trouble:?} at {then}", story.name);
            let played = bench.play(story, &bench.memory(), &name, &[(first, dies), (then, trouble)]).await;
            table.count("memory: two hosts in trouble", || name, &played.judged(&expected));
        }
    }
    done(&table);
}

/// A tool that cannot tell a repetition is called once, and nothing is in doubt: a host that lives knows what it has done, even where
/// its journal fails for a moment, or makes a commit and cannot say so.
#[tokio::test(start_paused = true)]
async fn a_journal_that_fails_for_a_moment_puts_no_call_in_doubt() {
    let (place, hand) = (Place::new(), Hand::new());
    let (flaky, faulty) = (Flaky::new(Vec::new()), Faulty::new(&hand));
    let builder = place.host().workflow(InTurn).callable("flaky", flaky.clone()).clock(hand.clock());
    let host = builder.with_journal(faulty.clone()).scratch(place.path("")).build().await.unwrap();
    for trouble in [Trouble::Before, Trouble::After] {
        for number in 1.. {
            let journal = MemoryJournal::new(hand.clock());
            let disk: Disk = Arc::new(move || -> Arc<dyn Journal> { Arc::new(journal.open_again()) });
            faulty.insert(&disk, trouble.at(number));
            let before = flaky.called().len();
            let ended = called(&host, &hand).await;
            assert!(ended, "{trouble:?} at {number}: the call is in doubt");
            assert_eq!(flaky.called().len(), before + 1, "{trouble:?} at {number}");
            if faulty.asked() < number {
                assert!(number > 8, "a run asks its journal for more than that");
                break;
            }
        }
    }
}

/// Starts a run that makes a call, and has the host take it up until it has ended, or the call is in doubt; returns whether it has
/// ended.
async fn called(host: &Host, hand: &Hand) -> bool {
    let new = || NewRun::new("in_turn", json!([Effect::call("call", Flaky::wanted())])).key("call");
    for _ in 0..5 {
        let started = host.start_run(new()).await;
        let _ = host.worker().turn().await;
        assert!(idle(host).await, "the host does not come to an end");
        let Ok(started) = started else { continue };
        let Ok(state) = host.state(started.id()).await else { continue };
        if state.end().is_some() || state.open_doubts().next().is_some() {
            return state.status() == Status::Done;
        }
        // A lease whose answer was lost is over then.
        hand.forward(HOUR_MS);
    }
    panic!("the run does not end")
}

/// How many runs sleep until one and the same time: more than one look takes up.
const SLEEPERS: usize = 10_000;

/// Two hosts look at the same moment, each time.
#[tokio::test]
async fn runs_that_fall_due_at_once_all_go_on_and_each_of_them_once() {
    let (place, hand, mut table) = (Place::new(), Hand::new(), Table::default());
    let journal = MemoryJournal::new(hand.clock());
    let hosts = [host_of(&place, &hand, &journal).await, host_of(&place, &hand, &journal).await];
    let runs = asleep(&hosts[0], SLEEPERS / every(20)).await;
    loop {
        hand.forward(HOUR_MS);
        let (one, other) = tokio::join!(go_on(&hosts[0]), go_on(&hosts[1]));
        if one + other == 0 {
            break;
        }
    }
    for run in runs {
        table.count("memory: runs that fall due at once", || run.to_string(), &slept(&hosts[0], run).await);
    }
    done(&table);
}

async fn host_of(place: &Place, hand: &Hand, journal: &MemoryJournal) -> Host {
    let builder = place.host().with_journal(journal.open_again()).scratch(place.path(""));
    builder.workflow(InTurn).clock(hand.clock()).build().await.unwrap()
}

/// Starts so many runs that sleep for an hour, and end.
async fn asleep(host: &Host, count: usize) -> Vec<RunId> {
    let mut runs = Vec::new();
    for _ in 0..count {
        let nap = Effect::sleep("nap", Duration::from_millis(HOUR_MS));
        runs.push(host.start_run(NewRun::new("in_turn", json!([nap]))).await.unwrap().id());
    }
    host.idle().await;
    runs
}

/// Goes on with what is due, until it stands still again; returns how many runs went on.
async fn go_on(host: &Host) -> usize {
    let fired = host.fire_due().await.unwrap();
    // The other host may have been faster with one.
    join_all(fired.into_iter().filter_map(|fired| fired.resumed.ok()).map(Run::settled)).await.len()
}

/// Says whether a run went on when its time had come, and once.
async fn slept(host: &Host, run: RunId) -> Verdict {
    let entries = host.entries(run).await.unwrap();
    let is_nap = |entry: &&Entry| matches!(&entry.change, Change::Stepped { event, .. } if event.key() == Some("nap"));
    let status = host.state(run).await.unwrap().status();
    match (entries.iter().filter(is_nap).count(), status) {
        (1, Status::Done) => Ok(()),
        (0 | 1, status) => Err((Flaw::Stuck, format!("it is {status:?}"))),
        (times, _) => Err((Flaw::Duplicated, format!("it went on {times} times"))),
    }
}
