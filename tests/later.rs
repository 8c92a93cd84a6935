//! Tools that answer with a token, and tell the result of a call later.

use std::time::Duration;

use serde_json::{Value, json};
use stockade::{
    AllowedEffect, Budget, Builder, Change, Code, Completion, Config, Effect, EffectOutcome, End, Event, Fault, Filter,
    Graph, Host, Kind, Outcome, RunId, RunState, Settlement, State, Status, Stop, ToolOutcome, Transition, WaitingFor,
    Workflow,
};
use stockade_tests::currencies::{OF_CALLS, Played, cut_by_each, to_the_end};
use stockade_tests::flaky::{Acts, Flaky};
use stockade_tests::in_turn::{HOUR_MS, InTurn, fire, outcomes, start};
use stockade_tests::{Hand, Place, dist, input};

const HOUR: Duration = Duration::from_millis(HOUR_MS);

fn later(token: &str) -> Acts {
    vec![Err(Fault::later(token))]
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

async fn host(place: &Place, hand: &Hand, flaky: &Flaky) -> Host {
    with(place, hand, flaky, "idempotent = true").build().await.unwrap()
}

/// A host with a run whose only call is answered with this token.
async fn promised(place: &Place, hand: &Hand, token: &str) -> (Host, RunId) {
    let host = host(place, hand, &Flaky::new(later(token))).await;
    let (run, outcome) = start(&host, &[call()], Budget::default()).await;
    assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
    (host, run)
}

fn booked() -> Completion {
    Completion::done("booked".into()).by("bank")
}

/// Tells the result, and returns how the run then stands.
async fn complete(host: &Host, token: &str, completion: Completion) -> Outcome {
    let completed = host.complete("flaky", token, completion).await.unwrap();
    completed.resumed.unwrap().settled().await.unwrap()
}

async fn refused(host: &Host, token: &str, completion: Completion) -> (Kind, String) {
    let fault = host.complete("flaky", token, completion).await.err().unwrap();
    (fault.kind, fault.detail.unwrap_or_default())
}

fn returned(outcome: &Outcome) -> ToolOutcome {
    match outcomes(outcome).pop() {
        Some(EffectOutcome::ToolReturned(returned)) => returned,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_waits_for_a_result_that_comes_later_and_goes_on_with_it() {
    let (place, hand, flaky) = (Place::new(), Hand::new(), Flaky::new(later("pi_7")));
    let host = host(&place, &hand, &flaky).await;
    let (run, outcome) = start(&host, &[call()], Budget::default()).await;
    assert_eq!(outcome.to_string(), "waiting for the result of flaky (token \"pi_7\")");
    let state = host.state(run).await.unwrap();
    assert_eq!((state.status(), state.waiting_for()), (Status::Waiting, [WaitingFor::Result].into()));
    assert_eq!((state.ledger().spent().fuel, state.ledger().reserved("call")), (10, None), "the call is paid");
    let waits = Filter { waiting_for: [WaitingFor::Result].into(), ..Filter::default() };
    assert_eq!(host.runs(&waits).await.unwrap()[0].run_id, run);
    let outcome = complete(&host, "pi_7", booked()).await;
    assert_eq!(returned(&outcome), ToolOutcome::Returned(json!("booked").into()));
    assert_eq!((flaky.called().len(), host.runs(&waits).await.unwrap().len()), (1, 0));
    let entries = host.entries(run).await.unwrap();
    let by = entries.iter().find_map(|entry| match &entry.change {
        Change::Settled { settlement } => Some(settlement.by.clone()),
        _ => None,
    });
    assert_eq!(by.as_deref(), Some("bank"), "the journal says who told it");
}

/// Wants its calls at the same time, and ends once two have ended.
struct Both;

impl Workflow for Both {
    type Input = Vec<Effect>;
    type State = u32;

    fn name(&self) -> &str {
        "both"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let wait = State::new("WAIT", [AllowedEffect::AnyTool], &["WAIT", "DONE"]);
        Graph::new([wait, State::new("DONE", [], &[])])
    }

    fn position(&self, ended: &u32) -> &'static str {
        if *ended == 2 { "DONE" } else { "WAIT" }
    }

    fn start(&self, effects: Self::Input) -> Result<Transition<u32>, Fault> {
        Ok(effects.into_iter().fold(Transition::to(0), Transition::want))
    }

    fn step(&self, ended: u32, _: Event) -> Result<Transition<u32>, Fault> {
        let to = Transition::to(ended + 1);
        Ok(if ended == 1 { to.end(End::Done(json!(null).into())) } else { to })
    }
}

/// Neither knows of the other's token when it begins.
#[tokio::test]
async fn of_two_calls_in_flight_that_get_one_token_one_waits_and_the_other_is_unknown() {
    let (place, hand) = (Place::new(), Hand::new());
    let flaky = Flaky::new([later("pi_7"), later("pi_7")].concat());
    let host = with(&place, &hand, &flaky, "idempotent = true").workflow(Both).build().await.unwrap();
    let calls = ["one", "two"].map(|key| Effect::call(key, Flaky::wanted()));
    let run = host.start("both", serde_json::to_value(calls).unwrap(), Budget::default()).await.unwrap();
    let (id, outcome) = (run.id(), run.settled().await.unwrap());
    assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
    assert_eq!(host.state(id).await.unwrap().awaited_results().count(), 1);
    let is_unknown =
        |event: &Event| matches!(event.outcome(), Some((_, EffectOutcome::ToolReturned(ToolOutcome::Unknown(_)))));
    let entries = host.entries(id).await.unwrap();
    let unknown =
        entries.iter().filter(|entry| matches!(&entry.change, Change::Stepped { event, .. } if is_unknown(event)));
    assert_eq!(unknown.count(), 1);
}

#[tokio::test]
async fn a_result_that_says_that_the_call_failed_is_the_tools_own_error() {
    let (place, hand) = (Place::new(), Hand::new());
    let (host, _) = promised(&place, &hand, "pi_7").await;
    let outcome = complete(&host, "pi_7", Completion::failed("the card has expired")).await;
    let ToolOutcome::Failed(fault) = returned(&outcome) else { panic!("{outcome}") };
    assert_eq!(
        (fault.kind, &*fault.message, fault.tool.as_deref()),
        (Kind::GuestError, "the card has expired", Some("flaky"))
    );
}

#[tokio::test]
async fn a_result_that_is_told_twice_is_one_and_another_one_is_refused() {
    let (place, hand) = (Place::new(), Hand::new());
    let (host, run) = promised(&place, &hand, "pi_7").await;
    complete(&host, "pi_7", booked()).await;
    let again = host.complete("flaky", "pi_7", booked().by("the bank's other machine")).await.unwrap();
    assert!(again.run == run && again.resumed.is_none());
    let other = refused(&host, "pi_7", Completion::done("lost".into())).await;
    assert_eq!(other, (Kind::Conflict, "settled".to_owned()));
}

#[tokio::test]
async fn a_result_that_fits_nothing_is_refused_and_changes_nothing() {
    let (place, hand) = (Place::new(), Hand::new());
    let (host, run) = promised(&place, &hand, "pi_7").await;
    let entries = host.entries(run).await.unwrap().len();
    assert_eq!(refused(&host, "pi_7", Completion::done(7.into())).await, (Kind::Invalid, "result".to_owned()));
    assert_eq!(refused(&host, "pi_8", booked()).await, (Kind::NotFound, "token".to_owned()));
    assert_eq!(refused(&host, "pi_7", booked().by(" ")).await, (Kind::Invalid, "settlement".to_owned()));
    assert_eq!(host.complete("payments", "pi_7", booked()).await.err().unwrap().kind, Kind::NotFound);
    assert_eq!(host.entries(run).await.unwrap().len(), entries);
}

#[tokio::test]
async fn a_result_that_has_not_come_at_the_deadline_is_unknown_and_too_late_afterwards() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand, &Flaky::new(later("pi_7"))).await;
    let (run, outcome) = start(&host, &[call().within(HOUR)], Budget::default()).await;
    assert!(outcome.to_string().ends_with("(token \"pi_7\"), until 2027-01-15 09:00:00Z"), "{outcome}");
    hand.set(HOUR_MS - 1);
    assert!(fire(&host).await.is_empty());
    hand.set(HOUR_MS);
    let fired = fire(&host).await;
    let ToolOutcome::Unknown(fault) = returned(&fired[0].1) else { panic!("{}", fired[0].1) };
    assert!(fault.message.contains("did not tell the result until 2027-01-15 09:00:00Z"), "{fault}");
    assert_eq!(host.state(run).await.unwrap().unknown_calls().collect::<Vec<_>>(), ["call"]);
    assert_eq!(refused(&host, "pi_7", booked()).await, (Kind::Conflict, "late".to_owned()));
}

/// A workflow that knows nothing better than to fail leaves the call in doubt, and the tool may still tell the result.
#[tokio::test]
async fn a_late_result_settles_a_call_that_is_in_doubt_by_then() {
    let place = Place::new();
    let hand = Hand::new();
    let host = bank(&place)
        .clock(hand.clock())
        .configured(&Config::parse("[tool.payments]\nretry = { attempts = 2, within_ms = 3600000 }").unwrap());
    let host = host.unwrap().build().await.unwrap();
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let (id, outcome) = (run.id(), run.settled().await.unwrap());
    assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
    hand.set(HOUR_MS);
    assert!(matches!(&fire(&host).await[0].1, Outcome::InDoubt(doubts) if doubts[0].key == "refund"));
    let told = Completion::done(json!({"reference": "re_7", "amount_cents": 7_900}));
    let completed = host.complete("payments", "pi_7", told).await.unwrap();
    assert_eq!(completed.run, id);
    let Outcome::Done(output) = completed.resumed.unwrap().settled().await.unwrap() else { panic!("it is not done") };
    assert_eq!(output["reference"], "re_7");
}

/// What a crash leaves behind after any record ends as if nothing had happened.
#[tokio::test]
async fn a_run_that_waits_for_a_result_ends_the_same_when_cut_after_any_record() {
    let (place, hand) = (Place::new(), Hand::new());
    let (first, run) = promised(&place, &hand, "pi_7").await;
    let ended = complete(&first, "pi_7", booked()).await;
    let entries = first.entries(run).await.unwrap();
    drop(first);
    assert!(entries.iter().any(|entry| matches!(entry.change, Change::Later { .. })));
    for cut in 1..=entries.len() {
        place.clear();
        let host = host(&place, &hand, &Flaky::new(later("pi_7"))).await;
        place.journal_of(&entries[..cut]).await;
        let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        let outcome = match outcome {
            Outcome::Parked(_) => complete(&host, "pi_7", booked()).await,
            other => other,
        };
        assert_eq!(outcome, ended, "cut after {cut}");
        let state = host.state(run).await.unwrap();
        assert!(matches!(state.end(), Some(End::Done(_))), "cut after {cut}");
        assert_eq!(RunState::fold(run, &host.entries(run).await.unwrap()).unwrap(), state);
    }
}

/// A call whose result comes later, and one whose result does not.
async fn within(budget: Budget) -> Played {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand, &Flaky::new(later("pi_7"))).await;
    let effects = json!([call(), Effect::call("again", Flaky::wanted())]);
    let run = host.start("in_turn", effects, budget).await.unwrap();
    let help = async |_: Outcome| complete(&host, "pi_7", booked()).await;
    let (outcome, limits) = to_the_end(&host, run, help).await;
    assert_eq!(returned(&outcome), ToolOutcome::Returned(json!("done").into()));
    Played { said: outcome.to_string(), limits }
}

#[tokio::test]
async fn a_run_that_waits_for_a_result_is_cut_by_each_currency_and_goes_on_with_more() {
    cut_by_each(&OF_CALLS, within).await;
}

/// A process that was killed after it had told the result, and before it could go on with the run.
#[tokio::test]
async fn a_result_that_was_left_behind_is_due() {
    let (place, hand) = (Place::new(), Hand::new());
    let (host, run) = promised(&place, &hand, "pi_7").await;
    let value = serde_json::to_string(&Settlement::done("call", json!("booked"), "bank")).unwrap();
    let insert =
        "INSERT INTO index_rows (space, key, run, needed, due_ms, value) VALUES ('settlement', ?1, ?2, 0, 0, ?3)";
    let journal = rusqlite::Connection::open(place.data("journal.db")).unwrap();
    journal.execute(insert, rusqlite::params![format!("{run}/call"), run.as_bytes(), value]).unwrap();
    let fired = fire(&host).await;
    assert_eq!(returned(&fired[0].1), ToolOutcome::Returned(json!("booked").into()));
}

#[tokio::test]
async fn another_host_tells_the_result_and_goes_on_with_the_run() {
    let (place, hand) = (Place::new(), Hand::new());
    let (first, run) = promised(&place, &hand, "pi_7").await;
    let second = host(&place, &hand, &Flaky::new(Acts::new())).await;
    let outcome = complete(&second, "pi_7", booked()).await;
    assert!(matches!(returned(&outcome), ToolOutcome::Returned(_)), "{outcome}");
    assert_eq!(first.state(run).await.unwrap().status(), Status::Done);
}

#[tokio::test]
async fn a_token_that_leads_to_another_call_or_is_too_long_leaves_the_outcome_unknown() {
    let (place, hand) = (Place::new(), Hand::new());
    let (longest, longer) = ("x".repeat(256), "x".repeat(257));
    let acts = ["pi_7", "pi_7", &longer, "", &longest].map(|token| Err(Fault::later(token)));
    let host = host(&place, &hand, &Flaky::new(acts.into())).await;
    let (first, _) = start(&host, &[call()], Budget::default()).await;
    for why in ["which another call has", "257 bytes", "0 bytes"] {
        let (_, outcome) = start(&host, &[call()], Budget::default()).await;
        let ToolOutcome::Unknown(fault) = returned(&outcome) else { panic!("{outcome}") };
        assert!(fault.message.contains(why), "{fault}");
    }
    assert!(matches!(start(&host, &[call()], Budget::default()).await.1, Outcome::Parked(_)));
    assert_eq!(host.complete("flaky", "pi_7", booked()).await.unwrap().run, first);
}

#[tokio::test]
async fn a_call_that_is_made_again_may_be_answered_later() {
    let (place, hand) = (Place::new(), Hand::new());
    let trap = Err(Fault::new(Kind::Trap, "the guest trapped"));
    let flaky = Flaky::new([vec![trap], later("pi_7")].concat());
    let says = "idempotent = true\nretry = { attempts = 2, backoff_ms = 0 }";
    let host = with(&place, &hand, &flaky, says).build().await.unwrap();
    let (run, outcome) = start(&host, &[call()], Budget::default()).await;
    assert!(matches!(outcome, Outcome::Parked(_)), "{outcome}");
    let outcome = complete(&host, "pi_7", booked()).await;
    assert!(matches!(returned(&outcome), ToolOutcome::Returned(_)), "{outcome}");
    let state = host.state(run).await.unwrap();
    assert_eq!((state.ledger().spent().tool_calls, state.deferred("call")), (2, None));
}

#[tokio::test]
async fn a_run_that_is_stopped_while_it_waits_does_not_know_the_outcome() {
    let (place, hand) = (Place::new(), Hand::new());
    let (host, run) = promised(&place, &hand, "pi_7").await;
    host.run(run).stop(Stop::by("dana"), Duration::ZERO).await.unwrap();
    let state = host.state(run).await.unwrap();
    assert_eq!((state.status(), state.unknown_calls().collect::<Vec<_>>()), (Status::Stopped, vec!["call"]));
    assert_eq!(refused(&host, "pi_7", booked()).await, (Kind::Conflict, "ended".to_owned()));
}

#[tokio::test]
async fn a_paused_run_hears_of_its_result_once_it_is_resumed() {
    let (place, hand) = (Place::new(), Hand::new());
    let (host, run) = promised(&place, &hand, "pi_7").await;
    host.run(run).pause(Stop::by("dana"), Duration::ZERO).await.unwrap();
    assert!(host.complete("flaky", "pi_7", booked()).await.unwrap().resumed.is_none());
    assert_eq!(host.state(run).await.unwrap().status(), Status::Paused);
    let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
    assert!(matches!(returned(&outcome), ToolOutcome::Returned(_)), "{outcome}");
}

#[tokio::test]
async fn a_person_settles_a_call_whose_result_does_not_come() {
    let (place, hand) = (Place::new(), Hand::new());
    let (host, run) = promised(&place, &hand, "pi_7").await;
    let settled = host.settle(run, Settlement::failed("call", "dana")).await.unwrap().unwrap().settled().await.unwrap();
    let ToolOutcome::Failed(fault) = returned(&settled) else { panic!("{settled}") };
    assert_eq!(fault.detail.as_deref(), Some("settled"));
    assert_eq!(refused(&host, "pi_7", booked()).await, (Kind::Conflict, "settled".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_hears_that_it_cannot_wait_for_a_result() {
    let (place, hand) = (Place::new(), Hand::new());
    let flaky = Flaky::new(later("pi_7"));
    let builder = with(&place, &hand, &flaky, "idempotent = true").built_in_languages().scratch(place.path(""));
    let host = builder.build().await.unwrap();
    let source = "try { await flaky.do_({}) } catch (error) { return error.message }";
    let code = Code::new("javascript", source).tools(["flaky"]);
    let outcome = host.exec(code, Budget::default().fuel(2_000_000_000)).await.unwrap().settled().await.unwrap();
    let Outcome::Done(Value::String(said)) = outcome else { panic!("{outcome}") };
    assert!(said.contains("code cannot wait for it"), "{said}");
}

/// The tools of the shop, with payments of which the bank tells later what became of them.
fn bank(place: &Place) -> Builder {
    let shop = stockade::Grant::sql("shop", format!("sqlite:{}", place.data("shop.db").display()));
    let builder = place.bare().tool("purchases", dist("purchases"), [shop]).tool("policy", dist("policy"), []);
    let payment = json!({"type": "object", "required": ["reference", "amount_cents"]});
    let payments = Flaky::named("refund", payment, later("pi_7"));
    builder.callable("payments", payments).tool("letters", dist("letters"), [])
}

#[tokio::test]
async fn a_run_that_waits_for_a_result_is_listed_shown_and_completed_by_command() {
    let place = Place::new();
    let host = bank(&place).build().await.unwrap();
    let run = host.start("refund", input("user_789"), Budget::default()).await.unwrap();
    let id = run.id().to_string();
    run.settled().await.unwrap();
    drop(host);
    let listed = place.json(&["runs", "--waiting-for", "result"]).json;
    assert_eq!((&listed[0]["run_id"], &listed[0]["waiting_for"]), (&json!(id), &json!(["result"])));
    assert_eq!(listed[0]["waits_for"][0], "for the result of payments (token \"pi_7\")");
    let shown = place.call(&["show", &id]).stdout;
    assert!(shown.contains("under the token pi_7") && shown.contains("complete payments pi_7 'JSON'"), "{shown}");
    let json = place.json(&["show", &id]).json;
    assert_eq!(json["waits"][0]["result"], json!({"tool": "payments", "token": "pi_7"}), "{json}");
    assert_eq!(place.json(&["complete", "payments", "pi_7"]).exit, Some(2));
    assert_eq!(place.json(&["complete", "payments", "pi_8", "1"]).exit, Some(5));
    let misfit = place.json(&["complete", "payments", "pi_7", "1"]);
    assert_eq!((misfit.exit, &misfit.json["error"]["detail"]), (Some(2), &json!("result")), "{misfit:#?}");
    let output = json!({"reference": "re_7", "amount_cents": 7_900}).to_string();
    for _ in 0..2 {
        let told = place.json(&["complete", "payments", "pi_7", &output, "--by", "bank"]);
        assert_eq!((told.exit, &told.json["output"]["reference"]), (Some(0), &json!("re_7")), "{told:#?}");
    }
    let other = place.json(&["complete", "payments", "pi_7", "--failed", "the card has expired"]);
    assert_eq!(other.exit, Some(6), "{other:#?}");
}
