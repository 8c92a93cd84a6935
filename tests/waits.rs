//! Runs that wait for a time or a signal: parked, and gone on with when it is there, whichever process stops in between.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use stockade::journal::MemoryJournal;
use stockade::{
    Budget, Change, Currency, Decision, Effect, EffectOutcome, Exceeded, Hooks, Host, Kind, NewRun, NewSignal, Outcome,
    QUEUE, RunId, Status, Stop, ToolCall, Unreadable, Waited,
};
use stockade_tests::in_turn::{HOUR_MS, InTurn, fire, outcomes, start};
use stockade_tests::{Hand, Place, decide};

const BEGIN_MS: u64 = Hand::BEGIN_MS;
const HOUR: Duration = Duration::from_secs(3_600);

async fn open(place: &Place, hand: &Hand) -> Host {
    place.host().workflow(InTurn).clock(hand.clock()).build().await.unwrap()
}

fn waited(outcome: &Outcome) -> Vec<Waited> {
    let waited = |outcome: EffectOutcome| match outcome {
        EffectOutcome::Waited(waited) => waited,
        other => panic!("{other:?}"),
    };
    outcomes(outcome).into_iter().map(waited).collect()
}

fn paid(payload: Value) -> NewSignal {
    NewSignal::new("paid", payload).key("evt_1").by("bank")
}

/// Sends a signal, and waits until the run stands still again.
async fn send(host: &Host, run: RunId, signal: NewSignal) {
    if let Some(run) = host.signal(run, signal).await.unwrap() {
        run.settled().await.unwrap();
    }
}

fn await_paid() -> Effect {
    Effect::await_signal_of("paid", "paid", json!({"type": "object", "required": ["cents"]}))
}

#[tokio::test]
async fn a_run_that_sleeps_is_parked_and_goes_on_once_when_the_time_has_come() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand).await;
    let (run, outcome) = start(&host, &[Effect::sleep("nap", HOUR)], Budget::default()).await;
    let Outcome::Parked(waits) = &outcome else { panic!("{outcome}") };
    assert_eq!(waits[0].until_ms, Some(BEGIN_MS + HOUR_MS));
    assert_eq!(outcome.to_string(), "waiting until 2027-01-15 09:00:00Z");
    assert_eq!(host.state(run).await.unwrap().status(), Status::Waiting);
    hand.set(HOUR_MS - 1);
    assert!(fire(&host).await.is_empty());
    assert!(matches!(host.resume(run).await.unwrap().settled().await.unwrap(), Outcome::Parked(_)));
    drop(host);
    hand.set(HOUR_MS);
    let other = open(&place, &hand).await;
    let fired = fire(&other).await;
    assert_eq!(waited(&fired[0].1), [Waited::Slept { at_ms: BEGIN_MS + HOUR_MS }]);
    hand.set(0);
    assert!(fire(&other).await.is_empty());
    hand.set(2 * HOUR_MS);
    assert!(fire(&other).await.is_empty());
}

#[tokio::test]
async fn a_paused_run_goes_on_when_it_is_resumed_and_not_when_its_time_comes() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand).await;
    let (run, _) =
        start(&host, &[Effect::sleep("nap", HOUR), Effect::await_signal("paid", "paid")], Budget::default()).await;
    host.run(run).pause(Stop::by("dana"), Duration::ZERO).await.unwrap();
    hand.set(HOUR_MS);
    assert!(fire(&host).await.is_empty());
    assert!(host.signal(run, paid(json!(5))).await.unwrap().is_none());
    assert_eq!(host.state(run).await.unwrap().status(), Status::Paused);
    let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
    assert!(matches!(&waited(&outcome)[..], [Waited::Slept { .. }, Waited::Signalled(_)]), "{outcome}");
}

#[tokio::test]
async fn a_signal_that_comes_early_is_kept_and_one_sent_twice_is_one() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand).await;
    let (run, _) =
        start(&host, &[Effect::sleep("nap", HOUR), await_paid(), await_paid_again()], Budget::default()).await;
    send(&host, run, paid(json!({"cents": 5}))).await;
    host.run(run).signal(paid(json!({"cents": 5}))).await.unwrap();
    let other = host.run(run).signal(paid(json!({"cents": 6}))).await.unwrap_err();
    assert_eq!((other.kind, other.detail.as_deref()), (Kind::Conflict, Some("signal")), "{other}");
    assert_eq!(host.state(run).await.unwrap().signals().len(), 1);
    hand.set(HOUR_MS);
    assert!(matches!(&fire(&host).await[0].1, Outcome::Parked(waits) if waits[0].key == "again"));
    let sent = host.signal(run, NewSignal::new("paid", json!({"cents": 7}))).await.unwrap();
    let ended = waited(&sent.unwrap().settled().await.unwrap());
    let cents = |waited: &Waited| match waited {
        Waited::Signalled(signal) => Some(signal.payload.value()["cents"].clone()),
        _ => None,
    };
    let cents: Vec<_> = ended.iter().filter_map(cents).collect();
    assert_eq!(cents, [json!(5), json!(7)]);
    let late = host.signal(run, NewSignal::new("paid", json!({"cents": 8}))).await.err().unwrap();
    assert_eq!((late.kind, late.detail.as_deref()), (Kind::Conflict, Some("ended")), "{late}");
}

fn await_paid_again() -> Effect {
    Effect::await_signal("again", "paid")
}

#[tokio::test]
async fn a_signal_that_does_not_fit_is_refused_and_a_timeout_is_told_apart() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand).await;
    let (run, outcome) = start(&host, &[await_paid().within(HOUR)], Budget::default()).await;
    assert_eq!(outcome.to_string(), "waiting for signal paid, until 2027-01-15 09:00:00Z");
    let entries = host.entries(run).await.unwrap().len();
    let misfit = host.signal(run, paid(json!({"dollars": 5}))).await.err().unwrap();
    assert_eq!((misfit.kind, misfit.detail.as_deref()), (Kind::Invalid, Some("signal")), "{misfit}");
    let nowhere =
        host.signal("01a22c23-c739-74d6-ab06-921be353848e".parse().unwrap(), paid(json!(1))).await.err().unwrap();
    assert_eq!(nowhere.kind, Kind::NotFound);
    assert_eq!(host.entries(run).await.unwrap().len(), entries);
    hand.set(HOUR_MS);
    assert_eq!(waited(&fire(&host).await[0].1), [Waited::TimedOut { at_ms: BEGIN_MS + HOUR_MS }]);
}

#[tokio::test]
async fn a_question_that_expires_is_no_denial_and_takes_no_decision() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand).await;
    let call = ToolCall::new("payments", "refund", json!({"user_id": "user_789", "amount_cents": 7900}));
    let (run, outcome) =
        start(&host, &[Effect::request_approval("ask", "why not", call).within(HOUR)], Budget::default()).await;
    assert!(matches!(outcome, Outcome::Waiting(_)), "{outcome}");
    hand.set(HOUR_MS);
    let late = decide(&host, run, Decision::approve("dana")).await.err().unwrap();
    assert_eq!((late.kind, late.detail.as_deref()), (Kind::Conflict, Some("expired")), "{late}");
    assert_eq!(waited(&fire(&host).await[0].1), [Waited::TimedOut { at_ms: BEGIN_MS + HOUR_MS }]);
    let state = host.state(run).await.unwrap();
    let approval = state.approval("ask").unwrap();
    assert_eq!((approval.expired_ms, &approval.decision, approval.is_open()), (Some(BEGIN_MS + HOUR_MS), &None, false));
}

/// Keeps what was set aside.
#[derive(Clone, Default)]
struct SetAside(Arc<Mutex<Vec<Unreadable>>>);

impl Hooks for SetAside {
    fn unreadable(&self, signal: &Unreadable) {
        self.0.lock().unwrap().push(signal.clone());
    }
}

#[tokio::test]
async fn a_signal_that_cannot_be_read_is_set_aside_and_its_run_waits_on() {
    let (place, hand, set_aside) = (Place::new(), Hand::new(), SetAside::default());
    let builder = place.host().workflow(InTurn).clock(hand.clock()).hooks(set_aside.clone());
    let (host, mut runs) = (builder.build().await.unwrap(), Vec::new());
    for _ in 0..2 {
        let (run, _) = start(&host, &[Effect::await_signal("paid", "paid")], Budget::default()).await;
        host.run(run).pause(Stop::by("dana"), Duration::ZERO).await.unwrap();
        assert!(host.signal(run, paid(json!(5))).await.unwrap().is_none());
        runs.push(run);
    }
    place.damage_rows("signal", runs[0]);
    let unread = host.resume(runs[0]).await.unwrap().settled().await.unwrap();
    assert!(matches!(unread, Outcome::Parked(_)), "{unread}");
    let read = host.resume(runs[1]).await.unwrap().settled().await.unwrap();
    assert!(matches!(read, Outcome::Done(_)), "{read}");
    assert!(fire(&host).await.is_empty(), "it is not looked at again");
    let told = set_aside.0.lock().unwrap().clone();
    let [Unreadable { run_id, error }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((*run_id, error.kind, error.detail.as_deref()), (Some(runs[0]), Kind::Journal, Some("signal")));
    send(&host, runs[0], paid(json!(6))).await;
    assert_eq!(host.state(runs[0]).await.unwrap().status(), Status::Done, "its key is free");
}

/// What a crash leaves behind after any record ends as if nothing had happened.
#[tokio::test]
async fn a_run_that_waits_ends_the_same_when_cut_after_any_record() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand).await;
    let (run, _) =
        start(&host, &[Effect::sleep("nap", HOUR), await_paid(), Effect::sleep("rest", HOUR)], Budget::default()).await;
    let ended = to_the_end(&host, &hand, run).await;
    let entries = host.entries(run).await.unwrap();
    drop(host);
    assert!(entries.iter().any(|entry| matches!(entry.change, Change::Signalled { .. })));
    for cut in 1..entries.len() {
        place.clear();
        hand.set(0);
        let host = open(&place, &hand).await;
        place.journal_of(&entries[..cut]).await;
        let again = to_the_end(&host, &hand, run).await;
        let kinds = |ended: &[Waited]| ended.iter().map(std::mem::discriminant).collect::<Vec<_>>();
        assert_eq!(kinds(&again), kinds(&ended), "cut after {cut}");
    }
}

/// Sends the signal once, and lets time pass until the run ends.
async fn to_the_end(host: &Host, hand: &Hand, run: RunId) -> Vec<Waited> {
    for hours in 0..9 {
        hand.set(hours * HOUR_MS);
        let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        if let Outcome::Done(_) = outcome {
            return waited(&outcome);
        }
        send(host, run, paid(json!({"cents": 5}))).await;
    }
    panic!("the run does not end")
}

#[tokio::test]
async fn a_wait_is_cut_by_the_steps_and_the_journal_that_are_left() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand).await;
    for (budget, limit, more) in [
        (Budget::default().steps(1), Currency::Steps, Budget::NONE.steps(5)),
        (
            Budget::default().with(Currency::Journal, 2_000),
            Currency::Journal,
            Budget::NONE.with(Currency::Journal, 1 << 20),
        ),
    ] {
        let effects = serde_json::to_value([Effect::sleep("nap", HOUR)]).unwrap();
        let run = host.start("in_turn", effects, budget).await.unwrap();
        let (id, outcome) = (run.id(), run.settled().await.unwrap());
        assert!(matches!(&outcome, Outcome::Suspended(Exceeded { limit: by, .. }) if *by == limit), "{outcome}");
        let outcome = host.extend(id, more).await.unwrap().settled().await.unwrap();
        assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_timers_goes_on_by_itself() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = open(&place, &hand).await;
    let (run, _) = start(&host, &[Effect::sleep("nap", HOUR)], Budget::default()).await;
    let _timers = host.timers();
    hand.set(HOUR_MS);
    // Ends with the run.
    let entries: Vec<_> = host.run(run).events(0).collect().await;
    assert!(entries.iter().all(Result::is_ok));
    assert_eq!(host.state(run).await.unwrap().status(), Status::Done);
}

#[test]
fn the_binary_keeps_signals_and_fires_what_is_due() {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    assert_eq!(place.json(&["resume", "--due"]).exit, Some(0));
    let sent = place.json(&["signal", &run, "paid", "{\"cents\": 5}", "--key", "evt_1", "--by", "bank"]);
    assert_eq!((sent.exit, sent.json["status"].as_str()), (Some(3), Some("waiting")), "{sent:?}");
    let other = place.json(&["signal", &run, "paid", "{\"cents\": 6}", "--key", "evt_1"]);
    assert_eq!(other.exit, Some(6), "{other:?}");
    assert_eq!(place.json(&["signal", &run, "paid", "{"]).exit, Some(2));
    let shown = place.call(&["show", &run]);
    assert!(shown.stdout.contains("signal paid (key \"evt_1\", by bank)"), "{shown:?}");
    let listed = place.call(&["runs"]);
    assert!(listed.stdout.contains("waits for a person: "), "{listed:?}");
}

/// Those of the other queue are due first, and no worker takes them.
#[tokio::test]
async fn a_run_has_its_turn_although_many_of_another_queue_are_due_and_left() {
    let (place, hand) = (Place::new(), Hand::new());
    let builder = place.host().workflow(InTurn).clock(hand.clock()).scratch(place.path(""));
    let host = builder.with_journal(MemoryJournal::new(hand.clock())).build().await.unwrap();
    let nap = |queue: &str| NewRun::new("in_turn", json!([Effect::sleep("nap", HOUR)])).label(QUEUE, queue);
    for _ in 0..300 {
        host.start_run(nap("left")).await.unwrap();
    }
    let run = host.start_run(nap("mine")).await.unwrap().id();
    host.idle().await;
    hand.set(HOUR_MS);
    let fired = host.worker().queues(["mine"]).turn().await.unwrap();
    assert_eq!(fired.iter().map(|fired| fired.run).collect::<Vec<_>>(), [run]);
}
