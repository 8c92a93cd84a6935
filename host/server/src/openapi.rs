//! The description of the interface, as OpenAPI 3.1 has it.

use serde_json::{Map, Value, json};

use crate::door::{Body, Door, Shape};
use crate::guard::Entry;
use crate::schemas::{a as reference, schemas};

/// Describes doors.
pub(crate) fn document(doors: &[Door]) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Stockade",
            "summary": "Durable runs of sandboxed workflows: start them, follow them, decide on what they ask.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths(doors),
        "components": {
            "schemas": schemas(),
            "responses": {"Problem": {
                "description": "It was refused, or has failed: RFC 9457 with our kind, and the limit where one was reached.",
                "content": {"application/problem+json": {"schema": reference("Problem")}},
            }},
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer", "description": "A token of `stockade token create`.",
            }},
        },
    })
}

fn paths(doors: &[Door]) -> Value {
    let mut paths = Map::new();
    for door in doors {
        let methods = paths.entry(written(door.path)).or_insert_with(|| json!({}));
        if let Value::Object(methods) = methods {
            methods.insert(door.method.to_owned(), operation(door));
        }
    }
    Value::Object(paths)
}

/// Writes a path as OpenAPI does, which has no name of several parts.
fn written(path: &str) -> String {
    path.replace("{*", "{")
}

fn operation(door: &Door) -> Value {
    let mut operation = json!({"operationId": door.id, "summary": door.summary});
    let mut add =
        |name: &str, value: Value| operation.as_object_mut().map(|members| members.insert(name.to_owned(), value));
    match door.entry {
        Entry::Free => drop(add("security", json!([]))),
        Entry::Needs(right) | Entry::Follows(right) | Entry::Takes(right) => {
            let roles = stockade::Role::ALL.into_iter().filter(|role| role.has(right)).map(stockade::Role::name);
            add("description", format!("For the roles {}.", roles.collect::<Vec<_>>().join(", ")).into());
        }
    }
    let parameters = parameters(door);
    if !parameters.is_empty() {
        add("parameters", parameters.into());
    }
    if let Some(body) = door.body {
        let content = match body {
            Body::Json(schema) => json!({"application/json": {"schema": reference(schema)}}),
            Body::Component => json!({"application/wasm": {}}),
        };
        add("requestBody", json!({"required": true, "content": content}));
    }
    add("responses", responses(door));
    operation
}

fn parameters(door: &Door) -> Vec<Value> {
    let names = door.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let text = json!({"type": "string"});
    let of_path = names.map(|name| {
        let name = name.trim_start_matches('*');
        let schema = if name == "id" { json!({"type": "string", "format": "uuid"}) } else { text.clone() };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    });
    let of_query = door
        .query
        .iter()
        .map(|(name, meaning)| json!({"name": name, "in": "query", "description": meaning, "schema": parameter(name)}));
    let of_head = door
        .headers
        .iter()
        .map(|(name, meaning)| json!({"name": name, "in": "header", "description": meaning, "schema": text}));
    of_path.chain(of_query).chain(of_head).collect()
}

/// The schema of a parameter behind the question mark.
fn parameter(name: &str) -> Value {
    match name {
        "status" => json!({"type": "array", "items": reference("Status")}),
        "waiting_for" => json!({"type": "array", "items": reference("WaitingFor")}),
        "id" => json!({"type": "array", "items": {"type": "integer", "minimum": 0}}),
        "label" => json!({"type": "array", "items": {"type": "string", "pattern": "="}}),
        "needs_me" | "reverse" | "all" => json!({"type": "boolean"}),
        "limit" => json!({"type": "integer", "minimum": 1}),
        "after" | "since_ms" | "changed_since_ms" | "unchanged_since_ms" => json!({"type": "integer", "minimum": 0}),
        "sort" => json!({"enum": ["started", "changed"]}),
        _ => json!({"type": "string"}),
    }
}

fn responses(door: &Door) -> Value {
    let mut responses = Map::new();
    for (status, shape, meaning) in &door.answers {
        let mut response = json!({"description": meaning});
        let content = match shape {
            Shape::Empty => None,
            Shape::One(schema) => Some(json!({"application/json": {"schema": reference(schema)}})),
            Shape::Many(schema) => {
                Some(json!({"application/json": {"schema": {"type": "array", "items": reference(schema)}}}))
            }
            Shape::Events => Some(json!({"text/event-stream": {"schema": {"type": "string"}}})),
            Shape::Text => Some(json!({"text/plain": {"schema": {"type": "string"}}})),
            Shape::OneOrEvents(schema) => Some(json!({
                "application/json": {"schema": reference(schema)}, "text/event-stream": {"schema": {"type": "string"}},
            })),
            Shape::Picture => Some(json!({"image/svg+xml": {}})),
        };
        if let (Some(content), Value::Object(members)) = (content, &mut response) {
            members.insert("content".to_owned(), content);
        }
        responses.insert(status.to_string(), response);
    }
    responses.insert("default".to_owned(), json!({"$ref": "#/components/responses/Problem"}));
    Value::Object(responses)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::doors::doors;

    /// `UPDATE=1` writes it anew.
    #[test]
    fn the_description_is_the_one_in_the_repository() {
        let text = format!("{:#}\n", document(&doors()));
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(file, &text).unwrap();
        }
        let kept = std::fs::read_to_string(file).unwrap_or_default();
        assert!(kept == text, "the interface has changed; UPDATE=1 writes {file} anew");
    }

    /// The table of the reference, of all doors. `UPDATE=1` writes it anew.
    #[test]
    fn the_reference_lists_each_door() {
        let mut table = "\n| request | for | what it does |\n|---|---|---|\n".to_owned();
        for door in doors() {
            let role = match door.entry {
                Entry::Free => "anyone",
                Entry::Needs(right) | Entry::Follows(right) | Entry::Takes(right) => {
                    stockade::Role::ALL.into_iter().find(|role| role.has(right)).map_or("", stockade::Role::name)
                }
            };
            let (method, path) = (door.method.to_uppercase(), written(door.path));
            table += &format!("| `{method} {path}` | `{role}` | {} |\n", door.summary);
        }
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/reference/http-api.md");
        let page = std::fs::read_to_string(file).unwrap();
        let (before, rest) = page.split_once("<!-- table: doors -->\n").unwrap();
        let (kept, behind) = rest.split_once("\n<!-- end -->").unwrap();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(file, format!("{before}<!-- table: doors -->\n{table}\n<!-- end -->{behind}")).unwrap();
        } else {
            assert_eq!(kept, table, "the interface has changed; UPDATE=1 writes {file} anew");
        }
    }

    /// All references of a document.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn each_reference_leads_to_a_schema_and_each_schema_is_used() {
        let document = document(&doors());
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in &found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(found.contains(&format!("#/components/schemas/{name}")), "{name} is not used");
        }
    }

    #[test]
    fn each_operation_has_a_name_of_its_own_and_an_answer() {
        let doors = doors();
        let names: BTreeSet<_> = doors.iter().map(|door| door.id).collect();
        assert_eq!(names.len(), doors.len());
        assert!(doors.iter().all(|door| !door.answers.is_empty() && door.summary.ends_with('.')));
    }
}
