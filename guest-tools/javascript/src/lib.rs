//! JavaScript: QuickJS, with what agent-written code expects to find around it.
//!
//! A cell is a script: its declarations are those of every later cell, its value is that of its last expression, and
//! `await` stands where it likes. A cell that returns at its top level is the body of a function; see `cell.rs` for what
//! becomes of its declarations.

mod cell;
mod digest;
mod failure;
mod files;
mod host;
mod text;
mod zlib;

use cell::Script;
use rquickjs::context::EvalOptions;
use rquickjs::{Context, Ctx, Function, Object, Persistent, Promise, Runtime};
use std::cell::OnceCell;
use text::Text;

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "stockade:javascript/javascript",
    generate_all,
});

use exports::stockade::host::code::{Cell, Exception, Guest as Code};

/// Bytes of the stack that scripts may use. Beyond it is a `RangeError`; a call takes some of the machine's stack too, of
/// which the sandbox gives 1 MiB.
const STACK_BYTES: usize = 240 << 10;

/// What stands around a cell, in the order in which it is made: each is a function of the host and of those before it.
const PARTS: [(&str, &str); 22] = [
    ("base", include_str!("base.js")),
    ("values", include_str!("values.js")),
    ("show", include_str!("show.js")),
    ("english", include_str!("english.js")),
    ("text", include_str!("text.js")),
    ("url", include_str!("url.js")),
    ("events", include_str!("events.js")),
    ("buffer", include_str!("buffer.js")),
    ("streams", include_str!("streams.js")),
    ("digest", include_str!("digest.js")),
    ("zlib", include_str!("zlib.js")),
    ("assert", include_str!("assert.js")),
    ("util", include_str!("util.js")),
    ("path", include_str!("path.js")),
    ("files", include_str!("files.js")),
    ("stream", include_str!("stream.js")),
    ("clone", include_str!("clone.js")),
    ("tools", include_str!("tools.js")),
    ("fetch", include_str!("fetch.js")),
    ("chart", include_str!("chart.js")),
    ("modules", include_str!("modules.js")),
    ("prelude", include_str!("prelude.js")),
];

struct JavaScript {
    _runtime: Runtime,
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
        host::is_running();
        JAVASCRIPT.with(|it| {
            let javascript = it.get_or_init(|| JavaScript::start().expect("QuickJS starts"));
            javascript.context.with(|ctx| javascript.run(&ctx, &cell))
        })
    }
}

impl JavaScript {
    fn start() -> rquickjs::Result<Self> {
        let runtime = Runtime::new()?;
        runtime.set_max_stack_size(STACK_BYTES);
        let context = Context::full(&runtime)?;
        let prelude = context.with(|ctx| {
            let prelude = prelude(&ctx)?;
            Ok::<_, rquickjs::Error>(Persistent::save(&ctx, prelude))
        })?;
        let track = prelude.clone();
        runtime.set_host_promise_rejection_tracker(Some(Box::new(move |ctx, promise, reason, is_handled| {
            let told = track.clone().restore(&ctx).and_then(|prelude| {
                let rejected: Function = prelude.get("rejected")?;
                rejected.call::<_, ()>((promise, reason, is_handled))
            });
            drop(told);
        })));
        // What stands around a cell has been looked through once: the first cells have no need to.
        runtime.run_gc();
        Ok(Self { _runtime: runtime, context, prelude })
    }

    fn run(&self, ctx: &Ctx<'_>, cell: &Cell) -> Result<String, Exception> {
        let script = Script::of(&cell.source);
        let prelude = || self.prelude.clone().restore(ctx);
        let value = prelude().and_then(|prelude| evaluate(ctx, &prelude, cell, &script));
        host::flush();
        value.map_err(|error| failure::exception(ctx, prelude(), error, cell, &script))
    }
}

fn prelude<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    let part = |source: &str| ctx.eval_with_options::<Function, _>(source, options("stockade:prelude", false));
    let patterns = ctx.json_parse(include_str!("locales.json"))?;
    part(include_str!("locale.js"))?.call::<_, ()>((patterns,))?;
    let (host, parts) = (host::object(ctx)?, Object::new(ctx.clone())?);
    for (name, source) in PARTS {
        let made: Object = part(source)?.call((host.clone(), parts.clone()))?;
        parts.set(name, made)?;
    }
    parts.get("prelude")
}

fn evaluate<'js>(ctx: &Ctx<'js>, prelude: &Object<'js>, cell: &Cell, script: &Script) -> rquickjs::Result<String> {
    let functions = serde_json::Value::Array(cell.functions.iter().map(described).collect()).to_string();
    let names = script.names.join("\n");
    call::<_, ()>(prelude, "begin", (cell.input.as_str(), functions, spaces(cell), names))?;
    let promise = match ctx.eval_with_options::<Promise, _>(script.text.as_str(), options(&cell.name, true)) {
        Err(error) if failure::returns(ctx, &error) => {
            ctx.eval_with_options(script.function().as_str(), options(&cell.name, true))
        }
        promise => promise,
    };
    script.was_read.set(promise.is_ok() || host::has_exited());
    let value = promise.and_then(|promise| settled(ctx, prelude, promise));
    if !host::has_exited() {
        return value;
    }
    // Whatever it was thrown through, the end of the cell is that of `process.exit`.
    drop(ctx.catch());
    call::<_, ()>(prelude, "exited", ())?;
    Ok("null".into())
}

/// Returns the value of a cell when all that it set going has ended, as it would before a process does.
fn settled<'js>(ctx: &Ctx<'js>, prelude: &Object<'js>, promise: Promise<'js>) -> rquickjs::Result<String> {
    let settled: Promise = call(prelude, "settle", (promise,))?;
    while !host::has_exited()
        && (ctx.execute_pending_job()
            // What the code called, and can go on without no longer.
            || call(prelude, "flush", ())?
            || call(prelude, "tick", (is_settled(&settled),))?)
    {}
    let value = match settled.result::<Text>() {
        Some(value) => value?.0,
        None => return Err(throw(ctx, "the code waits for a promise that nothing settles")),
    };
    call::<_, ()>(prelude, "end", ())?;
    Ok(value)
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

fn is_settled(promise: &Promise<'_>) -> bool {
    promise.state() != rquickjs::promise::PromiseState::Pending
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
