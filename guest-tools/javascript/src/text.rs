//! Text on its way out of the interpreter, which has no place for half of a surrogate pair.

use std::borrow::Cow;
use std::fmt::Write;

use rquickjs::{Array, Ctx, FromJs, Result, String as JsString, Type, TypedArray, Value};

/// What numbers are whole and exact.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// As many digits as the first number has that is not among them.
const LONG: usize = 16;

/// A text of JavaScript in which each half of a surrogate pair is U+FFFD.
pub(crate) struct Text(pub(crate) String);

impl<'js> FromJs<'js> for Text {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        let text = JsString::from_js(ctx, value)?.to_cstring()?;
        // SAFETY: the pointer and the length are those of the text, which lives as long as it is looked at.
        Ok(Self(well_formed(unsafe { std::slice::from_raw_parts(text.as_ptr().cast(), text.len()) }).into_owned()))
    }
}

/// QuickJS writes half of a pair as UTF-8 would write a character of that number: in three bytes, the first of them ED.
pub(crate) fn well_formed(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text += chunk.valid();
        if chunk.invalid().first() == Some(&0xed) {
            text.push('\u{fffd}');
        }
    }
    text.into()
}

/// The bytes of an array, to be looked at by a function that runs no JavaScript meanwhile.
pub(crate) fn bytes_of<'a>(array: &'a TypedArray<'_, u8>) -> &'a [u8] {
    // SAFETY: only functions of the host call this, and none of them calls into the interpreter while it has the bytes.
    unsafe { array.as_bytes() }.unwrap_or_default()
}

pub(crate) fn encode<'js>(ctx: Ctx<'js>, Text(text): Text) -> Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx, text.into_bytes())
}

/// `[TEXT, BYTES USED, WHETHER IT IS WHAT THE BYTES SAY]`; a character that only begins at the end is not used.
pub(crate) fn decode<'js>(ctx: Ctx<'js>, bytes: TypedArray<'js, u8>) -> Result<Array<'js>> {
    let bytes = bytes_of(&bytes);
    let (mut text, mut used, mut is_exact) = (String::with_capacity(bytes.len()), 0, true);
    for chunk in bytes.utf8_chunks() {
        let (valid, invalid) = (chunk.valid(), chunk.invalid());
        text += valid;
        used += valid.len();
        let is_beginning = used + invalid.len() == bytes.len()
            && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        if !invalid.is_empty() && !is_beginning {
            text.push('\u{fffd}');
            used += invalid.len();
            is_exact = false;
        }
    }
    let decoded = Array::new(ctx)?;
    decoded.set(0, text)?;
    decoded.set(1, used as f64)?;
    decoded.set(2, is_exact)?;
    Ok(decoded)
}

/// Adds a text in JSON to a JSON.
pub(crate) fn quote(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        *json += &serde_json::to_string(text).unwrap_or_default();
        return;
    }
    json.push('"');
    json.push_str(text);
    json.push('"');
}

/// The JSON of a text, a whole number, a truth value or nothing.
pub(crate) fn simple(value: &Value<'_>) -> Result<Option<String>> {
    let mut json = String::new();
    Ok(add_simple(&mut json, value)?.then_some(json))
}

/// Adds it to a JSON, and returns whether the value is such a one.
pub(crate) fn add_simple(json: &mut String, value: &Value<'_>) -> Result<bool> {
    match value.type_of() {
        Type::Undefined | Type::Null => json.push_str("null"),
        Type::Bool => json.push_str(if value.as_bool() == Some(true) { "true" } else { "false" }),
        Type::Int | Type::Float => {
            let Some(number) = value.as_number().filter(|number| is_whole(*number)) else { return Ok(false) };
            let _ = write!(json, "{}", number as i64);
        }
        Type::String => quote(json, &value.get::<Text>()?.0),
        _ => return Ok(false),
    }
    Ok(true)
}

fn is_whole(number: f64) -> bool {
    number.trunc() == number && number.abs() <= SAFE
}

/// What a JSON says, unless there may be whole numbers in it that are no exact numbers here, or a word that is not JSON's:
/// `decode` of `values.js` looks closer.
pub(crate) fn parsed<'js>(ctx: &Ctx<'js>, json: &str) -> Option<Value<'js>> {
    if let Some(number) = number(json) {
        return Some(Value::new_int(ctx.clone(), number));
    }
    if is_unusual(json) {
        return None;
    }
    ctx.json_parse(json).map_err(|_| drop(ctx.catch())).ok()
}

/// A whole number of few digits, for which there is no need to parse.
fn number(json: &str) -> Option<i32> {
    let is_number = json.bytes().all(|byte| byte.is_ascii_digit()) && (json.len() == 1 || !json.starts_with('0'));
    if is_number { json.parse().ok() } else { None }
}

fn is_unusual(json: &str) -> bool {
    has_long_number(json.as_bytes())
        || json.bytes().any(|byte| byte == b'N' || byte == b'I') && (json.contains("NaN") || json.contains("Infinity"))
}

fn has_long_number(json: &[u8]) -> bool {
    // So many digits in a row are at one such place in any case.
    json.iter().skip(LONG - 1).step_by(LONG).any(u8::is_ascii_digit)
        && json.split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() >= LONG)
}
