//! What code may call, written in its own language: for a model's prompt.

use std::fmt::Write as _;

use serde_json::Value;
use stockade_sandbox::Tool;
use stockade_workflow::Fault;

use crate::Result;
use crate::toolbox::{Toolbox, identifier, name_in_code};

/// Writes the functions of some tools as a stub file: `.pyi` for the Pythons, `.d.ts` for JavaScript and TypeScript.
///
/// # Errors
///
/// Another language, or two functions that would have the same name.
pub fn text(tools: &[&Tool], language: &str) -> Result<String> {
    let mut toolbox = Toolbox::default();
    tools.iter().try_for_each(|tool| toolbox.add(tool))?;
    match language {
        "python" | "python-lite" => Ok(python(tools)),
        "javascript" | "typescript" => Ok(javascript(tools)),
        other => {
            let message = format!(
                "there are no stubs for \"{other}\"; there are for python, python-lite, javascript, typescript"
            );
            Err(Fault::invalid("language", message))
        }
    }
}

/// One function of a tool, as both languages need it.
struct Stub {
    name: String,
    docs: String,
    parameters: Vec<(String, bool, Value)>,
    result: Value,
}

fn stubs(tool: &Tool) -> Vec<Stub> {
    let functions = tool.component().functions();
    let stub = |function: &stockade_sandbox::Function| {
        let input = function.input_schema();
        let schema = |name: &str| input.pointer("/properties").and_then(|all| all.get(name)).cloned();
        let parameter = |(name, optional): (&str, bool)| (name.to_owned(), optional, schema(name).unwrap_or_default());
        Stub {
            name: name_in_code(function, functions),
            docs: function.docs().unwrap_or_default().trim().to_owned(),
            parameters: function.parameters().map(parameter).collect(),
            result: function.output_schema(),
        }
    };
    functions.iter().map(stub).collect()
}

fn python(tools: &[&Tool]) -> String {
    let mut types = Vec::new();
    let mut classes = String::new();
    for tool in tools {
        let _ = writeln!(classes, "class {}:", identifier(tool.name()));
        for Stub { name, docs, parameters, result } in stubs(tool) {
            let mut list = Vec::new();
            for (parameter, optional, schema) in &parameters {
                let default = if *optional { " = None" } else { "" };
                list.push(format!("{parameter}: {}{default}", python_type(schema, parameter, &mut types)));
            }
            let result = python_type(&result, &name, &mut types);
            let _ = writeln!(classes, "    @staticmethod\n    def {name}({}) -> {result}:", list.join(", "));
            let docs = docs.replace('\\', "\\\\").replace("\"\"\"", "'''").replace('\n', "\n        ");
            let _ = writeln!(classes, "        \"\"\"{docs}\"\"\"\n");
        }
    }
    let head = "from typing import Any, Literal, NotRequired, TypedDict\n\n\
                class ToolError(Exception):\n    \"\"\"A call that failed.\"\"\"\n    kind: str\n    message: str\n    detail: Any\n\n";
    format!("{head}{}{classes}", types.concat())
}

/// A type of Python; records become classes of their own, which are added to `types`.
fn python_type(schema: &Value, hint: &str, types: &mut Vec<String>) -> String {
    if let Some(parts) = alternatives(schema) {
        return union(parts.iter().map(|part| python_type(part, hint, types)));
    }
    if let Some(literals) = literals(schema) {
        return format!("Literal[{}]", literals.join(", "));
    }
    match kind(schema) {
        "string" => "str".to_owned(),
        "integer" => "int".to_owned(),
        "number" => "float".to_owned(),
        "boolean" => "bool".to_owned(),
        "null" => "None".to_owned(),
        "array" => format!("list[{}]", python_type(schema.get("items").unwrap_or(&Value::Null), hint, types)),
        "object" if schema.get("properties").is_some() => python_class(schema, hint, types),
        _ => "Any".to_owned(),
    }
}

fn python_class(schema: &Value, hint: &str, types: &mut Vec<String>) -> String {
    let name = camel(schema.get("title").and_then(Value::as_str).unwrap_or(hint));
    let mut body = String::new();
    for (field, required, schema) in fields(schema) {
        let ty = python_type(schema, &format!("{name}_{field}"), types);
        let ty = if required { ty } else { format!("NotRequired[{ty}]") };
        let _ = writeln!(body, "    {}: {ty}{}", identifier(field), remark(schema, "#"));
    }
    // Two records of one name that are not the same are told apart by a number.
    let names = (1..).map(|number| if number == 1 { name.clone() } else { format!("{name}{number}") });
    for name in names {
        let class = format!("class {name}(TypedDict):\n{body}\n");
        if types.contains(&class) {
            return name;
        }
        if !types.iter().any(|other| other.starts_with(&format!("class {name}("))) {
            types.push(class);
            return name;
        }
    }
    name
}

fn javascript(tools: &[&Tool]) -> String {
    let mut text =
        "declare class ToolError extends Error { kind: string; message: string; detail: any; }\n\n".to_owned();
    for tool in tools {
        let _ = writeln!(text, "declare const {}: {{", identifier(tool.name()));
        for Stub { name, docs, parameters, result } in stubs(tool) {
            let list = parameters.iter().map(|(name, optional, schema)| {
                format!("{name}{}: {}", if *optional { "?" } else { "" }, javascript_type(schema))
            });
            let list = list.collect::<Vec<_>>().join("; ");
            let arguments = if list.is_empty() { String::new() } else { format!("args: {{ {list} }}") };
            let docs = docs.replace("*/", "* /").replace('\n', "\n   * ");
            let _ = writeln!(text, "  /** {docs} */\n  {name}({arguments}): Promise<{}>;", javascript_type(&result));
        }
        text.push_str("};\n\n");
    }
    text
}

fn javascript_type(schema: &Value) -> String {
    if let Some(parts) = alternatives(schema) {
        return union(parts.iter().map(javascript_type));
    }
    if let Some(literals) = literals(schema) {
        return literals.join(" | ");
    }
    match kind(schema) {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => format!("Array<{}>", javascript_type(schema.get("items").unwrap_or(&Value::Null))),
        "object" if schema.get("properties").is_some() => {
            let fields = fields(schema).map(|(field, required, schema)| {
                format!("{}{}: {}", identifier(field), if required { "" } else { "?" }, javascript_type(schema))
            });
            format!("{{ {} }}", fields.collect::<Vec<_>>().join("; "))
        }
        _ => "any".to_owned(),
    }
}

fn kind(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn alternatives(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array)
}

fn literals(schema: &Value) -> Option<Vec<String>> {
    let one = schema.get("const").map(|value| vec![value.to_string()]);
    one.or_else(|| Some(schema.get("enum")?.as_array()?.iter().map(ToString::to_string).collect()))
}

/// The fields of a record: name, whether it must be there, and its schema.
fn fields(schema: &Value) -> impl Iterator<Item = (&str, bool, &Value)> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let required: Vec<_> = required.collect();
    let all = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    all.map(move |(name, schema)| (name.as_str(), required.contains(&name.as_str()), schema))
}

/// What the WIT says of a field, on its line.
fn remark(schema: &Value, mark: &str) -> String {
    let words = schema.get("description").and_then(Value::as_str).and_then(|words| words.lines().next());
    words.map(|words| format!("  {mark} {words}")).unwrap_or_default()
}

fn union(parts: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for part in parts {
        if !all.contains(&part) {
            all.push(part);
        }
    }
    all.join(" | ")
}

fn camel(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        })
        .collect()
}
