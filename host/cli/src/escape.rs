//! Makes text of guests, models and customers safe to show.

use std::fmt::Write as _;

use stockade::is_hidden;

/// Returns text that cannot move the cursor, hide, or look like another line.
///
/// Escape sequences, control characters and invisible letters are written out. [`safe_lines`] keeps ends of lines and tabs.
pub(crate) fn safe(text: &str) -> String {
    escape(text, |_| false)
}

/// Returns text of several lines, safe as by [`safe`]. A carriage return by itself goes back in its line, and is written out.
pub(crate) fn safe_lines(text: &str) -> String {
    let lines: Vec<_> = text.split("\r\n").map(|part| escape(part, |letter| matches!(letter, '\n' | '\t'))).collect();
    lines.join("\r\n")
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        if is_hidden(letter) && !keep(letter) {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", letter.escape_unicode());
        } else {
            out.push(letter);
        }
        out
    })
}

/// A tag, a soft hyphen, a Braille blank, a Hangul filler, a variation selector, a joiner, an invisible times sign, a
/// private letter, an unassigned letter, separators of lines and paragraphs, an interlinear anchor, a Mongolian vowel.
#[cfg(test)]
pub(crate) const HIDDEN_LETTERS: &str =
    "\u{e0041}\u{ad}\u{2800}\u{3164}\u{fe0f}\u{200d}\u{2062}\u{e000}\u{378}\u{2028}\u{2029}\u{fff9}\u{180e}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(safe("a\x1b[2Jb\r\nc\u{202e}d"), "a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{202e}d");
        assert_eq!(safe_lines("a\nb\x07"), "a\nb\\u{7}");
        assert_eq!(safe_lines("a\tb\r\nc\rd\r\r\n"), "a\tb\r\nc\\u{d}d\\u{d}\r\n");
        assert_eq!(safe("Grüße, 100 €"), "Grüße, 100 €");
    }

    #[test]
    fn invisible_letters_are_written_out() {
        for hidden in HIDDEN_LETTERS.chars() {
            assert_eq!(safe(&format!("a{hidden}b")), format!("a{}b", hidden.escape_unicode()));
        }
        for seen in ["Grüße", "日本語　です", "👍 é e\u{301}", "1\u{a0}000\u{202f}€", "שלום مرحبا"]
        {
            assert_eq!(safe(seen), seen);
        }
    }
}
