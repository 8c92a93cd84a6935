//! What the binary prints can fail anywhere: a pipe that was closed, a disk that is full, a name that is not Unicode. No
//! run is stopped by it.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use stockade_tests::{Place, input};

/// A pipe that its reader has closed.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A disk without room.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// Calls the binary with these outputs; what is piped comes back as text.
fn call(place: &Place, args: &[&str], stdout: Stdio, stderr: Stdio) -> (Option<i32>, String, String) {
    let output = place.command(args).stdout(stdout).stderr(stderr).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn refund(place: &Place, stdout: Stdio, stderr: Stdio) -> Option<i32> {
    let input = input("user_123").to_string();
    call(place, &["run", "refund", "--input", &input], stdout, stderr).0
}

#[test]
fn a_reader_that_closes_the_pipe_ends_the_command_quietly() {
    let place = Place::new();
    place.refund("user_789", &[]);
    for args in [&["runs"][..], &["runs", "--json"], &["tool", "list"], &["--help"]] {
        let (exit, _, stderr) = call(&place, args, closed(), Stdio::piped());
        assert_eq!((exit, stderr.as_str()), (Some(0), ""), "{args:?}");
    }
    assert_eq!(refund(&place, closed(), closed()), Some(3), "a run keeps its own exit code");
}

/// A run that waits for a person may wait for days, and nothing is written meanwhile that could fail.
#[test]
fn a_follower_whose_reader_has_left_ends() {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    for more in [&["--follow"][..], &["--follow", "--json"]] {
        let mut follower = place.command(&[&["show", &run], more].concat()).stdout(Stdio::piped()).spawn().unwrap();
        drop(follower.stdout.take());
        let since = Instant::now();
        while follower.try_wait().unwrap().is_none() && since.elapsed() < Duration::from_secs(120) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // One that goes on is not left behind.
        let _ = follower.kill();
        assert_eq!(follower.wait().unwrap().code(), Some(0), "{more:?}");
    }
}

#[test]
fn a_result_that_does_not_fit_on_the_disk_is_reported_in_one_line() {
    let place = Place::new();
    place.refund("user_789", &[]);
    for args in [&["runs", "--json"][..], &["runs"], &["--help"], &["run", "--help"], &["--version"]] {
        let (exit, _, stderr) = call(&place, args, full(), Stdio::piped());
        assert_eq!(exit, Some(1), "{args:?}: {stderr}");
        assert!(stderr.starts_with("error: the result cannot be written to stdout: "), "{args:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
    }
}

/// The driver died here after a commit, and a call that was never made became an unknown one.
#[test]
fn progress_that_cannot_be_shown_does_not_stop_a_run() {
    let place = Place::new();
    assert_eq!(refund(&place, Stdio::piped(), full()), Some(3));
    let run = place.json(&["runs"]).json[0]["run_id"].as_str().unwrap().to_owned();
    let (exit, letter, _) = call(&place, &["approve", &run, "--by", "dana"], Stdio::piped(), full());
    assert_eq!(exit, Some(0), "{letter}");
    assert!(letter.contains("149.00"), "{letter}");
    assert_eq!(place.refunds().len(), 1);
}

#[test]
fn a_name_of_the_program_that_is_not_unicode_is_not_shown() {
    let place = Place::new();
    let input = input("user_123").to_string();
    let mut command = place.command(&["run", "refund", "--input", &input]);
    let output = command.arg0(OsStr::from_bytes(b"sto\xffckade")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("yes:  stockade approve "), "{said}");
}
