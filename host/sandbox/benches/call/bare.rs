//! Wasmtime with nothing of ours: in its best settings, and in those that it has by itself.

use std::time::Duration;

use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, InstancePre, Lift, Linker, Lower, ResourceTable, TypedFunc,
};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::guests::built;

const FUEL: u64 = 50_000_000;
const SLOTS: u32 = 64;

/// A component that is linked on an engine of its own, with one of its functions.
pub(crate) struct Bare {
    engine: Engine,
    pre: InstancePre<State>,
    function: ComponentExportIndex,
    is_metered: bool,
}

/// What a host keeps for a call: WASI, for a guest that imports it.
pub(crate) struct State {
    wasi: Option<WasiCtx>,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi.get_or_insert_with(|| WasiCtx::builder().build()), table: &mut self.table }
    }
}

impl Bare {
    /// The best settings: a pool that is reset by copying, fuel as the only meter, no support for concurrency.
    pub(crate) fn best(name: &str, function: &str) -> Self {
        Self::new(&pooled(true), name, function, true, false)
    }

    /// The same without a meter.
    pub(crate) fn unmetered(name: &str, function: &str) -> Self {
        Self::new(&pooled(false), name, function, false, true)
    }

    /// What wasmtime does when it is told nothing, called as an async host calls it.
    pub(crate) fn default_async(name: &str, function: &str) -> Self {
        Self::new(&Config::new(), name, function, false, false)
    }

    /// What wasmtime does when it is told nothing, in a thread that may block.
    pub(crate) fn default_sync(name: &str, function: &str) -> Self {
        Self::new(&Config::new(), name, function, false, true)
    }

    /// Returns the machine code of a component, and an engine that takes it.
    pub(crate) fn machine_code(name: &str) -> (Engine, Vec<u8>) {
        let engine = Engine::new(&pooled(true)).unwrap();
        let code = engine.precompile_component(&built(name)).unwrap();
        (engine, code)
    }

    /// Loads machine code.
    #[expect(unsafe_code, reason = "the code is what `machine_code` has made")]
    pub(crate) fn deserialized(engine: &Engine, code: &[u8]) -> Component {
        // SAFETY: as above, and nothing has changed it.
        unsafe { Component::deserialize(engine, code) }.unwrap()
    }

    fn new(config: &Config, name: &str, function: &str, is_metered: bool, is_sync: bool) -> Self {
        let engine = Engine::new(config).unwrap();
        let component = Component::from_binary(&engine, &built(name)).unwrap();
        let function = component.get_export_index(None, function).unwrap();
        let mut linker = Linker::new(&engine);
        match is_sync {
            true => wasmtime_wasi::p2::add_to_linker_sync(&mut linker).unwrap(),
            false => wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap(),
        }
        let pre = linker.instantiate_pre(&component).unwrap();
        Self { engine, pre, function, is_metered }
    }

    /// One fresh call with a deadline.
    pub(crate) async fn call<P, R>(&self, parameters: P) -> R
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let fresh = async {
            let mut store = self.store();
            let instance = self.pre.instantiate_async(&mut store).await.unwrap();
            let function: TypedFunc<P, R> = instance.get_typed_func(&mut store, self.function).unwrap();
            function.call_async(&mut store, parameters).await.unwrap()
        };
        tokio::time::timeout(Duration::from_secs(5), fresh).await.unwrap()
    }

    /// One fresh call in this thread.
    pub(crate) fn call_sync<P, R>(&self, parameters: P) -> R
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let mut store = self.store();
        let instance = self.pre.instantiate(&mut store).unwrap();
        let function: TypedFunc<P, R> = instance.get_typed_func(&mut store, self.function).unwrap();
        function.call(&mut store, parameters).unwrap()
    }

    fn store(&self) -> Store<State> {
        let mut store = Store::new(&self.engine, State { wasi: None, table: ResourceTable::new() });
        if self.is_metered {
            store.set_fuel(FUEL.saturating_mul(1_000)).unwrap();
            store.fuel_async_yield_interval(Some(1_000_000)).unwrap();
        }
        store
    }
}

fn pooled(is_metered: bool) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(SLOTS).total_core_instances(4 * SLOTS).total_memories(SLOTS).total_tables(2 * SLOTS);
    pool.total_stacks(SLOTS).max_memory_size(64 << 20).linear_memory_keep_resident(1 << 20);
    pool.table_keep_resident(64 << 10).pagemap_scan(Enabled::Auto).max_unused_warm_slots(SLOTS);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.consume_fuel(is_metered).concurrency_support(false);
    config
}
