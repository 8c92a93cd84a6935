//! Schemas of servers, as far as the host can check them.
//!
//! A schema is a stranger's. Nothing that it refers to is loaded; what of it is not known here is left out, and named.

use serde_json::{Map, Value, json};
use stockade::schema::Schema;

/// The dialects that the reader of schemas knows, without their scheme.
const DIALECTS: [&str; 4] = [
    "json-schema.org/draft/2020-12/schema",
    "json-schema.org/draft/2019-09/schema",
    "json-schema.org/draft-07/schema",
    "json-schema.org/draft-06/schema",
];

/// The keywords that refer to another schema.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// The keywords whose values are data, and no schemas.
const DATA: [&str; 4] = ["const", "enum", "default", "examples"];

/// How long a text within a schema may be that tells a model what a value means.
const TEXT_CHARS_MAX: usize = 300;

/// How many properties of a schema that cannot be read as a whole are read one by one: each takes the definitions along.
const TRIED_MAX: usize = 64;

/// How many things that are left out are named.
const UNCHECKED_MAX: usize = 16;

/// A schema that values are checked against.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// What is checked, as models and people see it.
    pub(crate) value: Value,
    /// None where nothing of it can be checked.
    schema: Option<Schema>,
    /// What of the server's schema is not checked, and why.
    pub(crate) unchecked: Vec<String>,
}

impl Checked {
    /// Reads the schema of arguments, which are an object whatever it says.
    pub(crate) fn of_arguments(schema: &Value) -> Self {
        let mut checked = Self::new(schema);
        if checked.value.get("type") != Some(&Value::from("object")) {
            let mut members = checked.value.as_object().cloned().unwrap_or_default();
            members.insert("type".to_owned(), "object".into());
            checked = Self { unchecked: checked.unchecked, ..Self::new(&Value::Object(members)) };
        }
        checked
    }

    /// Reads a schema.
    pub(crate) fn new(schema: &Value) -> Self {
        let mut unchecked = Vec::new();
        let value = known(schema, "$", &mut unchecked);
        match Schema::new(&value) {
            Ok(schema) => Self { value, schema: Some(schema), unchecked },
            Err(why) => piecewise(&value, unchecked, why),
        }
    }

    /// Checks a value.
    ///
    /// # Errors
    ///
    /// Where it does not fit, and how.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        let misfit = self.schema.as_ref().and_then(|schema| schema.misfits(value, 1).pop());
        match misfit {
            None => Ok(()),
            Some(misfit) => Err(match misfit.pointer() {
                at if at.is_empty() => misfit.to_string(),
                at => format!("at {at}: {misfit}"),
            }),
        }
    }
}

/// Reads the members of an object one by one, and leaves out those that cannot be read.
fn piecewise(value: &Value, mut unchecked: Vec<String>, why: String) -> Checked {
    let mut members = Map::new();
    let mut properties = Map::new();
    for (key, member) in value.as_object().into_iter().flatten() {
        let kept = match (key.as_str(), member) {
            ("properties", Value::Object(all)) => {
                for (at, (name, property)) in all.iter().enumerate() {
                    let alone = || with_definitions(value, json!({"properties": {name: property}}));
                    let is_known = at < TRIED_MAX && Schema::new(&alone()).is_ok();
                    properties.insert(name.clone(), if is_known { property.clone() } else { json!({}) });
                    note(&mut unchecked, !is_known, || format!("$.properties.{name}: {why}"));
                }
                continue;
            }
            ("$schema" | "$defs" | "definitions", _) => continue,
            _ => Schema::new(&with_definitions(value, json!({key: member}))).is_ok(),
        };
        if kept {
            members.insert(key.clone(), member.clone());
        }
        note(&mut unchecked, !kept, || format!("$.{key}: {why}"));
    }
    members.insert("properties".to_owned(), Value::Object(properties));
    let whole = with_definitions(value, Value::Object(members.clone()));
    let alone = Value::Object(members);
    let read = [whole, alone].into_iter().find_map(|value| Schema::new(&value).ok().map(|schema| (value, schema)));
    match read {
        Some((value, schema)) => Checked { value, schema: Some(schema), unchecked },
        None => Checked { value: json!({}), schema: None, unchecked },
    }
}

/// A piece of a schema, beside what the whole one defines for its pieces.
fn with_definitions(whole: &Value, mut piece: Value) -> Value {
    for key in ["$schema", "$defs", "definitions"] {
        if let (Some(definitions), Some(piece)) = (whole.get(key), piece.as_object_mut()) {
            piece.insert(key.to_owned(), definitions.clone());
        }
    }
    piece
}

/// Copies a schema without what the reader does not know: references to other documents, other dialects, and documents within
/// the document. A text is cut to a length, and its hidden letters are written out. The schema is not deep.
fn known(schema: &Value, at: &str, unchecked: &mut Vec<String>) -> Value {
    match schema {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (key, member) in members {
                if DATA.contains(&key.as_str()) {
                    kept.insert(key.clone(), member.clone());
                    continue;
                }
                let here = format!("{at}.{key}");
                let is_unknown = is_unknown(key, member, at == "$");
                note(unchecked, is_unknown, || format!("{here}: nothing is loaded, and this is not in the schema"));
                if !is_unknown {
                    kept.insert(key.clone(), told(key, member).unwrap_or_else(|| known(member, &here, unchecked)));
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| known(item, at, unchecked)).collect()),
        other => other.clone(),
    }
}

fn is_unknown(key: &str, member: &Value, is_root: bool) -> bool {
    let Some(text) = member.as_str() else { return false };
    let dialect = || text.trim_end_matches('#').trim_start_matches("https://").trim_start_matches("http://");
    match key {
        "$schema" => !is_root || !DIALECTS.contains(&dialect()),
        "$id" => !is_root && !text.starts_with('#'),
        _ => REFERENCES.contains(&key) && !text.starts_with('#'),
    }
}

/// What a schema tells in words.
fn told(key: &str, member: &Value) -> Option<Value> {
    let text = member.as_str().filter(|_| matches!(key, "description" | "title" | "$comment"))?;
    Some(crate::words::cut(text, TEXT_CHARS_MAX).into())
}

fn note(unchecked: &mut Vec<String>, is_left_out: bool, what: impl FnOnce() -> String) {
    if is_left_out && unchecked.len() < UNCHECKED_MAX {
        unchecked.push(crate::words::cut(&what(), TEXT_CHARS_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_checked_as_far_as_it_is_known_and_the_rest_is_named() {
        let schema = json!({
            "$schema": "https://example.com/other", "type": "object", "required": ["a"],
            "properties": {"a": {"$ref": "https://example.com/far.json"}, "b": {"type": "integer"}, "c": {"$ref": "#/$defs/c"}},
            "$defs": {"c": {"enum": [1, 2]}},
        });
        let checked = Checked::of_arguments(&schema);
        assert_eq!(checked.unchecked.len(), 2, "{:?}", checked.unchecked);
        assert!(checked.unchecked.iter().any(|what| what.starts_with("$.properties.a.$ref: nothing is loaded")));
        assert!(checked.check(&json!({"a": "anything", "b": 1, "c": 2})).is_ok());
        for wrong in [json!({"b": 1}), json!({"a": 1, "b": "x"}), json!({"a": 1, "c": 3}), json!([])] {
            assert!(checked.check(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_property_that_cannot_be_read_leaves_the_others_checked() {
        let schema = json!({
            "type": "object", "required": ["b"],
            "properties": {"a": {"pattern": "(?<=x)y(?!z)\\1"}, "b": {"type": "integer"}},
        });
        let checked = Checked::of_arguments(&schema);
        assert!(checked.unchecked.iter().any(|what| what.starts_with("$.properties.a")), "{:?}", checked.unchecked);
        assert!(checked.check(&json!({"b": 1})).is_ok() && checked.check(&json!({"b": "x"})).is_err());
        assert!(checked.check(&json!({})).is_err());
    }

    #[test]
    fn arguments_are_an_object_whatever_the_schema_says() {
        for schema in [json!({}), json!({"type": "string"}), json!({"type": ["object", "null"]})] {
            let checked = Checked::of_arguments(&schema);
            assert!(checked.check(&json!({})).is_ok() && checked.check(&json!("x")).is_err(), "{schema}");
        }
    }

    #[test]
    fn a_text_within_a_schema_is_cut_and_its_hidden_letters_are_written_out() {
        let schema = json!({"properties": {"a": {"description": format!("x\u{202e}{}", "y".repeat(1_000))}}});
        let shown = Checked::of_arguments(&schema).value.to_string();
        assert!(shown.contains("u{202e}") && shown.len() < 500, "{shown}");
    }
}
