//! `wasi:config` for a guest that asks for anything.

use serde_json::{Value, json};
use stockade_sandbox::{Limits, Tool};
use stockade_workflow::{Fault, Grant, Kind};

use crate::common::{ENGINE, call, denial, guest, tool};

async fn run(tool: &Tool, function: &str, arguments: Value) -> Result<Value, Fault> {
    call(tool, function, arguments, Limits::default()).await.result
}

#[tokio::test]
async fn what_is_granted_is_told() {
    let tool = tool(guest("config"), &[Grant::config("shop", "Lamps & Co"), Grant::config("currency", "")]);
    assert_eq!(run(&tool, "get", json!({"key": "shop"})).await, Ok(json!("Lamps & Co")));
    assert_eq!(run(&tool, "get", json!({"key": "currency"})).await, Ok(json!("")));
    assert_eq!(run(&tool, "all", json!({})).await, Ok(json!([["currency", ""], ["shop", "Lamps & Co"]])));
    assert_eq!(run(&tool, "need", json!({"key": "shop"})).await, Ok(json!("Lamps & Co")));
}

/// The guest is told that there is none, for it may have a default; the operator of one that says that it has not is told
/// the line.
#[tokio::test]
async fn what_is_not_granted_is_none_and_a_failure_that_names_it_is_a_denial() {
    let tool = tool(guest("config"), &[Grant::config("shop", "Lamps & Co")]);
    assert_eq!(run(&tool, "get", json!({"key": "Shop"})).await, Ok(json!(null)));
    // What the guest says is always the same, so here is a key that is in it.
    let message = denial(run(&tool, "need", json!({"key": "such value"})).await);
    let expected = "tool \"test\" asked for config \"such value\", which is not granted; in stockade.toml, under \
                    [tool.test.grants], config = { \"such value\" = \"VALUE\" } would allow it; the tool said: there is no \
                    such value";
    assert_eq!(message, expected);
    assert!(run(&tool, "need", json!({"key": "r\u{1b}".repeat(50_000)})).await.unwrap_err().message.len() < 1_500);
}

/// A tool that asked for a key in vain, and then failed, was once taken to have failed for that.
#[tokio::test]
async fn a_failure_that_speaks_of_something_else_is_its_own() {
    let fault = run(&tool(guest("config"), &[]), "need", json!({"key": "rate"})).await.unwrap_err();
    assert_eq!((fault.kind, fault.message.as_str()), (Kind::GuestError, "there is no such value"));
}

#[tokio::test]
async fn without_any_grant_all_is_nothing() {
    assert_eq!(run(&tool(guest("config"), &[]), "all", json!({})).await, Ok(json!([])));
    let other = tool(guest("echo"), &[Grant::config("shop", "Lamps & Co")]);
    assert!(other.component().asks().is_empty());
}

#[test]
fn a_key_has_one_value() {
    let grants = [Grant::config("shop", "a"), Grant::config("shop", "b")];
    let fault = Tool::new(&ENGINE, "test", guest("config"), &grants).unwrap_err();
    assert_eq!(
        (fault.kind, fault.message.as_str()),
        (Kind::Invalid, "config \"shop\" is granted twice to tool \"test\"")
    );
}
