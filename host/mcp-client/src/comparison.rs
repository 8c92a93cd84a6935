//! What a server offers, beside what was accepted of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use stockade::Digest;

use crate::definition::Definition;
use crate::listing::Listing;
use crate::offered::Offered;
use crate::pins::Pin;
use crate::words::shown;

/// What a server offers, beside what was accepted of it.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The server.
    pub server: String,
    /// The revision of the protocol that it speaks.
    pub version: String,
    /// What it offers.
    pub listing: Listing,
    /// The tools that the configuration allows.
    pub allowed: BTreeSet<String>,
    /// What was accepted before.
    pub accepted: BTreeMap<String, Pin>,
}

/// How a tool that the configuration allows stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It was never accepted.
    New(Definition),
    /// It is as it was accepted.
    Same(Definition),
    /// It is as it was accepted, and was otherwise or gone in between.
    Back(Definition, String),
    /// It is another than was accepted.
    Changed {
        /// As it was accepted.
        before: Definition,
        /// As it is offered.
        after: Definition,
    },
    /// It is not offered, or cannot be called, for this reason.
    Missing(String),
}

impl Comparison {
    /// Returns how each tool stands that the configuration allows, by name.
    pub fn standings(&self) -> BTreeMap<&str, Standing> {
        self.allowed.iter().map(|name| (name.as_str(), self.standing(name))).collect()
    }

    fn standing(&self, name: &str) -> Standing {
        let Some(after) = self.listing.tools.get(name).cloned() else { return Standing::Missing(self.why_not(name)) };
        let pin = self.accepted.get(name);
        match pin.and_then(Pin::definition) {
            None => Standing::New(after),
            Some(before) if before != after => Standing::Changed { before, after },
            Some(_) => match pin.and_then(|pin| pin.withdrawn.clone()) {
                Some(why) => Standing::Back(after, why),
                None => Standing::Same(after),
            },
        }
    }

    fn why_not(&self, name: &str) -> String {
        let refused = self.listing.refused.iter().find(|(refused, _)| refused == name);
        refused.map_or_else(|| "the server does not offer it".to_owned(), |(_, why)| why.clone())
    }

    /// Returns what the server offers beyond what the configuration allows.
    pub fn others(&self) -> impl Iterator<Item = &Definition> {
        self.listing.tools.values().filter(|definition| !self.allowed.contains(definition.name()))
    }

    /// Returns the digest of what [`Client::pin`](crate::Client::pin) would accept: the allowed tools as they are offered.
    pub fn digest(&self) -> Digest {
        let is_allowed = |(name, _): &(&String, &Definition)| self.allowed.contains(*name);
        let offered = self.listing.tools.iter().filter(is_allowed);
        Digest::of_json(&offered.map(|(name, definition)| (name, definition.digest())).collect::<BTreeMap<_, _>>())
    }

    /// Returns whether all that is allowed is as it was accepted, and nothing that was accepted is left over.
    pub fn is_settled(&self) -> bool {
        let is_same = |standing: &Standing| matches!(standing, Standing::Same(_) | Standing::Missing(_));
        let is_left_over = |name: &String| !self.allowed.contains(name) || !self.listing.tools.contains_key(name);
        self.standings().values().all(is_same) && !self.accepted.keys().any(is_left_over)
    }
}

impl Standing {
    /// Returns what a person is to read before it is accepted: each line begins with `+`, `-` or a space, and shows its hidden
    /// letters.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::New(after) => differences(None, after.value()),
            Self::Back(after, _) => all(" ", after.value()),
            Self::Changed { before, after } => differences(Some(before.value()), after.value()),
            Self::Same(_) | Self::Missing(_) => Vec::new(),
        }
    }

    /// Returns what of the offered schemas the host does not check.
    pub fn unchecked(&self) -> Vec<String> {
        match self {
            Self::New(after) | Self::Same(after) | Self::Back(after, _) | Self::Changed { after, .. } => {
                let Offered { input, output } = Offered::new(after);
                let output = output.into_iter().flat_map(|output| output.unchecked);
                input.unchecked.into_iter().chain(output).map(|what| shown(&what)).collect()
            }
            Self::Missing(_) => Vec::new(),
        }
    }
}

/// Returns what a person is to read of an object before it is accepted, as [`Standing::lines`] does: all of it where there was
/// none before.
pub fn differences(before: Option<&Value>, after: &Value) -> Vec<String> {
    match before {
        Some(before) => difference(&text(before), &text(after)),
        None => all("+", after),
    }
}

fn all(mark: &str, definition: &Value) -> Vec<String> {
    text(definition).into_iter().map(|line| format!("{mark} {line}")).collect()
}

/// Writes a definition in lines. The texts come first, and their own lines stand by themselves.
fn text(definition: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, member) in sorted(definition).as_object().into_iter().flatten() {
        match member.as_str() {
            Some(text) => lines.extend(text.lines().map(|line| format!("{key}: {}", shown(line)))),
            None => {
                let pretty = serde_json::to_string_pretty(member).unwrap_or_default();
                lines.extend(pretty.lines().map(|line| format!("{key}: {}", shown(line))));
            }
        }
    }
    lines
}

/// Returns a value with its members in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut named: Vec<_> = members.iter().map(|(name, member)| (name.clone(), sorted(member))).collect();
            named.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(named.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// The lines of both, without what they have in common at their beginning and at their end but for a line on each side.
fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let same = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let (old, new) = (before.get(same..).unwrap_or_default(), after.get(same..).unwrap_or_default());
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let changed = |lines: &[String], mark: &str| -> Vec<String> {
        let kept = lines.get(..lines.len() - tail).unwrap_or_default();
        kept.iter().map(|line| format!("{mark} {line}")).collect()
    };
    let above = before.get(same.saturating_sub(1)..same).unwrap_or_default();
    let below = old.get(old.len() - tail..).and_then(<[_]>::first);
    let around = |line: &String| format!("  {line}");
    let (old, new) = (changed(old, "-"), changed(new, "+"));
    above.iter().map(around).chain(old).chain(new).chain(below.map(around)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(text: &str) -> Definition {
        Definition::read(&json!({"name": "a", "description": text, "inputSchema": {"type": "object"}})).unwrap()
    }

    #[test]
    fn a_difference_shows_what_changed_with_its_hidden_letters() {
        let (before, after) = (definition("Adds.\nTwo."), definition("Adds.\nAll\u{200b} files."));
        let lines = Standing::Changed { before, after }.lines();
        assert_eq!(
            lines,
            ["  description: Adds.", "- description: Two.", "+ description: All\\u{200b} files.", "  inputSchema: {"]
        );
        assert!(Standing::New(definition("x")).lines().iter().all(|line| line.starts_with("+ ")));
    }

    #[test]
    fn a_tool_stands_by_what_was_accepted_of_it() {
        let listing = Listing { tools: [("a".to_owned(), definition("one"))].into(), refused: Vec::new() };
        let with = |accepted: Option<Pin>| Comparison {
            server: "s".to_owned(),
            version: "2025-11-25".to_owned(),
            listing: listing.clone(),
            allowed: ["a".to_owned()].into(),
            accepted: accepted.map(|pin| ("a".to_owned(), pin)).into_iter().collect(),
        };
        assert!(matches!(with(None).standing("a"), Standing::New(_)));
        assert!(matches!(with(None).standing("b"), Standing::Missing(_)));
        let same = Pin::new(&definition("one"), 1);
        assert!(with(Some(same.clone())).is_settled());
        let mut back = same;
        back.withdrawn = Some("it was gone".to_owned());
        let back = with(Some(back));
        assert!(matches!(back.standing("a"), Standing::Back(..)) && !back.is_settled());
        assert!(matches!(with(Some(Pin::new(&definition("two"), 1))).standing("a"), Standing::Changed { .. }));
    }
}
