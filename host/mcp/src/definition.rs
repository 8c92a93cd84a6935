//! What clients are told of what they may call: names, descriptions, schemas, hints.

use rmcp::model::{JsonObject, Tool, ToolAnnotations, object};
use serde_json::{Value, json};
use stockade::callable::ToolFunction;
use stockade::{Host, Label, Registered, stubs};

/// The longest description of a function, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 4 << 10;

/// The longest list of the functions that code may call, in bytes: what is longer than this is found by searching.
const STUBS_BYTES_MAX: usize = 16 << 10;

/// Returns the definition of a function of a tool.
pub(crate) fn of_function(
    host: &Host,
    name: &str,
    tool: &Registered,
    function: &ToolFunction,
) -> stockade::Result<Tool> {
    let mut description = cut(&function.description(), DESCRIPTION_BYTES_MAX);
    if host.agent_asks(tool.name())? {
        description.push_str("\n\nA person is asked before each call is made; it may take long.");
    }
    Ok(Tool::new(name.to_owned(), description, arguments(function.input_schema()))
        .with_raw_output_schema(result_schema(function.output_schema()).into())
        .with_annotations(hints(host, tool)?))
}

/// Returns the definition of a workflow as a tool.
pub(crate) fn of_workflow(name: &str, workflow: &str) -> Tool {
    let description = format!(
        "Starts a run of the workflow \"{workflow}\" with an input, and returns its output. It may take long, and people may be \
         asked meanwhile."
    );
    let input = json!({
        "type": "object",
        "properties": {"input": {"description": "The input of the workflow, as JSON."}},
        "required": ["input"], "additionalProperties": false,
    });
    let hints = ToolAnnotations::new().read_only(false).destructive(true).idempotent(false).open_world(true);
    Tool::new(name.to_owned(), description, object(input))
        .with_raw_output_schema(result_schema(&json!({})).into())
        .with_annotations(hints)
}

/// Returns the definition of a language as a tool that runs code; `tools` are those that the code may call.
pub(crate) fn of_language(host: &Host, name: &str, language: &str, tools: &[&Registered]) -> stockade::Result<Tool> {
    let input = json!({
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "The code. What it returns is the result."},
            "input": {"description": "What its variable `input` holds, as JSON."},
            "session": {
                "type": "string",
                "description": "The name of a session: the code sees the variables of its earlier code, and leaves its own.",
            },
        },
        "required": ["code"], "additionalProperties": false,
    });
    let only_reads = tools.iter().all(|tool| tool.nature().repeatable);
    let mut open_world = false;
    for tool in tools {
        open_world |= is_open(host, tool)?;
    }
    let hints = ToolAnnotations::new().read_only(only_reads).destructive(!only_reads).idempotent(false);
    Ok(Tool::new(name.to_owned(), code_description(language, tools)?, object(input))
        .with_raw_output_schema(code_schema().into())
        .with_annotations(hints.open_world(open_world)))
}

fn code_description(language: &str, tools: &[&Registered]) -> stockade::Result<String> {
    let begin = format!(
        "Runs a piece of {language} in a sandbox that has no network and none of your files. Prefer it to many calls: results \
         that it reads need not pass through the conversation. {}",
        stubs::differences(language)
    );
    let begin = begin.trim_end();
    // There are stubs for the languages that the host knows; others have none.
    let stubs = if tools.is_empty() { None } else { stubs::text(tools, language).ok() };
    Ok(match stubs {
        None => begin.to_owned(),
        Some(stubs) if stubs.len() > STUBS_BYTES_MAX => {
            let names = tools.iter().map(|tool| tool.name()).collect::<Vec<_>>().join(", ");
            let names = cut(&names, DESCRIPTION_BYTES_MAX);
            format!("{begin} It may call the functions of these tools, which search_tools describes: {names}.")
        }
        Some(stubs) => format!("{begin} It may call:\n\n{stubs}"),
    })
}

/// What is known of calls of a tool before they are made, from its grants. A call under the key of another one is the same; but
/// each call of a client has a key of its own, so that only what changes nothing is the same when it is called again.
fn hints(host: &Host, tool: &Registered) -> stockade::Result<ToolAnnotations> {
    let only_reads = tool.nature().repeatable;
    Ok(ToolAnnotations::new()
        .read_only(only_reads)
        .destructive(!only_reads)
        .idempotent(only_reads)
        .open_world(is_open(host, tool)?))
}

/// Whether a tool has to do with what is outside: it can send, or what it reads is of others.
fn is_open(host: &Host, tool: &Registered) -> stockade::Result<bool> {
    Ok(host.can_send(tool.name())? || host.tool_labels(tool.name())?.contains(&Label::Untrusted))
}

fn arguments(schema: &Value) -> JsonObject {
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    schema.entry("type").or_insert_with(|| "object".into());
    schema
}

/// Returns the schema of an answer: what was asked for, or how the run stands that has it, or will have it.
///
/// Older clients take objects alone, and refuse an answer that does not fit; a result may be a list, and may not be there yet.
pub(crate) fn result_schema(result: &Value) -> JsonObject {
    // A reference leads from the root of its document, which is another one here.
    let result = if result.to_string().contains("\"$ref\"") { json!({}) } else { result.clone() };
    object(json!({"type": "object", "properties": {"result": result, "run": run_schema()}}))
}

fn code_schema() -> JsonObject {
    let text = json!({"type": "string"});
    object(json!({
        "type": "object",
        "properties": {"result": {}, "stdout": text, "stderr": text, "run": run_schema()},
    }))
}

fn run_schema() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "description": "How the run stands, where the result is not here.",
        "properties": {"run_id": text, "status": text, "resource": text, "approve_at": text},
        "required": ["run_id", "status"],
    })
}

fn cut(text: &str, bytes_max: usize) -> String {
    crate::cut::cut(text, bytes_max, "they are too long for a definition").unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_an_object_and_a_reference_in_it_leads_nowhere_else() {
        let list = result_schema(&json!({"type": "array", "items": {"type": "string"}}));
        assert_eq!((&list["type"], &list["properties"]["result"]["type"]), (&json!("object"), &json!("array")));
        let with = result_schema(&json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}));
        assert_eq!(with["properties"]["result"], json!({}));
    }
}
