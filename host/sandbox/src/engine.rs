use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use stockade_workflow::{Digest, Fault};
use tokio::sync::Semaphore;
use wasmtime::component::{Component as Compiled, Linker};
use wasmtime::{Enabled, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig, Strategy};

use crate::admission::{self, CORE_INSTANCES_MAX, TABLE_ELEMENTS};
use crate::cache::{self, Cache};
use crate::compiler::{Compiler, Turns};
use crate::component::{Component, Inner as ComponentInner};
use crate::loads::Loads;
use crate::state::State;
use crate::{Manifest, Result, Secrets, linker, sections};

/// Each live instance takes six of the 65,530 mappings that Linux gives a process; past them even malloc fails.
const CONCURRENCY_MAX: u32 = 10_000;
/// The stack of a guest: at half of it CPython cannot tell endless recursion in `__repr__` in time. The async stack leaves the host as much again, whose overflow would end the process.
pub(crate) const STACK_BYTES: usize = 2 << 20;
const ASYNC_STACK_BYTES: usize = 4 << 20;
/// A page of 64 KiB costs the host two system calls and, zeroed, about as long as this many instructions.
const PAGE_FUEL: u8 = 200;
const BACKTRACE_FRAMES: usize = 8;
/// More than an interpreter has; a component over these is refused when it is loaded.
const MEMORIES_PER_COMPONENT: u32 = 4;
const TABLES_PER_COMPONENT: u32 = 16;
const TABLES_PER_SLOT: u32 = 4;
/// What the host keeps for one instance beside its memory and tables: some 32 bytes for each import and function. CPython
/// fits. No meter sees these bytes, so that this, times the instances of a component, is what bounds them.
const INSTANCE_BYTES: usize = 1 << 20;

/// The settings of an [`Engine`].
#[derive(Clone, Debug)]
pub struct Config {
    /// How many calls run at one time; the rest wait.
    pub concurrency: u32,
    /// Where machine code is kept between runs of the program. Without one everything is compiled at each start.
    pub cache_dir: Option<PathBuf>,
    /// The most that one linear memory can ever hold, whatever a call's limits say.
    pub memory_bytes_max: u64,
    /// The values of the secrets that grants name.
    pub secrets: Secrets,
    /// Addresses by name, in lower case, in place of what the system's resolver says. They are checked like any others.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// Root certificates, in DER, that are trusted beside those of the browsers.
    pub tls_roots: Vec<Vec<u8>>,
    /// Who compiles.
    pub compiler: Compiler,
    /// Microseconds that one component may take to be compiled: of the clock, and of the processor.
    pub compile_us: u64,
    /// Bytes of memory that the compilation of one component may take, and bytes of machine code that it may make. Holds
    /// where a process of its own compiles.
    pub compile_bytes: u64,
    /// Bytes of machine code that are kept in `cache_dir`; beyond them, what was not used for longest goes.
    pub cache_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            concurrency: 64,
            cache_dir: None,
            memory_bytes_max: 64 << 20,
            secrets: Secrets::default(),
            hosts: BTreeMap::new(),
            tls_roots: Vec::new(),
            compiler: Compiler::default(),
            // StarlingMonkey takes 12 s of one core on a machine that does nothing else, and took 60 s on one with eight
            // builds at once, to which a worker yields.
            compile_us: 120_000_000,
            // CPython takes 423 MiB, on two cores.
            compile_bytes: 1 << 30,
            // CPython has 48 MB of machine code.
            cache_bytes: 1 << 30,
        }
    }
}

/// Compiles components and holds the pool in which they run. One for a process; a cheap handle.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    engine: wasmtime::Engine,
    linker: Linker<State>,
    slots: Arc<Semaphore>,
    config: Config,
    turns: Arc<Turns>,
    cache: Option<Cache>,
    loads: Loads,
}

impl Engine {
    /// Starts an engine.
    ///
    /// # Errors
    ///
    /// The concurrency is 0 or above 10,000, the memory does not fit the machine, or the cache directory cannot be
    /// used.
    pub fn new(config: Config) -> Result<Self> {
        if !(1..=CONCURRENCY_MAX).contains(&config.concurrency) {
            let message = format!("concurrency \"{}\" is not between 1 and {CONCURRENCY_MAX}", config.concurrency);
            return Err(Fault::invalid("concurrency", message));
        }
        let engine = wasmtime::Engine::new(&settings(&config)?).map_err(|error| unusable(&error))?;
        let linker = linker::everything(&engine).map_err(|error| unusable(&error))?;
        let cache = config.cache_dir.as_deref().map(|dir| Cache::open(dir, config.cache_bytes, &engine)).transpose()?;
        let slots = Arc::new(Semaphore::new(config.concurrency as usize));
        let (turns, loads) = (config.compiler.turns(), Loads::default());
        Ok(Self { inner: Arc::new(Inner { engine, linker, slots, config, turns, cache, loads }) })
    }

    /// Admits a component and compiles it, or takes it from the cache. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// The bytes are not a component, it imports what is not offered, or it needs more than the engine has.
    pub fn load(&self, bytes: &[u8]) -> Result<Component> {
        admission::glance(bytes)?;
        let digest = Digest::of(bytes);
        let (inner, was_cached) = self.inner.loads.once(&digest, || self.load_anew(bytes, &digest))?;
        Ok(Component::new(inner, was_cached))
    }

    fn load_anew(&self, bytes: &[u8], digest: &Digest) -> Result<(Arc<ComponentInner>, bool)> {
        let (compiled, was_cached) = self.compiled(bytes, digest)?;
        let slots = self.slots_for(&compiled)?;
        let manifest = Manifest::read(bytes)?;
        let inner = ComponentInner::new(compiled, digest.clone(), bytes.len(), slots, manifest)?;
        linker::offered(inner.imports())?;
        Ok((Arc::new(inner), was_cached))
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.engine
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.inner.linker
    }

    pub(crate) fn slots(&self) -> &Arc<Semaphore> {
        &self.inner.slots
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    /// What is in the cache was admitted when it came there.
    fn compiled(&self, bytes: &[u8], digest: &Digest) -> Result<(Compiled, bool)> {
        let Inner { engine, config, turns, cache, .. } = &*self.inner;
        if let Some(compiled) = cache.as_ref().and_then(|cache| cache.get(engine, digest)) {
            return Ok((compiled, true));
        }
        admission::admit(bytes, config.memory_bytes_max)?;
        let code = config.compiler.compile(engine, turns, config, bytes)?;
        let compiled = cache::deserialize(engine, &code).map_err(|error| inadmissible(&error))?;
        if let Some(cache) = cache {
            // The directory could be written when the engine started. If it no longer can (a full disk), the next
            // start compiles again: slower, and nothing else.
            let _ = cache.put(digest, &code);
        }
        Ok((compiled, false))
    }

    /// A component of two memories takes two slots, for the pool has no more memories than slots.
    fn slots_for(&self, compiled: &Compiled) -> Result<u32> {
        let needs = compiled.resources_required();
        let needs = needs.ok_or_else(|| Fault::invalid("component", "the component imports a core module"))?;
        let slots = needs.num_memories.max(needs.num_tables.div_ceil(TABLES_PER_SLOT)).max(1);
        let concurrency = self.inner.config.concurrency;
        if slots > concurrency {
            let message = format!("the component takes {slots} slots and \"concurrency\" allows {concurrency}");
            return Err(Fault::invalid("component", message));
        }
        Ok(slots)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", self.config()).finish_non_exhaustive()
    }
}

fn settings(config: &Config) -> Result<wasmtime::Config> {
    let mut settings = code_settings();
    settings
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config)?))
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(ASYNC_STACK_BYTES)
        // A stack of the pool has held another guest's frames. No guest can read them but through a bug of the compiler;
        // then there is nothing to read. Costs what the pages that were touched take to be cleared.
        .async_stack_zeroing(true)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES));
    Ok(settings)
}

/// The settings that machine code depends on, the same in the host and in its compile worker.
///
/// Fuel alone is the meter. With a yield each million units it carries the deadline too, so that epochs, which would
/// cost another 7 to 26 %, are not needed.
pub(crate) fn code_settings() -> wasmtime::Config {
    let mut settings = wasmtime::Config::new();
    settings
        .strategy(Strategy::Cranelift)
        .consume_fuel(true)
        .epoch_interruption(false)
        .operator_cost(operator_cost())
        // Only WASI 0.3 needs it, and it costs every async call 7 to 12 µs.
        .concurrency_support(false)
        .memory_init_cow(true)
        // A 32-bit address and a 32-bit offset reach at most 4 GiB and a guard beyond the start of a memory, so that no
        // check is compiled in that could be compiled wrongly. They are the defaults, spelt out for they are walls.
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .guard_before_linear_memory(true)
        .signals_based_traps(true)
        .debug_info(false)
        // The same call must give the same bits on every machine. A loop of nothing but floating-point arithmetic takes
        // 1.34 times as long with it; tools have none.
        .cranelift_nan_canonicalization(true)
        // Exactly what admission lets through. wasmtime's own cache of machine code is not compiled in: it trusts whatever
        // is in its directory.
        .wasm_features(admission::FEATURES.complement(), false)
        .wasm_features(admission::FEATURES, true)
        // No guest may have several memories in a module, but wasmtime itself makes such a one to carry a value from one
        // part of a component to another, and panics if it may not.
        .wasm_multi_memory(true);
    settings
}

fn operator_cost() -> OperatorCost {
    let mut cost = OperatorCost::new();
    cost.variable.memory_grow_per_page = PAGE_FUEL;
    cost
}

/// Slots are reset by copying, not by giving pages back to the system, which would cost page faults in the next call
/// and stop all threads of the process.
fn pool(config: &Config) -> Result<PoolingAllocationConfig> {
    let count = config.concurrency;
    let memory = usize::try_from(config.memory_bytes_max);
    let memory = memory.map_err(|_| Fault::invalid("memory_bytes_max", "the memory does not fit the machine"))?;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count)
        .total_core_instances(count.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(count)
        .total_tables(count.saturating_mul(TABLES_PER_SLOT))
        .total_stacks(count)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_tables_per_module(TABLES_PER_COMPONENT)
        .max_memory_size(memory)
        .max_core_instance_size(INSTANCE_BYTES)
        .max_component_instance_size(INSTANCE_BYTES)
        .table_elements(TABLE_ELEMENTS as usize)
        .linear_memory_keep_resident(32 << 20)
        .table_keep_resident(1 << 20)
        // Cleared by writing, not by giving pages back; an ordinary call goes no deeper.
        .async_stack_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto)
        // With fewer warm slots than tools, each call would map the tool's image anew: 20 to 35 µs.
        .max_unused_warm_slots(count);
    Ok(pool)
}

pub(crate) fn inadmissible(error: &wasmtime::Error) -> Fault {
    sections::not_valid(&chain(error))
}

fn unusable(error: &wasmtime::Error) -> Fault {
    Fault::invalid("engine", format!("the engine cannot start: {}", chain(error)))
}

/// Writes an error with its causes in one line.
pub(crate) fn chain(error: &wasmtime::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
