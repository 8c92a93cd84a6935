//! Messages: of Anthropic.

use serde_json::{Map, Value, json};
use stockade_workflow::{Message, ModelCall, Part};

use super::{Asked, object, text_of};
use crate::Failure;
use crate::Result;
use crate::provider::Effort;
use crate::provider::answer::{Answer, Place};
use crate::provider::dialect::{self, Dialect};

pub(super) const PATH: &str = "messages";
pub(super) const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");
/// The least that a model may be given to think, where it is told in tokens.
const THOUGHT_TOKENS_MIN: u32 = 1_024;

pub(super) fn body(asked: &Asked<'_>) -> Map<String, Value> {
    let mut body = Map::new();
    let mut insert = |name: &str, value: Value| body.insert(name.to_owned(), value);
    insert("model", asked.model.into());
    insert("stream", true.into());
    insert("messages", messages(asked));
    insert("max_tokens", asked.request.tokens_max.into());
    let system = system(asked);
    if !system.is_empty() {
        insert("system", system.into());
    }
    if !asked.request.functions.is_empty() {
        insert("tools", asked.functions(Dialect::Anthropic).map(tool).collect());
    }
    let config = config(asked);
    if !config.is_empty() {
        insert("output_config", config.into());
    }
    if let Some(thinking) = asked.effort.and_then(|effort| thinking(effort, asked)) {
        insert("thinking", thinking);
    }
    if let Some(temperature) = asked.temperature {
        insert("temperature", temperature.into());
    }
    body
}

/// What the model is told first; a schema too, where the provider cannot hold it to that.
fn system(asked: &Asked<'_>) -> String {
    let system = &asked.request.question.system;
    let schema = asked.request.question.schema.as_ref().filter(|schema| dialect::closed(schema).is_none());
    schema.map_or(system.clone(), |schema| {
        let how = format!("Answer with JSON that fits this JSON Schema, and with nothing else: {schema}");
        if system.is_empty() { how } else { format!("{system}\n\n{how}") }
    })
}

fn config(asked: &Asked<'_>) -> Map<String, Value> {
    let schema = asked.request.question.schema.as_ref().and_then(dialect::closed);
    let format = schema.map(|schema| json!({"type": "json_schema", "schema": schema}));
    let effort = asked.effort.filter(|_| version(asked.model).is_some_and(|version| version >= (4, 5)));
    let effort = effort.map(|effort| ("effort".to_owned(), effort.word().into()));
    format.map(|format| ("format".to_owned(), format)).into_iter().chain(effort).collect()
}

/// Newer models are told how hard to think, and older ones for how many tokens.
fn thinking(effort: Effort, asked: &Asked<'_>) -> Option<Value> {
    if version(asked.model).is_some_and(|version| version >= (4, 6)) {
        return Some(json!({"type": "adaptive", "display": "summarized"}));
    } else if version(asked.model).is_some_and(|version| version >= (4, 5) && asked.model.contains("opus")) {
        return None;
    }
    // An answer has its thoughts in it, and is to have room for something else.
    let most = asked.request.tokens_max / 2;
    let budget = effort.tokens().min(most);
    (budget >= THOUGHT_TOKENS_MIN).then(|| json!({"type": "enabled", "budget_tokens": budget}))
}

/// Returns the version in the name of a model that can be told how hard to think: "claude-opus-4-5-20251101" has (4, 5).
fn version(model: &str) -> Option<(u32, u32)> {
    let mut words = model.strip_prefix("claude-")?.split('-');
    let family = words.next()?;
    let mut number = || words.next().filter(|word| word.len() <= 2).and_then(|word| word.parse().ok());
    let version = (number()?, number().unwrap_or(0));
    let first = if family == "opus" {
        (4, 5)
    } else if family == "haiku" {
        (5, 0)
    } else {
        (4, 6)
    };
    (version >= first).then_some(version)
}

fn tool((name, description, schema): (&str, &str, Value)) -> Value {
    json!({"name": name, "description": description, "input_schema": schema})
}

/// The answers to all calls of a message are one message.
fn messages(asked: &Asked<'_>) -> Value {
    let all = &asked.request.question.messages;
    let turns = all.chunk_by(|one, other| is_tool(one) && is_tool(other));
    turns.map(|turn| self::turn(turn, asked)).collect()
}

fn is_tool(message: &Message) -> bool {
    matches!(message, Message::Tool { .. })
}

fn turn(turn: &[Message], asked: &Asked<'_>) -> Value {
    match turn {
        [Message::User { content }] => match text_of(content) {
            Some(text) => json!({"role": "user", "content": text}),
            None => json!({"role": "user", "content": content.iter().map(part).collect::<Value>()}),
        },
        [Message::Assistant { text, calls, carried }] => assistant(text, calls, carried, asked),
        answers => json!({"role": "user", "content": answers.iter().filter_map(result).collect::<Value>()}),
    }
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text { text } => json!({"type": "text", "text": text}),
        Part::Image { media_type, data } => {
            json!({"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}})
        }
    }
}

fn result(message: &Message) -> Option<Value> {
    let Message::Tool { id, content, .. } = message else { return None };
    Some(json!({"type": "tool_result", "content": content, "tool_use_id": id}))
}

fn assistant(text: &str, calls: &[ModelCall], carried: &Value, asked: &Asked<'_>) -> Value {
    let mut parts = asked.carried(carried).signed();
    if parts.is_empty() && calls.is_empty() {
        return json!({"role": "assistant", "content": text});
    }
    if !text.is_empty() {
        parts.push(json!({"type": "text", "text": text}));
    }
    parts.extend(calls.iter().map(|call| {
        let (name, input) = (asked.names.safe(&call.name), object(&call.arguments));
        json!({"type": "tool_use", "id": call.id, "name": name, "input": input})
    }));
    json!({"role": "assistant", "content": parts})
}

pub(super) fn read(event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    match event.get("type").and_then(Value::as_str).unwrap_or_default() {
        "message_start" => {
            answer.model(event.pointer("/message/model"));
            event.pointer("/message/usage").map_or(Ok(()), |usage| tokens(usage, answer))
        }
        "content_block_start" => begin(event, answer),
        "content_block_delta" => go_on(event, answer),
        "message_delta" => {
            answer.stop(event.pointer("/delta/stop_reason"));
            event.get("usage").map_or(Ok(()), |usage| tokens(usage, answer))
        }
        "message_stop" => {
            answer.is_over = true;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn begin(event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let Some(block) = event.get("content_block") else { return Ok(()) };
    match block.get("type").and_then(Value::as_str).unwrap_or_default() {
        "text" => answer.text(block.get("text")),
        "thinking" => {
            answer.thought()?;
            answer.signed_reasoning(block.get("thinking"))?;
            answer.more_signature(block.get("signature"))
        }
        "redacted_thinking" => answer.block(block),
        "tool_use" => {
            let place = Place { index: event.get("index"), id: block.get("id"), name: block.get("name") };
            let at = answer.place(place)?;
            // Where it is not written in pieces, it is here.
            let whole = block.get("input").filter(|input| input.as_object().is_some_and(|input| !input.is_empty()));
            whole.map_or(Ok(()), |whole| answer.all_arguments(at, whole))
        }
        _ => Ok(()),
    }
}

fn go_on(event: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let Some(delta) = event.get("delta") else { return Ok(()) };
    answer.text(delta.get("text"))?;
    answer.signed_reasoning(delta.get("thinking"))?;
    answer.more_signature(delta.get("signature"))?;
    let place = Place { index: event.get("index"), ..Place::default() };
    match (delta.get("partial_json"), answer.find(&place)) {
        (Some(piece), Some(at)) => answer.arguments(at, Some(piece)),
        _ => Ok(()),
    }
}

/// What was read from a cache, or kept in one, is counted apart from the question.
fn tokens(usage: &Value, answer: &mut Answer<'_>) -> Result<(), Failure> {
    let cached = ["cache_creation_input_tokens", "cache_read_input_tokens"];
    let cached = cached.iter().filter_map(|name| usage.get(name)?.as_u64()).fold(0, u64::saturating_add);
    let input = usage.get("input_tokens").and_then(Value::as_u64).map(|tokens| tokens.saturating_add(cached).into());
    answer.tokens(input.as_ref(), usage.get("output_tokens"))
}
