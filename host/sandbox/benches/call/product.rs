use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stockade_sandbox::{Call, Config, Engine, Limits, Outcome, Tool};
use tokio::runtime::{Builder, Runtime};

use crate::guests::built;

/// Returns a runtime of one thread, as the product's executor would have for each of its workers.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Loads a built guest as a tool without grants.
pub(crate) fn tool(name: &str) -> Tool {
    tool_of(name, Config::default())
}

/// Loads one with portable floats.
pub(crate) fn portable_tool(name: &str) -> Tool {
    tool_of(name, Config { portable_floats: true, ..Config::default() })
}

fn tool_of(name: &str, config: Config) -> Tool {
    let engine = Engine::new(config).unwrap();
    Tool::new(&engine, name, engine.load(&built(name)).unwrap(), &[]).unwrap()
}

/// Returns the arguments of the bench's tool.
pub(crate) fn arguments() -> Value {
    json!({"name": "quote", "args_json": bench_tool::ORDER})
}

/// Makes one call with the limits that every call has.
pub(crate) async fn call(tool: &Tool, function: &str, arguments: &Value, limits: Limits) -> Outcome {
    tool.call(Call { function, arguments, idempotency_key: "run/effect", seed: 7, limits }).await
}

/// Makes calls of the bench's tool through everything that the product has, and returns the time of each.
pub(crate) fn quotes(runtime: &Runtime, tool: &Tool, calls: usize) -> Vec<Duration> {
    let arguments = arguments();
    timed(runtime, calls, async || {
        std::hint::black_box(call(tool, "call", &arguments, Limits::default()).await.result.unwrap());
    })
}

/// Does something many times, and returns the time of each.
pub(crate) fn timed(runtime: &Runtime, calls: usize, once: impl AsyncFn()) -> Vec<Duration> {
    runtime.block_on(async {
        let mut times = Vec::with_capacity(calls);
        for _ in 0..calls {
            let started = Instant::now();
            once().await;
            times.push(started.elapsed());
        }
        times
    })
}
