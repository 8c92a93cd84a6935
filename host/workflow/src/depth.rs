use serde_json::Value;

use crate::{Fault, Kind};

/// How deep arrays and objects of a value may nest that a run takes in: an input, an answer of a tool or of code, the
/// arguments of a model.
///
/// What is journaled must be read back. A JSON parser follows 128 levels, and an entry puts a value into levels of its
/// own: the event, the message, the state of the workflow and of those that it stands in. They have the other half.
pub const DEPTH_MAX: usize = 64;

/// Returns how deep arrays and objects of a value nest; a text or a number alone is 0 deep.
pub fn depth(value: &Value) -> usize {
    let (mut deepest, mut left) = (0, vec![(value, 0_usize)]);
    // Without recursion: a value that is too deep may be far too deep.
    while let Some((value, above)) = left.pop() {
        let own = match value {
            Value::Array(items) => {
                left.extend(items.iter().map(|item| (item, above + 1)));
                above + 1
            }
            Value::Object(members) => {
                left.extend(members.values().map(|member| (member, above + 1)));
                above + 1
            }
            _ => above,
        };
        deepest = deepest.max(own);
    }
    deepest
}

/// Returns how deep brackets nest that are in no string of a JSON text.
pub fn depth_of_text(text: &str) -> usize {
    let (mut now, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Checks that a value nests no deeper than [`DEPTH_MAX`]; `what` it is stands at the beginning of the message.
///
/// # Errors
///
/// A fault of this kind with the limit `depth`.
pub fn check_depth(kind: Kind, what: &str, value: &Value) -> Result<(), Fault> {
    let deep = depth(value);
    if deep <= DEPTH_MAX {
        return Ok(());
    }
    let message = format!("{what} nests {deep} deep, and {DEPTH_MAX} are allowed");
    let as_number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Err(Fault::limit(kind, "depth", as_number(DEPTH_MAX), as_number(deep), message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(Value::Null, |inner, level| {
            if level % 2 == 0 { Value::Array(vec![1.into(), inner]) } else { serde_json::json!({"a": inner}) }
        })
    }

    #[test]
    fn the_depth_of_a_value_is_that_of_its_deepest_part() {
        assert_eq!([0, 1, 2, 63, 64, 500].map(|levels| depth(&nested(levels))), [0, 1, 2, 63, 64, 500]);
        assert_eq!(depth(&serde_json::json!([[], {"a": [[]]}, 1])), 4);
    }

    #[test]
    fn a_value_that_is_too_deep_is_refused_by_its_depth() {
        assert!(check_depth(Kind::Output, "the answer", &nested(DEPTH_MAX)).is_ok());
        let fault = check_depth(Kind::Output, "the answer", &nested(65)).unwrap_err();
        assert_eq!(fault.message, "the answer nests 65 deep, and 64 are allowed");
        assert_eq!(fault.breach.map(|breach| (breach.limit, breach.used)), Some(("depth".to_owned(), 65)));
    }
}
