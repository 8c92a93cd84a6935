//! The description of the interface for programs, for people who read it in a browser: drawn from the very document that
//! programs get.

use serde_json::{Map, Value};

use super::frame::scroll;
use super::html::{El, Html, el, of};

/// Draws the description.
pub(super) fn draw(description: &Value) -> El {
    let operations = || members(description, "/paths").flat_map(|(path, methods)| of_path(path, methods));
    let contents = operations().map(|operation| el("li").with(link(operation.name, operation.title())));
    let schemas = members(description, "/components/schemas").map(|(name, schema)| schema_section(name, schema));
    let intro = el("p").text("Programs read the same as OpenAPI 3.1 at ");
    let intro = intro.with(el("a").attr("href", "/openapi.json").text("/openapi.json"));
    let intro = intro.text(". A client sends its token as \"Authorization: Bearer TOKEN\".");
    el("main")
        .attr("id", "main")
        .attr("tabindex", "-1")
        .with(el("h1").text("The HTTP API"))
        .with(intro)
        .with(el("nav").attr("aria-label", "Requests").with(el("ul").all(contents)))
        .all(operations().map(|operation| operation.section()))
        .with(el("h2").attr("id", "schemas").text("Schemas"))
        .all(schemas)
}

/// One request of the interface.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    name: &'a str,
    said: &'a Value,
}

fn of_path<'a>(path: &'a str, methods: &'a Value) -> impl Iterator<Item = Operation<'a>> {
    let methods = methods.as_object().into_iter().flatten();
    methods.map(move |(method, said)| Operation { method, path, name: text(said, "operationId"), said })
}

impl Operation<'_> {
    fn title(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    fn section(&self) -> El {
        let Self { name, said, .. } = self;
        let role = Some(text(said, "description")).filter(|role| !role.is_empty());
        let parameters = said.get("parameters").and_then(Value::as_array);
        let parameters =
            parameters.map(|parameters| table(["parameter", "in", "value", ""], parameters.iter().map(parameter)));
        let bodies = said.pointer("/requestBody/content").and_then(Value::as_object);
        let bodies = bodies.map(|kinds| el("p").text("Body: ").with(contents(kinds)));
        let answers = members(said, "/responses").map(|(status, answer)| answered(status, answer));
        of("section", "card")
            .attr("aria-labelledby", name)
            .with(el("h2").attr("id", name).text(self.title()))
            .with(el("p").text(text(said, "summary")))
            .all(role.map(|role| of("p", "hint").text(role)))
            .all(parameters)
            .all(bodies)
            .with(table(["answer", "", "", ""], answers))
    }
}

fn parameter(said: &Value) -> El {
    let is_required = said.get("required") == Some(&Value::Bool(true));
    let place = format!("{}{}", text(said, "in"), if is_required { "" } else { ", may be left out" });
    row([
        el("code").text(text(said, "name")).into(),
        el("span").text(place).into(),
        value(said.get("schema")).into(),
        el("span").text(text(said, "description")).into(),
    ])
}

fn answered(status: &str, answer: &Value) -> El {
    let status = if status == "default" { "else" } else { status };
    let kinds = answer.get("content").and_then(Value::as_object);
    let problem = answer.get("$ref").is_some().then(|| link("schema-Problem", "Problem"));
    row([
        el("b").text(status).into(),
        el("span").text(text(answer, "description")).into(),
        el("span").all(kinds.map(contents)).all(problem).into(),
        el("span").into(),
    ])
}

/// Shows what a body is, for each of its media types.
fn contents(kinds: &Map<String, Value>) -> El {
    let each = kinds.iter().map(|(kind, content)| {
        el("span").with(el("code").text(kind)).text(" ").with(value(content.get("schema"))).text(" ")
    });
    el("span").all(each)
}

fn schema_section(name: &str, schema: &Value) -> El {
    let id = format!("schema-{name}");
    let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let properties = schema.get("properties").and_then(Value::as_object).map(|properties| {
        let rows = properties.iter().map(|(member, schema)| {
            let always = required.iter().any(|required| *required == member);
            row([
                el("code").text(member).into(),
                el("span").text(if always { "always" } else { "" }).into(),
                value(Some(schema)).into(),
                el("span").text(text(schema, "description")).into(),
            ])
        });
        table(["member", "", "value", ""], rows)
    });
    let whole = properties.is_none().then(|| el("p").with(value(Some(schema))));
    let meaning = Some(text(schema, "description")).filter(|meaning| !meaning.is_empty());
    of("section", "card")
        .attr("aria-labelledby", &id)
        .with(el("h3").attr("id", &id).text(name))
        .all(meaning.map(|meaning| el("p").text(meaning)))
        .all(whole)
        .all(properties)
}

/// Says which values a schema allows.
fn value(schema: Option<&Value>) -> El {
    let said = el("span");
    let Some(schema) = schema else { return said.text("any value") };
    if let Some(name) = text(schema, "$ref").strip_prefix("#/components/schemas/") {
        return link(&format!("schema-{name}"), name);
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return said.text(words.iter().map(Value::to_string).collect::<Vec<_>>().join(", "));
    }
    if let Some(others) = schema.get("anyOf").and_then(Value::as_array) {
        let others = others
            .iter()
            .enumerate()
            .map(|(number, other)| el("span").text(if number > 0 { " or " } else { "" }).with(value(Some(other))));
        return said.all(others);
    }
    if let Some(only) = schema.get("const") {
        return said.text(only);
    }
    match (kind(schema).as_str(), schema.get("items"), schema.get("additionalProperties")) {
        ("array", Some(items), _) => said.text("a list of ").with(value(Some(items))),
        ("object", _, Some(values @ Value::Object(_))) => said.text("by name: ").with(value(Some(values))),
        ("", ..) => said.text("any value"),
        (kind, ..) => match text(schema, "format") {
            "" => said.text(kind),
            format => said.text(format!("{kind} ({format})")),
        },
    }
}

/// Returns the type that a schema names, or its types.
fn kind(schema: &Value) -> String {
    match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

fn table(titles: [&'static str; 4], rows: impl IntoIterator<Item = El>) -> El {
    let heads = titles.map(|title| el("td").text(title));
    let table = el("table").with(el("thead").with(el("tr").all(heads))).with(el("tbody").all(rows));
    scroll(titles.first().copied().unwrap_or_default()).with(table)
}

fn row(cells: [Html; 4]) -> El {
    el("tr").all(cells.map(|cell| el("td").with(cell)))
}

fn link(id: &str, title: impl std::fmt::Display) -> El {
    el("a").attr("href", format!("#{id}")).text(title)
}

fn members<'a>(document: &'a Value, place: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
    let members = document.pointer(place).and_then(Value::as_object);
    members.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_request_and_each_schema_is_shown_and_what_they_say_is_no_markup() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string", "format": "uuid", "description": "<b>"},
            "b": {"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}]},
            "c": {"type": "array", "items": {"enum": ["x", "y"]}},
        }});
        let answers = json!({"200": {"description": "Yes.", "content": {"application/json": {"schema":
            {"$ref": "#/components/schemas/A"}}}}, "default": {"$ref": "#/components/responses/Problem"}});
        let operation = json!({"operationId": "readIt", "summary": "Reads it.", "responses": answers,
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]});
        let document = json!({"paths": {"/v1/it/{id}": {"get": operation}},
            "components": {"schemas": {"A": schema, "B": {"type": ["integer", "string"]}}}});
        let written = Html::from(draw(&document)).bare();
        for shown in [
            "GET /v1/it/{id}",
            "Reads it.",
            "href=\"#schema-A\"",
            "id=\"schema-B\"",
            "string (uuid)",
            "&lt;b&gt;",
            "a list of ",
            "&quot;x&quot;, &quot;y&quot;",
            "integer or string",
            "href=\"#schema-Problem\"",
        ] {
            assert!(written.contains(shown), "{shown}: {written}");
        }
        assert!(!written.contains("<b>&lt;") && !written.contains("<script"));
    }
}
