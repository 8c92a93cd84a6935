//! What the tests of this crate share.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use stockade_sandbox::{Call, Component, Config, Engine, Limits, Outcome, Tool};
use stockade_workflow::Grant;

/// One engine for a test program, as for a host: so that each test also shows that the ones before did it no harm.
pub(crate) static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Config { concurrency: 16, ..Config::default() }).expect("an engine"));

/// Loads `tests/guests/NAME.wat`.
pub(crate) fn guest(name: &str) -> Component {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(name).with_extension("wat");
    ENGINE.load(&wat::parse_file(path).expect("a guest")).expect("a component")
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
