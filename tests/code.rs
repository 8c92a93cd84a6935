//! Code that an agent wrote, as an effect of a run: its calls, its budget, what a crash does to it, its sessions, and how
//! it becomes a tool.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use stockade::{
    Budget, Change, Clock, Code, CodeEnd, CodeOutcome, Currency, EffectOutcome, Entry, Event, Exec, Filter, Floats,
    Hint, Host, Kind, Outcome, RunId, Source, ToolOutcome,
};
use stockade_tests::Place;

use crate::programs::finished;

pub(crate) async fn host(place: &Place) -> Host {
    place.host().built_in_languages().scratch(place.path("")).build().await.unwrap()
}

pub(crate) fn budget() -> Budget {
    Budget::default().fuel(2_000_000_000)
}

pub(crate) fn javascript(source: &str) -> Code {
    Code::new("javascript", source)
}

/// Runs code to where it settles.
pub(crate) async fn exec(host: &Host, code: Code) -> (RunId, Outcome) {
    exec_within(host, code, budget()).await
}

pub(crate) async fn exec_within(host: &Host, code: Code, budget: Budget) -> (RunId, Outcome) {
    let run = host.exec(code, budget).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

pub(crate) async fn value(host: &Host, code: Code) -> Value {
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
    let calls: Vec<_> = state.calls(Exec::KEY).iter().collect();
    let [call] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!((call.call.tool.as_str(), call.call.arguments.value()), ("purchases", json!({"user_id": "user_123"})));
    let Some((ToolOutcome::Returned(found), used)) = &call.ended else { panic!("{call:?}") };
    assert_eq!(found.value()["item"], "Premium Subscription");
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
    let fault = host.exec(asks(vec!["purchases", "nothing"]), Budget::default()).await.err().unwrap();
    assert_eq!((fault.kind, fault.tool.as_deref()), (Kind::NotFound, Some("nothing")), "{fault}");
}

/// Each call of code is journaled with its arguments, and a loop has no end by itself. The code cannot catch this one.
#[tokio::test(flavor = "multi_thread")]
async fn code_that_fills_the_journal_is_suspended_and_goes_on_with_more() {
    let place = Place::new();
    let host = host(&place).await;
    let source = "let made = 0; while (made < 40) {
        try { await purchases.find({user_id: 'x'.repeat(16384) + made}) } catch {}
        made++
    } return made";
    let allowed = 256 << 10;
    let budget = budget().with(Currency::Journal, allowed);
    let (run, outcome) = exec_within(&host, javascript(source).tools(["purchases"]), budget).await;
    let Outcome::Suspended(exceeded) = outcome else { panic!("{outcome}") };
    assert_eq!((exceeded.limit, exceeded.allowed), (Currency::Journal, allowed));
    let state = host.state(run).await.unwrap();
    assert!((1..16).contains(&state.calls(Exec::KEY).len()), "{}", state.calls(Exec::KEY).len());
    assert!(state.ledger().spent().journal_bytes <= allowed, "{:?}", state.ledger().spent());
    let more = Budget::NONE.fuel(2_000_000_000).with(Currency::Journal, 1 << 20).with(Currency::ToolCalls, 100);
    let run = host.extend(run, more).await.unwrap();
    let id = run.id();
    assert_eq!(run.settled().await.unwrap(), Outcome::Done(json!(40)));
    assert_eq!(host.state(id).await.unwrap().calls(Exec::KEY).len(), 40, "none was made twice");
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

/// The answer comes in while the code waits elsewhere, in a function or at its top level.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_names_its_line() {
    let place = Place::new();
    let host = host(&place).await;
    let source = "async function both() {\n  const asked = [{user_id: 'user_123'}, {user: 1}].map(one);\n  \
                  await asked[0];\n  return await asked[1];\n}\nfunction one(given) {\n  return purchases.find(given);\n}\n";
    for last in ["await both()", "return await both()"] {
        let code = Code { name: Some("a.js".to_owned()), ..javascript(&format!("{source}{last}")) };
        let (run, _) = exec(&host, code.tools(["purchases"])).await;
        let CodeEnd::Raised(raised) = finished(&host, run).await.ended else { panic!("{last}") };
        assert_eq!((raised.name.as_str(), raised.line, raised.column), ("ToolError", Some(7), Some(25)));
        let frames: Vec<_> = raised.traceback.lines().filter_map(|line| line.strip_prefix("    at ")).collect();
        let at = last.find("both").unwrap() + 1;
        assert_eq!(frames, ["one (a.js:7:25)", "both (a.js:2:56)", &format!("a.js:9:{at}")]);
    }
}

/// Fails with a text, with a case that carries one, with a record, and without a word.
const FAILS: &str = r#"(component
    (core module $m
        (memory (export "memory") 1)
        (data (i32.const 64) "no such order")
        (func (export "failed") (result i32)
            (i32.store8 (i32.const 0) (i32.const 1))
            (i32.store (i32.const 4) (i32.const 64)) (i32.store (i32.const 8) (i32.const 13)) (i32.const 0))
        (func (export "missing") (result i32)
            (i32.store8 (i32.const 0) (i32.const 1)) (i32.store8 (i32.const 4) (i32.const 0))
            (i32.store (i32.const 8) (i32.const 64)) (i32.store (i32.const 12) (i32.const 13)) (i32.const 0))
        (func (export "silent") (result i32) (i32.const 1)))
    (core instance $i (instantiate $m))
    (type $problem' (variant (case "not-found" string) (case "closed")))
    (export $problem "problem" (type $problem'))
    (type $details' (record (field "message" string)))
    (export $details "details" (type $details'))
    (func (export "text") (result (result (error string)))
        (canon lift (core func $i "failed") (memory (core memory $i "memory"))))
    (func (export "variant") (result (result (error $problem)))
        (canon lift (core func $i "missing") (memory (core memory $i "memory"))))
    (func (export "record") (result (result (error $details)))
        (canon lift (core func $i "failed") (memory (core memory $i "memory"))))
    (func (export "silent") (result (result)) (canon lift (core func $i "silent"))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_a_tool_tells_code_what_the_tool_said() {
    let place = Place::new();
    let builder = place.host().built_in_languages().scratch(place.path(""));
    let host = builder.tool("shop", wat::parse_str(FAILS).unwrap(), []).build().await.unwrap();
    let source = "const said = []; for (const name of ['text', 'variant', 'record', 'silent']) { \
                  try { await shop[name]() } catch (e) { said.push([e.kind, e.message, e.detail ?? null]) } } return said";
    let said = value(&host, javascript(source).tools(["shop"])).await;
    let expected = json!([
        ["tool", "no such order", "no such order"],
        ["tool", "not_found: no such order", {"not_found": "no such order"}],
        ["tool", "no such order", {"message": "no such order"}],
        ["tool", "the tool failed and did not say why", null],
    ]);
    assert_eq!(said, expected);
}

/// Answers any request with 201 and a piece of JSON.
const SENDS: &str = r#"(component
    (core module $m
        (memory (export "memory") 1)
        (global $next (mut i32) (i32.const 1024))
        (data (i32.const 64) "{\"paid\":true}")
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 3))))
        (func (export "send") (param i32 i32 i32 i32) (result i32)
            (i32.store16 (i32.const 0) (i32.const 201))
            (i32.store (i32.const 4) (i32.const 64)) (i32.store (i32.const 8) (i32.const 13)) (i32.const 0)))
    (core instance $i (instantiate $m))
    (type $answer' (record (field "status" u16) (field "body" string)))
    (export $answer "answer" (type $answer'))
    (func (export "send") (param "url" string) (param "method" string) (result $answer)
        (canon lift (core func $i "send") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn fetch_of_code_is_a_call_of_the_tool_that_sends_requests() {
    let place = Place::new();
    let builder = place.host().built_in_languages().scratch(place.path(""));
    let host = builder.tool("http", wat::parse_str(SENDS).unwrap(), []).build().await.unwrap();
    let source = "const answer = await fetch('https://api.example.com/pay', {method: 'post'}); \
                  const refused = await fetch('https://api.example.com/', {headers: {a: 'b'}}).catch((error) => error.message); \
                  return [answer.status, answer.ok, await answer.json(), refused]";
    let (run, outcome) = exec(&host, javascript(source).tools(["http"])).await;
    let expected = json!([201, true, {"paid": true}, "fetch failed: http.send takes no headers"]);
    assert_eq!(outcome, Outcome::Done(expected));
    let state = host.state(run).await.unwrap();
    let sent: Vec<_> = state.calls(Exec::KEY).iter().map(|call| call.call.arguments.value()).collect();
    assert_eq!(sent, [json!({"url": "https://api.example.com/pay", "method": "POST"})]);
    let (_, outcome) = exec(&host, javascript("await fetch('https://api.example.com/')")).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert!(fault.message.contains("no tool of this code may send requests"), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_code_are_those_of_the_types() {
    let place = Place::new();
    let builder = place.host().built_in_languages().scratch(place.path(""));
    let wat = |text: &str| wat::parse_str(text).unwrap();
    let echo = wat(include_str!("../host/sandbox/tests/guests/echo.wat"));
    let numbers = wat(include_str!("../host/sandbox/tests/guests/numbers.wat"));
    let host = builder.tool("echo", echo, []).tool("n", numbers, []).build().await.unwrap();
    let source = "return [await echo.bytes({value: new Uint8Array([1, 2, 255])}), await echo.text({value: 'NaN'}), \
                  Number.isNaN(await n.f64({x: NaN})), await n.f32({x: -Infinity}) === -Infinity, \
                  await n.u64({x: 18446744073709551615n}) === 18446744073709551615n, await n.u8({x: 7})]";
    let values = value(&host, javascript(source).tools(["echo", "n"])).await;
    assert_eq!(values, json!(["AQL/", "NaN", true, true, true, 7]));
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
async fn code_that_is_killed_at_every_point_ends_as_if_it_had_not_been() {
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
            call.arguments = json!({"user_id": "user_456"}).into();
        }
    });
    let other_fuel = ended_otherwise(&entries, |outcome| outcome.fuel += 1);
    let other_answer = changed(&entries, |change| {
        if let Change::Called { outcome, .. } = change {
            *outcome = ToolOutcome::Returned(json!({"price_cents": 1}).into());
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
            call.arguments = json!({"user_id": "user_456"}).into();
        }
    });
    place.journal_of(&other).await;
    let outcome = host(&place).await.resume(run).await.unwrap().settled().await.unwrap();
    assert!(matches!(&outcome, Outcome::Failed(fault) if fault.kind == Kind::Divergence), "{outcome}");
}

/// A run is replayed by a host that may have other bits of NaN than where it was recorded.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_says_that_the_bits_of_a_nan_may_differ_where_the_machine_or_the_setting_does() {
    let place = Place::new();
    let first = host(&place).await;
    let (run, outcome) = exec(&first, javascript("0 / 0")).await;
    assert_eq!(outcome, Outcome::Done(json!("NaN")), "the journal has no bits of it");
    let same = first.replay(run, Exec::KEY).await.unwrap();
    assert_eq!((same.recorded.architecture(), same.notice), (Some(std::env::consts::ARCH), None));
    assert_eq!(same.recorded, same.here);
    let entries = first.entries(run).await.unwrap();
    drop(first);
    for (recorded, says) in [
        (Floats::of_machine("s390x", "1f2e3d4c"), "it was recorded on s390x with the NaN bits of that machine"),
        (Floats::PORTABLE, "it was recorded with portable floats"),
    ] {
        let place = Place::new();
        let elsewhere = ended_otherwise(&entries, |outcome| outcome.floats = recorded.clone());
        place.journal_of(&elsewhere).await;
        let replayed = host(&place).await.replay(run, Exec::KEY).await.unwrap();
        assert_eq!(replayed.recorded, recorded);
        assert!(replayed.notice.as_ref().is_some_and(|notice| notice.starts_with(says)), "{replayed:?}");
        let place = Place::new();
        place.journal_of(&ended_otherwise(&elsewhere, |outcome| outcome.fuel += 1)).await;
        let fault = host(&place).await.replay(run, Exec::KEY).await.unwrap_err();
        assert_eq!(fault.kind, Kind::Divergence, "{fault}");
        assert!(fault.message.contains("had another use of fuel when it was run again; it was"), "{fault}");
        assert!(fault.message.contains(says) && fault.message.contains("`portable_floats = true`"), "{fault}");
    }
}

fn ended_otherwise(entries: &[Entry], otherwise: impl Fn(&mut CodeOutcome)) -> Vec<Entry> {
    changed(entries, |change| {
        if let Change::Stepped { event: Event::Ended { outcome: EffectOutcome::CodeFinished(outcome), .. }, .. } =
            change
        {
            otherwise(outcome);
        }
    })
}

fn changed(entries: &[Entry], change: impl Fn(&mut Change)) -> Vec<Entry> {
    let mut entries = entries.to_vec();
    entries.iter_mut().for_each(|entry| change(&mut entry.change));
    entries
}

pub(crate) fn cell(session: &str, source: &str) -> Code {
    Code { session: Some(session.to_owned()), ..javascript(source) }
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
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("stockade-code-"));
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
    let tool = host.component("price").unwrap();
    let [function] = host.tool("price").unwrap().functions() else { panic!() };
    let user = json!({"type": "object", "properties": {"user": {"type": "string"}}, "required": ["user"]});
    assert_eq!((function.input_schema(), function.output_schema()), (&user, &json!({"type": "integer"})));
    let by_members = host.promoted(tool, "run", &json!({"user": "user_456"})).unwrap().unwrap();
    let input = json!({"input": "{\"user\": \"user_456\"}"});
    let code = host.promoted(tool, "run", &input).unwrap().unwrap();
    assert_eq!((&code.tools, &code), (&vec!["purchases".to_owned()], &by_members));
    assert_eq!(host.promoted(tool, "other", &input).unwrap_err().kind, Kind::NotFound);
    assert_eq!(value(&host, code).await, 4_900);
    let (_, outcome) = exec(&host, javascript("1").tools(["price"])).await;
    assert!(matches!(&outcome, Outcome::Failed(fault) if fault.message.contains("code cannot call code")), "{outcome}");
    // What a component that was made elsewhere says of an approval does not count.
    let stranger = place.host().tool("price", Source::from(component.clone()), []).built_in_languages();
    let stranger = stranger.build().await.unwrap();
    let fault = stranger.promoted(stranger.component("price").unwrap(), "run", &input).unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Approval, Some("promoted")), "{fault}");
    // With another grant it is not what dana said yes to.
    let shop = stockade::Grant::sql("shop", format!("sqlite:{}", place.data("shop.db").display()));
    let host = promoted(place.bare()).tool("purchases", stockade_tests::dist("purchases"), [shop.writable()]);
    let others = ["policy", "payments", "letters"];
    let host = others.iter().fold(host, |host, tool| host.tool(tool, stockade_tests::dist(tool), []));
    let wider = host.build().await.unwrap();
    let fault = wider.promoted(wider.component("price").unwrap(), "run", &input).unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Approval, Some("mismatch")), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promoted_code_that_calls_no_tools_is_called_by_other_code() {
    let place = Place::new();
    let first = host(&place).await;
    let source = "if (input.n > 9) throw new RangeError('too much'); return {square: input.n * input.n}";
    let (run, _) = exec(&first, javascript(source).input(json!({"n": 3}))).await;
    let component = first.promote(run, Exec::KEY, "square", "dana").await.unwrap();
    drop(first);
    let builder = place.host().promoted("square", component).built_in_languages().scratch(place.path(""));
    let host = builder.build().await.unwrap();
    let calls = "const {square: four} = await square.run({n: 2}); \
                 try { await square.run({n: 10}) } catch (error) { return [four, error.kind, error.message] }";
    let (run, outcome) = exec(&host, javascript(calls).tools(["square"])).await;
    assert_eq!(outcome, Outcome::Done(json!([4, "tool", "RangeError: too much"])));
    let state = host.state(run).await.unwrap();
    let calls: Vec<_> = state.calls(Exec::KEY).iter().map(|call| call.ended.as_ref().unwrap().1).collect();
    assert!(calls.iter().all(|used| used.fuel > 0 && used.tool_calls == 1), "it is paid for: {calls:?}");
    host.replay(run, Exec::KEY).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_that_is_not_there_says_how_to_come_by_it() {
    let place = Place::new();
    let host = host(&place).await;
    let fault = host.exec(Code::new("python", "1"), Budget::default()).await.err().unwrap();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::NotFound, Some("language")));
    assert!(host.runs(&Filter::default()).await.unwrap().is_empty(), "it is refused before there is a run");
    assert_eq!(fault.hint, Some(Box::new(Hint::AddLanguage("python".to_owned()))));
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

/// The time that code is told is that of its intent, which the journal has: it is told the same when it is run again, by a
/// host whose clock has gone on, and by one that would tell it another.
#[tokio::test(flavor = "multi_thread")]
async fn code_is_told_the_real_time_where_that_is_granted_and_the_same_when_it_is_run_again() {
    let place = Place::new();
    let (began, source) = (1_800_000_000_000_u64, "[Date.now() - 0, new Date().getUTCFullYear()]");
    let now = Arc::new(AtomicU64::new(began));
    let clock = Clock::new(move || now.fetch_add(10, Ordering::Relaxed));
    let real =
        place.host().built_in_languages().scratch(place.path("")).clock(clock).real_clock().build().await.unwrap();
    let (run, Outcome::Done(told)) = exec(&real, javascript(source)).await else { panic!() };
    assert!((began..began + 1_000).contains(&told[0].as_u64().unwrap()), "{told}");
    assert_eq!(told[1], 2027);
    real.replay(run, Exec::KEY).await.unwrap();
    let usual = host(&place).await;
    usual.replay(run, Exec::KEY).await.unwrap();
    let (_, Outcome::Done(told)) = exec(&usual, javascript(source)).await else { panic!() };
    assert_eq!(told[1], 2026);
}

/// Hostile case 116: a value that nests so deep that the journal could not read it back. The run, its session and all forks
/// of that were dead.
#[tokio::test(flavor = "multi_thread")]
async fn what_nests_too_deep_for_the_journal_is_refused_and_the_session_goes_on() {
    let place = Place::new();
    let host = host(&place).await;
    let cell = |source: &str| Code { session: Some("deep".to_owned()), ..javascript(source).tools(["purchases"]) };
    assert_eq!(value(&host, cell("globalThis.seen = 1; return seen")).await, json!(1));
    let (run, outcome) = exec(&host, cell("let a = 1; for (let i = 0; i < 126; i++) a = [a]; return a")).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert!(fault.message.contains("nest") && fault.message.contains("64"), "{fault}");
    assert_eq!(host.state(run).await.unwrap().status(), stockade::Status::Failed);
    // An argument that no tool takes is journaled with the refusal, as what is wrong with it.
    let deep = "let a = {}; for (let i = 0; i < 120; i++) a = {a}; \
                try { await purchases.find(a) } catch (error) { return error.message }";
    let (run, outcome) = exec(&host, cell(deep)).await;
    let refused = match outcome {
        Outcome::Done(said) => said.to_string(),
        Outcome::Failed(fault) => fault.message,
        other => panic!("{other}"),
    };
    assert!(refused.contains("nest"), "{refused}");
    assert!(host.state(run).await.unwrap().end().is_some());
    host.fork("deep", "fork").await.unwrap();
    let forked = Code { session: Some("fork".to_owned()), ..javascript("return seen") };
    assert_eq!(value(&host, forked).await, json!(1));
}

/// Runs of before there was a limit for depth open again.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_recorded_a_deep_value_is_read() {
    let place = Place::new();
    let host = host(&place).await;
    let code = Code { session: Some("old".to_owned()), ..javascript("let a = 'MARK'; globalThis.kept = 7; return a") };
    let (run, _) = exec(&host, code).await;
    let deep = format!("{}7{}", "[".repeat(126), "]".repeat(126));
    let journal = place.as_before_packing().await;
    journal.execute("UPDATE entries SET change = replace(change, '\"MARK\"', ?1)", [&deep]).unwrap();
    let state = host.state(run).await.unwrap();
    assert_eq!(state.status(), stockade::Status::Done);
    let outcome = host.code_outcome(run, Exec::KEY).await.unwrap().unwrap();
    let CodeEnd::Returned(value) = outcome.ended else { panic!("{outcome:?}") };
    assert_eq!(value.depth(), 126);
    host.fork("old", "new").await.unwrap();
}
