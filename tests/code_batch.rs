//! Calls that code makes before it waits for any of them: together, unless one is in another's way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use stockade::callable::{Call, Callable, Calling, Nature, Outcome as Answer, Place as PlaceInPool, ToolFunction};
use stockade::{
    Budget, Change, Code, Currency, Decision, Digest, Entry, Exec, Fault, Grant, Host, Kind, Outcome, RunId, RunState,
    Settlement, Stop, Usage, code_limits,
};
use stockade_tests::code::{called, called_in};
use stockade_tests::flaky::Flaky;
use stockade_tests::gate::answers_together;
use stockade_tests::{Place, decide, dist};
use tokio::sync::Barrier;

/// Answers once so many calls of it are in flight. With 0, it answers at once, and checks that it is alone.
pub(crate) struct Meeting {
    functions: [ToolFunction; 1],
    identity: Digest,
    nature: Nature,
    all: Option<Arc<Barrier>>,
    /// What it was called with, in the order in which the calls began.
    pub(crate) begun: Arc<Mutex<Vec<u64>>>,
    /// Under which keys, without the run's id.
    keys: Arc<Mutex<Vec<String>>>,
    in_flight: Arc<AtomicUsize>,
}

impl Meeting {
    pub(crate) fn new(of: usize, repeatable: bool) -> Self {
        let number = json!({"type": "integer"});
        let input = json!({"type": "object", "properties": {"n": number}, "required": ["n"]});
        Self {
            functions: [ToolFunction::new("say", "Says a number again.", input, number)],
            identity: Digest::of(b"meeting 1"),
            nature: Nature { repeatable, ..Nature::default() },
            all: (of > 0).then(|| Arc::new(Barrier::new(of))),
            begun: Arc::default(),
            keys: Arc::default(),
            in_flight: Arc::default(),
        }
    }

    pub(crate) fn granted(self, grant: Grant) -> Self {
        Self { nature: Nature { grants: vec![grant], ..self.nature }, ..self }
    }
}

impl Callable for Meeting {
    fn functions(&self) -> &[ToolFunction] {
        &self.functions
    }

    fn identity(&self) -> &Digest {
        &self.identity
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, _: Option<&'a PlaceInPool>) -> stockade::Result<Calling<'a>> {
        let Some(n) = call.arguments.get("n").and_then(Value::as_u64) else {
            return Err(Fault::invalid("arguments", "\"n\" is missing"));
        };
        let key = call.idempotency_key.split_once('/').map_or("", |(_, key)| key).to_owned();
        Ok(Calling::Answer(Box::pin(async move {
            self.keys.lock().unwrap().push(key);
            self.begun.lock().unwrap().push(n);
            let others = self.in_flight.fetch_add(1, Ordering::SeqCst);
            match &self.all {
                Some(all) => {
                    all.wait().await;
                }
                None => assert_eq!(others, 0, "it is called alone"),
            }
            tokio::task::yield_now().await;
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            let usage = Usage::default().tool_calls(1);
            let result = if n == 13 { Err(Fault::new(Kind::GuestError, "not 13")) } else { Ok(n.into()) };
            Answer::new(result, usage)
        })))
    }
}

async fn host(place: &Place, tools: impl IntoIterator<Item = (&'static str, Meeting)>) -> Host {
    let builder = place.host().built_in_languages().scratch(place.path(""));
    let builder = tools.into_iter().fold(builder, |builder, (name, tool)| builder.callable(name, tool));
    builder.build().await.unwrap()
}

/// A host with this tool, which tells a repetition by its key.
async fn idempotent(place: &Place, meeting: Meeting) -> Host {
    let builder = place.host().built_in_languages().scratch(place.path("")).callable("meeting", meeting);
    builder.idempotent("meeting").build().await.unwrap()
}

async fn exec(host: &Host, source: &str, tools: &[&str]) -> (RunId, Outcome) {
    let code = Code::new("javascript", source).tools(tools.iter().copied());
    let run = host.exec(code, Budget::default().fuel(8_000_000_000)).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

/// The numbers of the calls that have ended, in the order of the code.
fn ended(entries: &[Entry]) -> Vec<usize> {
    let mut ended = called_in(entries);
    ended.sort_unstable();
    ended
}

/// What the code has called the meeting with, in the order of the code.
pub(crate) fn said(state: &RunState) -> Vec<Value> {
    state.calls(Exec::KEY).iter().map(|call| call.call.arguments.value()["n"].clone()).collect()
}

/// Where the intents of calls stand.
fn intents(entries: &[Entry]) -> Vec<usize> {
    let is_intent = |entry: &Entry| matches!(entry.change, Change::Calling { .. });
    (0..entries.len()).filter(|place| is_intent(&entries[*place])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_change_nothing_are_in_flight_together_and_journaled_in_their_order() {
    let place = Place::new();
    let host = host(&place, [("meeting", Meeting::new(4, true))]).await;
    let source = "return Promise.all([3, 1, 2, 0].map(n => meeting.say({n})))";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    assert_eq!(outcome, Outcome::Done(json!([3, 1, 2, 0])));
    assert_eq!(called(&host, run).await, [0, 1, 2, 3]);
    let state = host.state(run).await.unwrap();
    assert_eq!(state.ledger().spent().tool_calls, 4);
    assert_eq!(said(&state), [3, 1, 2, 0]);
    host.replay(run, Exec::KEY).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_several_that_fails_leaves_the_others_alone() {
    for repeatable in [true, false] {
        let place = Place::new();
        let host = host(&place, [("meeting", Meeting::new(3, repeatable))]).await;
        let source = "const all = await Promise.allSettled([1, 13, 2].map(n => meeting.say({n}))); \
                      return all.map(one => one.value ?? [one.reason.name, one.reason.kind, one.reason.message])";
        let (run, outcome) = exec(&host, source, &["meeting"]).await;
        assert_eq!(outcome, Outcome::Done(json!([1, ["ToolError", "tool", "not 13"], 2])));
        host.replay(run, Exec::KEY).await.unwrap();
    }
}

const THREE: &str = "return Promise.all([3, 1, 2].map(n => meeting.say({n})))";

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_may_change_something_are_in_flight_together_and_their_intents_come_before_any_end() {
    let place = Place::new();
    let host = host(&place, [("meeting", Meeting::new(3, false))]).await;
    let (run, outcome) = exec(&host, THREE, &["meeting"]).await;
    assert_eq!(outcome, Outcome::Done(json!([3, 1, 2])));
    let entries = host.entries(run).await.unwrap();
    let intents = intents(&entries);
    assert_eq!((intents.len(), ended(&entries)), (3, vec![0, 1, 2]));
    assert_eq!(intents[2] - intents[0], 2, "they are one after the other");
    let state = host.state(run).await.unwrap();
    assert_eq!((said(&state), state.ledger().spent().tool_calls), (vec![json!(3), json!(1), json!(2)], 3));
    host.replay(run, Exec::KEY).await.unwrap();
}

/// The calls that change nothing have intents, too, beside those that may change something.
#[tokio::test(flavor = "multi_thread")]
async fn calls_of_both_kinds_are_in_flight_together() {
    let place = Place::new();
    let meets = Arc::new(Barrier::new(3));
    let [reads, writes] =
        [true, false].map(|repeatable| Meeting { all: Some(Arc::clone(&meets)), ..Meeting::new(1, repeatable) });
    let host = host(&place, [("reads", reads), ("writes", writes)]).await;
    let source = "return Promise.all([reads.say({n: 3}), writes.say({n: 1}), reads.say({n: 2})])";
    let (run, outcome) = exec(&host, source, &["reads", "writes"]).await;
    assert_eq!(outcome, Outcome::Done(json!([3, 1, 2])));
    assert_eq!(intents(&host.entries(run).await.unwrap()).len(), 3);
    host.replay(run, Exec::KEY).await.unwrap();
}

/// Each is a component in the sandbox, and sends its request while the other waits for its answer.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_may_change_something_are_sent_together() {
    let (place, port) = (Place::new(), answers_together(2));
    let grant = Grant::http(format!("POST http://127.0.0.1:{port}/")).addresses(["127.0.0.1"]);
    let builder = place.host().tool("fetch", dist("fetch"), [grant]).built_in_languages().scratch(place.path(""));
    let host = builder.build().await.unwrap();
    let source = format!(
        "const send = path => fetch.send({{request: {{method: 'POST', scheme: 'http', authority: '127.0.0.1:{port}', \
         path, headers: [], body: [], trailers: []}}}}); \
         return (await Promise.all([send('/1'), send('/2')])).map(answer => answer.body)"
    );
    let (run, outcome) = exec(&host, &source, &["fetch"]).await;
    assert_eq!(outcome, Outcome::Done(json!(["ok", "ok"])));
    host.replay(run, Exec::KEY).await.unwrap();
}

/// Of two calls that are the same, the second is a repetition where it is not known whether the first has happened; and two
/// writers of one file are in each other's way.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_the_same_or_write_to_the_same_store_take_turns() {
    let place = Place::new();
    let shared = Grant::kv("notes", place.path("notes.db").display().to_string());
    for (meeting, numbers) in
        [(Meeting::new(0, false), [5, 5]), (Meeting::new(0, false).granted(shared.clone().writable()), [5, 6])]
    {
        let place = Place::new();
        let begun = Arc::clone(&meeting.begun);
        let host = host(&place, [("meeting", meeting)]).await;
        let [first, second] = numbers;
        let source = format!("return Promise.all([meeting.say({{n: {first}}}), meeting.say({{n: {second}}})])");
        let (run, outcome) = exec(&host, &source, &["meeting"]).await;
        assert_eq!((outcome, &*begun.lock().unwrap()), (Outcome::Done(json!(numbers)), &numbers.to_vec()));
        assert_eq!(called(&host, run).await, [0, 1]);
    }
    // One that reads the file waits for the one that writes to it; two that read do not.
    let writes = Meeting::new(0, false).granted(shared.clone().writable());
    let reads = Meeting { in_flight: Arc::clone(&writes.in_flight), ..Meeting::new(0, true).granted(shared.clone()) };
    let one = host(&place, [("writes", writes), ("reads", reads)]).await;
    let source = "return Promise.all([writes.say({n: 1}), reads.say({n: 2})])";
    assert_eq!(exec(&one, source, &["reads", "writes"]).await.1, Outcome::Done(json!([1, 2])));
    drop(one);
    let place = Place::new();
    let other = host(&place, [("meeting", Meeting::new(3, true).granted(shared))]).await;
    assert_eq!(exec(&other, THREE, &["meeting"]).await.1, Outcome::Done(json!([3, 1, 2])));
}

/// What a crash leaves behind after any record ends as if nothing had happened: what has ended is not made again, and all else
/// under the key that it had.
#[tokio::test(flavor = "multi_thread")]
async fn code_whose_calls_were_in_flight_together_ends_the_same_when_cut_after_any_record() {
    let place = Place::new();
    let first = idempotent(&place, Meeting::new(1, false)).await;
    let source = "const all = await Promise.all([3, 1, 2].map(n => meeting.say({n}))); \
                  return [...all, await meeting.say({n: 4})]";
    let (run, expected) = exec(&first, source, &["meeting"]).await;
    assert_eq!(expected, Outcome::Done(json!([3, 1, 2, 4])));
    let entries = first.entries(run).await.unwrap();
    drop(first);
    for cut in 1..entries.len() {
        place.clear();
        let meeting = Meeting::new(1, false);
        let keys = Arc::clone(&meeting.keys);
        let host = idempotent(&place, meeting).await;
        place.journal_of(&entries[..cut]).await;
        let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
        assert_eq!(outcome, expected, "cut after {cut}");
        let known = ended(&entries[..cut]);
        let made = (0..4).filter(|number| !known.contains(number)).map(|number| format!("code/{number}"));
        let mut keys = keys.lock().unwrap().clone();
        keys.sort_unstable();
        assert_eq!(keys, made.collect::<Vec<_>>(), "cut after {cut}");
        assert_eq!(host.state(run).await.unwrap().ledger().spent().tool_calls, 4, "cut after {cut}");
        host.replay(run, Exec::KEY).await.unwrap();
    }
}

/// A crash in their midst leaves several calls in doubt. The code had heard of none of them, so a person may settle each.
#[tokio::test(flavor = "multi_thread")]
async fn each_of_several_calls_in_doubt_is_settled_and_none_is_made_again() {
    let place = Place::new();
    let first = host(&place, [("meeting", Meeting::new(3, false))]).await;
    let (run, _) = exec(&first, THREE, &["meeting"]).await;
    let entries = first.entries(run).await.unwrap();
    drop(first);
    let last = intents(&entries)[2];
    for ended_before in 0..3 {
        place.clear();
        let meeting = Meeting::new(0, false);
        let begun = Arc::clone(&meeting.begun);
        let second = host(&place, [("meeting", meeting)]).await;
        let left = &entries[..=last + ended_before];
        place.journal_of(left).await;
        let known = ended(left);
        let mut outcome = second.resume(run).await.unwrap().settled().await.unwrap();
        for (number, answer) in [3, 1, 2].into_iter().enumerate().filter(|(number, _)| !known.contains(number)) {
            let Outcome::InDoubt(doubts) = &outcome else { panic!("{outcome}") };
            let key = format!("code/{number}");
            assert_eq!(doubts.iter().map(|doubt| doubt.key.as_str()).collect::<Vec<_>>(), [key.as_str()]);
            let settled = second.settle(run, Settlement::done(&key, json!(answer), "dana")).await.unwrap();
            outcome = settled.unwrap().settled().await.unwrap();
        }
        assert_eq!(outcome, Outcome::Done(json!([3, 1, 2])));
        assert!(begun.lock().unwrap().is_empty());
        second.replay(run, Exec::KEY).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_names_each_of_its_calls_in_flight_as_unknown() {
    let place = Place::new();
    // It answers once nine calls are in flight, and the code makes three.
    let meeting = Meeting::new(9, false);
    let begun = Arc::clone(&meeting.begun);
    let host = host(&place, [("meeting", meeting)]).await;
    let code = Code::new("javascript", THREE).tools(["meeting"]);
    let run = host.exec(code, Budget::default().fuel(8_000_000_000)).await.unwrap().id();
    while begun.lock().unwrap().len() < 3 {
        tokio::task::yield_now().await;
    }
    host.run(run).stop(Stop::by("dana"), Duration::ZERO).await.unwrap();
    let state = host.state(run).await.unwrap();
    let mut unknown: Vec<_> = state.unknown_calls().collect();
    unknown.sort_unstable();
    assert_eq!(unknown, ["code/0", "code/1", "code/2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_for_which_the_run_has_not_enough_are_made_together_once_it_has() {
    let place = Place::new();
    let host = host(&place, [("meeting", Meeting::new(2, false))]).await;
    let code = Code::new("javascript", "return Promise.all([1, 2].map(n => meeting.say({n})))").tools(["meeting"]);
    let budget = Budget::default().fuel(8_000_000_000).with(Currency::ToolCalls, 1);
    let run = host.exec(code, budget).await.unwrap();
    let id = run.id();
    let Outcome::Suspended(exceeded) = run.settled().await.unwrap() else { panic!("it has enough for one alone") };
    assert_eq!((exceeded.limit, called(&host, id).await), (Currency::ToolCalls, vec![]));
    let run = host.extend(id, Budget::NONE.with(Currency::ToolCalls, 1)).await.unwrap();
    assert_eq!(run.settled().await.unwrap(), Outcome::Done(json!([1, 2])));
    host.replay(id, Exec::KEY).await.unwrap();
}

/// What fails in a way that may pass is made again once the others have ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_several_that_fails_for_a_while_is_made_again() {
    let place = Place::new();
    let busy = Fault::new(Kind::GuestError, json!({"unavailable": {"retry_after_s": 0}}).to_string());
    let flaky = Flaky::new(vec![Err(busy)]);
    let config = stockade::Config::parse("[tool.flaky]\nretry = { attempts = 3, backoff_ms = 0 }").unwrap();
    let builder = place.host().callable("flaky", flaky.clone()).callable("meeting", Meeting::new(1, false));
    let builder = builder.built_in_languages().scratch(place.path("")).configured(&config).unwrap();
    let host = builder.build().await.unwrap();
    let source = "return Promise.all([flaky.do_({}), meeting.say({n: 1})])";
    let (run, outcome) = exec(&host, source, &["flaky", "meeting"]).await;
    assert_eq!(outcome, Outcome::Done(json!(["done", 1])));
    assert_eq!(flaky.called(), ["code/0", "code/0"]);
    assert_eq!(host.state(run).await.unwrap().ledger().spent().tool_calls, 3, "each attempt is paid once");
    host.replay(run, Exec::KEY).await.unwrap();
}

/// Code could catch why a call was cut short and end well, and then it would never be known whether the call has happened.
#[tokio::test(flavor = "multi_thread")]
async fn code_does_not_go_on_without_the_outcome_of_a_call_that_its_budget_has_cut_short() {
    for calls in ["flaky.do_({})", "Promise.all([flaky.do_({}), meeting.say({n: 1})])"] {
        let place = Place::new();
        let flaky = Flaky::new(vec![Err(Fault::new(Kind::Fuel, "it has too little"))]);
        let builder = place.host().callable("flaky", flaky.clone()).callable("meeting", Meeting::new(1, false));
        let builder = builder.idempotent("flaky").built_in_languages().scratch(place.path(""));
        let host = builder.build().await.unwrap();
        let source = format!("try {{ await {calls}; return 'done' }} catch (error) {{ return error.kind }}");
        let code = Code::new("javascript", &source).tools(["flaky", "meeting"]);
        let run = host.exec(code, Budget::default().fuel(30_000_000)).await.unwrap();
        let id = run.id();
        let Outcome::Suspended(exceeded) = run.settled().await.unwrap() else { panic!("{calls}: it has gone on") };
        assert_eq!((exceeded.limit, flaky.called().len()), (Currency::Fuel, 1), "{calls}");
        let run = host.extend(id, Budget::NONE.with(Currency::Fuel, 8_000_000_000)).await.unwrap();
        assert_eq!(run.settled().await.unwrap(), Outcome::Done("done".into()), "{calls}");
        assert_eq!(flaky.called(), ["code/0", "code/0"]);
        host.replay(id, Exec::KEY).await.unwrap();
    }
}

/// The journal has no intents of calls that change nothing, but those that were made beside one count all the same.
#[tokio::test(flavor = "multi_thread")]
async fn calls_together_that_are_made_again_are_no_more_than_the_run_may_make() {
    let place = Place::new();
    let busy = Fault::new(Kind::GuestError, json!({"unavailable": {"retry_after_s": 0}}).to_string());
    let flaky = Flaky::harmless((0..20).map(|_| Err(busy.clone())).collect());
    let config = stockade::Config::parse("[tool.flaky]\nretry = { attempts = 5, backoff_ms = 0 }").unwrap();
    let builder = place.host().callable("flaky", flaky.clone()).built_in_languages().scratch(place.path(""));
    let host = builder.configured(&config).unwrap().build().await.unwrap();
    let source = "return (await Promise.allSettled([flaky.do_({}), flaky.do_({})])).length";
    let budget = Budget::default().fuel(8_000_000_000).with(Currency::ToolCalls, 3);
    let run = host.exec(Code::new("javascript", source).tools(["flaky"]), budget).await.unwrap();
    assert_eq!(run.settled().await.unwrap(), Outcome::Done(2.into()));
    assert_eq!(flaky.called(), ["code/0", "code/1", "code/0"]);
}

/// Answers are values of the host until the code is told them: it takes no more of them than the code may be told, and a piece.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_large_answers_ends_before_all_calls_are_made() {
    let place = Place::new();
    let flaky = Flaky::new((0..48).map(|_| Ok("x".repeat(256 << 10).into())).collect());
    let builder = place.host().built_in_languages().scratch(place.path("")).callable("flaky", flaky.clone());
    let host = builder.code_limits(code_limits().host_bytes(4 << 20)).build().await.unwrap();
    let source = "return (await Promise.all(Array.from({length: 48}, () => flaky.do_({})))).length";
    let (_, outcome) = exec(&host, source, &["flaky"]).await;
    assert!(!matches!(outcome, Outcome::Done(_)), "{outcome}");
    assert_eq!(flaky.called().len(), 32);
}

/// A call is made however little the code does with it, also where the code never waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_code_does_not_wait_for_is_made_before_the_code_ends() {
    let place = Place::new();
    let host = host(&place, [("meeting", Meeting::new(0, false))]).await;
    let (run, outcome) = exec(&host, "meeting.say({n: 1}); return 'done'", &["meeting"]).await;
    assert_eq!(outcome, Outcome::Done("done".into()));
    assert_eq!(called(&host, run).await, [0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_a_tool_has_its_place_in_the_code() {
    let place = Place::new();
    let host = host(&place, [("meeting", Meeting::new(2, true))]).await;
    let source = "const first = meeting.say({n: 1});\nconst second = meeting.say({n: 13});\nawait first;\nawait second";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome}") };
    assert!(fault.message.starts_with("ToolError: not 13"), "{fault}");
    let outcome = host.code_outcome(run, Exec::KEY).await.unwrap().unwrap();
    let stockade::CodeEnd::Raised(exception) = outcome.ended else { panic!("{outcome:?}") };
    assert_eq!(exception.line, Some(2), "{exception:?}");
}

/// Of several calls some are done and one waits for a person; after a restart and a yes, what is done is not done again.
#[tokio::test(flavor = "multi_thread")]
async fn calls_behind_one_that_a_person_is_asked_about_wait_for_the_answer() {
    for repeatable in [true, false] {
        let place = Place::new();
        let gated = || {
            let builder = place.host().built_in_languages().scratch(place.path("")).ask_first("payments");
            builder.callable("meeting", Meeting::new(2, repeatable))
        };
        let first = gated().build().await.unwrap();
        let source = "const [a, b, paid, c, d] = await Promise.all([ \
            meeting.say({n: 1}), meeting.say({n: 2}), \
            payments.refund({user_id: 'user_789', amount_cents: 7900}), \
            meeting.say({n: 3}), meeting.say({n: 4})]); \
            return [a, b, typeof paid.reference, c, d]";
        let (run, outcome) = exec(&first, source, &["meeting", "payments"]).await;
        let Outcome::Waiting(asked) = outcome else { panic!("{outcome}") };
        assert_eq!((asked.key.as_str(), place.refunds().len()), ("code/2", 0));
        assert_eq!(ended(&first.entries(run).await.unwrap()), [0, 1]);
        drop(first);
        let second = gated().build().await.unwrap();
        let outcome = decide(&second, run, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
        assert_eq!(outcome, Outcome::Done(json!([1, 2, "string", 3, 4])));
        assert_eq!((ended(&second.entries(run).await.unwrap()), place.refunds().len()), (vec![0, 1, 2, 3, 4], 1));
        second.replay(run, Exec::KEY).await.unwrap();
    }
}

/// Components take slots of the pool: where none is free, the calls take turns in the place that the code keeps.
#[tokio::test(flavor = "multi_thread")]
async fn calls_of_components_are_made_together_and_cost_what_they_cost_alone() {
    let place = Place::new();
    let host = host(&place, []).await;
    let find = "purchases.find({user_id: 'user_123'})";
    let spent = async |source: &str| {
        let (run, outcome) = exec(&host, source, &["purchases"]).await;
        let Outcome::Done(found) = outcome else { panic!("{outcome}") };
        let state = host.state(run).await.unwrap();
        let fuel: Vec<_> = state.calls(Exec::KEY).iter().map(|call| call.ended.as_ref().unwrap().1.fuel).collect();
        host.replay(run, Exec::KEY).await.unwrap();
        (found, fuel)
    };
    let together = spent(&format!("return Promise.all([{find}, {find}, {find}])")).await;
    let alone = spent(&format!("return [await {find}, await {find}, await {find}]")).await;
    assert_eq!(together, alone);
}

/// Calls that the code never waits for are held in its own memory until then, and the host takes no more of them than code may make.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_calls_ends_at_a_limit_before_any_of_them_is_made() {
    let place = Place::new();
    let host = host(&place, [("meeting", Meeting::new(0, true))]).await;
    let source = "return Promise.all(Array.from({length: 12000}, (_, n) => meeting.say({n})))";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    let Outcome::Suspended(exceeded) = outcome else { panic!("{outcome}") };
    assert_eq!((exceeded.limit, exceeded.used), (Currency::ToolCalls, 0));
    assert_eq!(called(&host, run).await, [0; 0]);
    let code = Code::new("javascript", "for (let n = 0; ; n++) meeting.say({n})").tools(["meeting"]);
    let run = host.exec(code, Budget::default().fuel(50_000_000)).await.unwrap();
    let id = run.id();
    assert!(!matches!(run.settled().await.unwrap(), Outcome::Done(_)));
    assert_eq!(called(&host, id).await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_behind_one_that_was_cut_are_not_made() {
    let place = Place::new();
    let shared = Grant::kv("notes", place.path("notes.db").display().to_string());
    let writer = Meeting::new(0, false).granted(shared.clone().writable());
    let begun = Arc::clone(&writer.begun);
    // It answers once nine calls are in flight, so never; and what it reads the writer may write to.
    let host = host(&place, [("meeting", Meeting::new(9, true).granted(shared)), ("writer", writer)]).await;
    let source = "return Promise.all([meeting.say({n: 1}), writer.say({n: 2})])";
    let code = Code::new("javascript", source).tools(["meeting", "writer"]);
    let budget = Budget::default().fuel(8_000_000_000).with(Currency::Wall, 3_000_000);
    let outcome = host.exec(code, budget).await.unwrap().settled().await.unwrap();
    assert!(matches!(outcome, Outcome::Suspended(_)), "{outcome}");
    assert!(begun.lock().unwrap().is_empty());
}
