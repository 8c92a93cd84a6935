//! Code that an agent wrote, as an effect of a run: its calls, its budget, what a crash does to it, its sessions, and how
//! it becomes a tool.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stockade::{Budget, Change, Code, Currency, Entry, Event, Exec, Host, Kind, Outcome, RunId, Source, ToolOutcome};
use stockade_tests::Place;

use crate::programs::finished;

async fn host(place: &Place) -> Host {
    place.host().built_in_languages().scratch(place.path("")).build().await.unwrap()
}

fn budget() -> Budget {
    Budget::default().fuel(2_000_000_000)
}

fn javascript(source: &str) -> Code {
    Code::new("javascript", source)
}

/// Runs code to where it settles.
async fn exec(host: &Host, code: Code) -> (RunId, Outcome) {
    exec_within(host, code, budget()).await
}

async fn exec_within(host: &Host, code: Code, budget: Budget) -> (RunId, Outcome) {
    let run = host.exec(code, budget).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

async fn value(host: &Host, code: Code) -> Value {
    match exec(host, code).await {
        (_, Outcome::Done(value)) => value,
        (run, other) => panic!("run {run}: {other}"),
    }
}

const FIND: &str = "const found = await purchases.find({user_id: input.user}); return found.price_cents";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_from_code_is_recorded_and_paid_for_by_its_run() {
    let place = Place::new();
    let host = host(&place).await;
    let code = javascript(FIND).input(json!({"user": "user_123"})).tools(["purchases"]);
    let (run, outcome) = exec(&host, code).await;
    assert_eq!(outcome, Outcome::Done(json!(14_900)));
    let state = host.state(run).await.unwrap();
    let [call] = state.calls(Exec::KEY).all() else { panic!("{:?}", state.calls(Exec::KEY)) };
    assert_eq!((call.call.tool.as_str(), &call.call.arguments), ("purchases", &json!({"user_id": "user_123"})));
    let Some((ToolOutcome::Returned(found), used)) = &call.ended else { panic!("{call:?}") };
    assert_eq!(found["item"], "Premium Subscription");
    let spent = state.ledger().spent();
    assert_eq!(spent.tool_calls, 1);
    assert_eq!(spent.fuel, finished(&host, run).await.fuel + used.fuel);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_calls_what_it_was_given_and_nothing_else() {
    let place = Place::new();
    let host = host(&place).await;
    let asks = |tools: Vec<&str>| javascript(FIND).input(json!({"user": "user_123"})).tools(tools);
    let (_, outcome) = exec(&host, asks(vec!["policy"])).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::GuestError, Some("ReferenceError")), "{fault}");
    let (_, outcome) = exec(&host, asks(vec!["purchases", "nothing"])).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert_eq!((fault.kind, fault.tool.as_deref()), (Kind::NotFound, Some("nothing")), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_a_tool_is_an_exception_that_code_may_catch() {
    let place = Place::new();
    let host = host(&place).await;
    let source = "try { await purchases.find({user: 1}); return 'no error' } \
                  catch (error) { return [error.name, error.kind, error instanceof ToolError] }";
    let caught = value(&host, javascript(source).tools(["purchases"])).await;
    assert_eq!(caught, json!(["ToolError", "invalid", true]));
    let (_, outcome) = exec(&host, javascript("await purchases.find({user: 1})").tools(["purchases"])).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert!(fault.message.starts_with("ToolError: "), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_whose_budget_runs_out_is_suspended_and_goes_on_with_what_it_had() {
    let place = Place::new();
    let host = host(&place).await;
    let source = "const receipt = await payments.refund({user_id: 'user_789', amount_cents: 7900}); \
                  let sum = 0; for (let i = 0; i < 1e6; i++) sum += i; return [receipt, sum]";
    let code = javascript(source).tools(["payments"]);
    let (run, outcome) = exec_within(&host, code, budget().fuel(3_000_000)).await;
    let Outcome::Suspended(exceeded) = outcome else { panic!("{outcome}") };
    assert_eq!(exceeded.limit, Currency::Fuel);
    assert_eq!(place.refunds().len(), 1);
    let run = host.extend(run, Budget::NONE.fuel(2_000_000_000)).await.unwrap();
    let id = run.id();
    let Outcome::Done(value) = run.settled().await.unwrap() else { panic!() };
    assert_eq!(value[1], 499_999_500_000_u64);
    assert_eq!(place.refunds(), [format!("{id}/code/0")], "it was paid once");
    assert_eq!(host.state(id).await.unwrap().ledger().spent().tool_calls, 1);
    host.replay(id, Exec::KEY).await.unwrap();
}

/// Cuts the journal of code with three calls after each of its records, and goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_point_code_ends_as_if_nothing_had_happened() {
    let source = "const found = await purchases.find({user_id: 'user_789'}); \
                  const receipt = await payments.refund({user_id: 'user_789', amount_cents: found.price_cents}); \
                  const again = await purchases.find({user_id: 'user_789'}); return [receipt, again, Math.random()]";
    let place = Place::new();
    let whole = host(&place).await;
    let (run, outcome) = exec(&whole, javascript(source).tools(["purchases", "payments"])).await;
    let Outcome::Done(expected) = outcome else { panic!("{outcome}") };
    let entries = whole.entries(run).await.unwrap();
    let booked = place.refunds();
    drop(whole);
    for length in 1..entries.len() {
        let place = Place::new();
        place.journal_of(&entries[..length]).await;
        let host = host(&place).await;
        let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        let Outcome::Done(value) = outcome else { panic!("after {length} records: {outcome}") };
        // A receipt that was journaled is not asked for again: the shop of this place has never heard of it.
        assert_eq!(value[2], expected[2], "after {length} records");
        let known = entries[..length].iter().any(is_refunded);
        assert_eq!(place.refunds(), if known { vec![] } else { booked.clone() }, "after {length} records");
    }
}

fn is_refunded(entry: &Entry) -> bool {
    matches!(&entry.change, Change::Called { call, .. } if call.tool == "payments")
}

/// A journal that says another thing than the code does is not believed.
#[tokio::test(flavor = "multi_thread")]
async fn code_that_does_not_do_the_same_again_is_divergence() {
    let place = Place::new();
    let first = host(&place).await;
    let (run, _) = exec(&first, javascript(FIND).input(json!({"user": "user_123"})).tools(["purchases"])).await;
    first.replay(run, Exec::KEY).await.unwrap();
    let entries = first.entries(run).await.unwrap();
    drop(first);
    let other_call = changed(&entries, |change| {
        if let Change::Called { call, .. } = change {
            call.arguments = json!({"user_id": "user_456"});
        }
    });
    let other_fuel = changed(&entries, |change| {
        if let Change::Stepped { event: Event::CodeFinished { outcome, .. }, .. } = change {
            outcome.fuel += 1;
        }
    });
    let other_answer = changed(&entries, |change| {
        if let Change::Called { outcome, .. } = change {
            *outcome = ToolOutcome::Returned(json!({"price_cents": 1}));
        }
    });
    for entries in [other_call, other_fuel, other_answer] {
        let place = Place::new();
        place.journal_of(&entries).await;
        let fault = host(&place).await.replay(run, Exec::KEY).await.unwrap_err();
        assert_eq!(fault.kind, Kind::Divergence, "{fault}");
    }
    // While it runs, too: its first call was recorded as another.
    let place = Place::new();
    let other = changed(&entries[..entries.len() - 1], |change| {
        if let Change::Called { call, .. } = change {
            call.arguments = json!({"user_id": "user_456"});
        }
    });
    place.journal_of(&other).await;
    let outcome = host(&place).await.resume(run).await.unwrap().settled().await.unwrap();
    assert!(matches!(&outcome, Outcome::Failed(fault) if fault.kind == Kind::Divergence), "{outcome}");
}

fn changed(entries: &[Entry], change: impl Fn(&mut Change)) -> Vec<Entry> {
    let mut entries = entries.to_vec();
    entries.iter_mut().for_each(|entry| change(&mut entry.change));
    entries
}

fn cell(session: &str, source: &str) -> Code {
    Code { session: Some(session.to_owned()), ..javascript(source) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_after_a_restart_and_after_a_cell_that_was_stopped() {
    let place = Place::new();
    let first = host(&place).await;
    value(&first, cell("s", "let count = 1; const add = n => count += n; globalThis.seen = Math.random()")).await;
    let pays = Code {
        tools: vec!["payments".into()],
        ..cell("s", "let receipt = await payments.refund({user_id: 'user_789', amount_cents: 7900}); add(1)")
    };
    assert_eq!(value(&first, pays).await, 2);
    let (_, outcome) = exec(&first, cell("s", "add(100); throw new TypeError('caught by nobody')")).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome}");
    let (_, outcome) = exec_within(&first, cell("s", "add(1000); while (true);"), budget().fuel(1_000_000)).await;
    assert!(matches!(outcome, Outcome::Suspended(_)), "{outcome}");
    // What raised has happened; what was stopped has not.
    assert_eq!(value(&first, cell("s", "count")).await, 102);
    let seen = value(&first, cell("s", "seen")).await;
    drop(first);
    let second = host(&place).await;
    assert_eq!(value(&second, cell("s", "add(1)")).await, 103);
    assert_eq!(value(&second, cell("s", "seen")).await, seen);
    assert_eq!(place.refunds().len(), 1, "a cell that runs again pays nothing again");
    let (_, outcome) = exec(&second, cell("other", "count")).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "another session has none of it: {outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_forks() {
    let place = Place::new();
    let host = host(&place).await;
    value(&host, cell("a", "let list = [1]")).await;
    host.fork("a", "b").await.unwrap();
    assert_eq!(value(&host, cell("a", "list.push(2)")).await, 2);
    assert_eq!(value(&host, cell("b", "list")).await, json!([1]));
    assert_eq!(host.fork("a", "b").await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(host.fork("nothing", "c").await.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_in_and_come_out() {
    let place = Place::new();
    let host = host(&place).await;
    let files =
        BTreeMap::from([("a.txt".to_owned(), "b25l".to_owned()), ("same.txt".to_owned(), "c2FtZQ==".to_owned())]);
    let source = "files.write('b.txt', files.read('a.txt') + ' two'); return files.list().sort()";
    let (run, outcome) = exec(&host, Code { files: Some(files), ..javascript(source) }).await;
    assert_eq!(outcome, Outcome::Done(json!(["a.txt", "b.txt", "same.txt"])));
    let back = finished(&host, run).await.files;
    assert_eq!(back, BTreeMap::from([("b.txt".to_owned(), "b25lIHR3bw==".to_owned())]));
    host.replay(run, Exec::KEY).await.unwrap();
    let left = std::fs::read_dir(place.path(""))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("code-"));
    assert_eq!(left.count(), 0, "the private directory is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_becomes_a_tool_with_the_rights_it_had() {
    let place = Place::new();
    let first = host(&place).await;
    let code = javascript(FIND).input(json!({"user": "user_123"})).tools(["purchases"]);
    let (run, _) = exec(&first, code).await;
    assert_eq!(first.promote(run, Exec::KEY, "price", " ").await.unwrap_err().detail.as_deref(), Some("approval"));
    let component = first.promote(run, Exec::KEY, "price", "dana").await.unwrap();
    drop(first);
    let promoted = |builder: stockade::Builder| {
        builder.promoted("price", component.clone()).built_in_languages().scratch(place.path(""))
    };
    let host = promoted(place.host()).build().await.unwrap();
    let tool = host.tool("price").unwrap();
    let input = json!({"input": "{\"user\": \"user_456\"}"});
    let code = host.promoted(tool, &input).unwrap().unwrap();
    assert_eq!(code.tools, ["purchases"]);
    assert_eq!(value(&host, code).await, 4_900);
    let (_, outcome) = exec(&host, javascript("1").tools(["price"])).await;
    assert!(matches!(&outcome, Outcome::Failed(fault) if fault.message.contains("code cannot call code")), "{outcome}");
    // What somebody else's component says of a yes is nothing.
    let stranger = place.host().tool("price", Source::from(component.clone()), []).built_in_languages();
    let stranger = stranger.build().await.unwrap();
    let fault = stranger.promoted(stranger.tool("price").unwrap(), &input).unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Approval, Some("promoted")), "{fault}");
    // With another grant it is not what dana said yes to.
    let shop = stockade::Grant::sql("shop", format!("sqlite:{}", place.data("shop.db").display()));
    let host = promoted(place.bare()).tool("purchases", stockade_tests::dist("purchases"), [shop.writable()]);
    let others = ["policy", "payments", "letters"];
    let host = others.iter().fold(host, |host, tool| host.tool(tool, stockade_tests::dist(tool), []));
    let wider = host.build().await.unwrap();
    let fault = wider.promoted(wider.tool("price").unwrap(), &input).unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Approval, Some("mismatch")), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_that_is_not_there_says_how_to_come_by_it() {
    let place = Place::new();
    let host = host(&place).await;
    let (_, outcome) = exec(&host, Code::new("python", "1")).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::NotFound, Some("language")));
    assert!(fault.message.contains("`stockade language add python` builds it"), "{fault}");
}

/// Whether an instance was ready or made for the code makes no difference to it, nor to what it costs.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_ready_is_like_any_other() {
    let place = Place::new();
    let prompt = place.host().built_in_languages().keep_ready(2).scratch(place.path("")).build().await.unwrap();
    let (mut runs, mut values) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let (run, outcome) =
            exec(&prompt, javascript("leak = globalThis.leak ?? Math.random(); [leak, Date.now()]")).await;
        let Outcome::Done(value) = outcome else { panic!("{outcome}") };
        runs.push(run);
        values.push(value[0].to_string());
        // Others are made meanwhile.
        tokio::task::yield_now().await;
    }
    values.sort();
    values.dedup();
    assert_eq!(values.len(), 5, "each has random numbers of its own, and nothing of the others");
    drop(prompt);
    let plain = host(&place).await;
    for run in runs {
        plain.replay(run, Exec::KEY).await.unwrap();
    }
}
