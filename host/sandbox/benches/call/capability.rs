use std::path::Path;
use std::time::Instant;

use serde_json::json;
use stockade_sandbox::{Config, Engine, Limits, Tool};
use tokio::runtime::Runtime;

use crate::contest::{micros, middle};
use crate::goals::Goals;
use crate::product::{call, runtime};

const TIMES: u32 = 9_000;
const ROUNDS: usize = 200;

/// Measures what one call into the host costs, by a guest that makes thousands and one that makes hardly any.
pub(crate) fn measure(goals: &mut Goals) {
    println!("\nA call into the host, before any policy: the slope over {TIMES} calls of one guest");
    let engine = Engine::new(Config::default()).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/call/capability.wat");
    let component = engine.load(&wat::parse_file(path).unwrap()).unwrap();
    let tool = Tool::new(&engine, "bench", component, &[]).unwrap();
    let runtime = runtime();
    for (function, title) in [
        ("now", "wasi:clocks/monotonic-clock now, a number"),
        ("key", "stockade:host/effect idempotency-key, a string"),
    ] {
        let slope =
            |_| (took(&runtime, &tool, function, TIMES) - took(&runtime, &tool, function, 1)) / f64::from(TIMES - 1);
        goals.at_most(title, middle((0..ROUNDS).map(slope).collect()) * 1e3, " ns", 200.0);
    }
}

fn took(runtime: &Runtime, tool: &Tool, function: &str, times: u32) -> f64 {
    let arguments = json!({"times": times});
    let started = Instant::now();
    runtime.block_on(call(tool, function, &arguments, Limits::default())).result.unwrap();
    micros(started.elapsed())
}
