//! What the tests of this crate share.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use stockade_sandbox::{Call, Component, Config, Engine, Limits, Outcome, Tool};
use stockade_workflow::{Fault, Grant, Kind};

/// One engine for a test program, as for a host: so that each test also shows that the ones before did it no harm.
pub(crate) static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Config { concurrency: 16, ..Config::default() }).expect("an engine"));

/// Loads `tests/guests/NAME.wat`.
pub(crate) fn guest(name: &str) -> Component {
    ENGINE.load(&guest_source(name)).expect("a component")
}

/// Reads `tests/guests/NAME.wat`, for an engine of one's own.
pub(crate) fn guest_source(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(name).with_extension("wat");
    wat::parse_file(path).expect("a guest")
}

/// Reads the bytes of a component that is built from Rust.
pub(crate) fn built(name: &str) -> Vec<u8> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-tools/dist");
    std::fs::read(dist.join(name).with_extension("wasm")).expect("a built guest")
}

pub(crate) fn tool(component: Component, grants: &[Grant]) -> Tool {
    Tool::new(&ENGINE, "test", component, grants).expect("a tool")
}

/// Loads a component that is built from Rust, without grants.
pub(crate) fn built_tool(name: &str) -> Tool {
    tool(ENGINE.load(&built(name)).expect("a component"), &[])
}

pub(crate) async fn call(tool: &Tool, function: &str, arguments: Value, limits: Limits) -> Outcome {
    tool.call(Call { function, arguments: &arguments, idempotency_key: "run-1/key", seed: 7, limits }).await
}

/// Returns the case of the error that a guest handed on, and its text.
pub(crate) fn case(answer: Result<Value, Fault>) -> (String, String) {
    let fault = answer.expect_err("an error");
    assert_eq!(fault.kind, Kind::GuestError, "{fault}");
    let error: Value = serde_json::from_str(&fault.message).unwrap();
    let (case, text) = error.as_object().unwrap().iter().next().unwrap();
    (case.clone(), text.as_str().unwrap().to_owned())
}

/// Returns the text of a denial.
pub(crate) fn denial(answer: Result<Value, Fault>) -> String {
    let fault = answer.expect_err("a denial");
    assert_eq!(fault.kind, Kind::Denied, "{fault}");
    fault.message
}
