//! What the prelude is given of the world outside.

use std::cell::{Cell, RefCell};

use rquickjs::{Ctx, Exception, Function, Object, Result, TypedArray, Value, qjs};
use wasip2::cli::{stderr, stdout};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::random::random;

use crate::text::Text;
use crate::{dates, digest, files, kind, text, tools, zlib};

/// The most that a stream takes in one call.
const WRITE_BYTES: usize = 4096;
/// The most of chance that is asked for in one call.
const ENTROPY_BYTES: usize = 64 << 10;
/// How often a cell may print with a call to the host each.
const PRINTS: u32 = 1000;

thread_local! {
    static RUNS: Cell<bool> = const { Cell::new(false) };
    static EXITED: Cell<bool> = const { Cell::new(false) };
    static RANDOM: Cell<[u64; 2]> = const { Cell::new([0; 2]) };
    /// Milliseconds that timers have waited, as code sees it.
    static PASSED: Cell<f64> = const { Cell::new(0.0) };
    static PRINTED: Cell<u32> = const { Cell::new(0) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static ERRORS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lets the interpreter look at the world: until a cell runs it must not, for what it saw would be the same for all.
pub(crate) fn is_running() {
    RUNS.set(true);
    EXITED.set(false);
}

/// Whether a cell runs.
pub(crate) fn runs() -> bool {
    RUNS.get()
}

/// Whether the cell has ended itself.
pub(crate) fn has_exited() -> bool {
    EXITED.get()
}

/// Throws an error that no `catch` and no `finally` sees: the cell ends itself.
fn exit<'js>(ctx: Ctx<'js>, error: Value<'js>) -> Result<()> {
    EXITED.set(true);
    // SAFETY: both live, and the error is of this context.
    unsafe { qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), error.as_raw()) };
    Err(ctx.throw(error))
}

pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    host.set("print", Function::new(ctx.clone(), print)?)?;
    host.set("random", Function::new(ctx.clone(), random)?)?;
    host.set("now", Function::new(ctx.clone(), || monotonic_clock::now() as f64 / 1e6 + PASSED.get())?)?;
    host.set("pass", Function::new(ctx.clone(), pass)?)?;
    host.set("targetOf", Function::new(ctx.clone(), kind::target)?)?;
    host.set("handlerOf", Function::new(ctx.clone(), kind::handler)?)?;
    host.set("promiseOf", Function::new(ctx.clone(), kind::promise)?)?;
    host.set("tool", Function::new(ctx.clone(), tools::tool)?)?;
    host.set("exit", Function::new(ctx.clone(), exit)?)?;
    host.set("encodeUtf8", Function::new(ctx.clone(), text::encode)?)?;
    host.set("decodeUtf8", Function::new(ctx.clone(), text::decode)?)?;
    host.set("read", Function::new(ctx.clone(), files::read)?)?;
    host.set("readBytes", Function::new(ctx.clone(), files::read_bytes)?)?;
    host.set("writeBytes", Function::new(ctx.clone(), files::write_bytes)?)?;
    host.set("list", Function::new(ctx.clone(), files::list)?)?;
    host.set("remove", Function::new(ctx.clone(), files::remove)?)?;
    host.set("makeDirectory", Function::new(ctx.clone(), files::make_directory)?)?;
    host.set("stat", Function::new(ctx.clone(), files::stat)?)?;
    host.set("rename", Function::new(ctx.clone(), files::rename)?)?;
    host.set("entropy", Function::new(ctx.clone(), entropy)?)?;
    host.set("digest", Function::new(ctx.clone(), digest::digest)?)?;
    host.set("hmac", Function::new(ctx.clone(), digest::hmac)?)?;
    host.set("pbkdf2", Function::new(ctx.clone(), digest::pbkdf2)?)?;
    host.set("parseDate", Function::new(ctx.clone(), dates::parse)?)?;
    host.set("deflate", Function::new(ctx.clone(), zlib::deflate)?)?;
    host.set("inflate", Function::new(ctx.clone(), zlib::inflate)?)?;
    host.set("crc32", Function::new(ctx.clone(), zlib::crc32)?)?;
    Ok(host)
}

/// Moves the clocks on by what a timer has waited.
fn pass(milliseconds: f64) {
    PASSED.set(PASSED.get() + milliseconds);
}

/// Prints to standard output, or to standard error. What a cell prints goes out at once, so that what it printed before it
/// was stopped is there; past a thousand times it is kept together, for each costs a call to the host.
fn print(Text(text): Text, is_error: bool) {
    PRINTED.set(PRINTED.get() + 1);
    let kept = if is_error { &ERRORS } else { &OUTPUT };
    kept.with_borrow_mut(|kept| {
        kept.extend_from_slice(text.as_bytes());
        if PRINTED.get() <= PRINTS || kept.len() >= WRITE_BYTES {
            put(kept, is_error);
        }
    });
}

/// Prints what was kept together.
pub(crate) fn flush() {
    PRINTED.set(0);
    OUTPUT.with_borrow_mut(|kept| put(kept, false));
    ERRORS.with_borrow_mut(|kept| put(kept, true));
}

fn put(kept: &mut Vec<u8>, is_error: bool) {
    if !RUNS.get() {
        kept.clear();
    }
    if kept.is_empty() {
        return;
    }
    let stream = if is_error { stderr::get_stderr() } else { stdout::get_stdout() };
    for piece in kept.chunks(WRITE_BYTES) {
        // A stream that takes no more is full: the host says so with the result.
        if stream.blocking_write_and_flush(piece).is_err() {
            break;
        }
    }
    kept.clear();
}

/// Random bytes of the host's, as keys and identifiers want them.
fn entropy(ctx: Ctx<'_>, length: u32) -> Result<TypedArray<'_, u8>> {
    if !RUNS.get() {
        return Err(Exception::throw_message(&ctx, "there is no chance before the first cell"));
    }
    let (mut bytes, length) = (Vec::new(), length as usize);
    while bytes.len() < length {
        let piece = (length - bytes.len()).min(ENTROPY_BYTES);
        bytes.extend(random::get_random_bytes(piece as u64));
    }
    TypedArray::new(ctx, bytes)
}

/// xorshift128+, seeded by the host: the state that QuickJS itself keeps is part of the snapshot, the same for all.
fn random(ctx: Ctx<'_>) -> Result<f64> {
    let [mut x, y] = RANDOM.get();
    let y = if x | y == 0 {
        if !RUNS.get() {
            return Err(Exception::throw_message(&ctx, "there is no chance before the first cell"));
        }
        x = random::get_random_u64() | 1;
        random::get_random_u64()
    } else {
        y
    };
    x ^= x << 23;
    x ^= x >> 17;
    x ^= y ^ (y >> 26);
    RANDOM.set([y, x]);
    Ok((x.wrapping_add(y) >> 11) as f64 / (1u64 << 53) as f64)
}

/// Microseconds since 1970: where QuickJS's `Date` comes from.
#[unsafe(no_mangle)]
extern "C" fn __rquickjs_host_now_us() -> f64 {
    if !RUNS.get() {
        return 0.0;
    }
    let now = wall_clock::now();
    now.seconds as f64 * 1e6 + f64::from(now.nanoseconds / 1_000) + PASSED.get() * 1e3
}
