//! `stockade doctor`, as an operator and as a script sees it.

use serde_json::Value;
use stockade_tests::Place;

#[test]
fn every_limit_fires_on_this_machine() {
    let answer = Place::new().json(&["doctor"]);
    assert_eq!(answer.exit, Some(0), "{answer:#?}");
    let limits = answer.json["limits"].as_array().unwrap();
    assert_eq!(limits.len(), 23, "{limits:#?}");
    for limit in limits {
        let keys: Vec<_> = limit.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["limit", "allowed", "fired", "kind", "ms", "neighbour_ok"]);
        assert_eq!(limit["fired"], true, "{limit}");
        assert!(limit["kind"].is_string() && limit["neighbour_ok"].is_boolean(), "{limit}");
    }
    let kind = |name: &str| limits.iter().find(|limit| limit["limit"] == name).map(|limit| &limit["kind"]);
    assert_eq!(kind("fuel").and_then(Value::as_str), Some("fuel"));
    assert_eq!(kind("host_us").and_then(Value::as_str), Some("deadline"));
    for (names, expected) in [
        (&["log_bytes"][..], "output"),
        (&["egress_requests", "egress_bytes"], "egress"),
        (&["fs_bytes", "fs_files", "fs_depth"], "fs_quota"),
    ] {
        names.iter().for_each(|name| assert_eq!(kind(name).and_then(Value::as_str), Some(expected), "{name}"));
    }
}

#[test]
fn a_person_gets_a_table() {
    let answer = Place::new().call(&["doctor"]);
    assert_eq!(answer.exit, Some(0), "{answer:#?}");
    let lines: Vec<_> = answer.stdout.lines().collect();
    assert!(lines[0].starts_with("limit") && lines[0].ends_with("neighbour"), "{lines:#?}");
    assert!(lines[1..].iter().all(|line| line.contains("  yes  ")), "{lines:#?}");
    assert!(answer.stderr.contains(&format!("{0} of {0} limits fired", lines.len() - 1)), "{}", answer.stderr);
}
