use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use genai::chat::{ChatStream, ChatStreamEvent, ContentPart, StopReason, StreamEnd, ToolCall, Usage};
use serde_json::{Map, Value, json};
use stockade_workflow::{ModelCall, Reply, Stop};

use super::compose::Carried;
use super::events::{garbage, too_large};
use super::{Limits, Wire, names::Names, shown};
use crate::Result;
use crate::model::{Failure, Told, redact};

/// Ids and names of functions are for programs; what is longer is none.
const NAME_BYTES_MAX: usize = 256;

/// Gathers an answer as it comes.
pub(super) struct Answer<'a> {
    pub(super) names: &'a Names,
    pub(super) limits: &'a Limits,
    pub(super) secrets: &'a [String],
    pub(super) wire: Wire,
    /// Whose the answer is.
    pub(super) by: &'a str,
}

impl Answer<'_> {
    /// Reads a stream to its end.
    pub(super) async fn read(&self, mut stream: ChatStream, told: &Told<'_>) -> Result<Reply, Failure> {
        let mut reply = Reply::default();
        while let Some(event) = stream.next().await {
            match event.map_err(|error| self.unread(&error))? {
                ChatStreamEvent::Chunk(chunk) => {
                    told(&redact::text(&chunk.content, self.secrets));
                    self.append(&mut reply.text, &chunk.content)?;
                }
                ChatStreamEvent::ReasoningChunk(chunk) => self.append(&mut reply.reasoning, &chunk.content)?,
                ChatStreamEvent::ToolCallChunk(chunk) => self.check(&chunk.tool_call)?,
                ChatStreamEvent::End(end) => return self.end(reply, end),
                ChatStreamEvent::Start | ChatStreamEvent::ThoughtSignatureChunk(_) | ChatStreamEvent::Heartbeat => {}
            }
        }
        Err(broken_off())
    }

    pub(super) fn unread(&self, error: &genai::Error) -> Failure {
        garbage(&format!("what cannot be read: {}", shown(&redact::text(&error.to_string(), self.secrets))))
    }

    fn append(&self, text: &mut String, piece: &str) -> Result<(), Failure> {
        if text.len().saturating_add(piece.len()) > self.limits.text_bytes {
            return Err(too_large(&format!("more than {} bytes of text", self.limits.text_bytes)));
        }
        text.push_str(piece);
        Ok(())
    }

    fn check(&self, call: &ToolCall) -> Result<(), Failure> {
        let arguments = call.fn_arguments.as_str().map_or_else(|| call.fn_arguments.to_string().len(), str::len);
        if arguments > self.limits.arguments_bytes {
            return Err(too_large(&format!("arguments of more than {} bytes", self.limits.arguments_bytes)));
        }
        if call.call_id.len() > NAME_BYTES_MAX || call.fn_name.len() > NAME_BYTES_MAX {
            return Err(too_large(&format!("a name of more than {NAME_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    fn end(&self, mut reply: Reply, end: StreamEnd) -> Result<Reply, Failure> {
        let StreamEnd { captured_usage, captured_stop_reason, captured_content, .. } = end;
        let (mut thoughts, mut calls) = (Vec::new(), Vec::new());
        for part in captured_content.map(|content| content.into_parts()).unwrap_or_default() {
            match part {
                ContentPart::ToolCall(call) => calls.push(call),
                ContentPart::ThoughtSignature(_) | ContentPart::ReasoningContent(_) | ContentPart::Custom(_) => {
                    thoughts.push(part);
                }
                ContentPart::Text(_) | ContentPart::Binary(_) | ContentPart::ToolResponse(_) => {}
            }
        }
        let signatures = calls.iter().map(|call| call.thought_signatures.clone()).collect();
        reply.calls = self.calls(calls)?;
        reply.carried = self.carried(thoughts, signatures)?;
        reply.stop = self.stop(&reply, captured_stop_reason)?;
        (reply.tokens_in, reply.tokens_out) = tokens(&captured_usage.unwrap_or_default());
        self.redact(&mut reply);
        Ok(reply)
    }

    fn calls(&self, calls: Vec<ToolCall>) -> Result<Vec<ModelCall>, Failure> {
        if calls.len() > self.limits.calls {
            return Err(too_large(&format!("{} calls, and {} are allowed", calls.len(), self.limits.calls)));
        }
        let (mut ids, mut named) = (BTreeSet::new(), Vec::<ModelCall>::new());
        for call in calls {
            self.check(&call)?;
            let mut call = ModelCall {
                name: self.names.dotted(&call.fn_name),
                arguments: arguments(call.fn_arguments),
                // Before they are made to differ.
                id: redact::text(&call.call_id, self.secrets).into_owned(),
            };
            // genai fills gaps between the indices of calls with copies.
            if self.wire == Wire::OpenAi && named.contains(&call) {
                continue;
            }
            // Gemini gives none, and genai counts them within an event alone.
            let id = call.id.clone();
            for number in 2_usize.. {
                if !call.id.is_empty() && ids.insert(call.id.clone()) {
                    break;
                }
                call.id = format!("{id}#{number}");
            }
            named.push(call);
        }
        Ok(named)
    }

    fn carried(&self, thoughts: Vec<ContentPart>, signatures: Vec<Option<Vec<String>>>) -> Result<Value, Failure> {
        if thoughts.is_empty() && signatures.iter().all(Option::is_none) {
            return Ok(Value::Null);
        }
        let carried = serde_json::to_value(Carried { by: self.by.to_owned(), thoughts, signatures });
        let carried = carried.map_err(|error| garbage(&error.to_string()))?;
        if carried.to_string().len() > self.limits.text_bytes {
            return Err(too_large(&format!("more than {} bytes to send back", self.limits.text_bytes)));
        }
        Ok(carried)
    }

    fn stop(&self, reply: &Reply, reason: Option<StopReason>) -> Result<Stop, Failure> {
        let done = if reply.calls.is_empty() { Stop::Ended } else { Stop::Called };
        match reason.ok_or_else(broken_off)? {
            StopReason::Completed(_) | StopReason::ToolCall(_) | StopReason::StopSequence(_) => Ok(done),
            StopReason::MaxTokens(_) => Ok(Stop::Length),
            StopReason::ContentFilter(_) => Ok(Stop::Refused),
            StopReason::Other(_) if !reply.text.is_empty() || !reply.calls.is_empty() => Ok(done),
            StopReason::Other(why) => {
                Err(garbage(&format!("no answer, because of \"{}\"", shown(&redact::text(&why, self.secrets)))))
            }
        }
    }

    /// A provider knows the key and may say it; it is nobody else's business.
    fn redact(&self, reply: &mut Reply) {
        for text in [&mut reply.text, &mut reply.reasoning] {
            if let std::borrow::Cow::Owned(redacted) = redact::text(text, self.secrets) {
                *text = redacted;
            }
        }
        for call in &mut reply.calls {
            call.name = redact::text(&call.name, self.secrets).into_owned();
            redact::secrets(&mut call.arguments, self.secrets);
        }
        redact::secrets(&mut reply.carried, self.secrets);
    }
}

/// What the model wrote as arguments: nothing is no arguments, and what is no JSON is a text.
fn arguments(written: Value) -> Value {
    match written {
        Value::Null => Value::Object(Map::new()),
        Value::String(text) if text.trim().is_empty() => json!({}),
        other => other,
    }
}

fn tokens(usage: &Usage) -> (u64, u64) {
    let count = |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or_default();
    (count(usage.prompt_tokens), count(usage.completion_tokens))
}

fn broken_off() -> Failure {
    Failure::new("unavailable", "the provider broke off before it said why it stopped").retryable()
}
