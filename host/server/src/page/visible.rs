//! Letters that cannot be seen, and those that mean something in markup.
//!
//! What is hidden is what the command line takes for hidden: what changes the direction of writing, has no width, or has no
//! common shape could make one call look like another on a screen as well.

use std::fmt::Write as _;

use serde::Serialize;

/// Returns a text whose hidden letters are written out. Line feeds and tabs are seen as what they are.
pub(crate) fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        if is_hidden(letter) {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", letter.escape_unicode());
        } else {
            out.push(letter);
        }
        out
    })
}

/// Writes JSON over several lines with its hidden letters escaped in its own way, so that it reads back as the same value.
pub(crate) fn visible_json(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        if is_hidden(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
        out
    })
}

/// Returns whether a letter is hidden on a page, where line feeds and tabs are seen as what they are.
fn is_hidden(letter: char) -> bool {
    stockade::is_hidden(letter) && !matches!(letter, '\n' | '\t')
}

/// Adds a letter so that it is a text in markup, and in a value between quotes.
pub(crate) fn escaped_letter(out: &mut String, letter: char) {
    match letter {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        // The parsers of markup replace it, so that a value would come back as another.
        '\0' => out.push('\u{fffd}'),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn hidden_letters_are_written_out_and_lines_stay_lines() {
        assert_eq!(visible("a\u{202e}b\u{200d}\x1b[2J\r\n\tc"), "a\\u{202e}b\\u{200d}\\u{1b}[2J\\u{d}\n\tc");
        assert_eq!(visible("Grüße, 100 € 👍 שלום"), "Grüße, 100 € 👍 שלום");
    }

    #[test]
    fn json_with_hidden_letters_reads_back_as_the_same() {
        let value = json!({"a": "b\u{202e}c\u{e0041}\n"});
        let shown = visible_json(&value);
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(shown.parse::<Value>().unwrap(), value);
    }
}
