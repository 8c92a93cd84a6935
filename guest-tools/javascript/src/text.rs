//! Text on its way out of the interpreter, which has no place for half of a surrogate pair.

use rquickjs::{Array, Ctx, FromJs, Result, String as JsString, Type, TypedArray, Value};

/// What numbers are whole and exact.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// A text of JavaScript in which each half of a surrogate pair is U+FFFD.
pub(crate) struct Text(pub(crate) String);

impl<'js> FromJs<'js> for Text {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        let text = JsString::from_js(ctx, value)?.to_cstring()?;
        // SAFETY: the pointer and the length are those of the text, which lives as long as it is looked at.
        Ok(Self(well_formed(unsafe { std::slice::from_raw_parts(text.as_ptr().cast(), text.len()) })))
    }
}

/// QuickJS writes half of a pair as UTF-8 would write a character of that number: in three bytes, the first of them ED.
fn well_formed(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text += chunk.valid();
        if chunk.invalid().first() == Some(&0xed) {
            text.push('\u{fffd}');
        }
    }
    text
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

/// A text in JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The JSON of a text, a whole number, a truth value or nothing.
pub(crate) fn simple(value: &Value<'_>) -> Result<Option<String>> {
    Ok(match value.type_of() {
        Type::Undefined | Type::Null => Some("null".to_owned()),
        Type::Bool => value.as_bool().map(|value| value.to_string()),
        Type::Int => value.as_int().map(|number| number.to_string()),
        Type::Float => value.as_float().filter(|number| is_whole(*number)).map(|number| (number as i64).to_string()),
        Type::String => Some(quoted(&value.get::<Text>()?.0)),
        _ => None,
    })
}

fn is_whole(number: f64) -> bool {
    number.trunc() == number && number.abs() <= SAFE
}

/// What a JSON says, unless there may be whole numbers in it that are no exact numbers here, or a word that is not JSON's:
/// `decode` of `values.js` looks closer.
pub(crate) fn parsed<'js>(ctx: &Ctx<'js>, json: &str) -> Option<Value<'js>> {
    if is_unusual(json) {
        return None;
    }
    ctx.json_parse(json).map_err(|_| drop(ctx.catch())).ok()
}

fn is_unusual(json: &str) -> bool {
    let mut digits = 0;
    let has_long = json.bytes().any(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits == 16
    });
    has_long || json.contains("NaN") || json.contains("Infinity")
}
