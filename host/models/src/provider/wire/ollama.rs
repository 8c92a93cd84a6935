//! Chat: of Ollama, in a line of JSON for each event.

use serde_json::{Map, Value, json};
use stockade_workflow::{Message, ModelCall, Part};

use super::{Asked, object};
use crate::Failure;
use crate::Result;
use crate::provider::answer::{Answer, Place};
use crate::provider::dialect::{self, Dialect};

pub(super) const PATH: &str = "api/chat";

pub(super) fn body(asked: &Asked<'_>) -> Map<String, Value> {
    let question = asked.request.question;
    let mut options = json!({"num_predict": asked.request.tokens_max});
    if let (Some(temperature), Value::Object(options)) = (asked.temperature, &mut options) {
        options.insert("temperature".to_owned(), temperature.into());
    }
    let mut body = Map::new();
    let mut insert = |name: &str, value: Value| body.insert(name.to_owned(), value);
    insert("model", asked.model.into());
    insert("stream", true.into());
    insert("options", options);
    let system = (!question.system.is_empty()).then(|| json!({"role": "system", "content": question.system}));
    let messages = question.messages.iter().map(|message| self::message(message, asked));
    insert("messages", system.into_iter().chain(messages).collect());
    if !asked.request.functions.is_empty() {
        insert("tools", asked.functions(Dialect::Ollama).map(tool).collect());
    }
    if let Some(schema) = &question.schema {
        insert("format", dialect::of(Dialect::Ollama, schema));
    }
    if let Some(effort) = asked.effort {
        insert("think", effort.word().into());
    }
    body
}

fn tool((name, description, schema): (&str, &str, Value)) -> Value {
    json!({"type": "function", "function": {"name": name, "description": description, "parameters": schema}})
}

fn message(message: &Message, asked: &Asked<'_>) -> Value {
    match message {
        Message::User { content } => user(content),
        Message::Assistant { text, calls, .. } => assistant(text, calls, asked),
        Message::Tool { content, .. } => json!({"role": "tool", "content": content}),
    }
}

fn user(content: &[Part]) -> Value {
    let (mut text, mut images) = (String::new(), Vec::new());
    for part in content {
        match part {
            Part::Text { text: more } => text.push_str(more),
            Part::Image { data, .. } => images.push(data.as_str()),
        }
    }
    if images.is_empty() {
        return json!({"role": "user", "content": text});
    }
    json!({"role": "user", "content": text, "images": images})
}

fn assistant(text: &str, calls: &[ModelCall], asked: &Asked<'_>) -> Value {
    let call = |call: &ModelCall| json!({"function": {"name": asked.names.safe(&call.name), "arguments": object(&call.arguments)}});
    if calls.is_empty() {
        return json!({"role": "assistant", "content": text});
    }
    json!({"role": "assistant", "content": text, "tool_calls": calls.iter().map(call).collect::<Value>()})
}

pub(super) fn read(event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    answer.model(event.get("model"));
    if let Some(message) = event.get("message") {
        for name in ["thinking", "reasoning_content"] {
            answer.reasoning(message.get(name))?;
        }
        answer.text(message.get("content"))?;
        let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        calls.into_iter().try_for_each(|call| self::call(call, answer))?;
    }
    if event.get("done").is_some_and(|done| done == true) {
        answer.tokens(event.get("prompt_eval_count"), event.get("eval_count"))?;
        answer.stop(event.get("done_reason"));
        answer.is_over = true;
    }
    Ok(())
}

/// A call comes whole.
fn call(call: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let Some(function) = call.get("function") else { return Ok(()) };
    let at = answer.new_call(Place { index: None, id: call.get("id"), name: function.get("name") })?;
    function.get("arguments").map_or(Ok(()), |arguments| answer.all_arguments(at, arguments))
}
