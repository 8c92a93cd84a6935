//! Calls that code makes before it waits for any of them: together where they change nothing, else in their order.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade::callable::{Call, Callable, Calling, Nature, Outcome as Answer, Place as PlaceInPool, ToolFunction};
use stockade::{Budget, Code, Currency, Decision, Digest, Exec, Fault, Host, Kind, Outcome, RunId, Usage};
use stockade_tests::code::called;
use stockade_tests::{Place, decide};
use tokio::sync::Barrier;

/// Answers once so many calls of it are in flight.
pub(crate) struct Meeting {
    functions: [ToolFunction; 1],
    identity: Digest,
    nature: Nature,
    all: Option<Arc<Barrier>>,
    /// What it was called with, in the order in which the calls began.
    pub(crate) begun: Arc<Mutex<Vec<u64>>>,
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
            in_flight: Arc::default(),
        }
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
        Ok(Calling::Answer(Box::pin(async move {
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

async fn exec(host: &Host, source: &str, tools: &[&str]) -> (RunId, Outcome) {
    let code = Code::new("javascript", source).tools(tools.iter().copied());
    let run = host.exec(code, Budget::default().fuel(8_000_000_000)).await.unwrap();
    (run.id(), run.settled().await.unwrap())
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
    let arguments: Vec<_> =
        state.calls(Exec::KEY).iter().map(|call| call.call.arguments.value()["n"].clone()).collect();
    assert_eq!(arguments, [3, 1, 2, 0]);
    host.replay(run, Exec::KEY).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_several_that_fails_leaves_the_others_alone() {
    let place = Place::new();
    let host = host(&place, [("meeting", Meeting::new(3, true))]).await;
    let source = "const all = await Promise.allSettled([1, 13, 2].map(n => meeting.say({n}))); \
                  return all.map(one => one.value ?? [one.reason.name, one.reason.kind, one.reason.message])";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    assert_eq!(outcome, Outcome::Done(json!([1, ["ToolError", "tool", "not 13"], 2])));
    host.replay(run, Exec::KEY).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_may_change_something_are_made_alone_and_in_their_order() {
    let place = Place::new();
    let meeting = Meeting::new(0, false);
    let begun = Arc::clone(&meeting.begun);
    let host = host(&place, [("meeting", meeting)]).await;
    let source = "return Promise.all([3, 1, 2].map(n => meeting.say({n})))";
    let (run, outcome) = exec(&host, source, &["meeting"]).await;
    assert_eq!(outcome, Outcome::Done(json!([3, 1, 2])));
    assert_eq!((called(&host, run).await, &*begun.lock().unwrap()), (vec![0, 1, 2], &vec![3, 1, 2]));
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
    let place = Place::new();
    let gated = |place: &Place| {
        let builder = place.host().built_in_languages().scratch(place.path("")).ask_first("payments");
        builder.callable("meeting", Meeting::new(2, true))
    };
    let first = gated(&place).build().await.unwrap();
    let source = "const [a, b, paid, c, d] = await Promise.all([ \
        meeting.say({n: 1}), meeting.say({n: 2}), \
        payments.refund({user_id: 'user_789', amount_cents: 7900}), \
        meeting.say({n: 3}), meeting.say({n: 4})]); \
        return [a, b, typeof paid.reference, c, d]";
    let (run, outcome) = exec(&first, source, &["meeting", "payments"]).await;
    let Outcome::Waiting(asked) = outcome else { panic!("{outcome}") };
    assert_eq!((asked.key.as_str(), called(&first, run).await, place.refunds().len()), ("code/2", vec![0, 1], 0));
    drop(first);
    let second = gated(&place).build().await.unwrap();
    let outcome = decide(&second, run, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
    assert_eq!(outcome, Outcome::Done(json!([1, 2, "string", 3, 4])));
    assert_eq!((called(&second, run).await, place.refunds().len()), (vec![0, 1, 2, 3, 4], 1));
    second.replay(run, Exec::KEY).await.unwrap();
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
    let writer = Meeting::new(0, false);
    let begun = Arc::clone(&writer.begun);
    // Nine never meet.
    let host = host(&place, [("meeting", Meeting::new(9, true)), ("writer", writer)]).await;
    let source = "return Promise.all([meeting.say({n: 1}), writer.say({n: 2})])";
    let code = Code::new("javascript", source).tools(["meeting", "writer"]);
    let budget = Budget::default().fuel(8_000_000_000).with(Currency::Wall, 3_000_000);
    let outcome = host.exec(code, budget).await.unwrap().settled().await.unwrap();
    assert!(matches!(outcome, Outcome::Suspended(_)), "{outcome}");
    assert!(begun.lock().unwrap().is_empty());
}
