//! What the tests of this crate share: refunds of all sorts, and the world that answers them.

pub(crate) mod book;

use proptest::prelude::*;
use serde_json::{Value, json};
use stockade_refund::{Refund, Rules};
use stockade_workflow::{Cents, Decision, Effect, EffectKind, Event, Fault, Kind, Machine, ToolCall, ToolOutcome};

/// A refund and the world it meets: the rules, the purchase, and what happens, in order.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) rules: Rules,
    pub(crate) price_cents: u64,
    pub(crate) days_ago: u32,
    pub(crate) answers: Vec<Answer>,
}

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// What is awaited comes, as its type says: a yes or a no where that is a choice.
    Fitting(bool),
    /// The yes is void when it is to be used; anywhere else, the same as a fitting yes.
    Void,
    /// The awaited tool call ends like this, whatever its type says.
    Outcome(ToolOutcome),
    /// An event happens that the workflow may not have awaited.
    Any(Event),
}

impl Story {
    pub(crate) fn machine(&self) -> Machine {
        Machine::new(Refund { rules: self.rules.clone(), letter: None })
    }

    pub(crate) fn input() -> Value {
        json!({"user_id": "user_123", "request": "not what I expected"})
    }

    /// Returns the event that an answer stands for, where this effect is awaited (none: the run has not begun).
    pub(crate) fn event(&self, answer: &Answer, awaited: Option<&Effect>) -> Event {
        match (answer, awaited) {
            (Answer::Any(event), _) => event.clone(),
            (_, None) => Event::Started { input: Self::input().into() },
            (Answer::Outcome(outcome), Some(effect)) => returned(effect.key(), outcome.clone()),
            (Answer::Void, Some(Effect { key, kind: EffectKind::CallTool { call, .. }, .. }))
                if call.tool == "payments" =>
            {
                returned(key, ToolOutcome::Failed(void()))
            }
            (Answer::Fitting(yes), Some(effect)) => self.fitting(effect, *yes),
            (Answer::Void, Some(effect)) => self.fitting(effect, true),
        }
    }

    fn fitting(&self, effect: &Effect, yes: bool) -> Event {
        match &effect.kind {
            EffectKind::CallTool { call, .. } => {
                returned(effect.key(), ToolOutcome::Returned(self.tool_answer(call, yes).into()))
            }
            _ => decided(effect.key(), yes),
        }
    }

    fn tool_answer(&self, call: &ToolCall, yes: bool) -> Value {
        match call.tool.as_str() {
            "purchases" if yes => {
                json!({"item": "Premium Subscription", "price_cents": self.price_cents, "days_ago": self.days_ago})
            }
            "policy" => json!(yes),
            "payments" => json!({"reference": "re_1"}),
            "letters" => json!("Dear Customer"),
            _ => Value::Null,
        }
    }
}

fn returned(key: &str, outcome: ToolOutcome) -> Event {
    Event::ended(key, outcome)
}

fn decided(key: &str, yes: bool) -> Event {
    let decision = if yes { Decision::approve("mia") } else { Decision::deny("mia") };
    Event::ended(key, decision)
}

/// The fault of a call that was not made because its approval was for something else.
fn void() -> Fault {
    Fault::new(Kind::Approval, "approval \"approval-1\" is void: the tool's grants changed since it was asked for")
        .detail("mismatch")
}

/// Stories of all sorts: prices and days near their limits and far from them, answers that fit and that do not.
pub(crate) fn stories() -> impl Strategy<Value = Story> {
    let rules = (near(30), near64(10_000));
    let rules = rules.prop_map(|(window_days, cents)| {
        let signature = (window_days % 2 == 0).then(|| "Dana of Acme".to_owned());
        Rules { window_days, approval_above: Cents(cents), approval: None, signature }
    });
    rules.prop_flat_map(|rules| {
        let purchase = (near64(rules.approval_above.0), near(rules.window_days));
        (Just(rules), purchase, prop::collection::vec(answers(), 0..16))
            .prop_map(|(rules, (price_cents, days_ago), answers)| Story { rules, price_cents, days_ago, answers })
    })
}

fn near(limit: u32) -> impl Strategy<Value = u32> {
    let close = (limit.saturating_sub(2)..=limit.saturating_add(2)).boxed();
    prop_oneof![6 => close, 1 => Just(0), 1 => Just(u32::MAX), 1 => any::<u32>()]
}

fn near64(limit: u64) -> impl Strategy<Value = u64> {
    let close = (limit.saturating_sub(2)..=limit.saturating_add(2)).boxed();
    prop_oneof![6 => close, 1 => Just(0), 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        12 => prop::bool::weighted(0.7).prop_map(Answer::Fitting),
        3 => Just(Answer::Void),
        1 => outcomes().prop_map(Answer::Outcome),
        1 => Just(Answer::Outcome(ToolOutcome::Unknown(void()))),
        3 => events().prop_map(Answer::Any),
    ]
}

/// Any event, under any key that the refund workflow uses and some that it does not.
pub(crate) fn events() -> impl Strategy<Value = Event> {
    const KEYS: &[&str] = &[
        "purchase",
        "window",
        "limit",
        "refund",
        "refund-again",
        "letter",
        "approval-0",
        "approval-1",
        "approval-2",
        "approval-3",
        "",
        "REFUND",
        "refund-again-again",
    ];
    let key = || prop::sample::select(KEYS);
    prop_oneof![
        1 => prop_oneof![Just(Story::input()), values()].prop_map(|input| Event::Started { input: input.into() }),
        4 => (key(), outcomes()).prop_map(|(key, outcome)| returned(key, outcome)),
        3 => (key(), any::<bool>()).prop_map(|(key, yes)| decided(key, yes)),
    ]
}

fn outcomes() -> impl Strategy<Value = ToolOutcome> {
    prop_oneof![
        3 => values().prop_map(|value| ToolOutcome::Returned(value.into())),
        2 => faults().prop_map(ToolOutcome::Failed),
        1 => faults().prop_map(ToolOutcome::Unknown),
    ]
}

fn faults() -> impl Strategy<Value = Fault> {
    const KINDS: &[Kind] = &[
        Kind::Fuel,
        Kind::Deadline,
        Kind::Memory,
        Kind::Denied,
        Kind::Invalid,
        Kind::Trap,
        Kind::GuestError,
        Kind::Approval,
        Kind::Approval,
        Kind::UnknownOutcome,
        Kind::HostBug,
    ];
    const DETAILS: &[&str] = &["mismatch", "mismatch", "spent", "pending", "rejected"];
    let detail = prop::option::of(prop::sample::select(DETAILS));
    let limit = prop::option::of((any::<u64>(), any::<u64>()));
    (prop::sample::select(KINDS), detail, limit, ".{0,8}").prop_map(|(kind, detail, limit, message)| {
        let mut fault = match limit {
            Some((allowed, used)) => Fault::limit(kind, "fuel", allowed, used, message),
            None => Fault::new(kind, message),
        };
        fault.detail = detail.map(str::to_owned);
        fault
    })
}

/// What a tool may say: the right thing of the wrong size, the wrong thing, and any JSON at all.
fn values() -> impl Strategy<Value = Value> {
    let purchases = (any::<i64>(), any::<i64>()).prop_map(
        |(price, days)| json!({"item": "x", "price_cents": price, "days_ago": days, "needs_approval": false}),
    );
    prop_oneof![
        2 => any::<bool>().prop_map(Value::from),
        2 => Just(Value::Null),
        2 => purchases,
        1 => ".{0,4}".prop_map(|reference| json!({"reference": reference})),
        3 => any_json(),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}
