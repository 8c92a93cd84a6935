//! What code may call, written in its own language: for a model's prompt.

use std::fmt::Write as _;

use serde_json::Value;
use stockade_workflow::{Fault, Kind};

use crate::Result;
use crate::identifier::identifier;
use crate::toolbox::Toolbox;
use crate::{Registered, callable::ToolFunction};

/// The words of Python that cannot be names.
const PYTHON_WORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Writes the functions of some tools as a stub file: `.pyi` for the Pythons, `.d.ts` for JavaScript and TypeScript.
///
/// # Errors
///
/// Another language, or two functions that would have the same name.
pub fn text(tools: &[&Registered], language: &str) -> Result<String> {
    let mut toolbox = Toolbox::default();
    tools.iter().try_for_each(|tool| toolbox.add(tool))?;
    match language {
        "python" => Ok(python(tools, TOOL_ERROR)),
        "python-lite" => Ok(python(tools, "")),
        "javascript" | "typescript" => Ok(javascript(tools)),
        other => {
            let message = format!(
                "there are no stubs for \"{other}\"; there are for python, python-lite, javascript, typescript"
            );
            Err(Fault::new(Kind::NotFound, message).detail("language"))
        }
    }
}

/// Says in a few sentences how a language is here, where a model that writes for Node or CPython would be surprised; empty for a
/// language that the host does not know.
///
/// It is for the prompt that describes code; the errors of the languages say the rest.
#[must_use]
pub fn differences(language: &str) -> String {
    match language {
        "javascript" => NODE.to_owned(),
        "typescript" => format!("{NODE} {TYPES}"),
        "python" => CPYTHON.to_owned(),
        "python-lite" => PYTHON_LITE.to_owned(),
        _ => String::new(),
    }
}

const NODE: &str = "It is as Node 20 without packages, network and threads: `require` and `import` find Node's own modules for \
    files, paths, texts, digests and zlib, and `fetch` calls a tool of the code that may send requests. Nothing waits: timers \
    come in their order, at once. Dates are in UTC, there is no `Temporal`, and files are the code's own. `require(\"chart\")` \
    draws SVG.";

const TYPES: &str = "Types are removed, and what is more than a type (an `enum`, a namespace with values, a parameter \
    property, a decorator) is a syntax error.";

const CPYTHON: &str = "It is as CPython 3.14 with its standard library, and calls of tools may be awaited or not. There are no \
    packages such as numpy or pandas, no network and no other programs; threads take turns where they wait; `input` is a \
    variable; files are the code's own. `import chart` draws SVG.";

const PYTHON_LITE: &str = "It is a small part of Python: no inheritance, no `yield`, no `del`, few modules. A call of a tool \
    that fails raises a `RuntimeError`, whose text begins with `ToolError`.";

/// One function of a tool, as both languages need it.
struct Stub {
    name: String,
    docs: String,
    parameters: Vec<(String, bool, Value)>,
    result: Value,
}

impl Stub {
    fn of(function: &ToolFunction) -> Self {
        let properties = function.input_schema().get("properties");
        let schema = |name: &str| properties.and_then(|all| all.get(name)).cloned().unwrap_or_default();
        let parameter = |(name, optional): &(String, bool)| (name.clone(), *optional, schema(name));
        Self {
            name: function.name_in_code().to_owned(),
            docs: function.docs().to_owned(),
            parameters: function.parameters().iter().map(parameter).collect(),
            result: function.output_schema().clone(),
        }
    }
}

fn stubs(tool: &Registered) -> impl Iterator<Item = Stub> {
    tool.functions().iter().map(Stub::of)
}

const TOOL_ERROR: &str = "class ToolError(Exception):\n    \"\"\"A call that failed.\"\"\"\n    kind: str\n    message: str\n    \
    detail: Any\n\n";

/// Writes the functions of tools with the exception of a call that failed, where the language has one of its own for that.
fn python(tools: &[&Registered], tool_error: &str) -> String {
    let mut types = Vec::new();
    let mut classes = String::new();
    for tool in tools {
        let _ = writeln!(classes, "class {}:", identifier(tool.name()));
        for Stub { name, docs, parameters, result } in stubs(tool) {
            let list = python_parameters(&parameters, &mut types);
            let result = python_type(&result, &name, &mut types);
            let _ = writeln!(classes, "    @staticmethod\n    def {name}({}) -> {result}:", list.join(", "));
            let docs = docs.replace('\\', "\\\\").replace("\"\"\"", "'''").replace('\n', "\n        ");
            let _ = writeln!(classes, "        \"\"\"{docs}\"\"\"\n");
        }
    }
    let head = "from typing import Any, Literal, NotRequired, TypedDict\n\n";
    format!("{head}{tool_error}{}{classes}", types.concat())
}

/// As CPython takes them: a word of the language has `_` behind it, and what is needed and comes after what is not can only be
/// given by its name.
fn python_parameters(parameters: &[(String, bool, Value)], types: &mut Vec<String>) -> Vec<String> {
    let first_optional = parameters.iter().position(|(_, optional, _)| *optional).unwrap_or(parameters.len());
    let by_name = parameters.iter().skip(first_optional).position(|(_, optional, _)| !optional);
    let mut list = Vec::new();
    for (at, (parameter, optional, schema)) in parameters.iter().enumerate() {
        if by_name.is_some_and(|place| first_optional + place == at) {
            list.push("*".to_owned());
        }
        let mark = if PYTHON_WORDS.contains(&parameter.as_str()) { "_" } else { "" };
        let default = if *optional { " = None" } else { "" };
        list.push(format!("{parameter}{mark}: {}{default}", python_type(schema, parameter, types)));
    }
    list
}

/// A type of Python; records become classes of their own, which are added to `types`.
fn python_type(schema: &Value, hint: &str, types: &mut Vec<String>) -> String {
    if is_float(schema) {
        return "float".to_owned();
    }
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
        "array" => match tuple(schema) {
            Some(items) => format!("list[{}]", union(items.iter().map(|item| python_type(item, hint, types)))),
            None => format!("list[{}]", python_type(schema.get("items").unwrap_or(&Value::Null), hint, types)),
        },
        "object" if schema.get("properties").is_some() => python_class(schema, hint, types),
        "object" => match values(schema) {
            Some(values) => format!("dict[str, {}]", python_type(values, hint, types)),
            None => "Any".to_owned(),
        },
        _ => "Any".to_owned(),
    }
}

fn python_class(schema: &Value, hint: &str, types: &mut Vec<String>) -> String {
    let name = camel(schema.get("title").and_then(Value::as_str).unwrap_or(hint));
    let mut members = Vec::new();
    for (field, required, schema) in fields(schema) {
        let ty = python_type(schema, &format!("{name}_{field}"), types);
        let ty = if required { ty } else { format!("NotRequired[{ty}]") };
        members.push((field, ty, remark(schema, "#")));
    }
    // Two records of one name that are not the same are told apart by a number.
    let names = (1..).map(|number| if number == 1 { name.clone() } else { format!("{name}{number}") });
    for name in names {
        let class = typed_dict(&name, &members);
        if types.contains(&class) {
            return name;
        }
        let heads = [format!("class {name}("), format!("{name} = ")];
        if !types.iter().any(|other| heads.iter().any(|head| other.starts_with(head))) {
            types.push(class);
            return name;
        }
    }
    name
}

/// A class of Python, or where a member is a word of the language, which no class can have, what makes one.
fn typed_dict(name: &str, members: &[(&str, String, String)]) -> String {
    if members.iter().any(|(field, ..)| PYTHON_WORDS.contains(field)) {
        let members: Vec<_> = members.iter().map(|(field, ty, _)| format!("{field:?}: {ty}")).collect();
        return format!("{name} = TypedDict({name:?}, {{{}}})\n\n", members.join(", "));
    }
    let body: String = members.iter().map(|(field, ty, remark)| format!("    {field}: {ty}{remark}\n")).collect();
    format!("class {name}(TypedDict):\n{body}\n")
}

fn javascript(tools: &[&Registered]) -> String {
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
    if is_float(schema) {
        return "number".to_owned();
    }
    if let Some(parts) = alternatives(schema) {
        return union(parts.iter().map(javascript_type));
    }
    if let Some(literals) = literals(schema) {
        return literals.join(" | ");
    }
    match kind(schema) {
        "string" => "string".to_owned(),
        "integer" if is_big(schema) => "number | bigint".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => match tuple(schema) {
            Some(items) => format!("[{}]", items.iter().map(javascript_type).collect::<Vec<_>>().join(", ")),
            None => format!("Array<{}>", javascript_type(schema.get("items").unwrap_or(&Value::Null))),
        },
        "object" if schema.get("properties").is_some() => {
            let fields = fields(schema).map(|(field, required, schema)| {
                format!("{field}{}: {}", if required { "" } else { "?" }, javascript_type(schema))
            });
            format!("{{ {} }}", fields.collect::<Vec<_>>().join("; "))
        }
        "object" => match values(schema) {
            Some(values) => format!("Record<string, {}>", javascript_type(values)),
            None => "any".to_owned(),
        },
        _ => "any".to_owned(),
    }
}

fn kind(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// A float; NaN and the infinities are words in JSON, and floats in a language.
fn is_float(schema: &Value) -> bool {
    schema.pointer("/anyOf/1/enum/0").and_then(Value::as_str) == Some("NaN")
}

/// An integer of 64 bits, not all of which are exact as a number of JavaScript.
fn is_big(schema: &Value) -> bool {
    schema.get("maximum").and_then(Value::as_u64).is_some_and(|maximum| maximum > u64::from(u32::MAX))
}

/// The types of an array with a type for each place.
fn tuple(schema: &Value) -> Option<&Vec<Value>> {
    schema.get("prefixItems").and_then(Value::as_array)
}

/// The type of the values of an object with any keys.
fn values(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|schema| schema.is_object())
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// It was written as `from_`, a member that the record does not have.
    #[test]
    fn a_member_of_a_record_is_written_as_it_is() {
        let mail = json!({
            "title": "mail", "type": "object", "required": ["from"],
            "properties": {"from": {"type": "string"}, "new": {"type": "boolean"}},
        });
        let mut types = Vec::new();
        assert_eq!(python_type(&mail, "x", &mut types), "Mail");
        assert_eq!(types, ["Mail = TypedDict(\"Mail\", {\"from\": str, \"new\": NotRequired[bool]})\n\n"]);
        let other = json!({"title": "mail", "type": "object", "properties": {"new": {"type": "boolean"}}});
        assert_eq!(python_type(&other, "x", &mut types), "Mail2");
        assert_eq!(types[1], "class Mail2(TypedDict):\n    new: NotRequired[bool]\n\n");
        assert_eq!(javascript_type(&mail), "{ from: string; new?: boolean }");
    }

    #[test]
    fn each_language_that_has_stubs_says_how_it_differs() {
        for (language, said) in [
            ("javascript", "no `Temporal`"),
            ("typescript", "`enum`"),
            ("python", "threads take turns where they wait"),
            ("python-lite", "no `yield`"),
        ] {
            assert!(differences(language).contains(said), "{language}: {}", differences(language));
            let has_tool_error = text(&[], language).unwrap().contains("class ToolError");
            assert_eq!(has_tool_error, language != "python-lite", "{language}");
        }
        assert_eq!(differences("cobol"), "");
    }

    /// A stub that Python cannot read helps no model.
    #[test]
    fn parameters_are_written_as_python_takes_them() {
        let text = || json!({"type": "string"});
        let written = |parameters: &[(&str, bool)]| {
            let parameters: Vec<_> =
                parameters.iter().map(|(name, optional)| ((*name).to_owned(), *optional, text())).collect();
            python_parameters(&parameters, &mut Vec::new()).join(", ")
        };
        assert_eq!(written(&[("from", false), ("to", true)]), "from_: str, to: str = None");
        assert_eq!(
            written(&[("a", true), ("b", false), ("c", true), ("d", false)]),
            "a: str = None, *, b: str, c: str = None, d: str"
        );
        assert_eq!(written(&[]), "");
    }
}
