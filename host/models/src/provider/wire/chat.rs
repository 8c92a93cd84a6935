//! Chat completions: of OpenAI, and of all who speak as it does.

use serde_json::{Map, Value, json};
use stockade_workflow::{Message, ModelCall, Part};

use super::{Asked, object, text_of};
use crate::Failure;
use crate::Result;
use crate::provider::answer::{Answer, Place};
use crate::provider::dialect::{self, Dialect};

pub(super) const PATH: &str = "chat/completions";

pub(super) fn body(asked: &Asked<'_>) -> Map<String, Value> {
    let mut body = Map::new();
    let mut insert = |name: &str, value: Value| body.insert(name.to_owned(), value);
    insert("model", asked.model.into());
    insert("stream", true.into());
    insert("stream_options", json!({"include_usage": true}));
    insert("messages", messages(asked));
    insert(tokens_name(asked.model), asked.request.tokens_max.into());
    if !asked.request.functions.is_empty() {
        insert("tools", asked.functions(Dialect::OpenAi).map(tool).collect());
    }
    if let Some(schema) = &asked.request.question.schema {
        let (schema, strict) = dialect::strict(schema);
        let spec = json!({"name": "answer", "strict": strict, "schema": schema});
        insert("response_format", json!({"type": "json_schema", "json_schema": spec}));
    }
    if let Some(temperature) = asked.temperature {
        insert("temperature", temperature.into());
    }
    if let Some(effort) = asked.effort {
        insert("reasoning_effort", effort.word().into());
    }
    body
}

/// Models that think do not take the old name, and most other servers do not know the new one.
fn tokens_name(model: &str) -> &'static str {
    let is_new = ["gpt-5", "gpt-6", "o1", "o3", "o4"].iter().any(|family| model.starts_with(family));
    if is_new { "max_completion_tokens" } else { "max_tokens" }
}

fn tool((name, description, schema): (&str, &str, Value)) -> Value {
    let function = json!({"name": name, "description": description, "parameters": schema, "strict": false});
    json!({"type": "function", "function": function})
}

fn messages(asked: &Asked<'_>) -> Value {
    let question = asked.request.question;
    let system = (!question.system.is_empty()).then(|| json!({"role": "system", "content": question.system}));
    system.into_iter().chain(question.messages.iter().map(|message| self::message(message, asked))).collect()
}

fn message(message: &Message, asked: &Asked<'_>) -> Value {
    match message {
        Message::User { content } => match text_of(content) {
            Some(text) => json!({"role": "user", "content": text}),
            None => json!({"role": "user", "content": content.iter().map(part).collect::<Value>()}),
        },
        Message::Assistant { text, calls, .. } => assistant(text, calls, asked),
        Message::Tool { id, content, .. } => json!({"role": "tool", "content": content, "tool_call_id": id}),
    }
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text { text } => json!({"type": "text", "text": text}),
        Part::Image { media_type, data } => {
            json!({"type": "image_url", "image_url": {"url": format!("data:{media_type};base64,{data}")}})
        }
    }
}

fn assistant(text: &str, calls: &[ModelCall], asked: &Asked<'_>) -> Value {
    let call = |call: &ModelCall| {
        let (name, arguments) = (asked.names.safe(&call.name), object(&call.arguments).to_string());
        json!({"type": "function", "id": call.id, "function": {"name": name, "arguments": arguments}})
    };
    if calls.is_empty() {
        return json!({"role": "assistant", "content": text});
    }
    let text = if text.is_empty() { Value::Null } else { text.into() };
    json!({"role": "assistant", "content": text, "tool_calls": calls.iter().map(call).collect::<Value>()})
}

pub(super) fn read(event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    answer.model(event.get("model"));
    answer.tokens(event.pointer("/usage/prompt_tokens"), event.pointer("/usage/completion_tokens"))?;
    let Some(choice) = event.pointer("/choices/0") else { return Ok(()) };
    if let Some(delta) = choice.get("delta") {
        said(delta, answer)?;
        let calls = delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        calls.into_iter().try_for_each(|call| self::call(call, answer))?;
    }
    answer.stop(choice.get("finish_reason"));
    Ok(())
}

fn said(delta: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    if delta.get("refusal").and_then(Value::as_str).is_some_and(|refusal| !refusal.is_empty()) {
        answer.refuse();
    }
    for name in ["reasoning_content", "reasoning"] {
        answer.reasoning(delta.get(name))?;
    }
    match delta.get("content") {
        Some(Value::Array(parts)) => parts.iter().try_for_each(|part| said_part(part, answer)),
        content => answer.text(content),
    }
}

/// Mistral's models that think answer in parts.
fn said_part(part: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    answer.text(part.get("text"))?;
    let thoughts = part.get("thinking").and_then(Value::as_array).into_iter().flatten();
    thoughts.into_iter().try_for_each(|thought| answer.reasoning(thought.get("text")))
}

fn call(call: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let Some(function) = call.get("function") else { return Ok(()) };
    let place = Place { index: call.get("index"), id: call.get("id"), name: function.get("name") };
    let at = answer.place(place)?;
    answer.arguments(at, function.get("arguments"))
}
