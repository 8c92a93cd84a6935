//! The global allocator of lean guests: an arena that only moves forward.
//!
//! A tool runs in a fresh instance for each call, and the host throws its whole memory away afterwards. So there
//! is little to gain from freeing: the arena hands out the heap from its start, takes back only the newest
//! block (which lets a growing `String` stay where it is), and asks for more memory when it is used up.
//!
//! A guest takes it with one line; elsewhere than on `wasm32-unknown-unknown` the line changes nothing:
//!
//! ```
//! use lean as _; // the allocator
//! ```

#[cfg(any(test, all(target_arch = "wasm32", target_os = "unknown")))]
mod arena;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod heap;
