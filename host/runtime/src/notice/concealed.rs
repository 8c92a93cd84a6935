use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::Value;

/// The shortest value of a secret that is looked for: a shorter one is part of many a word.
const BYTES_MIN: usize = 8;

/// The secrets that no message has, wherever their values come from.
pub(super) struct Concealed(Vec<(String, String)>);

impl Concealed {
    pub(super) fn new(secrets: &BTreeMap<String, String>) -> Self {
        let long = secrets.iter().filter(|(_, value)| value.len() >= BYTES_MIN);
        let mut all: Vec<_> = long.map(|(name, value)| (name.clone(), value.clone())).collect();
        // One may be a part of another.
        all.sort_by_key(|(_, value)| Reverse(value.len()));
        Self(all)
    }

    /// Returns a text with the names of secrets in the place of their values.
    pub(super) fn text(&self, text: &str) -> String {
        let named = |text: String, (name, value): &(String, String)| text.replace(value, &format!("[secret {name}]"));
        self.0.iter().fold(text.to_owned(), named)
    }

    /// Returns JSON so, whose texts and names of members may have secrets.
    pub(super) fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (self.text(&name), self.json(value))).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_named_wherever_it_is_and_a_short_one_is_not_looked_for() {
        let secrets = [("a", "sk_live_1"), ("b", "sk_live_1234"), ("c", "7")];
        let secrets = secrets.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let concealed = Concealed::new(&secrets);
        let (has, says) = (
            json!({"x": ["key=sk_live_1234!", 7], "sk_live_1": {"y": "sk_live_1"}, "z": null}),
            json!({"x": ["key=[secret b]!", 7], "[secret a]": {"y": "[secret a]"}, "z": null}),
        );
        assert_eq!(concealed.json(has), says);
    }
}
