//! Calls of tools. What is called before the code waits goes to the host together, once nothing else can run.

use std::cell::RefCell;

use rquickjs::atom::PredefinedAtom;
use rquickjs::{Array, Ctx, Error, Function, Object, Persistent, Promise, Result, String as JsString, Type, Value};

use crate::host;
use crate::stockade::host::tools::{self, ToolError};
use crate::text::{self, Text};

/// What numbers are whole and exact.
const SAFE: f64 = 9_007_199_254_740_991.0;

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
    place: Persistent<Value<'static>>,
    answered: Persistent<Function<'static>>,
}

/// Promises what a tool returns. The arguments are in JSON, or an object of which the JSON is simple; undefined is returned
/// where it is not. An error is what `answered` throws of the place of the call and of `[false, KIND, MESSAGE, DETAIL]`, the
/// detail in JSON. Where the result wants a closer look it is what `answered` returns of the place and of `[true, RESULT]`.
pub(crate) fn ask<'js>(
    ctx: Ctx<'js>,
    Text(name): Text,
    given: Value<'js>,
    place: Value<'js>,
    answered: Function<'js>,
) -> Result<Option<Promise<'js>>> {
    let arguments = match given.as_object() {
        Some(given) => simple(given)?,
        None => Some(given.get::<Text>()?.0),
    };
    let Some(arguments) = arguments else { return Ok(None) };
    let (promise, resolve, reject) = Promise::new(&ctx)?;
    let (resolve, reject) = (Persistent::save(&ctx, resolve), Persistent::save(&ctx, reject));
    let (place, answered) = (Persistent::save(&ctx, place), Persistent::save(&ctx, answered));
    let heard = Heard { resolve, reject, place, answered };
    ASKED.with_borrow_mut(|asked| asked.push(Asked { call: (name, arguments), heard }));
    Ok(Some(promise))
}

/// Forgets what was not called yet: what a cell called and did not stay for is not called for the next one.
pub(crate) fn forget() {
    drop(ASKED.take());
}

/// Calls what is to be called, and returns whether there was anything.
pub(crate) fn flush(ctx: &Ctx<'_>) -> Result<bool> {
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
    heard.into_iter().zip(results).try_for_each(|(heard, result)| heard.tell(ctx, result))?;
    Ok(true)
}

impl Heard {
    fn tell(self, ctx: &Ctx<'_>, result: std::result::Result<String, ToolError>) -> Result<()> {
        let Self { resolve, reject, place, answered } = self;
        let value = result.as_ref().ok().and_then(|result| text::parsed(ctx, result));
        let answered = || answered.restore(ctx)?.call::<_, Value>((place.restore(ctx)?, answer(ctx, result)?));
        match value.map_or_else(answered, Ok) {
            Ok(value) => resolve.restore(ctx)?.call((value,)),
            Err(Error::Exception) => reject.restore(ctx)?.call((ctx.catch(),)),
            Err(error) => Err(error),
        }
    }
}

/// What `answered` of `tools.js` is told of a call.
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

/// The JSON of arguments that are texts, whole numbers, truth values and null.
fn simple(given: &Object<'_>) -> Result<Option<String>> {
    let mut json = String::from("{");
    for property in given.props::<JsString, Value>() {
        let (name, value) = property?;
        let value = match value.type_of() {
            Type::Undefined => continue,
            Type::Null => "null".to_owned(),
            Type::Bool => if value.as_bool() == Some(true) { "true" } else { "false" }.to_owned(),
            Type::Int => value.as_int().unwrap_or_default().to_string(),
            Type::Float => match value.as_float() {
                Some(number) if number.trunc() == number && number.abs() <= SAFE => (number as i64).to_string(),
                _ => return Ok(None),
            },
            Type::String => text::quoted(&value.get::<Text>()?.0),
            _ => return Ok(None),
        };
        if json.len() > 1 {
            json.push(',');
        }
        json += &text::quoted(&name.into_value().get::<Text>()?.0);
        json.push(':');
        json += &value;
    }
    json.push('}');
    let is_told_so = !given.get::<_, Value>(PredefinedAtom::ToJSON)?.is_undefined();
    Ok((!is_told_so).then_some(json))
}
