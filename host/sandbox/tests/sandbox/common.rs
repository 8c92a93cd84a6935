//! What the tests of this crate share.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};
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

/// The bits of a NaN where floats are portable, of 64 and of 32.
pub(crate) const PORTABLE_NAN: (u64, u64) = (0x7ff8_0000_0000_0000, 0x7fc0_0000);

/// Returns the bits of the NaN that a guest has for 0 / 0, of 64 and of 32. What a guest returns as a NaN is a text without them.
pub(crate) async fn bits_of_nan(engine: &Engine) -> (u64, u64) {
    let tool = Tool::new(engine, "floats", engine.load(&guest_source("floats")).unwrap(), &[]).unwrap();
    let bits = async |function: &str| {
        let quotient = call(&tool, function, json!({"x": 0.0, "y": 0.0}), Limits::default()).await;
        quotient.result.unwrap().as_u64().unwrap()
    };
    (bits("f64_bits").await, bits("f32_bits").await)
}
