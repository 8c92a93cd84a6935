//! A tool that fails as a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade::callable::{Call, Callable, Calling, Nature, Outcome, Place, ToolFunction};
use stockade::{Digest, Fault, ToolCall, Usage};

/// How calls end, one after the other; then they answer.
pub type Acts = Vec<Result<Value, Fault>>;

/// A tool with one function, `do`, that ends as it is told to, and writes down under which keys it was called.
#[derive(Clone)]
pub struct Flaky(Arc<Inner>);

struct Inner {
    functions: [ToolFunction; 1],
    identity: Digest,
    nature: Nature,
    acts: Mutex<VecDeque<Result<Value, Fault>>>,
    called: Mutex<Vec<String>>,
}

impl Flaky {
    /// Makes one whose calls may change something.
    pub fn new(acts: Acts) -> Self {
        Self::named("do", json!({"type": "string"}), acts)
    }

    /// Makes one whose calls change nothing.
    pub fn harmless(acts: Acts) -> Self {
        let nature = Nature { repeatable: true, ..Nature::default() };
        Self::of("do", json!({"type": "string"}), nature, acts)
    }

    /// Makes one whose function has this name, and says that it answers so.
    pub fn named(function: &str, answers: Value, acts: Acts) -> Self {
        Self::of(function, answers, Nature::default(), acts)
    }

    fn of(function: &str, answers: Value, nature: Nature, acts: Acts) -> Self {
        let input = json!({"type": "object", "properties": {}});
        Self(Arc::new(Inner {
            functions: [ToolFunction::new(function, "Does it.", input, answers)],
            identity: Digest::of(b"flaky 1"),
            nature,
            acts: Mutex::new(acts.into()),
            called: Mutex::default(),
        }))
    }

    /// Says how further calls end.
    pub fn then(&self, acts: Acts) {
        self.0.acts.lock().unwrap().extend(acts);
    }

    /// Returns the idempotency keys of the calls until now, without the run's id.
    pub fn called(&self) -> Vec<String> {
        self.0.called.lock().unwrap().clone()
    }

    /// Returns the call of its function.
    pub fn wanted() -> ToolCall {
        ToolCall::new("flaky", "do", json!({}))
    }
}

impl Callable for Flaky {
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
        let key = call.idempotency_key.split_once('/').map_or("", |(_, key)| key).to_owned();
        self.0.called.lock().unwrap().push(key);
        let result = self.0.acts.lock().unwrap().pop_front().unwrap_or_else(|| Ok("done".into()));
        let usage = Usage::default().tool_calls(1).fuel(10);
        let outcome = Outcome::new(result, usage);
        Ok(Calling::Answer(Box::pin(async { outcome })))
    }
}
