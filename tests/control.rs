//! Stop, pause, resume: whatever a run is doing, and whichever process drives it.

use std::num::NonZeroU32;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use stockade::config::Concurrency;
use stockade::{
    Budget, Builder, Change, Code, Decision, Effect, Entry, Fault, Grant, Host, Kind, NewSignal, Outcome, Run,
    RunHandle, RunId, RunState, Status, Stop,
};
use stockade_tests::crash::every;
use stockade_tests::currencies::{self, OF_CALLS, Played, cut_by_each};
use stockade_tests::flaky::Flaky;
use stockade_tests::gate::gated;
use stockade_tests::in_turn::InTurn;
use stockade_tests::{Hand, Place, decide, dist, input};

/// Time enough for what a test lets end.
const LONG: Duration = Duration::from_secs(600);

fn dana() -> Stop {
    Stop::by("dana").reason(Some("a wrong order".to_owned()))
}

fn detail(refused: Fault) -> (Kind, String) {
    (refused.kind, refused.detail.unwrap_or_default())
}

/// A host whose code can send requests to a server of this port: to get is harmless, to post may change something.
async fn sending(place: &Place, port: u16, method: &str) -> Host {
    sender(place, port, method).build().await.unwrap()
}

fn sender(place: &Place, port: u16, method: &str) -> Builder {
    let grant = Grant::http(format!("{method} http://127.0.0.1:{port}/")).addresses(["127.0.0.1"]);
    let builder = place.host().tool("fetch", dist("fetch"), [grant]).built_in_languages();
    builder.scratch(place.path(""))
}

/// Starts code that sends two requests, one after the other.
async fn send_twice(host: &Host, port: u16, method: &str) -> RunId {
    let send = format!(
        "await fetch.send({{request: {{method: '{method}', scheme: 'http', authority: input, path: '/', headers: [], \
         body: [], trailers: []}}}});"
    );
    let code = Code::new("javascript", &format!("{send} {send} return 2"));
    let code = code.input(format!("127.0.0.1:{port}").into()).tools(["fetch"]);
    host.exec(code, Budget::default().fuel(1 << 40)).await.unwrap().id()
}

async fn waiting(host: &Host) -> RunHandle {
    let run = host.start("refund", input("user_123"), Budget::default()).await.unwrap();
    let handle = host.run(run.id());
    assert!(matches!(run.settled().await.unwrap(), Outcome::Waiting(_)));
    handle
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_another_host_drives_is_stopped_and_its_call_is_unknown() {
    let place = Place::new();
    let (port, asked, answer) = gated();
    let (driver, other) = (sending(&place, port, "POST").await, sending(&place, port, "POST").await);
    let run = send_twice(&driver, port, "POST").await;
    asked.recv().unwrap();
    other.run(run).stop(dana(), Duration::ZERO).await.unwrap();
    let state = other.state(run).await.unwrap();
    assert_eq!((state.status(), state.stopped()), (Status::Stopped, Some(&dana())));
    assert_eq!(state.unknown_calls().collect::<Vec<_>>(), ["code/0"]);
    assert_eq!((state.ledger().reserved("code"), state.in_flight().count()), (None, 0));
    assert_eq!(driver.run(run).settled().await.unwrap(), Outcome::Stopped(dana()));
    let refused = detail(other.run(run).pause(Stop::by("eve"), LONG).await.unwrap_err());
    assert_eq!(refused, (Kind::Conflict, "ended".to_owned()));
    drop(answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_does_again_what_may_be_done_again() {
    let place = Place::new();
    let (port, asked, answer) = gated();
    let (driver, other) = (sending(&place, port, "GET").await, sending(&place, port, "GET").await);
    let run = send_twice(&driver, port, "GET").await;
    asked.recv().unwrap();
    other.run(run).pause(dana(), Duration::ZERO).await.unwrap();
    let state = other.state(run).await.unwrap();
    assert_eq!((state.status(), state.unknown_calls().count()), (Status::Paused, 0));
    assert_eq!(state.ledger().reserved("code"), None);
    assert_eq!(other.unfinished().await.unwrap(), []);
    let again = other.run(run).pause(Stop::by("eve"), LONG).await.unwrap_err();
    assert!(again.message.contains("by \"dana\": a wrong order"), "{again}");
    assert_eq!(detail(again), (Kind::Conflict, "paused".to_owned()));
    let resumed = other.resume(run).await.unwrap();
    // The first request is still open at the server, and was sent once more.
    (0..3).for_each(|_| answer.send(()).unwrap());
    assert_eq!(resumed.settled().await.unwrap(), Outcome::Done(2.into()));
}

/// Of a call that may have changed something, a person finds out after the pause whether it happened.
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_does_not_do_again_what_may_have_happened() {
    let place = Place::new();
    let (port, asked, answer) = gated();
    let host = sending(&place, port, "POST").await;
    let run = send_twice(&host, port, "POST").await;
    asked.recv().unwrap();
    host.run(run).pause(dana(), Duration::ZERO).await.unwrap();
    let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
    let Outcome::InDoubt(doubts) = &outcome else { panic!("{outcome}") };
    let [doubt] = &**doubts else { panic!("{outcome}") };
    assert_eq!(doubt.key, "code/0");
    assert!(doubt.error.message.contains("it is not known whether fetch.send"), "{}", doubt.error);
    assert!(asked.try_recv().is_err(), "it was not sent again");
    drop(answer);
}

/// What ends within its grace has happened, and a run that ends so has nothing left to stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_within_the_grace_is_not_stopped() {
    let place = Place::new();
    let (port, asked, answer) = gated();
    let host = sending(&place, port, "POST").await;
    let run = send_twice(&host, port, "POST").await;
    asked.recv().unwrap();
    let handle = host.run(run);
    let stopping = tokio::spawn(async move { handle.stop(dana(), LONG).await });
    (0..2).for_each(|_| answer.send(()).unwrap());
    assert_eq!(detail(stopping.await.unwrap().unwrap_err()), (Kind::Conflict, "ended".to_owned()));
    assert_eq!(host.state(run).await.unwrap().status(), Status::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_takes_a_decision_and_stays_paused() {
    let place = Place::new();
    let host = place.host().build().await.unwrap();
    let handle = waiting(&host).await;
    handle.pause(dana(), Duration::ZERO).await.unwrap();
    assert_eq!(handle.settled().await.unwrap(), Outcome::Paused(dana()));
    let decided = decide(&host, handle.id(), Decision::approve("eve")).await.unwrap();
    assert_eq!(decided.settled().await.unwrap(), Outcome::Paused(dana()));
    assert!(place.refunds().is_empty());
    assert!(matches!(host.resume(handle.id()).await.unwrap().settled().await.unwrap(), Outcome::Done(_)));
    assert_eq!(place.refunds().len(), 1);
}

/// A run whose workflow is gone can still be stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_a_workflow_that_is_not_here_is_stopped() {
    let place = Place::new();
    let host = sending(&place, 1, "GET").await;
    let handle = waiting(&host).await;
    drop(host);
    let journal = place.data("journal.db");
    let bare = Host::builder().journal(journal).build().await.unwrap();
    assert_eq!(bare.resume(handle.id()).await.err().unwrap().kind, Kind::NotFound);
    bare.run(handle.id()).stop(dana(), Duration::ZERO).await.unwrap();
    assert_eq!(bare.state(handle.id()).await.unwrap().stopped(), Some(&dana()));
}

/// Drives a run to its end: resumes it where it is paused, and says yes where it asks.
async fn to_the_end(host: &Host, run: Run) -> RunState {
    let id = run.id();
    let mut outcome = run.settled().await.unwrap();
    loop {
        let next = match outcome {
            Outcome::Waiting(_) => decide(host, id, Decision::approve("eve")).await,
            Outcome::Paused(_) => host.resume(id).await,
            Outcome::Parked(_)
            | Outcome::InDoubt(_)
            | Outcome::Suspended(_)
            | Outcome::Done(_)
            | Outcome::Failed(_)
            | Outcome::Stopped(_) => break,
        };
        outcome = next.unwrap().settled().await.unwrap();
    }
    host.state(id).await.unwrap()
}

/// The journal of a run that was paused while it waited, decided on while it was paused, and resumed.
async fn paused_and_resumed(place: &Place) -> (RunId, Vec<Entry>) {
    let host = place.host().build().await.unwrap();
    let handle = waiting(&host).await;
    handle.pause(dana(), Duration::ZERO).await.unwrap();
    decide(&host, handle.id(), Decision::approve("eve")).await.unwrap().settled().await.unwrap();
    let run = host.resume(handle.id()).await.unwrap();
    assert_eq!(to_the_end(&host, run).await.status(), Status::Done);
    (handle.id(), host.entries(handle.id()).await.unwrap())
}

fn is_outcome(entry: &Entry, key: &str) -> bool {
    matches!(&entry.change, Change::Stepped { event, .. } if event.key() == Some(key))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_cut_after_any_record_ends_the_same_and_can_be_stopped() {
    let place = Place::new();
    let (id, entries) = paused_and_resumed(&place).await;
    for cut in 1..=entries.len() {
        place.clear();
        let host = place.host().build().await.unwrap();
        place.journal_of(&entries[..cut]).await;
        let ended = to_the_end(&host, host.resume(id).await.unwrap()).await;
        // One whose outcome is in what is left of the journal is not made here again.
        let is_paid = entries[..cut].iter().any(|entry| is_outcome(entry, "refund"));
        let refunds = if is_paid { vec![] } else { vec![format!("{id}/refund")] };
        assert_eq!((ended.status(), place.refunds()), (Status::Done, refunds), "cut after {cut}");
        if cut == entries.len() {
            break;
        }
        place.clear();
        let host = place.host().build().await.unwrap();
        place.journal_of(&entries[..cut]).await;
        let before = RunState::fold(id, &entries[..cut]).unwrap();
        host.run(id).stop(dana(), Duration::ZERO).await.unwrap();
        let state = host.state(id).await.unwrap();
        assert_eq!((state.status(), state.seq() > before.seq()), (Status::Stopped, true), "cut after {cut}");
        // The refund alone may change something, and its intent is the only one that may have been left behind.
        let in_doubt: Vec<_> = before.in_flight().map(Effect::key).filter(|key| *key == "refund").collect();
        assert_eq!(state.unknown_calls().collect::<Vec<_>>(), in_doubt, "cut after {cut}");
        assert_eq!(host.resume(id).await.unwrap().settled().await.unwrap(), Outcome::Stopped(dana()));
        assert!(place.refunds().is_empty());
    }
}

/// Several people and programs want something else of the same run at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_that_decide_and_stop_at_once_wins_and_the_others_are_told() {
    let place = Place::new();
    let hosts = join_all((0..4).map(|_| async { place.host().build().await.unwrap() })).await;
    // The run is of each host in turn, also where a sample of the rounds is played.
    for round in (0..12).step_by(every(3)) {
        let refunds = place.refunds().len();
        let id = waiting(&hosts[round % 4]).await.id();
        let decided = |host: usize, decision: Decision| {
            let host = hosts[host].clone();
            async move { decide(&host, id, decision).await?.settled().await.map(drop) }
        };
        let stopped = hosts[2].run(id);
        let (approved, denied, stopped, paused) = tokio::join!(
            decided(0, Decision::approve("ann")),
            decided(1, Decision::deny("ben")),
            stopped.stop(Stop::by("carol"), Duration::ZERO),
            async { hosts[3].run(id).pause(Stop::by("dave"), Duration::ZERO).await },
        );
        let state = hosts[0].state(id).await.unwrap();
        let decision = state.approvals().next().unwrap().decision.clone();
        // A decision is taken, or the one before it is told, or the stop.
        for (name, taken) in [("ann", &approved), ("ben", &denied)] {
            let is_taken = decision.as_ref().is_some_and(|decision| decision.by == name);
            assert_eq!(taken.is_ok(), is_taken, "{name}: {taken:?}");
        }
        assert_eq!(stopped.is_ok(), state.stopped() == Some(&Stop::by("carol")), "{stopped:?}");
        for refused in [approved.err(), denied.err(), stopped.err(), paused.err()].into_iter().flatten() {
            assert_eq!(refused.kind, Kind::Conflict, "{refused}");
        }
        let is_paid = place.refunds().len() - refunds;
        assert!(is_paid <= usize::from(decision.is_some_and(|decision| decision.by == "ann")));
        if state.end().is_none() {
            assert_eq!(state.paused(), Some(&Stop::by("dave")));
        }
    }
}

/// Waits until the journal of a place has one run, of this status.
fn run_that_is(place: &Place, status: &str) -> String {
    loop {
        let runs = place.json(&["runs", "--status", status]).json;
        if let Some(run) = runs[0]["run_id"].as_str() {
            return run.to_owned();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_guest_that_does_not_end_is_stopped_from_another_process() {
    let place = Place::new();
    place.write("loop.js", "for (;;) {}");
    let fuel = u64::MAX.to_string();
    let mut driver = place.command(&["exec", "loop.js", "--fuel", &fuel, "--timeout", "1h"]);
    let mut driver = driver.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let run = run_that_is(&place, "running");
    let stopped = place.json(&["stop", &run, "--grace", "10ms", "--by", "dana", "--reason", "it takes long"]);
    assert_eq!((stopped.exit, &stopped.json), (Some(0), &json!([{"run_id": run, "status": "stopped", "error": null}])));
    assert_eq!(driver.wait().unwrap().code(), Some(7));
    let shown = place.json(&["show", &run]);
    assert_eq!(shown.json["stop"], json!({"by": "dana", "reason": "it takes long"}));
    assert_eq!(shown.json["unknown"], json!([]));
    let shown = place.call(&["show", &run]).stdout;
    assert!(shown.contains("stopped by \"dana\": it takes long"), "{shown}");
    assert_eq!(place.json(&["stop", &run]).exit, Some(6));
}

#[test]
fn runs_are_stopped_by_what_they_are() {
    let place = Place::new();
    let (waiting, done) = (place.refund("user_123", &[]).run(), place.refund("user_789", &[]).run());
    let ids = |args: &[&str]| {
        let answer = place.json(args);
        assert_eq!(answer.exit, Some(0), "{answer:?}");
        let runs = answer.json.as_array().unwrap().clone();
        runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = ["stop", "--workflow", "refund", "--status", "waiting"];
    assert_eq!(ids(&[&all[..], &["--older", "1h"]].concat()), [""; 0]);
    assert_eq!(ids(&[&all[..], &["--dry-run"]].concat()), std::slice::from_ref(&waiting));
    assert_eq!(place.json(&["show", &waiting]).json["status"], "waiting");
    let paused = place.call(&["pause", &waiting, "--by", "dana"]);
    assert_eq!((paused.exit, paused.stdout), (Some(0), format!("{waiting} paused\n")));
    let shown = place.call(&["show", &waiting]).stdout;
    assert!(shown.contains("is paused by \"dana\"; to go on:") && shown.contains("yes:"), "{shown}");
    assert_eq!(place.json(&["resume", &waiting]).exit, Some(3));
    assert_eq!(ids(&all), std::slice::from_ref(&waiting));
    assert_eq!(place.json(&["show", &done]).json["status"], "done");
    assert_eq!(place.json(&["approve", &waiting, "--by", "eve"]).exit, Some(6));
    assert_eq!(place.json(&["stop"]).exit, Some(2));
}

#[test]
fn runs_that_have_stood_still_for_long_are_stopped_and_the_others_are_not() {
    let place = Place::new();
    let old = place.refund("user_123", &[]).run();
    place.damage("UPDATE runs SET updated_ms = updated_ms - 7200000");
    let young = place.refund("user_123", &[]).run();
    let stop = ["stop", "--workflow", "refund", "--status", "waiting", "--older", "1h"];
    for more in [&["--dry-run"][..], &[]] {
        let stopped = place.json(&[&stop[..], more].concat());
        let runs = stopped.json.as_array().unwrap();
        assert_eq!((stopped.exit, runs.len(), &runs[0]["run_id"]), (Some(0), 1, &json!(old)), "{stopped:?}");
    }
    let status = |run: &str| place.json(&["show", run]).json["status"].clone();
    assert_eq!((status(&old), status(&young)), (json!("stopped"), json!("waiting")));
}

/// One run is driven at a time, and the second one waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_its_turn_is_stopped_and_has_done_nothing() {
    let place = Place::new();
    let (port, asked, answer) = gated();
    let one_at_once = Concurrency { runs: NonZeroU32::new(1), ..Concurrency::default() };
    let host = sender(&place, port, "GET").runs_at_once(one_at_once).build().await.unwrap();
    let driven = send_twice(&host, port, "GET").await;
    asked.recv().unwrap();
    let waits = send_twice(&host, port, "GET").await;
    host.run(waits).stop(dana(), Duration::ZERO).await.unwrap();
    assert_eq!(host.state(waits).await.unwrap().status(), Status::Stopped);
    answer.send(()).unwrap();
    asked.recv().unwrap();
    answer.send(()).unwrap();
    assert!(matches!(host.run(driven).settled().await.unwrap(), Outcome::Done(_)));
    assert!(asked.try_recv().is_err());
}

/// A run within a budget that is paused while it waits, is sent what it waits for, and is resumed.
async fn within(budget: Budget) -> Played {
    let (place, hand) = (Place::new(), Hand::new());
    let builder = place.host().workflow(InTurn).callable("flaky", Flaky::new(Vec::new()));
    let host = builder.clock(hand.clock()).build().await.unwrap();
    let call = |key| Effect::call(key, Flaky::wanted());
    let effects = json!([call("one"), Effect::await_signal("paid", "paid"), call("two")]);
    let run = host.start("in_turn", effects, budget).await.unwrap();
    let id = run.id();
    let pause = async |outcome: Outcome| -> Outcome {
        assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
        host.run(id).pause(dana(), Duration::ZERO).await.unwrap();
        let signal = NewSignal::new("paid", json!(5)).key("evt_1").by("bank");
        assert!(host.signal(id, signal).await.unwrap().is_none(), "it is paused");
        host.resume(id).await.unwrap().settled().await.unwrap()
    };
    let (outcome, limits) = currencies::to_the_end(&host, run, pause).await;
    let is_pause = |entry: &&Entry| matches!(entry.change, Change::Paused { .. });
    assert_eq!(host.entries(id).await.unwrap().iter().filter(is_pause).count(), 1);
    Played { said: outcome.to_string(), limits }
}

#[tokio::test]
async fn a_run_that_is_paused_and_resumed_is_cut_by_each_currency_and_goes_on_with_more() {
    cut_by_each(&OF_CALLS, within).await;
}
