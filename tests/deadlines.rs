//! Deadlines: of a call, of a question, of a whole run. Each is fired by the journal's clock, whichever process looks.

use std::time::Duration;

use serde_json::{Value, json};
use stockade::{
    Budget, Builder, Config, Decision, Effect, EffectOutcome, Entry, Fault, Grant, Host, Kind, ModelOutcome, NewRun,
    Outcome, Question, Run, RunId, Started, Status, Stop, ToolCall, ToolOutcome,
};
use stockade_tests::currencies::{OF_CALLS, Played, cut_by_each, to_the_end};
use stockade_tests::flaky::Flaky;
use stockade_tests::gate::gated;
use stockade_tests::in_turn::{HOUR_MS, InTurn, fire, outcomes, start};
use stockade_tests::{Hand, Place, decide, dist};

const HOUR: Duration = Duration::from_secs(3_600);
/// Long for a machine that is busy with other tests, and short for one that waits for it.
const SHORT: Duration = Duration::from_millis(300);

/// A host that can send requests to a server of this port: to get is harmless, to post may change something.
fn sending(place: &Place, port: u16, method: &str) -> Builder {
    let grant = Grant::http(format!("{method} http://127.0.0.1:{port}/")).addresses(["127.0.0.1"]);
    place.host().tool("fetch", dist("fetch"), [grant]).workflow(InTurn)
}

fn send(port: u16, method: &str) -> Effect {
    let request = json!({
        "method": method, "scheme": "http", "authority": format!("127.0.0.1:{port}"), "path": "/", "headers": [],
        "body": [], "trailers": [], "timeout": null, "secret": null,
    });
    Effect::call("send", ToolCall::new("fetch", "send", json!({"request": request})))
}

fn only(outcome: &Outcome) -> EffectOutcome {
    outcomes(outcome).pop().unwrap()
}

fn kinds(fault: &Fault) -> (Kind, Option<&str>) {
    (fault.kind, fault.detail.as_deref())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_changes_nothing_fails_at_its_deadline() {
    let place = Place::new();
    let (port, _asked, _answer) = gated();
    let host = sending(&place, port, "GET").build().await.unwrap();
    let (run, outcome) = start(&host, &[send(port, "GET").within(SHORT)], Budget::default()).await;
    let EffectOutcome::ToolReturned(ToolOutcome::Failed(fault)) = only(&outcome) else { panic!("{outcome}") };
    assert_eq!(kinds(&fault), (Kind::Deadline, Some("effect")), "{fault}");
    assert_eq!(host.state(run).await.unwrap().ledger().reserved("send"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_may_have_changed_something_is_unknown_at_its_deadline() {
    let place = Place::new();
    let (port, _asked, _answer) = gated();
    let host = sending(&place, port, "POST").build().await.unwrap();
    let (run, outcome) = start(&host, &[send(port, "POST").within(SHORT)], Budget::default()).await;
    let EffectOutcome::ToolReturned(ToolOutcome::Unknown(fault)) = only(&outcome) else { panic!("{outcome}") };
    assert_eq!(fault.kind, Kind::UnknownOutcome, "{fault}");
    assert_eq!(host.state(run).await.unwrap().unknown_calls().collect::<Vec<_>>(), ["send"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_in_time_is_not_touched_by_its_deadline() {
    let place = Place::new();
    let (port, asked, answer) = gated();
    let host = sending(&place, port, "GET").build().await.unwrap();
    let answering = std::thread::spawn(move || {
        asked.recv().unwrap();
        answer.send(()).unwrap();
    });
    let (_, outcome) = start(&host, &[send(port, "GET").within(HOUR)], Budget::default()).await;
    assert!(matches!(only(&outcome), EffectOutcome::ToolReturned(ToolOutcome::Returned(_))), "{outcome}");
    answering.join().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_to_a_model_fails_at_its_deadline_and_is_paid() {
    let place = Place::new();
    let (port, _asked, _answer) = gated();
    let text = format!(
        "[model.far]\nprovider = \"openai-compatible\"\nmodel = \"x\"\nurl = \"http://127.0.0.1:{port}/v1/\"\n\
         price = {{ input = \"$3.00\", output = \"$15.00\" }}"
    );
    let builder = place.host().configured(&Config::parse(&text).unwrap()).unwrap().workflow(InTurn);
    let host = builder.build().await.unwrap();
    let ask = Effect::ask("ask", Question::new("well?")).within(2 * SHORT + Duration::from_secs(1));
    let (run, outcome) = start(&host, &[ask], Budget::default()).await;
    let EffectOutcome::ModelReplied(ModelOutcome::Failed(fault)) = only(&outcome) else { panic!("{outcome}") };
    assert_eq!(kinds(&fault), (Kind::Deadline, Some("effect")), "{fault}");
    assert!(host.state(run).await.unwrap().ledger().spent().money_micros > 0);
}

/// A run whose call is in flight, with what its journal has by then.
async fn in_flight(host: &Host, effect: Effect, deadline: Option<Duration>) -> Run {
    let input = json!([effect]);
    let new = deadline.into_iter().fold(NewRun::new("in_turn", input), NewRun::deadline);
    started(host.start_run(new).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_of_a_call_is_the_same_after_a_crash() {
    let (place, hand) = (Place::new(), Hand::new());
    let (port, asked, _answer) = gated();
    let builder = || sending(&place, port, "GET").clock(hand.clock());
    let host = builder().build().await.unwrap();
    let run = in_flight(&host, send(port, "GET").within(HOUR), None).await.id();
    asked.recv().unwrap();
    let entries = host.entries(run).await.unwrap();
    assert_eq!(host.shutdown(Duration::ZERO).await, [run]);
    drop(host);
    place.clear();
    hand.set(2 * HOUR_MS);
    let other = builder().build().await.unwrap();
    place.journal_of(&entries).await;
    let outcome = other.resume(run).await.unwrap().settled().await.unwrap();
    let EffectOutcome::ToolReturned(ToolOutcome::Failed(fault)) = only(&outcome) else { panic!("{outcome}") };
    assert_eq!(kinds(&fault), (Kind::Deadline, Some("effect")), "{fault}");
}

fn started(started: Started) -> Run {
    match started {
        Started::New { run, .. } => run,
        Started::Before(run) => panic!("run {} was started before", run.id()),
    }
}

async fn opened(hand: &Hand, place: &Place) -> Host {
    place.host().workflow(InTurn).clock(hand.clock()).build().await.unwrap()
}

/// Starts a run that must end within an hour, and waits until it stands still.
async fn within_an_hour(host: &Host, effects: &[Effect], budget: Budget) -> (RunId, Outcome) {
    let run = host.start_run(NewRun::new("in_turn", json!(effects)).budget(budget).deadline(HOUR)).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

#[track_caller]
fn assert_overdue(outcome: &Outcome) {
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert_eq!(kinds(fault), (Kind::Deadline, Some("run")), "{fault}");
    assert_eq!(fault.message, "the run had to end until 2027-01-15 09:00:00Z, and has not");
}

#[tokio::test]
async fn a_run_that_waits_fails_once_when_its_deadline_has_passed() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = opened(&hand, &place).await;
    let (run, outcome) = within_an_hour(&host, &[Effect::sleep("nap", 2 * HOUR)], Budget::default()).await;
    assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
    assert_eq!(host.report(run).await.unwrap().due_ms, Some(Hand::BEGIN_MS + HOUR_MS));
    hand.set(HOUR_MS - 1);
    assert!(fire(&host).await.is_empty());
    drop(host);
    hand.set(HOUR_MS);
    let other = opened(&hand, &place).await;
    let fired = fire(&other).await;
    assert_eq!(fired[0].0, run);
    assert_overdue(&fired[0].1);
    assert_eq!(other.state(run).await.unwrap().status(), Status::Failed);
    hand.set(3 * HOUR_MS);
    assert!(fire(&other).await.is_empty());
}

#[tokio::test]
async fn a_run_that_ends_in_time_is_not_touched_by_its_deadline() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = opened(&hand, &place).await;
    let (_, outcome) = within_an_hour(&host, &[Effect::sleep("nap", HOUR / 2)], Budget::default()).await;
    assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
    hand.set(HOUR_MS / 2);
    assert!(matches!(fire(&host).await[0].1, Outcome::Done(_)));
    hand.set(HOUR_MS);
    assert!(fire(&host).await.is_empty());
}

#[tokio::test]
async fn a_run_that_is_paused_or_suspended_fails_at_its_deadline_all_the_same() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = opened(&hand, &place).await;
    let nap = [Effect::sleep("nap", 2 * HOUR)];
    let (paused, _) = within_an_hour(&host, &nap, Budget::default()).await;
    host.run(paused).pause(Stop::by("dana"), Duration::ZERO).await.unwrap();
    let (suspended, outcome) = within_an_hour(&host, &nap, Budget::default().steps(1)).await;
    assert!(matches!(outcome, Outcome::Suspended(_)), "{outcome}");
    hand.set(HOUR_MS);
    let mut fired = fire(&host).await;
    fired.sort_by_key(|(run, _)| *run);
    assert_eq!(fired.iter().map(|(run, _)| *run).collect::<Vec<_>>(), [paused, suspended]);
    fired.iter().for_each(|(_, outcome)| assert_overdue(outcome));
}

#[tokio::test]
async fn a_decision_that_comes_after_the_run_s_deadline_is_refused() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = opened(&hand, &place).await;
    let call = ToolCall::new("payments", "refund", json!({"user_id": "user_789", "amount_cents": 7900}));
    let (run, outcome) =
        within_an_hour(&host, &[Effect::request_approval("ask", "why not", call)], Budget::default()).await;
    assert!(matches!(outcome, Outcome::Waiting(_)), "{outcome}");
    hand.set(HOUR_MS);
    let late = decide(&host, run, Decision::approve("dana")).await.err().unwrap();
    assert_eq!(kinds(&late), (Kind::Conflict, Some("expired")), "{late}");
    assert_overdue(&fire(&host).await[0].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_is_ended_at_the_deadline_of_its_run_and_its_outcome_is_unknown() {
    let place = Place::new();
    let (port, asked, _answer) = gated();
    let host = sending(&place, port, "POST").build().await.unwrap();
    let run = in_flight(&host, send(port, "POST"), Some(3 * SHORT)).await;
    let id = run.id();
    asked.recv().unwrap();
    let Outcome::Failed(fault) = run.settled().await.unwrap() else { panic!("it did not fail") };
    assert_eq!(kinds(&fault), (Kind::Deadline, Some("run")), "{fault}");
    let state = host.state(id).await.unwrap();
    assert_eq!(state.unknown_calls().collect::<Vec<_>>(), ["send"]);
    assert_eq!((state.ledger().reserved("send"), state.in_flight().count()), (None, 0));
}

/// What a crash leaves behind after any record ends as if nothing had happened.
#[tokio::test]
async fn a_run_fails_at_its_deadline_when_cut_after_any_record() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = opened(&hand, &place).await;
    let effects = [Effect::sleep("nap", HOUR / 2), Effect::await_signal("paid", "paid")];
    let (run, _) = within_an_hour(&host, &effects, Budget::default()).await;
    let entries = to_the_deadline(&host, &hand, run).await;
    drop(host);
    // The first record alone is never there by itself: the deadline is in the same commit.
    for cut in 2..entries.len() {
        place.clear();
        hand.set(0);
        let host = opened(&hand, &place).await;
        place.journal_of(&entries[..cut]).await;
        to_the_deadline(&host, &hand, run).await;
    }
}

async fn to_the_deadline(host: &Host, hand: &Hand, run: RunId) -> Vec<Entry> {
    for halves in 1..=2 {
        hand.set(halves * HOUR_MS / 2);
        let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        if halves == 2 {
            assert_overdue(&outcome);
        }
    }
    host.entries(run).await.unwrap()
}

/// A run within a budget, with deadlines of its own, of a call and of a wait, of which the one of the wait passes.
async fn within(budget: Budget) -> Played {
    let (place, hand) = (Place::new(), Hand::new());
    let builder = place.host().workflow(InTurn).callable("flaky", Flaky::new(Vec::new()));
    let host = builder.clock(hand.clock()).build().await.unwrap();
    let call = |key| Effect::call(key, Flaky::wanted()).within(HOUR);
    let effects = json!([call("one"), Effect::await_signal("paid", "paid").within(HOUR / 2), call("two")]);
    let run = started(host.start_run(NewRun::new("in_turn", effects).budget(budget).deadline(HOUR)).await.unwrap());
    let id = run.id();
    let pass = async |outcome: Outcome| -> Outcome {
        assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
        hand.set(HOUR_MS / 2);
        fire(&host).await.remove(0).1
    };
    let (outcome, limits) = to_the_end(&host, run, pass).await;
    let due_ms = host.state(id).await.unwrap().run_due_ms();
    Played { said: format!("{outcome}, {due_ms:?}"), limits }
}

#[tokio::test]
async fn a_run_with_deadlines_is_cut_by_each_currency_and_goes_on_with_more() {
    cut_by_each(&OF_CALLS, within).await;
}

#[tokio::test]
async fn a_host_has_a_deadline_for_all_runs_and_a_run_may_have_its_own() {
    let (place, hand) = (Place::new(), Hand::new());
    let config = Config::parse("[run]\ndeadline_ms = 60000").unwrap();
    let builder = place.host().workflow(InTurn).clock(hand.clock()).configured(&config).unwrap();
    let host = builder.build().await.unwrap();
    let nap = [Effect::sleep("nap", 2 * HOUR)];
    let (all, _) = start(&host, &nap, Budget::default()).await;
    let (own, _) = within_an_hour(&host, &nap, Budget::default()).await;
    let due = [host.state(all).await.unwrap().run_due_ms(), host.state(own).await.unwrap().run_due_ms()];
    assert_eq!(due, [Some(Hand::BEGIN_MS + 60_000), Some(Hand::BEGIN_MS + HOUR_MS)]);
}

#[test]
fn the_binary_starts_runs_with_a_deadline() {
    let place = Place::new();
    let waits = place.refund("user_123", &["--deadline", "2h"]);
    assert_eq!((waits.exit, waits.json["due_ms"].is_u64()), (Some(3), true), "{waits:?}");
    let shown = place.call(&["show", &waits.run()]);
    assert!(shown.stdout.contains("must end until "), "{shown:?}");
    let over = place.refund("user_123", &["--deadline", "0s"]);
    assert_eq!((over.exit, &over.json["status"]), (Some(1), &json!("failed")), "{over:?}");
    assert_eq!(over.json["error"]["kind"], Value::from("deadline"), "{over:?}");
    assert_eq!(place.refund("user_123", &["--deadline", "2"]).exit, Some(2));
}
