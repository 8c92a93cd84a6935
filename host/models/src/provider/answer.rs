use std::collections::BTreeSet;

use serde_json::{Value, json};
use stockade_workflow::json::{Bounds, measured, parse};
use stockade_workflow::{FinishReason, ModelCall, Reply, ScrubbedStream, Scrubber};

use super::carried::{Carried, Thought};
use super::events::{MEMORY_BYTES_MAX, garbage, too_large};
use super::names::Names;
use super::{Limits, shown};
use crate::Result;
use crate::{Failure, Told};

/// Ids and names of functions are for programs; what is longer is not one.
const NAME_BYTES_MAX: usize = 256;
/// As much as the name of a model has.
const MODEL_CHARS_MAX: usize = 128;
/// No model has as many tokens, and what is said here is paid.
const TOKENS_MAX: u64 = 1 << 28;

/// An answer as it comes. All of it is hostile: what is too much of anything ends it.
pub(super) struct Answer<'a> {
    setting: Setting<'a>,
    /// What is told of the text so far.
    stream: ScrubbedStream,
    reply: Reply,
    calls: Vec<Call>,
    thoughts: Vec<Thought>,
    stop: Option<String>,
    is_refused: bool,
    events: u64,
    /// All that is kept of it.
    bytes: usize,
    /// Whether nothing more is to come.
    pub(super) is_over: bool,
}

/// Whose answer it is, and what it may have.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) names: &'a Names,
    pub(super) limits: &'a Limits,
    pub(super) scrubber: &'a Scrubber,
    pub(super) told: &'a Told<'a>,
    pub(super) by: &'a str,
    /// Whether thoughts were asked for; those that were not are not sent back.
    pub(super) wants_thoughts: bool,
}

/// By what an event says to which call it belongs. Servers leave out, repeat and mistake any of it.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) index: Option<&'a Value>,
    pub(super) id: Option<&'a Value>,
    pub(super) name: Option<&'a Value>,
}

#[derive(Default)]
struct Call {
    index: Option<i64>,
    id: String,
    name: String,
    /// As the model wrote them.
    arguments: String,
    signature: Option<String>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(setting: Setting<'a>) -> Self {
        Self {
            stream: setting.scrubber.eager_stream(),
            setting,
            reply: Reply::default(),
            calls: Vec::new(),
            thoughts: Vec::new(),
            stop: None,
            is_refused: false,
            events: 0,
            bytes: 0,
            is_over: false,
        }
    }

    /// Returns how many events there were; most providers send one for each token.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    pub(super) fn count_event(&mut self) {
        self.events = self.events.saturating_add(1);
    }

    /// Takes a piece of the text.
    pub(super) fn text(&mut self, piece: Option<&Value>) -> Result<(), Failure> {
        let Some(piece) = said(piece) else { return Ok(()) };
        self.grow(piece.len())?;
        let limits = self.setting.limits;
        append(&mut self.reply.text, piece, limits)?;
        let settled = self.stream.push(piece.as_bytes());
        self.tell(&settled);
        Ok(())
    }

    /// Takes a piece of what was thought.
    pub(super) fn reasoning(&mut self, piece: Option<&Value>) -> Result<(), Failure> {
        said(piece).map_or(Ok(()), |piece| self.think(piece))
    }

    fn think(&mut self, piece: &str) -> Result<(), Failure> {
        self.grow(piece.len())?;
        append(&mut self.reply.reasoning, piece, self.setting.limits)
    }

    /// Begins a thought that will be signed.
    pub(super) fn thought(&mut self) -> Result<(), Failure> {
        self.drop_unsigned();
        self.grow(size_of::<Thought>())?;
        self.thoughts.extend([Thought::Signature(String::new()), Thought::Reasoning(String::new())]);
        Ok(())
    }

    /// Takes a piece of a thought that will be signed.
    pub(super) fn signed_reasoning(&mut self, piece: Option<&Value>) -> Result<(), Failure> {
        let Some(piece) = said(piece) else { return Ok(()) };
        if let Some(Thought::Reasoning(text)) = self.thoughts.last_mut() {
            text.push_str(piece);
            self.grow(piece.len())?;
        }
        self.think(piece)
    }

    /// Forgets the last thought if it was not signed: without a signature it would be refused.
    fn drop_unsigned(&mut self) {
        let last = self.thoughts.last_chunk();
        if matches!(last, Some([Thought::Signature(signature), Thought::Reasoning(_)]) if signature.is_empty()) {
            self.thoughts.truncate(self.thoughts.len().saturating_sub(2));
        }
    }

    /// Takes a piece of the signature of the last thought.
    pub(super) fn more_signature(&mut self, piece: Option<&Value>) -> Result<(), Failure> {
        let Some(piece) = said(piece) else { return Ok(()) };
        self.grow(piece.len())?;
        if let Some([Thought::Signature(signature), _]) = self.thoughts.last_chunk_mut() {
            signature.push_str(piece);
        }
        Ok(())
    }

    /// Takes a signature, or a thought that is sealed.
    pub(super) fn signature(&mut self, signature: Option<&Value>) -> Result<(), Failure> {
        let Some(signature) = said(signature) else { return Ok(()) };
        self.grow(signature.len())?;
        self.thoughts.push(Thought::Signature(signature.to_owned()));
        Ok(())
    }

    /// Takes a part of the answer that goes back as it is.
    pub(super) fn block(&mut self, block: &Value) -> Result<(), Failure> {
        self.drop_unsigned();
        self.grow(block.to_string().len())?;
        self.thoughts.push(Thought::Custom { data: block.clone() });
        Ok(())
    }

    /// Takes a thought that is sealed, if thoughts were asked for.
    pub(super) fn sealed(&mut self, sealed: Option<&Value>) -> Result<(), Failure> {
        if self.setting.wants_thoughts { self.signature(sealed) } else { Ok(()) }
    }

    /// Returns which call an event belongs to: a known one, or a new one.
    pub(super) fn place(&mut self, place: Place<'_>) -> Result<usize, Failure> {
        let Some(at) = self.find(&place) else { return self.new_call(place) };
        if let Some(call) = self.calls.get_mut(at) {
            for (known, told) in [(&mut call.id, said(place.id)), (&mut call.name, said(place.name))] {
                if let Some(told) = told.filter(|_| known.is_empty()) {
                    *known = name(told)?;
                }
            }
        }
        Ok(at)
    }

    /// Returns which known call an event belongs to: that of its id; or else the last one at its index, unless both have
    /// ids or they are of two functions; or the last of all, where neither an index nor a name is told. The index is worth
    /// nothing beyond that: it begins anywhere, and some servers say 0 for each call.
    pub(super) fn find(&self, place: &Place<'_>) -> Option<usize> {
        let (index, id, name) = (place.index.and_then(Value::as_i64), said(place.id), said(place.name));
        let by_id = id.and_then(|id| self.calls.iter().rposition(|call| call.id == id));
        let is_same = |known: &str, told: Option<&str>| known.is_empty() || told.is_none_or(|told| told == known);
        let has_index =
            |call: &Call| call.index == index && (id.is_none() || call.id.is_empty()) && is_same(&call.name, name);
        let by_index = || index.and_then(|_| self.calls.iter().rposition(has_index));
        let is_last = index.is_none() && id.is_none() && name.is_none();
        by_id.or_else(by_index).or_else(|| self.calls.len().checked_sub(1).filter(|_| is_last))
    }

    /// Begins a call.
    pub(super) fn new_call(&mut self, place: Place<'_>) -> Result<usize, Failure> {
        let at = self.calls.len();
        if at >= self.setting.limits.calls {
            return Err(too_large(&format!("more than {} calls", self.setting.limits.calls)));
        }
        let (id, name) = (name(said(place.id).unwrap_or_default())?, name(said(place.name).unwrap_or_default())?);
        self.grow(id.len().saturating_add(name.len()))?;
        self.calls.push(Call { index: place.index.and_then(Value::as_i64), id, name, ..Call::default() });
        Ok(at)
    }

    /// Takes a piece of a call's arguments; what is an object already is all of them.
    pub(super) fn arguments(&mut self, at: usize, piece: Option<&Value>) -> Result<(), Failure> {
        let Some(Value::String(piece)) = piece else {
            return piece.map_or(Ok(()), |whole| self.all_arguments(at, whole));
        };
        self.grow(piece.len())?;
        let most = self.setting.limits.arguments_bytes;
        let Some(call) = self.calls.get_mut(at) else { return Ok(()) };
        if call.arguments.len().saturating_add(piece.len()) > most {
            return Err(too_long(most));
        }
        call.arguments.push_str(piece);
        Ok(())
    }

    /// Takes all of a call's arguments.
    pub(super) fn all_arguments(&mut self, at: usize, whole: &Value) -> Result<(), Failure> {
        if whole.is_null() {
            return Ok(());
        }
        let whole = whole.as_str().map_or_else(|| whole.to_string(), str::to_owned);
        let most = self.setting.limits.arguments_bytes;
        if whole.len() > most {
            return Err(too_long(most));
        }
        self.grow(whole.len())?;
        if let Some(call) = self.calls.get_mut(at) {
            call.arguments = whole;
        }
        Ok(())
    }

    pub(super) fn sign_call(&mut self, at: usize, signature: Option<&Value>) {
        if let (Some(call), Some(signature)) = (self.calls.get_mut(at), said(signature)) {
            call.signature = Some(signature.to_owned());
        }
    }

    pub(super) fn has_no_calls(&self) -> bool {
        self.calls.is_empty()
    }

    /// Returns how many calls there are of a function.
    pub(super) fn calls_of(&self, name: &str) -> usize {
        self.calls.iter().filter(|call| call.name == name).count()
    }

    /// Takes the name of the model that answers.
    pub(super) fn model(&mut self, model: Option<&Value>) {
        if let Some(model) = said(model).filter(|_| self.reply.model.is_empty()) {
            self.reply.model = self.setting.scrubber.text(model).chars().take(MODEL_CHARS_MAX).collect();
        }
    }

    /// Takes how many tokens the question and the answer have.
    pub(super) fn tokens(&mut self, asked: Option<&Value>, answered: Option<&Value>) -> Result<(), Failure> {
        for (count, said) in [(&mut self.reply.tokens_in, asked), (&mut self.reply.tokens_out, answered)] {
            let Some(Value::Number(said)) = said else { continue };
            if said.as_f64().is_some_and(|said| said > TOKENS_MAX as f64) {
                return Err(too_large(&format!("a count of {said} tokens, and {TOKENS_MAX} are allowed")));
            }
            *count = said.as_u64().unwrap_or(*count);
        }
        Ok(())
    }

    /// Takes why the model stopped.
    pub(super) fn stop(&mut self, reason: Option<&Value>) {
        if let Some(reason) = said(reason) {
            self.stop = Some(reason.to_owned());
        }
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// Notes that the model, or its provider, refuses.
    pub(super) fn refuse(&mut self) {
        self.is_refused = true;
    }

    /// Returns the answer, of which nothing more is to come.
    pub(super) fn end(&mut self) -> Result<Reply, Failure> {
        let settled = self.stream.finish();
        self.tell(&settled);
        self.drop_unsigned();
        let (mut reply, calls) = (std::mem::take(&mut self.reply), std::mem::take(&mut self.calls));
        let signatures = self.signatures(&calls);
        reply.stop = self.why(&reply, !calls.is_empty())?;
        reply.calls = self.named(calls)?;
        let carried = Carried::new(self.setting.by, std::mem::take(&mut self.thoughts), signatures);
        if !carried.is_empty() {
            reply.carried = serde_json::to_value(carried).map_err(|error| garbage(&error.to_string()))?;
        }
        self.scrub(&mut reply);
        Ok(reply)
    }

    /// A reader of the calls alone finds the thoughts' signatures at the first call.
    fn signatures(&self, calls: &[Call]) -> Vec<Option<Vec<String>>> {
        let mut signatures: Vec<_> = calls.iter().map(|call| call.signature.clone().map(|one| vec![one])).collect();
        let is_signed = self.thoughts.iter().any(|thought| matches!(thought, Thought::Reasoning(_)));
        if let Some(first) = signatures.first_mut().filter(|_| is_signed) {
            let of_thoughts = self.thoughts.iter().filter_map(|thought| match thought {
                Thought::Signature(signature) => Some(signature.clone()),
                Thought::Reasoning(_) | Thought::Custom { .. } => None,
            });
            *first = Some(of_thoughts.collect());
        }
        signatures
    }

    fn why(&self, reply: &Reply, has_calls: bool) -> Result<FinishReason, Failure> {
        if self.is_refused {
            return Ok(FinishReason::Refused);
        }
        let done = if has_calls { FinishReason::Called } else { FinishReason::Ended };
        let reason = self.stop.as_deref().ok_or_else(broken_off)?;
        match reason.to_ascii_lowercase().as_str() {
            "stop" | "end_turn" | "completed" | "tool_calls" | "tool_use" | "function_call" | "stop_sequence" => {
                Ok(done)
            }
            "length" | "max_tokens" | "incomplete" | "model_context_window_exceeded" | "model_length" => {
                Ok(FinishReason::Length)
            }
            "content_filter"
            | "refusal"
            | "safety"
            | "recitation"
            | "blocklist"
            | "prohibited_content"
            | "spii"
            | "image_safety"
            | "image_prohibited_content"
            | "image_recitation"
            | "language" => Ok(FinishReason::Refused),
            "error"
            | "failed"
            | "cancelled"
            | "abort"
            | "insufficient_system_resource"
            | "load"
            | "unload"
            | "other"
            | "malformed_function_call"
            | "malformed_response"
            | "missing_thought_signature"
            | "too_many_tool_calls"
            | "unexpected_tool_call" => Err(given_up(reason)),
            _ if has_calls || !reply.text.is_empty() => Ok(done),
            _ => Err(garbage(&format!("no answer, because of \"{}\"", shown(&self.setting.scrubber.text(reason))))),
        }
    }

    fn named(&self, calls: Vec<Call>) -> Result<Vec<ModelCall>, Failure> {
        let (mut ids, mut left) = (BTreeSet::new(), MEMORY_BYTES_MAX);
        let named = calls.into_iter().enumerate().map(|(at, call)| {
            let arguments = read(call.arguments, &mut left)?;
            // Before they are made to differ.
            let id = self.setting.scrubber.text(&call.id).into_owned();
            let id = if id.is_empty() { format!("call_{at}") } else { id };
            let mut all = std::iter::once(id.clone()).chain((2_usize..).map(|number| format!("{id}#{number}")));
            let id = all.find(|id| ids.insert(id.clone())).unwrap_or_default();
            Ok(ModelCall { id, name: self.setting.names.dotted(&call.name), arguments })
        });
        named.collect()
    }

    /// A provider knows the key and may say it; others are not to know it.
    fn scrub(&self, reply: &mut Reply) {
        let scrubber = self.setting.scrubber;
        scrubber.string(&mut reply.text);
        scrubber.string(&mut reply.reasoning);
        scrubber.value(&mut reply.carried);
        for call in &mut reply.calls {
            scrubber.string(&mut call.name);
            scrubber.value(&mut call.arguments);
        }
    }

    fn tell(&self, settled: &[u8]) {
        if !settled.is_empty() {
            (self.setting.told)(&String::from_utf8_lossy(settled));
        }
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(bytes);
        let most = self.setting.limits.answer_bytes;
        if self.bytes > most { Err(too_large(&format!("an answer of more than {most} bytes"))) } else { Ok(()) }
    }
}

/// Returns what a value says, if it is a text that is not empty.
fn said(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn append(text: &mut String, piece: &str, limits: &Limits) -> Result<(), Failure> {
    if text.len().saturating_add(piece.len()) > limits.text_bytes {
        return Err(too_large(&format!("more than {} bytes of text", limits.text_bytes)));
    }
    text.push_str(piece);
    Ok(())
}

fn name(name: &str) -> Result<String, Failure> {
    if name.len() > NAME_BYTES_MAX {
        return Err(too_large(&format!("a name of more than {NAME_BYTES_MAX} bytes")));
    }
    Ok(name.to_owned())
}

/// Reads what the model wrote as arguments: nothing is no arguments, and what is not JSON, cannot be read exactly, or is
/// nested too deeply to be written down and read again, is a text.
fn read(written: String, left: &mut u64) -> Result<Value, Failure> {
    if written.trim().is_empty() {
        return Ok(json!({}));
    }
    match measured(&written, &Bounds::OUTSIDE.memory_bytes(*left)) {
        Ok(bytes) => *left = left.saturating_sub(bytes),
        Err(fault) if fault.breach.as_ref().is_some_and(|breach| breach.limit == "depth") => return Ok(written.into()),
        Err(fault) => return Err(too_large(&format!("arguments that are too much to read: {}", fault.message))),
    }
    Ok(match parse(&written, &Bounds::OUTSIDE) {
        Ok(Value::Null) => json!({}),
        Ok(read) => read,
        Err(_) => Value::String(written),
    })
}

fn too_long(most: usize) -> Failure {
    too_large(&format!("arguments of more than {most} bytes"))
}

/// What there is of such an answer is not the answer, and its calls may have only a part of their arguments.
fn given_up(reason: &str) -> Failure {
    Failure::new("unavailable", format!("the provider gave up in the midst of its answer: \"{reason}\"")).retryable()
}

fn broken_off() -> Failure {
    Failure::new("unavailable", "the provider broke off before it said why it stopped").retryable()
}
