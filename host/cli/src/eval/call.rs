//! Calls of tools that a case expects, or forbids.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use stockade::{Change, Effect, Entry, Event, Kind, RunState, ToolCall, ToolOutcome};

/// Which calls are meant: `payments`, `payments.refund`, or one with certain arguments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    tool: String,
    /// Without it, any of the tool's.
    function: Option<String>,
    /// Arguments that the call must have; it may have others.
    with: Map<String, Value>,
}

/// The calls of a run, in the order in which they ended, and after them those of which nobody knows the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Calls(Vec<ToolCall>);

impl Call {
    /// Returns whether a call is one that is meant.
    pub(crate) fn is(&self, call: &ToolCall) -> bool {
        let short = call.function.rsplit('.').next().unwrap_or_default();
        let is_named = |name: &String| *name == call.function || name == short;
        call.tool == self.tool
            && self.function.as_ref().is_none_or(is_named)
            && self.with.iter().all(|(name, value)| call.arguments.get(name) == Some(value))
    }

    fn named(name: &str) -> Result<Self, String> {
        let (tool, function) = match name.split_once('.') {
            Some((tool, function)) => (tool, Some(function)),
            None => (name, None),
        };
        if tool.is_empty() || function.is_some_and(str::is_empty) {
            return Err(format!("\"{name}\" names no call; \"payments.refund\" or \"payments\" would"));
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
    pub(crate) fn of(state: &RunState, entries: &[Entry]) -> Self {
        let mut calls: Vec<ToolCall> = entries.iter().filter_map(|entry| ended(state, entry)).cloned().collect();
        for effect in state.under_way_now() {
            match effect {
                Effect::CallTool { call, .. } => calls.push(call.clone()),
                Effect::RunCode { key, .. } => {
                    let open = state.calls(key).all().iter().filter(|call| call.ended.is_none());
                    calls.extend(open.map(|open| open.call.clone()));
                }
                _ => {}
            }
        }
        Self(calls)
    }

    /// Returns the first of the wanted calls that was not made after those before it.
    pub(crate) fn missing<'a>(&self, wanted: &'a [Call]) -> Option<&'a Call> {
        let mut made = self.0.iter();
        wanted.iter().find(|wanted| !made.any(|call| wanted.is(call)))
    }

    /// Returns whether a call was made.
    pub(crate) fn has(&self, call: &Call) -> bool {
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

/// The call that ended here, if one did. One that failed or was cut short was made as well, for all that is known.
fn ended<'a>(state: &'a RunState, entry: &'a Entry) -> Option<&'a ToolCall> {
    let key = match &entry.change {
        Change::Called { call, .. } => return Some(call),
        Change::Stepped { event: Event::ToolReturned { key, outcome }, .. } if was_made(outcome) => key,
        Change::Suspended { cut: Some((key, _)), .. } => key,
        _ => return None,
    };
    match state.effect(key) {
        Some(Effect::CallTool { call, .. }) => Some(call),
        _ => None,
    }
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
    fn a_call_is_meant_by_its_names_and_arguments() {
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

    #[test]
    fn what_names_no_call_is_refused() {
        for (written, says) in [
            (json!(""), "names no call"),
            (json!(".refund"), "names no call"),
            (json!("payments."), "names no call"),
            (json!(7), "expected a call, as in payments.refund"),
            (json!({"call": "payments"}), "missing field `with`"),
            (json!({"call": "payments", "with": {}, "times": 2}), "unknown field `times`"),
        ] {
            let error = serde_json::from_value::<Call>(written.clone()).unwrap_err().to_string();
            assert!(error.contains(says), "{written}: {error}");
        }
    }
}
