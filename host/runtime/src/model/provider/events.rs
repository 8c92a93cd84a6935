use serde_json::Value;

use super::{Limits, Wire};
use crate::Result;
use crate::model::{Failure, redact};

/// No model has as many tokens, and genai adds up numbers of them in 32 bits.
const TOKENS_MAX: u64 = 1 << 28;
/// What ends a stream of chat completions.
pub(super) const DONE: &str = "[DONE]";

/// Cuts a stream into its events and looks at each before anybody else does: a stream that is too long, an event that is,
/// one that is no JSON, and one that says a number that nobody can mean end it.
pub(super) struct Events<'a> {
    limits: &'a Limits,
    secrets: &'a [String],
    wire: Wire,
    bytes: u64,
    event: Vec<u8>,
    /// Bytes of the line that is being read.
    line: usize,
}

/// What the events of a stream said that genai does not tell.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The model that answers.
    pub(super) model: String,
    /// Whether it, or its provider, refuses.
    pub(super) has_refused: bool,
    /// How many events there were; most providers send one for each token.
    pub(super) events: u64,
}

/// As much as a name has.
const MODEL_CHARS_MAX: usize = 128;

impl<'a> Events<'a> {
    pub(super) fn new(wire: Wire, limits: &'a Limits, secrets: &'a [String]) -> Self {
        Self { limits, secrets, wire, bytes: 0, event: Vec::new(), line: 0 }
    }

    /// Takes bytes, and returns the events that they end, as they are to be passed on.
    pub(super) fn push(&mut self, bytes: &[u8], seen: &mut Seen) -> Result<Vec<u8>, Failure> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.limits.stream_bytes {
            return Err(too_large(&format!("more than {} bytes", self.limits.stream_bytes)));
        }
        let mut passed = Vec::new();
        for byte in bytes.iter().filter(|byte| **byte != b'\r') {
            self.event.push(*byte);
            if self.event.len() > self.limits.event_bytes {
                return Err(too_large(&format!("an event of more than {} bytes", self.limits.event_bytes)));
            }
            if *byte != b'\n' {
                self.line = self.line.saturating_add(1);
            } else if std::mem::take(&mut self.line) == 0 || self.wire == Wire::Ollama {
                self.end(&mut passed, seen)?;
            }
        }
        Ok(passed)
    }

    /// Says that the stream ended as it should, and returns what is left of it.
    pub(super) fn finish(mut self, seen: &mut Seen) -> Result<Vec<u8>, Failure> {
        let mut passed = Vec::new();
        self.event.extend_from_slice(if self.wire == Wire::Ollama { b"\n" } else { b"\n\n" });
        self.end(&mut passed, seen)?;
        if self.wire == Wire::OpenAi {
            // Not every server says so, and genai waits for it.
            passed.extend_from_slice(format!("data: {DONE}\n\n").as_bytes());
        }
        Ok(passed)
    }

    fn end(&mut self, passed: &mut Vec<u8>, seen: &mut Seen) -> Result<(), Failure> {
        let event = std::mem::take(&mut self.event);
        let text = std::str::from_utf8(&event).map_err(|_| garbage("bytes that are no text"))?;
        let data = if self.wire == Wire::Ollama { text.trim().to_owned() } else { data(text) };
        if data.is_empty() {
            return Ok(());
        }
        if data != DONE {
            let value = serde_json::from_str(&data).map_err(|error| garbage(&format!("no JSON: {error}")))?;
            self.look(&value, seen)?;
        }
        passed.extend_from_slice(&event);
        Ok(())
    }

    fn look(&self, value: &Value, seen: &mut Seen) -> Result<(), Failure> {
        for path in ["/error", "/response/error"] {
            if let Some(error) = value.pointer(path).filter(|error| !error.is_null()) {
                return Err(said(error, self.secrets));
            }
        }
        if value.get("type").is_some_and(|kind| kind == "error") {
            return Err(said(value, self.secrets));
        }
        seen.note(value, self.secrets);
        self.check_numbers(value)
    }

    /// genai makes room for as many calls as the largest `index` says, and adds up tokens in 32 bits.
    fn check_numbers(&self, value: &Value) -> Result<(), Failure> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.check_numbers(item)),
            Value::Object(members) => members.iter().try_for_each(|(name, member)| self.check_number(name, member)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn check_number(&self, name: &str, member: &Value) -> Result<(), Failure> {
        let Value::Number(number) = member else { return self.check_numbers(member) };
        let lower = name.to_ascii_lowercase();
        let most = if lower.ends_with("index") {
            self.limits.calls as u64
        } else if lower.contains("token") || lower.ends_with("_count") {
            TOKENS_MAX
        } else {
            return Ok(());
        };
        let is_meant = number.as_f64().is_some_and(|number| number <= most as f64 && number >= -(most as f64));
        let name = || super::shown(&redact::text(name, self.secrets));
        if is_meant { Ok(()) } else { Err(too_large(&format!("\"{}\" of {number}, and {most} are allowed", name()))) }
    }
}

impl Seen {
    fn note(&mut self, value: &Value, secrets: &[String]) {
        self.events = self.events.saturating_add(1);
        let paths = ["/model", "/message/model", "/response/model", "/modelVersion"];
        let model = paths.iter().find_map(|path| value.pointer(path)).and_then(Value::as_str);
        if let Some(model) = model.filter(|_| self.model.is_empty()) {
            self.model = redact::text(model, secrets).chars().take(MODEL_CHARS_MAX).collect();
        }
        let is_refusal = |path: &str| value.pointer(path).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        let reason = value.pointer("/response/incomplete_details/reason").and_then(Value::as_str);
        self.has_refused |=
            ["/choices/0/delta/refusal", "/promptFeedback/blockReason"].iter().any(|path| is_refusal(path))
                || value.get("type").is_some_and(|kind| kind == "response.refusal.delta")
                || reason == Some("content_filter");
    }
}

/// The data of a server-sent event.
fn data(event: &str) -> String {
    let data = event.lines().filter_map(|line| line.trim().strip_prefix("data:")).map(str::trim);
    data.collect::<Vec<_>>().join("\n")
}

/// What a provider says in the midst of a stream went wrong.
fn said(error: &Value, secrets: &[String]) -> Failure {
    let text =
        |name: &str| error.get(name).or_else(|| error.pointer(&format!("/error/{name}"))).and_then(Value::as_str);
    let kind = text("type").or(text("code")).or(text("status")).unwrap_or_default().to_ascii_lowercase();
    let message = error.as_str().or(text("message")).map_or_else(|| error.to_string(), str::to_owned);
    let failure = |detail| {
        Failure::new(detail, format!("the provider broke off: {}", super::shown(&redact::text(&message, secrets))))
    };
    if kind.contains("rate_limit") || kind.contains("resource_exhausted") {
        failure("rate_limit").retryable()
    } else if kind.contains("authentication") || kind.contains("permission") {
        failure("auth")
    } else if kind.contains("invalid") {
        failure("malformed")
    } else {
        failure("unavailable").retryable()
    }
}

pub(super) fn too_large(what: &str) -> Failure {
    Failure::new("too_large", format!("the provider sent {what}"))
}

pub(super) fn garbage(what: &str) -> Failure {
    Failure::new("malformed", format!("the provider sent {what}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passed(wire: Wire, chunks: &[&[u8]]) -> Result<String, Failure> {
        let (limits, mut seen) =
            (Limits { event_bytes: 1_000, stream_bytes: 3_000, ..Limits::default() }, Seen::default());
        let mut events = Events::new(wire, &limits, &[]);
        let mut passed = Vec::new();
        for chunk in chunks {
            passed.extend(events.push(chunk, &mut seen)?);
        }
        passed.extend(events.finish(&mut seen)?);
        Ok(String::from_utf8(passed).unwrap())
    }

    #[test]
    fn whole_events_are_passed_on_and_comments_are_not() {
        let stream = b": ping\n\ndata: {\"a\": 1}\r\n\r\nevent: x\ndata: {\"b\":\ndata: 2}\n\ndata: {\"c\": 3}";
        let expected = "data: {\"a\": 1}\n\nevent: x\ndata: {\"b\":\ndata: 2}\n\ndata: {\"c\": 3}\n\n";
        assert_eq!(passed(Wire::Anthropic, &[stream]).unwrap(), expected);
        assert_eq!(passed(Wire::OpenAi, &[b"data: {}\n\n"]).unwrap(), "data: {}\n\ndata: [DONE]\n\n");
        assert_eq!(passed(Wire::Ollama, &[b"{\"a\": 1}\n{\"b\"", b": 2}"]).unwrap(), "{\"a\": 1}\n{\"b\": 2}\n");
    }

    #[test]
    fn what_nobody_can_mean_ends_the_stream() {
        let long = format!("data: \"{}", "x".repeat(1_000));
        let many = "data: {}\n\n".repeat(400);
        for (stream, detail) in [
            (long.as_str(), "too_large"),
            (&many, "too_large"),
            ("data: {garbage}\n\n", "malformed"),
            ("data: \u{0}\n\n", "malformed"),
            ("data: {\"choices\": [{\"delta\": {\"tool_calls\": [{\"index\": 4294967295}]}}]}\n\n", "too_large"),
            ("data: {\"output_index\": -4294967295}\n\n", "too_large"),
            ("data: {\"usage\": {\"input_tokens\": 2147483647}}\n\n", "too_large"),
            ("data: {\"usageMetadata\": {\"promptTokenCount\": 1e30}}\n\n", "too_large"),
            ("data: {\"prompt_eval_count\": 2147483647}\n\n", "too_large"),
            ("data: {\"error\": {\"message\": \"slow\", \"type\": \"rate_limit_error\"}}\n\n", "rate_limit"),
            ("data: {\"type\": \"error\", \"error\": {\"type\": \"overloaded_error\"}}\n\n", "unavailable"),
            ("data: {\"response\": {\"error\": {\"code\": \"server_error\"}}}\n\n", "unavailable"),
            ("data: {\"error\": \"no such model\"}\n\n", "unavailable"),
        ] {
            let failure = passed(Wire::OpenAi, &[stream.as_bytes()]).unwrap_err();
            assert_eq!(failure.fault.detail.as_deref(), Some(detail), "{stream}: {failure:?}");
        }
        let deep = format!("data: {}\n\n", "[".repeat(500));
        assert_eq!(passed(Wire::OpenAi, &[deep.as_bytes()]).unwrap_err().fault.detail.as_deref(), Some("malformed"));
        assert!(passed(Wire::OpenAi, &[b"data: \xff\n\n"]).is_err());
        assert!(passed(Wire::OpenAi, &[b"data: {\"error\": null, \"completion_tokens\": 9}\n\n"]).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said_briefly_and_without_the_key() {
        let (limits, key) = (Limits::default(), ["sk-live-0123".to_owned()]);
        let stream = format!("data: {{\"sk-live-0123{}_count\": 1e30}}\n\n", "x".repeat(1 << 20));
        let failure = Events::new(Wire::OpenAi, &limits, &key).push(stream.as_bytes(), &mut Seen::default());
        let message = failure.unwrap_err().fault.message;
        assert!(
            message.contains("[redacted]xxx") && !message.contains("0123") && message.len() < 1_000,
            "{message:.99}"
        );
    }

    proptest! {
        /// However the network cuts a stream, its events are the same.
        #[test]
        fn cuts_make_no_difference(cuts in prop::collection::vec(0_usize..60, 0..6)) {
            let stream = "event: a\r\ndata: {\"é\": 1}\r\n\r\n: x\n\ndata: [1]\n\ndata: \"y\"\n\n".as_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let chunks: Vec<_> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
            prop_assert_eq!(passed(Wire::Gemini, &chunks), passed(Wire::Gemini, &[stream]));
        }
    }
}
