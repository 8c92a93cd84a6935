//! The settings of wasmtime: what guests can use, and how the pool in which they run is cut.

use std::num::NonZeroUsize;

use stockade_workflow::Fault;
use wasmtime::{Enabled, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig, Strategy};

use crate::admission::{self, CORE_INSTANCES_MAX, TABLE_ELEMENTS};
use crate::{Config, Limits, Result};

/// The async stack leaves the host two megabytes beside what the guest has, for an overflow of the host would end the process.
const ASYNC_STACK_BYTES: usize = STACK_BYTES + (2 << 20);
const STACK_BYTES: usize = Limits::STACK_BYTES as usize;
/// A page of 64 KiB costs the host two system calls and, zeroed, about as long as this many instructions.
const PAGE_FUEL: u8 = 200;
const BACKTRACE_FRAMES: usize = 8;
/// More than an interpreter has; a component over these is refused when it is loaded.
const MEMORIES_PER_COMPONENT: u32 = 4;
const TABLES_PER_COMPONENT: u32 = 16;
pub(crate) const TABLES_PER_SLOT: u32 = 4;
/// What the host keeps for one instance beside its memory and tables: some 32 bytes for each import and function. CPython
/// fits. No meter sees these bytes, so that this, times the instances of a component, is what bounds them.
const INSTANCE_BYTES: usize = 1 << 20;

pub(crate) fn settings(config: &Config) -> Result<wasmtime::Config> {
    let mut settings = code_settings(config.portable_floats);
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
pub(crate) fn code_settings(portable_floats: bool) -> wasmtime::Config {
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
        // check is compiled in that could be compiled wrongly. They are the defaults, spelt out for isolation rests on them.
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .guard_before_linear_memory(true)
        .signals_based_traps(true)
        .debug_info(false)
        // Tells at which byte of the component a frame of a backtrace stands, and no message says that. Without it, machine
        // code that is read, verified and copied before a first call is smaller by 5 to 9 %.
        .generate_address_map(false)
        // Without it, the sign and the payload of a NaN are the processor's; all else is the same on every machine. With it,
        // each result of arithmetic is looked at. Relaxed SIMD, which would be the machine's too, admission refuses.
        .cranelift_nan_canonicalization(portable_floats)
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
