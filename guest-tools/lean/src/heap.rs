use std::alloc::{GlobalAlloc, Layout};
use std::arch::wasm32::memory_grow;
use std::ptr;

use crate::arena::Arena;

#[cfg(target_feature = "atomics")]
compile_error!("the arena is for guests of one thread");

const PAGE_BYTES: usize = 65_536;
/// The least that the memory grows by, so that a tool with much to hold grows it seldom: 1 MiB.
const GROW_PAGES_MIN: usize = 16;

#[global_allocator]
static HEAP: Heap = Heap { arena: Arena::new() };

struct Heap {
    arena: Arena,
}

// SAFETY: the arena is only ever extended by memory that nobody else uses: once by what lies between the linker's
// `__heap_base` and `__heap_end`, which it keeps free for an allocator, and then by pages that `memory.grow` has
// added for this very caller. Out of them it hands out blocks that do not overlap, aligned and of the size asked
// for; it takes back none but the newest, and only when that block is given up. Nothing in here panics.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        loop {
            if let Some(start) = self.arena.take(layout) {
                return ptr::with_exposed_provenance_mut(start);
            }
            if !self.extend(layout) {
                return ptr::null_mut();
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.arena.resize(block.addr(), layout.size(), 0);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if self.arena.resize(block.addr(), layout.size(), new_size) || new_size <= layout.size() {
            return block;
        }
        // SAFETY: the caller vouches that `new_size` is right for this alignment, and that `block` has this layout;
        // a fresh block overlaps no other, and the shorter of both sizes fits both.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(new_size));
            }
            moved
        }
    }
}

impl Heap {
    /// Adds memory for at least this layout, or returns false where the host gives none. The very first time it
    /// adds what the guest was linked with, however little that is.
    fn extend(&self, layout: Layout) -> bool {
        let range = if self.arena.is_new() { Some(linked()) } else { grown(layout) };
        range.map(|(start, end)| self.arena.extend(start, end)).is_some()
    }
}

/// Returns where the memory begins and ends that the linker has left for a heap.
fn linked() -> (usize, usize) {
    unsafe extern "C" {
        static __heap_base: u8;
        static __heap_end: u8;
    }
    ((&raw const __heap_base).expose_provenance(), (&raw const __heap_end).expose_provenance())
}

/// Grows the memory and returns where the new part begins and ends.
fn grown(layout: Layout) -> Option<(usize, usize)> {
    let bytes = layout.size().checked_add(layout.align())?;
    let pages = bytes.div_ceil(PAGE_BYTES).max(GROW_PAGES_MIN);
    match memory_grow::<0>(pages) {
        usize::MAX => None,
        // The last byte of a memory of 4 GiB is given up, for no `usize` tells where it ends.
        first => Some((first * PAGE_BYTES, (first * PAGE_BYTES).saturating_add(pages * PAGE_BYTES))),
    }
}
