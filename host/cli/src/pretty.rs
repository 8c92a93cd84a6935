//! Writes JSON over several lines piece by piece: a document may be so large that a copy would not fit into memory.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use stockade::is_hidden;

/// The size of a piece.
const PIECE_BYTES: usize = 8 << 10;

/// Prints the one JSON document of `--json`.
pub(crate) fn print_json(document: &impl Serialize) {
    json().write(document);
    println!();
}

/// Returns a writer that prints JSON over several lines, piece by piece.
pub(crate) fn json() -> Pretty<impl FnMut(&str)> {
    Pretty::new(|piece| print!("{piece}"))
}

/// Returns JSON over several lines with hidden letters escaped; it reads back as the same value.
pub(crate) fn safe_json(value: &impl Serialize) -> String {
    let mut out = String::new();
    Pretty::new(|piece| out.push_str(piece)).write(value);
    out
}

/// Returns JSON on one line with hidden letters escaped; it reads back as the same value.
pub(crate) fn line(value: &impl Serialize) -> String {
    let mut out = String::new();
    // All that is hidden is inside of texts.
    serde_json::to_string(value).unwrap_or_default().chars().for_each(|letter| escaped(&mut out, letter));
    out
}

/// Writes a letter of a text, a hidden one in the way of JSON.
fn escaped(out: &mut String, letter: char) {
    if !is_hidden(letter) {
        out.push(letter);
        return;
    }
    for unit in letter.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// Gets JSON without spaces, and passes it on over several lines. Hidden letters are escaped in the way of JSON, so the
/// document reads back as the same value.
pub(crate) struct Pretty<F: FnMut(&str)> {
    take: F,
    out: String,
    depth: usize,
    /// Whether an array or an object has just been opened.
    is_open: bool,
    in_string: bool,
    is_escaped: bool,
}

impl<F: FnMut(&str)> Pretty<F> {
    pub(crate) fn new(take: F) -> Self {
        Self { take, out: String::new(), depth: 0, is_open: false, in_string: false, is_escaped: false }
    }

    /// Writes a document, or a part of one.
    pub(crate) fn write(&mut self, document: &impl Serialize) {
        // Only a map with keys that are not texts could fail, and our documents have none.
        let _ = serde_json::to_writer(&mut *self, document);
        self.flush();
    }

    /// Writes JSON as it is.
    pub(crate) fn text(&mut self, json: &str) {
        self.take_in(json);
        self.flush();
    }

    fn take_in(&mut self, json: &str) {
        for letter in json.chars() {
            if self.in_string {
                self.quoted(letter)
            } else {
                self.plain(letter)
            }
            if self.out.len() >= PIECE_BYTES {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        (self.take)(&self.out);
        self.out.clear();
    }

    fn quoted(&mut self, letter: char) {
        let is_escaped = std::mem::take(&mut self.is_escaped);
        self.is_escaped = letter == '\\' && !is_escaped;
        self.in_string = letter != '"' || is_escaped;
        escaped(&mut self.out, letter);
    }

    fn plain(&mut self, letter: char) {
        let was_open = std::mem::replace(&mut self.is_open, matches!(letter, '[' | '{'));
        let closes = matches!(letter, ']' | '}');
        self.depth = self.depth.saturating_sub(usize::from(closes));
        if was_open != closes {
            self.line();
        }
        self.out.push(letter);
        match letter {
            '[' | '{' => self.depth += 1,
            ',' => self.line(),
            ':' => self.out.push(' '),
            '"' => self.in_string = true,
            _ => {}
        }
    }

    fn line(&mut self) {
        let _ = write!(self.out, "\n{:width$}", "", width = self.depth * 2);
    }
}

impl<F: FnMut(&str)> io::Write for &mut Pretty<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take_in(std::str::from_utf8(bytes).map_err(io::Error::other)?);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::escape::HIDDEN_LETTERS;

    fn pretty(document: &Value) -> String {
        let mut shown = String::new();
        Pretty::new(|piece| shown.push_str(piece)).write(document);
        shown
    }

    #[test]
    fn a_document_is_written_as_serde_writes_it() {
        for document in [
            json!([]),
            json!({}),
            json!([[], {}, [[]], [1, -2.5, null, true, "a,b:[{\"\\"]]),
            json!({"a": {}, "b": [], "": {"c\\\"": [{"d": "é\n"}]}}),
            json!("x".repeat(3 * PIECE_BYTES)),
            json!(7),
        ] {
            assert_eq!(pretty(&document), format!("{document:#}"));
        }
    }

    #[test]
    fn hidden_letters_are_escaped() {
        assert_eq!(pretty(&json!(["a\u{9b}\u{202e}b"])), "[\n  \"a\\u009b\\u202eb\"\n]");
    }

    #[test]
    fn escaped_letters_read_back_as_the_same() {
        let value = json!(HIDDEN_LETTERS.chars().map(|hidden| format!("a{hidden}b\x1b")).collect::<Vec<_>>());
        let shown = safe_json(&value);
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        assert_eq!(line(&value).replace(' ', ""), shown.replace([' ', '\n'], ""));
    }

    #[test]
    fn a_line_has_no_end_of_a_line_within() {
        assert_eq!(line(&json!({"a b": ["c\nd\u{9b}"]})), r#"{"a b":["c\nd\u009b"]}"#);
    }
}
