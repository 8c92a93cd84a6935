use serde_json::Value;
use stockade_workflow::Scrubber;
use stockade_workflow::json::{Bounds, measured};

use super::wire::Wire;
use super::{Limits, shown};
use crate::Failure;
use crate::Result;

/// The most memory that the values of one event take, and those of all arguments of one answer.
pub(super) const MEMORY_BYTES_MAX: u64 = 32 << 20;
/// What ends a stream of chat completions.
const DONE: &str = "[DONE]";

/// Cuts a stream into its events, and refuses one that is too long, has too many values or is not JSON.
pub(super) struct Events<'a> {
    limits: &'a Limits,
    scrubber: &'a Scrubber,
    wire: Wire,
    bytes: u64,
    event: Vec<u8>,
    /// Bytes of the line that is being read.
    line: usize,
}

/// What a stream says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    Data(Value),
    /// Nothing more is to come.
    Done,
}

impl<'a> Events<'a> {
    pub(super) fn new(wire: Wire, limits: &'a Limits, scrubber: &'a Scrubber) -> Self {
        Self { limits, scrubber, wire, bytes: 0, event: Vec::new(), line: 0 }
    }

    /// Takes bytes, and returns the events that they end.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Failure> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.limits.stream_bytes {
            return Err(too_large(&format!("more than {} bytes", self.limits.stream_bytes)));
        }
        let mut events = Vec::new();
        for byte in bytes.iter().filter(|byte| **byte != b'\r') {
            self.event.push(*byte);
            if self.event.len() > self.limits.event_bytes {
                return Err(too_large(&format!("an event of more than {} bytes", self.limits.event_bytes)));
            }
            if *byte != b'\n' {
                self.line = self.line.saturating_add(1);
            } else if std::mem::take(&mut self.line) == 0 || self.wire == Wire::Ollama {
                events.extend(self.end()?);
            }
        }
        Ok(events)
    }

    /// Returns what is left of a stream that ended.
    pub(super) fn finish(&mut self) -> Result<Option<Event>, Failure> {
        self.end()
    }

    fn end(&mut self) -> Result<Option<Event>, Failure> {
        let event = std::mem::take(&mut self.event);
        let text = std::str::from_utf8(&event).map_err(|_| garbage("bytes that are no text"))?;
        let data = if self.wire == Wire::Ollama { text.trim().to_owned() } else { data(text) };
        if data.is_empty() {
            return Ok(None);
        } else if data == DONE {
            return Ok(Some(Event::Done));
        }
        let is_measured = measured(&data, &Bounds::OUTSIDE.memory_bytes(MEMORY_BYTES_MAX));
        is_measured.map_err(|fault| too_large(&format!("an event that is too much to read: {}", fault.message)))?;
        let value = serde_json::from_str(&data).map_err(|error| garbage(&format!("no JSON: {error}")))?;
        self.check(&value)?;
        Ok(Some(Event::Data(value)))
    }

    /// Ends the stream where the provider says that something went wrong.
    fn check(&self, value: &Value) -> Result<(), Failure> {
        for path in ["/error", "/response/error"] {
            if let Some(error) = value.pointer(path).filter(|error| !error.is_null()) {
                return Err(said(error, self.scrubber));
            }
        }
        if value.get("type").is_some_and(|kind| kind == "error") {
            return Err(said(value, self.scrubber));
        }
        Ok(())
    }
}

/// The data of a server-sent event.
fn data(event: &str) -> String {
    let data = event.lines().filter_map(|line| line.trim().strip_prefix("data:")).map(str::trim);
    data.collect::<Vec<_>>().join("\n")
}

/// What a provider says in the midst of a stream went wrong.
fn said(error: &Value, scrubber: &Scrubber) -> Failure {
    let text =
        |name: &str| error.get(name).or_else(|| error.pointer(&format!("/error/{name}"))).and_then(Value::as_str);
    let kind = text("type").or(text("code")).or(text("status")).unwrap_or_default().to_ascii_lowercase();
    let message = error.as_str().or(text("message")).map_or_else(|| error.to_string(), str::to_owned);
    let failure = |detail| Failure::new(detail, format!("the provider broke off: {}", shown(&scrubber.text(&message))));
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
    use serde_json::json;

    use super::*;

    fn events(wire: Wire, chunks: &[&[u8]]) -> Result<Vec<Event>, Failure> {
        let limits = Limits { event_bytes: 1_000, stream_bytes: 3_000, ..Limits::default() };
        let scrubber = Scrubber::default();
        let mut reader = Events::new(wire, &limits, &scrubber);
        let mut events = Vec::new();
        for chunk in chunks {
            events.extend(reader.push(chunk)?);
        }
        events.extend(reader.finish()?);
        Ok(events)
    }

    fn data(values: &[Value]) -> Vec<Event> {
        values.iter().cloned().map(Event::Data).collect()
    }

    #[test]
    fn events_are_whole_and_comments_are_none() {
        let stream = b": ping\n\ndata: {\"a\": 1}\r\n\r\nevent: x\ndata: {\"b\":\ndata: 2}\n\ndata: {\"c\": 3}";
        let expected = data(&[json!({"a": 1}), json!({"b": 2}), json!({"c": 3})]);
        assert_eq!(events(Wire::Anthropic, &[stream]).unwrap(), expected);
        let expected = [data(&[json!({})]), vec![Event::Done]].concat();
        assert_eq!(events(Wire::Chat, &[b"data: {}\n\ndata: [DONE]\n\n"]).unwrap(), expected);
        let expected = data(&[json!({"a": 1}), json!({"b": 2})]);
        assert_eq!(events(Wire::Ollama, &[b"{\"a\": 1}\n{\"b\"", b": 2}"]).unwrap(), expected);
    }

    #[test]
    fn a_stream_that_cannot_be_meant_ends() {
        let long = format!("data: \"{}", "x".repeat(1_000));
        let many = "data: {}\n\n".repeat(400);
        for (stream, detail) in [
            (long.as_str(), "too_large"),
            (&many, "too_large"),
            ("data: {garbage}\n\n", "malformed"),
            ("data: \u{0}\n\n", "malformed"),
            ("data: {\"error\": {\"message\": \"slow\", \"type\": \"rate_limit_error\"}}\n\n", "rate_limit"),
            ("data: {\"type\": \"error\", \"error\": {\"type\": \"overloaded_error\"}}\n\n", "unavailable"),
            ("data: {\"response\": {\"error\": {\"code\": \"server_error\"}}}\n\n", "unavailable"),
            ("data: {\"error\": \"no such model\"}\n\n", "unavailable"),
        ] {
            let failure = events(Wire::Chat, &[stream.as_bytes()]).unwrap_err();
            assert_eq!(failure.fault.detail.as_deref(), Some(detail), "{stream}: {failure:?}");
        }
        let deep = format!("data: {}\n\n", "[".repeat(500));
        assert_eq!(events(Wire::Chat, &[deep.as_bytes()]).unwrap_err().fault.detail.as_deref(), Some("too_large"));
        assert!(events(Wire::Chat, &[b"data: \xff\n\n"]).is_err());
        assert!(events(Wire::Chat, &[b"data: {\"error\": null, \"completion_tokens\": 9}\n\n"]).is_ok());
    }

    /// Such an event took a hundred times its bytes in the host's memory.
    #[test]
    fn an_event_of_many_values_is_not_read() {
        let (limits, scrubber) = (Limits::default(), Scrubber::default());
        let stream = |count: usize| format!("data: [{}0]\n\n", "{\"\":0},".repeat(count));
        let read = |stream: String| Events::new(Wire::Chat, &limits, &scrubber).push(stream.as_bytes());
        assert_eq!(read(stream(10_000)).unwrap().len(), 1);
        let failure = read(stream(400_000)).unwrap_err();
        assert_eq!(failure.fault.detail.as_deref(), Some("too_large"));
        assert!(failure.fault.message.contains("an event that is too much to read"), "{failure:?}");
    }

    #[test]
    fn what_is_wrong_is_said_briefly_and_without_the_key() {
        let (limits, scrubber) = (Limits::default(), Scrubber::redacting(["sk-live-0123".to_owned()]));
        let stream = format!("data: {{\"error\": \"sk-live-0123 {}\"}}\n\n", "x".repeat(1 << 20));
        let failure = Events::new(Wire::Chat, &limits, &scrubber).push(stream.as_bytes());
        let message = failure.unwrap_err().fault.message;
        assert!(
            message.contains("[redacted] xxx") && !message.contains("0123") && message.len() < 1_000,
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
            prop_assert_eq!(events(Wire::Gemini, &chunks), events(Wire::Gemini, &[stream]));
        }
    }
}
