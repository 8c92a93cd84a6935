//! Tools as their authors meet them: new, built, packed, inspected, tested; and the same in every process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use stockade::{Grant, Kind};
use stockade_tests::{Answer, Place, dist, root};
use tempfile::TempDir;

/// Writes a new tool, and returns its folder.
fn new(place: &Place, name: &str, more: &[&str]) -> PathBuf {
    let answer = place.json(&[&["tool", "new", name], more].concat());
    assert_eq!(answer.exit, Some(0), "{answer:?}");
    place.path(name)
}

/// Calls the binary in a folder.
fn call_in(folder: &Path, place: &Place, args: &[&str]) -> Answer {
    let mut command = place.command(args);
    command.current_dir(folder).arg("--json").arg("--data-dir").arg(place.data(""));
    Answer::of_json(command.output().unwrap())
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
}

/// Packs what was built, and sees it pass its own examples.
fn passes_its_own_test(place: &Place, folder: &Path, component: &str) {
    let answer = call_in(folder, place, &["tool", "pack", component]);
    assert_eq!(answer.exit, Some(0), "{answer:?}");
    let answer = call_in(folder, place, &["tool", "test", &format!("./{component}")]);
    assert_eq!(
        (answer.exit, &answer.json["passed"], &answer.json["failed"]),
        (Some(0), &json!(2), &json!(0)),
        "{answer:?}"
    );

    let said = call_in(folder, place, &["tool", "inspect", &format!("./{component}")]).json;
    assert_eq!(said["manifest"]["description"], "Greets people.");
    let greet = said["functions"].as_array().unwrap().iter().find(|function| function["name"] == "greet").unwrap();
    assert!(greet["description"].as_str().unwrap().starts_with("Returns a greeting"), "{greet}");
}

/// Packs an example that is not true, and sees the test fail.
fn fails_a_wrong_test(place: &Place, folder: &Path, component: &str) {
    let wrong = std::fs::read_to_string(folder.join("tool.toml")).unwrap().replace("Hello, Ada", "Hello, Bob");
    std::fs::write(folder.join("wrong.toml"), wrong).unwrap();
    let packed = call_in(folder, place, &["tool", "pack", component, "--manifest", "wrong.toml", "-o", "wrong.wasm"]);
    assert_eq!(packed.exit, Some(0), "{packed:?}");
    let answer = call_in(folder, place, &["tool", "test", "./wrong.wasm"]);
    assert_eq!((answer.exit, &answer.json["failed"]), (Some(1), &json!(1)));
    assert_eq!(answer.json["examples"][0]["got"], json!({"output": "Hello, Ada"}));
}

/// Builds a new Rust tool with the toolchain that the guests are built with, and with their versions of crates. Returns the
/// folder that its `target` is, gone when it is dropped.
///
/// The crates that run in the compiler are half of the work, and are those of the guests: their files are there by other
/// names, as in `tests/features`. What is compiled for WebAssembly is not, for it has the paths of its folder.
fn build_rust(folder: &Path) -> TempDir {
    let guests = root().join("guest-tools");
    std::fs::create_dir_all(guests.join("target")).unwrap();
    let target = tempfile::tempdir_in(guests.join("target")).unwrap();
    if guests.join("target/release").exists() {
        run(Command::new("cp").arg("-al").arg(guests.join("target/release")).arg(target.path()));
        // A lock is of a file, whatever its name.
        for lock in [".cargo-lock", ".cargo-artifact-lock", ".cargo-build-lock"] {
            let _ = std::fs::remove_file(target.path().join("release").join(lock));
        }
    }
    std::os::unix::fs::symlink(target.path(), folder.join("target")).unwrap();
    std::fs::copy(guests.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    run(Command::new(guests.join("build")).arg("--crate").arg(folder));
    target
}

#[test]
#[ignore = "needs a toolchain for WebAssembly; tests/run installs one"]
fn a_new_rust_tool_builds_and_passes_its_test() {
    let place = Place::new();
    let folder = new(&place, "price-list", &[]);
    let _target = build_rust(&folder);
    let component = "target/wasm32-unknown-unknown/release/price_list.wasm";
    passes_its_own_test(&place, &folder, component);
    fails_a_wrong_test(&place, &folder, component);
    let said = call_in(&folder, &place, &["tool", "inspect", &format!("./{component}")]).json;
    assert_eq!(said["imports"], json!([]), "a lean tool imports nothing");
}

#[test]
#[ignore = "needs a toolchain for WebAssembly; tests/run installs one"]
fn a_new_rust_tool_with_wasi_builds_and_passes_its_test() {
    let place = Place::new();
    let folder = new(&place, "greeter", &["--wasi"]);
    let _target = build_rust(&folder);
    passes_its_own_test(&place, &folder, "target/wasm32-wasip2/release/greeter.wasm");
}

fn languages() -> PathBuf {
    run(&mut Command::new(root().join("tests/languages")));
    root().join("target/languages")
}

#[test]
#[ignore = "needs componentize-py; tests/run installs it"]
fn a_new_python_tool_builds_and_passes_its_test() {
    let place = Place::new();
    let folder = new(&place, "greeter", &["--lang", "python"]);
    // To make a component of Python and compile it takes long: the one of the template gets an exception of its own, too.
    let app = std::fs::read_to_string(folder.join("app.py")).unwrap();
    let greets = "        return f";
    let raises = "        if name == \"Eve\":\n            raise ValueError(\"Eve has left\")\n";
    assert_eq!(app.matches(greets).count(), 1);
    std::fs::write(folder.join("app.py"), app.replace(greets, &[raises, greets].concat())).unwrap();
    let mut componentize = Command::new(languages().join("venv/bin/componentize-py"));
    run(componentize.current_dir(&folder).args("-d wit -w tool componentize app -o greeter.wasm".split(' ')));
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(readme.contains("    componentize-py -d wit -w tool componentize app -o greeter.wasm\n"));
    passes_its_own_test(&place, &folder, "greeter.wasm");
    // The tool chain's own `init` is no function of the tool, and an exception's text is not lost.
    let path = folder.join("greeter.wasm").display().to_string();
    let inspected = place.json(&["tool", "inspect", &path]).json;
    assert_eq!(inspected["functions"].as_array().map(Vec::len), Some(1), "{}", inspected["functions"]);
    let failed = place.json(&["tool", "call", &path, "greet", r#"{"name": "Eve"}"#]).json;
    let message = failed["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("ValueError: Eve has left"), "{failed}");
}

#[test]
#[ignore = "needs componentize-js; tests/run installs it"]
fn a_new_javascript_tool_builds_and_passes_its_test() {
    let place = Place::new();
    let folder = new(&place, "greeter", &["--lang", "javascript"]);
    std::os::unix::fs::symlink(languages().join("node_modules"), folder.join("node_modules")).unwrap();
    run(Command::new("npm").current_dir(&folder).args(["run", "--silent", "build"]));
    passes_its_own_test(&place, &folder, "greeter.wasm");
}

#[test]
fn a_new_tool_overwrites_nothing_and_has_a_name() {
    let place = Place::new();
    let folder = new(&place, "greeter", &[]);
    let before = std::fs::read(folder.join("tool.toml")).unwrap();
    std::fs::write(folder.join("tool.toml"), "mine").unwrap();
    let again = place.json(&["tool", "new", "greeter", "--lang", "python"]);
    assert_eq!((again.exit, &again.json["error"]["kind"]), (Some(6), &json!("conflict")));
    assert_eq!(std::fs::read(folder.join("tool.toml")).unwrap(), b"mine");
    assert!(!folder.join("app.py").exists() && !before.is_empty());

    for name in ["", "-a", "a--b", "A", "../x", "a/b", "a_b", "1a", "a-1", &"a".repeat(41)] {
        let answer = Answer::of_json(place.command(&["--json", "tool", "new", "--", name]).output().unwrap());
        assert_eq!((answer.exit, &answer.json["error"]["kind"]), (Some(2), &json!("invalid")), "{name}");
    }
    assert_eq!(place.json(&["tool", "new", "other", "--lang", "python", "--wasi"]).exit, Some(2));
    let made: Vec<_> = std::fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made, ["greeter"], "nothing else was made, not even a data directory");
}

#[test]
fn the_templates_leave_no_gaps() {
    let place = Place::new();
    for (name, more) in
        [("one", &[][..]), ("two", &["--wasi"]), ("three", &["--lang", "python"]), ("four", &["--lang", "javascript"])]
    {
        let mut folders = vec![new(&place, name, more)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(
                        !text.contains("{{n") && !text.contains("{{s") && !text.contains("{{c"),
                        "{}",
                        path.display()
                    );
                }
            }
        }
    }
}

#[test]
fn the_built_in_tools_say_what_they_are() {
    let place = Place::new();
    let said = place.json(&["tool", "inspect", "purchases"]).json;
    assert_eq!(said["manifest"]["name"], "purchases");
    assert_eq!(said["asks"], json!(["sql"]));
    assert_eq!(said["manifest"]["asks"]["sql"], "to look purchases up, in the database granted as \"shop\"");
    let find = &said["functions"][0];
    assert!(find["description"].as_str().unwrap().starts_with("Returns the latest purchase of the user"));
    let price = &find["output_schema"]["anyOf"][0]["properties"]["price_cents"];
    assert_eq!(price["description"], "What was paid for it, in cents.");
    assert!(said["wit"].as_str().unwrap().contains("export stockade:purchases/purchases@0.1.0;"));

    let shown = place.call(&["tool", "inspect", "purchases"]).stdout;
    for part in ["purchases 0.1.0", "Finds what a customer has bought.", "asks     sql (to look", "examples", "WIT"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn the_built_in_tools_pass_their_examples() {
    let place = Place::new();
    for tool in ["purchases", "policy", "payments", "letters"] {
        let answer = place.json(&["tool", "test", tool]);
        assert_eq!((answer.exit, &answer.json["failed"]), (Some(0), &json!(0)), "{answer:?}");
    }
    assert_eq!(place.marks().2, 0, "an example books nothing");
    let shown = place.call(&["tool", "test", "policy"]);
    assert!(shown.stdout.ends_with("3 examples, 0 failed\n"), "{shown:?}");
}

#[test]
fn a_wrong_answer_is_shown_beside_the_right_one() {
    let place = Place::new();
    place.write(
        "tool.toml",
        "[tool]\nname = \"p\"\nversion = \"1\"\ndescription = \"d\"\n[[examples]]\nfunction = \"within_window\"\n\
         arguments = { days_ago = 3, window_days = 30 }\noutput = false\n",
    );
    std::fs::copy(dist("policy"), place.path("p.wasm")).unwrap();
    assert_eq!(place.call(&["tool", "pack", "p.wasm"]).exit, Some(0));
    let answer = place.call(&["tool", "test", "./p.wasm"]);
    assert_eq!(answer.exit, Some(1));
    assert_eq!(
        answer.stdout,
        "wrong within_window {\"days_ago\":3,\"window_days\":30}\n  -   \"output\": false\n  +   \"output\": true\n\
         1 examples, 1 failed\n"
    );
}

#[test]
fn what_cannot_be_packed_or_tested_is_refused_and_nothing_is_written() {
    let place = Place::new();
    let probe = std::fs::read(dist("probe")).unwrap();
    place.write("probe.wasm", &probe);
    place.write("core.wasm", wat::parse_str("(module)").unwrap());
    place.write("tool.toml", "[tool]\nname = \"p\"\nversion = \"1\"\ndescription = \"d\"\n[asks]\nsql = \"why\"\n");
    place.write("typo.toml", "[tool]\nnaem = \"p\"\n");
    let refused = |args: &[&str], exit: i32, says: &str| {
        let answer = place.json(args);
        let message = answer.json["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
        assert_eq!(answer.exit, Some(exit), "{message}");
    };
    refused(&["tool", "pack", "probe.wasm"], 1, "it asks for \"sql\", which the component does not import");
    refused(&["tool", "pack", "core.wasm"], 1, "core module");
    refused(&["tool", "pack", "absent.wasm"], 5, "absent.wasm");
    refused(&["tool", "pack", "probe.wasm", "--manifest", "typo.toml"], 2, "line 2: unknown field `naem`");
    refused(&["tool", "pack", "probe.wasm", "--manifest", "absent.toml"], 5, "absent.toml");
    refused(&["tool", "pack", "probe.wasm", "--wit", "absent"], 2, "the WIT cannot be read");
    refused(&["tool", "test", "./probe.wasm"], 5, "has no examples to try");
    refused(&["tool", "call", "policy", "within_window", "{\"days_ago\": 1, \"days_ago\": 2}"], 2, "stands twice");
    assert_eq!(std::fs::read(place.path("probe.wasm")).unwrap(), probe);
}

/// The same call in another process: the same answer, and the same fuel.
#[test]
fn two_processes_call_as_one() {
    let place = Place::new();
    for (tool, function, arguments) in [
        ("policy", "within_window", r#"{"days_ago": 3, "window_days": 30}"#),
        ("letters", "write", r#"{"outcome": "declined"}"#),
        ("probe", "echo", r#"{"text": "hello"}"#),
        ("probe", "now", "{}"),
        ("probe", "random", "{}"),
    ] {
        let path = dist(tool).display().to_string();
        let seen: BTreeSet<_> = (0..2)
            .map(|_| {
                let answer = place.json(&["tool", "call", &path, function, arguments]);
                assert_eq!(answer.exit, Some(0), "{answer:?}");
                let usage = |name: &str| answer.json["usage"][name].clone();
                json!([answer.json["output"], usage("fuel"), usage("memory_bytes_peak")]).to_string()
            })
            .collect();
        assert_eq!(seen.len(), 1, "{tool}.{function}: {seen:?}");
        assert!(!seen.contains(&Value::Null.to_string()));
    }
}

/// A guest that may write beside a database could leave a journal there by which SQLite removes any file of the host.
#[tokio::test]
async fn what_the_host_opens_for_tools_lies_in_no_directory_that_one_may_write() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("data/notes")).unwrap();
    stockade_refund::shop::create(&place.path("data/books.db")).unwrap();
    std::fs::copy(dist("policy"), place.path("data/rules.wasm")).unwrap();
    let at = |path: &str| place.path(path).display().to_string();
    let books = [Grant::sql("shop", format!("sqlite:{}", at("data/books.db")))];
    let build = async |fs: Grant| {
        let host = place.host().tool("notes", dist("files"), [fs]).tool("books", dist("purchases"), books.clone());
        host.tool("rules", place.path("data/rules.wasm"), []).build().await.map(drop)
    };
    for path in ["data", "data/notes/..", "/proc", "/proc/self", "/proc/self/fdinfo"] {
        let path = if path.starts_with('/') { path.to_owned() } else { at(path) };
        let fault = build(Grant::fs(path.clone(), "/data").writable()).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Invalid, Some("grant")), "{path}: {fault}");
    }
    build(Grant::fs(at("data"), "/data")).await.unwrap();
    build(Grant::fs(at("data/notes"), "/data").writable()).await.unwrap();
    let fault = build(Grant::fs("/proc/self", "/data")).await.unwrap_err();
    assert!(fault.message.contains("which the host keeps for itself"), "{fault}");
}
