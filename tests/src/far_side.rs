//! What is outside of the host, in the memory of a test: it books what its tools are told, once for each key. A test may have its
//! calls go wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockade::callable::{Call, Callable, Calling, Nature, Outcome, Place, ToolFunction};
use stockade::{Builder, Digest, Fault, Kind, Usage};

/// The far side. Its clones are one.
#[derive(Clone, Default)]
pub struct FarSide(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    /// What was booked, by key.
    booked: BTreeMap<String, Vec<String>>,
    /// How often something was sold, by key: the till does not tell a repetition.
    sold: BTreeMap<String, usize>,
    weather: Option<Weather>,
    /// How often a call failed, by key.
    failed: BTreeMap<String, usize>,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It is not done, and fails; the host cannot know that it is not.
    Fails,
    /// It is done, and its answer is lost.
    AnswerIsLost,
    /// It is done, and answered after so many turns of others.
    IsLate(u64),
}

impl Mishap {
    fn fails(self) -> bool {
        match self {
            Self::Fails | Self::AnswerIsLost => true,
            Self::IsLate(_) => false,
        }
    }
}

/// Says what goes wrong with the next call.
pub type Weather = Box<dyn FnMut() -> Option<Mishap> + Send>;

/// How often a call may fail under one key: fewer times than it is tried.
const FAILURES_MAX: usize = 2;

/// What a call does: what it books, if anything, and what it answers.
type Act = fn(key: &str, arguments: &Value) -> (Option<String>, Result<Value, Fault>);

/// The tool that tells its results later.
pub const LATER: &str = "later";

/// The tool that sells, as often as it is called: it tells no repetition.
pub const TILL: &str = "till";

impl FarSide {
    /// Adds the tools to a host: those of the shop, a desk, one that tells its results later, and a till.
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
            .callable(TILL, tool(TILL, &[("do", sell)], &books))
            .idempotent("payments")
            .idempotent("desk")
            .idempotent(LATER)
    }

    /// Returns what was booked, in order; twice what was booked under two keys, or anew under one.
    pub fn booked(&self) -> Vec<String> {
        let mut booked: Vec<_> = self.0.lock().unwrap().booked.values().flatten().cloned().collect();
        booked.sort();
        booked
    }

    /// Returns the tokens under which results are to be told.
    pub fn promised(&self) -> Vec<String> {
        let booked = &self.0.lock().unwrap().booked;
        let is_promised = |(_, booked): &(&String, &Vec<String>)| booked.iter().any(|what| what.starts_with(LATER));
        booked.iter().filter(is_promised).map(|(key, _)| key.clone()).collect()
    }

    /// Returns how often the till sold under a key.
    pub fn sold(&self, key: &str) -> usize {
        self.0.lock().unwrap().sold.get(key).copied().unwrap_or_default()
    }

    /// Lets calls go wrong from now on, as this says; without it, none does.
    pub fn set_weather(&self, weather: Option<Weather>) {
        self.0.lock().unwrap().weather = weather;
    }

    /// Forgets all, and lets nothing go wrong.
    pub fn clear(&self) {
        *self.0.lock().unwrap() = Books::default();
    }

    fn book(&self, key: &str, what: String) {
        let books = &mut *self.0.lock().unwrap();
        if what == TILL {
            *books.sold.entry(key.to_owned()).or_default() += 1;
            return;
        }
        let under = books.booked.entry(key.to_owned()).or_default();
        if !under.contains(&what) {
            under.push(what);
        }
    }

    /// Says what goes wrong with a call under this key.
    fn mishap(&self, key: &str) -> Option<Mishap> {
        let Books { weather, failed, .. } = &mut *self.0.lock().unwrap();
        let mishap = weather.as_mut()?()?;
        if mishap.fails() {
            let times = failed.entry(key.to_owned()).or_default();
            if *times == FAILURES_MAX {
                return None;
            }
            *times += 1;
        }
        Some(mishap)
    }
}

/// What the till answers.
pub fn receipt() -> Value {
    json!({"receipt": "r_1"})
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

fn sell(_: &str, _: &Value) -> (Option<String>, Result<Value, Fault>) {
    (Some(TILL.to_owned()), Ok(receipt()))
}

fn no_answer() -> Fault {
    Fault::new(Kind::Trap, "no answer came")
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
        let (books, answer) = act(call.idempotency_key, call.arguments);
        let mishap = self.far.mishap(call.idempotency_key);
        if let Some(what) = books.filter(|_| mishap != Some(Mishap::Fails)) {
            self.far.book(call.idempotency_key, what);
        }
        let (result, turns) = match mishap {
            None => (answer, 1),
            Some(Mishap::Fails | Mishap::AnswerIsLost) => (Err(no_answer()), 1),
            Some(Mishap::IsLate(turns)) => (answer, turns),
        };
        let usage = Usage::default().tool_calls(1);
        let outcome = Outcome::new(result, usage);
        Ok(Calling::Answer(Box::pin(async move {
            // The answer takes a moment, in which the host may be gone.
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            outcome
        })))
    }
}
