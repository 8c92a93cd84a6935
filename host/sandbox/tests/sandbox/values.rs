//! Values through a real guest, in JSON on both sides.

use serde_json::{Value, json};
use stockade_sandbox::Limits;

use crate::common::{call, guest, tool};

async fn echo(function: &str, value: Value) -> stockade_sandbox::Result<Value> {
    call(&tool(guest("echo"), &[]), function, json!({"value": value}), Limits::default()).await.result
}

fn thing() -> Value {
    json!({
        "big_number": u64::MAX, "small_number": i64::MIN, "letter": "🦀", "bytes": "AP8=",
        "color": "dark_red", "rights": ["may_read", "may_run"], "shape": {"a_circle": 1.5}, "pair": [7, true],
        "note": "é", "nested": {"some": null}, "outcome": {"err": "no"}, "ratio": 0.5
    })
}

#[tokio::test]
async fn every_type_survives_a_guest() {
    let mut other = thing();
    other["shape"] = json!("no_shape");
    other["note"] = json!(null);
    other["nested"] = json!({"some": 3});
    other["outcome"] = json!({"ok": 200});
    other["ratio"] = json!("NaN");
    let both = json!([thing(), other]);
    assert_eq!(echo("things", both.clone()).await.unwrap(), both);
    assert_eq!(echo("things", json!([])).await.unwrap(), json!([]));
}

async fn newer(function: &str, value: Value) -> stockade_sandbox::Result<Value> {
    call(&tool(guest("newer"), &[]), function, json!({"x": value}), Limits::default()).await.result
}

#[tokio::test]
async fn lists_of_fixed_length_and_maps_survive_a_guest() {
    let values = [
        ("address", json!([127, 0, 0, 1])),
        ("rows", json!([[{"x": 1}, {"x": 2}], [{"x": 3}, {"x": 4}]])),
        ("prices", json!({"tea": 3, "ünïcode": 4_294_967_295_u32, "": 0})),
        ("prices", json!({})),
        ("names", json!([[7, "seven"], [7, "again"], [1, ""]])),
    ];
    for (function, value) in values {
        assert_eq!(newer(function, value.clone()).await.unwrap(), value, "{function}");
    }
    let refusal = async |function, value| newer(function, value).await.unwrap_err().message;
    let at = |path: &str, problem: &str| format!("argument \"x\" (at ${path}): {problem}");
    assert_eq!(refusal("address", json!([1, 2, 3])).await, at(".x", "expected array of 4, got array of 3"));
    assert_eq!(refusal("address", json!("AQIDBA==")).await, at(".x", "expected array of 4, got string \"AQIDBA==\""));
    assert_eq!(refusal("prices", json!({"tea": -1})).await, at(".x.tea", "expected u32, got number -1"));
    assert_eq!(refusal("prices", json!([["tea", 1]])).await, at(".x", "expected object, got array of 1"));
    assert_eq!(refusal("names", json!([[1]])).await, at(".x[0]", "expected array of 2, got array of 1"));
    assert_eq!(refusal("names", json!([["1", ""]])).await, at(".x[0][0]", "expected u32, got string \"1\""));
    let tool = tool(guest("newer"), &[]);
    let fault = call(&tool, "twice", json!({}), Limits::default()).await.result.unwrap_err();
    assert_eq!(fault.message, "the result is a map with the key \"a\" twice");
}

#[tokio::test]
async fn what_is_optional_may_be_absent_and_comes_back_as_null() {
    let mut absent = thing();
    absent.as_object_mut().unwrap().retain(|name, _| name != "note" && name != "nested");
    let answer = echo("things", json!([absent])).await.unwrap();
    assert_eq!((&answer[0]["note"], &answer[0]["nested"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn a_refusal_names_its_path_and_runs_nothing() {
    let refusal = async |name: &str, value: Value| {
        let mut wrong = thing();
        wrong[name] = value;
        let fault = echo("things", json!([thing(), wrong])).await.unwrap_err();
        assert_eq!(fault.detail.as_deref(), Some("schema"));
        fault.message
    };
    assert_eq!(
        refusal("pair", json!([7, 1])).await,
        "argument \"value\" (at $.value[1].pair[1]): expected bool, got number 1"
    );
    assert_eq!(
        refusal("color", json!("green")).await,
        "argument \"value\" (at $.value[1].color): expected one of dark_red, blue, got string \"green\""
    );
    assert_eq!(
        refusal("rights", json!(["may_read", 1])).await,
        "argument \"value\" (at $.value[1].rights[1]): expected one of may_read, may_write, may_run, got number 1"
    );
    assert_eq!(
        refusal("outcome", json!({"ok": 256})).await,
        "argument \"value\" (at $.value[1].outcome.ok): expected u8, got number 256"
    );
    assert!(refusal("extra", json!(1)).await.starts_with("argument \"value\" (at $.value[1].extra): is not known"));
}

#[tokio::test]
async fn bytes_are_base64() {
    assert_eq!(echo("bytes", json!("aGVsbG8=")).await.unwrap(), json!("aGVsbG8="));
    assert_eq!(echo("bytes", json!("")).await.unwrap(), json!(""));
    assert!(echo("bytes", json!("aGVsbG8")).await.is_err());
}

#[tokio::test]
async fn text_is_any_unicode() {
    for text in ["", "\0", "\u{1b}[2J", "\u{202e}", "🦀\u{10ffff}"] {
        assert_eq!(echo("text", json!(text)).await.unwrap(), json!(text));
    }
}
