//! Where code has called a tool: an error of the call tells it, and most calls have no error.
//!
//! An error of QuickJS writes its stack at once, as a text, which was a fifth of a call, and there is no function that only notes
//! it. So the frames are noted as QuickJS has them, and stand in their place again while an error is made. Their layout is no
//! promise of QuickJS: when the guest is built, `learn` finds them, and compares what comes of them. Where that fails, no guest is
//! made.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;

use rquickjs::{Ctx, Function, Object, Result, Value, qjs};

use crate::kept::Kept;
use crate::room;

/// As many frames as an error has at most.
const FRAMES: usize = 64;
/// Where the frame of what runs is looked for within the runtime.
const RUNTIME_BYTES: usize = 2048;

thread_local! {
    /// At what byte of the runtime the frame of what runs is.
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// `JSStackFrame` of `quickjs.c`. Most of it is of use to the function that runs alone.
#[repr(C)]
struct Frame {
    caller: *const Frame,
    function: qjs::JSValue,
    variables: [*const c_void; 3],
    /// The one after the call.
    instruction: *const u8,
    counts: [u16; 2],
    kinds: [u8; 2],
    coroutine: [*const c_void; 2],
}

/// What an error tells of the frames of a call, the innermost first.
pub(crate) struct Place(Vec<Noted>);

struct Noted {
    function: Kept,
    instruction: *const u8,
    kinds: [u8; 2],
}

impl Place {
    /// The place at which a function of this component was called.
    pub(crate) fn here(ctx: &Ctx<'_>) -> Self {
        let mut frames = Vec::new();
        // SAFETY: `learn` has seen that the frame is there, and the frames of what runs live with their functions.
        unsafe {
            let mut frame = *current(ctx);
            while !frame.is_null() && frames.len() < FRAMES {
                let Frame { function, instruction, kinds, .. } = *frame;
                frames.push(Noted { function: Kept::also(ctx, function), instruction, kinds });
                frame = (*frame).caller;
            }
        }
        Self(frames)
    }

    /// An error that was made there.
    pub(crate) fn error<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let mut frames: Vec<_> = self.0.iter().map(Noted::frame).collect();
        let mut caller = ptr::null();
        for frame in frames.iter_mut().rev() {
            frame.caller = caller;
            caller = frame;
        }
        // SAFETY: the frames have all that an error looks at, and are there until it is made.
        unsafe {
            let running = current(ctx).replace(caller);
            let error = now(ctx);
            *current(ctx) = running;
            error
        }
    }
}

impl Noted {
    fn frame(&self) -> Frame {
        let Self { instruction, kinds, .. } = *self;
        let (caller, function) = (ptr::null(), self.function.as_raw());
        Frame {
            caller,
            function,
            variables: [ptr::null(); 3],
            instruction,
            counts: [0; 2],
            kinds,
            coroutine: [ptr::null(); 2],
        }
    }
}

/// An error that keeps the stack as it is.
fn now<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    // SAFETY: the context lives, and the error is one of its own.
    Ok(unsafe { Kept::new(ctx, qjs::JS_NewError(ctx.as_raw().as_ptr()))? }.into_value(ctx))
}

/// Where the runtime keeps the frame of what runs.
fn current(ctx: &Ctx<'_>) -> *mut *const Frame {
    // SAFETY: the context lives, and with it the runtime.
    unsafe { qjs::JS_GetRuntime(ctx.as_raw().as_ptr()).byte_add(CURRENT.get()).cast() }
}

/// Finds out where that is, and sees that an error that is made later is as one that was made at once.
pub(crate) fn learn(ctx: &Ctx<'_>) -> Result<()> {
    let look = Function::new(ctx.clone(), |ctx: Ctx<'_>, caller: Value<'_>| {
        CURRENT.set(found(&ctx, &caller).ok_or_else(|| crate::throw(&ctx, "QuickJS has its frames elsewhere"))?);
        let stack = |error: Value<'_>| error.get::<Object>()?.get::<_, String>("stack");
        if stack(now(&ctx)?)? == stack(Place::here(&ctx).error(&ctx)?)? {
            return Ok(());
        }
        Err(crate::throw(&ctx, "QuickJS has other frames"))
    })?;
    ctx.eval::<Function, _>("(look) => {\n const run = () => look(run);\n run();\n}")?.call((look,))
}

fn found(ctx: &Ctx<'_>, caller: &Value<'_>) -> Option<usize> {
    // SAFETY: the context lives, and with it the runtime.
    let runtime = unsafe { qjs::JS_GetRuntime(ctx.as_raw().as_ptr()) };
    (0..RUNTIME_BYTES).step_by(size_of::<usize>()).find(|at| {
        // SAFETY: what lies there is in the memory, and so is a frame, if it is one.
        unsafe {
            let frame: *const Frame = *runtime.byte_add(*at).cast();
            let end = (frame as usize).saturating_add(size_of::<Frame>());
            frame.is_aligned() && !frame.is_null() && end <= room::end_of_memory() && is_same((*frame).function, caller)
        }
    })
}

fn is_same(value: qjs::JSValue, other: &Value<'_>) -> bool {
    let other = other.as_raw();
    // SAFETY: these only take the value apart.
    unsafe {
        qjs::JS_VALUE_GET_TAG(value) == qjs::JS_VALUE_GET_TAG(other)
            && qjs::JS_VALUE_GET_PTR(value) == qjs::JS_VALUE_GET_PTR(other)
    }
}
