use serde_json::{Map, Value, json};
use stockade_workflow::Fault;

use crate::Result;

/// What providers understand of JSON Schema. Each is a total function: a schema is written so that the provider takes it,
/// and where that is looser than the schema, the host still holds the model to the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OpenAI and those who speak as it does: no tuples, no `const`, no `oneOf`, no bounds beyond exact numbers.
    OpenAi,
    /// Anthropic: all of draft 2020-12.
    Anthropic,
    /// Google: what OpenAI takes, and of that only [`GEMINI`].
    Gemini,
    /// Ollama: what OpenAI takes.
    Ollama,
}

/// The keywords that Gemini takes.
const GEMINI: [&str; 18] = [
    "$defs",
    "$ref",
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "anyOf",
    "properties",
    "additionalProperties",
    "required",
    "propertyOrdering",
    "nullable",
];
/// Where an integer ends that every reader of JSON reads exactly. Some read larger bounds into integers, and fail.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
/// Keywords of one schema each, of several by name, and of several in order.
const ONE: [&str; 6] = ["items", "additionalProperties", "not", "contains", "propertyNames", "contentSchema"];
const NAMED: [&str; 5] = ["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"];
const SEVERAL: [&str; 2] = ["anyOf", "allOf"];
/// What says more of a number, a text or a list than what it is, with the words that say it to the model instead.
const BOUNDS: [(&str, &str); 10] = [
    ("minimum", "at least"),
    ("maximum", "at most"),
    ("exclusiveMinimum", "more than"),
    ("exclusiveMaximum", "less than"),
    ("multipleOf", "a multiple of"),
    ("minLength", "characters: at least"),
    ("maxLength", "characters: at most"),
    ("minItems", "items: at least"),
    ("maxItems", "items: at most"),
    ("pattern", "as the expression"),
];
/// Keywords that a strict schema of OpenAI cannot have.
const LOOSE: [&str; 9] =
    ["allOf", "not", "if", "then", "else", "patternProperties", "dependentSchemas", "dependentRequired", "uniqueItems"];

/// Finds out whether a function with this schema can be offered.
///
/// # Errors
///
/// It is not an object at its top, as all providers want it; the function and the keyword are named.
pub(super) fn check(function: &str, schema: &Value) -> Result<()> {
    let choices = ["anyOf", "oneOf", "allOf", "enum", "const", "not", "$ref"];
    let wrong = choices.into_iter().find(|word| schema.get(word).is_some());
    let wrong = wrong.or((schema.get("type").is_none_or(|kind| kind != "object")).then_some("type"));
    wrong.map_or(Ok(()), |word| {
        let message = format!(
            "the function \"{function}\" cannot be offered to a model: its schema has \"{word}\" at the top, and \
             providers take \"type\": \"object\" with properties there"
        );
        Err(Fault::invalid("schema", message))
    })
}

/// Writes a schema as a provider takes it.
pub(super) fn of(dialect: Dialect, schema: &Value) -> Value {
    let mut schema = if dialect == Dialect::Anthropic { schema.clone() } else { plain(schema, dialect) };
    if let Value::Object(members) = &mut schema {
        members.shift_remove("$schema");
    }
    schema
}

/// Writes a schema for answers of OpenAI, and says whether it may be strict: all of each object is required then, and
/// nothing else allowed.
pub(super) fn strict(schema: &Value) -> (Value, bool) {
    let mut written = of(Dialect::OpenAi, schema);
    let is_strict = written.get("type").is_some_and(|kind| kind == "object") && is_strict(&written);
    if is_strict {
        close(&mut written);
    }
    (written, is_strict)
}

/// Writes a schema for answers of Anthropic: without bounds, and with nothing else allowed in objects. There is none where
/// an object may have any members, for such a one would be left with no member at all.
pub(super) fn closed(schema: &Value) -> Option<Value> {
    let mut written = plain(schema, Dialect::Anthropic);
    if has_open_object(&written) {
        return None;
    }
    unbound(&mut written);
    close(&mut written);
    Some(written)
}

fn has_open_object(schema: &Value) -> bool {
    let mut is_open = false;
    walk(&mut schema.clone(), &mut |members| {
        let is_object = members.get("type").is_some_and(|kind| kind == "object");
        let has_members = members.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
        let more = members.get("additionalProperties");
        let is_closed = more.is_some_and(|more| *more == false) || has_members && more.is_none_or(|more| *more == true);
        is_open |= is_object && !is_closed;
    });
    is_open
}

fn plain(schema: &Value, dialect: Dialect) -> Value {
    // `true` and `false` are schemas as well.
    let Value::Object(members) = schema else { return schema.clone() };
    let mut written = Map::new();
    for (word, value) in members {
        match word.as_str() {
            "$schema" | "$id" | "$comment" | "contentEncoding" | "contentMediaType" => {}
            "const" => constant(&mut written, value),
            "enum" => words(&mut written, value),
            "oneOf" => choice(&mut written, value, dialect),
            "prefixItems" => tuple(&mut written, value, dialect),
            "items" if members.contains_key("prefixItems") => {}
            word if ONE.contains(&word) => set(&mut written, word, plain(value, dialect)),
            word if SEVERAL.contains(&word) => set(&mut written, word, each(value, dialect)),
            word if NAMED.contains(&word) => set(&mut written, word, named(value, dialect)),
            word if is_inexact(word, value) => describe(&mut written, word, value),
            word => set(&mut written, word, value.clone()),
        }
    }
    if dialect == Dialect::Gemini {
        written.retain(|word, _| GEMINI.contains(&word.as_str()));
    }
    Value::Object(written)
}

fn set(written: &mut Map<String, Value>, word: &str, value: Value) {
    // What was said already of the same, in another way, is not said again.
    if word == "description" && written.contains_key(word) {
        let more = written.get(word).and_then(Value::as_str).unwrap_or_default().to_owned();
        let text = value.as_str().unwrap_or_default();
        written.insert(word.to_owned(), format!("{text}; {more}").into());
    } else {
        written.entry(word).or_insert(value);
    }
}

fn each(schemas: &Value, dialect: Dialect) -> Value {
    schemas.as_array().into_iter().flatten().map(|schema| plain(schema, dialect)).collect()
}

fn named(schemas: &Value, dialect: Dialect) -> Value {
    let schemas = schemas.as_object().into_iter().flatten();
    schemas.map(|(name, schema)| (name.clone(), plain(schema, dialect))).collect::<Map<_, _>>().into()
}

fn constant(written: &mut Map<String, Value>, value: &Value) {
    match value {
        Value::Null => set(written, "type", "null".into()),
        Value::Bool(_) => set(written, "type", "boolean".into()),
        value => words(written, &json!([value])),
    }
}

fn words(written: &mut Map<String, Value>, values: &Value) {
    if values.as_array().into_iter().flatten().all(Value::is_string) {
        set(written, "type", "string".into());
    }
    set(written, "enum", values.clone());
}

/// One of several words, each with what it means, is an `enum` whose description says that; other choices are `anyOf`.
fn choice(written: &mut Map<String, Value>, schemas: &Value, dialect: Dialect) {
    let schemas_of = || schemas.as_array().into_iter().flatten();
    let word = |schema: &Value| schema.get("const").filter(|word| word.is_string()).cloned();
    let Some(all) = schemas_of().map(word).collect::<Option<Vec<_>>>() else {
        return set(written, "anyOf", each(schemas, dialect));
    };
    words(written, &all.into());
    let meaning = |schema: &Value| Some(format!("{}: {}", schema.get("const")?, schema.get("description")?.as_str()?));
    let meanings: Vec<_> = schemas_of().filter_map(meaning).collect();
    if !meanings.is_empty() {
        add(written, &meanings.join("; "));
    }
}

/// A tuple is a list of as many, each of which is any of its kinds.
fn tuple(written: &mut Map<String, Value>, schemas: &Value, dialect: Dialect) {
    let mut kinds: Vec<Value> = Vec::new();
    for schema in schemas.as_array().into_iter().flatten().map(|schema| plain(schema, dialect)) {
        if !kinds.contains(&schema) {
            kinds.push(schema);
        }
    }
    let length = schemas.as_array().map_or(0, Vec::len);
    let items = if kinds.len() == 1 { kinds.remove(0) } else { json!({ "anyOf": kinds }) };
    set(written, "items", items);
    written.insert("minItems".to_owned(), length.into());
    written.insert("maxItems".to_owned(), length.into());
}

fn is_inexact(word: &str, value: &Value) -> bool {
    let is_bound = BOUNDS.iter().any(|(bound, _)| *bound == word);
    is_bound && value.as_f64().is_some_and(|value| value.abs() > EXACT_MAX)
}

/// Tells the model what the schema does not.
fn describe(written: &mut Map<String, Value>, word: &str, value: &Value) {
    let words = BOUNDS.iter().find(|(bound, _)| *bound == word).map_or(word, |(_, words)| words);
    add(written, &format!("{words} {value}"));
}

fn add(written: &mut Map<String, Value>, more: &str) {
    let text = match written.get("description").and_then(Value::as_str) {
        Some(text) => format!("{text}; {more}"),
        None => more.to_owned(),
    };
    written.insert("description".to_owned(), text.into());
}

/// Does something to each schema in a schema.
fn walk(schema: &mut Value, each: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(members) = schema else { return };
    each(members);
    for (word, value) in members {
        match value {
            value if ONE.contains(&word.as_str()) => walk(value, each),
            Value::Array(schemas) if SEVERAL.contains(&word.as_str()) => {
                schemas.iter_mut().for_each(|schema| walk(schema, each));
            }
            Value::Object(schemas) if NAMED.contains(&word.as_str()) => {
                schemas.values_mut().for_each(|schema| walk(schema, each));
            }
            _ => {}
        }
    }
}

fn close(schema: &mut Value) {
    walk(schema, &mut |members| {
        if members.get("type").is_some_and(|kind| kind == "object") {
            members.insert("additionalProperties".to_owned(), false.into());
        }
    });
}

fn unbound(schema: &mut Value) {
    walk(schema, &mut |members| {
        for (word, _) in BOUNDS {
            if let Some(value) = members.shift_remove(word) {
                describe(members, word, &value);
            }
        }
        // What the host holds the answer to all the same.
        LOOSE.iter().filter(|word| **word != "allOf").for_each(|word| drop(members.shift_remove(*word)));
    });
}

fn is_strict(schema: &Value) -> bool {
    let mut is_strict = true;
    walk(&mut schema.clone(), &mut |members| {
        let has = |word: &str| members.contains_key(word);
        let is_open = |members: &Map<String, Value>| {
            let required = members.get("required").and_then(Value::as_array);
            let is_required = |name: &String| required.is_some_and(|all| all.iter().any(|one| one == name.as_str()));
            let properties = members.get("properties").and_then(Value::as_object);
            let is_closed = members.get("additionalProperties").is_none_or(|more| *more == false);
            !is_closed || !properties.is_some_and(|all| all.keys().all(is_required))
        };
        let is_object = members.get("type").is_some_and(|kind| kind == "object");
        let says_what_it_is = ["type", "anyOf", "enum", "$ref"].into_iter().any(has);
        is_strict &= says_what_it_is && !LOOSE.into_iter().any(has) && !(is_object && is_open(members));
    });
    is_strict
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the sandbox writes them from WIT.
    fn tool() -> Value {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "description": "Pays.",
            "properties": {
                "amount": {"type": "integer", "minimum": 0, "maximum": u64::MAX, "description": "In cents."},
                "balance": {"type": "integer", "minimum": i64::MIN, "maximum": i64::MAX},
                "how": {"oneOf": [{"const": "card", "description": "By card."}, {"const": "cash"}]},
                "what": {"oneOf": [{"const": "all"}, {"type": "object", "properties": {"const": {"type": "string"}}}]},
                "at": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "items": false, "minItems": 2},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false, "minItems": 2},
                "oneOf": {"type": "string", "contentEncoding": "base64", "pattern": "^a$"},
            },
            "required": ["amount"],
            "additionalProperties": false,
        })
    }

    #[test]
    fn tools_are_written_for_openai() {
        let written = of(Dialect::OpenAi, &tool());
        assert_eq!(
            written,
            json!({
                "type": "object",
                "description": "Pays.",
                "properties": {
                    "amount": {"type": "integer", "minimum": 0, "description": "In cents.; at most 18446744073709551615"},
                    "balance": {
                        "type": "integer",
                        "description": "at least -9223372036854775808; at most 9223372036854775807",
                    },
                    "how": {"type": "string", "enum": ["card", "cash"], "description": "\"card\": By card."},
                    "what": {"anyOf": [
                        {"type": "string", "enum": ["all"]},
                        {"type": "object", "properties": {"const": {"type": "string"}}},
                    ]},
                    "at": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
                    "pair": {
                        "type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                        "minItems": 2, "maxItems": 2,
                    },
                    "oneOf": {"type": "string", "pattern": "^a$"},
                },
                "required": ["amount"],
                "additionalProperties": false,
            })
        );
        assert_eq!(of(Dialect::Ollama, &tool()), written);
    }

    #[test]
    fn each_provider_gets_what_it_takes() {
        let gemini = of(Dialect::Gemini, &tool()).to_string();
        for word in ["$schema", "\"const\":\"", "prefixItems", "oneOf\":[", "pattern", "18446744073709551615}"] {
            assert!(!gemini.contains(word), "{word}: {gemini}");
        }
        let anthropic = of(Dialect::Anthropic, &tool());
        assert!(anthropic.get("$schema").is_none());
        assert_eq!(anthropic["properties"], tool()["properties"]);
    }

    #[test]
    fn what_is_not_an_object_names_its_function_and_its_keyword() {
        for (schema, word) in [
            (json!({"anyOf": [{"type": "object"}]}), "anyOf"),
            (json!({"type": "object", "oneOf": []}), "oneOf"),
            (json!({"type": "string"}), "type"),
            (json!({}), "type"),
            (json!(true), "type"),
        ] {
            let fault = check("shop.buy", &schema).unwrap_err();
            assert_eq!(fault.detail.as_deref(), Some("schema"));
            assert!(
                fault
                    .message
                    .contains(&format!("\"shop.buy\" cannot be offered to a model: its schema has \"{word}\"")),
                "{fault}"
            );
        }
        assert_eq!(check("shop.buy", &tool()), Ok(()));
    }

    #[test]
    fn an_answer_is_strict_where_its_schema_can_be() {
        let inner =
            json!({"type": "object", "properties": {"a": {"type": "integer", "maximum": 9}}, "required": ["a"]});
        let outer = |inner: &Value| json!({"type": "object", "properties": {"in": inner}, "required": ["in"]});
        let (written, is_strict) = strict(&outer(&inner));
        assert!(is_strict);
        assert_eq!(written["additionalProperties"], false);
        assert_eq!(written["properties"]["in"]["additionalProperties"], false);
        let optional = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
        let open = json!({"type": "object", "additionalProperties": {"type": "string"}});
        for loose in [&optional, &open, &json!({}), &json!({"not": {}}), &json!({"type": "array", "uniqueItems": true})]
        {
            let (written, is_strict) = strict(&outer(loose));
            assert!(!is_strict, "{loose}");
            assert_eq!(written["properties"]["in"], *loose, "as it is");
        }
        let closed_inner = closed(&outer(&inner)).unwrap();
        assert_eq!(
            closed_inner["properties"]["in"]["properties"]["a"],
            json!({"type": "integer", "description": "at most 9"})
        );
        assert_eq!(closed_inner["properties"]["in"]["additionalProperties"], false);
    }

    /// Closed, a map would have no room for anything.
    #[test]
    fn an_answer_is_not_closed_where_an_object_may_have_any_members() {
        let outer = |inner: Value| json!({"type": "object", "properties": {"in": inner}, "required": ["in"]});
        for open in [
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"type": "object", "additionalProperties": true}),
            json!({"type": "object"}),
            json!({"type": "object", "properties": {}}),
            json!({"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "null"}}),
            json!({"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "object"}}]}),
        ] {
            assert_eq!(closed(&outer(open.clone())), None, "{open}");
        }
        for (shut, written) in [
            (json!({"type": "object", "additionalProperties": false}), None),
            (json!({"type": "object", "properties": {"not": {}}, "additionalProperties": true}), Some("not")),
            (json!({"type": "string", "not": {"enum": ["a"]}, "uniqueItems": true}), None),
        ] {
            let closed = closed(&outer(shut.clone())).unwrap();
            let inner = &closed["properties"]["in"];
            assert!(inner.get("not").is_none() && inner.get("uniqueItems").is_none(), "{inner}");
            assert_eq!(inner["properties"].get("not").map(|_| "not"), written, "{shut}");
        }
    }
}
