//! `stockade exec` and what goes with it, as a person and a script call them.

use std::io::{BufRead as _, BufReader, Write as _};
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
    assert_eq!((&document["stderr"], &document["error"]), (&json!(""), &Value::Null));
    let [call] = document["tool_calls"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!((&call["tool"], &call["function"]), (&json!("purchases"), &json!("find")));
    assert_eq!((&call["arguments"], &call["output"]["price_cents"]), (&json!({"user_id": "user_123"}), &json!(14_900)));
    assert!(document["usage"]["fuel"].as_u64() > call["usage"]["fuel"].as_u64());
    let run = document["run_id"].as_str().unwrap();
    let shown = place.call(&["show", run]);
    assert!(shown.stdout.contains("· purchases.find") && shown.stdout.contains("javascript"), "{}", shown.stdout);
    let replayed = place.json(&["replay", &format!("{run}/code")]);
    assert_eq!((replayed.exit, &replayed.json["same"]), (Some(0), &json!(true)));
    let floats = &replayed.json["floats"];
    assert!(floats["here"].as_str().is_some_and(|here| here.starts_with(std::env::consts::ARCH)), "{floats}");
    assert_eq!((&floats["recorded"], &replayed.json["notice"]), (&floats["here"], &Value::Null));
}

#[test]
fn an_input_may_be_a_negative_number() {
    let place = Place::new();
    for (input, output) in [("-5", json!(-5)), ("-9223372036854775808", json!(i64::MIN)), ("-1.5", json!(-1.5))] {
        let answer = exec(&place, "same.js", "return input", &["--input", input]);
        assert_eq!((answer.exit, &answer.json["output"]), (Some(0), &output), "{answer:?}");
    }
    let answer = exec(&place, "same.js", "return input", &["--input", "-9223372036854775809"]);
    assert_eq!((answer.exit, &answer.json["error"]["kind"]), (Some(2), &json!("invalid")), "{answer:?}");
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
        assert_eq!((answer.exit, &answer.json["status"]), (Some(1), &json!("failed")), "{answer:?}");
        assert!(answer.json["error"]["limit"].as_str().unwrap().starts_with(limit), "{answer:?}");
        let answer = exec(&place, "spin.js", spin, &[&more[..], &["--suspend"]].concat());
        assert_eq!((answer.exit, &answer.json["status"]), (Some(4), &json!("suspended")), "{answer:?}");
        assert_eq!(answer.json["error"]["limit"], limit, "{answer:?}");
    }
    // Set in the configuration, the limit ends the run in the same way.
    place.write("stockade.toml", "[code.limits]\nfuel = 1_000_000");
    let answer = exec(&place, "spin.js", spin, &[]);
    assert_eq!((answer.exit, &answer.json["error"]["limit"]), (Some(1), &json!("fuel")), "{answer:?}");
    place.write("stockade.toml", "");
    let grow = "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))";
    let answer = exec(&place, "grow.js", grow, &["--memory", "16MiB"]);
    assert_eq!((answer.exit, &answer.json["error"]["limit"]), (Some(1), &json!("memory_bytes")), "{answer:?}");
    let refused = place.json(&["exec", "spin.js", "--memory", "much"]);
    assert_eq!(refused.exit, Some(2), "{refused:?}");
}

/// Code that has nothing to begin with, or nothing left once its session is restored, was suspended without being asked.
#[test]
fn a_limit_before_the_code_begins_is_a_failure_too() {
    let place = Place::new();
    let heavy = "let sum = 0; for (let i = 0; i < 100000; i++) sum += i";
    assert_eq!(exec(&place, "cell.js", heavy, &["--session", "s"]).exit, Some(0));
    for (limit, more) in [
        ("fuel", &["--fuel", "0"][..]),
        ("memory", &["--memory", "0"]),
        ("wall", &["--timeout", "0"]),
        ("fuel", &["--session", "s", "--fuel", "1000000"]),
    ] {
        let answer = exec(&place, "one.js", "1", more);
        let error = &answer.json["error"];
        assert_eq!((answer.exit, &answer.json["status"]), (Some(1), &json!("failed")), "{more:?}: {answer:?}");
        assert_eq!((&error["limit"], error["used"].is_u64()), (&json!(limit), true), "{more:?}: {answer:?}");
        assert_eq!(place.json(&["resume", &answer.run()]).json["status"], "stopped");
        let answer = exec(&place, "one.js", "1", &[more, &["--suspend"]].concat());
        assert_eq!((answer.exit, &answer.json["status"]), (Some(4), &json!("suspended")), "{more:?}: {answer:?}");
    }
    // A limit that the earlier cells did not have is not their divergence.
    for (more, limit) in [(["--memory", "1M"], "memory_bytes"), (["--timeout", "1"], "wall_us")] {
        let answer = exec(&place, "one.js", "1", &[&["--session", "s"], &more[..]].concat());
        assert_eq!((answer.exit, &answer.json["error"]["limit"]), (Some(1), &json!(limit)), "{answer:?}");
    }
    assert_eq!(exec(&place, "one.js", "sum", &["--session", "s"]).json["output"], json!(4_999_950_000_u64));
}

#[test]
fn code_is_read_from_stdin_and_files_go_in_and_out() {
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
fn the_option_out_overwrites_nothing_and_follows_no_link_unless_forced() {
    let place = Place::new();
    place.write("kept", "mine");
    place.write("back/out.csv", "mine");
    std::os::unix::fs::symlink(place.path("kept"), place.path("back/link.csv")).unwrap();
    for name in ["out.csv", "link.csv"] {
        let source = format!("files.write('{name}', 'theirs')");
        let answer = exec(&place, "write.js", &source, &["--out", "back"]);
        assert_eq!((answer.exit, &answer.json["error"]["detail"]), (Some(6), &json!("out")), "{answer:?}");
        assert_eq!(std::fs::read_to_string(place.path("back").join(name)).unwrap(), "mine");
        let answer = exec(&place, "write.js", &source, &["--out", "back", "--force"]);
        assert_eq!(answer.exit, Some(0), "{answer:?}");
        assert_eq!(std::fs::read_to_string(place.path("back").join(name)).unwrap(), "theirs");
    }
    assert_eq!(std::fs::read_to_string(place.path("kept")).unwrap(), "mine");
}

/// The second one to read it found it empty, and the JSON of the input was said to be wrong.
#[test]
fn stdin_is_read_for_the_code_or_for_the_input() {
    let answer = Place::new().json(&["exec", "-", "--lang", "javascript", "--input", "-"]);
    assert_eq!((answer.exit, &answer.json["error"]["detail"]), (Some(2), &json!("usage")), "{answer:?}");
    let message = answer.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("stdin"), "{message}");
}

#[test]
fn two_files_of_one_name_are_refused() {
    let place = Place::new();
    place.write("one/data.csv", "1");
    place.write("two/data.csv", "2");
    let answer = exec(&place, "none.js", "1", &["--file", "one/data.csv", "--file", "two/data.csv"]);
    assert_eq!((answer.exit, &answer.json["error"]["detail"]), (Some(2), &json!("files")), "{answer:?}");
    assert!(answer.json["error"]["message"].as_str().unwrap().contains("\"data.csv\""), "{answer:?}");
}

/// A limit of the kernel's on what the process may write to, the pool's reservations apart.
fn within(place: &Place, mebibytes: u64, args: &[&str]) -> Answer {
    let command = place.command(args);
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(format!("ulimit -d {}; exec \"$@\"", mebibytes << 10)).arg("sh");
    shell.arg(command.get_program()).args(command.get_args()).current_dir(command.get_current_dir().unwrap());
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    Answer::of_json(shell.envs(set).output().unwrap())
}

/// Objects of one empty key within one another: 5 bytes of text each, and some 400 of memory.
#[test]
fn values_that_take_far_more_memory_than_their_text_are_refused_before_they_are_made() {
    let place = Place::new();
    let nest = "let nest = 1; for (let i = 0; i < 50; i++) nest = {'': nest}; const all = Array(10000).fill(nest);";
    place.write("first.js", "1");
    assert_eq!(place.json(&["exec", "first.js"]).exit, Some(0), "what is compiled is compiled");
    for source in ["await purchases.find({user_id: {toJSON: () => all}})", "return all"] {
        place.write("nest.js", format!("{nest} {source}"));
        let answer =
            within(&place, 400, &["exec", "nest.js", "--tool", "purchases", "--fuel", "200000000000", "--json"]);
        assert_eq!(answer.exit, Some(1), "{source}: {answer:?}");
        let error = answer.json["error"].to_string();
        assert!(error.contains("bytes of memory"), "{source}: {answer:?}");
        let run = answer.json["run_id"].as_str().unwrap();
        assert_eq!(within(&place, 400, &["show", run, "--json"]).exit, Some(0));
    }
}

#[test]
fn the_build_of_a_language_gets_only_the_variables_that_it_needs() {
    let place = Place::new();
    place.write("bin/bash", "#!/bin/sh\nenv > \"$3\"\n");
    let bash = place.path("bin/bash");
    std::fs::set_permissions(&bash, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    // Languages are the user's, so this user is one of its own.
    let mut command = place.command(&["language", "add", "python"]);
    command.env("PATH", &path).env("STRIPE_KEY", "sk_live").env("https_proxy", "http://proxy:1");
    command.env("XDG_CACHE_HOME", place.path("cache"));
    assert!(!command.output().unwrap().status.success(), "what it makes is not a component");
    let told = std::fs::read_to_string(place.path("cache/stockade/languages/python.wasm")).unwrap();
    assert!(told.contains(&format!("PATH={path}")) && told.contains("https_proxy=http://proxy:1"), "{told}");
    assert!(!told.contains("sk_live"), "{told}");
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
fn code_that_is_watched_runs_again_when_its_file_changes() {
    let place = Place::new();
    place.write("w.js", "console.log('one'); 1");
    let mut command = place.command(&["exec", "w.js", "--watch"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut next = || (lines.next().unwrap(), lines.next().unwrap());
    assert_eq!(next(), ("one".to_owned(), "1".to_owned()));
    place.write("w.js", "console.log('two'); throw new Error('is not the end')");
    place.write("w.js", "console.log('two'); 22");
    assert_eq!(next(), ("two".to_owned(), "22".to_owned()));
    child.kill().unwrap();
    child.wait().unwrap();
    for wrong in [&["exec", "-", "--watch"][..], &["exec", "w.js", "--watch", "--out", "out"]] {
        assert_eq!(place.call(wrong).exit, Some(2), "{wrong:?}");
    }
}

#[test]
fn sessions_are_listed_shown_exported_and_removed() {
    let place = Place::new();
    for source in ["let count = 41", "count += 1"] {
        exec(&place, "cell.js", source, &["--session", "s"]);
    }
    let list = place.json(&["session", "list"]).json;
    assert_eq!((&list[0]["session"], &list[0]["cells"], &list[1]), (&json!("s"), &json!(2), &Value::Null), "{list}");
    let cells = place.json(&["session", "show", "s"]).json;
    assert_eq!((&cells[1]["number"], &cells[1]["run_id"]), (&json!(1), &list[0]["last_run_id"]), "{cells}");
    let shown = place.call(&["session", "show", "s"]);
    assert!(shown.stdout.contains("count += 1  → 42"), "{}", shown.stdout);
    let exported = place.call(&["session", "export", "s"]).stdout;
    let cells: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (cells.len(), &cells[0]["code"]["source"], &cells[1]["outcome"]["returned"]),
        (2, &json!("let count = 41"), &json!(42))
    );
    let gone = place.json(&["session", "rm", "s"]).json;
    assert_eq!(
        (&gone["cells"], gone["removed"].as_array().unwrap().len(), &gone["kept"]),
        (&json!(2), 2, &json!([])),
        "{gone}"
    );
    assert_eq!(place.json(&["session", "list"]).json, json!([]));
    let unknown = place.json(&["session", "show", "s"]);
    assert_eq!(
        (&unknown.json["error"]["kind"], &unknown.json["error"]["detail"]),
        (&json!("not_found"), &json!("session"))
    );
}

#[test]
fn the_functions_for_code_are_printed_for_a_prompt() {
    let place = Place::new();
    let python = place.call(&["exec", "--print-tools", "--lang", "python"]);
    let expected =
        ["class purchases:", "def find(user_id: str) -> Purchase | None:", "price_cents: int", "class ToolError"];
    assert!(expected.iter().all(|part| python.stdout.contains(part)), "{}", python.stdout);
    assert!(python.stdout.starts_with("# It is as CPython 3.14"), "what differs comes first: {}", python.stdout);
    let typed = place.call(&["exec", "--print-tools", "--lang", "typescript", "--tool", "purchases"]);
    assert!(typed.stdout.contains("find(args: { user_id: string }): Promise<"), "{}", typed.stdout);
    assert!(!typed.stdout.contains("payments"), "only what was named: {}", typed.stdout);
    assert!(typed.stdout.starts_with("// It is as Node 20 without packages"), "{}", typed.stdout);
    let unknown = place.json(&["exec", "--print-tools", "--lang", "cobol"]);
    assert_eq!((unknown.exit, &unknown.json["error"]["detail"]), (Some(5), &json!("language")));
}

#[test]
fn a_language_follows_from_the_ending_or_is_named_or_is_refused() {
    let place = Place::new();
    let answer = exec(&place, "code.rb", "1", &[]);
    assert_eq!((answer.exit, &answer.json["error"]["detail"]), (Some(2), &json!("language")), "{answer:?}");
    let answer = exec(&place, "code.py", "1", &[]);
    assert_eq!(answer.exit, Some(5), "{answer:?}");
    let message = answer.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("`stockade language add python` builds it"), "{message}");
    let answer = exec(&place, "sum.ts", "const sum = (a: number, b: number): number => a + b; return sum(1, 2)", &[]);
    assert_eq!(answer.json["output"], 3, "{answer:?}");
    for short in ["js", "ts"] {
        assert_eq!(exec(&place, "code.x", "return 6 * 7", &["--lang", short]).json["output"], 42, "{short}");
    }
    // Any interpreter is a language, under whatever name it is dropped in.
    let component = stockade_tests::dist("javascript");
    place.write("stockade.toml", format!("[language.mine]\ncomponent = {component:?}\n"));
    let answer = exec(&place, "code.x", "6 * 7", &["--lang", "mine"]);
    assert_eq!(answer.json["output"], 42, "{answer:?}");
    let listed = place.json(&["language", "list"]);
    let names: Vec<_> = listed.json.as_array().unwrap().iter().map(|one| (&one["language"], &one["there"])).collect();
    let (yes, no) = (json!(true), json!(false));
    let all = ["javascript", "mine", "python-lite", "typescript", "python"].map(Value::from);
    assert_eq!(names, all.iter().zip([&yes, &yes, &yes, &yes, &no]).collect::<Vec<_>>());
    let refused = place.json(&["language", "add", "cobol"]);
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(5), &json!("language")));
}

#[test]
fn an_unknown_language_tool_or_model_is_refused_before_a_run_starts() {
    let place = Place::new();
    place.write("code.js", "return 1");
    for (args, says) in [
        (&["exec", "code.js", "--lang", "cobol"][..], "the language \"cobol\" is not there"),
        (&["exec", "code.js", "--lang", "py"], "`stockade language add python`"),
        (&["exec", "code.js", "--tool", "purchaces"], "there is no tool \"purchaces\""),
        (&["agent", "hello", "--model", "nobody"], "nobody"),
        (&["agent", "hello"], "model"),
    ] {
        let answer = place.json(args);
        assert_eq!((answer.exit, place.marks().1), (Some(5), 0), "{answer:?}");
        assert!(answer.json["error"]["message"].as_str().unwrap().contains(says), "{answer:?}");
    }
}

#[test]
fn code_that_proved_itself_becomes_a_tool() {
    let place = Place::new();
    let found = exec(&place, "find.js", FIND, &["--tool", "purchases", "--input", "{\"user\": \"user_123\"}"]);
    let step = format!("{}/code", found.json["run_id"].as_str().unwrap());
    let asked = place.json(&["tool", "promote", &step, "price", "--by", "dana"]);
    assert_eq!(asked.exit, Some(2), "no person can be asked here: {asked:?}");
    let promoted = place.json(&["tool", "promote", &step, "price", "--by", "dana", "--yes"]);
    assert_eq!((promoted.exit, &promoted.json["tools"]), (Some(0), &json!(["purchases"])), "{promoted:?}");
    let input = json!({"input": json!({"user": "user_456"}).to_string()}).to_string();
    let called = place.json(&["tool", "call", "price", "run", &input]);
    assert_eq!((called.exit, &called.json["output"]), (Some(0), &json!(4_900)), "{called:?}");
    let inspected = place.json(&["tool", "inspect", "price"]);
    let code = &inspected.json["manifest"]["code"];
    assert_eq!((&code["approved_by"], &code["source"]), (&json!("dana"), &json!(FIND)));
    let again = place.json(&["tool", "promote", &step, "price", "--by", "dana", "--yes"]);
    assert_eq!((again.exit, &again.json["error"]["kind"]), (Some(6), &json!("conflict")));
    let nothing: Value = place.json(&["tool", "promote", &step.replace("code", "x"), "p", "--by", "d", "--yes"]).json;
    assert_eq!(nothing["error"]["kind"], "not_found");
}

#[test]
fn a_promoted_tool_keeps_its_schema_and_its_cases() {
    let place = Place::new();
    let source = "if (input.n < 0) throw new RangeError('less than nothing'); return {square: input.n * input.n}";
    let ran = exec(&place, "square.js", source, &["--input", "{\"n\": 3}"]);
    let step = format!("{}/code", ran.json["run_id"].as_str().unwrap());
    let promote =
        ["tool", "promote", &step, "square", "--by", "dana", "--yes", "--case", "{\"n\": 4}={\"square\": 16}"];
    for (option, wrong) in
        [("--input-schema", "{\"type\": \"strnig\"}"), ("--output-schema", "{\"$ref\": \"#/$defs/no\"}")]
    {
        let refused = place.json(&[&promote[..], &[option, wrong]].concat());
        assert_eq!((refused.exit, &refused.json["error"]["kind"]), (Some(2), &json!("invalid")), "{refused:?}");
    }
    assert_eq!(place.json(&promote).exit, Some(0));
    let snippet = place.json(&["tool", "inspect", "square"]).json["manifest"]["code"].clone();
    let expected = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    assert_eq!(
        (&snippet["input"], &snippet["output"]["properties"]["square"]),
        (&expected, &json!({"type": "integer"}))
    );
    assert_eq!(place.json(&["tool", "call", "square", "run", "{\"n\": 5}"]).json["output"], json!({"square": 25}));
    let tested = place.json(&["tool", "test", "square"]);
    assert_eq!(
        (tested.exit, &tested.json["passed"], &tested.json["failed"]),
        (Some(0), &json!(2), &json!(0)),
        "{tested:?}"
    );
    place.write("cases/1.json", "{\"input\": {\"n\": -1}, \"error\": \"less than nothing\"}");
    place.write("cases/2.json", "{\"input\": {\"n\": 2}, \"output\": {\"square\": 5}}");
    let tested = place.json(&["tool", "test", "square", "--cases", "cases"]);
    assert_eq!(
        (tested.exit, &tested.json["passed"], &tested.json["failed"]),
        (Some(1), &json!(3), &json!(1)),
        "{tested:?}"
    );
    let wrong = &tested.json["examples"][3];
    assert_eq!((&wrong["ok"], &wrong["got"]), (&json!(false), &json!({"output": {"square": 4}})));
    let refused = place.json(&["tool", "test", "policy", "--cases", "cases"]);
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(2), &json!("usage")), "{refused:?}");
}

/// Its own run was its first case, and failed: the tool had no directory, and so not the rights that the code had.
#[test]
fn a_promoted_tool_has_a_directory_of_its_own_as_its_code_had() {
    let place = Place::new();
    let source =
        "const fs = require('fs'); const before = fs.readdirSync('.'); fs.writeFileSync('a', 'b'); return before";
    let ran = exec(&place, "write.js", source, &[]);
    let promote = |ran: &Answer, name: &str| {
        let step = format!("{}/code", ran.json["run_id"].as_str().unwrap());
        place.json(&["tool", "promote", &step, name, "--by", "dana", "--yes"])
    };
    assert_eq!(promote(&ran, "writer").exit, Some(0));
    let tested = place.json(&["tool", "test", "writer"]);
    assert_eq!((tested.exit, &tested.json["passed"]), (Some(0), &json!(1)), "{tested:?}");
    let twice = "await writer.run({input: null}); return await writer.run({input: null})";
    let called = exec(&place, "call.js", twice, &["--tool", "writer"]);
    assert_eq!((called.exit, &called.json["output"]), (Some(0), &json!([])), "{called:?}");
    place.write("given.txt", "x");
    let given = exec(&place, "read.js", "return require('fs').readdirSync('.')", &["--file", "given.txt"]);
    let refused = promote(&given, "reader");
    assert_eq!((refused.exit, &refused.json["error"]["kind"]), (Some(6), &json!("conflict")), "{refused:?}");
}

/// Of a tool whose arguments are the members of its input, a case with another input was tried with this input in a member.
#[test]
fn a_case_that_the_tool_cannot_be_given_and_a_name_that_no_tool_has_are_refused() {
    let place = Place::new();
    let ran = exec(&place, "n.js", "return input.n", &["--input", "{\"n\": 1}"]);
    let step = format!("{}/code", ran.json["run_id"].as_str().unwrap());
    let promote = |name: &str, more: &[&str]| {
        place.json(&[&["tool", "promote", &step, name, "--by", "dana", "--yes"], more].concat())
    };
    for (name, more, says) in [
        ("own", &["--case", "5=5"][..], "\"5\" is no object"),
        ("input", &[], "\"input\" is not a name for a tool"),
        (&"a".repeat(65), &[], "64 at most"),
    ] {
        let refused = promote(name, more);
        assert_eq!(refused.exit, Some(2), "{refused:?}");
        assert!(refused.json["error"]["message"].as_str().unwrap().contains(says), "{refused:?}");
    }
    assert_eq!(promote("own", &[]).exit, Some(0));
    place.write("cases/1.json", "{\"input\": [1], \"output\": 1}");
    let refused = place.json(&["tool", "test", "own", "--cases", "cases"]);
    assert_eq!((refused.exit, &refused.json["error"]["detail"]), (Some(2), &json!("cases")), "{refused:?}");
}

/// One promoted tool that calls tools was enough, and no functions were printed at all.
#[test]
fn promoted_tools_are_listed_and_printed_with_their_own_arguments() {
    let place = Place::new();
    let find = exec(&place, "find.js", FIND, &["--tool", "purchases", "--input", "{\"user\": \"user_123\"}"]);
    let square = exec(&place, "square.js", "return input.n * input.n", &["--input", "{\"n\": 3}"]);
    for (ran, name) in [(&find, "price"), (&square, "square")] {
        let step = format!("{}/code", ran.json["run_id"].as_str().unwrap());
        assert_eq!(place.json(&["tool", "promote", &step, name, "--by", "dana", "--yes"]).exit, Some(0));
    }
    let printed = place.call(&["exec", "--print-tools", "--lang", "javascript"]);
    assert_eq!(printed.exit, Some(0), "{printed:?}");
    assert!(printed.stdout.contains("const square:") && !printed.stdout.contains("const price:"), "{printed:?}");
    let named = place.call(&["exec", "--print-tools", "--lang", "javascript", "--tool", "price"]);
    assert_eq!(named.exit, Some(2), "what is named and cannot be called is refused: {named:?}");
    let listed = place.call(&["tool", "list"]).stdout;
    assert!(listed.contains("run(n)") && listed.contains("run(user)"), "{listed}");
}

/// What stands in the folder of promoted tools is run as one, so it must be what was promoted: a file that another user put
/// there, or that is cut off, is left out, and everything else goes on.
#[cfg(unix)]
#[test]
fn a_tool_that_was_not_promoted_here_is_left_out() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    let found = exec(&place, "find.js", FIND, &["--tool", "purchases", "--input", "{\"user\": \"user_123\"}"]);
    let step = format!("{}/code", found.json["run_id"].as_str().unwrap());
    assert_eq!(place.json(&["tool", "promote", &step, "price", "--by", "dana", "--yes"]).exit, Some(0));
    let (wasm, seal) = (place.data("tools/price.wasm"), place.data("tools/price.seal"));
    let whole = fs::read(&wasm).unwrap();
    // Another name, with the seal of the first; a component of another tool, under the first one's name; half of it.
    fs::copy(&wasm, place.data("tools/planted.wasm")).unwrap();
    fs::copy(&seal, place.data("tools/planted.seal")).unwrap();
    fs::copy(stockade_tests::dist("policy"), place.data("tools/policy2.wasm")).unwrap();
    let inspect = |name: &str| place.json(&["tool", "inspect", name]);
    for name in ["planted", "policy2"] {
        let answer = inspect(name);
        assert_eq!((answer.exit, &answer.json["error"]["kind"]), (Some(5), &json!("not_found")), "{answer:?}");
        assert!(answer.stderr.contains(&format!("tool \"{name}\" is left out")), "{}", answer.stderr);
    }
    assert_eq!(inspect("price").exit, Some(0));
    for broken in [&whole[..whole.len() / 2], b"", &fs::read(stockade_tests::dist("policy")).unwrap()] {
        fs::write(&wasm, broken).unwrap();
        let answer = inspect("price");
        assert_eq!((answer.exit, &answer.json["error"]["kind"]), (Some(5), &json!("not_found")), "{answer:?}");
        assert!(answer.stderr.contains("is not the file that was sealed"), "{}", answer.stderr);
        assert_eq!(inspect("purchases").exit, Some(0));
    }
    fs::write(&wasm, whole).unwrap();
    assert_eq!(inspect("price").exit, Some(0));
    fs::set_permissions(place.data(""), fs::Permissions::from_mode(0o770)).unwrap();
    let message = inspect("price").json["error"]["message"].clone();
    assert!(message.as_str().unwrap().contains("chmod go-w \".stockade\""), "{message}");
}
