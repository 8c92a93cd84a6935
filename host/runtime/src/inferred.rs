//! The JSON Schema that an example of a value suggests.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// An object of more members is thought to be a table, whose names are data.
const MEMBERS_MAX: usize = 64;

/// How deep objects and arrays are looked into.
const DEPTH_MAX: usize = 8;

/// Returns the JSON Schema (2020-12) that an example suggests. Of what is null, nothing is known.
pub(crate) fn schema(example: &Value) -> Value {
    inferred(example, DEPTH_MAX)
}

fn inferred(example: &Value, depth: usize) -> Value {
    match example {
        Value::Null => json!({}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_f64() => json!({"type": "number"}),
        Value::Number(_) => json!({"type": "integer"}),
        Value::String(_) => json!({"type": "string"}),
        Value::Array(items) if depth > 0 => array(items, depth - 1),
        Value::Array(_) => json!({"type": "array"}),
        Value::Object(members) if depth > 0 && members.len() <= MEMBERS_MAX => object(members, depth - 1),
        Value::Object(_) => json!({"type": "object"}),
    }
}

fn array(items: &[Value], depth: usize) -> Value {
    let items = items.iter().map(|item| inferred(item, depth));
    match items.reduce(|one, other| either(&one, &other)) {
        Some(items) => json!({"type": "array", "items": items}),
        None => json!({"type": "array"}),
    }
}

fn object(members: &Map<String, Value>, depth: usize) -> Value {
    let properties: Map<_, _> = members.iter().map(|(name, value)| (name.clone(), inferred(value, depth))).collect();
    let required: Vec<_> = members.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

/// The schema of what fits one of two.
fn either(one: &Value, other: &Value) -> Value {
    if one == other {
        return one.clone();
    }
    let kind = |schema: &Value| schema.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    match (&*kind(one), &*kind(other)) {
        ("integer" | "number", "integer" | "number") => json!({"type": "number"}),
        ("array", "array") => match (one.get("items"), other.get("items")) {
            (Some(one), Some(other)) => json!({"type": "array", "items": either(one, other)}),
            (items, None) | (None, items) => {
                items.map_or(json!({"type": "array"}), |items| json!({"type": "array", "items": items}))
            }
        },
        ("object", "object") => both(one, other),
        _ => json!({}),
    }
}

/// The schema of objects of two kinds: what only one has may be left out. Of a table, no names are known.
fn both(one: &Value, other: &Value) -> Value {
    let properties = |schema: &Value| schema.get("properties").and_then(Value::as_object).cloned();
    let (Some(of_one), Some(of_other)) = (properties(one), properties(other)) else {
        return json!({"type": "object"});
    };
    let names: BTreeSet<_> = of_one.keys().chain(of_other.keys()).collect();
    if names.len() > MEMBERS_MAX {
        return json!({"type": "object"});
    }
    let of = |name: &str| match (of_one.get(name), of_other.get(name)) {
        (Some(one), Some(other)) => either(one, other),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) => json!({}),
    };
    let merged: Map<_, _> = names.into_iter().map(|name| (name.clone(), of(name))).collect();
    let (needed, other) = (required(one), required(other));
    let needed: Vec<_> = needed.into_iter().filter(|name| other.contains(name)).collect();
    json!({"type": "object", "properties": merged, "required": needed})
}

fn required(schema: &Value) -> Vec<&str> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_suggests_its_types_and_what_is_always_there() {
        let example = json!({"user": "u", "since": null, "orders": [{"id": 1, "cents": 2}, {"id": 1.5}], "tags": []});
        let orders = json!({
            "type": "object",
            "properties": {"id": {"type": "number"}, "cents": {"type": "integer"}},
            "required": ["id"],
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "user": {"type": "string"}, "since": {},
                "orders": {"type": "array", "items": orders}, "tags": {"type": "array"},
            },
        });
        let mut found = schema(&example);
        let mut required: Vec<_> = required(&found).into_iter().map(str::to_owned).collect();
        required.sort();
        assert_eq!(required, ["orders", "tags", "user"]);
        found.as_object_mut().unwrap().remove("required");
        assert_eq!(found, expected);
    }

    #[test]
    fn a_table_and_what_differs_are_left_open() {
        let table: Map<_, _> = (0..100).map(|number| (format!("k{number}"), json!(number))).collect();
        assert_eq!(schema(&Value::Object(table)), json!({"type": "object"}));
        assert_eq!(schema(&json!([1, "a"])), json!({"type": "array", "items": {}}));
        assert_eq!(schema(&json!([true, false])), json!({"type": "array", "items": {"type": "boolean"}}));
        let (row, mut wide) =
            (json!({"k1": 1}), (0..100).map(|number| (format!("k{number}"), json!("a"))).collect::<Map<_, _>>());
        wide.insert("k1".to_owned(), json!("a"));
        for rows in [json!([wide, row]), json!([row, wide]), json!([row, wide, row])] {
            assert_eq!(schema(&rows)["items"], json!({"type": "object"}), "a table has no members of its own");
        }
        let mut late = vec![json!({"id": 1}); 200];
        late.push(json!({"id": "one", "note": "n"}));
        assert_eq!(schema(&json!(late))["items"]["properties"], json!({"id": {}, "note": {"type": "string"}}));
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        assert!(schema(&deep).to_string().len() < 1_000);
    }
}
