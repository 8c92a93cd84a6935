//! Several effects of one run at once: none is lost, done twice or given up, whichever process stops in between.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use stockade::{
    AllowedEffect, Approval, Budget, Builder, Change, Clock, Config, Currency, Decision, Effect, EffectOutcome, End,
    Entry, Event, Exceeded, Fault, Graph, Hooks, Host, Kind, Outcome, Question, RunId, RunState, State, Status, Stop,
    SubBudget, ToolCall, ToolOutcome, Transition, Usage, Verdict, Workflow,
};
use stockade_tests::{Place, decide};

/// Wants everything at once, and ends with what became of it.
struct Together;

impl Workflow for Together {
    /// The effects, and the shares.
    type Input = (Vec<Effect>, Vec<SubBudget>);
    /// How many are left, and what became of the others.
    type State = (usize, Vec<Event>);

    fn name(&self) -> &str {
        "together"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        Graph::new([
            State::new("WORK", [AllowedEffect::AnyTool, AllowedEffect::Model], &["WORK", "DONE"]),
            State::new("DONE", [], &[]),
        ])
    }

    fn position(&self, (left, _): &Self::State) -> &'static str {
        if *left == 0 { "DONE" } else { "WORK" }
    }

    fn start(&self, (effects, slices): Self::Input) -> Result<Transition<Self::State>, Fault> {
        let next = Transition::to((effects.len(), Vec::new())).want_all(effects);
        Ok(slices.into_iter().fold(next, |next, SubBudget { prefix, budget }| next.slice(prefix, budget)))
    }

    fn step(&self, (left, mut seen): Self::State, event: Event) -> Result<Transition<Self::State>, Fault> {
        seen.push(event);
        let output = serde_json::to_value(&seen).unwrap();
        let next = Transition::to((left - 1, seen));
        Ok(if left == 1 { next.end(End::Done(output.into())) } else { next })
    }
}

/// Wants everything at once, and ends with the first outcome.
struct First;

impl Workflow for First {
    type Input = Vec<Effect>;
    type State = bool;

    fn name(&self) -> &str {
        "first"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        Together.graph()
    }

    fn position(&self, ended: &bool) -> &'static str {
        if *ended { "DONE" } else { "WORK" }
    }

    fn start(&self, effects: Self::Input) -> Result<Transition<bool>, Fault> {
        Ok(Transition::to(false).want_all(effects))
    }

    fn step(&self, _: bool, _: Event) -> Result<Transition<bool>, Fault> {
        Ok(Transition::to(true).end(End::Done(Value::Null.into())))
    }
}

/// Has the name of a workflow that every host has.
struct Mine;
impl Workflow for Mine {
    type Input = Value;
    type State = Value;

    fn name(&self) -> &str {
        "agent"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        Together.graph()
    }

    fn position(&self, _: &Value) -> &'static str {
        "WORK"
    }

    fn start(&self, input: Value) -> Result<Transition<Value>, Fault> {
        Ok(Transition::to(input))
    }

    fn step(&self, state: Value, _: Event) -> Result<Transition<Value>, Fault> {
        Ok(Transition::to(state))
    }
}

fn find(key: &str) -> Effect {
    Effect::call(key, ToolCall::new("purchases", "find", json!({"user_id": "user_123"})))
}

fn refund() -> ToolCall {
    ToolCall::new("payments", "refund", json!({"user_id": "user_789", "amount_cents": 7900}))
}

fn ask(key: &str) -> Effect {
    Effect::request_approval(key, "why not", refund())
}

/// A share of nothing but what is said of it.
fn share(prefix: &str, currency: Currency, amount: u64) -> SubBudget {
    let all = Currency::ALL.into_iter().fold(Budget::NONE, |all, currency| all.with(currency, u64::MAX));
    SubBudget { prefix: prefix.to_owned(), budget: all.with(currency, amount) }
}

async fn host(builder: Builder) -> Host {
    builder.workflow(Together).build().await.unwrap()
}

async fn start(host: &Host, effects: &[Effect], slices: &[SubBudget], budget: Budget) -> (RunId, Outcome) {
    let input = json!([effects, slices]);
    let run = host.start("together", input, budget).await.unwrap();
    (run.id(), run.settled().await.unwrap())
}

/// What became of each effect, in the order of their keys.
fn ended(outcome: &Outcome) -> Vec<Event> {
    let Outcome::Done(output) = outcome else { panic!("{outcome}") };
    let mut events: Vec<Event> = serde_json::from_value(output.clone()).unwrap();
    events.sort_by(|a, b| a.key().cmp(&b.key()));
    events
}

fn tool(event: &Event) -> &ToolOutcome {
    let Some((_, EffectOutcome::ToolReturned(outcome))) = event.outcome() else { panic!("{event:?}") };
    outcome
}

/// The journal of a run of these effects, as far as their intents.
async fn begun(place: &Place, effects: &[Effect]) -> (RunId, Vec<Entry>) {
    let host = host(place.host()).await;
    let (run, _) = start(&host, effects, &[], Budget::default()).await;
    let entries = host.entries(run).await.unwrap();
    (run, entries[..2 + effects.len()].to_vec())
}

fn then(mut entries: Vec<Entry>, change: Change) -> Vec<Entry> {
    let last = entries.last().unwrap().clone();
    entries.push(Entry { seq: last.seq + 1, change, ..last });
    entries
}

/// One may have happened before its host stopped; so what was begun must not wait for a budget that the other lacks.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_its_share_ends_before_the_run_is_suspended_for_another() {
    let place = Place::new();
    let host = host(place.host().ask_first("letters")).await;
    let denied = Effect::call("b", ToolCall::new("letters", "write", json!({})));
    let (run, outcome) = start(&host, &[find("a"), denied], &[], Budget::default().steps(2)).await;
    assert!(matches!(outcome, Outcome::Suspended(Exceeded { limit: Currency::Steps, .. })), "{outcome}");
    let state = host.state(run).await.unwrap();
    assert_eq!(state.in_flight().count(), 0, "{state:?}");
    let outcome = host.extend(run, Budget::NONE.steps(1)).await.unwrap().settled().await.unwrap();
    let events = ended(&outcome);
    assert!(matches!(tool(&events[0]), ToolOutcome::Returned(_)), "{events:?}");
    assert!(matches!(tool(&events[1]), ToolOutcome::Failed(fault) if fault.kind == Kind::Approval), "{events:?}");
}

/// What is reserved for the first one is nothing that the share has spent.
#[tokio::test(flavor = "multi_thread")]
async fn effects_of_one_share_wait_for_what_the_others_give_back() {
    let place = Place::new();
    let host = host(place.host()).await;
    let shares = [share("w/", Currency::Fuel, 1_000_000)];
    let (_, outcome) = start(&host, &[find("w/1"), find("w/2"), find("w/3")], &shares, Budget::default()).await;
    let events = ended(&outcome);
    assert!(events.iter().all(|event| matches!(tool(event), ToolOutcome::Returned(_))), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_its_share_does_not_allow_is_a_no_and_the_run_goes_on() {
    let place = Place::new();
    let host = host(place.host()).await;
    let (run, outcome) = start(&host, &[ask("w/1")], &[share("w/", Currency::Steps, 0)], Budget::default()).await;
    let events = ended(&outcome);
    let Some((_, EffectOutcome::Decided { decision })) = events[0].outcome() else { panic!("{outcome}") };
    assert_eq!((decision.verdict, decision.by.as_str()), (Verdict::Denied, "stockade"));
    assert!(decision.comment.as_ref().unwrap().contains("the share of \"w\""), "{decision:?}");
    assert!(RunState::fold(run, &host.entries(run).await.unwrap()).is_ok());
}

/// It is not made again, so its outcome is not known: that the tool would tell a repetition is no help.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_its_share_cuts_short_is_unknown_if_it_may_have_changed_something() {
    let place = Place::new();
    let host = host(place.host()).await;
    let shares = [share("", Currency::Fuel, 500)];
    for (effect, is_unknown) in [(Effect::call("a", refund()), true), (find("a"), false)] {
        let (_, outcome) = start(&host, &[effect], &shares, Budget::default()).await;
        let events = ended(&outcome);
        assert_eq!(matches!(tool(&events[0]), ToolOutcome::Unknown(_)), is_unknown, "{events:?}");
    }
}

/// A host stops after one of two was cut short. The other has its share and is done; no other process may go on meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_run_ends_what_is_in_flight() {
    let place = Place::new();
    let (run, entries) = begun(&place, &[find("a"), find("b")]).await;
    let exceeded = Exceeded { limit: Currency::Fuel, allowed: 1, used: 1 };
    let cut = Change::Suspended { exceeded, cut: Some(("a".to_owned(), Usage::default())), budget: None };
    place.clear();
    let host = host(place.host()).await;
    place.journal_of(&then(entries, cut)).await;
    assert_eq!(host.unfinished().await.unwrap(), [run]);
    let fault = host.extend(run, Budget::NONE.fuel(9)).await.err().unwrap();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Conflict, Some("busy")));
    let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
    assert_eq!(outcome, Outcome::Suspended(exceeded));
    let state = host.state(run).await.unwrap();
    assert_eq!((state.status(), state.in_flight().count()), (Status::Suspended, 0));
    let outcome = host.extend(run, Budget::NONE.fuel(9)).await.unwrap().settled().await.unwrap();
    assert_eq!(ended(&outcome).len(), 2);
}

/// The process that decides takes the run over; the call that another host has in flight would be made again, or be unknown.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_refused_while_something_else_is_in_flight() {
    let place = Place::new();
    let (run, entries) = begun(&place, &[find("a"), ask("b")]).await;
    place.clear();
    let host = host(place.host()).await;
    place.journal_of(&entries).await;
    let fault = decide(&host, run, Decision::approve("dana")).await.err().unwrap();
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Conflict, Some("busy")));
    let outcome = host.resume(run).await.unwrap().settled().await.unwrap();
    assert!(matches!(&outcome, Outcome::Waiting(approval) if Approval::is_open(approval)), "{outcome}");
    let outcome = decide(&host, run, Decision::approve("dana")).await.unwrap().settled().await.unwrap();
    assert_eq!(ended(&outcome).len(), 2);
}

/// Keeps how many effects were in flight at most.
struct Most(Arc<AtomicUsize>);

impl Hooks for Most {
    fn committed(&self, run: &RunState, _: &[Entry]) {
        self.0.fetch_max(run.in_flight().count(), Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_asked_at_the_same_time_within_the_default_budget() {
    let place = Place::new();
    place.write("replies.toml", "[[answer]]\nreply = { text = \"yes\" }\nrepeat = true\n");
    let text = format!("[model.demo]\nprovider = \"scripted\"\nfile = {:?}", place.path("replies.toml"));
    let most = Arc::new(AtomicUsize::new(0));
    let builder = place.host().configured(&Config::parse(&text).unwrap()).unwrap();
    let host = host(builder.hooks(Most(Arc::clone(&most)))).await;
    let effects: Vec<_> = (0..5).map(|at| Effect::ask(&format!("ask-{at}"), Question::new("well?"))).collect();
    let (_, outcome) = start(&host, &effects, &[], Budget::default()).await;
    assert_eq!(ended(&outcome).len(), 5);
    assert_eq!(most.load(Ordering::SeqCst), 5);
}

/// A host whose model is at this address.
fn asking_at(place: &Place, port: u16) -> Builder {
    let text = format!(
        "[model.far]\nprovider = \"openai-compatible\"\nmodel = \"x\"\nurl = \"http://127.0.0.1:{port}/v1/\"\n\
         price = {{ input = \"$3.00\", output = \"$15.00\" }}"
    );
    place.host().configured(&Config::parse(&text).unwrap()).unwrap()
}

/// The provider had the questions and may have answered them; the run that did not wait for that had them for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_its_run_does_not_wait_for_is_charged() {
    let place = Place::new();
    // It takes questions, and answers none.
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    let builder = asking_at(&place, provider.local_addr().unwrap().port());
    let host = builder.workflow(First).build().await.unwrap();
    let question = |key: &str| Effect::ask(key, Question::new("well?"));
    let effects = [question("ask-1"), find("find"), question("ask-2")];
    let run = host.start("first", json!(effects), Budget::default()).await.unwrap();
    let id = run.id();
    assert_eq!(run.settled().await.unwrap(), Outcome::Done(Value::Null));
    let (entries, state) = (host.entries(id).await.unwrap(), host.state(id).await.unwrap());
    let (mut asked, mut lost) = (Vec::new(), Vec::new());
    for Entry { change, .. } in &entries {
        match change {
            Change::Reserved { key, amount, .. } if key.starts_with("ask-") => asked.push((key, amount)),
            Change::Lost { key, used } => lost.push((key, used)),
            _ => {}
        }
    }
    let all = |amount: fn(&Usage) -> u64| asked.iter().map(|(_, usage)| amount(usage)).sum::<u64>();
    assert!(all(|usage| usage.money_micros) > 0);
    assert_eq!(lost.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["ask-1", "ask-2"]);
    let spent = state.ledger().spent();
    assert_eq!((spent.tokens, spent.money_micros), (all(|usage| usage.tokens), all(|usage| usage.money_micros)));
    assert_eq!((spent.model_calls, state.in_flight().count()), (2, 0), "one attempt of each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_a_run_that_is_stopped_is_charged() {
    let place = Place::new();
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    let builder = asking_at(&place, provider.local_addr().unwrap().port());
    let host = builder.workflow(First).build().await.unwrap();
    let effects = [Effect::ask("ask", Question::new("well?"))];
    let id = host.start("first", json!(effects), Budget::default()).await.unwrap().id();
    let asked = *host.state(id).await.unwrap().ledger().reserved("ask").unwrap();
    // A run that is stopped before its question goes out does not pay for it.
    let _client = tokio::task::spawn_blocking(move || (provider.accept().unwrap(), provider)).await.unwrap();
    host.run(id).stop(Stop::by("dana"), Duration::ZERO).await.unwrap();
    let state = host.state(id).await.unwrap();
    let spent = state.ledger().spent();
    assert!(state.status() == Status::Stopped, "{:?}", state.end());
    assert_eq!((spent.tokens, spent.money_micros, spent.model_calls), (asked.tokens, asked.money_micros, 1));
}

/// What was not begun is not paid: the run ended while it was planned.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_not_asked_before_its_run_ended_costs_nothing() {
    let place = Place::new();
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    let builder = asking_at(&place, provider.local_addr().unwrap().port()).ask_first("letters");
    let host = builder.workflow(First).build().await.unwrap();
    let denied = Effect::call("denied", ToolCall::new("letters", "write", json!({})));
    let effects = [Effect::ask("ask", Question::new("well?")), denied];
    let run = host.start("first", json!(effects), Budget::default()).await.unwrap();
    let id = run.id();
    assert_eq!(run.settled().await.unwrap(), Outcome::Done(Value::Null));
    let spent = *host.state(id).await.unwrap().ledger().spent();
    assert_eq!((spent.tokens, spent.money_micros, spent.model_calls), (0, 0, 0));
}

/// By the machine's clock the date is long past, and the provider was asked again at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_date_to_ask_again_after_is_compared_with_the_host_s_clock() {
    let place = Place::new();
    let provider = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = provider.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut client in provider.incoming().flatten() {
            seen.fetch_add(1, Ordering::SeqCst);
            let _ = client.read(&mut [0; 65_536]);
            // Two minutes from then: longer than a process waits for a provider.
            let head = "HTTP/1.1 429 X\r\nretry-after: Sun, 06 Nov 1994 08:51:30 GMT\r\nconnection: close\r\n";
            let _ = client.write_all(format!("{head}content-length: 2\r\n\r\n{{}}").as_bytes());
        }
    });
    let builder = asking_at(&place, port).clock(Clock::new(|| 784_111_770_000));
    let host = host(builder).await;
    let (_, outcome) = start(&host, &[Effect::ask("ask", Question::new("well?"))], &[], Budget::default()).await;
    let Outcome::Parked(waits) = &outcome else { panic!("{outcome}") };
    assert_eq!((waits[0].until_ms, asked.load(Ordering::SeqCst)), (Some(784_111_890_000), 1), "{outcome}");
    assert!(outcome.to_string().starts_with("waiting until 1994-11-06 08:51:30Z, to try \"ask\" again: "), "{outcome}");
}

/// What a host cannot do is said when it is built, with the name of whatever wants it.
#[tokio::test]
async fn a_host_says_at_once_what_it_lacks() {
    let cases: [(&str, &[&str]); 5] = [
        ("[workflow.helper]\npattern = \"chain_of_thought\"\nmodel = \"smart\"", &["\"helper\"", "\"smart\""]),
        ("[workflow.helper]\npattern = \"react\"\ntools = [\"nothing\"]", &["\"helper\"", "\"nothing\""]),
        ("[workflow.helper]\npattern = \"orchestrator\"\nworker = \"nobody\"", &["\"helper\"", "\"nobody\""]),
        (
            "[model.main]\nprovider = \"anthropic\"\nmodel = \"claude\"\nkey = \"anthropic\"\n[secrets]\nanthropic = { env = \"X\" }",
            &["\"main\"", "\"anthropic\"", "no value"],
        ),
        ("[workflow.agent]\npattern = \"react\"", &["\"agent\"", "another name"]),
    ];
    for (text, parts) in cases {
        let built = Place::new().host().configured(&Config::parse(text).unwrap()).unwrap().build().await;
        let fault = built.err().unwrap_or_else(|| panic!("{text}"));
        for part in parts {
            assert!(fault.message.contains(part), "{text}: {fault}");
        }
    }
    let fault = Place::new().host().workflow(Mine).build().await.err().unwrap();
    assert!(fault.message.contains("another name"), "{fault}");
}
