//! Calls of tools. What is called before the code waits goes to the host together, once nothing else can run.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::atom::PredefinedAtom;
use rquickjs::function::{IntoJsFunc, ParamRequirement, Params, Rest};
use rquickjs::{Array, Ctx, Error, Function, Object, Result, Value, qjs};

use crate::host;
use crate::kept::{Kept, Settles};
use crate::names::Names;
use crate::place::Place;
use crate::stockade::host::tools::{self, ToolError};
use crate::text::{self, Text};

/// What most arguments fit in.
const ARGUMENTS_BYTES: usize = 128;

thread_local! {
    static ASKED: RefCell<Vec<Asked>> = const { RefCell::new(Vec::new()) };
}

struct Asked {
    name: Rc<str>,
    arguments: String,
    heard: Heard,
}

/// What hears how a call has ended.
struct Heard {
    promise: Settles,
    /// Where the tool was called.
    place: Place,
}

/// A tool that code may call.
struct Tool<'js> {
    name: Rc<str>,
    parameters: Vec<Text>,
    /// What objects have as their prototype that are the arguments by name.
    plain: Object<'js>,
    /// Returns the JSON of arguments that want a closer look.
    encode: Function<'js>,
}

/// Makes the function of a tool. It promises what the tool returns, and never throws.
pub(crate) fn tool<'js>(
    ctx: Ctx<'js>,
    Text(name): Text,
    parameters: Vec<Text>,
    plain: Object<'js>,
    encode: Function<'js>,
) -> Result<Function<'js>> {
    Function::new(ctx, Tool { name: name.into(), parameters, plain, encode })
}

impl<'js> IntoJsFunc<'js, Tool<'js>> for Tool<'js> {
    fn param_requirements() -> ParamRequirement {
        ParamRequirement::any()
    }

    fn call<'a>(&self, params: Params<'a, 'js>) -> Result<Value<'js>> {
        let ctx = params.ctx();
        let (promise, settles) = Settles::promise(ctx)?;
        match self.arguments(&params) {
            Ok(arguments) => self.ask(ctx, arguments, settles),
            Err(Error::Exception) if !host::has_exited() => settles.reject(ctx, &ctx.catch())?,
            Err(error) => return Err(error),
        }
        Ok(promise)
    }
}

impl<'js> Tool<'js> {
    fn ask(&self, ctx: &Ctx<'js>, arguments: String, promise: Settles) {
        let heard = Heard { promise, place: Place::here(ctx) };
        let asked = Asked { name: Rc::clone(&self.name), arguments, heard };
        ASKED.with_borrow_mut(|all| all.push(asked));
    }

    fn arguments(&self, params: &Params<'_, 'js>) -> Result<String> {
        let simple = match (params.len(), params.arg(0).as_ref().and_then(Value::as_object)) {
            (0, _) => Some("{}".to_owned()),
            (1, Some(given)) => self.by_name(given)?,
            _ => self.by_place(params)?,
        };
        simple.map_or_else(|| Ok(self.encode.call::<_, Text>((Rest(values(params).collect()),))?.0), Ok)
    }

    /// The JSON of an object that is the arguments by name, if they are texts, whole numbers, truth values and null.
    fn by_name(&self, given: &Object<'js>) -> Result<Option<String>> {
        if !self.is_plain(given) {
            return Ok(None);
        }
        // If there is but one parameter, the object can be the argument itself.
        let mut is_named = self.parameters.len() != 1;
        let mut json = Arguments::new();
        for property in Names::of(given)?.values() {
            let (name, value) = property?;
            let name = name.text();
            is_named = is_named || self.parameters.first().is_some_and(|only| only.0 == name);
            if !json.add(&name, &value)? {
                return Ok(None);
            }
        }
        Ok(if is_named { json.end(given)? } else { None })
    }

    /// The same of arguments by their place.
    fn by_place(&self, params: &Params<'_, 'js>) -> Result<Option<String>> {
        if params.len() > self.parameters.len() {
            return Ok(None);
        }
        let mut json = Arguments::new();
        for (Text(name), value) in self.parameters.iter().zip(values(params)) {
            if !json.add(name, &value)? {
                return Ok(None);
            }
        }
        json.end(&self.plain)
    }

    /// Whether it is an object as `{}` makes it, or one without a prototype.
    fn is_plain(&self, given: &Object<'js>) -> bool {
        // SAFETY: this only looks at the class of a value that lives.
        let class = |object: &Object<'js>| unsafe { qjs::JS_GetClassID(object.as_raw()) };
        class(given) == class(&self.plain) && given.get_prototype().is_none_or(|prototype| prototype == self.plain)
    }
}

fn values<'js>(params: &Params<'_, 'js>) -> impl Iterator<Item = Value<'js>> {
    (0..params.len()).filter_map(|number| params.arg(number))
}

/// The JSON of simple arguments.
struct Arguments(String);

impl Arguments {
    fn new() -> Self {
        let mut json = String::with_capacity(ARGUMENTS_BYTES);
        json.push('{');
        Self(json)
    }

    /// Adds one, unless it is undefined, and returns whether it was as simple.
    fn add(&mut self, name: &str, value: &Value<'_>) -> Result<bool> {
        if value.is_undefined() {
            return Ok(true);
        }
        let Self(json) = self;
        if json.len() > 1 {
            json.push(',');
        }
        text::quote(json, name);
        json.push(':');
        text::add_simple(json, value)
    }

    /// The JSON, unless an object of this kind says itself what its JSON is.
    fn end(mut self, object: &Object<'_>) -> Result<Option<String>> {
        self.0.push('}');
        let is_silent = Kept::property(object, PredefinedAtom::ToJSON as qjs::JSAtom)?.is_undefined();
        Ok(is_silent.then_some(self.0))
    }
}

/// Forgets what was not called yet: what a cell called and did not stay for is not called for the next one.
pub(crate) fn forget() {
    drop(ASKED.take());
}

/// Calls what is to be called, and returns whether there was anything.
pub(crate) fn flush<'js>(ctx: &Ctx<'js>, prelude: &Object<'js>) -> Result<bool> {
    let alone = ASKED.with_borrow_mut(|asked| if asked.len() == 1 { asked.pop() } else { None });
    if let Some(Asked { name, arguments, heard }) = alone {
        let result = if host::runs() { tools::call(&name, &arguments) } else { Ok("null".to_owned()) };
        return heard.tell(ctx, prelude, result).map(|()| true);
    }
    let asked = ASKED.take();
    if asked.is_empty() {
        return Ok(false);
    }
    let (calls, heard): (Vec<_>, Vec<_>) =
        asked.into_iter().map(|one| ((one.name.to_string(), one.arguments), one.heard)).unzip();
    let results =
        if host::runs() { tools::call_all(&calls) } else { calls.iter().map(|_| Ok("null".to_owned())).collect() };
    heard.into_iter().zip(results).try_for_each(|(heard, result)| heard.tell(ctx, prelude, result))?;
    Ok(true)
}

impl Heard {
    fn tell<'js>(
        self,
        ctx: &Ctx<'js>,
        prelude: &Object<'js>,
        result: std::result::Result<String, ToolError>,
    ) -> Result<()> {
        let Self { promise, place } = self;
        let value = result.as_ref().ok().and_then(|result| text::parsed(ctx, result));
        let answered = || crate::call(prelude, "answered", (place.error(ctx)?, answer(ctx, result)?));
        match value.map_or_else(answered, Ok) {
            Ok(value) => promise.resolve(ctx, &value),
            Err(Error::Exception) => promise.reject(ctx, &ctx.catch()),
            Err(error) => Err(error),
        }
    }
}

/// What `answered` of `tools.js` is told of a call: `[true, RESULT]` where the result wants a closer look, and
/// `[false, KIND, MESSAGE, DETAIL]` of an error, the detail in JSON.
fn answer<'js>(ctx: &Ctx<'js>, result: std::result::Result<String, ToolError>) -> Result<Array<'js>> {
    let (is_result, texts) = match result {
        Ok(result) => (true, [Some(result), None, None]),
        Err(ToolError { kind, message, detail }) => (false, [Some(kind), Some(message), detail]),
    };
    let answer = Array::new(ctx.clone())?;
    answer.set(0, is_result)?;
    for (number, text) in texts.into_iter().enumerate() {
        answer.set(number + 1, text)?;
    }
    Ok(answer)
}
