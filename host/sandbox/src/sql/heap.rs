//! What SQLite holds of memory, over all databases of the process.
//!
//! SQLite has one heap and one limit for it, and neither knows connections: sorting and grouping, which happen in memory,
//! are in no connection's own figures. So the statements of tools stop at [`TOOLS_MAX`] of the whole, whoever holds it, and
//! the limit that SQLite itself enforces is at [`HARD_MAX`]: what is between is for the journal of runs and the buckets of
//! keys, whose statements are not stopped, and for what tools' statements take between two looks.

/// Above it the statements of tools are stopped.
pub(super) const TOOLS_MAX: i64 = 512 << 20;
/// Above it SQLite gives no memory to anybody.
///
/// A statement that sorts or joins rows of a megabyte took up to 17 MiB between two looks, and one that makes 200 such values
/// in one row, 200 MiB. So it takes three of the latter in the same moment before the journal is refused memory.
pub(super) const HARD_MAX: i64 = 1 << 30;

/// Returns the bytes that SQLite holds.
#[expect(unsafe_code, reason = "rusqlite has no function of its own for it")]
pub(super) fn bytes() -> i64 {
    // SAFETY: takes nothing, touches nothing but SQLite's own counter under SQLite's own lock, and may be called from
    // anywhere, a progress handler included. SQLite is initialised, or this initialises it.
    unsafe { rusqlite::ffi::sqlite3_memory_used() }
}
