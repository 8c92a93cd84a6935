//! What a journal keeps is sealed under a key that the configuration names, and under the next one after a rotation.

use std::fs;

use serde_json::json;
use stockade_tests::{Answer, Place};

const ONE: &str = "the first secret of this test, which is long enough";
const OTHER: &str = "the other secret of this test, which is long enough";

/// What each frame in the journal begins with that is not sealed.
const FRAME: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Calls the binary with keys: `encryption` is what `[journal]` says of them.
fn call(place: &Place, encryption: &str, args: &[&str]) -> Answer {
    let secrets = "[secrets]\none = { env = \"KEY_ONE\" }\nother = { env = \"KEY_OTHER\" }\n";
    place.write("stockade.toml", format!("[journal]\nencryption = {encryption}\n{secrets}"));
    let mut command = place.command(&[args, &["--json"]].concat());
    Answer::of_json(command.env("KEY_ONE", ONE).env("KEY_OTHER", OTHER).output().unwrap())
}

fn has_frames(place: &Place) -> bool {
    let files = ["journal.db", "journal.db-wal"].map(|name| fs::read(place.data(name)).unwrap_or_default());
    files.iter().any(|bytes| bytes.windows(FRAME.len()).any(|window| window == FRAME))
}

fn refund(place: &Place, encryption: &str) -> Answer {
    let input = json!({"user_id": "user_123", "request": "not what I expected"}).to_string();
    call(place, encryption, &["run", "refund", "--input", &input])
}

#[test]
fn a_run_that_is_sealed_is_read_with_its_key_alone_and_ends_under_the_next() {
    let place = Place::new();
    let run = refund(&place, "{ key = \"one\" }").run();
    assert!(!has_frames(&place));
    let listed = call(&place, "{ previous = [\"other\"] }", &["runs"]);
    assert_eq!(listed.json[0]["run_id"], json!(run), "what is listed needs no key");
    let refused = call(&place, "{ key = \"other\" }", &["show", &run]);
    let message = refused.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("is sealed under key") && message.contains("(other)"), "{message}");
    let both = "{ key = \"other\", previous = [\"one\"] }";
    let rotated = call(&place, both, &["journal", "rotate"]);
    assert!(rotated.json["changed"].as_u64().unwrap() > 0, "{}", rotated.stdout);
    let keys = rotated.json["keys"].as_array().unwrap();
    assert_eq!((keys.len(), &keys[0]["secret"], &keys[0]["is_current"]), (1, &json!("other"), &json!(true)));
    let approved = call(&place, "{ key = \"other\" }", &["approve", &run, "--by", "dana"]);
    assert_eq!(approved.exit, Some(0), "{}", approved.stderr);
    assert_eq!(place.refunds().len(), 1);
}

#[test]
fn a_journal_of_before_is_read_and_can_be_sealed_and_opened_again() {
    let place = Place::new();
    let run = place.refund("user_123", &[]).run();
    assert!(has_frames(&place));
    assert_eq!(call(&place, "{ key = \"one\" }", &["show", &run]).json["status"], json!("waiting"));
    call(&place, "{ key = \"one\" }", &["journal", "rotate"]);
    let keys = call(&place, "{ key = \"one\" }", &["journal", "keys"]);
    assert_eq!((keys.json.as_array().unwrap().len(), &keys.json[0]["secret"]), (1, &json!("one")));
    call(&place, "{ previous = [\"one\"] }", &["journal", "rotate"]);
    fs::remove_file(place.path("stockade.toml")).unwrap();
    assert_eq!(place.json(&["show", &run]).json["status"], json!("waiting"));
}

#[test]
fn a_secret_that_is_too_short_is_refused_and_not_repeated() {
    let place = Place::new();
    place.write("stockade.toml", "[journal]\nencryption = { key = \"one\" }\n[secrets]\none = { env = \"KEY_ONE\" }\n");
    let output = place.command(&["runs", "--json"]).env("KEY_ONE", "hunter2").output().unwrap();
    let refused = Answer::of_json(output);
    let message = refused.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("\"one\" has 7 bytes") && !message.contains("hunter2"), "{message}");
    assert_eq!(refused.exit, Some(2));
}
