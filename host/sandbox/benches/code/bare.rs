//! The same interpreter without isolation: what metering and limits cost.

use std::time::{Duration, Instant};

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreContextMut};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::language::{self, Program};

wasmtime::component::bindgen!({
    path: "wit",
    world: "stockade:host/interpreter",
    exports: { default: async },
});

use exports::stockade::host::code::Cell;
use stockade::host::tools::ToolError;

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

pub(crate) struct Language {
    engine: Engine,
    pre: InterpreterPre<State>,
    runtime: tokio::runtime::Runtime,
}

impl Language {
    pub(crate) fn load(language: &language::Language) -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_memories(100)
            .max_memory_size(128 << 20)
            .table_elements(100_000)
            .max_core_instance_size(8 << 20)
            .max_component_instance_size(8 << 20)
            .linear_memory_keep_resident(16 << 20)
            .pagemap_scan(wasmtime::Enabled::Auto);
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .concurrency_support(false)
            .max_wasm_stack(1 << 20)
            .async_stack_size(4 << 20);
        let engine = Engine::new(&config).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        let mut tools = linker.instance("stockade:host/tools@0.1.0").unwrap();
        tools
            .func_wrap("call", |_: StoreContextMut<'_, State>, (_, _): (String, String)| {
                Ok((Ok::<String, ToolError>("0".to_owned()),))
            })
            .unwrap();
        tools
            .func_wrap("call-all", |_: StoreContextMut<'_, State>, (calls,): (Vec<(String, String)>,)| {
                Ok((calls.iter().map(|_| Ok::<String, ToolError>("0".to_owned())).collect::<Vec<_>>(),))
            })
            .unwrap();
        let component = Component::new(&engine, language.bytes()).unwrap();
        let pre = InterpreterPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { engine, pre, runtime }
    }

    pub(crate) fn fresh(&self, program: &Program, calls: usize) -> Vec<Duration> {
        (0..calls).map(|_| self.runtime.block_on(self.once(program))).collect()
    }

    async fn once(&self, Program { source, input, .. }: &Program) -> Duration {
        let started = Instant::now();
        let state = State { wasi: WasiCtx::builder().build(), table: ResourceTable::new() };
        let mut store = Store::new(&self.engine, state);
        let guest = self.pre.instantiate_async(&mut store).await.unwrap();
        let (name, input) = ("code".to_owned(), input.to_string());
        let cell = Cell { name, source: source.clone(), input, functions: Vec::new() };
        guest.stockade_host_code().call_run(&mut store, &cell).await.unwrap().unwrap();
        started.elapsed()
    }
}
