use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use stockade_patterns::Children;
use stockade_patterns::orchestrator::{Orchestrator, Output, Spec};
use stockade_workflow::{
    AllowedEffect, Currency, Effect, EffectOutcome, End, Event, Fault, Graph, Kind, Machine, ModelOutcome, Question,
    State, ToolCall, Transition, Workflow,
};

use super::world::{Answer, ORDERS, Order, World, declared, done, failed, json_of, limit, say, script, unavailable};

fn machine(spec: Value) -> Machine {
    let spec: Spec = serde_json::from_value(spec).unwrap();
    let children: Children = [("clerk".to_owned(), Arc::new(Machine::new(Clerk)))].into();
    Machine::new(Orchestrator::new("team", spec, &children).unwrap())
}

fn begin(spec: Value) -> World {
    World::begin(machine(spec), json!({"task": "compare three cities"}))
}

fn plan(tasks: &[(&str, &str)]) -> Answer {
    let tasks: Vec<_> = tasks.iter().map(|(name, task)| json!({"name": name, "task": task})).collect();
    json_of(json!({"tasks": tasks}))
}

fn cities() -> Answer {
    plan(&[("rome", "describe Rome"), ("oslo", "describe Oslo"), ("bonn", "describe Bonn")])
}

fn output(end: End) -> Output {
    serde_json::from_value(done(end)).unwrap()
}

fn oks(output: &Output) -> Vec<(&str, bool)> {
    output.workers.iter().map(|worker| (worker.name.as_str(), worker.ok)).collect()
}

#[test]
fn whatever_ends_first_the_synthesis_is_asked_the_same() {
    let mut questions = Vec::new();
    for order in ORDERS {
        let mut world = begin(json!({"model": "large", "worker_model": "small", "system": "Be brief."}));
        let end = world.play(
            order,
            script(&[
                ("plan", cities()),
                ("worker-1/ask", say("warm")),
                ("worker-2/ask", say("cold")),
                ("worker-3/ask", say("")),
                ("worker-3/ask-2", say("small")),
                ("synthesis", say("Rome.")),
            ]),
        );
        let output = output(end);
        assert_eq!(output.answer, "Rome.");
        let said: Vec<_> = output.workers.iter().map(|worker| worker.output.clone().unwrap()).collect();
        assert_eq!(said, ["warm", "cold", "small"]);
        let model = |key| world.asked(key).unwrap().model.as_deref();
        assert_eq!(
            [model("plan"), model("worker-2/ask"), model("synthesis")],
            [Some("large"), Some("small"), Some("large")]
        );
        questions.push(world.asked("synthesis").unwrap().clone());
    }
    assert!(questions.iter().all(|question| *question == questions[0]), "{questions:#?}");
    let told = format!("{:?}", questions[0].messages);
    let place = |what: &str| told.find(what).unwrap();
    assert!(place("warm") < place("cold") && place("cold") < place("small"), "{told}");
}

#[test]
fn the_workers_are_wanted_at_once_and_each_has_its_share() {
    let mut world = begin(json!({"share": {"tokens": 300}}));
    let at_once = std::cell::Cell::new(0);
    let lines = [
        ("plan", cities()),
        ("worker-1/ask", say("a")),
        ("worker-2/ask", say("b")),
        ("worker-3/ask", say("c")),
        ("synthesis", say("d")),
    ];
    let says = script(&lines);
    world.play(Order::First, |effect| {
        at_once.set(at_once.get() + usize::from(effect.key().starts_with("worker")));
        says(effect)
    });
    assert_eq!(at_once.get(), 3);
    let Answer::Say(plan) = cities() else { panic!() };
    let replied = stockade_workflow::Reply { text: plan, ..Default::default() };
    let machine = machine(json!({"share": {"tokens": 300}}));
    let first = machine.step(None, Event::Started { input: json!({"task": "x"}).into() }).unwrap();
    let event = Event::ended("plan", ModelOutcome::Replied(Box::new(replied)));
    let next = machine.step(Some((first.position, first.transition.state)), event).unwrap().transition;
    let keys: Vec<_> = next.effects.iter().map(Effect::key).collect();
    assert_eq!(keys, ["worker-1/ask", "worker-2/ask", "worker-3/ask"]);
    let slices: Vec<_> = next.slices.iter().map(|slice| (&*slice.prefix, slice.budget.get(Currency::Tokens))).collect();
    assert_eq!(slices, [("worker-1/", 300), ("worker-2/", 300), ("worker-3/", 300)]);
    assert_eq!(next.slices[0].budget.get(Currency::Fuel), u64::MAX);
}

#[test]
fn a_plan_that_does_not_fit_is_asked_for_again_and_then_fails() {
    let long = || plan(&[("a", "a"), ("b", "b"), ("c", "c")]);
    let twice = || plan(&[("a", "a"), ("a", "b")]);
    let text = say("First I would look at the cities.");
    let cases = [
        (text, "is not JSON", Kind::Model, "schema"),
        (say(""), "is not JSON", Kind::Model, "schema"),
        (plan(&[]), "has less than 1 item", Kind::Model, "schema"),
        (plan(&[("", "a")]), "is shorter than 1 character", Kind::Model, "schema"),
        (twice(), "has two tasks of the name \"a\"", Kind::Model, "schema"),
        (Answer::Cut, "was cut off", Kind::Model, "schema"),
    ];
    for (answer, says, kind, detail) in cases {
        let mut world = begin(json!({"workers_max": 2}));
        let lines = [("plan", answer.clone()), ("plan-2", answer.clone()), ("plan-3", answer)];
        let fault = failed(world.play(Order::First, script(&lines)));
        assert_eq!((fault.kind, fault.detail.as_deref()), (kind, Some(detail)), "{fault}");
        assert!(world.told("plan-2").contains(says), "{}", world.told("plan-2"));
    }
    let mut world = begin(json!({"workers_max": 2}));
    let fault = failed(world.play(Order::First, script(&[("plan", long()), ("plan-2", long()), ("plan-3", long())])));
    assert_eq!(limit(&fault), (Kind::Agent, "workers_max", 2, 3));
    assert!(world.told("plan-2").contains("Your answer has 3 tasks; at most 2 are allowed."));
    for answer in [Answer::Refuse, unavailable()] {
        let fault = failed(begin(json!({})).play(Order::First, script(&[("plan", answer)])));
        assert_eq!(fault.kind, Kind::Model);
    }
}

#[test]
fn where_all_must_succeed_one_failure_is_the_run_s_once_nothing_is_in_flight() {
    for order in ORDERS {
        let lines = [
            ("plan", cities()),
            ("worker-1/ask", say("warm")),
            ("worker-2/ask", Answer::Refuse),
            ("worker-3/ask", say("small")),
        ];
        let mut world = begin(json!({}));
        let fault = failed(world.play(order, script(&lines)));
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Model, Some("refused")));
        assert!(fault.message.starts_with("worker \"oslo\" failed: "), "{fault}");
        assert_eq!((world.questions(), world.state.in_flight().count()), (4, 0));
    }
}

#[test]
fn where_some_must_succeed_the_synthesis_is_told_of_the_failures() {
    let lines = |third: Answer| {
        [
            ("plan", cities()),
            ("worker-1/ask", say("warm")),
            ("worker-2/ask", unavailable()),
            ("worker-3/ask", third),
            ("synthesis", say("Rome.")),
        ]
    };
    for order in ORDERS {
        let mut world = begin(json!({"failures": "some", "need_min": 2}));
        let output = output(world.play(order, script(&lines(say("small")))));
        assert_eq!(oks(&output), [("rome", true), ("oslo", false), ("bonn", true)]);
        assert_eq!(output.workers[1].error.as_ref().unwrap().detail.as_deref(), Some("unavailable"));
        let told = world.told("synthesis");
        assert!(told.contains(r#"{"name":"oslo","failed":"the provider is down"}"#), "{told}");

        let mut world = begin(json!({"failures": "some", "need_min": 2}));
        let fault = failed(world.play(order, script(&lines(Answer::Refuse))));
        assert_eq!(limit(&fault), (Kind::Agent, "need_min", 2, 1));
        assert!(fault.message.contains("worker \"oslo\" failed: the provider is down"), "{fault}");
    }
}

#[test]
fn a_plan_with_fewer_tasks_than_must_succeed_is_asked_for_again() {
    let lines = [("plan", plan(&[("a", "a")])), ("plan-2", Answer::Refuse)];
    let mut world = begin(json!({"failures": "some", "need_min": 2}));
    failed(world.play(Order::First, script(&lines)));
    assert!(world.told("plan-2").contains("has 1 tasks; at least 2 are needed"));
}

#[test]
fn workers_may_be_workflows_with_calls_and_questions_of_their_own() {
    let mut questions = BTreeSet::new();
    for order in ORDERS {
        let lines = [
            ("plan", cities()),
            ("worker-1/ask", say("call")),
            ("worker-1/note", Answer::Tool(stockade_workflow::ToolOutcome::Returned(json!("noted").into()))),
            ("worker-2/ask", say("a person")),
            ("worker-2/person", Answer::Decide(true)),
            ("worker-3/ask", say("small")),
            ("synthesis", say("Rome.")),
        ];
        let mut world = begin(json!({"worker": "clerk"}));
        let output = output(world.play(order, script(&lines)));
        let said: Vec<_> = output.workers.iter().map(|worker| worker.output.clone().unwrap()).collect();
        assert_eq!(said, [json!({"said": "noted"}), json!({"said": true}), json!({"said": "small"})]);
        questions.insert(world.told("synthesis"));
    }
    assert_eq!(questions.len(), 1, "{questions:#?}");
}

#[test]
fn a_share_that_one_worker_uses_up_leaves_the_others_alone() {
    for order in ORDERS {
        let lines = [
            ("plan", cities()),
            ("worker-1/ask", say("warm")),
            // It asks again and again, and has tokens for two questions.
            ("worker-2/ask", say("more")),
            ("worker-2/more-1", say("more")),
            ("worker-3/ask", say("small")),
            ("synthesis", say("Rome.")),
        ];
        let mut world = begin(json!({"worker": "clerk", "failures": "some", "share": {"tokens": 250}}));
        let output = output(world.play(order, script(&lines)));
        assert_eq!(oks(&output), [("rome", true), ("oslo", false), ("bonn", true)]);
        let fault = output.workers[1].error.as_ref().unwrap();
        assert_eq!((fault.detail.as_deref(), limit(fault)), (Some("slice"), (Kind::Agent, "tokens", 250, 200)));
    }
}

#[test]
fn a_worker_that_ends_early_loses_no_outcome() {
    // The clerk ends with the first of its two answers; the second one still comes, and belongs to no worker.
    for order in ORDERS {
        let lines = [
            ("plan", plan(&[("rome", "describe Rome"), ("two", "two at once")])),
            ("worker-1/ask", say("warm")),
            ("worker-2/ask", say("one")),
            ("worker-2/other", say("one")),
            ("synthesis", say("Rome.")),
        ];
        let mut world = begin(json!({"worker": "clerk"}));
        let output = output(world.play(order, script(&lines)));
        assert_eq!(output.workers[1].output, Some(json!({"said": "one"})));
        assert_eq!(world.state.in_flight().count(), 0);
    }
}

#[test]
fn a_worker_that_ends_wants_no_more() {
    let lines = [
        ("plan", plan(&[("rome", "describe Rome")])),
        ("worker-1/ask", say("ready, and more")),
        ("synthesis", say("Rome.")),
    ];
    let mut world = begin(json!({"worker": "clerk"}));
    output(world.play(Order::First, script(&lines)));
    assert!(world.state.effect("worker-1/late").is_none());
}

#[test]
fn a_run_that_cannot_succeed_any_more_follows_no_worker_further() {
    for (spec, kind) in [
        (json!({"worker": "clerk"}), Kind::Model),
        (json!({"worker": "clerk", "failures": "some", "need_min": 2}), Kind::Agent),
    ] {
        let lines = [
            ("plan", plan(&[("rome", "describe Rome"), ("oslo", "describe Oslo")])),
            ("worker-1/ask", unavailable()),
            ("worker-2/ask", say("more")),
        ];
        let mut world = begin(spec);
        assert_eq!(failed(world.play(Order::First, script(&lines))).kind, kind);
        assert_eq!((world.questions(), world.state.in_flight().count()), (3, 0));
    }
}

#[test]
fn a_task_that_does_not_fit_a_worker_is_its_failure() {
    let lines = [
        ("plan", plan(&[("rome", "unfit"), ("now", "ready")])),
        ("synthesis", say("")),
        ("synthesis-2", say("Nothing.")),
    ];
    let mut world = begin(json!({"worker": "clerk", "failures": "some"}));
    let output = output(world.play(Order::First, script(&lines)));
    assert_eq!(oks(&output), [("rome", false), ("now", true)]);
    let fault = failed(begin(json!({"worker": "clerk"})).play(Order::First, script(&lines)));
    assert!(fault.message.starts_with("worker \"rome\" failed: "), "{fault}");
}

#[test]
fn a_synthesis_that_says_nothing_fails() {
    let lines = [
        ("plan", plan(&[("rome", "x")])),
        ("worker-1/ask", say("warm")),
        ("synthesis", say("")),
        ("synthesis-2", Answer::Cut),
        ("synthesis-3", say(" ")),
    ];
    let fault = failed(begin(json!({})).play(Order::First, script(&lines)));
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Model, Some("malformed")));
}

#[test]
fn what_a_worker_says_is_cut_for_the_synthesis_and_whole_in_the_output() {
    let much = "x".repeat(100 << 10);
    let lines = [("plan", plan(&[("rome", "x")])), ("worker-1/ask", say(much.clone())), ("synthesis", say("Much."))];
    let mut world = begin(json!({}));
    let output = output(world.play(Order::First, script(&lines)));
    assert_eq!(output.workers[0].output, Some(Value::from(much)));
    assert!(world.told("synthesis").len() < 33 << 10 && world.told("synthesis").contains("[cut: "));
}

#[test]
fn a_run_keeps_the_spec_that_it_began_with() {
    let (old, new) = (machine(json!({"workers_max": 2})), machine(json!({"workers_max": 3})));
    let first = old.step(None, Event::Started { input: json!({"task": "x"}).into() }).unwrap();
    let Answer::Say(text) = cities() else { panic!() };
    let reply = stockade_workflow::Reply { text, ..Default::default() };
    let event = Event::ended("plan", ModelOutcome::Replied(Box::new(reply)));
    let next = new.step(Some((first.position, first.transition.state)), event).unwrap();
    assert_eq!((next.position, next.transition.effects[0].key()), ("PLAN", "plan-2"));
}

#[test]
fn every_edge_is_taken() {
    let asks = [
        ("plan", say("")),
        ("plan-2", plan(&[("a", "a"), ("b", "b")])),
        ("worker-1/ask", say("a")),
        ("worker-2/ask", say("b")),
        ("synthesis", say("")),
        ("synthesis-2", say("c")),
    ];
    let at_once = [("plan", plan(&[("a", "ready")])), ("synthesis", say("c"))];
    for (spec, scripts) in [(json!({}), vec![&asks[..]]), (json!({"worker": "clerk"}), vec![&asks[..], &at_once[..]])] {
        let mut taken = BTreeSet::new();
        for lines in scripts {
            let mut world = begin(spec.clone());
            done(world.play(Order::First, script(lines)));
            taken.extend(world.edges);
        }
        assert_eq!(taken, declared(&machine(spec)));
    }
}

#[test]
fn a_configuration_that_cannot_be_is_refused() {
    let children = Children::new();
    for (spec, kind, says) in [
        (json!({"workers_max": 0}), Kind::Invalid, "workflow \"team\" has workers_max = 0; it may be 1 to 32"),
        (json!({"workers_max": 33}), Kind::Invalid, "workers_max = 33"),
        (json!({"need_min": 0}), Kind::Invalid, "need_min = 0"),
        (json!({"need_min": 6}), Kind::Invalid, "need_min = 6; it may be 1 to 5"),
        (json!({"worker": "clerk"}), Kind::NotFound, "the worker \"clerk\", and there is no such workflow"),
        (json!({"worker": "a", "worker_model": "b"}), Kind::Invalid, "a task is done by one"),
    ] {
        let spec: Spec = serde_json::from_value(spec).unwrap();
        let fault = Orchestrator::new("team", spec, &children).err().unwrap();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.message.contains(says), "{fault}");
    }
    assert!(serde_json::from_value::<Spec>(json!({"worker_max": 3})).is_err());
    assert_eq!(serde_json::from_value::<Spec>(json!({"worker": "clerk"})).unwrap().children(), ["clerk"]);
    let refused = machine(json!({})).step(None, Event::Started { input: json!({"task": " "}).into() }).unwrap_err();
    assert_eq!(refused.detail.as_deref(), Some("input"));
}

/// A workflow that asks a model and does what it says.
struct Clerk;

#[derive(Deserialize)]
struct Errand {
    task: String,
}

impl Workflow for Clerk {
    type Input = Errand;
    type State = u32;

    fn name(&self) -> &str {
        "clerk"
    }

    fn version(&self) -> u32 {
        1
    }

    fn graph(&self) -> Graph {
        let wants = [AllowedEffect::Model, AllowedEffect::tool("notes"), AllowedEffect::ApprovalOf("notes".to_owned())];
        Graph::new([State::new("WORKING", wants, &["WORKING"])])
    }

    fn position(&self, _: &u32) -> &'static str {
        "WORKING"
    }

    fn start(&self, Errand { task }: Errand) -> Result<Transition<u32>, Fault> {
        let to = Transition::to(0);
        Ok(match task.as_str() {
            "unfit" => return Err(Fault::invalid("input", "the clerk does not do that")),
            "ready" => to.end(End::Done(json!({"said": "ready"}).into())),
            "two at once" => to.want(ask("ask")).want(ask("other")),
            _ => to.want(ask("ask")),
        })
    }

    fn step(&self, asked: u32, event: Event) -> Result<Transition<u32>, Fault> {
        let to = Transition::to(asked + 1);
        let note = || ToolCall::new("notes", "write", json!({}));
        let Event::Ended { outcome, .. } = event else { return Err(Fault::invalid("event", "it had started")) };
        let said = match outcome {
            EffectOutcome::ModelReplied(ModelOutcome::Failed(fault)) => return Ok(to.end(End::Failed(fault))),
            EffectOutcome::ModelReplied(ModelOutcome::Replied(reply)) => match reply.text.as_str() {
                "call" => return Ok(to.want(Effect::call("note", note()))),
                "a person" => {
                    return Ok(to.want(Effect::request_approval("person", "why not", note())));
                }
                "ready, and more" => {
                    return Ok(to.want(ask("late")).end(End::Done(json!({"said": "ready"}).into())));
                }
                "more" => return Ok(to.want(ask(&format!("more-{}", asked + 1)))),
                text => json!(text),
            },
            EffectOutcome::ToolReturned(stockade_workflow::ToolOutcome::Returned(value)) => value.value(),
            EffectOutcome::Decided { decision } => json!(decision.verdict == stockade_workflow::Verdict::Approved),
            outcome => return Err(Fault::invalid("event", format!("{outcome:?}"))),
        };
        Ok(to.end(End::Done(json!({"said": said}).into())))
    }
}

fn ask(key: &str) -> Effect {
    Effect::ask(key, Question::new("what now?"))
}
