//! Calls that are made again, circuit breakers, and providers that want to be left alone.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::json;
use stockade::model::{Failure, Model, Price, Request, Settings, Told};
use stockade::{
    Budget, Builder, Change, Code, Config, Currency, Effect, EffectOutcome, Entry, Exceeded, Fault, Host, Kind,
    ModelOutcome, Outcome, Question, Reply, RunId, Status, Stop, ToolCall, ToolOutcome,
};
use stockade_tests::flaky::{Acts, Flaky};
use stockade_tests::in_turn::{HOUR_MS, InTurn, fire, outcomes, start};
use stockade_tests::{Hand, Place, guest};

fn trap() -> Fault {
    Fault::new(Kind::Trap, "the guest trapped")
}

fn traps(times: usize) -> Acts {
    (0..times).map(|_| Err(trap())).collect()
}

fn call() -> Effect {
    Effect::call("call", Flaky::wanted())
}

/// A host with the flaky tool, of which the configuration says this.
fn with(place: &Place, hand: &Hand, flaky: &Flaky, says: &str) -> Builder {
    let config = Config::parse(&format!("[tool.flaky]\n{says}")).unwrap();
    let builder = place.host().callable("flaky", flaky.clone()).configured(&config).unwrap();
    builder.workflow(InTurn).clock(hand.clock())
}

async fn host(place: &Place, hand: &Hand, flaky: &Flaky, says: &str) -> Host {
    with(place, hand, flaky, says).build().await.unwrap()
}

fn returned(outcome: &Outcome) -> ToolOutcome {
    match outcomes(outcome).pop() {
        Some(EffectOutcome::ToolReturned(returned)) => returned,
        other => panic!("{other:?}"),
    }
}

fn deferred(entries: &[Entry]) -> usize {
    entries.iter().filter(|entry| matches!(entry.change, Change::Deferred { .. })).count()
}

const TWICE: &str = "idempotent = true\nretry = { attempts = 3, backoff_ms = 0 }";

#[tokio::test]
async fn a_call_that_failed_is_made_again_under_its_key_and_each_attempt_is_journaled_and_paid() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(2)));
    let host = host(&place, &hand, &flaky, TWICE).await;
    let (run, outcome) = start(&host, &[call()], Budget::default()).await;
    assert!(matches!(returned(&outcome), ToolOutcome::Returned(_)), "{outcome}");
    assert_eq!(flaky.called(), ["call", "call", "call"]);
    let state = host.state(run).await.unwrap();
    assert_eq!((state.ledger().spent().tool_calls, state.ledger().spent().fuel), (3, 30));
    assert_eq!(deferred(&host.entries(run).await.unwrap()), 2);
    assert_eq!(state.deferred("call"), None);
}

#[tokio::test]
async fn a_call_fails_with_its_last_error_when_its_attempts_are_used_up() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(9)));
    let host = host(&place, &hand, &flaky, TWICE).await;
    let (_, outcome) = start(&host, &[call()], Budget::default()).await;
    assert!(matches!(returned(&outcome), ToolOutcome::Unknown(_)), "{outcome}");
    assert_eq!(flaky.called().len(), 3);
}

/// A host whose code can call the flaky tool.
async fn coding(place: &Place, flaky: &Flaky, says: &str) -> Host {
    let builder = with(place, &Hand::new(), flaky, says).built_in_languages().scratch(place.path(""));
    builder.build().await.unwrap()
}

const CALLS: &str = "const said = []; \
    for (let call = 0; call < 2; call++) { \
        try { said.push(await flaky.do_({})) } catch (error) { said.push(error.message) } \
    } \
    return said";

async fn exec(host: &Host, budget: Budget) -> (RunId, Outcome) {
    let code = Code::new("javascript", CALLS).tools(["flaky"]);
    let run = host.exec(code, budget.fuel(2_000_000_000)).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

/// How many attempts of code's calls the journal has, and how many calls.
fn attempts(entries: &[Entry]) -> (usize, usize) {
    let count = |is_one: fn(&Change) -> bool| entries.iter().filter(|entry| is_one(&entry.change)).count();
    let retried = count(|change| matches!(change, Change::Retried { .. }));
    (retried, count(|change| matches!(change, Change::Called { .. })))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_code_that_failed_is_made_again_and_the_code_sees_one_answer() {
    let (place, flaky) = (Place::new(), Flaky::new(traps(2)));
    let host = coding(&place, &flaky, TWICE).await;
    let (run, outcome) = exec(&host, Budget::default()).await;
    assert_eq!(outcome, Outcome::Done(json!(["done", "done"])));
    assert_eq!(flaky.called(), ["code/0", "code/0", "code/0", "code/1"]);
    let (state, entries) = (host.state(run).await.unwrap(), host.entries(run).await.unwrap());
    assert_eq!(attempts(&entries), (2, 2));
    assert_eq!(state.ledger().spent().tool_calls, 4, "each attempt is paid once");
    assert_eq!(state.calls("code").get(0).unwrap().attempts, 2);
    host.replay(run, "code").await.unwrap();
    assert_eq!(flaky.called().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_code_has_its_attempts_and_no_others() {
    let (place, flaky) = (Place::new(), Flaky::new(traps(4)));
    let host = coding(&place, &flaky, TWICE).await;
    let (run, outcome) = exec(&host, Budget::default()).await;
    let Outcome::Done(said) = &outcome else { panic!("{outcome}") };
    assert!(said[0].as_str().unwrap().contains("the guest trapped") && said[1] == "done", "{outcome}");
    assert_eq!((flaky.called().len(), attempts(&host.entries(run).await.unwrap())), (3 + 2, (2 + 1, 2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_code_is_not_repeated_blindly_nor_after_a_wait_that_is_too_long() {
    for (says, fault, calls) in [
        // The second call is the very one of which it is not known whether it happened.
        ("retry = { attempts = 3, backoff_ms = 0 }", trap(), 1),
        ("idempotent = true\nretry = { attempts = 3, backoff_ms = 3600000 }", trap(), 2),
        ("idempotent = true\nretry = { attempts = 3, backoff_ms = 0, within_ms = 0 }", trap(), 2),
        ("idempotent = true\nretry = { attempts = 3, backoff_ms = 0, on = [\"deadline\"] }", trap(), 2),
        ("retry = { attempts = 3, backoff_ms = 0 }", busy_for(3_600), 2),
        ("retry = { attempts = 3, backoff_ms = 0 }", busy_for(0), 3),
    ] {
        let (place, flaky) = (Place::new(), Flaky::new(vec![Err(fault)]));
        let host = coding(&place, &flaky, says).await;
        let (_, outcome) = exec(&host, Budget::default()).await;
        assert!(matches!(outcome, Outcome::Done(_)), "{says}: {outcome}");
        assert_eq!(flaky.called().len(), calls, "{says}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attempts_of_code_open_the_breaker_and_stop_at_it() {
    let (place, flaky) = (Place::new(), Flaky::new(traps(9)));
    let says = format!("{TWICE}\nbreaker = {{ failures = 2, rest_ms = 3600000 }}");
    let host = coding(&place, &flaky, &says).await;
    let (_, outcome) = exec(&host, Budget::default()).await;
    let Outcome::Done(said) = &outcome else { panic!("{outcome}") };
    assert!(said[1].as_str().unwrap().contains("is left alone until"), "{outcome}");
    assert_eq!((flaky.called().len(), host.breakers().await.unwrap()[0].is_open), (2, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attempts_of_code_are_among_the_calls_that_its_run_may_make() {
    let (place, flaky) = (Place::new(), Flaky::new(traps(1)));
    let host = coding(&place, &flaky, TWICE).await;
    let (run, outcome) = exec(&host, Budget::default().with(Currency::ToolCalls, 2)).await;
    assert!(
        matches!(&outcome, Outcome::Suspended(Exceeded { limit: Currency::ToolCalls, allowed: 2, .. })),
        "{outcome}"
    );
    assert_eq!(flaky.called(), ["code/0", "code/0"]);
    let more = Budget::NONE.with(Currency::ToolCalls, 9);
    let outcome = host.extend(run, more).await.unwrap().settled().await.unwrap();
    assert_eq!(outcome, Outcome::Done(json!(["done", "done"])));
    assert_eq!(host.state(run).await.unwrap().ledger().spent().tool_calls, 3);
}

/// What a crash leaves behind after any record ends as if nothing had happened.
#[tokio::test(flavor = "multi_thread")]
async fn code_whose_calls_are_made_again_ends_the_same_when_cut_after_any_record() {
    let (place, flaky) = (Place::new(), Flaky::new(traps(2)));
    let first = coding(&place, &flaky, TWICE).await;
    let (run, expected) = exec(&first, Budget::default()).await;
    let (entries, spent) = (first.entries(run).await.unwrap(), *first.state(run).await.unwrap().ledger().spent());
    drop(first);
    for cut in 1..entries.len() {
        place.clear();
        let left = 2_usize.saturating_sub(attempts(&entries[..cut]).0);
        let flaky = Flaky::new(traps(left));
        let host = coding(&place, &flaky, TWICE).await;
        place.journal_of(&entries[..cut]).await;
        let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        assert_eq!(outcome, expected, "cut after {cut}");
        let again = *host.state(run).await.unwrap().ledger().spent();
        assert_eq!(again.tool_calls, spent.tool_calls, "cut after {cut}");
        host.replay(run, "code").await.unwrap();
    }
}

fn busy_for(after_s: u64) -> Fault {
    Fault::new(Kind::GuestError, json!({"unavailable": {"retry_after_s": after_s}}).to_string())
}

#[tokio::test]
async fn a_tool_that_says_when_it_may_be_called_again_is_called_then() {
    let says = "retry = { attempts = 3, backoff_ms = 0 }";
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(vec![Err(busy_for(0)), Err(busy_for(3_600))]));
    let host = host(&place, &hand, &flaky, says).await;
    let (run, outcome) = start(&host, &[call()], Budget::default()).await;
    assert_eq!(flaky.called().len(), 2, "a short wait is waited out");
    assert!(outcome.to_string().starts_with("waiting until 2027-01-15 09:00:00Z, to try \"call\" again"), "{outcome}");
    assert_eq!(host.state(run).await.unwrap().status(), Status::Waiting);
    hand.set(HOUR_MS);
    let outcome = fire(&host).await.remove(0).1;
    assert!(matches!(returned(&outcome), ToolOutcome::Returned(_)), "{outcome}");
    assert_eq!(flaky.called().len(), 3);
}

#[tokio::test]
async fn a_tool_that_says_when_is_not_called_again_without_attempts_or_after_more_than_a_day() {
    for (says, after_s) in [("idempotent = true", 0), ("retry = { attempts = 3 }", 25 * 3_600)] {
        let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(vec![Err(busy_for(after_s))]));
        let host = host(&place, &hand, &flaky, says).await;
        let (_, outcome) = start(&host, &[call()], Budget::default()).await;
        assert!(matches!(returned(&outcome), ToolOutcome::Failed(_)), "{outcome}");
        assert_eq!(flaky.called().len(), 1);
    }
}

#[tokio::test]
async fn an_outcome_that_is_unknown_is_not_retried_where_the_tool_tells_no_repetition() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(1)));
    let host = host(&place, &hand, &flaky, "retry = { attempts = 3, backoff_ms = 0 }").await;
    let (_, outcome) = start(&host, &[call()], Budget::default()).await;
    assert!(matches!(returned(&outcome), ToolOutcome::Unknown(_)), "{outcome}");
    assert_eq!(flaky.called().len(), 1);
}

#[tokio::test]
async fn an_error_that_the_configuration_does_not_name_is_not_retried() {
    let says = "retry = { attempts = 3, backoff_ms = 0, on = [\"guest_error\"], says = [\"503\"] }";
    for (fault, calls) in [
        (Fault::new(Kind::GuestError, "status 503"), 2),
        (Fault::new(Kind::GuestError, "there is no such customer"), 1),
        (Fault::new(Kind::Denied, "the host 503.example is not granted"), 1),
    ] {
        let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(vec![Err(fault)]));
        let host = host(&place, &hand, &flaky, says).await;
        start(&host, &[call()], Budget::default()).await;
        assert_eq!(flaky.called().len(), calls);
    }
}

#[tokio::test]
async fn a_short_wait_is_waited_out_by_the_driver() {
    let (place, flaky) = (Place::new(), Flaky::new(traps(1)));
    let says = "idempotent = true\nretry = { attempts = 2, backoff_ms = 20, jitter = false }";
    let host = with(&place, &Hand::new(), &flaky, says).clock(stockade::Clock::default()).build().await.unwrap();
    let (run, outcome) = start(&host, &[call()], Budget::default()).await;
    assert!(matches!(returned(&outcome), ToolOutcome::Returned(_)), "{outcome}");
    let entries = host.entries(run).await.unwrap();
    let failed = entries.iter().position(|entry| matches!(entry.change, Change::Deferred { .. })).unwrap();
    let Change::Deferred { until_ms, parks: false, .. } = entries[failed].change else { panic!("{entries:?}") };
    assert!(entries[failed + 1].at_ms >= until_ms, "{entries:?}");
}

const HOURLY: &str =
    "idempotent = true\nretry = { attempts = 3, backoff_ms = 3600000, jitter = false, within_ms = 7000000 }";

#[tokio::test]
async fn a_long_wait_parks_the_run_and_goes_on_once_when_it_is_over() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(1)));
    let first = host(&place, &hand, &flaky, HOURLY).await;
    let (run, outcome) = start(&first, &[call()], Budget::default()).await;
    let says = "waiting until 2027-01-15 09:00:00Z, to try \"call\" again: the guest trapped";
    assert_eq!(outcome.to_string(), says);
    assert_eq!(first.state(run).await.unwrap().status(), Status::Waiting);
    hand.set(HOUR_MS - 1);
    assert!(fire(&first).await.is_empty());
    assert!(matches!(first.resume(run).await.unwrap().settled().await.unwrap(), Outcome::Parked(_)));
    drop(first);
    hand.set(HOUR_MS);
    let other = host(&place, &hand, &flaky, HOURLY).await;
    let fired = fire(&other).await;
    assert!(matches!(returned(&fired[0].1), ToolOutcome::Returned(_)), "{}", fired[0].1);
    assert!(fire(&other).await.is_empty());
    assert_eq!(flaky.called().len(), 2);
}

#[tokio::test]
async fn all_attempts_together_take_no_longer_than_they_may() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(9)));
    let host = host(&place, &hand, &flaky, HOURLY).await;
    let (run, _) = start(&host, &[call()], Budget::default()).await;
    assert_eq!(host.state(run).await.unwrap().deferred("call").unwrap().due_ms, Some(Hand::BEGIN_MS + 7_000_000));
    hand.set(HOUR_MS);
    // The next attempt would come after two hours more.
    assert!(matches!(returned(&fire(&host).await[0].1), ToolOutcome::Unknown(_)));
    assert_eq!(flaky.called().len(), 2);
}

/// A guest that never ends: each attempt has its own time, and no more than the tool has for any call.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_takes_longer_than_it_may_is_ended_and_the_call_is_made_again() {
    for (timeout_ms, wall_us, allowed_us) in [(30, 600_000_000, 30_000), (600_000, 20_000, 20_000)] {
        let place = Place::new();
        let text = format!(
            "[tool.spin]\nidempotent = true\nlimits = {{ fuel = 1_000_000_000_000, wall_us = {wall_us} }}\n\
             retry = {{ attempts = 2, backoff_ms = 0, timeout_ms = {timeout_ms} }}"
        );
        let builder = place.host().tool("spin", guest("spin"), []).configured(&Config::parse(&text).unwrap());
        let host = builder.unwrap().workflow(InTurn).build().await.unwrap();
        let spin = Effect::call("spin", ToolCall::new("spin", "run", json!({})));
        let begun = Instant::now();
        let (run, outcome) = start(&host, &[spin], Budget::default().fuel(1 << 40)).await;
        assert!(begun.elapsed() >= Duration::from_micros(2 * allowed_us), "each attempt had its time");
        // It was granted nothing, so that nothing has happened.
        let ToolOutcome::Failed(fault) = returned(&outcome) else { panic!("{outcome}") };
        assert!(fault.message.contains(&format!("the deadline of {allowed_us} µs has passed")), "{fault}");
        let (entries, spent) = (host.entries(run).await.unwrap(), *host.state(run).await.unwrap().ledger().spent());
        let Some(Change::Deferred { fault, .. }) = entries.iter().map(|entry| &entry.change).find(is_deferred) else {
            panic!("{entries:?}")
        };
        assert_eq!((fault.kind, deferred(&entries), spent.tool_calls), (Kind::Deadline, 1, 2), "{fault}");
        // The deadline is counted from when an attempt was asked for, and what it has used from when it began.
        assert!(2 * spent.wall_us >= 3 * allowed_us, "each attempt has used its time: {spent:?}");
    }
}

fn is_deferred(change: &&Change) -> bool {
    matches!(change, Change::Deferred { .. })
}

#[tokio::test]
async fn a_paused_run_makes_no_further_attempt_and_a_stopped_one_none_at_all() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(1)));
    let host = host(&place, &hand, &flaky, HOURLY).await;
    let (run, _) = start(&host, &[call()], Budget::default()).await;
    host.run(run).pause(Stop::by("dana"), Duration::ZERO).await.unwrap();
    hand.set(HOUR_MS);
    assert!(fire(&host).await.is_empty());
    assert_eq!(flaky.called().len(), 1);
    host.run(run).stop(Stop::by("dana"), Duration::ZERO).await.unwrap();
    hand.set(2 * HOUR_MS);
    assert!(fire(&host).await.is_empty());
    assert_eq!((host.state(run).await.unwrap().status(), flaky.called().len()), (Status::Stopped, 1));
}

/// What a crash leaves behind after any record ends as if nothing had happened.
#[tokio::test]
async fn a_call_that_is_made_again_ends_the_same_when_cut_after_any_record() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(2)));
    let first = host(&place, &hand, &flaky, TWICE).await;
    let (run, _) = start(&first, &[call()], Budget::default()).await;
    let entries = first.entries(run).await.unwrap();
    drop(first);
    for cut in 1..entries.len() {
        place.clear();
        let left = 2_usize.saturating_sub(deferred(&entries[..cut]));
        let flaky = Flaky::new(traps(left));
        let host = host(&place, &hand, &flaky, TWICE).await;
        place.journal_of(&entries[..cut]).await;
        let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        assert!(matches!(returned(&outcome), ToolOutcome::Returned(_)), "cut after {cut}: {outcome}");
        assert_eq!(flaky.called().len(), left + 1, "cut after {cut}");
    }
}

#[tokio::test]
async fn a_budget_ends_the_attempts_and_more_of_it_goes_on() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(2)));
    let host = host(&place, &hand, &flaky, TWICE).await;
    let budget = Budget::default().with(Currency::ToolCalls, 1);
    let (run, outcome) = start(&host, &[call()], budget).await;
    assert!(
        matches!(&outcome, Outcome::Suspended(Exceeded { limit: Currency::ToolCalls, allowed: 1, .. })),
        "{outcome}"
    );
    assert_eq!(flaky.called().len(), 1);
    let more = Budget::NONE.with(Currency::ToolCalls, 9);
    let outcome = host.extend(run, more).await.unwrap().settled().await.unwrap();
    assert!(matches!(returned(&outcome), ToolOutcome::Returned(_)), "{outcome}");
    assert_eq!(flaky.called().len(), 3);
}

const BREAKER: &str = "idempotent = true\nbreaker = { failures = 2, rest_ms = 60000 }";

/// The first attempt may have happened when the budget ended it; that there is no second one says nothing of it.
#[tokio::test]
async fn a_call_that_a_budget_cut_off_is_not_known_to_have_failed_where_its_tool_is_gone() {
    let (place, hand) = (Place::new(), Hand::new());
    let flaky = Flaky::new(vec![Err(Fault::new(Kind::Fuel, "the guest is out of fuel"))]);
    let first = host(&place, &hand, &flaky, "idempotent = true").await;
    let (run, outcome) = start(&first, &[call()], Budget::default().fuel(1_000)).await;
    assert!(matches!(outcome, Outcome::Suspended(_)), "{outcome}");
    assert!(first.state(run).await.unwrap().may_have_happened("call"));
    drop(first);
    let other = place.host().workflow(InTurn).clock(hand.clock()).build().await.unwrap();
    let more = Budget::NONE.with(Currency::Fuel, 1_000_000_000);
    let outcome = other.extend(run, more).await.unwrap().settled().await.unwrap();
    let ToolOutcome::Unknown(fault) = returned(&outcome) else { panic!("{outcome}") };
    assert!(fault.message.contains("it is not known whether flaky.do"), "{fault}");
    assert!(!other.state(run).await.unwrap().may_have_happened("call"));
}

/// The first attempt may have happened; that the second one was not made says nothing of it.
#[tokio::test]
async fn a_call_that_may_have_happened_is_not_known_to_have_failed_where_a_breaker_keeps_it_from_another_attempt() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(3)));
    let says = format!("{TWICE}\nbreaker = {{ failures = 1, rest_ms = 3600000 }}");
    let host = host(&place, &hand, &flaky, &says).await;
    let (_, outcome) = start(&host, &[call()], Budget::default()).await;
    let ToolOutcome::Unknown(fault) = returned(&outcome) else { panic!("{outcome}") };
    assert!(fault.message.contains("is left alone until"), "{fault}");
    assert_eq!(flaky.called().len(), 1);
}

#[tokio::test]
async fn a_breaker_opens_for_all_hosts_of_a_journal_and_lets_one_call_through_after_its_rest() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(traps(3)));
    let (one, other) = (host(&place, &hand, &flaky, BREAKER).await, host(&place, &hand, &flaky, BREAKER).await);
    start(&one, &[call()], Budget::default()).await;
    start(&other, &[call()], Budget::default()).await;
    let (_, refused) = start(&one, &[call()], Budget::default()).await;
    let ToolOutcome::Failed(fault) = returned(&refused) else { panic!("{refused}") };
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Unavailable, Some("breaker")), "{fault}");
    assert!(fault.message.contains("until 2027-01-15 08:01:00Z"), "{fault}");
    assert_eq!(flaky.called().len(), 2);
    let view = other.breakers().await.unwrap().remove(0);
    assert_eq!((view.of.as_str(), view.is_open, view.failures), ("tool \"flaky\"", true, 2));
    // The one call that is let through fails, so that the tool rests once more.
    hand.set(60_000);
    start(&other, &[call()], Budget::default()).await;
    start(&one, &[call()], Budget::default()).await;
    assert_eq!(flaky.called().len(), 3);
    hand.set(120_000);
    for host in [&one, &other] {
        let (_, outcome) = start(host, &[call()], Budget::default()).await;
        assert!(matches!(returned(&outcome), ToolOutcome::Returned(_)), "{outcome}");
    }
    let view = one.breakers().await.unwrap().remove(0);
    assert_eq!((view.is_open, view.failures, view.open_until_ms), (false, 0, None));
}

#[tokio::test]
async fn an_error_that_is_an_answer_opens_no_breaker() {
    let errors = (0..5).map(|_| Err(Fault::new(Kind::GuestError, "there is no such customer"))).collect();
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(errors));
    let host = host(&place, &hand, &flaky, BREAKER).await;
    for _ in 0..3 {
        start(&host, &[call()], Budget::default()).await;
    }
    assert_eq!((flaky.called().len(), host.breakers().await.unwrap()[0].failures), (3, 0));
}

/// A model that is busy, and says for how long.
struct Busy {
    asked: Arc<AtomicUsize>,
    times: usize,
    wait: Duration,
}

#[async_trait]
impl Model for Busy {
    async fn ask(&self, _: &Request<'_>, _: &Told<'_>) -> Result<Reply, Failure> {
        if self.asked.fetch_add(1, Ordering::SeqCst) < self.times {
            return Err(Failure {
                retry_after: Some(self.wait),
                ..Failure::new("rate_limit", "slow down").retryable()
            });
        }
        Ok(Reply { text: "yes".to_owned(), tokens_in: 7, tokens_out: 3, ..Reply::default() })
    }
}

/// A host with such a model, and how often it was asked.
async fn busy(place: &Place, hand: &Hand, times: usize, wait: Duration) -> (Host, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let model = Busy { asked: Arc::clone(&asked), times, wait };
    let settings = Settings { price: Some(Price::Free), ..Settings::default() };
    let builder = place.host().with_model("main", model, settings).workflow(InTurn).clock(hand.clock());
    (builder.build().await.unwrap(), asked)
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_provider_that_wants_an_hour_gets_it_and_the_run_waits_with_the_time_shown() {
    let (place, hand) = (Place::new(), Hand::new());
    let (host, asked) = busy(&place, &hand, 1, HOUR).await;
    let (run, outcome) = start(&host, &[Effect::ask("ask", Question::new("well?"))], Budget::default()).await;
    assert_eq!(outcome.to_string(), "waiting until 2027-01-15 09:00:00Z, to try \"ask\" again: slow down");
    hand.set(HOUR_MS);
    let outcome = fire(&host).await.remove(0).1;
    assert!(matches!(&outcomes(&outcome)[..], [EffectOutcome::ModelReplied(ModelOutcome::Replied(_))]), "{outcome}");
    let spent = *host.state(run).await.unwrap().ledger().spent();
    assert_eq!((asked.load(Ordering::SeqCst), spent.model_calls), (2, 2));
}

#[tokio::test]
async fn waits_for_a_provider_and_attempts_at_a_question_do_not_multiply() {
    let (place, hand) = (Place::new(), Hand::new());
    let (host, asked) = busy(&place, &hand, 99, HOUR).await;
    let (_, mut outcome) = start(&host, &[Effect::ask("ask", Question::new("well?"))], Budget::default()).await;
    for hours in 1..9 {
        hand.set(hours * HOUR_MS);
        for (_, fired) in fire(&host).await {
            outcome = fired;
        }
    }
    assert!(matches!(&outcomes(&outcome)[..], [EffectOutcome::ModelReplied(ModelOutcome::Failed(_))]), "{outcome}");
    let attempts = Settings::default().retries as usize + 1;
    assert_eq!(asked.load(Ordering::SeqCst), attempts);
}

#[tokio::test]
async fn a_provider_that_wants_longer_than_a_day_or_than_the_deadline_fails_the_question() {
    for (wait, within) in [(25 * HOUR, None), (2 * HOUR, Some(HOUR))] {
        let (place, hand) = (Place::new(), Hand::new());
        let (host, asked) = busy(&place, &hand, 9, wait).await;
        let ask = Effect::ask("ask", Question::new("well?"));
        let ask = within.map_or(ask.clone(), |within| ask.within(within));
        let (_, outcome) = start(&host, &[ask], Budget::default()).await;
        assert!(matches!(&outcomes(&outcome)[..], [EffectOutcome::ModelReplied(ModelOutcome::Failed(_))]), "{outcome}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

/// A provider that answers each question with this status, and how often it was asked.
fn refusing() -> (u16, Arc<AtomicUsize>) {
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, asked) = (provider.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut client in provider.incoming().flatten() {
            seen.fetch_add(1, Ordering::SeqCst);
            let _ = client.read(&mut [0; 65_536]);
            let _ = client.write_all(b"HTTP/1.1 503 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        }
    });
    (port, asked)
}

#[tokio::test]
async fn the_breaker_of_a_model_opens_and_the_binary_shows_it() {
    let (place, (port, asked)) = (Place::new(), refusing());
    let text = format!(
        "[model.main]\nprovider = \"openai-compatible\"\nmodel = \"m\"\nurl = \"http://127.0.0.1:{port}/v1\"\nretries = 0\n\
         price = \"free\"\nbreaker = {{ failures = 1, rest_ms = 3600000 }}"
    );
    let config = place.write("stockade.toml", &text);
    let builder = place.host().configured(&Config::parse(&text).unwrap()).unwrap().workflow(InTurn);
    let host = builder.build().await.unwrap();
    let shown = |place: &Place| place.json(&["doctor", "--live", "--config", &config.to_string_lossy()]);
    let before = shown(&place);
    assert_eq!((before.exit, before.json["breakers"][0]["is_open"].as_bool()), (Some(0), Some(false)), "{before:?}");
    for _ in 0..2 {
        start(&host, &[Effect::ask("ask", Question::new("well?"))], Budget::default()).await;
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let after = shown(&place);
    assert_eq!((after.exit, after.json["breakers"][0]["is_open"].as_bool()), (Some(1), Some(true)), "{after:?}");
    let person = place.call(&["doctor", "--live", "--config", &config.to_string_lossy()]);
    assert!(person.stdout.contains("model \"main\" is open until"), "{person:?}");
}
