//! What SQLite holds of memory, over all databases of the process, and what it may take to prepare one statement.
//!
//! SQLite has one heap and one limit for it, and neither knows connections: sorting and grouping, which happen in memory,
//! are in no connection's own figures. So the statements of tools stop at [`TOOLS_MAX`] of the whole, whichever statement holds
//! it, and the limit that SQLite itself enforces is at [`HARD_MAX`]: what is between is for the journal of runs and the buckets
//! of keys, whose statements are not stopped, and for what tools' statements take between two looks.
//!
//! While it prepares a statement SQLite asks no progress handler for most of its time, and a few hundred bytes of common
//! table expressions that name each other twice are expanded into millions of references. But all that it expands it has to
//! store. So SQLite's own allocator is wrapped, before `main` begins, by one that counts what a thread takes while it
//! prepares, and gives it nothing more once it took [`PREPARE_MAX`] or its time is over.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::{addr_of, addr_of_mut, null_mut};
use std::sync::OnceLock;
use std::time::Instant;

use rusqlite::ffi;

/// Above it the statements of tools are stopped.
pub(super) const TOOLS_MAX: i64 = 512 << 20;
/// Above it SQLite gives out no memory.
///
/// A statement that sorts or joins rows of a megabyte took up to 17 MiB between two looks, and one that makes 200 such values
/// in one row, 200 MiB. So it takes three of the latter in the same moment before the journal is refused memory.
pub(super) const HARD_MAX: i64 = 1 << 30;
/// What preparing one statement may take of memory, counted without what it gives back.
///
/// The longest statement that is admitted takes 5 MB where nothing in it is expanded. This much is used up in 0.1 s.
pub(super) const PREPARE_MAX: usize = 16 << 20;
/// Allocations between two looks at the clock.
const ALLOCATIONS: u32 = 64;

/// What a thread may still take while it prepares a statement.
#[derive(Clone, Copy)]
struct Bounds {
    bytes_left: usize,
    deadline: Instant,
    allocations: u32,
    over: Option<Over>,
}

/// Why a statement was not prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// It took more than [`PREPARE_MAX`].
    Bytes,
    /// It took until the deadline.
    Time,
}

thread_local! {
    /// What this thread is bound to, while it prepares.
    static BOUNDS: Cell<Option<Bounds>> = const { Cell::new(None) };
}

/// What came of preparing something within bounds.
pub(super) struct Prepared<T> {
    pub(super) prepared: T,
    /// The bytes that it took, without what it gave back.
    pub(super) taken: usize,
    /// The bound that it reached, after which SQLite reports that it has no memory.
    pub(super) over: Option<Over>,
}

/// Prepares something within bounds, on this thread.
pub(super) fn bounded<T>(deadline: Instant, prepare: impl FnOnce() -> T) -> Prepared<T> {
    let bounds = Bounds { bytes_left: PREPARE_MAX, deadline, allocations: 0, over: None };
    BOUNDS.set(Some(bounds));
    let _unbound = Unbound;
    let prepared = prepare();
    let bounds = BOUNDS.get().unwrap_or(bounds);
    Prepared { prepared, taken: PREPARE_MAX.saturating_sub(bounds.bytes_left), over: bounds.over }
}

/// Frees the thread of its bounds where it is dropped, after a panic too.
struct Unbound;

impl Drop for Unbound {
    fn drop(&mut self) {
        BOUNDS.set(None);
    }
}

/// Returns whether this thread may not take so many bytes more. Once it may not, it gets nothing until it is unbound.
fn refuses(bytes: usize) -> bool {
    let Some(mut bounds) = BOUNDS.get() else { return false };
    bounds.take(bytes);
    BOUNDS.set(Some(bounds));
    bounds.over.is_some()
}

impl Bounds {
    fn take(&mut self, bytes: usize) {
        self.allocations = self.allocations.wrapping_add(1);
        match self.bytes_left.checked_sub(bytes) {
            _ if self.over.is_some() => {}
            None => self.over = Some(Over::Bytes),
            Some(left) => {
                self.bytes_left = left;
                let is_late = self.allocations.is_multiple_of(ALLOCATIONS) && Instant::now() >= self.deadline;
                self.over = is_late.then_some(Over::Time);
            }
        }
    }
}

/// The functions of SQLite's own allocator that are wrapped.
struct Allocator {
    malloc: unsafe extern "C" fn(c_int) -> *mut c_void,
    realloc: unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void,
    size: unsafe extern "C" fn(*mut c_void) -> c_int,
}

/// SQLite's own allocator; nothing where it could not be wrapped.
static ALLOCATOR: OnceLock<Option<Allocator>> = OnceLock::new();

/// Has the allocator wrapped before `main` begins, for SQLite does not let it be changed once it is in use, and an embedder
/// may have used it before us.
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[expect(unsafe_code, reason = "the section says that the function is called at the start")]
static AT_START: extern "C" fn() = at_start;

extern "C" fn at_start() {
    is_bounded();
}

/// Returns whether preparing can be bounded in this process.
pub(super) fn is_bounded() -> bool {
    ALLOCATOR.get_or_init(wrapped).is_some()
}

#[expect(unsafe_code, reason = "rusqlite has no function of its own for it")]
fn wrapped() -> Option<Allocator> {
    let mut methods = ffi::sqlite3_mem_methods {
        xMalloc: None,
        xFree: None,
        xRealloc: None,
        xSize: None,
        xRoundup: None,
        xInit: None,
        xShutdown: None,
        pAppData: null_mut(),
    };
    // SAFETY: the option takes a pointer to such a structure, and fills it.
    let got = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, addr_of_mut!(methods)) };
    let own = Allocator { malloc: methods.xMalloc?, realloc: methods.xRealloc?, size: methods.xSize? };
    methods.xMalloc = Some(malloc);
    methods.xRealloc = Some(realloc);
    // SAFETY: the option takes a pointer to such a structure, and copies it. Where SQLite is in use already, it does nothing.
    let set = || unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, addr_of!(methods)) };
    (got == ffi::SQLITE_OK && set() == ffi::SQLITE_OK).then_some(own)
}

#[expect(unsafe_code, reason = "it is called by SQLite alone, as the function that it wraps")]
extern "C" fn malloc(bytes: c_int) -> *mut c_void {
    match ALLOCATOR.get() {
        // SAFETY: as SQLite's own call.
        Some(Some(own)) if !refuses(length(bytes)) => unsafe { (own.malloc)(bytes) },
        _ => null_mut(),
    }
}

#[expect(unsafe_code, reason = "it is called by SQLite alone, as the function that it wraps")]
extern "C" fn realloc(at: *mut c_void, bytes: c_int) -> *mut c_void {
    let Some(Some(own)) = ALLOCATOR.get() else { return null_mut() };
    // SAFETY: SQLite gives a piece that it got here, as to its own allocator.
    let growth = length(bytes).saturating_sub(length(unsafe { (own.size)(at) }));
    if refuses(growth) {
        return null_mut();
    }
    // SAFETY: as SQLite's own call.
    unsafe { (own.realloc)(at, bytes) }
}

fn length(bytes: c_int) -> usize {
    usize::try_from(bytes).unwrap_or_default()
}

/// Returns the bytes that SQLite holds.
#[expect(unsafe_code, reason = "rusqlite has no function of its own for it")]
pub(super) fn bytes() -> i64 {
    // SAFETY: takes nothing, touches nothing but SQLite's own counter under SQLite's own lock, and may be called from
    // anywhere, a progress handler included. SQLite is initialised, or this initialises it.
    unsafe { ffi::sqlite3_memory_used() }
}
