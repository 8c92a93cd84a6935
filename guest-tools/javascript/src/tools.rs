//! Calls of tools. What is called before the code waits goes to the host together, once nothing else can run.

use std::cell::RefCell;

use rquickjs::atom::PredefinedAtom;
use rquickjs::function::Rest;
use rquickjs::{
    Array, Ctx, Error, Function, Object, Persistent, Promise, Result, String as JsString, Type, Value, qjs,
};

use crate::host;
use crate::stockade::host::tools::{self, ToolError};
use crate::text::{self, Text};

thread_local! {
    static ASKED: RefCell<Vec<Asked>> = const { RefCell::new(Vec::new()) };
}

struct Asked {
    call: (String, String),
    heard: Heard,
}

/// What hears how a call has ended.
struct Heard {
    resolve: Persistent<Function<'static>>,
    reject: Persistent<Function<'static>>,
    /// An error that was made where the tool was called: it knows the place.
    place: Persistent<Value<'static>>,
}

/// A tool that code may call.
struct Tool<'js> {
    name: String,
    /// Its one parameter, if it has one.
    only: Option<String>,
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
    let only = <[Text; 1]>::try_from(parameters).ok().map(|[Text(only)]| only);
    let tool = Tool { name, only, plain, encode };
    Function::new(ctx, move |ctx: Ctx<'js>, Rest(values): Rest<Value<'js>>| tool.call(&ctx, values))
}

impl<'js> Tool<'js> {
    fn call(&self, ctx: &Ctx<'js>, values: Vec<Value<'js>>) -> Result<Promise<'js>> {
        let (promise, resolve, reject) = Promise::new(ctx)?;
        match self.arguments(values) {
            Ok(arguments) => self.ask(ctx, arguments, resolve, reject),
            Err(Error::Exception) if !host::has_exited() => reject.call::<_, ()>((ctx.catch(),))?,
            Err(error) => return Err(error),
        }
        Ok(promise)
    }

    fn ask(&self, ctx: &Ctx<'js>, arguments: String, resolve: Function<'js>, reject: Function<'js>) {
        // SAFETY: the context lives, and the error is one of its own. An error keeps the stack as it is now.
        let place = unsafe { Value::from_raw(ctx.clone(), qjs::JS_NewError(ctx.as_raw().as_ptr())) };
        let (resolve, reject) = (Persistent::save(ctx, resolve), Persistent::save(ctx, reject));
        let heard = Heard { resolve, reject, place: Persistent::save(ctx, place) };
        ASKED.with_borrow_mut(|asked| asked.push(Asked { call: (self.name.clone(), arguments), heard }));
    }

    fn arguments(&self, values: Vec<Value<'js>>) -> Result<String> {
        let simple = match &values[..] {
            [] => Some("{}".to_owned()),
            [given] if given.type_of() == Type::Object => self.simple(given)?,
            _ => None,
        };
        simple.map_or_else(|| Ok(self.encode.call::<_, Text>((Rest(values),))?.0), Ok)
    }

    /// The JSON of arguments by name that are texts, whole numbers, truth values and null.
    fn simple(&self, given: &Value<'js>) -> Result<Option<String>> {
        let Some(given) = given.as_object().filter(|given| self.is_plain(given)) else { return Ok(None) };
        let (mut json, mut is_named) = (String::from("{"), self.only.is_none());
        for property in given.props::<JsString, Value>() {
            let (name, value) = property?;
            let Text(name) = name.into_value().get()?;
            is_named |= self.only.as_ref() == Some(&name);
            if value.is_undefined() {
                continue;
            }
            let Some(value) = text::simple(&value)? else { return Ok(None) };
            if json.len() > 1 {
                json.push(',');
            }
            json += &text::quoted(&name);
            json.push(':');
            json += &value;
        }
        json.push('}');
        let is_told_so = !given.get::<_, Value>(PredefinedAtom::ToJSON)?.is_undefined();
        Ok((is_named && !is_told_so).then_some(json))
    }

    fn is_plain(&self, given: &Object<'js>) -> bool {
        given.get_prototype().is_none_or(|prototype| prototype == self.plain)
    }
}

/// Forgets what was not called yet: what a cell called and did not stay for is not called for the next one.
pub(crate) fn forget() {
    drop(ASKED.take());
}

/// Calls what is to be called, and returns whether there was anything.
pub(crate) fn flush<'js>(ctx: &Ctx<'js>, prelude: &Object<'js>) -> Result<bool> {
    let asked = ASKED.take();
    if asked.is_empty() {
        return Ok(false);
    }
    let (calls, heard): (Vec<_>, Vec<_>) = asked.into_iter().map(|one| (one.call, one.heard)).unzip();
    let results = match &calls[..] {
        _ if !host::runs() => calls.iter().map(|_| Ok("null".to_owned())).collect(),
        [(name, arguments)] => vec![tools::call(name, arguments)],
        calls => tools::call_all(calls),
    };
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
        let value = result.as_ref().ok().and_then(|result| text::parsed(ctx, result));
        let place = self.place.restore(ctx)?;
        let answered = || crate::call(prelude, "answered", (place, answer(ctx, result)?));
        match value.map_or_else(answered, Ok) {
            Ok(value) => self.resolve.restore(ctx)?.call((value,)),
            Err(Error::Exception) => self.reject.restore(ctx)?.call((ctx.catch(),)),
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
