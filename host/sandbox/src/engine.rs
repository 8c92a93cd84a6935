mod config;

use std::sync::Arc;
use std::{env, fmt};

use stockade_workflow::{Digest, Fault, Floats};
use tokio::sync::Semaphore;
use wasmtime::component::{Component as Compiled, Linker};

pub use self::config::{Compiler, Config};

use crate::cache::{self, Cache};
use crate::compiler::{Turns, inadmissible};
use crate::component::{Component, Inner as ComponentInner};
use crate::failure::chain;
use crate::loads::Loads;
use crate::settings::{TABLES_PER_SLOT, settings};
use crate::state::{self, State};
use crate::{HostMemory, Manifest, Place, Result, admission, imports};

/// Each live instance takes six of the 65,530 mappings that Linux gives a process; past them even malloc fails.
const CONCURRENCY_MAX: u32 = 10_000;
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
    host_memory: HostMemory,
    floats: Floats,
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
        let linker = state::linker(&engine).map_err(|error| unusable(&error))?;
        let cache = config.cache_dir.as_deref();
        let cache = cache.map(|dir| Cache::open(dir, config.key_dir.as_deref(), config.cache_bytes, &engine));
        let cache = cache.transpose()?;
        let slots = Arc::new(Semaphore::new(config.concurrency as usize));
        let (turns, loads) = (config.compiler.turns(), Loads::default());
        let host_memory = HostMemory::new(config.host_memory_bytes);
        let floats = if config.portable_floats { Floats::PORTABLE } else { floats_of_machine(&engine) };
        let inner = Inner { engine, linker, slots, config, turns, cache, loads, host_memory, floats };
        Ok(Self { inner: Arc::new(inner) })
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
        imports::offered(inner.imports())?;
        Ok((Arc::new(inner), was_cached))
    }

    /// Returns the account of the host's memory.
    pub fn host_memory(&self) -> &HostMemory {
        &self.inner.host_memory
    }

    /// Returns what the bits of a NaN depend on in what it runs.
    pub fn floats(&self) -> &Floats {
        &self.inner.floats
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.engine
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.inner.linker
    }

    /// Takes a place in the pool for calls of code, beside the one that the code keeps, if as many slots are free now. It does not
    /// wait: pieces of code that hold places would wait for one another for ever.
    pub fn place(&self, slots: u32) -> Option<Place> {
        let taken = Arc::clone(self.slots()).try_acquire_many_owned(slots).ok()?;
        Some(Place::taken(slots, taken))
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

/// Names the machine by its architecture, and by a few digits of the digest of what decides which instructions the compiler
/// chooses: its version, its settings, what the processor can.
fn floats_of_machine(engine: &wasmtime::Engine) -> Floats {
    let settings: String = cache::settings(engine).hex().chars().take(8).collect();
    // What this program was built for; nothing of its environment.
    Floats::of_machine(env::consts::ARCH, &settings)
}

fn unusable(error: &wasmtime::Error) -> Fault {
    Fault::invalid("engine", format!("the engine cannot start: {}", chain(error)))
}
