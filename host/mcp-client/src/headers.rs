//! What a request of the revision of 2026-07-28 says in headers, so that a proxy can route it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::words::cut;

/// The member of a schema that wants an argument in a header of this name.
const WANTED: &str = "x-mcp-header";

/// How many arguments are sent in headers.
const HEADERS_MAX: usize = 32;

/// The longest argument that is sent in a header.
const VALUE_BYTES_MAX: usize = 4 << 10;

/// Returns the headers of a call: those of the arguments that the tool's schema wants there.
pub(crate) fn of_arguments(schema: &Value, arguments: &Value) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    collect(schema, arguments, &mut headers);
    headers.truncate(HEADERS_MAX);
    headers
}

/// Checks what the schema of a tool says of headers: each is the name of one, which no other has, and a text, a whole number or
/// a boolean stands in it. A client must not call a tool of which this does not hold.
///
/// # Errors
///
/// What does not hold.
pub(crate) fn check(schema: &Value) -> Result<(), String> {
    check_in(schema, &mut BTreeSet::new())
}

/// The schema is not deep.
fn check_in(schema: &Value, names: &mut BTreeSet<String>) -> Result<(), String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    for property in properties.into_iter().flat_map(Map::values) {
        if let Some(wanted) = property.get(WANTED) {
            let name = wanted.as_str().filter(|name| is_token(name));
            let name = name
                .ok_or_else(|| format!("a \"{WANTED}\" is {}, which names no header", cut(&wanted.to_string(), 80)))?;
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(format!("\"{WANTED}\" names \"{name}\" twice"));
            }
            if !is_primitive(property.get("type").unwrap_or(&Value::Null)) {
                return Err(format!("\"{WANTED}\" wants in \"{name}\" what is no text, whole number or boolean"));
            }
        }
        check_in(property, names)?;
    }
    Ok(())
}

/// Returns whether values of a type can stand in a header; a number with a fraction is written in more than one way.
fn is_primitive(kind: &Value) -> bool {
    let is_named = |kind: &Value| matches!(kind.as_str(), Some("string" | "integer" | "boolean"));
    match kind {
        Value::Array(kinds) => kinds.iter().any(is_named) && kinds.iter().all(|kind| is_named(kind) || kind == "null"),
        kind => is_named(kind),
    }
}

/// The schema is not deep.
fn collect(schema: &Value, arguments: &Value, headers: &mut Vec<(String, String)>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flat_map(Map::iter) {
        let Some(argument) = arguments.get(name) else { continue };
        let header = property.get(WANTED).and_then(Value::as_str).filter(|header| is_token(header));
        if let (Some(header), Some(value)) = (header, plain(argument)) {
            headers.push((format!("mcp-param-{}", header.to_ascii_lowercase()), encoded(&value)));
        }
        collect(property, argument, headers);
    }
}

fn plain(argument: &Value) -> Option<String> {
    let text = match argument {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => argument.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (text.len() <= VALUE_BYTES_MAX).then_some(text)
}

fn is_token(header: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !header.is_empty() && header.len() <= 64 && header.bytes().all(is_letter)
}

/// Writes a value as a header can carry it.
pub(crate) fn encoded(value: &str) -> String {
    let is_at_the_edge = |letter: Option<char>| matches!(letter, Some(' ' | '\t'));
    let is_plain = value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !is_at_the_edge(value.chars().next())
        && !is_at_the_edge(value.chars().last())
        && !value.starts_with("=?base64?");
    if is_plain { value.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(value)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_in_headers_where_the_schema_wants_them() {
        let schema = json!({"properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "at": {"type": "object", "properties": {"n": {"type": "integer", "x-mcp-header": "N"}}},
            "bad": {"type": "string", "x-mcp-header": "a\r\nb"},
            "list": {"type": "array", "x-mcp-header": "List"},
        }});
        let arguments = json!({"region": "é", "at": {"n": 7}, "bad": "x", "list": [1]});
        let expected = [("mcp-param-region", "=?base64?w6k=?="), ("mcp-param-n", "7")];
        let expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(of_arguments(&schema, &arguments), expected);
        assert_eq!((encoded("a b").as_str(), encoded(" a").as_str()), ("a b", "=?base64?IGE=?="));
    }

    #[test]
    fn a_schema_that_says_of_headers_what_cannot_be_is_refused() {
        let with = |header: Value, kind: Value| json!({"properties": {"a": {"type": kind, "x-mcp-header": header}}});
        for kind in [json!("string"), json!("integer"), json!("boolean"), json!(["string", "null"])] {
            assert_eq!(check(&with(json!("Region"), kind)), Ok(()));
        }
        for header in [json!(""), json!("My Region"), json!("Region:Primary"), json!("Région"), json!("a\t1"), json!(7)]
        {
            assert!(check(&with(header.clone(), json!("string"))).is_err(), "{header}");
        }
        for kind in [json!("number"), json!("null"), json!("array"), json!("object"), Value::Null, json!(["null"])] {
            assert!(check(&with(json!("A"), kind.clone())).is_err(), "{kind}");
        }
        let inner = with(json!("region"), json!("string"))["properties"].clone();
        let twice = json!({"properties": {
            "a": {"type": "string", "x-mcp-header": "Region"}, "b": {"type": "object", "properties": inner},
        }});
        assert!(check(&twice).is_err_and(|why| why.contains("twice")));
    }
}
