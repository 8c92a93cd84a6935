//! What a person hands in may be a pipe without a writer, or a device without an end: no door waits for it or reads on
//! until there is no memory left.

use std::fs::File;
use std::process::Stdio;

use stockade_tests::{Answer, Place};

/// A place with `pipe`, another one among the WIT of a tool, and links to devices whose names end as each door wants it.
fn place() -> Place {
    let place = Place::new();
    std::fs::create_dir_all(place.path("wit/deps/a")).unwrap();
    for pipe in ["pipe", "wit/deps/a/a.wit"] {
        rustix::fs::mkfifoat(rustix::fs::CWD, place.path(pipe), rustix::fs::Mode::RWXU).unwrap();
    }
    std::fs::copy(stockade_tests::dist("policy"), place.path("policy.wasm")).unwrap();
    for name in ["zero.png", "zero.js", "zero.wasm"] {
        std::os::unix::fs::symlink("/dev/zero", place.path(name)).unwrap();
    }
    place.write("code.js", "return 1");
    place.write("policy.wit", "package stockade:policy@0.1.0;\ninterface policy {}\n");
    place
}

/// Answers that the command refused what it was handed, for that reason, and made no run.
#[track_caller]
fn assert_refused(place: &Place, args: &[&str], stdin: Stdio, why: &str) {
    let answer = Answer::of_json(place.command(args).arg("--json").stdin(stdin).output().unwrap());
    let message = answer.json["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains(why), "{args:?} {answer:#?}");
    assert!([Some(1), Some(2), Some(5)].contains(&answer.exit), "{answer:#?}");
    assert_eq!(place.marks().1, 0, "{args:?} made a run");
}

#[test]
fn a_device_and_a_pipe_are_refused_where_a_file_is_named() {
    let place = place();
    for (device, pipe) in [("/dev/zero", "pipe"), ("zero.js", "./pipe")] {
        let doors = |file| {
            [
                vec!["exec", file, "--lang", "javascript"],
                vec!["exec", "code.js", "--file", file],
                vec!["runs", "--config", file],
                vec!["tool", "list", "--config", file],
                vec!["memory", "add", file],
                vec!["eval", file],
                vec!["tool", "pack", file],
                vec!["tool", "pack", "policy.wasm", "--manifest", file, "--wit", "policy.wit"],
                vec!["run", "refund", "--input", "{}", "--replay", file],
            ]
        };
        for (args, why) in
            doors(device).iter().zip(["it is a device"; 10]).chain(doors(pipe).iter().zip(["it is a pipe"; 10]))
        {
            assert_refused(&place, args, Stdio::null(), why);
        }
    }
    for wit in ["wit", "wit/deps/a", "pipe", "/dev/zero"] {
        let args = ["tool", "pack", "policy.wasm", "--wit", wit];
        assert_refused(&place, &args, Stdio::null(), "is neither a file nor a folder");
    }
    for args in [&["agent", "x", "--image", "zero.png"][..], &["tool", "inspect", "./zero.wasm"]] {
        assert_refused(&place, args, Stdio::null(), "it is a device");
    }
}

#[test]
fn stdin_without_an_end_is_read_up_to_the_limit() {
    let place = place();
    for args in [
        &["exec", "-", "--lang", "javascript"][..],
        &["exec", "code.js", "--input", "-"],
        &["run", "refund", "--input", "-"],
        &["tool", "call", "policy", "within_window", "-"],
    ] {
        let zero = File::open("/dev/zero").unwrap();
        assert_refused(&place, args, zero.into(), "it has more than 16777216 bytes");
    }
}
