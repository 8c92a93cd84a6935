//! Starts a component once and writes down what it is then, so that each instance begins there: `guest-tools/build` makes
//! the interpreters so. `cargo run --example preinit COMPONENT`
//!
//! What the component finds in the world while it starts would be the same in every instance, so that it finds nothing:
//! a call to what it imports ends it. That also makes the outcome the same for the same component. What hash tables are seeded
//! by, and the clock that only moves, are zero.
#![expect(clippy::print_stderr, reason = "a command")]
#![expect(clippy::expect_used, reason = "a build tool stops at the first surprise")]

use std::path::Path;
use std::process::ExitCode;

use wasmtime::component::{Component, ComponentType, Instance, Lift, Linker, WasmList};
use wasmtime::{Config, Engine, Result, Store};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

/// The function that starts it.
const INIT: &str = "init";
/// What std asks for to make a hash table or an `Instant`. That of random bytes, of which keys and the like are made, is not there.
const ZERO: [&str; 2] = ["wasi:random/", "wasi:clocks/monotonic-clock@"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("preinit: give COMPONENT");
        return ExitCode::from(2);
    };
    match preinit(path.as_ref()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("preinit: {error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn preinit(path: &Path) -> Result<()> {
    let wasm = std::fs::read(path)?;
    let mut wizer = Wizer::new();
    wizer.init_func(INIT).keep_init_func(true);
    let (context, instrumented) = wizer.instrument_component(&wasm)?;

    let engine = Engine::new(Config::new().concurrency_support(false))?;
    let component = Component::new(&engine, instrumented)?;
    let mut linker = Linker::new(&engine);
    zeros(&engine, &component, &mut linker)?;
    linker.define_unknown_imports_as_traps(&component)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate_async(&mut store, &component).await?;
    instance.get_typed_func::<(), ()>(&mut store, INIT)?.call_async(&mut store, ()).await?;

    let started = wizer.snapshot_component(&context, &mut Started { store, instance }).await?;
    Ok(std::fs::write(path, started)?)
}

/// Links what is zero, under the versions that the component imports.
fn zeros(engine: &Engine, component: &Component, linker: &mut Linker<()>) -> Result<()> {
    let component = component.component_type();
    for (name, _) in component.imports(engine).filter(|(name, _)| ZERO.iter().any(|one| name.starts_with(one))) {
        let mut instance = linker.instance(name)?;
        instance.func_wrap("insecure-seed", |_, (): ()| Ok(((0_u64, 0_u64),)))?;
        instance.func_wrap("get-random-u64", |_, (): ()| Ok((0_u64,)))?;
        instance.func_wrap("now", |_, (): ()| Ok((0_u64,)))?;
    }
    Ok(())
}

/// What there is to know of an instance that has started.
struct Started {
    store: Store<()>,
    instance: Instance,
}

impl Started {
    async fn ask<R: ComponentType + Lift + 'static>(&mut self, instance: &str, function: &str) -> R {
        let Self { store, instance: of } = self;
        let function = of.get_export(&mut *store, None, instance).and_then(|(_, instance)| {
            let (_, function) = of.get_export(&mut *store, Some(&instance), function)?;
            of.get_typed_func::<(), (R,)>(&mut *store, function).ok()
        });
        let function = function.expect("the instrumented component has it");
        function.call_async(store, ()).await.expect("it only tells").0
    }
}

impl ComponentInstanceState for Started {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        let bytes = self.ask::<WasmList<u8>>(instance, func).await;
        contents(bytes.as_le_slice(&self.store));
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.ask(instance, func).await
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.ask(instance, func).await
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.ask::<f32>(instance, func).await.to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.ask::<f64>(instance, func).await.to_bits()
    }
}
