use std::ffi::{c_char, c_int};
use std::ptr;

use rusqlite::{Connection, ffi};

/// What an extension's first function is, as `sqlite-vec.h` has it; its Rust crate gives it without its arguments.
type Init = unsafe extern "C" fn(*mut ffi::sqlite3, *mut *mut c_char, *const ffi::sqlite3_api_routines) -> c_int;

/// Gives a connection the tables of vectors. Only this one: what tools open has none of it.
#[expect(unsafe_code, reason = "sqlite-vec is C, and rusqlite loads extensions only from files")]
pub(super) fn load(connection: &Connection) -> rusqlite::Result<()> {
    let mut message: *mut c_char = ptr::null_mut();
    // SAFETY: the symbol is `int sqlite3_vec_init(sqlite3 *, char **, const sqlite3_api_routines *)`, linked statically
    // against the same SQLite as rusqlite, so that it does not read its third argument. The handle is open as long as the
    // borrow, no other code uses it meanwhile, and the message is SQLite's own or null, which `sqlite3_free` takes both.
    let code = unsafe {
        let init = std::mem::transmute::<unsafe extern "C" fn(), Init>(sqlite_vec::sqlite3_vec_init);
        let code = init(connection.handle(), &raw mut message, ptr::null());
        ffi::sqlite3_free(message.cast());
        code
    };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)) }
}
