//! Where cells allocate: together, in memory of its own, instead of in the holes that the making of the library has left.
//!
//! Each instance begins as a copy of the snapshot, and each page of it that a cell writes to is copied then and reset
//! afterwards. Few pages that lie together are quick; past some thirty places that are apart from one another the sandbox
//! gives all the rest back to the system, and the next cell pays for each page with a page fault.

use std::alloc::Layout;
use std::ffi::c_void;

use rquickjs::{Ctx, qjs};

/// What there is of each heap before the memory has to grow, which costs two system calls. Most of it is arenas.
const ROOM_BYTES: usize = 256 << 10;
const ROOM_BYTES_OF_RUST: usize = 32 << 10;
/// The sizes of blocks that holes are filled with.
const HOLES: [usize; 14] =
    [64 << 10, 32 << 10, 16 << 10, 8 << 10, 4 << 10, 2 << 10, 1 << 10, 512, 256, 128, 64, 32, 16, 8];
/// QuickJS keeps blocks of up to 504 bytes in arenas, each of blocks of one size: every 8 bytes up to 120, every 16 up to
/// 248, every 32 up to 504.
const ARENAS: [(usize, usize); 3] = [(8, 120), (16, 248), (32, 504)];

/// The memory that cells allocate in.
pub(crate) struct Room {
    begin: usize,
}

impl Room {
    /// Adds memory to both heaps, at their end.
    pub(crate) fn new(ctx: &Ctx<'_>) -> Self {
        let (begin, arenas) = (end_of_memory(), Arenas(ctx.as_raw().as_ptr()));
        Rust.give_back(Rust.take(ROOM_BYTES_OF_RUST), ROOM_BYTES_OF_RUST);
        C.give_back(C.take(ROOM_BYTES), ROOM_BYTES);
        let room = Self { begin };
        room.fill(ctx);
        // One block of each arena is taken for good: an arena without one would be given up, and made anew by the next cell.
        arena_sizes().for_each(|bytes| _ = arenas.take(bytes));
        room
    }

    /// Fills the holes before it, for good.
    pub(crate) fn fill(&self, ctx: &Ctx<'_>) {
        let arenas = Arenas(ctx.as_raw().as_ptr());
        HOLES.into_iter().for_each(|bytes| self.fill_with(&Rust, bytes));
        HOLES.into_iter().for_each(|bytes| self.fill_with(&C, bytes));
        arena_sizes().for_each(|bytes| self.fill_with(&arenas, bytes));
    }

    fn fill_with(&self, heap: &impl Heap, bytes: usize) {
        loop {
            let block = heap.take(bytes);
            assert!(block != 0, "there is memory when the component is built");
            if block >= self.begin {
                return heap.give_back(block, bytes);
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
pub(crate) fn end_of_memory() -> usize {
    std::arch::wasm32::memory_size(0) << 16
}

/// Tests are built for another machine, and make no snapshot.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn end_of_memory() -> usize {
    0
}

fn arena_sizes() -> impl Iterator<Item = usize> {
    let mut last = 0;
    ARENAS.into_iter().flat_map(move |(step, end)| {
        let sizes = (last + step..=end).step_by(step);
        last = end;
        sizes
    })
}

trait Heap {
    fn take(&self, bytes: usize) -> usize;
    fn give_back(&self, block: usize, bytes: usize);
}

/// The small blocks of QuickJS.
struct Arenas(*mut qjs::JSContext);

impl Heap for Arenas {
    fn take(&self, bytes: usize) -> usize {
        // SAFETY: the context lives.
        unsafe { qjs::js_malloc(self.0, bytes as qjs::size_t) as usize }
    }

    fn give_back(&self, block: usize, _: usize) {
        // SAFETY: the block was taken from this heap, and nothing refers to it.
        unsafe { qjs::js_free(self.0, block as *mut _) };
    }
}

/// The heap of its libc, where the arenas are and the large blocks.
struct C;

unsafe extern "C" {
    fn malloc(bytes: usize) -> *mut c_void;
    fn free(block: *mut c_void);
}

impl Heap for C {
    fn take(&self, bytes: usize) -> usize {
        // SAFETY: any size will do.
        unsafe { malloc(bytes) as usize }
    }

    fn give_back(&self, block: usize, _: usize) {
        // SAFETY: the block was taken from this heap, and nothing refers to it.
        unsafe { free(block as *mut c_void) };
    }
}

struct Rust;

impl Heap for Rust {
    fn take(&self, bytes: usize) -> usize {
        // SAFETY: the layout has a size.
        unsafe { std::alloc::alloc(Layout::from_size_align_unchecked(bytes, 8)) as usize }
    }

    fn give_back(&self, block: usize, bytes: usize) {
        // SAFETY: the block was taken from this heap with this very layout, and nothing refers to it.
        unsafe { std::alloc::dealloc(block as *mut u8, Layout::from_size_align_unchecked(bytes, 8)) };
    }
}
