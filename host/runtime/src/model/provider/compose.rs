use genai::chat::{
    ChatMessage, ChatOptions, ChatRequest, ContentPart, JsonSpec, MessageContent, Tool, ToolCall, ToolResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockade_workflow::{Message, ModelCall, Offer, Part};

use super::{Effort, Wire, names::Names};
use crate::model::Request;

/// What a provider wants to see again with an answer of its own.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Carried {
    /// Whose it is: another has no use for it, and may refuse it.
    pub(super) by: String,
    /// Signed and sealed thoughts, in order.
    pub(super) thoughts: Vec<ContentPart>,
    /// The signatures of each call.
    pub(super) signatures: Vec<Option<Vec<String>>>,
}

/// Writes a question as genai has it.
pub(super) fn question(request: &Request<'_>, names: &Names, wire: Wire, by: &str) -> ChatRequest {
    let question = request.question;
    let tool = |offer: &Offer| {
        let tool = Tool::new(names.safe(&offer.name)).with_schema(offer.schema.clone());
        tool.with_description(offer.description.clone())
    };
    let tools: Vec<_> = request.functions.iter().map(tool).collect();
    ChatRequest {
        system: (!question.system.is_empty()).then(|| question.system.clone()),
        messages: messages(&question.messages, names, wire, by),
        tools: (!tools.is_empty()).then_some(tools),
        ..ChatRequest::default()
    }
}

/// Writes down how it is to be answered.
pub(super) fn options(
    request: &Request<'_>,
    wire: Wire,
    temperature: Option<f64>,
    effort: Option<Effort>,
) -> ChatOptions {
    // Where seeing the thoughts must be asked for, models that have none refuse to be asked.
    let sees_thoughts = effort.is_some() || !matches!(wire, Wire::Responses | Wire::Gemini);
    let mut options = ChatOptions::default()
        .with_max_tokens(request.tokens_max)
        .with_capture_usage(true)
        .with_capture_tool_calls(true)
        .with_capture_reasoning_content(sees_thoughts);
    options.temperature = temperature;
    options.reasoning_effort = effort.map(Effort::into);
    options.response_format = request.question.schema.clone().map(|schema| JsonSpec::new("answer", schema).into());
    options
}

fn messages(messages: &[Message], names: &Names, wire: Wire, by: &str) -> Vec<ChatMessage> {
    let mut written: Vec<ChatMessage> = Vec::new();
    let mut was_tool = false;
    for message in messages {
        let is_tool = matches!(message, Message::Tool { .. });
        let next = self::message(message, messages, names, by);
        match written.last_mut() {
            // Anthropic wants the answers to all calls of a message in one.
            Some(last) if is_tool && was_tool && wire == Wire::Anthropic => last.content.extend(next.content),
            _ => written.push(next),
        }
        was_tool = is_tool;
    }
    written
}

fn message(message: &Message, all: &[Message], names: &Names, by: &str) -> ChatMessage {
    match message {
        Message::User { content } => {
            ChatMessage::user(MessageContent::from_parts(content.iter().map(part).collect::<Vec<_>>()))
        }
        Message::Assistant { text, calls, carried } => {
            ChatMessage::assistant(MessageContent::from_parts(assistant(text, calls, carried, names, by)))
        }
        Message::Tool { id, content, .. } => {
            let response = ToolResponse::new(id.clone(), content.clone());
            ChatMessage::from(match name_of(id, all) {
                Some(name) => response.with_fn_name(names.safe(name)),
                None => response,
            })
        }
    }
}

fn part(part: &Part) -> ContentPart {
    match part {
        Part::Text { text } => ContentPart::from_text(text.clone()),
        Part::Image { media_type, data } => ContentPart::from_binary_base64(media_type.clone(), data.as_str(), None),
    }
}

fn assistant(text: &str, calls: &[ModelCall], carried: &Value, names: &Names, by: &str) -> Vec<ContentPart> {
    let carried: Carried = Carried::deserialize(carried).unwrap_or_default();
    let Carried { thoughts, signatures, .. } = if carried.by == by { carried } else { Carried::default() };
    let mut parts = thoughts;
    if !text.is_empty() {
        parts.push(ContentPart::from_text(text));
    }
    let signatures = signatures.into_iter().chain(std::iter::repeat(None));
    parts.extend(calls.iter().zip(signatures).map(|(call, thought_signatures)| {
        let fn_name = names.safe(&call.name).to_owned();
        let fn_arguments = object(&call.arguments);
        ContentPart::ToolCall(ToolCall { call_id: call.id.clone(), fn_name, fn_arguments, thought_signatures })
    }));
    parts
}

/// Providers want an object, even where the model wrote none.
fn object(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        Value::Null => json!({}),
        other => json!({ "arguments": other }),
    }
}

fn name_of<'a>(id: &str, messages: &'a [Message]) -> Option<&'a str> {
    let calls = messages.iter().rev().filter_map(|message| match message {
        Message::Assistant { calls, .. } => Some(calls),
        Message::User { .. } | Message::Tool { .. } => None,
    });
    calls.flatten().find(|call| call.id == id).map(|call| call.name.as_str())
}
