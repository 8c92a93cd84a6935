//! A call as a person decides on it: what it does first, and what is long last.

use serde_json::Value;
use stockade::ToolCall;

use super::html::{El, el, of};
use super::words::{cut, document};

/// Shows the arguments of a call: numbers and short words before texts, and what has parts last.
pub(crate) fn shown(call: &ToolCall) -> El {
    let arguments = call.arguments.value();
    let Value::Object(members) = &arguments else { return document(&arguments) };
    let mut members: Vec<_> = members.iter().map(|(name, value)| (rank(value), name, value)).collect();
    members.sort_by_key(|(rank, name, _)| (*rank, *name));
    let rows = members.into_iter().flat_map(|(rank, name, value)| {
        let class = if rank < 2 { "decisive" } else { "long" };
        [of("dt", class).text(name), of("dd", class).with(written(value))]
    });
    of("dl", "call").all(rows)
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

fn written(value: &Value) -> El {
    match value {
        Value::Array(_) | Value::Object(_) => document(value),
        Value::String(text) => of("span", "text").text(cut(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => el("span").text(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::page::html::Html;

    #[test]
    fn an_argument_that_decides_comes_first_and_hidden_letters_are_written_out() {
        let arguments =
            json!({"a_note": "x".repeat(50), "amount_cents": 7900, "parts": [1], "user_id": "user\u{202e}_789"});
        let written = Html::from(shown(&ToolCall::new("payments", "refund", arguments))).document();
        let place = |text: &str| written.find(text).unwrap();
        let places = ["amount_cents", "user\\u{202e}_789", "a_note", "parts"].map(place);
        assert!(places.is_sorted(), "{places:?} {written}");
    }
}
