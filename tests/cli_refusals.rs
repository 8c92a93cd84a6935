//! What is refused: with which exit code, in which words, and with nothing changed.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};
use stockade_tests::{Answer, Place, dist};

/// A command that is refused; `{names}` in it stand for what [`world`] made.
struct Refusal {
    args: &'static [&'static str],
    exit: i32,
    kind: &'static str,
    /// Texts of the message, of which each must be there: the offending value above all.
    says: &'static [&'static str],
}

const fn refusal(
    args: &'static [&'static str],
    exit: i32,
    kind: &'static str,
    says: &'static [&'static str],
) -> Refusal {
    Refusal { args, exit, kind, says }
}

/// The id of a run that does not exist.
const UNKNOWN: &str = "0199c8a0-0000-7000-8000-000000000000";

const DECISIONS: &[Refusal] = &[
    refusal(&["approve", "{done}", "--by", "dana"], 6, "conflict", &["{done}", "is done and waits for no decision"]),
    refusal(&["deny", "{done}", "--by", "dana"], 6, "conflict", &["{done}", "is done and waits for no decision"]),
    refusal(&["approve", "{decided}", "--by", "eve"], 6, "conflict", &["{decided}", "\"dana\" has decided already"]),
    refusal(&["deny", "{decided}", "--by", "eve"], 6, "conflict", &["{decided}", "\"dana\" has decided already"]),
    refusal(&["approve", "{waiting}", "--by", ""], 2, "invalid", &["names no person"]),
    refusal(&["deny", "{waiting}", "--by", " \t"], 2, "invalid", &["names no person"]),
    refusal(&["approve", "{waiting}"], 2, "invalid", &["--by"]),
    refusal(&["approve", "{unknown}", "--by", "dana"], 5, "not_found", &["there is no run \"{unknown}\""]),
    refusal(&["deny", "{unknown}", "--by", "dana"], 5, "not_found", &["there is no run \"{unknown}\""]),
    refusal(&["approve", "12-nope", "--by", "dana"], 2, "invalid", &["\"12-nope\" is not a run's id"]),
    refusal(&["approve", "", "--by", "dana"], 2, "invalid", &["\"\" is not a run's id"]),
];

const RUNS: &[Refusal] = &[
    refusal(&["show", "{unknown}"], 5, "not_found", &["there is no run \"{unknown}\""]),
    refusal(
        &["show", "{unknown}", "--data-dir", "./.stockade"],
        5,
        "not_found",
        &["`stockade runs --data-dir ./.stockade` lists them"],
    ),
    refusal(&["worker", "--grace", "99999999999h"], 2, "invalid", &["\"99999999999h\" is more than 5124095576h"]),
    refusal(&["runs", "--since", "99999999999999d"], 2, "invalid", &["is more than 213503982334d, which is the most"]),
    refusal(&["resume", "{unknown}"], 5, "not_found", &["there is no run \"{unknown}\""]),
    refusal(&["budget", "{unknown}"], 5, "not_found", &["there is no run \"{unknown}\""]),
    refusal(&["show", "12-nope"], 2, "invalid", &["\"12-nope\" is not a run's id"]),
    refusal(&["resume", "12-nope"], 2, "invalid", &["\"12-nope\" is not a run's id"]),
    refusal(&["budget", "{done}", "--add", "fuel=5"], 6, "conflict", &["{done}", "its budget is closed"]),
    refusal(&["budget", "{waiting}", "--add", "fuel=0"], 2, "invalid", &["nothing is added"]),
    refusal(&["budget", "{waiting}", "--add", "fule=5"], 2, "invalid", &["\"fule=5\"", "fuel, memory, wall"]),
    refusal(&["budget", "{waiting}", "--add", "fuel=lots"], 2, "invalid", &["\"fuel=lots\"", "fuel=1000000"]),
];

const INPUTS: &[Refusal] = &[
    refusal(
        &["run", "refund", "--input", "not json"],
        2,
        "invalid",
        &["the JSON of the input is not valid", "line 1 column 2"],
    ),
    refusal(&["run", "refund", "--input", ""], 2, "invalid", &["the JSON of the input is not valid"]),
    refusal(
        &["run", "refund", "--input", "{deep}"],
        2,
        "invalid",
        &["the JSON of the input is not valid", "nested more than 64 deep"],
    ),
    refusal(&["run", "refund", "--input", "[1, 2]"], 2, "invalid", &["the run's input does not fit"]),
    refusal(&["run", "refund", "--input", "7"], 2, "invalid", &["the run's input does not fit", "`7`"]),
    refusal(&["run", "refund", "--input", r#"{"user_id": 7, "request": "x"}"#], 2, "invalid", &["`7`", "string"]),
    refusal(&["run", "refund", "--input", r#"{"user_id": "a"}"#], 2, "invalid", &["`request`"]),
    refusal(
        &["run", "refund", "--input", r#"{"user_id": "a", "request": "x", "amount": 1}"#],
        2,
        "invalid",
        &["unknown field `amount`"],
    ),
    refusal(
        &["run", "refund", "--input", r#"{"user_id": "", "request": "x"}"#],
        2,
        "invalid",
        &["\"user_id\" is empty"],
    ),
    refusal(&["run", "refund"], 2, "invalid", &["--input"]),
    refusal(&["run", "refound", "--input", "{}"], 5, "not_found", &["there is no workflow \"refound\"", "refund"]),
    refusal(
        &["run", "refund", "--input", "{fine}", "--budget", "dollars=5"],
        2,
        "invalid",
        &["\"dollars=5\"", "money"],
    ),
    refusal(
        &["run", "refund", "--input", "{fine}", "--budget", "steps"],
        2,
        "invalid",
        &["\"steps\"", "CURRENCY=AMOUNT"],
    ),
    refusal(
        &["run", "refund", "--input", "{fine}", "--config", "wrong.toml"],
        2,
        "invalid",
        &["wrong.toml", "line 2, \"widow_days = …\": unknown field `widow_days`", "unknown field"],
    ),
    refusal(&["run", "refund", "--input", "{fine}", "--config", "none.toml"], 5, "not_found", &["\"none.toml\""]),
    refusal(&["rum"], 2, "invalid", &["'rum'"]),
    refusal(&["runs", "--colour"], 2, "invalid", &["'--colour'"]),
];

const TOOLS: &[Refusal] = &[
    refusal(
        &["tool", "call", "policy", "within_window", "{}", "--idempotency-key", ""],
        2,
        "invalid",
        &["--idempotency-key", "at least one letter"],
    ),
    refusal(&["tool", "call", "polcy", "x"], 5, "not_found", &["there is no tool \"polcy\"", "policy"]),
    refusal(&["tool", "inspect", "polcy"], 5, "not_found", &["there is no tool \"polcy\"", "policy"]),
    refusal(
        &["tool", "call", "policy", "approve"],
        5,
        "not_found",
        &["there is no function \"approve\"", "within_window"],
    ),
    refusal(
        &["tool", "call", "policy", "within_window", "{deep}"],
        2,
        "invalid",
        &["the JSON of the arguments is not valid"],
    ),
    refusal(&["tool", "call", "policy", "within_window", "[]"], 2, "invalid", &["object"]),
    refusal(
        &["tool", "call", "policy", "within_window", r#"{"days_ago": "12", "window_days": 30}"#],
        2,
        "invalid",
        &["days_ago", "\"12\""],
    ),
    refusal(&["tool", "call", "policy", "within_window", r#"{"days_ago": 12}"#], 2, "invalid", &["window_days"]),
    refusal(&["tool", "call", "policy", "within_window", "{}", "--budget", "cpu=1"], 2, "invalid", &["\"cpu=1\""]),
    refusal(
        &["tool", "call", "policy", "within_window", "{}", "--budget", "steps=3"],
        2,
        "invalid",
        &["\"steps=3\" names steps", "fuel, memory and wall"],
    ),
    refusal(&["tool", "call", "./none.wasm", "run"], 5, "not_found", &["\"./none.wasm\""]),
    refusal(&["tool", "call", "./text.wasm", "run"], 1, "invalid", &["is not WebAssembly"]),
    refusal(&["tool", "inspect", "./text.wasm"], 1, "invalid", &["is not WebAssembly"]),
    refusal(&["tool", "call", "./core.wasm", "run"], 1, "invalid", &["is a core module"]),
    refusal(&["tool", "call", "./truncated.wasm", "run"], 1, "invalid", &["the component is not valid"]),
    refusal(&["tool", "call", "./machine-code.wasm", "run"], 1, "invalid", &["is machine code"]),
    refusal(
        &["tool", "call", "./network.wasm", "run"],
        1,
        "denied",
        &["./network.wasm", "wasi:http/incoming-handler@0.2.0"],
    ),
    refusal(
        &["tool", "call", "./unknown-import.wasm", "run"],
        1,
        "denied",
        &["./unknown-import.wasm", "acme:warp/drive@1.0.0"],
    ),
    refusal(
        &["tool", "call", "{purchases}", "find", r#"{"user_id": "user_123"}"#],
        1,
        "denied",
        &[
            "tool \"purchases\" asked for sql \"shop\", which is not granted",
            "sql = [{ name = \"shop\", url = \"sqlite:PATH\" }] would allow it",
        ],
    ),
    refusal(
        &["tool", "call", "{payments}", "refund", r#"{"user_id": "user_123", "amount_cents": 5}"#],
        1,
        "denied",
        &["tool \"payments\" asked for sql \"shop\", which is not granted"],
    ),
];

/// What is named and is not there is told from what is there and is not what it should be.
const NAMED: &[Refusal] = &[
    refusal(&["exec", "none.js"], 5, "not_found", &["\"none.js\" cannot be read"]),
    refusal(&["exec", "text.wasm", "--lang", "js", "--file", "none.csv"], 5, "not_found", &["\"none.csv\""]),
    refusal(&["exec", "text.wasm", "--lang", "js", "--file", "."], 2, "invalid", &["\".\""]),
    refusal(&["exec", "text.wasm", "--lang", "klingon"], 5, "not_found", &["\"klingon\""]),
    refusal(&["agent", "x", "--image", "none.png"], 5, "not_found", &["\"none.png\" cannot be shown"]),
    refusal(&["agent", "x", "--image", "text.wasm"], 2, "invalid", &["\"text.wasm\" cannot be shown"]),
    refusal(&["memory", "add", "none.md"], 5, "not_found", &["\"none.md\" cannot be kept"]),
    refusal(&["memory", "add", "core.wasm/"], 2, "invalid", &["cannot be kept"]),
    refusal(&["memory", "forget", "7"], 5, "not_found", &["there is no memory 7"]),
    refusal(&["memory", "forget", "--source", "none.md"], 5, "not_found", &["of the source \"none.md\""]),
    refusal(&["memory", "forget", "--run", "{unknown}"], 5, "not_found", &["there is no run \"{unknown}\""]),
    refusal(&["language", "add", "klingon"], 5, "not_found", &["\"klingon\" is not a language that can be added"]),
    refusal(&["tool", "new", "x", "--config", "none.toml"], 5, "not_found", &["\"none.toml\""]),
    refusal(&["tool", "pull", "oci://h/x:1", "--config", "none.toml"], 5, "not_found", &["\"none.toml\""]),
    refusal(&["memory", "list", "--config", "none.toml"], 5, "not_found", &["\"none.toml\""]),
];

/// A place with a run that is done, one that was approved and one that waits, and files that are not components.
fn world() -> (Place, Vec<(&'static str, String)>) {
    let place = Place::new();
    let done = place.refund("user_789", &[]).run();
    let decided = place.refund("user_123", &[]).run();
    assert_eq!(place.json(&["approve", &decided, "--by", "dana"]).exit, Some(0));
    let waiting = place.refund("user_123", &[]).run();
    place.write("text.wasm", "not a component at all");
    place.write("core.wasm", wat::parse_str("(module)").unwrap());
    let whole = fs::read(dist("policy")).unwrap();
    place.write("truncated.wasm", &whole[..whole.len() / 2]);
    let mut cached =
        fs::read_dir(stockade_tests::user("cache").join("stockade/code")).unwrap().map(|file| file.unwrap().path());
    let cached = cached.find(|path| path.extension().is_some()).unwrap();
    fs::copy(cached, place.path("machine-code.wasm")).unwrap();
    place.write("wrong.toml", "[workflow.refund]\nwidow_days = 3\n");
    place.guest("network");
    place.guest("unknown-import");
    let deep = "[".repeat(200) + &"]".repeat(200);
    let names = vec![
        ("{done}", done),
        ("{decided}", decided),
        ("{waiting}", waiting),
        ("{unknown}", UNKNOWN.to_owned()),
        ("{deep}", deep),
        ("{fine}", r#"{"user_id": "user_123", "request": "x"}"#.to_owned()),
        ("{purchases}", dist("purchases").display().to_string()),
        ("{payments}", dist("payments").display().to_string()),
    ];
    (place, names)
}

fn named(text: &str, names: &[(&str, String)]) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[track_caller]
fn assert_refused(answer: &Answer, exit: i32, kind: &str, says: &[String]) {
    let (error, object) = (&answer.json["error"], answer.json.as_object().unwrap());
    assert_eq!((answer.exit, &error["kind"], object.len()), (Some(exit), &json!(kind), 1), "{answer:#?}");
    let message = error["message"].as_str().unwrap();
    for text in says {
        assert!(message.contains(text), "\"{text}\" is not in: {message}");
    }
    assert!(!message.contains('\n') && !message.ends_with('.'), "{message}");
}

fn check(refusals: &[Refusal]) {
    let (place, names) = world();
    let before = place.marks();
    assert_eq!((before.1, before.2), (3, 2));
    for Refusal { args, exit, kind, says } in refusals {
        let args: Vec<_> = args.iter().map(|arg| named(arg, &names)).collect();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let says: Vec<_> = says.iter().map(|text| named(text, &names)).collect();
        assert_refused(&place.json(&args), *exit, kind, &says);
        // A person is told the same on stderr, and stdout stays empty for the next program in the pipe.
        let told = place.call(&args);
        assert_eq!((told.exit, told.stdout.as_str()), (Some(*exit), ""), "{args:?} {told:#?}");
        assert!(told.stderr.contains("error: "), "{args:?} {told:#?}");
        assert_eq!(place.marks(), before, "{args:?} changed something");
    }
}

#[test]
fn decisions_without_a_question_are_refused() {
    check(DECISIONS);
}

#[test]
fn unknown_runs_are_refused() {
    check(RUNS);
}

#[test]
fn absent_files_and_unknown_names_are_refused() {
    check(NAMED);
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    check(INPUTS);
}

#[test]
fn tools_that_do_not_exist_or_lack_a_grant_are_refused() {
    check(TOOLS);
}

/// An input over a megabyte does not fit on a command line, so it comes from stdin.
/// A worker that drives no run at once looked for runs for ever; of two values of a label, one was dropped without a word.
const QUEUES: &[Refusal] = &[
    refusal(&["worker", "--once", "--at-once", "0"], 2, "invalid", &["'0'", "--at-once"]),
    refusal(
        &["run", "refund", "--input", "{fine}", "--queue", "q", "--label", "queue=z"],
        2,
        "invalid",
        &["label \"queue\"", "\"z\"", "\"q\""],
    ),
    refusal(
        &["run", "refund", "--input", "{fine}", "--label", "a=1", "--label", "a=2"],
        2,
        "invalid",
        &["label \"a\"", "\"1\"", "\"2\""],
    ),
    refusal(&["runs", "--label", "a=1", "--label", "a=2"], 2, "invalid", &["label \"a\"", "\"1\"", "\"2\""]),
    refusal(&["run", "refund", "--input", "{fine}", "--queue", "q,r"], 2, "invalid", &["\"q,r\"", "comma"]),
    refusal(&["run", "refund", "--input", "{fine}", "--queue", ""], 2, "invalid", &["\"\"", "queue"]),
    refusal(&["run", "refund", "--input", "{fine}", "--label", "queue=q,r"], 2, "invalid", &["\"q,r\"", "comma"]),
    refusal(&["worker", "--once", "--queues", "q,,r"], 2, "invalid", &["\"\"", "queue"]),
];

#[test]
fn queues_and_labels_that_contradict_or_name_nothing_are_refused() {
    check(QUEUES);
}

/// A name that SQLite reads as a journal in memory once took a run, which was lost then.
#[test]
fn a_journal_that_is_neither_a_file_nor_a_known_database_is_refused_and_leaves_no_file() {
    let place = Place::new();
    for (journal, says) in [
        ("", "the journal's path is empty"),
        ("sqlite:", "the journal's path is empty"),
        (":memory:", "\":memory:\""),
        ("sqlite::memory:", "\":memory:\""),
        ("file::memory:?cache=shared", "\"file:\""),
        ("file:x?mode=memory", "\"file:\""),
        ("postgre://u@h/d", "\"postgre://\""),
        ("POSTGRES://u@h/d", "\"POSTGRES://\""),
        ("mysql://u:hunter2@h/d", "\"mysql://\""),
    ] {
        let refused = place.refund("user_789", &["--journal", journal, "--data-dir", "data"]);
        assert_refused(&refused, 2, "invalid", &[says.to_owned()]);
        assert!(!refused.stdout.contains("hunter2"), "{refused:#?}");
        let config = place.write("journal.toml", format!("[journal]\nurl = \"{journal}\"\n"));
        let refused = place.refund("user_789", &["--config", config.to_str().unwrap(), "--data-dir", "data"]);
        assert_refused(&refused, 2, "invalid", &[says.to_owned()]);
    }
    let made: Vec<_> = fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(made.iter().all(|name| name == "data" || name == "journal.toml"), "{made:?}");
}

#[test]
fn an_input_that_is_too_large_is_refused() {
    let place = Place::new();
    place.refund("user_789", &[]);
    let before = place.marks();
    let file = place.write("large.json", json!({"user_id": "a", "request": "x".repeat(1 << 20)}).to_string());
    let mut command = place.command(&["run", "refund", "--input", "-", "--json"]);
    let answer = Answer::of_json(command.stdin(fs::File::open(file).unwrap()).output().unwrap());
    assert_refused(&answer, 2, "invalid", &["1048604 bytes".to_owned(), "1048576 are allowed".to_owned()]);
    assert_eq!(place.marks(), before);
}

/// Does something to the journal behind the binary's back, and expects each command to refuse it.
fn check_journal(spoil: impl Fn(&Connection), commands: &[&[&str]], says: &[&str]) {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    let spoilt = Connection::open(place.data("journal.db")).unwrap();
    spoil(&spoilt);
    drop(spoilt);
    let before = place.marks();
    let says: Vec<_> = says.iter().map(|text| (*text).to_owned()).chain(["journal.db".to_owned()]).collect();
    for args in commands {
        let args: Vec<_> = args.iter().map(|arg| arg.replace("{run}", &run)).collect();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        assert_refused(&place.json(&args), 1, "journal", &says);
        assert_eq!(place.marks(), before, "{args:?}");
    }
}

const ALL_OF_ONE_RUN: &[&[&str]] =
    &[&["show", "{run}"], &["resume", "{run}"], &["budget", "{run}"], &["approve", "{run}", "--by", "dana"]];

#[test]
fn a_journal_of_a_newer_version_is_refused() {
    const OTHERS: &[&[&str]] = &[&["runs"], &["resume"], &["run", "refund", "--input", "{}"], &["tool", "list"]];
    let all = [ALL_OF_ONE_RUN, OTHERS].concat();
    let newer = |journal: &Connection| journal.pragma_update(None, "user_version", 999).unwrap();
    check_journal(newer, &all, &["newer stockade", "999"]);
}

#[test]
fn an_entry_of_a_newer_format_is_refused() {
    let newer = |journal: &Connection| journal.execute_batch("UPDATE entries SET format = 77").unwrap();
    check_journal(newer, ALL_OF_ONE_RUN, &["newer stockade", "77"]);
}

#[test]
fn an_entry_that_cannot_be_read_is_refused() {
    for spoilt in ["substr(change, 1, length(change) - 1)", "x'07'", "'{'"] {
        let last = "seq = (SELECT max(seq) FROM entries)";
        let update = format!("UPDATE entries SET change = {spoilt} WHERE {last}");
        let spoil = |journal: &Connection| journal.execute_batch(&update).unwrap();
        check_journal(spoil, ALL_OF_ONE_RUN, &["entry ", " of run ", "cannot be read"]);
    }
}

#[test]
fn a_file_that_is_not_a_journal_is_refused() {
    let text = "this is a letter to a friend, not a database\n".repeat(99).into_bytes();
    let place = Place::new();
    Connection::open(place.path("friends.db")).unwrap().execute_batch("CREATE TABLE friends (name TEXT)").unwrap();
    let database = fs::read(place.path("friends.db")).unwrap();
    for (bytes, says) in [(text, "cannot be used"), (database, "is not a stockade journal")] {
        let place = Place::new();
        fs::create_dir(place.data("")).unwrap();
        place.write(".stockade/journal.db", &bytes);
        let answer = place.refund("user_789", &[]);
        assert_refused(&answer, 1, "journal", &[says.to_owned(), "journal.db".to_owned()]);
        assert!(fs::read(place.data("journal.db")).unwrap() == bytes, "the file was changed");
    }
}

#[test]
fn a_data_directory_that_is_a_file_is_refused() {
    let place = Place::new();
    let file = place.write("file", "x").display().to_string();
    let answer = place.json(&["runs", "--data-dir", &file]);
    assert_refused(&answer, 1, "journal", &[file, "--data-dir names another".to_owned()]);
}

/// Root may write everywhere, so the binary runs as another user here: a copy of it that this user can reach.
#[cfg(unix)]
mod read_only {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;
    use std::path::{Path, PathBuf};

    use super::*;

    const NOBODY: u32 = 65_534;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Gives files to another user. Where the tests are not root's, all are of the one user anyway.
    fn give(paths: &[PathBuf], user: u32) {
        paths.iter().for_each(|path| drop(chown(path, Some(user), None)));
    }

    fn call(place: &Place, args: &[&str]) -> Answer {
        let mut command = std::process::Command::new(place.path("stockade"));
        command.args(args).arg("--json").current_dir(place.path(""));
        if fs::metadata(place.path("")).unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        Answer::of_json(command.output().unwrap())
    }

    #[test]
    fn a_read_only_data_directory_is_refused() {
        let place = Place::new();
        let run = place.refund("user_123", &[]).run();
        // Were it written by this process, a child of another test could hold it open, and it could not be run.
        let mut copy = std::process::Command::new("cp");
        assert!(copy.arg(stockade_tests::binary()).arg(place.path("stockade")).status().unwrap().success());
        let before = place.marks();
        let mut closed: Vec<_> = fs::read_dir(place.data("")).unwrap().map(|entry| entry.unwrap().path()).collect();
        closed.push(place.data(""));
        closed.iter().for_each(|path| chmod(path, if path.is_dir() { 0o555 } else { 0o444 }));
        chmod(&place.path(""), 0o555);

        let input = r#"{"user_id": "user_789", "request": "x"}"#;
        let memory = ["\".stockade/memory.db\"".to_owned(), "with the mode 444".to_owned()];
        assert_refused(&call(&place, &["run", "refund", "--input", input]), 1, "journal", &memory);
        assert_refused(&call(&place, &["approve", &run, "--by", "dana"]), 1, "journal", &memory);
        assert_eq!(call(&place, &["show", &run]).json["status"], "waiting");
        let nowhere = ["\"elsewhere\"".to_owned(), "cannot be created".to_owned()];
        assert_refused(&call(&place, &["resume", "--data-dir", "elsewhere"]), 1, "journal", &nowhere);

        // With a memory that may be written, it is the journal that says no.
        closed.iter().for_each(|path| chmod(path, if path.is_dir() { 0o700 } else { 0o600 }));
        give(&closed, NOBODY);
        chmod(&place.data("journal.db"), 0o444);
        let journal = ["\".stockade/journal.db\"".to_owned(), "readonly".to_owned()];
        assert_refused(&call(&place, &["approve", &run, "--by", "dana"]), 1, "journal", &journal);

        closed.retain(|path| path.exists());
        give(&closed, 0);
        closed.iter().for_each(|path| chmod(path, if path.is_dir() { 0o700 } else { 0o600 }));
        chmod(&place.path(""), 0o700);
        assert_eq!(place.marks(), before);
        assert_eq!(place.json(&["approve", &run, "--by", "dana"]).json["status"], Value::from("done"));
    }
}
