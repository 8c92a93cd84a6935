//! Runs that runs start: several at once, with a queue and a budget that is set aside; each starts once and is heard of once,
//! whichever process stops in between.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use stockade::journal::MemoryJournal;
use stockade::{
    AllowedEffect, Budget, Builder, Change, ChildEnd, ChildRuns, Currency, Effect, EffectOutcome, End, Event, Exceeded,
    Fault, Filter, Graph, Host, Kind, Label, NewRun, NewSignal, OnClose, OnFailure, Outcome, QUEUE, RunId, RunsEnded,
    State, Status, Stop, TENANT, Transition, Waited, Workflow,
};
use stockade_tests::cut::Cut;
use stockade_tests::in_turn::{HOUR_MS, InTurn, fire, outcomes, start};
use stockade_tests::{Hand, Place};

const HOUR: Duration = Duration::from_secs(3_600);

/// What a child is to do.
enum Job {
    /// End with this output.
    Say(Value),
    /// Fail.
    Fail(String),
    /// Wait for the signal `go`, and end with what it says.
    Wait,
    /// End after an hour.
    Nap,
}

impl Job {
    fn input(&self) -> Value {
        match self {
            Self::Say(what) => json!({"say": what}),
            Self::Fail(why) => json!({"fail": why}),
            Self::Wait => json!("wait"),
            Self::Nap => json!("nap"),
        }
    }

    fn read(input: &Value) -> Option<Self> {
        match input.as_str() {
            Some("wait") => return Some(Self::Wait),
            Some("nap") => return Some(Self::Nap),
            _ => {}
        }
        let fails = || Some(Self::Fail(input["fail"].as_str()?.to_owned()));
        input.get("say").cloned().map(Self::Say).or_else(fails)
    }
}

/// Does one job: the child.
struct Worker;

impl Workflow for Worker {
    type Input = Value;
    type State = bool;

    fn name(&self) -> &str {
        "worker"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let wants = [AllowedEffect::Signal("go".to_owned()), AllowedEffect::Sleep];
        Graph::new([State::new("WORK", wants, &["DONE"]), State::new("DONE", [], &[])])
    }

    fn position(&self, is_over: &bool) -> &'static str {
        if *is_over { "DONE" } else { "WORK" }
    }

    fn start(&self, input: Value) -> Result<Transition<bool>, Fault> {
        let strange = || Fault::invalid("input", format!("{input} is no job"));
        let job = Job::read(&input).ok_or_else(strange)?;
        let to = Transition::to(false);
        Ok(match job {
            Job::Say(what) => to.end(End::Done(what.into())),
            Job::Fail(why) => to.end(End::Failed(Fault::new(Kind::GuestError, why))),
            Job::Wait => to.want(Effect::await_signal("go", "go")),
            Job::Nap => to.want(Effect::sleep("nap", HOUR)),
        })
    }

    fn step(&self, _: bool, event: Event) -> Result<Transition<bool>, Fault> {
        let output = match event.outcome() {
            Some((_, EffectOutcome::Waited(Waited::Signalled(signal)))) => signal.payload.clone(),
            _ => json!("rested").into(),
        };
        Ok(Transition::to(true).end(End::Done(output)))
    }
}

fn with_workflows(builder: Builder, hand: &Hand) -> Builder {
    builder.workflow(InTurn).workflow(Worker).clock(hand.clock())
}

async fn host(place: &Place, hand: &Hand) -> Host {
    with_workflows(place.host(), hand).build().await.unwrap()
}

/// What each of the children may spend.
fn each() -> Budget {
    let each = Budget::NONE.fuel(1_000).steps(5).with(Currency::Wall, 1_000).with(Currency::Memory, 1 << 20);
    let each = each.with(Currency::ToolCalls, 2).with(Currency::ModelCalls, 2).with(Currency::Tokens, 10);
    each.with(Currency::Money, 10).with(Currency::Journal, 64 << 10)
}

fn runs(jobs: &[Job]) -> ChildRuns {
    ChildRuns::new("worker", jobs.iter().map(Job::input), each())
}

fn say(what: u64) -> Job {
    Job::Say(what.into())
}

fn fan(runs: ChildRuns) -> Effect {
    Effect::start_runs("fan", runs)
}

/// Starts a run that starts others, and waits until none of them goes on.
async fn begin(host: &Host, effects: &[Effect]) -> RunId {
    let (run, _) = start(host, effects, Budget::default()).await;
    host.idle().await;
    run
}

/// Sends a child its signal, and waits until the run has heard what that one has to say.
async fn go(host: &Host, child: RunId, says: u64) {
    host.signal(child, NewSignal::new("go", json!(says))).await.unwrap();
    host.idle().await;
}

async fn status(host: &Host, run: RunId) -> Status {
    host.state(run).await.unwrap().status()
}

async fn alive(host: &Host, run: RunId) -> usize {
    let status = vec![Status::Waiting, Status::Running, Status::Interrupted, Status::Suspended, Status::Paused];
    let runs = Some(host.children(run).await.unwrap());
    host.runs(&Filter { runs, status, ..Filter::default() }).await.unwrap().len()
}

/// How the runs of the only effect ended.
async fn ended(host: &Host, run: RunId) -> RunsEnded {
    let outcome = host.run(run).settled().await.unwrap();
    match outcomes(&outcome).pop().unwrap() {
        EffectOutcome::RunsEnded(ended) => ended,
        other => panic!("{other:?}"),
    }
}

fn names(ended: &RunsEnded) -> Vec<&'static str> {
    ended.children().iter().map(|child| child.end.name()).collect()
}

fn outputs(ended: &RunsEnded) -> Vec<Value> {
    ended.children().iter().filter_map(|child| child.end.output()).map(|output| output.value()).collect()
}

#[tokio::test]
async fn a_run_that_starts_one_hears_its_output_and_goes_on() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let one = Effect::start_run("fan", "worker", say(7).input(), each());
    let run = begin(&host, &[one, Effect::sleep("nap", HOUR)]).await;
    let state = host.state(run).await.unwrap();
    assert_eq!(state.status(), Status::Waiting);
    let children: Vec<_> = state.children().collect();
    assert_eq!((children.len(), children[0].key, children[0].number), (1, "fan", 0));
    let child = host.report(children[0].run.unwrap()).await.unwrap();
    let parent = child.parent.unwrap();
    assert_eq!((parent.run, parent.generation, child.output), (run, 1, Some(json!(7).into())));
}

/// So they are driven by the same workers, in the turns of the same tenant.
#[tokio::test]
async fn a_child_is_in_the_queue_of_its_parent_unless_it_is_given_another() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    for (runs, queue) in [(runs(&[say(1)]), "refunds"), (runs(&[say(1)]).label(QUEUE, "letters"), "letters")] {
        let input = serde_json::to_value([fan(runs)]).unwrap();
        let new = NewRun::new("in_turn", input).label(QUEUE, "refunds").label(TENANT, "acme");
        let parent = host.start_run(new).await.unwrap().id();
        host.idle().await;
        let children = Some(host.children(parent).await.unwrap());
        let children = host.runs(&Filter { runs: children, ..Filter::default() }).await.unwrap();
        let labels: Vec<_> = children.iter().map(|child| (&*child.labels[QUEUE], &*child.labels[TENANT])).collect();
        assert_eq!(labels, [(queue, "acme")]);
    }
}

#[tokio::test]
async fn children_go_on_as_many_at_once_as_may_and_are_heard_in_the_order_of_their_inputs() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let run = begin(&host, &[fan(runs(&[Job::Wait, Job::Wait, Job::Wait, Job::Wait, Job::Wait]).at_once(2))]).await;
    let Outcome::Parked(waits) = host.run(run).settled().await.unwrap() else { panic!("it does not wait") };
    assert_eq!(waits[0].to_string(), "for 5 of 5 runs");
    for (says, number) in [(1, 1), (0, 0), (2, 2), (4, 4), (3, 3)] {
        assert!(alive(&host, run).await <= 2);
        let child = host.state(run).await.unwrap().children().find(|child| child.number == number).unwrap().run;
        go(&host, child.unwrap(), says).await;
    }
    assert_eq!(outputs(&ended(&host, run).await), [0, 1, 2, 3, 4].map(Value::from));
    assert_eq!(host.children(run).await.unwrap().len(), 5);
}

#[tokio::test]
async fn one_that_fails_leaves_the_others_alone_where_all_are_collected() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let jobs = [say(1), Job::Fail("no".to_owned()), say(2)];
    let run = begin(&host, &[fan(runs(&jobs).at_once(1))]).await;
    let ended = ended(&host, run).await;
    assert_eq!(names(&ended), ["done", "failed", "done"]);
    assert!(matches!(&ended.children()[1].end, ChildEnd::Failed(fault) if fault.message == "no"));
}

#[tokio::test]
async fn one_that_fails_stops_the_others_and_drops_the_queue_where_that_is_said() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let jobs = [Job::Fail("no".to_owned()), Job::Wait, say(3)];
    let run = begin(&host, &[fan(runs(&jobs).at_once(2).on_failure(OnFailure::Stop))]).await;
    assert_eq!(names(&ended(&host, run).await), ["failed", "stopped", "not_started"]);
    let child = host.children(run).await.unwrap()[1];
    let stop = host.state(child).await.unwrap().stopped().cloned().unwrap();
    assert_eq!(stop.by, format!("run {run}"));
}

#[tokio::test]
async fn children_are_stopped_or_left_alone_when_their_parent_is_stopped() {
    for (on_close, after) in [(OnClose::Stop, Status::Stopped), (OnClose::Leave, Status::Waiting)] {
        let (place, hand) = (Place::new(), Hand::new());
        let host = host(&place, &hand).await;
        let run = begin(&host, &[fan(runs(&[Job::Wait, Job::Wait]).on_close(on_close))]).await;
        host.run(run).stop(Stop::by("dana"), Duration::ZERO).await.unwrap();
        host.idle().await;
        for child in host.children(run).await.unwrap() {
            assert_eq!(status(&host, child).await, after);
        }
        if on_close == OnClose::Leave {
            go(&host, host.children(run).await.unwrap()[0], 5).await;
            assert!(fire(&host).await.is_empty(), "no run hears of it any more");
        }
    }
}

/// The order is written with the end of the parent: a host that stops right then has not lost it.
#[tokio::test]
async fn children_are_stopped_by_another_host_where_the_first_one_is_gone() {
    let hand = Hand::new();
    let journal = MemoryJournal::new(hand.clock());
    let place = Place::new();
    let one = with_workflows(place.host(), &hand).with_journal(journal.open_again()).scratch(place.path(""));
    let one = one.build().await.unwrap();
    let run = begin(&one, &[fan(runs(&[Job::Wait]))]).await;
    gone(one).await;
    // Of what this one is asked to write, the journal takes the end of the parent alone.
    let cut = Cut::after(1, &journal);
    let two = with_workflows(place.host(), &hand).with_journal(cut).scratch(place.path("")).build().await.unwrap();
    drop(two.run(run).stop(Stop::by("dana"), Duration::ZERO).await);
    let child = two.children(run).await.unwrap()[0];
    gone(two).await;
    let three = with_workflows(place.host(), &hand).with_journal(journal.open_again()).scratch(place.path(""));
    let three = three.build().await.unwrap();
    assert_eq!((status(&three, run).await, status(&three, child).await), (Status::Stopped, Status::Waiting));
    three.fire_due().await.unwrap();
    three.idle().await;
    assert_eq!(status(&three, child).await, Status::Stopped);
}

/// Waits until nothing of a host is left.
async fn gone(host: Host) {
    host.idle().await;
    drop(host);
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_effect_ends_at_its_deadline_and_its_children_are_stopped() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let run = begin(&host, &[fan(runs(&[say(1), Job::Wait, Job::Wait]).at_once(1)).within(HOUR)]).await;
    hand.set(HOUR_MS);
    fire(&host).await;
    host.idle().await;
    let ended = ended(&host, run).await;
    assert!(matches!(ended, RunsEnded::TimedOut { .. }), "{ended:?}");
    assert_eq!(names(&ended), ["done", "alive", "not_started"]);
    assert_eq!(status(&host, host.children(run).await.unwrap()[1]).await, Status::Stopped);
}

#[tokio::test]
async fn a_paused_parent_starts_no_further_child_until_it_is_resumed() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let run = begin(&host, &[fan(runs(&[Job::Wait, say(2)]).at_once(1))]).await;
    host.run(run).pause(Stop::by("dana"), Duration::ZERO).await.unwrap();
    go(&host, host.children(run).await.unwrap()[0], 1).await;
    assert_eq!((status(&host, run).await, host.children(run).await.unwrap().len()), (Status::Paused, 1));
    host.resume(run).await.unwrap();
    host.idle().await;
    assert_eq!(outputs(&ended(&host, run).await), [1, 2].map(Value::from));
}

#[tokio::test]
async fn a_parent_hears_of_children_that_end_in_another_host() {
    let (place, hand) = (Place::new(), Hand::new());
    let (one, other) = (host(&place, &hand).await, host(&place, &hand).await);
    let run = begin(&one, &[fan(runs(&[Job::Wait, Job::Wait]).at_once(1))]).await;
    go(&other, one.children(run).await.unwrap()[0], 1).await;
    go(&one, one.children(run).await.unwrap()[1], 2).await;
    assert_eq!(outputs(&ended(&other, run).await), [1, 2].map(Value::from));
}

/// A run that starts some, one of which takes an hour.
fn story() -> Vec<Effect> {
    vec![fan(runs(&[say(1), Job::Nap, say(3), Job::Fail("no".to_owned())]).at_once(2))]
}

/// Starts the run of the story unless it was, and lets an hour pass until it has ended.
async fn to_the_end(host: &Host, hand: &Hand) -> RunId {
    let new = NewRun::new("in_turn", json!(story())).key("story");
    let run = host.start_run(new).await.unwrap().id();
    for hours in 0..9 {
        hand.set(hours * HOUR_MS);
        for interrupted in host.unfinished().await.unwrap() {
            // Another one of these may have gone on with it.
            drop(host.resume(interrupted).await);
        }
        host.idle().await;
        host.fire_due().await.unwrap();
        host.idle().await;
        if host.state(run).await.unwrap().end().is_some() {
            return run;
        }
    }
    panic!("the run does not end")
}

/// What a crash leaves behind after any commit of the parent, or of a child, ends as if nothing had happened.
#[tokio::test]
async fn a_run_and_its_children_end_the_same_when_cut_after_any_commit() {
    let (place, hand) = (Place::new(), Hand::new());
    let open =
        |journal: MemoryJournal| with_workflows(place.host(), &hand).with_journal(journal).scratch(place.path(""));
    let whole = open(MemoryJournal::new(hand.clock())).build().await.unwrap();
    let run = to_the_end(&whole, &hand).await;
    let (expected, spent) = (ended(&whole, run).await, whole.state(run).await.unwrap().ledger().spent().steps);
    assert_eq!(names(&expected), ["done", "done", "done", "failed"]);
    for taken in 0.. {
        hand.set(0);
        let journal = MemoryJournal::new(hand.clock());
        let cut = Cut::after(taken, &journal);
        let asked = cut.asked();
        let first =
            with_workflows(place.host(), &hand).with_journal(cut).scratch(place.path("")).build().await.unwrap();
        drop(first.start_run(NewRun::new("in_turn", json!(story())).key("story")).await);
        gone(first).await;
        let other = open(journal.open_again()).build().await.unwrap();
        let run = to_the_end(&other, &hand).await;
        let again = ended(&other, run).await;
        let names_and_outputs = |ended: &RunsEnded| (names(ended), outputs(ended));
        assert_eq!(names_and_outputs(&again), names_and_outputs(&expected), "cut after {taken}");
        let ledger = other.state(run).await.unwrap().ledger().clone();
        assert_eq!((ledger.spent().steps, ledger.lent("fan")), (spent, None), "cut after {taken}");
        let all = Filter { workflow: Some("worker".to_owned()), ..Filter::default() };
        assert_eq!(other.runs(&all).await.unwrap().len(), 4, "cut after {taken}: each has started once");
        if asked.load(Ordering::SeqCst) <= taken {
            assert!(taken > 5, "the story is longer than that");
            return;
        }
    }
}

#[tokio::test]
async fn a_parent_pays_what_its_children_have_spent_and_has_the_rest_back() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let run = begin(&host, &[fan(runs(&[say(1), Job::Wait]))]).await;
    let ledger = host.state(run).await.unwrap().ledger().clone();
    // Of its own, a step; of the first child, one; what the second one may spend is still lent.
    assert_eq!((ledger.spent().steps, ledger.lent("fan").unwrap().steps), (2, 5));
    assert_eq!(ledger.lent("fan").unwrap().memory_bytes_peak, 0);
    let child = host.children(run).await.unwrap()[1];
    // What a person adds to a child is not its parent's.
    host.extend(child, Budget::NONE.steps(50)).await.unwrap();
    host.idle().await;
    go(&host, child, 2).await;
    let (state, mut sum) = (host.state(run).await.unwrap(), 0);
    for child in host.children(run).await.unwrap() {
        sum += host.state(child).await.unwrap().ledger().spent().journal_bytes;
    }
    let own: usize = host.entries(run).await.unwrap().iter().map(|entry| json!(entry.change).to_string().len()).sum();
    let ledger = state.ledger();
    assert_eq!((ledger.spent().steps, ledger.lent("fan"), ledger.reserved("fan")), (1 + 1 + 2 + 1, None, None));
    assert_eq!(ledger.spent().journal_bytes, sum + own as u64);
}

#[tokio::test]
async fn a_run_is_suspended_by_any_currency_of_which_its_children_need_more() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    for currency in Currency::ALL {
        let all = |currency| each().get(currency) * if currency == Currency::Memory { 1 } else { 2 };
        let room = Budget::NONE.steps(50).with(Currency::Journal, 1 << 20);
        let enough = |budget: Budget, one| budget.with(one, budget.get(one) + all(one));
        let budget = Currency::ALL.into_iter().fold(room, enough).with(currency, all(currency) - 1);
        let (run, outcome) = start(&host, &[fan(runs(&[say(1), say(2)]))], budget).await;
        let is_cut = matches!(&outcome, Outcome::Suspended(Exceeded { limit, .. }) if *limit == currency);
        assert!(is_cut, "{}: {outcome}", currency.name());
        assert!(host.children(run).await.unwrap().is_empty(), "{}", currency.name());
        host.extend(run, Budget::NONE.with(currency, 1 << 20)).await.unwrap();
        host.idle().await;
        assert_eq!(outputs(&ended(&host, run).await), [1, 2].map(Value::from), "{}", currency.name());
    }
}

#[tokio::test]
async fn a_child_is_suspended_by_its_own_budget_and_goes_on_once_a_person_adds_to_it() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let short = ChildRuns { budget: each().steps(1), ..runs(&[Job::Wait]) };
    let run = begin(&host, &[fan(short)]).await;
    let child = host.children(run).await.unwrap()[0];
    assert_eq!(status(&host, child).await, Status::Suspended);
    host.extend(child, Budget::NONE.steps(5)).await.unwrap();
    host.idle().await;
    go(&host, child, 4).await;
    assert_eq!(outputs(&ended(&host, run).await), [Value::from(4)]);
    let spent = host.state(run).await.unwrap().ledger().spent().steps;
    assert_eq!(spent, 2 + 1, "of the child's steps, what was set aside for it");
}

#[tokio::test]
async fn runs_that_cannot_be_started_are_refused_by_what_is_wrong() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let strange = ChildRuns::new("worker", [json!({"dance": 1})], each());
    let poor = ChildRuns { budget: each().steps(0), ..runs(&[say(1)]) };
    for (wrong, kind, detail) in [
        (strange, Kind::Invalid, "input"),
        (runs(&[say(1)]).at_once(0), Kind::Invalid, "runs"),
        (runs(&[]), Kind::Invalid, "runs"),
        (poor, Kind::Invalid, "budget"),
        (runs(&[say(1)]).label("two words", ""), Kind::Invalid, "label"),
    ] {
        let run = begin(&host, &[fan(wrong)]).await;
        let RunsEnded::Failed(fault) = ended(&host, run).await else { panic!("{detail}: it was started") };
        assert_eq!((fault.kind, fault.detail.as_deref()), (kind, Some(detail)), "{fault}");
        assert!(host.children(run).await.unwrap().is_empty());
    }
    let without = place.host().workflow(InTurn).clock(hand.clock()).build().await.unwrap();
    let run = begin(&without, &[fan(runs(&[say(1)]))]).await;
    let RunsEnded::Failed(fault) = ended(&without, run).await else { panic!("it was started") };
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::NotFound, Some("workflow")), "{fault}");
}

/// The input of a run that starts itself so often.
fn nested(generations: u64) -> Value {
    if generations == 0 {
        return json!([Effect::sleep("nap", HOUR)]);
    }
    let budget = Budget::NONE.steps(4 * generations).with(Currency::Journal, (generations + 1) << 20);
    json!([Effect::start_run("deeper", "in_turn", nested(generations - 1), budget)])
}

#[tokio::test]
async fn a_workflow_that_starts_itself_ends_after_so_many_generations() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let budget = Budget::default().steps(1_000);
    let run = host.start("in_turn", nested(12), budget).await.unwrap().id();
    host.idle().await;
    let outcome = host.run(run).settled().await.unwrap().to_string();
    assert!(outcome.contains("\"limit\":\"generations\""), "{outcome}");
    assert_eq!(host.runs(&Filter::default()).await.unwrap().len(), 9);
}

#[tokio::test]
async fn labels_of_data_and_of_runs_are_handed_on() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let input = json!([Effect::await_signal("ask", "paid"), fan(runs(&[Job::Wait]).label("part", "1"))]);
    let new = NewRun::new("in_turn", input).label("team", "a").by("robin");
    let run = host.start_run(new).await.unwrap().id();
    host.idle().await;
    host.signal(run, NewSignal::new("paid", json!(1))).await.unwrap();
    host.idle().await;
    let child = host.children(run).await.unwrap()[0];
    let state = host.state(child).await.unwrap();
    assert!(state.labels().contains_key(&Label::Untrusted), "what its parent was told came from outside");
    assert_eq!(state.origin().by.as_deref(), Some("robin"));
    let labels: Vec<_> = state.origin().labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(labels, ["part=1", "team=a"]);
    // The other way round: a run hears from a child what that one was told.
    let run = begin(&host, &[fan(runs(&[Job::Wait])), Effect::sleep("nap", HOUR)]).await;
    go(&host, host.children(run).await.unwrap()[0], 1).await;
    assert_eq!(host.state(run).await.unwrap().labels()[&Label::Untrusted], ["fan".to_owned()].into());
}

#[tokio::test]
async fn a_run_that_waits_for_others_is_removed_by_force_alone_and_one_that_is_removed_is_heard_of() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let run = begin(&host, &[fan(runs(&[Job::Wait, Job::Wait]))]).await;
    let children = host.children(run).await.unwrap();
    let refused = host.remove(run, "dana", false).await.unwrap_err();
    assert_eq!((refused.kind, refused.detail.as_deref()), (Kind::Conflict, Some("run")), "{refused}");
    host.remove(children[0], "dana", false).await.unwrap();
    go(&host, children[1], 2).await;
    fire(&host).await;
    let ended = ended(&host, run).await;
    assert_eq!(names(&ended), ["failed", "done"]);
    let run = begin(&host, &[fan(runs(&[Job::Wait]))]).await;
    let child = host.children(run).await.unwrap()[0];
    host.remove(run, "dana", true).await.unwrap();
    host.idle().await;
    assert_eq!(status(&host, child).await, Status::Stopped);
    assert!(fire(&host).await.is_empty());
}

#[tokio::test]
async fn an_output_that_is_too_long_stays_with_the_child() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let long = Job::Say("x".repeat(70_000).into());
    let roomy = ChildRuns { budget: each().with(Currency::Journal, 1 << 20), ..runs(&[long]) };
    let run = begin(&host, &[fan(roomy)]).await;
    let ended = ended(&host, run).await;
    let ChildEnd::Failed(fault) = &ended.children()[0].end else { panic!("{ended:?}") };
    assert_eq!(fault.kind, Kind::Output, "{fault}");
    assert_eq!(status(&host, ended.children()[0].run.unwrap()).await, Status::Done);
}

#[tokio::test]
async fn the_binary_shows_parents_and_children() {
    let (place, hand) = (Place::new(), Hand::new());
    let host = host(&place, &hand).await;
    let run = begin(&host, &[fan(runs(&[say(1), Job::Wait]))]).await;
    let children = host.children(run).await.unwrap();
    drop(host);
    let shown = place.json(&["show", &run.to_string()]).json;
    assert_eq!((&shown["children"][0]["end"], &shown["children"][1]["run_id"]), (&json!("done"), &json!(children[1])));
    assert_eq!(shown["waits"][0]["runs"], json!({"left": 1, "of": 2}));
    let shown = place.call(&["show", &run.to_string()]).stdout;
    assert!(shown.contains("waits for 1 of 2 runs") && shown.contains(&children[1].to_string()), "{shown}");
    let shown = place.json(&["show", &children[1].to_string()]).json;
    assert_eq!(shown["parent"]["run"], json!(run));
    let listed = place.json(&["runs", "--parent", &run.to_string(), "--status", "waiting"]).json;
    assert_eq!((listed[0]["run_id"].clone(), listed.as_array().unwrap().len()), (json!(children[1]), 1));
    let listed = place.json(&["runs", "--waiting-for", "runs"]).json;
    assert_eq!(listed[0]["run_id"], json!(run));
}

/// The host that started the run ended before it could say so. A run that is stopped then is not to go on, and is not free of charge.
#[tokio::test]
async fn a_child_of_which_its_parent_has_not_heard_is_stopped_with_it() {
    let (place, hand) = (Place::new(), Hand::new());
    let first = host(&place, &hand).await;
    let (parent, _) = start(&first, &[Effect::start_runs("runs", runs(&[Job::Wait]))], Budget::default()).await;
    first.idle().await;
    let entries = first.entries(parent).await.unwrap();
    let started = entries.iter().find(|entry| matches!(entry.change, Change::ChildStarted { .. })).unwrap().seq;
    let child = first.children(parent).await.unwrap()[0];
    drop(first);
    let raw = place.as_before_packing().await;
    let forgotten = "DELETE FROM entries WHERE run = ?1 AND seq >= ?2";
    assert!(raw.execute(forgotten, rusqlite::params![parent.as_bytes(), started]).unwrap() > 0);
    let other = host(&place, &hand).await;
    other.run(parent).stop(Stop::by("mia"), Duration::ZERO).await.unwrap();
    other.idle().await;
    assert_eq!(other.state(child).await.unwrap().status(), Status::Stopped);
    let spent = *other.state(parent).await.unwrap().ledger().spent();
    assert_eq!(spent.fuel, 1_000, "what the child may have spent is booked");
}
