//! Code that waits for a person: it ends at the call, and goes on after the decision with the answers that it had.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use stockade::{Approval, Budget, Clock, Code, Decision, Host, Kind, Outcome, RunId, Status, Terms};
use stockade_tests::code::called;
use stockade_tests::currencies::{OF_CALLS, Played, cut_by_each, to_the_end};
use stockade_tests::{Place, decide};

const BEGIN_MS: u64 = 1_800_000_000_000;
const HOUR_MS: u64 = 3_600_000;

/// Looks up what was bought, and pays it back; then once more, less.
const PAYS_TWICE: &str = "const {price_cents} = await purchases.find({user_id: input}); \
    const said = []; \
    for (const amount_cents of [price_cents, 900]) { \
        try { said.push((await payments.refund({user_id: input, amount_cents})).reference ? 'paid' : '?') } \
        catch (error) { said.push(error.message) } \
    } \
    return said";

async fn host(place: &Place, now_ms: &Arc<AtomicU64>) -> Host {
    let clock = Arc::clone(now_ms);
    let terms = Terms { expires: Some("2h".parse().unwrap()), ..Terms::default() };
    let builder = place.host().built_in_languages().scratch(place.path("")).ask_first("payments");
    let builder = builder.terms("payments", terms).clock(Clock::new(move || clock.load(Ordering::SeqCst)));
    builder.build().await.unwrap()
}

fn clock() -> Arc<AtomicU64> {
    Arc::new(AtomicU64::new(BEGIN_MS))
}

fn pays_twice() -> Code {
    Code::new("javascript", PAYS_TWICE).input("user_789".into()).tools(["purchases", "payments"])
}

async fn start(host: &Host) -> (RunId, Approval) {
    let run = host.exec(pays_twice(), Budget::default().fuel(1 << 40)).await.unwrap();
    let id = run.id();
    (id, waiting(run.settled().await.unwrap()))
}

fn waiting(outcome: Outcome) -> Approval {
    match outcome {
        Outcome::Waiting(approval) => *approval,
        other => panic!("{other}"),
    }
}

async fn settled(host: &Host, run: RunId, decision: Decision) -> Outcome {
    decide(host, run, decision).await.unwrap().settled().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn code_goes_on_after_a_yes_with_the_answers_that_it_had() {
    let (place, now_ms) = (Place::new(), clock());
    let host = host(&place, &now_ms).await;
    let (run, asked) = start(&host).await;
    assert_eq!((asked.key.as_str(), host.state(run).await.unwrap().status()), ("code/1", Status::Waiting));
    assert_eq!(asked.call.arguments, json!({"user_id": "user_789", "amount_cents": 7_900}));
    assert_eq!(place.refunds().len(), 0);
    let next = waiting(settled(&host, run, Decision::approve("dana")).await);
    assert_eq!((next.key.as_str(), place.refunds().len()), ("code/2", 1));
    let outcome = settled(&host, run, Decision::deny("dana").comment(Some("enough".to_owned()))).await;
    let Outcome::Done(said) = outcome else { panic!("{outcome}") };
    assert_eq!(said[0], "paid");
    assert!(said[1].as_str().unwrap().contains("was denied by \"dana\""), "{said}");
    assert_eq!(called(&host, run).await, [0, 1, 2], "each call is made once");
    let state = host.state(run).await.unwrap();
    assert_eq!(state.approval("code/1").unwrap().consumed_by.as_deref(), Some("code/1"));
    assert_eq!(state.approval("code/2").unwrap().consumed_by, None);
    host.replay(run, "code").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_code_expires_and_takes_neither_edits_nor_answers() {
    let (place, now_ms) = (Place::new(), clock());
    let host = host(&place, &now_ms).await;
    let (run, _) = start(&host).await;
    for decision in [Decision::edit("dana", json!({"amount_cents": 1})), Decision::respond("dana", "no need")] {
        let refused = decide(&host, run, decision).await.err().unwrap();
        assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Invalid, Some("decision")), "{refused}");
    }
    now_ms.store(BEGIN_MS + 2 * HOUR_MS, Ordering::SeqCst);
    let late = decide(&host, run, Decision::approve("dana")).await.err().unwrap();
    assert_eq!(late.detail.as_deref(), Some("expired"), "{late}");
    for fired in host.fire_due().await.unwrap() {
        assert_eq!(waiting(fired.resumed.unwrap().settled().await.unwrap()).key, "code/2");
    }
    let outcome = settled(&host, run, Decision::deny("dana")).await;
    let Outcome::Done(said) = outcome else { panic!("{outcome}") };
    assert!(said[0].as_str().unwrap().contains("was not decided before its deadline"), "{said}");
    assert_eq!(place.refunds().len(), 0);
}

/// Whatever record was the last, the code ends the same, and its call is booked once.
#[tokio::test(flavor = "multi_thread")]
async fn code_that_waits_ends_the_same_when_cut_after_any_record() {
    let (place, now_ms) = (Place::new(), clock());
    let to_the_end = async |host: &Host, run: RunId, mut outcome: Outcome| {
        while let Outcome::Waiting(asked) = outcome {
            let yes = asked.key == "code/1";
            let decision = if yes { Decision::approve("dana") } else { Decision::deny("dana") };
            outcome = settled(host, run, decision).await;
        }
        outcome.to_string()
    };
    let whole = host(&place, &now_ms).await;
    let (run, asked) = start(&whole).await;
    let said = to_the_end(&whole, run, Outcome::Waiting(Box::new(asked))).await;
    let entries = whole.entries(run).await.unwrap();
    drop(whole);
    for cut in 1..entries.len() {
        place.clear();
        let host = host(&place, &now_ms).await;
        place.journal_of(&entries[..cut]).await;
        let resumed = host.resume(run).await.unwrap().settled().await.unwrap();
        assert_eq!(to_the_end(&host, run, resumed).await, said, "cut after {cut}");
        // Where it was booked before the cut, the shop of then is gone.
        assert!(place.refunds().iter().all(|key| *key == format!("{run}/code/1")), "cut after {cut}");
    }
}

/// The code within a budget, with a yes and a no.
async fn within(budget: Budget) -> Played {
    let (place, now_ms) = (Place::new(), clock());
    let host = host(&place, &now_ms).await;
    let run = host.exec(pays_twice(), budget).await.unwrap();
    let id = run.id();
    let decide = async |outcome: Outcome| {
        let yes = waiting(outcome).key == "code/1";
        settled(&host, id, if yes { Decision::approve("dana") } else { Decision::deny("dana") }).await
    };
    let (outcome, limits) = to_the_end(&host, run, decide).await;
    assert_eq!(place.refunds(), [format!("{id}/code/1")], "what was approved was paid once");
    Played { said: outcome.to_string(), limits }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_waits_is_cut_by_each_currency_and_goes_on_with_more() {
    cut_by_each(&OF_CALLS, within).await;
}

#[test]
fn an_agent_of_the_binary_writes_code_that_waits() {
    let place = Place::new();
    let source = "return (await payments.refund({user_id: 'user_789', amount_cents: 7900})).reference ? 'paid' : '?'";
    let script = format!(
        "[[answer]]\nwhen = {{ turn = 1 }}\nreply = {{ calls = [{{ name = \"run_code\", arguments = {{ source = {source:?} }} }}] }}\n\
         [[answer]]\nwhen = {{ turn = 2 }}\nreply = {{ text = \"done\" }}\n"
    );
    let file = place.write("replies.toml", script);
    place.write("stockade.toml", format!("[model.demo]\nprovider = \"scripted\"\nfile = {file:?}\n"));
    let asked = place.json(&["agent", "refund it", "--tool", "payments", "--code", "javascript", "--by", "robin"]);
    assert_eq!(asked.exit, Some(3), "{asked:#?}");
    assert_eq!(asked.json["approvals"][0]["key"], "turn-1/call-1/0");
    let done = place.json(&["approve", &asked.run(), "--by", "dana"]);
    assert_eq!((done.exit, place.refunds().len()), (Some(0), 1), "{done:#?}");
}
