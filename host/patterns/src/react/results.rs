//! The results of which the conversation has only the beginning and the end, and how the rest is read.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use stockade_workflow::authoring::cut;
use stockade_workflow::{READ_RESULT, RUN_CODE, ReadResult, ResultPart, ToolDefinition};

/// The handles that an agent has. The state of its run has them all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Results(Vec<Long>);

/// A result of which the conversation has only the beginning and the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Long {
    /// The key of the effect that brought it.
    key: String,
    bytes: u64,
}

/// The most handles that an agent has: of more, the oldest are forgotten.
const HANDLES_MAX: usize = 64;

/// The most of a handle that is repeated to the model that wrote it.
const HANDLE_BYTES_MAX: usize = 100;

/// Of a long result, the conversation has this share of what it may have whole: the beginning, and half as much of the end.
const HEAD_SHARE: usize = 4;

impl Long {
    /// Returns a result as the conversation has it, and what it is known by if that is not all of it.
    pub(super) fn shown(key: &str, result: String, whole_bytes: usize) -> (String, Option<Self>) {
        if result.len() <= whole_bytes {
            return (result, None);
        }
        let long = Self { key: key.to_owned(), bytes: result.len() as u64 };
        (long.short(&result, whole_bytes / HEAD_SHARE), Some(long))
    }

    fn short(&self, result: &str, head_bytes: usize) -> String {
        let (bytes, handle) = (self.bytes, self.handle());
        let head = result.floor_char_boundary(head_bytes);
        let tail = result.ceil_char_boundary(result.len().saturating_sub(head_bytes / 2).max(head));
        let (beginning, end) = (result.get(..head).unwrap_or_default(), result.get(tail..).unwrap_or_default());
        format!(
            "{beginning}\n[bytes {head} to {tail} of {bytes} are left out; \"{READ_RESULT}\" with the handle \
             \"{handle}\" reads them]\n{end}"
        )
    }

    fn handle(&self) -> String {
        format!("result:{}", self.key)
    }
}

impl Results {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, long: Long) {
        self.0.push(long);
        let old = self.0.len().saturating_sub(HANDLES_MAX);
        self.0.drain(..old);
    }

    /// Returns the function by which the model reads a part, where there is a result to read.
    pub(super) fn functions(&self, whole_bytes: usize) -> Vec<ToolDefinition> {
        if self.is_empty() { Vec::new() } else { vec![function(whole_bytes)] }
    }

    /// Reads a call of that function.
    ///
    /// # Errors
    ///
    /// What the model is told: there is no such result, or the arguments are wrong.
    pub(super) fn reading(&self, arguments: &Value, whole_bytes: usize) -> Result<ReadResult, String> {
        let handle = arguments.get("handle").unwrap_or(&Value::Null);
        let number = |name: &str, otherwise: u64| match arguments.get(name) {
            None | Some(Value::Null) => Ok(otherwise),
            Some(value) => value.as_u64().ok_or_else(|| format!("\"{name}\" of \"{READ_RESULT}\" is a number from 0")),
        };
        let Long { key, bytes: of } = self.find(handle)?;
        let (from, most) = (number("from", 0)?, whole_bytes as u64);
        if from >= *of {
            return Err(format!("the result {handle} has {of} bytes, and none from {from} on"));
        }
        Ok(ReadResult { result: key.clone(), from, bytes: number("bytes", most)?.min(most).max(1) })
    }

    /// Reads which results code is given: the name of each, with the key of its effect.
    ///
    /// # Errors
    ///
    /// What the model is told.
    pub(super) fn given(&self, arguments: &Value) -> Result<Vec<(String, String)>, String> {
        let handles = match arguments.get("results") {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(handles)) => handles,
            Some(_) => return Err(format!("\"results\" of \"{RUN_CODE}\" is a list of handles")),
        };
        let given = |handle: &Value| self.find(handle).map(|long| (long.handle(), long.key.clone()));
        handles.iter().map(given).collect()
    }

    fn find(&self, handle: &Value) -> Result<&Long, String> {
        let found = handle.as_str().and_then(|handle| self.0.iter().find(|long| long.handle() == handle));
        found.ok_or_else(|| {
            let handles: Vec<_> = self.0.iter().map(Long::handle).collect();
            let handles = if handles.is_empty() { "none".to_owned() } else { handles.join(", ") };
            format!("there is no result {}; those are: {handles}", cut(&handle.to_string(), HANDLE_BYTES_MAX))
        })
    }
}

/// Returns a part as the conversation has it.
pub(super) fn shown_part(part: &ResultPart) -> String {
    format!("[bytes {} to {} of {}]\n{}", part.from, part.to(), part.of, part.text)
}

fn function(whole_bytes: usize) -> ToolDefinition {
    let description = "Reads a part of a result that you were shown only the beginning and the end of.".to_owned();
    let bytes = format!("How many bytes, {whole_bytes} at most and by default.");
    let properties = [
        ("handle", json!({"type": "string", "description": "The handle, as it stands where bytes are left out."})),
        ("from", json!({"type": "integer", "minimum": 0, "description": "The first byte, 0 by default."})),
        ("bytes", json!({"type": "integer", "minimum": 1, "description": bytes})),
    ];
    let properties: Map<_, _> = properties.map(|(name, schema)| (name.to_owned(), schema)).into_iter().collect();
    let schema =
        json!({"type": "object", "properties": properties, "required": ["handle"], "additionalProperties": false});
    ToolDefinition { name: READ_RESULT.to_owned(), description, schema }
}
