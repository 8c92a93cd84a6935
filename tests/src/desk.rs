//! A tool that writes down what it is told to do.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade::callable::{Call, Callable, Calling, Nature, Outcome, Place, ToolFunction};
use stockade::{Digest, Fault, Kind, ToolCall, Usage};

/// A tool with one function, `do`, that answers with an id; what it is told to "fail" at fails.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    functions: [ToolFunction; 1],
    identity: Digest,
    nature: Nature,
    told: Mutex<Vec<(String, Value)>>,
}

impl Default for Desk {
    fn default() -> Self {
        let input = json!({"type": "object", "properties": {"what": {"type": "string"}, "id": {"type": "string"}}});
        Self(Arc::new(Inner {
            functions: [ToolFunction::new("do", "Does it.", input, json!({"type": "object"}))],
            identity: Digest::of(b"desk 1"),
            nature: Nature::default(),
            told: Mutex::default(),
        }))
    }
}

impl Desk {
    /// Returns the call that does something.
    pub fn call(what: &str) -> ToolCall {
        ToolCall::new("desk", "do", json!({"what": what}))
    }

    /// Returns what was done, with the id that was given where one was; a call under a key that there was before is the same.
    pub fn done(&self) -> Vec<String> {
        let mut told = self.0.told.lock().unwrap().clone();
        let mut keys = std::collections::BTreeSet::new();
        told.retain(|(key, _)| keys.insert(key.clone()));
        let text = |value: &Value| value.as_str().map(|id| format!(" {id}")).unwrap_or_default();
        told.iter().map(|(_, told)| format!("{}{}", told["what"].as_str().unwrap(), text(&told["id"]))).collect()
    }

    /// Forgets what was done.
    pub fn clear(&self) {
        self.0.told.lock().unwrap().clear();
    }
}

impl Callable for Desk {
    fn functions(&self) -> &[ToolFunction] {
        &self.0.functions
    }

    fn identity(&self) -> &Digest {
        &self.0.identity
    }

    fn nature(&self) -> &Nature {
        &self.0.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, _: Option<&'a Place>) -> stockade::Result<Calling<'a>> {
        let what = call.arguments["what"].as_str().unwrap_or_default().to_owned();
        self.0.told.lock().unwrap().push((call.idempotency_key.to_owned(), call.arguments.clone()));
        let result = match what.as_str() {
            "fail" => Err(Fault::new(Kind::GuestError, "it is not possible")),
            what => Ok(json!({"id": format!("id-of-{what}")})),
        };
        let usage = Usage::default().tool_calls(1);
        let outcome = Outcome::new(result, usage);
        Ok(Calling::Answer(Box::pin(async { outcome })))
    }
}
