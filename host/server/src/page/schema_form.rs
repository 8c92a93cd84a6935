//! A form for the arguments of a function, made from their schema, and the arguments that such a form sends.

use serde_json::{Map, Value};
use stockade::Fault;
use stockade::json::{self, Bounds};

use super::form::Fields;
use super::html::{El, el, of};
use super::visible::visible_json;

/// What stands before the name of an argument in the name of its field.
const PREFIX: &str = "arg.";

/// How an argument is written into a field.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Text,
    Number {
        is_whole: bool,
    },
    Truth,
    /// One of these words.
    Word(Vec<String>),
    /// Anything else, as JSON.
    Document,
}

/// An argument of a schema.
struct Argument<'a> {
    name: &'a str,
    kind: Kind,
    is_required: bool,
    description: Option<&'a str>,
    schema: &'a Value,
}

fn arguments(schema: &Value) -> Vec<Argument<'_>> {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|other| other == name));
    let members = schema.get("properties").and_then(Value::as_object);
    members
        .into_iter()
        .flatten()
        .map(|(name, member)| Argument {
            name,
            kind: kind(member),
            is_required: is_required(name),
            description: member.get("description").and_then(Value::as_str),
            schema: member,
        })
        .collect()
}

/// Returns the schema of what may be left out or be nothing.
fn of_some(schema: &Value) -> &Value {
    let is_nothing = |part: &Value| part.get("type").and_then(Value::as_str) == Some("null");
    match schema.get("anyOf").and_then(Value::as_array).map(Vec::as_slice) {
        Some([some, nothing]) if is_nothing(nothing) => some,
        _ => schema,
    }
}

fn kind(schema: &Value) -> Kind {
    let schema = of_some(schema);
    if let Some(words) = words(schema) {
        return Kind::Word(words);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => Kind::Text,
        Some("integer") => Kind::Number { is_whole: true },
        Some("number") => Kind::Number { is_whole: false },
        Some("boolean") => Kind::Truth,
        _ => Kind::Document,
    }
}

/// Returns the words of a schema that allows some words alone.
fn words(schema: &Value) -> Option<Vec<String>> {
    let text = |word: &Value| word.as_str().map(str::to_owned);
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().map(text).collect();
    }
    schema.get("oneOf")?.as_array()?.iter().map(|case| case.get("const").and_then(text)).collect()
}

/// Draws a field for each argument. `id` stands before the ids of the fields.
pub(crate) fn fields(id: &str, schema: &Value) -> Vec<El> {
    arguments(schema).iter().map(|argument| field(id, argument)).collect()
}

fn field(id: &str, Argument { name, kind, is_required, description, schema }: &Argument<'_>) -> El {
    let (id, field) = (format!("{id}-{name}"), format!("{PREFIX}{name}"));
    let named = |element: El| element.attr("id", &id).attr("name", &field).flag("required", *is_required);
    let option = |word: &str| el("option").value(word).text(word);
    let chosen = |words: &[&str]| {
        let none = (!is_required).then(|| option(""));
        named(el("select")).all(none).all(words.iter().map(|word| option(word)))
    };
    let (input, hint) = match kind {
        Kind::Text => (named(el("textarea").attr("rows", 1)), None),
        Kind::Number { is_whole } => {
            let step = if *is_whole { "1" } else { "any" };
            (named(el("input").attr("type", "number").attr("step", step)), None)
        }
        Kind::Truth => (chosen(&["true", "false"]), None),
        Kind::Word(words) => (chosen(&words.iter().map(String::as_str).collect::<Vec<_>>()), None),
        Kind::Document => {
            let fold = el("details").with(el("summary").text("Its schema"));
            let schema = el("pre").attr("tabindex", 0).text(visible_json(schema));
            (named(el("textarea").attr("rows", 3).attr("spellcheck", "false")), Some(fold.with(schema)))
        }
    };
    let what = if *kind == Kind::Document { " (JSON)" } else { "" };
    let optional = if *is_required { "" } else { ", may be left out" };
    el("div")
        .with(el("label").attr("for", &id).text(format!("{name}{what}{optional}")))
        .all(description.map(|text| of("p", "hint").text(text)))
        .with(input)
        .all(hint)
}

/// Reads the arguments of a form that was drawn for a schema. A field that is empty is left out where it may be.
pub(crate) fn read(schema: &Value, fields: &Fields) -> Result<Value, Fault> {
    let mut read = Map::new();
    for Argument { name, kind, is_required, .. } in arguments(schema) {
        let text = fields.text(&format!("{PREFIX}{name}")).to_owned();
        let is_left_out = text.is_empty() && (!is_required || kind != Kind::Text);
        if !is_left_out {
            read.insert(name.to_owned(), value(name, &kind, text)?);
        }
    }
    Ok(Value::Object(read))
}

fn value(name: &str, kind: &Kind, text: String) -> Result<Value, Fault> {
    match kind {
        // Browsers send line feeds in pairs.
        Kind::Text => Ok(Value::String(text.replace("\r\n", "\n"))),
        Kind::Word(_) => Ok(Value::String(text)),
        Kind::Number { .. } | Kind::Truth | Kind::Document => {
            let read = json::parse(&text, &Bounds::OUTSIDE);
            read.map_err(|fault| fault.reworded(|why| format!("argument \"{name}\" is not JSON: {why}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::page::html::Html;

    #[test]
    fn a_form_has_a_field_for_each_argument_by_its_type() {
        let schema = json!({"properties": {
            "user": {"type": "string", "description": "<b>Who</b>"}, "cents": {"type": "integer"}, "is_new": {"type": "boolean"},
            "color": {"oneOf": [{"const": "red"}, {"const": "blue"}]}, "parts": {"type": "array"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        }, "required": ["user"]});
        let kinds = arguments(&schema).into_iter().map(|argument| argument.kind).collect::<Vec<_>>();
        let words = vec!["red".to_owned(), "blue".to_owned()];
        let whole = Kind::Number { is_whole: true };
        assert_eq!(kinds, [Kind::Text, whole, Kind::Truth, Kind::Word(words), Kind::Document, Kind::Text]);
        let written = Html::from(el("form").all(fields("f", &schema))).document();
        assert!(written.contains("name=\"arg.user\" required") && written.contains("&lt;b&gt;Who"), "{written}");
    }
}
