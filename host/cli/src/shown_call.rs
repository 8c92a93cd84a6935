//! Shows a call as a person decides on it: what it does first, and what is long last.

use serde_json::Value;
use stockade::ToolCall;

use crate::escape::safe;
use crate::pretty::safe_json;

/// The most letters of one argument, unless all of it is wanted.
const LETTERS_MAX: usize = 400;

/// Returns the function and a line for each argument: numbers and short words before texts, and what has parts last.
/// Letters that cannot be seen are written out.
pub(crate) fn shown(ToolCall { tool, function, arguments }: &ToolCall, is_full: bool) -> String {
    let mut lines = vec![format!("{}.{}", safe(tool), safe(function))];
    match arguments.value() {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(name, value)| (rank(value), name, value)).collect();
            members.sort_by_key(|(rank, name, _)| (*rank, *name));
            lines.extend(members.iter().map(|(_, name, value)| line(name, value, is_full)));
        }
        other => lines.push(written(&other, is_full)),
    }
    lines.join("\n")
}

/// Where an argument stands: an amount decides more than a remark.
fn rank(value: &Value) -> u8 {
    const WORD_LETTERS_MAX: usize = 40;
    match value {
        Value::Number(_) => 0,
        Value::String(text) if text.chars().count() <= WORD_LETTERS_MAX => 1,
        Value::Bool(_) => 1,
        Value::String(_) => 2,
        Value::Array(_) | Value::Object(_) => 3,
        Value::Null => 4,
    }
}

fn line(name: &str, value: &Value, is_full: bool) -> String {
    format!("  {}: {}", safe(name), written(value, is_full))
}

fn written(value: &Value, is_full: bool) -> String {
    // On one line: white space between parts means nothing in JSON, and in a text it is escaped.
    let text = match value {
        Value::Array(_) | Value::Object(_) => safe_json(value).lines().map(str::trim).collect::<Vec<_>>().join(" "),
        plain => safe(&plain.to_string()),
    };
    let letters = text.chars().count();
    if is_full || letters <= LETTERS_MAX {
        return text;
    }
    let begin: String = text.chars().take(LETTERS_MAX).collect();
    format!("{begin}… ({} letters more; --full shows them)", letters - LETTERS_MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(arguments: Value) -> ToolCall {
        ToolCall::new("payments", "refund", arguments)
    }

    #[test]
    fn what_decides_comes_first_and_what_is_hidden_is_written_out() {
        let call = call(json!({
            "a_note": "x".repeat(50), "amount_cents": 7900, "parts": [1, {"b": 2}], "user_id": "user\u{202e}_789\n", "z": null,
        }));
        let lines: Vec<_> = shown(&call, false).lines().map(str::to_owned).collect();
        assert_eq!(lines[..3], ["payments.refund", "  amount_cents: 7900", "  user_id: \"user\\u{202e}_789\\n\""]);
        assert!(lines[3].starts_with("  a_note: \"xxx"), "{lines:?}");
        assert_eq!(lines[4..], ["  parts: [ 1, { \"b\": 2 } ]", "  z: null"]);
    }

    #[test]
    fn a_long_argument_is_cut_unless_all_of_it_is_wanted() {
        let call = call(json!({"note": "x".repeat(1_000)}));
        assert!(shown(&call, false).ends_with("… (602 letters more; --full shows them)"), "{}", shown(&call, false));
        assert_eq!(shown(&call, true).len(), "payments.refund\n  note: \"\"".len() + 1_000);
    }
}
