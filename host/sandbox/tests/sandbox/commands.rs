//! An ordinary program as a tool: its arguments and input in, its output or its last words out.

use crate::common::{built_tool, call};
use serde_json::{Value, json};
use stockade_sandbox::{Limits, Outcome};
use stockade_workflow::Kind;

async fn run(args: Value) -> Outcome {
    call(&built_tool("command"), "run", args, Limits::default()).await
}

/// The message of a failure that is the tool's own.
async fn refusal(args: Value) -> String {
    let fault = run(args).await.result.unwrap_err();
    assert_eq!(fault.kind, Kind::GuestError, "{fault}");
    fault.message
}

#[tokio::test]
async fn a_program_has_one_function_with_a_schema() {
    let tool = built_tool("command");
    let function = tool.function("run").unwrap();
    assert_eq!(
        function.signature(),
        "run(args: option<list<string>>, stdin: option<string>) -> result<string, string>"
    );
    assert!(function.interface().unwrap().starts_with("wasi:cli/run@0.2."));
    assert_eq!(function.input_schema()["required"], json!([]));
    assert_eq!(function.output_schema()["type"], "string");
    assert_eq!(tool.component().functions().len(), 1);
    assert!(tool.is_repeatable());
}

#[tokio::test]
async fn arguments_and_input_go_in_and_the_output_comes_out() {
    let outcome = run(json!({"args": ["args", "a b", "", "é🦀"]})).await;
    assert_eq!(outcome.result.unwrap(), json!("[\"a b\", \"\", \"é🦀\"]\n"));
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
    assert!(outcome.usage.fuel > 0);
    assert_eq!(run(json!({"args": ["name"]})).await.result.unwrap(), json!("Some(\"test\")\n"));
    let outcome = run(json!({"args": ["upper"], "stdin": "grüße\nzwei"})).await;
    assert_eq!(outcome.result.unwrap(), json!("GRÜSSE\nZWEI"));
    // Without an input there is an empty one, not one that waits.
    assert_eq!(run(json!({"args": ["upper"], "stdin": null})).await.result.unwrap(), json!(""));
}

#[tokio::test]
async fn a_status_that_is_not_zero_is_the_tools_own_error() {
    // Of WASI 0.2's statuses there are two: what was 3 in the program is 1 outside.
    assert_eq!(refusal(json!({})).await, "the command exited with status 1 and said: what is []?");
    assert_eq!(refusal(json!({"args": ["exit", "7"]})).await, "the command exited with status 1 and said nothing");
    assert_eq!(run(json!({"args": ["exit", "0"]})).await.result.unwrap(), json!(""));
    let long = refusal(json!({"args": ["long-error"]})).await;
    assert!(long.ends_with("xxx the end") && long.len() < 1_100, "{long}");
    let panicked = run(json!({"args": ["panic"]})).await;
    let fault = panicked.result.unwrap_err();
    assert!(fault.kind == Kind::Trap && fault.message.contains("on purpose"), "{fault:?}");
    assert!(panicked.stderr.contains("on purpose"), "{}", panicked.stderr);
}

#[tokio::test]
async fn a_program_sees_nothing_of_the_machine() {
    assert_eq!(run(json!({"args": ["env"]})).await.result.unwrap(), json!("[]\n"));
    let told = refusal(json!({"args": ["read", "/etc/passwd"]})).await;
    assert!(told.starts_with("the command exited with status 1 and said: "), "{told}");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused() {
    for (arguments, says) in [
        (json!({"args": "a"}), "args"),
        (json!({"args": [1]}), "args"),
        (json!({"stdin": 7}), "stdin"),
        (json!({"env": {}}), "env"),
    ] {
        let fault = run(arguments).await.result.unwrap_err();
        assert_eq!(fault.kind, Kind::Invalid);
        assert!(fault.message.contains(says), "{fault}");
    }
    let limits = Limits::default().argument_bytes(100);
    let large = json!({"stdin": "x".repeat(200)});
    let fault = call(&built_tool("command"), "run", large, limits).await.result.unwrap_err();
    assert_eq!(fault.breach.unwrap().limit, "argument_bytes");
}

/// The output is the result, so it is the result's limit that caps it.
#[tokio::test]
async fn a_program_is_stopped_at_its_limits() {
    let tool = built_tool("command");
    let fits = call(&tool, "run", json!({"args": ["flood", "100000"]}), Limits::default()).await;
    assert_eq!(fits.result.unwrap().as_str().map(str::len), Some(100_000));
    let limits = Limits::default().output_bytes(1_000);
    let fault = call(&tool, "run", json!({"args": ["flood", "100000"]}), limits).await.result.unwrap_err();
    assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::Output, "output_bytes"));
    let limits = Limits::default().fuel(10_000_000);
    let fault = call(&tool, "run", json!({"args": ["spin"]}), limits).await.result.unwrap_err();
    assert_eq!(fault.kind, Kind::Fuel);
}

#[tokio::test]
async fn the_same_command_uses_the_same_fuel() {
    let once = run(json!({"args": ["upper"], "stdin": "abc"})).await;
    for _ in 0..5 {
        assert_eq!(run(json!({"args": ["upper"], "stdin": "abc"})).await.usage.fuel, once.usage.fuel);
    }
}
