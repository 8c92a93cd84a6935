use serde_json::Value;

/// The longest piece of a caller's text that an error repeats.
const EXCERPT_CHARS: usize = 40;
/// How much of a name that a guest made up is repeated to it and to the operator.
const NAME_CHARS_MAX: usize = 64;

/// Returns the beginning of a text that a guest or a caller made up, with what a terminal obeys written out, and a mark
/// where it is cut.
pub(crate) fn beginning(text: &str, chars_max: usize) -> String {
    let mut beginning: String = text.chars().take(chars_max).flat_map(char::escape_debug).collect();
    if text.chars().nth(chars_max).is_some() {
        beginning.push('…');
    }
    beginning
}

/// Returns the beginning of a caller's text, without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    beginning(text, EXCERPT_CHARS)
}

/// Writes a guest's name in quotes, without what a terminal obeys, and not at any length.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", beginning(name, NAME_CHARS_MAX))
}

/// Describes a JSON value in a few words, of whatever size it is.
pub(crate) fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => format!("boolean {value}"),
        Value::Number(value) => format!("number {}", excerpt(&value.to_string())),
        Value::String(value) => format!("string \"{}\"", excerpt(value)),
        Value::Array(items) => format!("array of {}", items.len()),
        Value::Object(members) => format!("object of {}", members.len()),
    }
}
