//! Reads the JSON of entries that nest deeper than a JSON parser follows.
//!
//! Values are kept from nesting that deep where they come in, but there are journals from before that.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use stockade_workflow::depth_of_text;

/// How deep `serde_json` follows.
const PARSER_DEPTH_MAX: usize = 127;

/// How deep an entry may nest: four times what any ever written here nests, and what the stack below is ample for.
const ENTRY_DEPTH_MAX: usize = 512;

/// The stack on which a deep value becomes an entry: some ten kilobytes a level in a debug build.
const STACK_BYTES: usize = 64 << 20;

/// Reads what was written as JSON, however deep it nests; `shallow` is the reader of what a JSON parser follows.
pub(crate) fn read<T: DeserializeOwned + Send>(
    text: &str,
    shallow: impl FnOnce(&str) -> serde_json::Result<T>,
) -> Result<T, String> {
    match depth(text, PARSER_DEPTH_MAX) {
        ..=PARSER_DEPTH_MAX => shallow(text).map_err(|error| error.to_string()),
        deep if deep <= ENTRY_DEPTH_MAX => {
            with_stack(|| serde_json::from_value(value(text)?).map_err(|error| error.to_string()))
        }
        deep => Err(too_deep(deep)),
    }
}

/// Checks that what is to be written can be read.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let deep = depth(text, ENTRY_DEPTH_MAX);
    if deep > ENTRY_DEPTH_MAX { Err(too_deep(deep)) } else { Ok(()) }
}

/// Returns how deep a text nests, or, where it has no more brackets than it may be deep, how many those are: to count them takes
/// a tenth of the time.
fn depth(text: &str, allowed: usize) -> usize {
    let opened = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if opened <= allowed { opened } else { depth_of_text(text) }
}

fn too_deep(deep: usize) -> String {
    format!("it nests {deep} deep, and {ENTRY_DEPTH_MAX} can be read")
}

fn with_stack<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| error.to_string())?;
        thread.join().unwrap_or_else(|_| Err("it made its reader panic".to_owned()))
    })
}

/// An array or an object that is not closed yet, the latter with the name of its next member.
enum Open {
    Array(Vec<Value>),
    Object(Map<String, Value>, Option<String>),
}

/// Reads a value without recursion. Brackets, commas and colons are followed here, all between them by `serde_json`.
fn value(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (token, after) = rest.split_at(token(rest));
        rest = after.trim_start();
        let done = match token {
            "[" => {
                open.push(Open::Array(Vec::new()));
                continue;
            }
            "{" => {
                open.push(Open::Object(Map::new(), None));
                continue;
            }
            "," | ":" => continue,
            "]" | "}" => match open.pop() {
                Some(Open::Array(items)) => Value::Array(items),
                Some(Open::Object(members, _)) => Value::Object(members),
                None => return Err(format!("\"{token}\" closes nothing")),
            },
            plain => serde_json::from_str(plain).map_err(|error| error.to_string())?,
        };
        match open.last_mut() {
            None if rest.is_empty() => return Ok(done),
            None => return Err("more follows after its end".to_owned()),
            Some(Open::Array(items)) => items.push(done),
            Some(Open::Object(members, name)) => match (name.take(), done) {
                (Some(name), done) => drop(members.insert(name, done)),
                (None, Value::String(written)) => *name = Some(written),
                (None, other) => return Err(format!("{other} is not the name of a member")),
            },
        }
    }
    Err("it has no end".to_owned())
}

/// The length of the token that a text begins with.
fn token(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b'[' | b']' | b'{' | b'}' | b',' | b':') => 1,
        Some(b'"') => {
            let mut escaped = false;
            let end = bytes.iter().skip(1).position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            end.map_or(text.len(), |end| end + 2)
        }
        _ => text.find(['[', ']', '{', '}', ',', ':', ' ', '\n', '\t', '\r']).unwrap_or(text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_text_is_read_as_what_it_was_written_from() {
        let leaf = serde_json::json!({"a": [1, -2.5, null, true, "[{\"\\"], "b": {}, "c": [], "": "é\u{1F600}"});
        for levels in [0, 1, 126, 130, 400] {
            let deep = (0..levels).fold(leaf.clone(), |inner, level| {
                if level % 2 == 0 { serde_json::json!([inner, 7]) } else { serde_json::json!({"\"]": inner}) }
            });
            assert_eq!(value(&deep.to_string()).unwrap(), deep, "{levels}");
            assert_eq!(read::<Value>(&deep.to_string(), |text| serde_json::from_str(text)).unwrap(), deep, "{levels}");
        }
    }

    #[test]
    fn a_damaged_text_is_refused() {
        let nest = |inside: &str| format!("{}{inside}{}", "[".repeat(200), "]".repeat(200));
        for wrong in ["", "]", "[1", "[1]]", "{1:2}", "[\"a", "[nope]", "{\"a\" 1 2}x"] {
            assert!(value(wrong).is_err(), "{wrong}");
        }
        assert!(read::<Value>(&nest("nope"), |text| serde_json::from_str(text)).is_err());
        assert!(read::<Value>(&nest("1"), |text| serde_json::from_str(text)).is_ok());
        assert!(
            read::<Value>(&"[".repeat(1 << 20), |text| serde_json::from_str(text))
                .unwrap_err()
                .contains("nests 1048576 deep")
        );
    }
}
