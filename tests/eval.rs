//! `stockade eval` through the real binary: suites of `eval-cases/`, two configurations, and what it leaves behind.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stockade_tests::{Answer, Place, root};

const REFUND: &str = "workflow: refund\ncases:\n- name: one\n  input: {user_id: user_789, request: x}\n";

/// Returns the path of a file in `eval-cases/`.
fn file(name: &str) -> String {
    root().join("tests/eval-cases").join(name).display().to_string()
}

fn suites() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/eval-cases")).unwrap();
    let mut suites: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    suites.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    suites.sort();
    suites
}

/// What must be the same each time: no ids, no fuel, no time.
fn lasting(answer: &Answer) -> Value {
    let mut lasting = json!({ "exit": answer.exit });
    for key in ["passed", "failed", "errors", "score"] {
        lasting[key] = answer.json[key].clone();
    }
    let cases = answer.json["cases"].as_array().unwrap_or_else(|| panic!("{answer:#?}"));
    lasting["cases"] = cases.iter().map(case).collect();
    lasting
}

fn case(case: &Value) -> Value {
    let wrong: Value = case["attempts"].as_array().unwrap().iter().map(wrong).collect();
    json!({
        "name": case["name"], "mark": case["mark"], "pass_rate": case["pass_rate"], "score": case["score"], "wrong": wrong,
    })
}

/// The checks that failed with why, and of an error the first word that is quoted in it.
fn wrong(attempt: &Value) -> Value {
    let broken = attempt["verdicts"].as_array().unwrap().iter().filter(|verdict| verdict["passed"] == false);
    let broken = broken.map(|verdict| format!("{}: {}", text(&verdict["check"]), text(&verdict["why"])));
    let error = attempt["error"]["message"].as_str().map(|message| message.split('`').nth(1).unwrap_or(message));
    broken.chain(error.map(str::to_owned)).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn every_suite_comes_to_what_is_written_beside_it() {
    let suites = suites();
    assert!(suites.len() >= 3, "{suites:?}");
    for suite in suites {
        let expected: Value = serde_json::from_slice(&fs::read(suite.with_extension("json")).unwrap()).unwrap();
        for jobs in ["1", "4"] {
            let place = Place::new();
            let answer = place.json(&["eval", suite.to_str().unwrap(), "--jobs", jobs]);
            assert_eq!(lasting(&answer), expected, "{}\n{answer:#?}", suite.display());
            assert_eq!(
                place.marks(),
                (0, 0, 0),
                "an evaluation leaves nothing in the data directory's journal and shop"
            );
        }
    }
}

#[test]
fn a_stricter_configuration_is_worse_and_that_can_be_let_pass() {
    let place = Place::new();
    let (suite, strict) = (file("refund.yaml"), file("strict.toml"));
    for (allowed, exit) in [("0", 1), ("2", 1), ("3", 0)] {
        let answer = place.json(&["eval", &suite, "--against", &strict, "--max-regressions", allowed]);
        assert_eq!(answer.exit, Some(exit), "{answer:#?}");
        let changes: Vec<_> =
            answer.json["comparison"]["cases"].as_array().unwrap().iter().map(|case| &case["change"]).collect();
        // What is older than three days is refused now, before a person is asked.
        assert_eq!(changes, ["worse", "same", "worse", "worse"]);
        assert_eq!((&answer.json["first"]["passed"], &answer.json["second"]["passed"]), (&json!(4), &json!(1)));
    }
}

#[test]
fn a_person_reads_a_table_and_a_build_server_junit() {
    let place = Place::new();
    let answer = place.call(&["eval", &file("unmet.yaml"), "--junit", "junit.xml"]);
    assert_eq!(answer.exit, Some(1), "{answer:#?}");
    for part in [
        "nothing is as expected    FAIL        0     0/1",
        "  ✗ output /outcome equals \"processed\": it is \"too_old\"",
        "nobody answers            pass      100     1/1",
        "2 passed, 1 failed, 1 errors; score 66;",
    ] {
        assert!(answer.stdout.contains(part), "{part}\n{}", answer.stdout);
    }
    assert!(!answer.stdout.contains('\x1b') && !answer.stderr.contains('\x1b'), "no terminal is there");
    let xml = fs::read_to_string(place.path("junit.xml")).unwrap();
    assert!(xml.contains("tests=\"4\" skipped=\"0\" errors=\"1\" failures=\"1\""), "{xml}");
}

#[test]
fn what_is_kept_can_be_looked_at_and_is_not_run_over() {
    let place = Place::new();
    place.write("one.yaml", REFUND);
    let args = ["eval", "one.yaml", "--keep", "kept"];
    let answer = place.json(&args);
    assert_eq!(answer.exit, Some(0), "{answer:#?}");
    let run = text(&answer.json["cases"][0]["attempts"][0]["run_id"]).to_owned();
    let shown = place.json(&["--data-dir", "kept", "show", &run]);
    assert_eq!((shown.run(), &shown.json["status"]), (run, &json!("done")));
    let again = place.json(&args);
    assert_eq!((again.exit, &again.json["error"]["kind"]), (Some(6), &json!("conflict")), "{again:#?}");
}

#[test]
fn one_case_of_a_suite_can_be_run() {
    let place = Place::new();
    let answer = place.json(&["eval", &file("refund.yaml"), "--only", "too old"]);
    assert_eq!((answer.exit, &answer.json["passed"], &answer.json["cases"][1]), (Some(0), &json!(1), &Value::Null));
    let answer = place.json(&["eval", &file("refund.yaml"), "--only", "too new"]);
    assert_eq!(answer.exit, Some(2));
    assert!(text(&answer.json["error"]["message"]).contains("has no case \"too new\"; there are \"within the limit\""));
}

#[test]
fn an_agents_suite_is_recorded_and_played_again() {
    let place = Place::new();
    let agent = file("agent.yaml");
    let recorded = place.json(&["eval", &agent, "--record", "tapes"]);
    assert_eq!(recorded.exit, Some(1), "{recorded:#?}");
    let tapes = fs::read_dir(place.path("tapes")).unwrap().count();
    assert_eq!(tapes, 2, "each run has a cassette");
    let played = place.json(&["eval", &agent, "--replay", "tapes", "--jobs", "2"]);
    assert_eq!(lasting(&played), lasting(&recorded));
}

#[test]
fn a_file_that_is_no_suite_is_refused_before_anything_runs() {
    let long = "#".repeat((4 << 20) + 1);
    for (text, says) in [
        (format!("{REFUND}  expect:\n    outptu: []\n"), "line 6, case \"one\": unknown field `outptu`"),
        (
            format!("{REFUND}- name: one\n  input: 1\n"),
            "line 5, case \"one\": the case in line 3 has this `name` already",
        ),
        ("workflow: refund\ncases: []\n".to_owned(), "`cases` is empty"),
        (long, "has more than 4194304 bytes"),
    ] {
        let place = Place::new();
        place.write("wrong.yaml", text);
        let answer = place.json(&["eval", "wrong.yaml"]);
        assert_eq!((answer.exit, &answer.json["error"]["detail"]), (Some(2), &json!("eval")), "{answer:#?}");
        let message = answer.json["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("\"wrong.yaml\"") && message.contains(says), "{message}");
        assert!(!Path::new(&place.data("")).exists(), "nothing was begun");
    }
    let answer = Place::new().json(&["eval", "missing.yaml"]);
    assert_eq!(answer.exit, Some(5), "{answer:#?}");
    assert!(text(&answer.json["error"]["message"]).contains("\"missing.yaml\" cannot be read"));
}
