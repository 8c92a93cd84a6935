//! Calls of tools that a case expects, or forbids.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use stockade::{Change, EffectKind, EffectOutcome, Entry, Event, Kind, RunState, ToolCall, ToolOutcome};

/// A pattern of calls: `payments`, `payments.refund`, or a call with certain arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    tool: String,
    /// The function; without it, any function of the tool.
    function: Option<String>,
    /// Arguments that the call must have; it may have others.
    with: Map<String, Value>,
}

/// The calls of a run, in the order in which they ended; the calls whose end is not known come last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls(Vec<ToolCall>);

impl Call {
    /// Returns whether the pattern matches a call.
    pub fn is(&self, call: &ToolCall) -> bool {
        let short = call.function.rsplit('.').next().unwrap_or_default();
        let is_named = |name: &String| *name == call.function || name == short;
        call.tool == self.tool
            && self.function.as_ref().is_none_or(is_named)
            && self.with.iter().all(|(name, value)| call.arguments.member(name).is_some_and(|given| given == *value))
    }

    fn named(name: &str) -> Result<Self, String> {
        let (tool, function) = match name.split_once('.') {
            Some((tool, function)) => (tool, Some(function)),
            None => (name, None),
        };
        if tool.is_empty() || function.is_some_and(str::is_empty) {
            return Err(format!("\"{name}\" does not name a call, as \"payments.refund\" and \"payments\" do"));
        }
        Ok(Self { tool: tool.to_owned(), function: function.map(str::to_owned), with: Map::new() })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tool)?;
        self.function.iter().try_for_each(|function| write!(f, ".{function}"))?;
        if self.with.is_empty() { Ok(()) } else { write!(f, " with {}", Value::Object(self.with.clone())) }
    }
}

impl Calls {
    /// Reads the calls of a run out of its journal, those that code made too.
    pub fn of(state: &RunState, entries: &[Entry]) -> Self {
        let mut calls: Vec<ToolCall> = entries.iter().filter_map(|entry| ended(state, entry)).cloned().collect();
        for effect in state.in_flight() {
            match &effect.kind {
                EffectKind::CallTool { call, .. } => calls.push(call.clone()),
                EffectKind::RunCode(_) => {
                    let open = state.calls(effect.key()).iter().filter(|call| call.ended.is_none());
                    calls.extend(open.map(|open| open.call.clone()));
                }
                EffectKind::AskModel(_)
                | EffectKind::Remember(_)
                | EffectKind::Recall(_)
                | EffectKind::ReadResult(_)
                | EffectKind::RequestApproval { .. }
                | EffectKind::Sleep(_)
                | EffectKind::AwaitSignal(_)
                | EffectKind::StartRuns(_) => {}
            }
        }
        Self(calls)
    }

    /// Returns the first of the wanted calls that was not made after those before it.
    pub fn missing<'a>(&self, wanted: &'a [Call]) -> Option<&'a Call> {
        let mut made = self.0.iter();
        wanted.iter().find(|wanted| !made.any(|call| wanted.is(call)))
    }

    /// Returns whether a call was made.
    pub fn has(&self, call: &Call) -> bool {
        self.0.iter().any(|made| call.is(made))
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|call| format!("{}.{}", call.tool, call.function)).collect();
        f.write_str(if names.is_empty() { "none" } else { "" })?;
        f.write_str(&names.join(", "))
    }
}

impl FromIterator<ToolCall> for Calls {
    fn from_iter<I: IntoIterator<Item = ToolCall>>(calls: I) -> Self {
        Self(calls.into_iter().collect())
    }
}

/// Returns the call that ended with an entry, if one did. A call that failed or was cut short counts, because it may have been
/// made.
fn ended<'a>(state: &'a RunState, entry: &'a Entry) -> Option<&'a ToolCall> {
    let key = match &entry.change {
        Change::Called { call, .. } => return Some(call),
        Change::Stepped { event: Event::Ended { key, outcome: EffectOutcome::ToolReturned(outcome) }, .. }
            if was_made(outcome) =>
        {
            key
        }
        Change::Suspended { cut: Some((key, _)), .. } => key,
        _ => return None,
    };
    let EffectKind::CallTool { call, .. } = &state.effect(key)?.kind else { return None };
    Some(call)
}

fn was_made(outcome: &ToolOutcome) -> bool {
    !matches!(outcome, ToolOutcome::Failed(fault) if fault.kind == Kind::Approval)
}

impl<'de> Deserialize<'de> for Call {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }
}

struct NameOrTable;

/// A call with the arguments that it must have.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    call: String,
    with: Map<String, Value>,
}

impl<'de> Visitor<'de> for NameOrTable {
    type Value = Call;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a call, as in payments.refund or {call: payments.refund, with: {user_id: user_1}}")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Call, E> {
        Call::named(name).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Call, A::Error> {
        let written = Written::deserialize(de::value::MapAccessDeserializer::new(table))?;
        Ok(Call { with: written.with, ..Call::named(&written.call).map_err(de::Error::custom)? })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade::{Budget, Code, Currency, Effect, Exceeded, Fault, Usage};

    use super::*;

    fn call(written: Value) -> Call {
        serde_json::from_value(written).unwrap()
    }

    fn calls() -> Calls {
        [
            ToolCall::new("purchases", "find", json!({"user_id": "a"})),
            ToolCall::new("payments", "shop:payments/api.refund", json!({"user_id": "a", "cents": 7})),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn a_pattern_matches_names_and_arguments() {
        for (written, is) in [
            (json!("payments"), true),
            (json!("payments.refund"), true),
            (json!("payments.shop:payments/api.refund"), true),
            (json!("payments.pay"), false),
            (json!("refund"), false),
            (json!({"call": "payments.refund", "with": {"cents": 7}}), true),
            (json!({"call": "payments.refund", "with": {"cents": 8}}), false),
            (json!({"call": "payments", "with": {"dollars": 7}}), false),
        ] {
            assert_eq!(calls().has(&call(written.clone())), is, "{written}");
        }
    }

    #[test]
    fn wanted_calls_follow_one_another() {
        let [find, refund, pay] = ["purchases.find", "payments.refund", "payments.pay"].map(|name| call(json!(name)));
        assert_eq!(calls().missing(&[find.clone(), refund.clone()]), None);
        assert_eq!(calls().missing(std::slice::from_ref(&refund)), None);
        assert_eq!(calls().missing(&[refund.clone(), find.clone()]), Some(&find));
        assert_eq!(calls().missing(&[find.clone(), find.clone()]), Some(&find));
        assert_eq!(calls().missing(std::slice::from_ref(&pay)), Some(&pay));
    }

    /// A run that wants these effects; its last entries say how they ended.
    fn run(effects: Vec<Effect>, changes: Vec<Change>) -> Calls {
        let (input, budget, origin) = (json!(1).into(), Budget::default(), stockade::Origin::default());
        let created = Change::Created { workflow: "w".into(), version: 1, input, budget, origin };
        let started = stepped(Event::Started { input: json!(1).into() }, effects);
        let changes = [vec![created, started], changes].concat();
        let run = super::super::result::tests::run();
        let entries = changes.into_iter().zip(1..).map(|(change, seq)| Entry { run, seq, at_ms: 1, change });
        let entries: Vec<_> = entries.collect();
        Calls::of(&RunState::fold(run, &entries).unwrap(), &entries)
    }

    fn stepped(event: Event, effects: Vec<Effect>) -> Change {
        let (used, position, state) = (Usage::default(), "A".to_owned(), json!(1));
        Change::Stepped { event, used, position, state, log: vec![], effects, slices: vec![], end: None }
    }

    fn began(key: &str) -> Change {
        Change::Reserved { key: key.into(), amount: Usage::default(), consumes: None, labels: vec![], due_ms: None }
    }

    fn returned(key: &str, outcome: ToolOutcome) -> Change {
        stepped(Event::ended(key, outcome), vec![])
    }

    #[test]
    fn every_call_that_may_have_been_made_is_one() {
        let wants = || ["a", "b"].map(|tool| Effect::call(tool, ToolCall::new(tool, "f", json!({})))).to_vec();
        let fails = |kind| ToolOutcome::Failed(Fault::new(kind, "no"));
        let exceeded = Exceeded { limit: Currency::Fuel, allowed: 1, used: 2 };
        for (changes, calls) in [
            (vec![], "none"),
            (vec![began("b"), returned("b", ToolOutcome::Returned(json!(1).into())), began("a")], "b.f, a.f"),
            (vec![began("a"), returned("a", fails(Kind::Trap))], "a.f"),
            (vec![began("a"), returned("a", fails(Kind::Approval))], "none"),
            (
                vec![
                    began("a"),
                    Change::Suspended { exceeded, cut: Some(("a".into(), Usage::default())), budget: None },
                ],
                "a.f",
            ),
        ] {
            assert_eq!(run(wants(), changes.clone()).to_string(), calls, "{changes:?}");
        }
    }

    #[test]
    fn the_calls_that_code_made_are_among_them() {
        let code = Effect::run_code("code", Code::new("javascript", "…"));
        let [first, open] = ["a", "b"].map(|tool| ToolCall::new(tool, "f", json!({})));
        let (outcome, used) = (ToolOutcome::Returned(json!(1).into()), Usage::default());
        let ended = Change::Called { key: "code".into(), number: 0, call: first, outcome, used };
        let calling = Change::Calling { key: "code".into(), number: 1, call: open };
        assert_eq!(run(vec![code], vec![began("code"), ended, calling]).to_string(), "a.f, b.f");
    }

    #[test]
    fn a_text_that_does_not_name_a_call_is_refused() {
        for (written, says) in [
            (json!(""), "does not name a call"),
            (json!(".refund"), "does not name a call"),
            (json!("payments."), "does not name a call"),
            (json!(7), "expected a call, as in payments.refund"),
            (json!({"call": "payments"}), "missing field `with`"),
            (json!({"call": "payments", "with": {}, "times": 2}), "unknown field `times`"),
        ] {
            let error = serde_json::from_value::<Call>(written.clone()).unwrap_err().to_string();
            assert!(error.contains(says), "{written}: {error}");
        }
    }
}
