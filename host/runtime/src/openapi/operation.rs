use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use stockade_workflow::Fault;
use stockade_workflow::schema::Schema;

use super::parameter::{Parameter, Place};
use super::{DOCS_CHARS_MAX, Document, NAME_BYTES_MAX, address};
use crate::Result;

/// The name of the argument that is the body.
const BODY: &str = "body";

/// An operation of a service.
pub(crate) struct Operation {
    name: String,
    method: String,
    path: String,
    docs: String,
    /// The parameters, by the names of their arguments.
    parameters: BTreeMap<String, Parameter>,
    /// Whether it takes a body.
    has_body: bool,
    input: Value,
    output: Value,
    schema: Schema,
}

type Read<T> = std::result::Result<T, String>;

impl Operation {
    /// Returns what an operation is called: by its own name, or where it has none, by its method and path.
    pub(super) fn name_of(value: &Value, method: &str, path: &str) -> String {
        let own = value.get("operationId").and_then(Value::as_str).map(str::to_owned);
        let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
        own.unwrap_or_else(|| {
            format!("{method}{path}").chars().map(letter).collect::<String>().trim_end_matches('_').to_owned()
        })
    }

    pub(super) fn read<'a>(
        document: &Document<'a>,
        name: &str,
        method: &str,
        path: &str,
        item: &'a Value,
        value: &'a Value,
    ) -> Read<Self> {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(is_letter) {
            return Err(format!(
                "its name has other letters than a-z, 0-9, \"_\", \"-\" and \".\", or more than {NAME_BYTES_MAX}"
            ));
        }
        let parameters = parameters(document, path, item, value)?;
        let body = body(document, value)?;
        let input = input(&parameters, body.as_ref());
        let schema = Schema::new(&input).map_err(|why| format!("the schema of its arguments is not one: {why}"))?;
        let docs = [value.get("summary"), value.get("description")]
            .map(|text| text.and_then(Value::as_str).unwrap_or_default());
        Ok(Self {
            name: name.to_owned(),
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            docs: docs.join("\n").trim().chars().take(DOCS_CHARS_MAX).collect(),
            parameters,
            has_body: body.is_some(),
            input,
            output: output(document, value)?,
            schema,
        })
    }

    /// Returns the name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns what the document says of it.
    pub(crate) fn docs(&self) -> &str {
        &self.docs
    }

    /// Returns the schemas of its arguments, which are an object, and of its answer.
    pub(crate) fn schemas(&self) -> (&Value, &Value) {
        (&self.input, &self.output)
    }

    /// Returns whether it changes nothing, as its method says.
    pub(crate) fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// Returns what tells the operation from every other one.
    pub(crate) fn described(&self) -> Value {
        json!([self.name, self.method, self.path, self.docs, self.input, self.output, self.sent()])
    }

    /// Returns what a person reads of it before it is accepted.
    pub(crate) fn shown(&self) -> Value {
        let Self { method, path, docs, input, output, .. } = self;
        let sent = self.sent();
        json!({"method": method, "path": path, "description": docs, "input": input, "output": output, "sent": sent})
    }

    /// Returns where each argument goes, and under which name: what a service does not read there, it does without.
    fn sent(&self) -> BTreeMap<&str, String> {
        let sent = |parameter: &Parameter| format!("{} {}", parameter.place.name(), parameter.name);
        self.parameters.iter().map(|(argument, parameter)| (argument.as_str(), sent(parameter))).collect()
    }

    /// Returns the request that a call is: its method, its address behind that of the service, its headers and its body.
    ///
    /// # Errors
    ///
    /// The arguments do not fit the schema, or cannot stand in an address.
    pub(crate) fn request(&self, base: &str, arguments: &Value) -> Result<Value> {
        let invalid = |message: String| Fault::invalid("arguments", message);
        if let Some(misfit) = self.schema.misfits(arguments, 1).first() {
            return Err(invalid(misfit.says_of(&format!("the argument at \"{}\"", misfit.pointer()))));
        }
        let (mut path, mut query, mut headers) = (self.path.clone(), Vec::new(), Vec::new());
        for (argument, parameter) in &self.parameters {
            let Some(value) = arguments.get(argument).filter(|value| !value.is_null()) else { continue };
            let texts = parameter.texts(value).map_err(invalid)?;
            match parameter.place {
                Place::Path => {
                    let text = texts.join(",");
                    if matches!(text.as_str(), "" | "." | "..") {
                        return Err(invalid(format!("\"{argument}\" is \"{text}\", which cannot stand in a path")));
                    }
                    path = path.replace(&format!("{{{}}}", parameter.name), &address::escaped(&text));
                }
                Place::Query => {
                    let name = address::escaped(&parameter.name);
                    query.extend(texts.iter().map(|text| format!("{name}={}", address::escaped(text))));
                }
                Place::Header => headers.push(json!([parameter.name, texts.join(",")])),
            }
        }
        if path.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(invalid("the arguments make \".\" or \"..\" of a part of the path".to_owned()));
        }
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        headers.push(json!(["accept", "application/json"]));
        let body = arguments.get(BODY).filter(|_| self.has_body).map(Value::to_string);
        if body.is_some() {
            headers.push(json!(["content-type", "application/json"]));
        }
        Ok(json!({"method": self.method, "url": format!("{base}{path}{query}"), "headers": headers, "body": body}))
    }
}

/// The parameters of an operation and those of its path, which it may say otherwise.
fn parameters<'a>(
    document: &Document<'a>,
    path: &str,
    item: &'a Value,
    value: &'a Value,
) -> Read<BTreeMap<String, Parameter>> {
    let mut all: Vec<Parameter> = Vec::new();
    let listed = [item, value].map(|of| of.get("parameters").and_then(Value::as_array));
    for value in listed.into_iter().flatten().flatten() {
        let Some(parameter) = Parameter::read(document, value)? else { continue };
        all.retain(|other| (&other.name, other.place) != (&parameter.name, parameter.place));
        all.push(parameter);
    }
    let mut by_argument = BTreeMap::new();
    for parameter in all {
        if parameter.place == Place::Path && !path.contains(&format!("{{{}}}", parameter.name)) {
            return Err(format!("its path \"{}\" has no place for \"{}\"", address::shown(path), parameter.name));
        }
        let own = parameter.name.clone();
        let is_taken = |name: &str| name == BODY || by_argument.contains_key(name);
        let argument = if is_taken(&own) { format!("{:?}_{own}", parameter.place).to_ascii_lowercase() } else { own };
        if is_taken(&argument) {
            return Err(format!("two of its parameters are \"{argument}\""));
        }
        by_argument.insert(argument, parameter);
    }
    check_path(path, &by_argument)?;
    Ok(by_argument)
}

/// Checks that each place in a path has its parameter.
fn check_path(path: &str, parameters: &BTreeMap<String, Parameter>) -> Read<()> {
    let filled = parameters.values().filter(|parameter| parameter.place == Place::Path);
    let plain = filled.fold(path.to_owned(), |path, parameter| path.replace(&format!("{{{}}}", parameter.name), "x"));
    let is_plain = plain.bytes().all(|byte| byte.is_ascii_graphic()) && !plain.contains(['{', '}', '?', '#', '\\']);
    if is_plain && plain.starts_with('/') {
        return Ok(());
    }
    Err(format!("its path \"{}\" is not one, or has a place without a parameter", address::shown(path)))
}

/// The schema of the body, and whether there must be one. A body of another kind than JSON cannot be sent.
fn body<'a>(document: &Document<'a>, value: &'a Value) -> Read<Option<(Value, bool)>> {
    let Some(body) = value.get("requestBody") else { return Ok(None) };
    let body = document.resolved(body)?;
    let is_required = body.get("required").and_then(Value::as_bool).unwrap_or_default();
    match json_of(body) {
        Some(media) => {
            Ok(Some((media.get("schema").map_or(Ok(json!({})), |schema| document.schema(schema))?, is_required)))
        }
        None if is_required => Err("its body is not JSON, and other bodies are not sent".to_owned()),
        None => Ok(None),
    }
}

/// What is said of content that is JSON.
fn json_of(of: &Value) -> Option<&Value> {
    let is_json = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "application/json" || kind.ends_with("+json")
    };
    of.get("content")?.as_object()?.iter().find(|(kind, _)| is_json(kind)).map(|(_, media)| media)
}

fn input(parameters: &BTreeMap<String, Parameter>, body: Option<&(Value, bool)>) -> Value {
    let mut properties: Map<String, Value> =
        parameters.iter().map(|(argument, parameter)| (argument.clone(), parameter.schema.clone())).collect();
    let mut required: Vec<String> = parameters
        .iter()
        .filter(|(_, parameter)| parameter.is_required)
        .map(|(argument, _)| argument.clone())
        .collect();
    if let Some((schema, is_required)) = body {
        properties.insert(BODY.to_owned(), schema.clone());
        required.extend(is_required.then(|| BODY.to_owned()));
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The schema of the first answer that is a success.
fn output<'a>(document: &Document<'a>, value: &'a Value) -> Read<Value> {
    let responses = value.get("responses").and_then(Value::as_object);
    let success = responses.into_iter().flatten().find(|(status, _)| status.starts_with('2'));
    let Some((_, response)) = success else { return Ok(json!({})) };
    let schema = json_of(document.resolved(response)?).and_then(|media| media.get("schema"));
    schema.map_or(Ok(json!({})), |schema| document.schema(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(operation: Value) -> Value {
        json!({
            "openapi": "3.0.3",
            "servers": [{"url": "https://api.example.com/v1/"}],
            "paths": {"/items/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/Id"}}],
                "put": operation,
            }},
            "components": {"schemas": {
                "Id": {"type": "string"},
                "Item": {"type": "object", "required": ["name"], "properties": {
                    "name": {"type": "string"}, "parent": {"$ref": "#/components/schemas/Item"},
                    "note": {"type": "string", "nullable": true},
                }},
            }},
        })
    }

    fn usual() -> Value {
        json!({
            "operationId": "put_item", "summary": "Keeps an item.",
            "parameters": [
                {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                {"name": "if-match", "in": "header", "schema": {"type": "string"}},
            ],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}},
            "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}}},
        })
    }

    fn read(root: &Value) -> Read<Vec<Operation>> {
        Document::new(root)?.operations(None)
    }

    #[test]
    fn an_operation_becomes_a_function_and_a_call_a_request() {
        let root = document(usual());
        let operation = read(&root).unwrap().remove(0);
        assert_eq!(
            (operation.name(), operation.is_safe(), operation.docs.as_str()),
            ("put_item", false, "Keeps an item.")
        );
        let item = &operation.input["properties"]["body"];
        assert_eq!(item["properties"]["parent"], json!({}), "a circle is cut");
        assert_eq!(item["properties"]["note"], json!({"type": ["string", "null"]}));
        let base = Document::new(&root).unwrap().base(None).unwrap();
        let arguments = json!({"id": "a/b", "tag": ["x", "y&z"], "if-match": "1", "body": {"name": "lamp"}});
        assert_eq!(
            operation.request(&base, &arguments).unwrap(),
            json!({
                "method": "PUT", "url": "https://api.example.com/v1/items/a%2Fb?tag=x&tag=y%26z", "body": "{\"name\":\"lamp\"}",
                "headers": [["if-match", "1"], ["accept", "application/json"], ["content-type", "application/json"]],
            })
        );
    }

    #[test]
    fn the_place_of_an_argument_is_part_of_what_is_accepted_and_approved() {
        let root = document(usual());
        let operation = read(&root).unwrap().remove(0);
        let sent = json!({"id": "path id", "tag": "query tag", "if-match": "header if-match"});
        assert_eq!(operation.shown()["sent"], sent);
        let mut other = root.clone();
        other["paths"]["/items/{id}"]["put"]["parameters"][0]["in"] = "header".into();
        let other = read(&other).unwrap().remove(0);
        assert_eq!(other.input, operation.input);
        assert!(other.shown() != operation.shown() && other.described() != operation.described());
    }

    #[test]
    fn arguments_that_do_not_fit_are_refused() {
        let root = document(usual());
        let operation = read(&root).unwrap().remove(0);
        for arguments in [
            json!({"id": "a"}),
            json!({"id": 1, "body": {"name": "x"}}),
            json!({"id": "a", "body": {"name": "x"}, "other": 1}),
            json!({"id": "..", "body": {"name": "x"}}),
            json!({"id": "", "body": {"name": "x"}}),
        ] {
            let fault = operation.request("https://a", &arguments).unwrap_err();
            assert_eq!(fault.detail.as_deref(), Some("arguments"), "{arguments}: {fault}");
        }
    }

    #[test]
    fn a_document_made_to_do_harm_is_refused_with_a_reason() {
        let with = |change: &dyn Fn(&mut Value)| {
            let mut root = document(usual());
            change(&mut root);
            read(&root).err().unwrap_or_default()
        };
        let schema = "/paths/~1items~1{id}/put/requestBody/content/application~1json/schema";
        let of_body = |schema_value: Value| {
            with(&move |root: &mut Value| *root.pointer_mut(schema).unwrap() = schema_value.clone())
        };
        let remote = of_body(json!({"$ref": "https://evil.example/schema.json"}));
        assert!(remote.contains("\"https://evil.example/schema.json\" leads out of the document"), "{remote}");
        assert!(of_body(json!({"$ref": "#/nowhere"})).contains("leads nowhere"));
        // Each schema has the next twice.
        let bomb = with(&|root| {
            for level in 0..30 {
                let next = json!({"$ref": format!("#/components/schemas/B{}", level + 1)});
                let both = json!({"properties": {"a": next, "b": next}});
                root["components"]["schemas"][format!("B{level}")] = both;
            }
            root["components"]["schemas"]["B30"] = json!({});
            *root.pointer_mut(schema).unwrap() = json!({"$ref": "#/components/schemas/B0"});
        });
        assert!(bomb.contains("more than 5000 values"), "{bomb}");
        let circle = with(&|root| root["paths"]["/b"] = json!({"$ref": "#/paths/~1b"}));
        assert!(circle.contains("in a circle"), "{circle}");
        let named = |name: &str| with(&|root| root["paths"]["/items/{id}"]["put"]["operationId"] = name.into());
        assert!(named("a b").contains("other letters"));
        assert!(named(&"a".repeat(65)).contains("other letters"));
        let twice = with(&|root| root["paths"]["/c"] = json!({"get": {"operationId": "put-item"}}));
        assert!(twice.contains("two operations would be"), "{twice}");
        let lost = with(&|root| root["paths"]["/c/{x}"] = json!({"get": {"operationId": "c"}}));
        assert!(lost.contains("place without a parameter"), "{lost}");
        let form = with(&|root| {
            let body = json!({"required": true, "content": {"text/plain": {}}});
            root["paths"]["/items/{id}"]["put"]["requestBody"] = body;
        });
        assert!(form.contains("is not JSON"), "{form}");
        assert!(with(&|root| root["openapi"] = "2.0".into()).contains("\"2.0\""));
        assert!(with(&|root| root["paths"] = json!({})).contains("\"0\" operations"));
    }
}
