//! The allocator of the program.

use libmimalloc_sys::{mi_option_set, mi_option_t, mi_option_use_numa_nodes};
use mimalloc::MiMalloc;

/// The option of mimalloc that says for how many milliseconds memory is kept that was freed. The bindings leave it out; it stands
/// before this one.
const PURGE_DELAY: mi_option_t = mi_option_use_numa_nodes - 1;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Has memory given back to the system as soon as it is freed: what a run took for a moment would count for a second more.
#[expect(unsafe_code, reason = "mimalloc has no safe function for it")]
pub(crate) fn give_back_at_once() {
    // SAFETY: an option may be set at any time, and by any thread.
    unsafe { mi_option_set(PURGE_DELAY, 0) };
}
