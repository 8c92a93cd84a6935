//! How long a fresh call takes: through this crate, through bare wasmtime with the same settings, from a cold start,
//! and with many in flight. `cargo bench -p stockade-sandbox` prints a table.
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stockade_sandbox::{Call, Config, Engine, Limits, Tool};
use tokio::runtime::{Builder, Runtime};

const WARM_UP: usize = 2_000;
const CALLS: usize = 50_000;
const IN_FLIGHT: usize = 64;

fn main() {
    let current = Builder::new_current_thread().enable_time().build().unwrap();
    let many = Builder::new_multi_thread().enable_time().build().unwrap();
    println!("{:<58} {:>9} {:>9} {:>11}", "", "p50", "p99", "a second");
    bare::policy(&current);
    let policy = tool("policy");
    let window = json!({"days_ago": 3, "window_days": 30});
    one_by_one(&current, "policy.within_window", &policy, "within_window", &window);
    bare::probe(&current);
    let probe = tool("probe");
    one_by_one(&current, "probe.echo (std, WASI 0.2)", &probe, "echo", &json!({"text": "hello"}));
    in_flight(&many, "policy.within_window, 64 in flight", &policy, "within_window", &window);
    in_flight(&many, "probe.echo, 64 in flight", &probe, "echo", &json!({"text": "hello"}));
    for name in ["policy", "probe"] {
        cold(name);
    }
}

fn dist(name: &str) -> Vec<u8> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-tools/dist");
    std::fs::read(dist.join(name).with_extension("wasm")).unwrap()
}

fn tool(name: &str) -> Tool {
    let engine = Engine::new(Config::default()).unwrap();
    Tool::new(&engine, name, engine.load(&dist(name)).unwrap(), &[]).unwrap()
}

async fn call(tool: &Tool, function: &str, arguments: &Value) {
    let call = Call { function, arguments, idempotency_key: "run/effect", seed: 7, limits: Limits::default() };
    black_box(tool.call(call).await.result.unwrap());
}

fn one_by_one(runtime: &Runtime, title: &str, tool: &Tool, function: &str, arguments: &Value) {
    let times = runtime.block_on(async {
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..WARM_UP + CALLS {
            let started = Instant::now();
            call(tool, function, arguments).await;
            times.push(started.elapsed());
        }
        times.split_off(WARM_UP)
    });
    let total = times.iter().sum();
    row(title, times, total);
}

fn in_flight(runtime: &Runtime, title: &str, tool: &Tool, function: &'static str, arguments: &Value) {
    let started = Instant::now();
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (tool, arguments) = (tool.clone(), arguments.clone());
            runtime.spawn(async move {
                let mut times = Vec::with_capacity(CALLS / IN_FLIGHT);
                for _ in 0..CALLS / IN_FLIGHT {
                    let started = Instant::now();
                    call(&tool, function, &arguments).await;
                    times.push(started.elapsed());
                    tokio::task::yield_now().await;
                }
                times
            })
        })
        .collect();
    let times = tasks.into_iter().flat_map(|task| runtime.block_on(task).unwrap()).collect();
    row(title, times, started.elapsed());
}

/// From bytes to a tool that can be called, with the machine code on disk, in a process that has an engine.
fn cold(name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::new(Config { cache_dir: Some(dir.path().to_owned()), ..Config::default() }).unwrap();
    let bytes = dist(name);
    let started = Instant::now();
    engine.load(&bytes).unwrap();
    row(&format!("{name}: compile, and write to the disk cache"), vec![started.elapsed()], started.elapsed());
    let times: Vec<_> = (0..300)
        .map(|_| {
            let started = Instant::now();
            black_box(Tool::new(&engine, name, engine.load(&bytes).unwrap(), &[]).unwrap());
            started.elapsed()
        })
        .collect();
    let total = times.iter().sum();
    row(&format!("{name}: load from the disk cache, and link"), times, total);
}

/// The same components on wasmtime alone: its best settings, typed, with fuel and a timeout, and nothing of ours.
mod bare {
    use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker, ResourceTable, TypedFunc};
    use wasmtime::{Engine, Store};
    use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

    use super::*;

    struct State {
        wasi: WasiCtx,
        table: ResourceTable,
    }

    impl WasiView for State {
        fn ctx(&mut self) -> WasiCtxView<'_> {
            WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
        }
    }

    pub(super) fn policy(runtime: &Runtime) {
        let (engine, component) = component("policy");
        let interface = component.get_export_index(None, "stockade:policy/policy@0.1.0").unwrap();
        let function = component.get_export_index(Some(&interface), "within-window").unwrap();
        let pre = Linker::<()>::new(&engine).instantiate_pre(&component).unwrap();
        measure(runtime, "policy.within_window on bare wasmtime, best settings", async || {
            let (mut store, function) = fresh(&engine, &pre, &function, ()).await;
            let function: TypedFunc<(u32, u32), (bool,)> = function;
            black_box(function.call_async(&mut store, (3, 30)).await.unwrap());
        });
    }

    pub(super) fn probe(runtime: &Runtime) {
        let (engine, component) = component("probe");
        let function = component.get_export_index(None, "echo").unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        let pre = linker.instantiate_pre(&component).unwrap();
        measure(runtime, "probe.echo on bare wasmtime, best settings", async || {
            let state = State { wasi: WasiCtx::builder().build(), table: ResourceTable::new() };
            let (mut store, function) = fresh(&engine, &pre, &function, state).await;
            let function: TypedFunc<(&str,), (String,)> = function;
            black_box(function.call_async(&mut store, ("hello",)).await.unwrap());
        });
    }

    fn component(name: &str) -> (Engine, Component) {
        let mut pool = wasmtime::PoolingAllocationConfig::new();
        pool.total_component_instances(64).total_core_instances(256).total_memories(64).total_tables(128);
        pool.total_stacks(64).max_memory_size(64 << 20).linear_memory_keep_resident(1 << 20);
        pool.table_keep_resident(64 << 10).pagemap_scan(wasmtime::Enabled::Auto).max_unused_warm_slots(64);
        let mut config = wasmtime::Config::new();
        config.allocation_strategy(wasmtime::InstanceAllocationStrategy::Pooling(pool));
        config.consume_fuel(true).concurrency_support(false);
        let engine = Engine::new(&config).unwrap();
        let component = Component::from_binary(&engine, &dist(name)).unwrap();
        (engine, component)
    }

    async fn fresh<T: Send, P, R>(
        engine: &Engine,
        pre: &InstancePre<T>,
        function: &ComponentExportIndex,
        state: T,
    ) -> (Store<T>, TypedFunc<P, R>)
    where
        P: wasmtime::component::ComponentNamedList + wasmtime::component::Lower,
        R: wasmtime::component::ComponentNamedList + wasmtime::component::Lift,
    {
        let mut store = Store::new(engine, state);
        store.set_fuel(50_000_000).unwrap();
        store.fuel_async_yield_interval(Some(1_000_000)).unwrap();
        let instance = pre.instantiate_async(&mut store).await.unwrap();
        let function = instance.get_typed_func(&mut store, function).unwrap();
        (store, function)
    }

    fn measure(runtime: &Runtime, title: &str, call: impl AsyncFn()) {
        let times = runtime.block_on(async {
            let mut times = Vec::with_capacity(CALLS);
            for _ in 0..WARM_UP + CALLS {
                let started = Instant::now();
                tokio::time::timeout(Duration::from_secs(5), call()).await.unwrap();
                times.push(started.elapsed());
            }
            times.split_off(WARM_UP)
        });
        let total = times.iter().sum();
        row(title, times, total);
    }
}

fn row(title: &str, mut times: Vec<Duration>, total: Duration) {
    times.sort();
    let percentile = |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1)).unwrap();
    let rate = times.len() as f64 / total.as_secs_f64();
    println!("{title:<58} {:>9.2?} {:>9.2?} {rate:>11.0}", percentile(50), percentile(99));
}
