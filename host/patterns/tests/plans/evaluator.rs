use std::collections::BTreeSet;

use serde_json::{Value, json};
use stockade_patterns::evaluator::{Evaluator, Output, Spec};
use stockade_workflow::{
    CodeEnd, Effect, EffectKind, End, Event, Exception, Fault, Kind, Machine, Message, ModelOutcome, ToolOutcome,
};

use super::world::{Answer, Order, World, declared, done, failed, json_of, limit, say, script, unavailable};

fn machine(spec: Value) -> Machine {
    let spec: Spec = serde_json::from_value(spec).unwrap();
    Machine::new(Evaluator::new("polish", spec).unwrap())
}

fn begin(spec: Value) -> World {
    World::begin(machine(spec), json!({"task": "write a haiku"}))
}

fn output(end: End) -> Output {
    serde_json::from_value(done(end)).unwrap()
}

fn out(draft: impl Into<Value>, passed: bool, score: u32, rounds: u32) -> Output {
    Output { draft: draft.into(), passed, score, rounds }
}

fn judge() -> Value {
    json!({"criteria": {"judge": {"model": "strict", "rubric": "five, seven, five"}}})
}

fn tool() -> Value {
    json!({"criteria": {"tool": "tests.run"}})
}

fn code() -> Value {
    json!({"criteria": {"code": {"language": "python", "source": "len(input) > 3"}}})
}

fn with(mut spec: Value, name: &str, value: impl Into<Value>) -> Value {
    spec[name] = value.into();
    spec
}

fn verdict(score: u32, pass: bool, feedback: &str) -> Answer {
    json_of(json!({"score": score, "pass": pass, "feedback": feedback}))
}

fn returned(value: Value) -> Answer {
    Answer::Tool(ToolOutcome::Returned(value.into()))
}

fn broken() -> Fault {
    Fault::new(Kind::Trap, "unreachable")
}

#[test]
fn a_draft_that_passes_is_the_output() {
    let lines = [("round-1-draft", say("old pond")), ("round-1-check", verdict(90, true, "well"))];
    let mut world = begin(with(judge(), "system", "You are a poet."));
    assert_eq!(output(world.play(Order::First, script(&lines))), out("old pond", true, 90, 1));
    let asked = world.asked("round-1-check").unwrap();
    assert_eq!(asked.model.as_deref(), Some("strict"));
    assert_eq!(
        serde_json::from_str::<Value>(&world.told("round-1-check")).unwrap(),
        json!({"task": "write a haiku", "rubric": "five, seven, five", "draft": "old pond"})
    );
    assert!(world.asked("round-1-draft").unwrap().system.starts_with("You are a poet.\n\n"));
}

#[test]
fn what_is_said_of_a_draft_is_told_with_it() {
    let lines = [
        ("round-1-draft", say("pond")),
        ("round-1-check", verdict(20, false, "too short")),
        ("round-2-draft", say("old pond")),
        ("round-2-check", verdict(90, true, "")),
    ];
    let mut world = begin(with(judge(), "pass_score", 80));
    assert_eq!(output(world.play(Order::First, script(&lines))), out("old pond", true, 90, 2));
    let messages = &world.asked("round-2-draft").unwrap().messages;
    assert!(matches!(&messages[1], Message::Assistant { text, .. } if text == "pond"), "{messages:?}");
    let told = "Your answer was checked. It does not pass (score 20; 80 is needed). too short Answer again.";
    assert_eq!(world.told("round-2-draft"), told);
}

/// They fit the schema, and were refused all the same.
#[test]
fn a_score_may_be_written_with_a_point_or_an_exponent() {
    for (written, score) in [("75.0", 75), ("1e2", 100), ("0.0", 0)] {
        let said = format!("{{\"score\": {written}, \"pass\": true, \"feedback\": \"\"}}");
        let lines = [("round-1-draft", say("a")), ("round-1-check", say(&said))];
        assert_eq!(output(begin(judge()).play(Order::First, script(&lines))), out("a", true, score, 1), "{written}");
    }
    let lines = [("round-1-draft", say("a")), ("round-1-check", returned(json!({"pass": true, "score": 80.0})))];
    assert_eq!(output(begin(tool()).play(Order::First, script(&lines))), out("a", true, 80, 1));
}

#[test]
fn the_best_draft_is_kept_and_of_equal_ones_the_earlier() {
    for (scores, best, score) in
        [([40, 70, 70], "b", 70), ([70, 40, 69], "a", 70), ([0, 0, 1], "c", 1), ([0, 0, 0], "a", 0)]
    {
        let [a, b, c] = scores.map(|score| verdict(score, false, "hm"));
        let lines = [
            ("round-1-draft", say("a")),
            ("round-1-check", a),
            ("round-2-draft", say("b")),
            ("round-2-check", b),
            ("round-3-draft", say("c")),
            ("round-3-check", c),
        ];
        assert_eq!(output(begin(judge()).play(Order::First, script(&lines))), out(best, false, score, 3));
        let fault = failed(begin(with(judge(), "must_pass", true)).play(Order::First, script(&lines)));
        assert_eq!(limit(&fault), (Kind::Agent, "rounds", 3, 3));
    }
}

#[test]
fn a_judge_and_its_score_must_both_say_yes() {
    for (score, pass, passed) in [(80, true, true), (79, true, false), (100, false, false)] {
        let lines = [("round-1-draft", say("a")), ("round-1-check", verdict(score, pass, ""))];
        let mut world = begin(with(with(judge(), "pass_score", 80), "rounds_max", 1));
        assert_eq!(output(world.play(Order::First, script(&lines))), out("a", passed, score, 1));
    }
}

#[test]
fn a_draft_that_is_none_is_a_round_and_is_never_the_best() {
    let lines = [
        ("round-1-draft", say("")),
        ("round-2-draft", Answer::Cut),
        ("round-3-draft", say("x".repeat(300 << 10))),
        ("round-4-draft", say("a")),
        ("round-4-check", verdict(1, false, "")),
    ];
    let mut world = begin(with(judge(), "rounds_max", 4));
    assert_eq!(output(world.play(Order::First, script(&lines))), out("a", false, 1, 4));
    assert!(world.told("round-2-draft").contains("It is empty."));
    assert!(world.told("round-3-draft").contains("It was cut off"));
    let fault = failed(begin(judge()).play(Order::First, script(&lines)));
    assert_eq!(limit(&fault), (Kind::Agent, "rounds", 3, 3));
    for answer in [Answer::Refuse, unavailable()] {
        let fault = failed(begin(judge()).play(Order::First, script(&[("round-1-draft", answer)])));
        assert_eq!(fault.kind, Kind::Model);
    }
}

#[test]
fn a_schema_needs_nobody_and_counts_what_does_not_fit() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n", "m"]});
    let spec = json!({"criteria": {"schema": schema}});
    let lines = [
        ("round-1-draft", say("not JSON")),
        ("round-2-draft", say("{\"n\": \"1\"}")),
        ("round-3-draft", say("{\"n\": 1}")),
        ("round-4-draft", say("{\"n\": 1, \"m\": 2}")),
    ];
    let mut world = begin(with(spec.clone(), "rounds_max", 4));
    let end = world.play(Order::First, script(&lines));
    assert_eq!(output(end), out(json!({"n": 1, "m": 2}), true, 100, 4));
    assert_eq!(world.asked("round-2-draft").unwrap().schema, Some(schema));
    assert!(world.told("round-2-draft").contains("It is not JSON"));
    assert!(world.told("round-3-draft").contains("\"m\" is a required property"));
    let best = output(begin(spec.clone()).play(Order::First, script(&lines)));
    assert_eq!(best, out(json!({"n": 1}), false, 90, 3));
    let worst = output(begin(with(spec, "rounds_max", 1)).play(Order::First, script(&lines)));
    assert_eq!(worst, out("not JSON", false, 0, 1));
}

#[test]
fn a_tool_says_yes_or_no_or_more() {
    let lines = [
        ("round-1-draft", say("a")),
        ("round-1-check", returned(json!(false))),
        ("round-2-draft", say("b")),
        ("round-2-check", returned(json!({"pass": false, "score": 4_000_000, "feedback": "x".repeat(20 << 10)}))),
        ("round-3-draft", say("c")),
        ("round-3-check", returned(json!({"pass": true}))),
    ];
    let mut world = begin(tool());
    assert_eq!(output(world.play(Order::First, script(&lines))), out("c", true, 100, 3));
    let EffectKind::CallTool { call, .. } = &world.state.effect("round-1-check").unwrap().kind else { panic!() };
    assert_eq!((&*call.tool, &*call.function, call.arguments.value()), ("tests", "run", json!({"draft": "a"})));
    assert!(world.told("round-3-draft").len() < 17 << 10, "what a tool says is cut");
    let best = output(begin(with(tool(), "rounds_max", 2)).play(Order::First, script(&lines)));
    assert_eq!(best, out("b", false, 100, 2));
}

#[test]
fn code_says_it_by_its_value_or_by_an_exception() {
    let raised = |syntax| {
        let (name, message) = ("AssertionError".to_owned(), "no frog".to_owned());
        Answer::Code(CodeEnd::Raised(Exception {
            syntax,
            name,
            message,
            line: None,
            column: None,
            traceback: String::new(),
        }))
    };
    let lines = [
        ("round-1-draft", say("a")),
        ("round-1-check", raised(false)),
        ("round-2-draft", say("frog")),
        ("round-2-check", Answer::Code(CodeEnd::Returned(json!(true).into()))),
    ];
    let mut world = begin(code());
    assert_eq!(output(world.play(Order::First, script(&lines))), out("frog", true, 100, 2));
    assert!(world.told("round-2-draft").contains("AssertionError: no frog"));
    let EffectKind::RunCode(run) = &world.state.effect("round-1-check").unwrap().kind else { panic!() };
    assert_eq!((run.input.value(), run.tools.len()), (json!("a"), 0));
    let lines = [("round-1-draft", say("a")), ("round-1-check", raised(true))];
    let fault = failed(begin(code()).play(Order::First, script(&lines)));
    assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::GuestError, Some("AssertionError")));
}

#[test]
fn a_check_that_fails_is_done_again_and_then_is_the_run_s_fault() {
    let wrong = returned(json!({"passed": true}));
    let nonsense = json_of(json!({"score": 101, "pass": true, "feedback": ""}));
    for (spec, answer, kind) in [
        (tool(), Answer::Fail(broken()), Kind::Trap),
        (tool(), wrong, Kind::Invalid),
        (code(), Answer::Fail(broken()), Kind::Trap),
        (code(), Answer::Code(CodeEnd::Returned(Value::Null.into())), Kind::Invalid),
        (judge(), unavailable(), Kind::Model),
        (judge(), nonsense, Kind::Model),
        (judge(), say(""), Kind::Model),
    ] {
        let lines = ["round-1-check", "round-1-check-2", "round-1-check-3"].map(|key| (key, answer.clone()));
        let lines: Vec<_> = [("round-1-draft", say("a"))].into_iter().chain(lines).collect();
        let mut world = begin(spec.clone());
        let fault = failed(world.play(Order::First, script(&lines)));
        assert_eq!(fault.kind, kind, "{fault}");
        let mut world = begin(spec);
        let says = script(&lines);
        let third = |effect: &Effect| match (effect.key(), &effect.kind) {
            ("round-1-check-3", EffectKind::CallTool { .. }) => returned(json!(true)),
            ("round-1-check-3", EffectKind::RunCode(_)) => Answer::Code(CodeEnd::Returned(json!(true).into())),
            ("round-1-check-3", _) => verdict(100, true, ""),
            _ => says(effect),
        };
        assert_eq!(output(world.play(Order::First, third)), out("a", true, 100, 1));
    }
}

#[test]
fn a_check_that_must_not_be_repeated_is_not() {
    for (spec, answer) in [
        (tool(), Answer::Tool(ToolOutcome::Unknown(broken()))),
        (code(), Answer::Code(CodeEnd::Unknown(broken()))),
        (judge(), Answer::Refuse),
    ] {
        failed(begin(spec).play(Order::First, script(&[("round-1-draft", say("a")), ("round-1-check", answer)])));
    }
}

#[test]
fn a_share_that_is_used_up_ends_with_the_best_draft() {
    let lines = [
        ("round-1-draft", say("a")),
        ("round-1-check", verdict(40, false, "")),
        ("round-2-draft", say("b")),
        ("round-2-check", verdict(30, false, "")),
    ];
    for (tokens, rounds) in [(200, 2), (300, 2), (400, 3)] {
        let spec = with(with(judge(), "share", json!({"tokens": tokens})), "rounds_max", 9);
        let mut world = begin(spec.clone());
        assert_eq!(output(world.play(Order::First, script(&lines))), out("a", false, 40, rounds));
        let again = |key| world.state.effect(key).is_some();
        assert!(!again("round-2-check-2"), "more of a share that is used up is not asked for");
        let fault = failed(begin(with(spec, "must_pass", true)).play(Order::First, script(&lines)));
        assert_eq!((fault.detail.as_deref(), limit(&fault)), (Some("slice"), (Kind::Agent, "tokens", tokens, tokens)));
    }
    let lines = [("round-1-draft", say("a")), ("round-1-check", returned(json!(false))), ("round-2-draft", say("b"))];
    let mut world = begin(with(tool(), "share", json!({"tool_calls": 1})));
    assert_eq!(output(world.play(Order::First, script(&lines))), out("a", false, 0, 2));
    assert!(world.state.effect("round-2-check").is_some() && world.state.effect("round-2-check-2").is_none());
    // Before there is a draft with a score, there is nothing to end with.
    let fault = failed(begin(with(judge(), "share", json!({"tokens": 100}))).play(Order::First, script(&lines)));
    assert_eq!(fault.detail.as_deref(), Some("slice"));
}

#[test]
fn every_edge_is_taken() {
    let again = |check: [Answer; 4]| {
        let [first, second, third, fourth] = check;
        vec![
            ("round-1-draft", say("")),
            ("round-2-draft", say("a")),
            ("round-2-check", first),
            ("round-2-check-2", second),
            ("round-3-draft", say("b")),
            ("round-3-check", third),
            ("round-4-draft", say("")),
            ("round-3-check-2", fourth),
        ]
    };
    let calls = || [Answer::Fail(broken()), returned(json!(false)), returned(json!(false)), returned(json!(true))];
    let runs =
        ["false", "false", "true"].map(|value| Answer::Code(CodeEnd::Returned(value.parse::<Value>().unwrap().into())));
    let [no, nay, yes] = runs;
    let codes = [Answer::Fail(broken()), no, nay, yes];
    let judges = [unavailable(), verdict(1, false, ""), verdict(1, false, ""), verdict(1, true, "")];
    let schema = vec![("round-1-draft", say("x")), ("round-2-draft", say("1"))];
    for (spec, lines) in [
        (tool(), again(calls())),
        (code(), again(codes)),
        (judge(), again(judges)),
        (json!({"criteria": {"schema": {"type": "integer"}}}), schema),
    ] {
        let mut taken = BTreeSet::new();
        // Of four rounds the last draft is empty, so that the run ends from there; of three, it ends with a check.
        for rounds in [3, 4] {
            let mut world = begin(with(spec.clone(), "rounds_max", rounds));
            done(world.play(Order::First, script(&lines)));
            taken.extend(world.edges);
        }
        assert_eq!(taken, declared(&machine(spec)));
    }
}

#[test]
fn a_configuration_that_cannot_be_is_refused() {
    for (spec, says) in [
        (with(judge(), "rounds_max", 0), "workflow \"polish\" has rounds_max = 0; it may be 1 to 50"),
        (with(judge(), "rounds_max", 51), "rounds_max = 51"),
        (with(judge(), "pass_score", 101), "pass_score = 101"),
        (json!({"criteria": {"tool": "tests"}}), "\"tests\" names no function like \"tool.function\""),
        (json!({"criteria": {"tool": ".run"}}), "\".run\" names no function"),
        (json!({"criteria": {"schema": {"type": "number?"}}}), "is no JSON Schema"),
    ] {
        let spec: Spec = serde_json::from_value(spec).unwrap();
        let fault = Evaluator::new("polish", spec).err().unwrap();
        assert_eq!(fault.kind, Kind::Invalid);
        assert!(fault.message.contains(says), "{fault}");
    }
    for spec in [json!({}), with(judge(), "rounds", 3), json!({"criteria": {"judge": {"rubrik": "x"}}})] {
        assert!(serde_json::from_value::<Spec>(spec).is_err());
    }
}

#[test]
fn a_run_keeps_the_spec_that_it_began_with() {
    let (old, new) = (machine(with(judge(), "rounds_max", 1)), machine(judge()));
    let first = old.step(None, Event::Started { input: json!({"task": "x"}).into() }).unwrap();
    let event = Event::ended("round-1-draft", ModelOutcome::Replied(Box::default()));
    let next = new.step(Some((first.position, first.transition.state)), event).unwrap();
    assert!(matches!(next.transition.end, Some(End::Failed(_))), "{next:?}");
}
