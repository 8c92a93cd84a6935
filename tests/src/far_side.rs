//! What is outside of the host, in the memory of a test: it books what its tools are told, once for each key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade::callable::{Call, Callable, Calling, Nature, Outcome, Place, ToolFunction};
use stockade::{Builder, Digest, Fault, Kind, Usage};

/// The far side. Its clones are one.
#[derive(Clone, Default)]
pub struct FarSide(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

/// What a call does: what it books, if anything, and what it answers.
type Act = fn(key: &str, arguments: &Value) -> (Option<String>, Result<Value, Fault>);

/// The tool that tells its results later.
pub const LATER: &str = "later";

impl FarSide {
    /// Adds the tools to a host: those of the shop, a desk, and one that tells its results later.
    pub fn with_tools(&self, builder: Builder) -> Builder {
        let nothing = Nature { repeatable: true, ..Nature::default() };
        let tool = |name: &str, acts: &[(&'static str, Act)], nature: &Nature| Tool {
            far: self.clone(),
            functions: acts.iter().map(|(function, _)| function_of(function)).collect(),
            acts: acts.to_vec(),
            identity: Digest::of(name.as_bytes()),
            nature: nature.clone(),
        };
        let books = Nature::default();
        builder
            .callable("purchases", tool("purchases", &[("find", find)], &nothing))
            .callable("policy", tool("policy", &[("within_window", within), ("needs_approval", over)], &nothing))
            .callable("payments", tool("payments", &[("refund", refund)], &books))
            .callable("letters", tool("letters", &[("write", write)], &nothing))
            .callable("desk", tool("desk", &[("do", book)], &books))
            .callable(LATER, tool(LATER, &[("do", promise)], &books))
            .idempotent("payments")
            .idempotent("desk")
            .idempotent(LATER)
    }

    /// Returns what was booked, in order; twice what was booked under two keys, or anew under one.
    pub fn booked(&self) -> Vec<String> {
        let mut booked: Vec<_> = self.0.lock().unwrap().values().flatten().cloned().collect();
        booked.sort();
        booked
    }

    /// Returns the tokens under which results are to be told.
    pub fn promised(&self) -> Vec<String> {
        let booked = self.0.lock().unwrap();
        let is_promised = |(_, booked): &(&String, &Vec<String>)| booked.iter().any(|what| what.starts_with(LATER));
        booked.iter().filter(is_promised).map(|(key, _)| key.clone()).collect()
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn book(&self, key: &str, what: String) {
        let mut booked = self.0.lock().unwrap();
        let under = booked.entry(key.to_owned()).or_default();
        if !under.contains(&what) {
            under.push(what);
        }
    }
}

fn function_of(name: &str) -> ToolFunction {
    ToolFunction::new(name, "Does it.", json!({"type": "object"}), json!({}))
}

fn find(_: &str, arguments: &Value) -> (Option<String>, Result<Value, Fault>) {
    let bought = |item: &str, price: u32, days: u32| json!({"item": item, "price_cents": price, "days_ago": days});
    let found = match arguments["user_id"].as_str() {
        Some("user_123") => bought("Premium Subscription", 14_900, 12),
        Some("user_456") => bought("Basic License", 4_900, 45),
        Some("user_789") => bought("Starter License", 7_900, 5),
        Some(_) | None => Value::Null,
    };
    (None, Ok(found))
}

fn within(_: &str, arguments: &Value) -> (Option<String>, Result<Value, Fault>) {
    (None, Ok((arguments["days_ago"].as_u64() <= arguments["window_days"].as_u64()).into()))
}

fn over(_: &str, arguments: &Value) -> (Option<String>, Result<Value, Fault>) {
    (None, Ok((arguments["amount_cents"].as_u64() > arguments["approval_above_cents"].as_u64()).into()))
}

fn refund(_: &str, arguments: &Value) -> (Option<String>, Result<Value, Fault>) {
    (Some(format!("refund {arguments}")), Ok(json!({"reference": "re_1"})))
}

fn write(_: &str, arguments: &Value) -> (Option<String>, Result<Value, Fault>) {
    (None, Ok(format!("Dear customer, {}.", arguments["outcome"]).into()))
}

/// What is to "fail" fails.
fn book(_: &str, arguments: &Value) -> (Option<String>, Result<Value, Fault>) {
    let what = arguments["what"].as_str().unwrap_or_default();
    if what == "fail" {
        return (None, Err(Fault::new(Kind::GuestError, "it is not possible")));
    }
    (Some(format!("do {what} {}", arguments["id"])), Ok(json!({"id": format!("id-of-{what}")})))
}

fn promise(key: &str, arguments: &Value) -> (Option<String>, Result<Value, Fault>) {
    (Some(format!("{LATER} {}", arguments["what"])), Err(Fault::later(key)))
}

struct Tool {
    far: FarSide,
    functions: Vec<ToolFunction>,
    acts: Vec<(&'static str, Act)>,
    identity: Digest,
    nature: Nature,
}

impl Callable for Tool {
    fn functions(&self) -> &[ToolFunction] {
        &self.functions
    }

    fn identity(&self) -> &Digest {
        &self.identity
    }

    fn nature(&self) -> &Nature {
        &self.nature
    }

    fn call<'a>(&'a self, call: Call<'a>, _: Option<&'a Place>) -> stockade::Result<Calling<'a>> {
        let name = call.function.rsplit('.').next().unwrap_or_default();
        let (_, act) = self.acts.iter().find(|(function, _)| *function == name).unwrap();
        let (books, result) = act(call.idempotency_key, call.arguments);
        if let Some(what) = books {
            self.far.book(call.idempotency_key, what);
        }
        let usage = Usage::default().tool_calls(1);
        let outcome = Outcome { result, usage, stdout: String::new(), stderr: String::new(), log: Vec::new() };
        Ok(Calling::Answer(Box::pin(async {
            // The answer takes a moment, in which the host may be gone.
            tokio::task::yield_now().await;
            outcome
        })))
    }
}
