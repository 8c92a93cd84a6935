//! Calls of tools. What is called before the code waits goes to the host together, once nothing else can run.

use std::cell::RefCell;

use rquickjs::function::IntoArgs;
use rquickjs::{Array, Ctx, Function, Object, Persistent, Promise, Result, String as JsString, Type, Value};

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
    resolve: Persistent<Function<'static>>,
    reject: Persistent<Function<'static>>,
}

/// Promises what a tool returns. The arguments are in JSON, or an object of which the JSON is simple; undefined is returned
/// where it is not. Rejects with `[false, KIND, MESSAGE, DETAIL]`, the detail in JSON, and with `[true, RESULT]` where the
/// result wants a closer look.
pub(crate) fn ask<'js>(ctx: Ctx<'js>, Text(name): Text, given: Value<'js>) -> Result<Option<Promise<'js>>> {
    let arguments = match given.as_object() {
        Some(given) => simple(given)?,
        None => Some(given.get::<Text>()?.0),
    };
    let Some(arguments) = arguments else { return Ok(None) };
    let (promise, resolve, reject) = Promise::new(&ctx)?;
    let (resolve, reject) = (Persistent::save(&ctx, resolve), Persistent::save(&ctx, reject));
    ASKED.with_borrow_mut(|asked| asked.push(Asked { call: (name, arguments), resolve, reject }));
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
    let (calls, heard): (Vec<_>, Vec<_>) = asked.into_iter().map(|one| (one.call, (one.resolve, one.reject))).unzip();
    let results = match &calls[..] {
        _ if !host::runs() => calls.iter().map(|_| Ok("null".to_owned())).collect(),
        [(name, arguments)] => vec![tools::call(name, arguments)],
        calls => tools::call_all(calls),
    };
    for ((resolve, reject), result) in heard.into_iter().zip(results) {
        let (resolve, reject) = (resolve.restore(ctx)?, reject.restore(ctx)?);
        match result {
            Ok(result) => match text::parsed(ctx, &result) {
                Some(value) => tell(resolve, (value,))?,
                None => tell(reject, (answer(ctx, true, [Some(result), None, None])?,))?,
            },
            Err(ToolError { kind, message, detail }) => {
                tell(reject, (answer(ctx, false, [Some(kind), Some(message), detail])?,))?
            }
        }
    }
    Ok(true)
}

fn tell<'js>(function: Function<'js>, arguments: impl IntoArgs<'js>) -> Result<()> {
    function.call(arguments)
}

fn answer<'js>(ctx: &Ctx<'js>, is_result: bool, texts: [Option<String>; 3]) -> Result<Array<'js>> {
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
    let is_told_so = !given.get::<_, Value>("toJSON")?.is_undefined();
    Ok((!is_told_so).then_some(json))
}
