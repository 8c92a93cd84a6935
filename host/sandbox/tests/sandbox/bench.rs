//! The guests of the bench: what is measured there is one and the same tool.

use bench_tool::ORDER;
use serde_json::{Value, json};
use stockade_sandbox::Limits;

use crate::common::{ENGINE, built, built_tool, call};

#[tokio::test]
async fn the_tool_is_the_same_in_every_guest() {
    let expected = bench_tool::call("quote", ORDER).unwrap();
    for name in ["bench-std", "bench-lean"] {
        let tool = built_tool(name);
        let imports = tool.component().imports();
        assert_eq!(imports.is_empty(), name == "bench-lean", "{name} imports {imports:?}");
        let outcome = call(&tool, "call", json!({"name": "quote", "args_json": ORDER}), Limits::default()).await;
        let answered: Value = serde_json::from_str(outcome.result.unwrap().as_str().unwrap()).unwrap();
        assert_eq!(answered, serde_json::from_str::<Value>(&expected).unwrap(), "{name}");
        let outcome = call(&tool, "call", json!({"name": "steal", "args_json": ORDER}), Limits::default()).await;
        assert_eq!(outcome.result.unwrap_err().message, "there is no function \"steal\"", "{name}");
    }
}

#[tokio::test]
async fn the_computations_compute() {
    let tool = built_tool("bench-compute");
    for (function, expected) in [("fib", 832_040), ("sieve", 148_933)] {
        let outcome = call(&tool, function, json!({}), Limits::default().fuel(1_000_000_000)).await;
        assert_eq!(outcome.result.unwrap(), expected, "{function}");
    }
}

#[test]
fn a_plugin_of_extism_is_a_core_module_and_no_component() {
    let fault = ENGINE.load(&built("bench-extism")).unwrap_err();
    assert!(fault.message.contains("core module"), "{fault}");
}
