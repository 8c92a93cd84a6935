//! Rules about a place of an output.

use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};
use stockade::schema::Schema;

use super::quoted;

/// One rule: what must be at a place of the output, or must not.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub struct Rule {
    at: String,
    not: bool,
    test: Test,
    name: String,
}

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// A JSON pointer; without it, the whole output.
    #[serde(default)]
    at: String,
    #[serde(default)]
    not: bool,
    #[serde(default)]
    ignore_case: bool,
    #[serde(default, deserialize_with = "present")]
    equals: Option<Value>,
    one_of: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "present")]
    contains: Option<Value>,
    matches: Option<String>,
    exists: Option<bool>,
}

#[derive(Clone, Debug)]
enum Test {
    /// The value is equal, or one of several.
    Fits(Schema),
    /// The text contains this one; if the case is ignored, both are in small letters.
    HasText { text: String, ignore_case: bool },
    /// The list has an equal item, or the text contains the value as JSON writes it.
    HasItem { item: Value, equal: Schema },
    /// The text matches.
    Matches(Regex),
    /// There is something at the place, or nothing.
    Exists(bool),
}

impl Rule {
    /// Returns what the rule is called in a report.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns why an output breaks the rule, if it does.
    ///
    /// A place that does not exist breaks every rule but `exists`, with `not` too: otherwise a rule about a misspelt place
    /// would always hold.
    pub fn broken_by(&self, output: &Value) -> Option<String> {
        let found = output.pointer(&self.at);
        if let Test::Exists(wanted) = self.test {
            let why =
                found.map_or("there is nothing".to_owned(), |value| format!("it is {}", quoted(&value.to_string())));
            return (found.is_some() != wanted).then_some(why);
        }
        let Some(value) = found else { return Some(format!("there is nothing at \"{}\"", self.at)) };
        (self.test.is_met_by(value) == self.not).then(|| format!("it is {}", quoted(&value.to_string())))
    }
}

impl Test {
    fn is_met_by(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Fits(schema), value) => schema.accepts(value),
            (Self::HasText { text, ignore_case: true }, Value::String(found)) => {
                found.to_lowercase().contains(&text.to_lowercase())
            }
            (Self::HasText { text, .. }, Value::String(found)) => found.contains(text),
            (Self::HasText { text, .. }, Value::Array(items)) => items.iter().any(|item| item == text),
            (Self::HasItem { equal, .. }, Value::Array(items)) => items.iter().any(|item| equal.accepts(item)),
            (Self::HasItem { item, .. }, Value::String(found)) => found.contains(&item.to_string()),
            (Self::Matches(expression), Value::String(found)) => expression.is_match(found),
            (Self::HasText { .. } | Self::HasItem { .. } | Self::Matches(_), _) => false,
            // It asks about the place and not about a value, and is answered before.
            (Self::Exists(wanted), _) => *wanted,
        }
    }
}

impl TryFrom<Written> for Rule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { at, not, ignore_case, equals, one_of, contains, matches, exists } = written;
        if !(at.is_empty() || at.starts_with('/')) {
            return Err(format!("`at` is a JSON pointer, as in \"/{at}\", and not \"{at}\""));
        }
        if ignore_case && !matches!(&contains, Some(Value::String(_))) {
            return Err("`ignore_case` belongs to a text in `contains`".to_owned());
        }
        if not && exists.is_some() {
            return Err("`exists: false` says it without `not`".to_owned());
        }
        let tests = [
            equals.map(|value| (label("equals", &value), fits(&json!({ "const": value })))),
            one_of.map(|values| (label("one of", &json!(values)), fits(&json!({ "enum": values })))),
            contains.map(|value| (label("contains", &value), has(value, ignore_case))),
            matches.map(|text| (label("matches", &json!(text)), expression(&text))),
            exists.map(|wanted| {
                ((if wanted { "exists" } else { "does not exist" }).to_owned(), Ok(Test::Exists(wanted)))
            }),
        ];
        let mut tests = tests.into_iter().flatten();
        let (Some((label, test)), None) = (tests.next(), tests.next()) else {
            return Err("a rule has exactly one of `equals`, `one_of`, `contains`, `matches`, `exists`".to_owned());
        };
        let name =
            format!("output{}{at} {}{label}", if at.is_empty() { "" } else { " " }, if not { "not " } else { "" });
        Ok(Self { at, not, test: test?, name })
    }
}

fn label(verb: &str, value: &Value) -> String {
    format!("{verb} {}", quoted(&value.to_string()))
}

fn has(value: Value, ignore_case: bool) -> Result<Test, String> {
    Ok(match value {
        Value::String(text) => Test::HasText { text, ignore_case },
        item => Test::HasItem { equal: Schema::new(&json!({ "const": item }))?, item },
    })
}

fn expression(text: &str) -> Result<Test, String> {
    Regex::new(text).map(Test::Matches).map_err(|error| {
        // The last line says why; those before it draw the place.
        let why = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
        format!("`matches` is not a valid regular expression: {why}")
    })
}

fn fits(schema: &Value) -> Result<Test, String> {
    Schema::new(schema).map(Test::Fits)
}

/// Reads a value that is present, even if it is null.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(written: Value) -> Result<Rule, String> {
        serde_json::from_value(written).map_err(|error| error.to_string())
    }

    #[test]
    fn each_rule_holds_and_breaks() {
        let output = json!({"a": "Dear Ada", "n": 79, "none": null, "lines": "a\nz", "list": ["x", 2, {"k": 1}]});
        for (written, holds) in [
            (json!({"at": "/a", "equals": "Dear Ada"}), true),
            (json!({"at": "/a", "equals": "Dear"}), false),
            (json!({"at": "/n", "equals": 79.0}), true),
            (json!({"at": "/none", "equals": null}), true),
            (json!({"at": "/a", "equals": null}), false),
            (json!({"at": "/a", "equals": "Dear", "not": true}), true),
            (json!({"at": "/n", "one_of": [78, 79]}), true),
            (json!({"at": "/n", "one_of": [78]}), false),
            (json!({"at": "/a", "contains": "Ada"}), true),
            (json!({"at": "/a", "contains": "ada"}), false),
            (json!({"at": "/a", "contains": "ada", "ignore_case": true}), true),
            (json!({"at": "/a", "contains": "Bob", "not": true}), true),
            (json!({"at": "/a", "contains": "Ada", "not": true}), false),
            (json!({"at": "/list", "contains": "x"}), true),
            (json!({"at": "/list", "contains": 2.0}), true),
            (json!({"at": "/list", "contains": {"k": 1}}), true),
            (json!({"at": "/list", "contains": 3}), false),
            (json!({"at": "/n", "contains": "7"}), false),
            (json!({"at": "/a", "matches": "^Dear \\w+$"}), true),
            (json!({"at": "/a", "matches": "^Ada"}), false),
            (json!({"at": "/n", "matches": "79"}), false),
            (json!({"at": "/lines", "matches": "^a.*z$"}), false),
            (json!({"at": "/lines", "matches": "(?s)^a.*z$"}), true),
            (json!({"at": "/a", "exists": true}), true),
            (json!({"at": "/b", "exists": true}), false),
            (json!({"at": "/b", "exists": false}), true),
            (json!({"at": "/none", "exists": false}), false),
            (json!({"equals": output}), true),
            // A place that does not exist.
            (json!({"at": "/b", "equals": "x"}), false),
            (json!({"at": "/b", "contains": "x", "not": true}), false),
        ] {
            let broken = rule(written.clone()).unwrap().broken_by(&output);
            assert_eq!(broken.is_none(), holds, "{written}: {broken:?}");
        }
    }

    #[test]
    fn a_malformed_rule_is_refused() {
        for (written, says) in [
            (json!({"at": "/a"}), "exactly one of"),
            (json!({"at": "/a", "equals": 1, "contains": 1}), "exactly one of"),
            (json!({"at": "a", "equals": 1}), "a JSON pointer, as in \"/a\""),
            (json!({"at": "/a", "matches": "("}), "`matches` is not a valid regular expression: error: unclosed group"),
            (json!({"at": "/a", "equals": "x", "ignore_case": true}), "belongs to a text in `contains`"),
            (json!({"at": "/a", "exists": true, "not": true}), "`exists: false`"),
            (json!({"at": "/a", "is": 1}), "unknown field `is`, expected one of `at`, `not`"),
        ] {
            let error = rule(written.clone()).unwrap_err();
            assert!(error.contains(says), "{written}: {error}");
        }
    }

    #[test]
    fn a_rule_says_what_it_wants_and_what_there_is() {
        let rule = rule(json!({"at": "/a", "contains": "x", "not": true})).unwrap();
        assert_eq!(rule.name(), "output /a not contains \"x\"");
        let long = json!({"a": "x".repeat(1_000)});
        let why = rule.broken_by(&long).unwrap();
        assert!(why.starts_with("it is \"xxx") && why.ends_with('…') && why.chars().count() < 220, "{why}");
    }

    /// An expression that would take years in an engine that backtracks.
    #[test]
    fn no_text_makes_an_expression_slow() {
        let rule = rule(json!({"matches": "^(a|a)*b$"})).unwrap();
        assert!(rule.broken_by(&json!("a".repeat(100_000))).is_some());
    }
}
