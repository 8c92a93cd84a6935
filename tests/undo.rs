//! What a run has done is undone where it fails or is stopped: the last first, each an effect like any other.

use std::time::Duration;

use serde_json::json;
use stockade::{
    Budget, Change, Currency, Decision, Effect, Exceeded, Grant, Host, Kind, NewRun, Outcome, RunId, Status, Stop,
    ToolCall, ToolOutcome, Undo, Undone,
};
use stockade_tests::desk::Desk;
use stockade_tests::gate::gated;
use stockade_tests::in_turn::{HOUR_MS, InTurn, fire};
use stockade_tests::trip::Trip;
use stockade_tests::{Hand, Place, decide, dist};

const HOUR: Duration = Duration::from_secs(3_600);

async fn host(place: &Place, hand: &Hand, desk: &Desk) -> Host {
    let builder = place.host().workflow(Trip(&["desk"])).callable("desk", desk.clone()).idempotent("desk");
    builder.clock(hand.clock()).build().await.unwrap()
}

/// Books something that is cancelled by the id under which it was booked.
fn book(what: &str) -> Effect {
    let cancel = Undo::by(Desk::call(&format!("cancel-{what}"))).with("id", "/id");
    Effect::call(what, Desk::call(what)).undone_by(cancel)
}

fn fail() -> Effect {
    Effect::call("fail", Desk::call("fail")).undone_by(Undo::by(Desk::call("never")))
}

async fn start(host: &Host, effects: &[Effect], budget: Budget) -> (RunId, Outcome) {
    let run = host.start("trip", json!(effects), budget).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

const ALL: [&str; 5] = ["flight", "hotel", "fail", "cancel-hotel id-of-hotel", "cancel-flight id-of-flight"];

#[tokio::test]
async fn a_run_that_fails_undoes_what_it_has_done_the_last_first_and_pays_for_it() {
    let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
    let host = host(&place, &hand, &desk).await;
    let (run, outcome) = start(&host, &[book("flight"), book("hotel"), fail()], Budget::default()).await;
    let Outcome::Failed(fault) = &outcome else { panic!("{outcome}") };
    assert_eq!((fault.kind, fault.message.as_str()), (Kind::GuestError, "it is not possible"));
    assert_eq!(desk.done(), ALL);
    let state = host.state(run).await.unwrap();
    assert_eq!((state.status(), state.ledger().spent().tool_calls), (Status::Failed, 5));
    let undone: Vec<_> = state.undone().iter().map(|undone| undone.key.as_str()).collect();
    assert_eq!(undone, ["hotel", "flight"]);
    let entries = host.entries(run).await.unwrap();
    let changes = |is: fn(&Change) -> bool| entries.iter().filter(|entry| is(&entry.change)).count();
    assert_eq!(changes(|change| matches!(change, Change::Undone { .. })), 2);
    assert_eq!(changes(|change| matches!(change, Change::Reserved { key, .. } if key.starts_with("undo/"))), 2);
    assert_eq!(host.report(run).await.unwrap().undone.len(), 2);
}

#[tokio::test]
async fn a_run_that_succeeds_undoes_nothing() {
    let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
    let host = host(&place, &hand, &desk).await;
    let (_, outcome) = start(&host, &[book("flight"), book("hotel")], Budget::default()).await;
    assert_eq!((outcome, desk.done()), (Outcome::Done(json!("booked")), vec!["flight".to_owned(), "hotel".to_owned()]));
}

#[tokio::test]
async fn a_run_that_is_stopped_undoes_what_it_has_done_whichever_host_drives_it() {
    let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
    let (one, other) = (host(&place, &hand, &desk).await, host(&place, &hand, &desk).await);
    let (run, outcome) = start(&one, &[book("flight"), Effect::sleep("nap", HOUR)], Budget::default()).await;
    assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
    other.run(run).stop(Stop::by("dana"), Duration::ZERO).await.unwrap();
    assert_eq!(other.run(run).settled().await.unwrap(), Outcome::Stopped(Stop::by("dana")));
    assert_eq!(desk.done(), ["flight", "cancel-flight id-of-flight"]);
    let again = one.run(run).stop(Stop::by("eve"), Duration::ZERO).await.unwrap_err();
    assert_eq!((again.kind, again.detail.as_deref()), (Kind::Conflict, Some("ended")), "{again}");
}

/// The order is obeyed once: a second time, it would end the undoing.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_while_a_call_is_in_flight_undoes_what_it_has_done() {
    let (place, desk, (port, asked, _answer)) = (Place::new(), Desk::default(), gated());
    let grant = Grant::http(format!("GET http://127.0.0.1:{port}/")).addresses(["127.0.0.1"]);
    let builder = place.host().workflow(InTurn).callable("desk", desk.clone()).idempotent("desk");
    let host = builder.tool("fetch", dist("fetch"), [grant]).build().await.unwrap();
    let request = json!({
        "method": "GET", "scheme": "http", "authority": format!("127.0.0.1:{port}"), "path": "/", "headers": [],
        "body": [], "trailers": [], "timeout": null, "secret": null,
    });
    let send = Effect::call("send", ToolCall::new("fetch", "send", json!({"request": request})));
    let run = host.start("in_turn", json!([book("flight"), send]), Budget::default()).await.unwrap();
    asked.recv().unwrap();
    host.run(run.id()).stop(Stop::by("dana"), Duration::ZERO).await.unwrap();
    host.idle().await;
    assert_eq!(desk.done(), ["flight", "cancel-flight id-of-flight"]);
}

#[tokio::test]
async fn a_run_that_is_overdue_undoes_what_it_has_done() {
    let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
    let host = host(&place, &hand, &desk).await;
    let effects = [book("flight"), Effect::sleep("nap", 2 * HOUR)];
    let run = host.start_run(NewRun::new("trip", json!(effects)).deadline(HOUR)).await.unwrap();
    run.settled().await.unwrap();
    hand.set(HOUR_MS);
    let (_, outcome) = fire(&host).await.remove(0);
    assert!(matches!(&outcome, Outcome::Failed(fault) if fault.kind == Kind::Deadline), "{outcome}");
    assert_eq!(desk.done(), ["flight", "cancel-flight id-of-flight"]);
}

#[tokio::test]
async fn an_undoing_that_fails_is_recorded_and_keeps_no_other_from_being_undone() {
    let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
    let host = host(&place, &hand, &desk).await;
    let stubborn = Effect::call("hotel", Desk::call("hotel")).undone_by(Undo::by(Desk::call("fail")));
    let strange =
        Effect::call("car", Desk::call("car")).undone_by(Undo::by(Desk::call("cancel")).with("id", "/number"));
    let (run, _) = start(&host, &[book("flight"), stubborn, strange, fail()], Budget::default()).await;
    let state = host.state(run).await.unwrap();
    let came = |undone: &Undone| (undone.key.clone(), undone.outcome.fault().map(|fault| fault.kind));
    let came: Vec<_> = state.undone().iter().map(came).collect();
    let expected = [("car", Some(Kind::Invalid)), ("hotel", Some(Kind::GuestError)), ("flight", None)];
    assert_eq!(came, expected.map(|(key, kind)| (key.to_owned(), kind)));
    assert!(matches!(state.undone()[2].outcome, ToolOutcome::Returned(_)));
}

/// A trip of which a person is asked before the flight is cancelled.
fn asking() -> [Effect; 3] {
    let cancel = Undo::by(Desk::call("cancel-flight")).with("id", "/id").asking("the fare is lost");
    [Effect::call("flight", Desk::call("flight")).undone_by(cancel), book("hotel"), fail()]
}

#[tokio::test]
async fn a_person_is_asked_before_what_needs_it_is_undone() {
    for (decision, last) in [
        (Decision::approve("dana"), Some("cancel-flight id-of-flight")),
        (Decision::deny("dana").comment(Some("keep it".to_owned())), None),
    ] {
        let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
        let host = host(&place, &hand, &desk).await;
        let (run, outcome) = start(&host, &asking(), Budget::default()).await;
        let Outcome::Waiting(approval) = &outcome else { panic!("{outcome}") };
        assert_eq!((approval.key.as_str(), approval.reason.as_str()), ("undo/flight/ask", "the fare is lost"));
        assert_eq!(host.state(run).await.unwrap().status(), Status::Waiting);
        let outcome = decide(&host, run, decision).await.unwrap().settled().await.unwrap();
        assert!(matches!(outcome, Outcome::Failed(_)), "{outcome}");
        assert_eq!(desk.done().get(4).map(String::as_str), last);
        let state = host.state(run).await.unwrap();
        let kind = state.undone()[1].outcome.fault().map(|fault| fault.kind);
        assert_eq!(kind, last.is_none().then_some(Kind::Approval));
    }
}

#[tokio::test]
async fn a_budget_suspends_the_undoing_and_more_of_it_goes_on() {
    let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
    let host = host(&place, &hand, &desk).await;
    let budget = Budget::default().with(Currency::ToolCalls, 4);
    let (run, outcome) = start(&host, &[book("flight"), book("hotel"), fail()], budget).await;
    assert!(matches!(&outcome, Outcome::Suspended(Exceeded { limit: Currency::ToolCalls, .. })), "{outcome}");
    assert_eq!(desk.done().len(), 4);
    let more = Budget::NONE.with(Currency::ToolCalls, 1);
    let outcome = host.extend(run, more).await.unwrap().settled().await.unwrap();
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome}");
    assert_eq!(desk.done(), ALL);
}

/// What a crash leaves behind after any record ends as if nothing had happened.
#[tokio::test]
async fn a_run_undoes_all_of_it_once_when_cut_after_any_record() {
    let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
    let first = host(&place, &hand, &desk).await;
    let (run, _) = start(&first, &asking(), Budget::default()).await;
    decide(&first, run, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
    let entries = first.entries(run).await.unwrap();
    drop(first);
    for cut in 1..entries.len() {
        place.clear();
        desk.clear();
        let host = host(&place, &hand, &desk).await;
        place.journal_of(&entries[..cut]).await;
        let mut outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        if matches!(outcome, Outcome::Waiting(_)) {
            outcome = decide(&host, run, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
        }
        assert!(matches!(&outcome, Outcome::Failed(fault) if fault.kind == Kind::GuestError), "cut after {cut}");
        let state = host.state(run).await.unwrap();
        assert!(state.undone().iter().all(|undone| undone.outcome.fault().is_none()), "cut after {cut}");
        assert_eq!(state.undone().len(), 2, "cut after {cut}");
        // What was done before the cut is not done again.
        assert!(ALL.iter().rev().zip(desk.done().iter().rev()).all(|(all, done)| all == done), "cut after {cut}");
    }
}

#[tokio::test]
async fn a_workflow_is_undone_only_by_tools_that_its_graph_declares() {
    let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
    let host = host(&place, &hand, &desk).await;
    let call = ToolCall::new("payments", "refund", json!({}));
    let stray = Effect::call("flight", Desk::call("flight")).undone_by(Undo::by(call));
    let refused = host.start("trip", json!([stray]), Budget::default()).await.err().unwrap();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::HostBug, Some("graph")), "{refused}");
}

#[tokio::test]
async fn events_of_a_run_go_on_until_all_is_undone() {
    use futures_util::StreamExt as _;
    let (place, hand, desk) = (Place::new(), Hand::new(), Desk::default());
    let host = host(&place, &hand, &desk).await;
    let (run, _) = start(&host, &[book("flight"), fail()], Budget::default()).await;
    let followed = host.run(run).events(0).collect::<Vec<_>>().await.len();
    assert_eq!(followed, host.entries(run).await.unwrap().len());
}
