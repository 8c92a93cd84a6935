//! A backup is made while other processes book refunds. It has each run of before, and they go on where it is put back.

use std::fs;

use serde_json::json;
use stockade_tests::faults::Failure;
use stockade_tests::{Answer, Place, refunds};

fn ids(answer: &Answer) -> Vec<String> {
    answer.json.as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
}

/// The names of what is in the place, with what a backup that was not made may have left.
fn names(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.path("")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_that_is_made_while_refunds_are_booked_is_put_back_and_its_runs_go_on() {
    let place = Place::new();
    let (waiting, done) = (place.refund("user_123", &[]).run(), place.refund("user_789", &[]).run());
    let made = std::thread::scope(|scope| {
        let booking = scope.spawn(|| [(); 2].map(|()| place.refund("user_789", &[]).run()));
        let made = place.json(&["backup", "copy"]);
        booking.join().unwrap();
        made
    });
    assert_eq!(made.exit, Some(0), "{}", made.stderr);
    let there = |args: &[&str]| place.json(&[args, &["--data-dir", "new"]].concat());
    let restored = there(&["restore", "copy"]);
    assert_eq!(restored.exit, Some(0), "{}", restored.stderr);
    let runs = ids(&there(&["runs"]));
    assert!(runs.contains(&waiting) && runs.contains(&done), "{runs:?}");
    // Those that were in flight go on: what the shop has of them already is not booked again.
    let resumed = place.call(&["resume", "--data-dir", "new"]);
    assert!(matches!(resumed.exit, Some(0 | 3)), "{}", resumed.stderr);
    // The shop is another file there, so what was asked of the person is asked anew.
    let approved = || there(&["approve", &waiting, "--by", "dana"]).exit;
    assert_eq!([approved(), approved()], [Some(6), Some(0)]);
    let booked = refunds(&place.path("new/shop.db"));
    let of = |run: &str| booked.iter().filter(|key| key.starts_with(run)).count();
    assert!(ids(&there(&["runs", "--status", "done"])).iter().all(|run| of(run) == 1), "{booked:?}");
    assert_eq!(place.json(&["show", &waiting]).json["status"], json!("waiting"), "the copy is apart from it");
}

#[test]
fn a_backup_that_does_not_fit_on_the_disk_leaves_nothing() {
    let place = Place::new();
    place.refund("user_789", &[]);
    let before = names(&place);
    for first in [1, 2, 5] {
        let (mut command, told) = (place.command(&["backup", "copy"]), place.path("told"));
        Failure::Full.at(&(first..=u32::MAX), "stockade-backup-", &told, &mut command);
        let output = command.output().unwrap();
        assert!(!output.status.success() && told.exists(), "{output:?}");
        fs::remove_file(told).unwrap();
        assert_eq!(names(&place), before);
    }
    let made = place.json(&["backup", "copy"]);
    assert_eq!(made.exit, Some(0), "{}", made.stderr);
    let (mut command, told) = (place.command(&["restore", "copy", "--data-dir", "new"]), place.path("told"));
    Failure::Full.at(&(2..=u32::MAX), "stockade-backup-", &told, &mut command);
    assert!(!command.output().unwrap().status.success() && !place.path("new").exists());
}

#[test]
fn a_backup_of_a_journal_in_a_database_says_what_copies_that() {
    let place = Place::new();
    place.refund("user_789", &[]);
    let elsewhere = ["backup", "copy", "--journal", "postgres://app@127.0.0.1/runs"];
    let refused = place.json(&elsewhere);
    assert_eq!(refused.exit, Some(2));
    let message = refused.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("pg_dump") && message.contains("--without-journal"), "{message}");
    let made = place.json(&[&elsewhere[..], &["--without-journal"]].concat());
    assert_eq!((made.exit, &made.json["journal"]), (Some(0), &json!(null)), "{}", made.stderr);
    assert_eq!(place.json(&["backup", "other", "--without-journal"]).exit, Some(2));
}

#[test]
fn a_backup_is_not_put_back_over_a_data_directory_that_has_runs() {
    let place = Place::new();
    let run = place.refund("user_789", &[]).run();
    place.call(&["backup", "copy"]);
    let refused = place.json(&["restore", "copy"]);
    assert_eq!(refused.exit, Some(6), "{}", refused.stdout);
    assert!(refused.json["error"]["message"].as_str().unwrap().contains("--data-dir"));
    assert_eq!(ids(&place.json(&["runs"])), [run]);
}
