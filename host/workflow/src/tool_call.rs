use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::digest::canonical;
use crate::{Digest, Fault, Json};

/// A tool, one of its functions, and the arguments by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The name under which the tool is registered.
    pub tool: String,
    /// The function, in `snake_case`.
    pub function: String,
    /// The arguments: a JSON object.
    pub arguments: Json,
}

/// How a tool call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// It answered.
    Returned(Json),
    /// It failed; of kind [`Kind::Approval`](crate::Kind::Approval) only if it was never made.
    Failed(Fault),
    /// It may or may not have happened, and must not be repeated blindly.
    Unknown(Fault),
}

impl ToolCall {
    /// Names a call.
    pub fn new(tool: &str, function: &str, arguments: impl Into<Json>) -> Self {
        Self { tool: tool.to_owned(), function: function.to_owned(), arguments: arguments.into() }
    }

    /// Returns how much memory it takes, about.
    pub fn memory_bytes(&self) -> u64 {
        (self.tool.len() + self.function.len() + self.arguments.text().len()) as u64
    }

    /// Returns the digest of the exact call: tool, function and arguments.
    pub fn digest(&self) -> Digest {
        Digest::of_json(self)
    }

    /// Returns whether it has these arguments, each by its name; others that it has do not matter.
    pub fn has(&self, arguments: &Value) -> bool {
        let (own, Some(named)) = (self.arguments.value(), arguments.as_object()) else { return false };
        named.iter().all(|(name, value)| own.get(name).map(plain) == Some(plain(value)))
    }

    /// Returns a digest that is the same for all spellings of a call that a tool cannot tell apart: a whole number with a
    /// point, a member that is null or left out.
    pub fn meaning(&self) -> Digest {
        Self::new(&self.tool, &self.function, plain(&self.arguments.value())).digest()
    }
}

impl ToolOutcome {
    /// Returns why it failed, or may have.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Returned(_) => None,
            Self::Failed(fault) | Self::Unknown(fault) => Some(fault),
        }
    }

    /// Returns how much memory it takes, about. A fault is small.
    pub fn memory_bytes(&self) -> u64 {
        if let Self::Returned(value) = self { value.text().len() as u64 } else { 0 }
    }
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let there = members.iter().filter(|(_, member)| !member.is_null());
            there.map(|(name, member)| (name.clone(), plain(member))).collect()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Number(number) => whole(number).map_or_else(|| value.clone(), Value::from),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// Returns the integer that is written as a float; a larger one than this may have been rounded to what it is.
fn whole(number: &Number) -> Option<i64> {
    const TWO_POW_53: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|_| number.is_f64())?;
    (float.fract() == 0.0 && float.abs() <= TWO_POW_53).then_some(float as i64)
}

impl fmt::Display for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tool, function, arguments } = self;
        write!(f, "{tool}.{function} {}", canonical(&arguments.value()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A model that asks again after an unknown outcome may write the same call otherwise, and it got a new key.
    #[test]
    fn a_call_means_the_same_however_it_is_written() {
        let meaning = |arguments: &Value| ToolCall::new("payments", "refund", arguments.clone()).meaning();
        let one = json!({"cents": 7900, "note": null, "list": [{"a": 1}]});
        for same in
            [json!({"cents": 7900.0, "list": [{"a": 1}]}), json!({"list": [{"b": null, "a": 1e0}], "cents": 7.9e3})]
        {
            assert_eq!(meaning(&one), meaning(&same), "{same}");
        }
        for other in [
            json!({"cents": 7900.5, "list": [{"a": 1}]}),
            json!({"cents": "7900", "list": [{"a": 1}]}),
            json!({"cents": 7900, "list": []}),
        ] {
            assert_ne!(meaning(&one), meaning(&other), "{other}");
        }
        assert_ne!(meaning(&json!({"a": 9_007_199_254_740_993_i64})), meaning(&json!({"a": 9_007_199_254_740_994.0})));
    }
}
