//! Equality as JSON Schema has it: 1 and 1.0 are equal, and the order of members says nothing.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::{Number, Value};

use super::number;

pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => number::compare(a, b) == Ordering::Equal,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// Whether no two items are equal. It takes time in proportion to what there is, and not to its square.
pub(super) fn all_differ(items: &[Value]) -> bool {
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| seen.insert(canonical(item)))
}

/// Equal values have the same text, and others another one.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => canonical_number(number),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(canonical).collect())),
        Value::Object(members) => {
            let mut all: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            all.sort_unstable();
            format!("{{{}}}", joined(all))
        }
        scalar => scalar.to_string(),
    }
}

fn canonical_number(value: &Number) -> String {
    number::integer(value).map_or_else(|| value.to_string(), |whole| whole.to_string())
}

fn joined(parts: Vec<String>) -> String {
    parts.join(",")
}
