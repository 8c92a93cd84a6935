//! JavaScript: QuickJS, with what agent-written code expects to find around it.
//!
//! A cell is a script: its declarations are those of every later cell, its value is that of its last expression, and
//! `await` stands where it likes. A cell that returns at its top level is the body of a function; see `cell.rs` for what
//! becomes of its declarations.

mod cell;
mod dates;
mod digest;
mod failure;
mod files;
mod host;
mod kept;
mod kind;
mod names;
mod place;
#[cfg(target_arch = "wasm32")]
mod printf;
mod room;
mod text;
mod tools;
mod zlib;

use cell::Script;
use room::Room;
use rquickjs::context::EvalOptions;
use rquickjs::object::Property;
use rquickjs::promise::{MaybePromise, PromiseState};
use rquickjs::{Context, Ctx, Function, Object, Persistent, Promise, Runtime, Value, qjs};
use std::cell::OnceCell;
use text::Text;

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "stockade:javascript/javascript",
    generate_all,
});

use exports::stockade::host::code::{Cell, Exception, Function as CodeFunction, Guest as Code, Parameter};

/// Bytes of the stack that scripts may use, some 4,000 calls. Beyond it is a `RangeError`; a call takes some four times as much
/// of the machine's stack, of which the sandbox gives 8 MiB.
const STACK_BYTES: usize = 1 << 20;

/// What cells allocate before it is looked for what is not used any more: that looks through all there is.
const GARBAGE_BYTES: usize = 4 << 20;

/// What stands around a cell, in the order in which it is made: each is a function of the host and of those before it. Every
/// cell has to do with the first ones and with the prelude, the last: they are apart from the others, and lie together.
const CORE: [(&str, &str); 4] = [
    ("early", include_str!("early.js")),
    ("base", include_str!("base.js")),
    ("values", include_str!("values.js")),
    ("tools", include_str!("tools.js")),
];
const PARTS: [(&str, &str); 21] = [
    ("dates", include_str!("dates.js")),
    ("show", include_str!("show.js")),
    ("english", include_str!("english.js")),
    ("json", include_str!("json.js")),
    ("text", include_str!("text.js")),
    ("url", include_str!("url.js")),
    ("events", include_str!("events.js")),
    ("buffer", include_str!("buffer.js")),
    ("streams", include_str!("streams.js")),
    ("zlib", include_str!("zlib.js")),
    ("differences", include_str!("differences.js")),
    ("assert", include_str!("assert.js")),
    ("util", include_str!("util.js")),
    ("path", include_str!("path.js")),
    ("files", include_str!("files.js")),
    ("stream", include_str!("stream.js")),
    ("digest", include_str!("digest.js")),
    ("clone", include_str!("clone.js")),
    ("fetch", include_str!("fetch.js")),
    ("chart", include_str!("chart.js")),
    ("modules", include_str!("modules.js")),
];

struct JavaScript {
    runtime: Runtime,
    context: Context,
    prelude: Persistent<Object<'static>>,
}

thread_local! {
    static JAVASCRIPT: OnceCell<JavaScript> = const { OnceCell::new() };
}

struct Component;

export!(Component);

impl Guest for Component {
    fn init() {
        JAVASCRIPT.with(|it| {
            it.get_or_init(|| JavaScript::start().expect("QuickJS starts"));
        });
    }
}

impl Code for Component {
    fn run(cell: Cell) -> Result<String, Exception> {
        JAVASCRIPT.with(|it| {
            let javascript = it.get_or_init(|| JavaScript::start().expect("QuickJS starts"));
            host::is_running();
            javascript.context.with(|ctx| javascript.run(&ctx, &cell))
        })
    }
}

impl JavaScript {
    fn start() -> rquickjs::Result<Self> {
        let runtime = Runtime::new()?;
        runtime.set_max_stack_size(STACK_BYTES);
        let context = Context::full(&runtime)?;
        let (room, prelude) = context.with(|ctx| {
            place::learn(&ctx)?;
            let library = Library::new(&ctx)?;
            // What only its making took is gone before there is room.
            ctx.run_gc();
            let room = Room::new(&ctx);
            library.make("console", include_str!("console.js"))?;
            let prelude = library.make("prelude", include_str!("prelude.js"))?;
            Ok::<_, rquickjs::Error>((room, Persistent::save(&ctx, prelude)))
        })?;
        let track = prelude.clone();
        runtime.set_host_promise_rejection_tracker(Some(Box::new(move |ctx, promise, reason, is_handled| {
            let told = track.clone().restore(&ctx).and_then(|prelude| {
                let rejected: Function = prelude.get("rejected")?;
                rejected.call::<_, ()>((promise, reason, is_handled))
            });
            drop(told);
        })));
        let javascript = Self { runtime, context, prelude };
        javascript.warm_up();
        // What a cell leaves for the next one, too, lies in the room, and not in the holes of what it takes the place of.
        javascript.context.with(|ctx| room.fill(&ctx));
        let used = usize::try_from(javascript.runtime.memory_usage().malloc_size).unwrap_or(0);
        javascript.runtime.set_gc_threshold(used + GARBAGE_BYTES);
        Ok(javascript)
    }

    /// Does what cells do at first, so that the first ones are as quick as later ones. The functions of the one cell are gone
    /// with the other.
    fn warm_up(&self) {
        let parameters = vec![Parameter { name: "n".into(), optional: false }];
        let idle = CodeFunction { name: "tool.idle".into(), docs: "Does nothing.".into(), parameters };
        for (source, functions) in [(include_str!("warm.js"), vec![idle]), ("0", Vec::new())] {
            let cell = Cell { name: "code".into(), source: source.into(), input: "null".into(), functions };
            self.context.with(|ctx| self.run(&ctx, &cell)).expect("the interpreter runs a cell");
        }
    }

    fn run(&self, ctx: &Ctx<'_>, cell: &Cell) -> Result<String, Exception> {
        let script = Script::of(&cell.source);
        let prelude = || self.prelude.clone().restore(ctx);
        let value = prelude().and_then(|prelude| evaluate(ctx, &prelude, cell, &script));
        let value = value.map_err(|error| failure::exception(ctx, prelude(), error, cell, &script));
        drop_jobs(ctx);
        host::flush();
        value
    }
}

/// What stands around a cell, on its making.
struct Library<'js> {
    host: Object<'js>,
    parts: Object<'js>,
}

impl<'js> Library<'js> {
    fn new(ctx: &Ctx<'js>) -> rquickjs::Result<Self> {
        let library = Self { host: host::object(ctx)?, parts: Object::new(ctx.clone())? };
        for (name, source) in CORE {
            library.make(name, source)?;
        }
        let patterns = ctx.json_parse(include_str!("locales.json"))?;
        function(ctx, include_str!("locale.js"))?.call::<_, ()>((patterns,))?;
        for (name, source) in PARTS {
            library.make(name, source)?;
        }
        Ok(library)
    }

    fn make(&self, name: &str, source: &str) -> rquickjs::Result<Object<'js>> {
        let part: Object = function(self.parts.ctx(), source)?.call((self.host.clone(), self.parts.clone()))?;
        self.parts.set(name, part.clone())?;
        Ok(part)
    }
}

fn function<'js>(ctx: &Ctx<'js>, source: &str) -> rquickjs::Result<Function<'js>> {
    ctx.eval_with_options(source, options("stockade:prelude", false))
}

fn evaluate<'js>(ctx: &Ctx<'js>, prelude: &Object<'js>, cell: &Cell, script: &Script) -> rquickjs::Result<String> {
    tools::forget();
    let functions = serde_json::Value::Array(cell.functions.iter().map(described).collect()).to_string();
    let names = script.names.join("\n");
    call::<_, ()>(prelude, "begin", (functions, spaces(cell), names))?;
    let input = match text::parsed(ctx, &cell.input) {
        Some(value) => value,
        None => call(prelude, "decode", (cell.input.as_str(),))?,
    };
    ctx.globals().prop("input", Property::from(input).writable().configurable())?;
    let promise = begun(ctx, cell, script);
    script.was_read.set(promise.is_ok() || host::has_exited());
    let value = promise.and_then(|promise| settled(ctx, prelude, promise, script.is_function()));
    let value = value.or_else(|error| failed(ctx, prelude, error));
    if !host::has_exited() {
        return value;
    }
    // Whatever it was thrown through, the end of the cell is that of `process.exit`.
    drop(ctx.catch());
    call::<_, ()>(prelude, "exited", ())?;
    Ok("null".into())
}

/// Emits `exit` with the code 1, for a cell that has failed.
fn failed(ctx: &Ctx<'_>, prelude: &Object<'_>, error: rquickjs::Error) -> rquickjs::Result<String> {
    if !error.is_exception() || host::has_exited() {
        return Err(error);
    }
    let thrown = ctx.catch();
    call::<_, ()>(prelude, "emitExit", (1,))?;
    Err(ctx.throw(thrown))
}

/// Drops the pending jobs of a cell that ended early, which would run in the next cell. QuickJS lets go of a job only by
/// running it: each is run without a stack, and fails before it does anything.
fn drop_jobs(ctx: &Ctx<'_>) {
    // SAFETY: the runtime lives as long as its context.
    unsafe {
        let runtime = qjs::JS_GetRuntime(ctx.as_raw().as_ptr());
        if !qjs::JS_IsJobPending(runtime) {
            return;
        }
        qjs::JS_SetMaxStackSize(runtime, 1);
        while ctx.execute_pending_job() {}
        qjs::JS_SetMaxStackSize(runtime, STACK_BYTES as _);
    }
}

/// Starts a cell: as the body of a function, if it certainly is one, and else as a script, if it can be.
fn begun<'js>(ctx: &Ctx<'js>, cell: &Cell, script: &Script) -> rquickjs::Result<Promise<'js>> {
    if script.returns {
        match called(ctx, cell, script) {
            Err(error) if error.is_exception() && !host::has_exited() => drop(ctx.catch()),
            promise => return promise,
        }
        // What is wrong with it is what is wrong with the script.
        script.not_as_function();
    }
    match ctx.eval_with_options(&*script.text, options(&cell.name, true)) {
        Err(error) if failure::returns(ctx, &error) => called(ctx, cell, script),
        promise => promise,
    }
}

/// Calls the function of which a cell is the body.
fn called<'js>(ctx: &Ctx<'js>, cell: &Cell, script: &Script) -> rquickjs::Result<Promise<'js>> {
    ctx.eval_with_options::<Function, _>(script.function(), options(&cell.name, false))?.call(())
}

/// Returns the value of a cell when all that it set going has ended, as it would before a process does.
/// That of a script is the `value` of an object.
fn settled<'js>(
    ctx: &Ctx<'js>,
    prelude: &Object<'js>,
    promise: Promise<'js>,
    is_function: bool,
) -> rquickjs::Result<String> {
    let known = known(&promise, is_function)?;
    let settled: MaybePromise = match known {
        Some(_) => call(prelude, "drained", ())?,
        None => call(prelude, "settle", (promise, is_function))?,
    };
    while !host::has_exited()
        && (ctx.execute_pending_job()
            // What the code called, and can go on without no longer.
            || tools::flush(ctx, prelude)?
            // Code that has failed waits for nothing.
            || settled.state() != PromiseState::Rejected && call(prelude, "tick", (is_settled(&settled),))?)
    {}
    let Some(ended) = settled.result::<Value>() else {
        return Err(throw(ctx, "the code waits for a promise that nothing settles"));
    };
    let value = match known {
        Some(value) => ended.map(|_| value)?,
        None => ended?.get::<Text>()?.0,
    };
    call::<_, ()>(prelude, "end", ())?;
    Ok(value)
}

/// The value of a cell that has run to its end already, if it is one for which nothing has to be waited.
fn known(promise: &Promise<'_>, is_function: bool) -> rquickjs::Result<Option<String>> {
    if promise.state() != PromiseState::Resolved {
        return Ok(None);
    }
    let Some(ended) = promise.result::<Value>().transpose()? else { return Ok(None) };
    text::simple(&if is_function { ended } else { ended.get::<Object>()?.get("value")? })
}

/// The names of the tools, one a line.
fn spaces(cell: &Cell) -> String {
    let names = cell.functions.iter().map(|function| function.name.split('.').next().unwrap_or_default());
    let mut names: Vec<_> = names.collect();
    names.dedup();
    names.join("\n")
}

fn described(function: &exports::stockade::host::code::Function) -> serde_json::Value {
    let parameters = function.parameters.iter().map(|parameter| parameter.name.as_str().into()).collect();
    serde_json::Value::Array(vec![
        function.name.as_str().into(),
        function.docs.as_str().into(),
        serde_json::Value::Array(parameters),
    ])
}

fn call<'js, A: rquickjs::function::IntoArgs<'js>, R: rquickjs::FromJs<'js>>(
    prelude: &Object<'js>,
    name: &str,
    arguments: A,
) -> rquickjs::Result<R> {
    prelude.get::<_, Function>(name)?.call(arguments)
}

fn is_settled(promise: &MaybePromise<'_>) -> bool {
    promise.state() != PromiseState::Pending
}

fn throw(ctx: &Ctx<'_>, message: &str) -> rquickjs::Error {
    rquickjs::Exception::throw_message(ctx, message)
}

/// How a script is evaluated: not strictly, for that is what a script is.
fn options(name: &str, promise: bool) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.promise = promise;
    options.filename = Some(name.to_owned());
    options
}
