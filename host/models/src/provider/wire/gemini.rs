//! Content that is generated: of Google.

use serde_json::{Map, Value, json};
use stockade_workflow::{Message, ModelCall, Part};

use super::{Asked, object};
use crate::Failure;
use crate::Result;
use crate::provider::Effort;
use crate::provider::answer::{Answer, Place};
use crate::provider::dialect::{self, Dialect};

/// What begins the id of a call that came without one. Such an id is not sent back.
const STAND_IN: &str = "call#";
/// What Gemini 3 takes for the signature of a call that it did not make itself.
const UNSIGNED: &str = "skip_thought_signature_validator";

pub(super) fn path(model: &str) -> String {
    format!("models/{model}:streamGenerateContent?alt=sse")
}

pub(super) fn body(asked: &Asked<'_>) -> Map<String, Value> {
    let mut body = Map::new();
    let question = asked.request.question;
    let mut insert = |name: &str, value: Value| body.insert(name.to_owned(), value);
    if !question.system.is_empty() {
        insert("systemInstruction", json!({"parts": [{"text": question.system}]}));
    }
    if !asked.request.functions.is_empty() {
        let functions: Value = asked.functions(Dialect::Gemini).map(tool).collect();
        insert("tools", json!([{"functionDeclarations": functions}]));
    }
    let turns = question.messages.chunk_by(|one, other| is_tool(one) && is_tool(other));
    insert("contents", turns.map(|turn| self::turn(turn, asked)).collect());
    insert("generationConfig", config(asked).into());
    body
}

fn config(asked: &Asked<'_>) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("maxOutputTokens".to_owned(), asked.request.tokens_max.into());
    if let Some(schema) = &asked.request.question.schema {
        config.insert("responseMimeType".to_owned(), "application/json".into());
        config.insert("responseJsonSchema".to_owned(), dialect::of(Dialect::Gemini, schema));
    }
    if let Some(temperature) = asked.temperature {
        config.insert("temperature".to_owned(), temperature.into());
    }
    if let Some(effort) = asked.effort {
        config.insert("thinkingConfig".to_owned(), thinking(effort, asked.model));
    }
    config
}

/// Newer models are told how hard to think, and older ones for how many tokens.
fn thinking(effort: Effort, model: &str) -> Value {
    if ["gemini-3", "gemma-4"].iter().any(|family| model.contains(family)) {
        return json!({"includeThoughts": true, "thinkingLevel": effort.word().to_ascii_uppercase()});
    }
    json!({"includeThoughts": true, "thinkingBudget": effort.tokens()})
}

fn tool((name, description, schema): (&str, &str, Value)) -> Value {
    json!({"name": name, "description": description, "parametersJsonSchema": schema})
}

fn is_tool(message: &Message) -> bool {
    matches!(message, Message::Tool { .. })
}

fn turn(turn: &[Message], asked: &Asked<'_>) -> Value {
    match turn {
        [Message::User { content }] => json!({"role": "user", "parts": content.iter().map(part).collect::<Value>()}),
        [Message::Assistant { text, calls, carried }] => {
            json!({"role": "model", "parts": assistant(text, calls, carried, asked)})
        }
        answers => {
            let answers = answers.iter().filter_map(|message| result(message, asked));
            json!({"role": "user", "parts": answers.collect::<Value>()})
        }
    }
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text { text } => json!({ "text": text }),
        Part::Image { media_type, data } => json!({"inline_data": {"mime_type": media_type, "data": data}}),
    }
}

fn result(message: &Message, asked: &Asked<'_>) -> Option<Value> {
    let Message::Tool { id, content, .. } = message else { return None };
    let known = asked.name_of(id);
    let name = known.map_or(id.as_str(), |name| asked.names.safe(name));
    let mut result = json!({"name": name, "response": {"name": name, "content": content}});
    if let (Some(_), Some(id)) = (known, own_id(id)) {
        set(&mut result, "id", id.into());
    }
    Some(json!({ "functionResponse": result }))
}

fn assistant(text: &str, calls: &[ModelCall], carried: &Value, asked: &Asked<'_>) -> Vec<Value> {
    let carried = asked.carried(carried);
    let mut loose = carried.signatures().filter(|signature| !carried.is_of_a_call(signature)).map(str::to_owned);
    let mut parts = Vec::new();
    if !text.is_empty() {
        let mut part = json!({ "text": text });
        loose.by_ref().last().into_iter().for_each(|signature| set(&mut part, "thoughtSignature", signature.into()));
        parts.push(part);
    }
    let stand_in = asked.model.contains("gemini-3").then(|| UNSIGNED.to_owned());
    for (at, call) in calls.iter().enumerate() {
        let mut function = json!({"name": asked.names.safe(&call.name), "args": object(&call.arguments)});
        own_id(&call.id).into_iter().for_each(|id| set(&mut function, "id", id.into()));
        let mut part = json!({ "functionCall": function });
        let own = carried.of_call(at).map(str::to_owned).or_else(|| loose.by_ref().last());
        let signature = own.or_else(|| stand_in.clone().filter(|_| at == 0));
        signature.into_iter().for_each(|signature| set(&mut part, "thoughtSignature", signature.into()));
        parts.push(part);
    }
    parts
}

fn own_id(id: &str) -> Option<&str> {
    (!id.is_empty() && !id.starts_with(STAND_IN)).then_some(id)
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

pub(super) fn read(event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    answer.model(event.get("modelVersion"));
    let usage = |name: &str| event.get("usageMetadata")?.get(name)?.as_u64();
    let sum = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other.unwrap_or(0)).into());
    // The thoughts are not among the candidates.
    let (asked, answered) = (
        sum(usage("promptTokenCount"), usage("toolUsePromptTokenCount")),
        sum(usage("candidatesTokenCount").or(usage("thoughtsTokenCount").map(|_| 0)), usage("thoughtsTokenCount")),
    );
    answer.tokens(asked.as_ref(), answered.as_ref())?;
    if event.pointer("/promptFeedback/blockReason").and_then(Value::as_str).is_some_and(|reason| !reason.is_empty()) {
        answer.refuse();
    }
    let parts = event.pointer("/candidates/0/content/parts").and_then(Value::as_array).into_iter().flatten();
    parts.into_iter().try_for_each(|part| read_part(part, answer))?;
    answer.stop(event.pointer("/candidates/0/finishReason"));
    answer.is_over |= answer.has_stopped();
    Ok(())
}

fn read_part(part: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    answer.signature(part.get("thoughtSignature"))?;
    if let Some(function) = part.get("functionCall") {
        return call(function, part.get("thoughtSignature"), answer);
    }
    match part.get("thought") {
        Some(Value::Bool(true)) => answer.reasoning(part.get("text")),
        _ => answer.text(part.get("text")),
    }
}

fn call(function: &Value, signature: Option<&Value>, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
    let id = function.get("id").filter(|id| id.as_str().is_some_and(|id| !id.is_empty())).cloned();
    let id = id.unwrap_or_else(|| format!("{STAND_IN}{name}#{}", answer.calls_of(name)).into());
    let at = answer.new_call(Place { index: None, id: Some(&id), name: function.get("name") })?;
    answer.sign_call(at, signature);
    function.get("args").map_or(Ok(()), |arguments| answer.all_arguments(at, arguments))
}
