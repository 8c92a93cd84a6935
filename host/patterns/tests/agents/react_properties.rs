//! What holds of every agent, whatever its model writes and whatever its tools and people answer.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use stockade_patterns::React;
use stockade_workflow::{
    Decision, Effect, EffectKind, End, Event, Fault, FinishReason, Kind, Machine, Message, ModelCall, Reply,
    ToolOutcome,
};

use super::world::{World, text};

/// What a model may ask for: some of it offered, some of it to be asked for, most of it neither.
const NAMES: &[&str] = &[
    "stock.count",
    "stock.list",
    "payments.refund",
    "payments.refund\n",
    "admin.x",
    "run_code",
    "stock",
    "",
    "__proto__",
];
/// More events than any of these runs can have: each turn has a summary, a question, and up to four for each call.
const EVENTS_MAX: usize = 6 * (2 + 3 * 4);

/// Everything that happens to an agent, taken in turn and from the start again.
#[derive(Clone, Debug)]
struct Luck {
    replies: Vec<Reply>,
    outcomes: Vec<u8>,
    /// Which of the open effects comes next.
    order: Vec<prop::sample::Index>,
}

fn machine() -> Machine {
    let spec = json!({
        "tools": ["stock", "payments"], "ask": ["payments"],
        "steps_max": 6, "calls_max": 3, "window": 1_000, "summarise": true,
    });
    Machine::new(React::new("helper", serde_json::from_value(spec).unwrap()).unwrap())
}

fn replies() -> impl Strategy<Value = Reply> {
    let arguments = prop_oneof![
        4 => (0..3).prop_map(|item| json!({"item": item})),
        1 => Just(json!("{")),
        1 => Just(Value::Null),
    ];
    let call = (prop::sample::select(NAMES), arguments, prop::sample::select(&["a", "b", "c", "d", ""][..]));
    let call = call.prop_map(|(name, arguments, id)| ModelCall { id: id.to_owned(), name: name.to_owned(), arguments });
    let stops = prop_oneof![8 => Just(FinishReason::Called), 4 => Just(FinishReason::Ended), 2 => Just(FinishReason::Length), 1 => Just(FinishReason::Refused)];
    let texts = prop_oneof![3 => Just(0), 1 => Just(5), 1 => Just(900)];
    (prop::collection::vec(call, 0..6), stops, texts).prop_map(|(calls, stop, length)| Reply {
        calls,
        stop,
        ..text("x".repeat(length))
    })
}

fn luck() -> impl Strategy<Value = Luck> {
    let (replies, outcomes) = (prop::collection::vec(replies(), 1..6), prop::collection::vec(0..8u8, 1..8));
    let order = prop::collection::vec(any::<prop::sample::Index>(), 1..8);
    (replies, outcomes, order).prop_map(|(replies, outcomes, order)| Luck { replies, outcomes, order })
}

/// Plays a run to its end.
fn play(luck: &Luck) -> World {
    let mut world = World::open(machine(), json!({"task": "count"}));
    let mut replies = luck.replies.iter().cycle();
    for (outcome, order) in luck.outcomes.iter().cycle().zip(luck.order.iter().cycle()).take(EVENTS_MAX) {
        if world.is_over() {
            break;
        }
        let keys = world.keys();
        assert!(!keys.is_empty(), "it waits for nothing");
        let key = &keys[order.index(keys.len())];
        let effect = world.effect(key);
        match effect.kind {
            EffectKind::AskModel(_) => drop(world.says(replies.next().cloned().unwrap())),
            _ => world.give(answer(&effect, *outcome)),
        }
    }
    world
}

fn answer(effect: &Effect, luck: u8) -> Event {
    let key = effect.key();
    if effect.is_question() {
        let decision = if luck < 5 { Decision::approve("mia") } else { Decision::deny("mia") };
        return Event::ended(key, decision);
    }
    let outcome = match luck {
        0 => ToolOutcome::Unknown(Fault::new(Kind::UnknownOutcome, "nobody knows")),
        1 | 2 => ToolOutcome::Failed(Fault::new(Kind::Approval, "void").detail("mismatch")),
        3 => ToolOutcome::Failed(Fault::new(Kind::Trap, "unreachable")),
        luck => ToolOutcome::Returned(json!("z".repeat(usize::from(luck) * 100)).into()),
    };
    Event::ended(key, outcome)
}

/// Whether what each call came to follows it, with its id and in its place.
fn is_whole(messages: &[Message]) -> bool {
    let mut open = Vec::new();
    for message in messages {
        match message {
            Message::Tool { id, .. } if open.first() == Some(id) => drop(open.remove(0)),
            Message::Tool { .. } => return false,
            _ if !open.is_empty() => return false,
            Message::Assistant { calls, .. } => open.extend(calls.iter().map(|call| call.id.clone())),
            Message::User { .. } => {}
        }
    }
    open.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_run_ends_within_its_bounds(luck in luck()) {
        let world = play(&luck);
        let questions = world.effects.iter().filter(|effect| matches!(effect.kind, EffectKind::AskModel(_))).count();
        prop_assert!(questions <= 2 * 6);
        match world.end() {
            None => prop_assert!(false, "it goes on"),
            Some(End::Done(output)) => prop_assert!(!output.value()["answer"].as_str().unwrap().is_empty()),
            Some(End::Failed(fault)) => prop_assert!(matches!(fault.kind, Kind::Agent | Kind::Model | Kind::UnknownOutcome)),
        }
    }

    #[test]
    fn nothing_is_called_that_is_not_offered_or_not_said_yes_to(luck in luck()) {
        let world = play(&luck);
        let asked: BTreeMap<_, _> = world.effects.iter().filter_map(|effect| match &effect.kind {
            EffectKind::RequestApproval { call, .. } => Some((&effect.key, call)),
            _ => None,
        }).collect();
        for effect in &world.effects {
            match &effect.kind {
                EffectKind::CallTool { call, approval } => {
                    prop_assert!(call.arguments.value().is_object());
                    let name = [&*call.tool, &*call.function].join(".");
                    prop_assert!(NAMES[..3].contains(&&*name), "{}", name);
                    // That it was a yes, and a new one, the journal has checked.
                    let seen = approval.as_ref().and_then(|approval| asked.get(approval).copied());
                    prop_assert_eq!(seen, (call.tool == "payments").then_some(call));
                }
                EffectKind::RequestApproval { call, .. } => prop_assert_eq!(&*call.tool, "payments"),
                EffectKind::AskModel(question) => prop_assert!(is_whole(&question.messages), "{:?}", question.messages),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
