//! Results of which the model is shown only the beginning and the end.

use serde_json::{Value, json};
use stockade_workflow::{
    Code, CodeEnd, CodeOutcome, Effect, EffectKind, Event, Fault, Floats, Kind, READ_RESULT, ReadResult, ResultPart,
    ResultRead,
};

use super::react::{open, told};
use super::world::{World, calls, text};

/// A text of five bytes for each number.
fn long() -> String {
    (0..20_000).map(|number| format!("{number:04} ").chars().take(5).collect::<String>()).collect()
}

/// An agent that has called a tool with a long result.
fn with_long(members: Value) -> World {
    let mut world = open(members);
    world.says(calls([("stock.list", json!({}))]));
    world.returns("turn-1/call-1", long().into());
    world
}

fn stock() -> Value {
    json!({"tools": ["stock"]})
}

fn read(arguments: Value) -> (&'static str, Value) {
    (READ_RESULT, arguments)
}

/// Reads a part as the host does, and answers with it.
fn part(world: &mut World, key: &str) -> ReadResult {
    let EffectKind::ReadResult(wanted) = world.effect(key).kind else { panic!("nothing is read") };
    let part = ResultPart::of(&long(), &wanted);
    world.give(Event::ended(key, ResultRead::Read(part)));
    wanted
}

#[test]
fn a_long_result_is_shown_with_its_beginning_its_end_and_a_handle() {
    let mut world = open(stock());
    assert!(world.question().functions.is_empty());
    world.says(calls([("stock.list", json!({})), ("stock.count", json!({}))]));
    world.returns("turn-1/call-1", long().into());
    world.returns("turn-1/call-2", "x".repeat(16 << 10).into());
    let (shown, whole) = (&told(&world)[0].1, &told(&world)[1].1);
    assert!(shown.starts_with("0000 0001 ") && shown.ends_with(&long()[long().len() - 2_000..]), "{shown}");
    let note =
        "[bytes 4096 to 97952 of 100000 are left out; \"read_result\" with the handle \"result:turn-1/call-1\" reads";
    assert!(shown.contains(note) && shown.len() < 7 << 10, "{shown}");
    assert_eq!(whole.len(), 16 << 10, "what is not over the size is shown whole");
    let functions = world.question().functions;
    assert_eq!(functions.iter().map(|function| &*function.name).collect::<Vec<_>>(), [READ_RESULT]);
    assert!(!world.state_text().contains("5000 5001"), "the state has it in brief, too");
}

#[test]
fn a_long_result_is_read_in_parts_that_make_the_whole() {
    let mut world = with_long(json!({"tools": ["stock"], "steps_max": 20}));
    let (mut whole, mut turn) = (String::new(), 2);
    while whole.len() < long().len() {
        world.says(calls([read(json!({"handle": "result:turn-1/call-1", "from": whole.len()}))]));
        let wanted = part(&mut world, &format!("turn-{turn}/call-1"));
        assert_eq!((&*wanted.result, wanted.bytes), ("turn-1/call-1", 16 << 10));
        let content = told(&world)[0].1.clone();
        let (head, text) = content.split_once('\n').unwrap();
        assert_eq!(head, format!("[bytes {} to {} of 100000]", whole.len(), whole.len() + text.len()));
        whole.push_str(text);
        turn += 1;
    }
    assert_eq!(whole, long());
    world.says(calls([read(json!({"handle": "result:turn-1/call-1", "from": 5, "bytes": 9}))]));
    assert_eq!(
        (part(&mut world, &format!("turn-{turn}/call-1")).bytes, told(&world)[0].1.lines().last()),
        (9, Some("0001 0002"))
    );
    world.says(text("done"));
    assert_eq!(world.output()["answer"], "done");
}

#[test]
fn a_handle_that_is_none_and_arguments_that_are_wrong_are_told_with_what_there_is() {
    let mut world = open(stock());
    world.says(calls([read(json!({"handle": "result:turn-1/call-1"}))]));
    assert_eq!(told(&world)[0].1, "there is no result \"result:turn-1/call-1\"; those are: none");
    let mut world = with_long(stock());
    let handle = "result:turn-1/call-1";
    world.says(calls([
        read(json!({"handle": "result:turn-9/call-1"})),
        read(json!({})),
        read(json!({"handle": handle, "from": -1})),
        read(json!({"handle": handle, "from": 100_000})),
    ]));
    for (told, why) in told(&world).iter().zip([
        "there is no result \"result:turn-9/call-1\"; those are: result:turn-1/call-1",
        "there is no result null; those are",
        "\"from\" of \"read_result\" is a number from 0",
        "has 100000 bytes, and none from 100000 on",
    ]) {
        assert!(told.2 && told.1.contains(why), "{told:?}");
    }
    world.says(calls([read(json!({"handle": handle, "bytes": 1_000_000}))]));
    world
        .give(Event::ended("turn-3/call-1", ResultRead::Failed(Fault::new(Kind::NotFound, "there is no such result"))));
    assert!(told(&world)[0].2);
}

#[test]
fn code_is_given_results_by_their_handles() {
    let mut world = open(json!({"tools": ["stock"], "code": "javascript"}));
    world.says(calls([("run_code", json!({"source": "return list()"}))]));
    let ended = CodeEnd::Returned(json!({"rows": long()}).into());
    let outcome = CodeOutcome { ended, ..silent() };
    world.give(Event::ended("turn-1/call-1", outcome));
    let handle = "result:turn-1/call-1";
    assert!(told(&world)[0].1.starts_with("value: {\"rows\":\"0000") && told(&world)[0].1.contains(handle));
    let wrong = json!({"source": "return 1", "results": ["result:turn-1/call-2"]});
    let given = json!({"source": "return input.results", "results": [handle]});
    world.says(calls([("run_code", wrong), ("run_code", given), read(json!({"handle": handle}))]));
    let EffectKind::RunCode(Code { results, input, .. }) = world.effect("turn-2/call-2").kind else {
        panic!("no code")
    };
    assert_eq!((results, input.is_null()), ([(handle.to_owned(), "turn-1/call-1".to_owned())].into(), true));
    assert_eq!(world.keys(), ["turn-2/call-2", "turn-2/call-3"]);
    world.give(Event::ended("turn-2/call-2", silent()));
    part(&mut world, "turn-2/call-3");
    assert!(told(&world)[0].1.contains("those are: result:turn-1/call-1"));
}

fn silent() -> CodeOutcome {
    let (stdout, stderr, files) = (String::new(), String::new(), std::collections::BTreeMap::new());
    let (ended, floats) = (CodeEnd::Returned(Value::Null.into()), Floats::PORTABLE);
    CodeOutcome { ended, stdout, stderr, files, fuel: 0, began_ms: None, floats }
}

#[test]
fn the_oldest_of_too_many_handles_are_forgotten() {
    let mut world = open(json!({"tools": ["stock"], "steps_max": 100, "calls_max": 64, "result_bytes_max": 256}));
    for turn in 1..=2 {
        world.says(calls((0..40).map(|item| ("stock.list", json!({"item": item, "turn": turn})))));
        for call in 1..=40 {
            world.returns(&format!("turn-{turn}/call-{call}"), format!("{turn} {call} {}", "x".repeat(300)).into());
        }
    }
    let handle = |turn: u32, call: u32| read(json!({"handle": format!("result:turn-{turn}/call-{call}")}));
    world.says(calls([handle(1, 16), handle(1, 17), handle(2, 40)]));
    assert_eq!(world.keys(), ["turn-3/call-2", "turn-3/call-3"]);
}

/// A workflow inside another one has keys of its own.
#[test]
fn results_are_of_the_place_of_what_reads_them() {
    let wanted = ReadResult { result: "turn-1/call-1".to_owned(), from: 0, bytes: 9 };
    let EffectKind::ReadResult(moved) = Effect::read_result("read", wanted).under("worker-1/").kind else { panic!() };
    assert_eq!(moved.result, "worker-1/turn-1/call-1");
    let results = [("result:turn-1/call-1".to_owned(), "turn-1/call-1".to_owned())].into();
    let code = Code { results, ..Code::new("javascript", "return 1") };
    let EffectKind::RunCode(moved) = Effect::run_code("code", code).under("worker-1/").kind else { panic!() };
    assert_eq!(moved.results["result:turn-1/call-1"], "worker-1/turn-1/call-1");
}

#[test]
fn a_result_that_may_hardly_be_shown_is_refused_as_a_setup() {
    for (bytes, why) in [(255, "at least 256"), (65_537, "at most 65536")] {
        let spec = serde_json::from_value(json!({"result_bytes_max": bytes})).unwrap();
        let refused = stockade_patterns::React::new("helper", spec).unwrap_err();
        assert!(refused.message.contains(why), "{refused}");
    }
}
