//! `stockade exec` and what goes with it, as a person and a script call them.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};
use stockade_tests::{Answer, Place};

const FIND: &str = "console.log('looking'); return (await purchases.find({user_id: input.user})).price_cents";

fn exec(place: &Place, file: &str, source: &str, more: &[&str]) -> Answer {
    place.write(file, source);
    place.json(&[&["exec", file], more].concat())
}

#[test]
fn the_document_has_the_value_the_output_and_the_calls() {
    let place = Place::new();
    let answer = exec(&place, "find.js", FIND, &["--tool", "purchases", "--input", "{\"user\": \"user_123\"}"]);
    assert_eq!(answer.exit, Some(0), "{answer:?}");
    let document = &answer.json;
    assert_eq!((&document["output"], &document["stdout"]), (&json!(14_900), &json!("looking\n")));
    assert_eq!((&document["stderr"], document.get("error")), (&json!(""), None));
    let [call] = document["tool_calls"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!((&call["tool"], &call["function"]), (&json!("purchases"), &json!("find")));
    assert_eq!((&call["arguments"], &call["output"]["price_cents"]), (&json!({"user_id": "user_123"}), &json!(14_900)));
    assert!(document["usage"]["fuel"].as_u64() > call["usage"]["fuel"].as_u64());
    let run = document["run_id"].as_str().unwrap();
    let shown = place.call(&["show", run]);
    assert!(shown.stdout.contains("· purchases.find") && shown.stdout.contains("javascript"), "{}", shown.stdout);
    let replayed = place.json(&["replay", &format!("{run}/code")]);
    assert_eq!((replayed.exit, &replayed.json["same"]), (Some(0), &json!(true)));
}

#[test]
fn an_exception_has_its_line_and_nothing_of_the_host() {
    let place = Place::new();
    let answer = exec(&place, "bad.js", "const a = 1;\n  throw new TypeError('no ' + a)", &[]);
    assert_eq!(answer.exit, Some(1), "{answer:?}");
    assert_eq!(answer.json["error"]["kind"], "guest_error");
    let exception = &answer.json["exception"];
    assert_eq!(
        (&exception["name"], &exception["message"], &exception["line"]),
        (&json!("TypeError"), &json!("no 1"), &json!(2))
    );
    let person = place.call(&["exec", "bad.js"]);
    assert!(person.stderr.contains("TypeError: no 1") && person.stderr.contains("bad.js:2"), "{}", person.stderr);
    for said in [answer.stdout, person.stderr] {
        assert!(!said.contains(place.path("").to_str().unwrap()), "{said}");
    }
    let answer = exec(&place, "worse.js", "const = 1", &[]);
    assert_eq!((answer.exit, &answer.json["exception"]["syntax"]), (Some(1), &json!(true)));
}

#[test]
fn limits_are_options_and_each_of_them_fires() {
    let place = Place::new();
    let spin = "for (;;);";
    for (more, limit) in [(["--fuel", "1000000"], "fuel"), (["--timeout", "50ms"], "wall")] {
        let answer = exec(&place, "spin.js", spin, &more);
        assert_eq!((answer.exit, &answer.json["status"]), (Some(4), &json!("suspended")), "{answer:?}");
        assert_eq!(answer.json["error"]["limit"], limit, "{answer:?}");
    }
    let grow = "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))";
    let answer = exec(&place, "grow.js", grow, &["--memory", "16MiB"]);
    assert_eq!((answer.exit, &answer.json["error"]["limit"]), (Some(4), &json!("memory")), "{answer:?}");
    let refused = place.json(&["exec", "spin.js", "--memory", "much"]);
    assert_eq!(refused.exit, Some(2), "{refused:?}");
}

#[test]
fn code_comes_from_stdin_too_and_files_go_in_and_out() {
    let place = Place::new();
    place.write("data.csv", "a,b\n1,2\n");
    let args = ["exec", "-", "--lang", "javascript", "--file", "data.csv", "--out", "back", "--json"];
    let mut child =
        place.command(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let source = b"files.write('out.csv', files.read('data.csv').toUpperCase()); return files.list().length";
    child.stdin.take().unwrap().write_all(source).unwrap();
    let answer = Answer::of_json(child.wait_with_output().unwrap());
    assert_eq!((answer.exit, &answer.json["output"], &answer.json["files"]), (Some(0), &json!(2), &json!(["out.csv"])));
    assert_eq!(std::fs::read_to_string(place.path("back/out.csv")).unwrap(), "A,B\n1,2\n");
}

#[test]
fn a_session_is_there_for_the_next_process_and_forks() {
    let place = Place::new();
    let cell = |source: &str, more: &[&str]| exec(&place, "cell.js", source, more).json["output"].clone();
    cell("let count = 41", &["--session", "s"]);
    assert_eq!(cell("count += 1", &["--session", "s"]), 42);
    assert_eq!(cell("count", &["--session", "other", "--fork", "s"]), 42);
    assert_eq!(cell("count += 1", &["--session", "other"]), 43);
    assert_eq!(cell("count", &["--session", "s"]), 42);
}

#[test]
fn what_code_may_call_is_printed_for_a_prompt() {
    let place = Place::new();
    let python = place.call(&["exec", "--print-tools", "--lang", "python"]);
    let expected =
        ["class purchases:", "def find(user_id: str) -> Purchase | None:", "price_cents: int", "class ToolError"];
    assert!(expected.iter().all(|part| python.stdout.contains(part)), "{}", python.stdout);
    let typed = place.call(&["exec", "--print-tools", "--lang", "typescript", "--tool", "purchases"]);
    assert!(typed.stdout.contains("find(args: { user_id: string }): Promise<"), "{}", typed.stdout);
    assert!(!typed.stdout.contains("payments"), "only what was named: {}", typed.stdout);
    let unknown = place.json(&["exec", "--print-tools", "--lang", "cobol"]);
    assert_eq!((unknown.exit, &unknown.json["error"]["detail"]), (Some(2), &json!("language")));
}

#[test]
fn a_language_is_told_by_the_ending_or_named_or_refused() {
    let place = Place::new();
    let answer = exec(&place, "code.rb", "1", &[]);
    assert_eq!((answer.exit, &answer.json["error"]["detail"]), (Some(2), &json!("language")), "{answer:?}");
    let answer = exec(&place, "code.py", "1", &[]);
    assert_eq!(answer.exit, Some(1), "{answer:?}");
    let message = answer.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("`stockade language add python` builds it"), "{message}");
    let answer = exec(&place, "sum.ts", "const sum = (a: number, b: number): number => a + b; return sum(1, 2)", &[]);
    assert_eq!(answer.json["output"], 3, "{answer:?}");
    // Any interpreter is a language, under whatever name it is dropped in.
    let component = stockade_tests::dist("javascript");
    place.write("stockade.toml", format!("[language.mine]\ncomponent = {component:?}\n"));
    let answer = exec(&place, "code.x", "6 * 7", &["--lang", "mine"]);
    assert_eq!(answer.json["output"], 42, "{answer:?}");
    let listed = place.json(&["language", "list"]);
    let names: Vec<_> = listed.json.as_array().unwrap().iter().map(|one| (&one["language"], &one["there"])).collect();
    let (yes, no) = (json!(true), json!(false));
    let all = ["javascript", "mine", "typescript", "python", "python-lite"].map(Value::from);
    assert_eq!(names, all.iter().zip([&yes, &yes, &yes, &no, &no]).collect::<Vec<_>>());
    let refused = place.json(&["language", "add", "cobol"]);
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(2), &json!("language")));
}

#[test]
fn code_that_proved_itself_becomes_a_tool() {
    let place = Place::new();
    let found = exec(&place, "find.js", FIND, &["--tool", "purchases", "--input", "{\"user\": \"user_123\"}"]);
    let step = format!("{}/code", found.json["run_id"].as_str().unwrap());
    let asked = place.json(&["tool", "promote", &step, "price", "--by", "dana"]);
    assert_eq!(asked.exit, Some(2), "nobody can be asked here: {asked:?}");
    let promoted = place.json(&["tool", "promote", &step, "price", "--by", "dana", "--yes"]);
    assert_eq!((promoted.exit, &promoted.json["tools"]), (Some(0), &json!(["purchases"])), "{promoted:?}");
    let input = json!({"input": json!({"user": "user_456"}).to_string()}).to_string();
    let called = place.json(&["tool", "call", "price", "run", &input]);
    assert_eq!((called.exit, &called.json["output"]), (Some(0), &json!(4_900)), "{called:?}");
    let inspected = place.json(&["tool", "inspect", "price"]);
    let code = &inspected.json["manifest"]["code"];
    assert_eq!((&code["approved_by"], &code["source"]), (&json!("dana"), &json!(FIND)));
    let again = place.json(&["tool", "promote", &step, "price", "--by", "dana", "--yes"]);
    assert_eq!((again.exit, &again.json["error"]["kind"]), (Some(1), &json!("conflict")));
    let nothing: Value = place.json(&["tool", "promote", &step.replace("code", "x"), "p", "--by", "d", "--yes"]).json;
    assert_eq!(nothing["error"]["kind"], "not_found");
}
