use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use stockade::{Fault, LogLine};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Prints the one JSON document of `--json`.
pub(crate) fn print_json(document: &impl Serialize) {
    // Our documents have no map with keys that are not strings, which is all that could fail.
    println!("{}", harmless_json(&serde_json::to_string_pretty(document).unwrap_or_default()));
}

/// Prints an error for a person, with the limit's numbers where one fired.
pub(crate) fn print_error(fault: &Fault) {
    anstream::eprintln!("{RED}error:{RED:#} {}", safe(&fault.message));
    if let Some(breach) = &fault.breach {
        anstream::eprintln!(
            "  limit \"{}\": {} allowed, {} used",
            breach.limit,
            grouped(breach.allowed),
            grouped(breach.used)
        );
    }
}

/// Returns text that cannot move the cursor, hide itself or look like another line.
///
/// Guests, models and customers choose much of what is shown: escape sequences, control characters and the marks that
/// reverse the direction of writing are written out. Line feeds stay where `lines` is for text of several lines.
pub(crate) fn safe(text: &str) -> String {
    escape(text, |_| false)
}

/// Writes a line of a guest's log as one line, whatever is in it.
pub(crate) fn log_line(LogLine { level, context, message }: &LogLine) -> String {
    let separator = if context.is_empty() { "" } else { " " };
    format!("{level}{separator}{}: {}", safe(context), safe(message))
}

/// Returns text of several lines, otherwise as [`safe`].
pub(crate) fn safe_lines(text: &str) -> String {
    escape(text, |letter| letter == '\n')
}

/// Returns JSON over several lines, in which what could deceive is escaped as JSON does it: it reads back as the same.
pub(crate) fn safe_json(value: &serde_json::Value) -> String {
    harmless_json(&format!("{value:#}"))
}

/// JSON itself escapes the control characters below 32 alone, and a document of `--json` may be read at a terminal too.
fn harmless_json(json: &str) -> String {
    let harmless = |letter: char| letter == '\n' || !(letter.is_control() || redirects(letter));
    json.chars().fold(String::new(), |mut out, letter| {
        if harmless(letter) {
            out.push(letter);
        } else {
            // Writing to a string cannot fail; all of these have four digits.
            let _ = write!(out, "\\u{:04x}", u32::from(letter));
        }
        out
    })
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        if (letter.is_control() || redirects(letter)) && !keep(letter) {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", letter.escape_unicode());
        } else {
            out.push(letter);
        }
        out
    })
}

/// The marks of Unicode that change the direction of writing or take no room.
fn redirects(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{061c}')
}

/// Writes a number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join(",")
}

/// Writes a number of bytes in the unit that suits it.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{}.{} KiB", bytes >> 10, ((bytes & 1023) * 10) >> 10),
        _ => format!("{}.{} MiB", bytes >> 20, (((bytes >> 10) & 1023) * 10) >> 10),
    }
}

/// Writes a time in the unit that suits it.
pub(crate) fn micros(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_is_written_out() {
        assert_eq!(safe("a\x1b[2Jb\r\nc\u{202e}d"), "a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{202e}d");
        assert_eq!(safe_lines("a\nb\x07"), "a\nb\\u{7}");
        assert_eq!(safe("Grüße, 100 €"), "Grüße, 100 €");
        let value = serde_json::json!(["a\x1b\u{9b}\u{202e}b"]);
        assert_eq!(safe_json(&value), "[\n  \"a\\u001b\\u009b\\u202eb\"\n]");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe_json(&value)).unwrap(), value);
    }

    /// Catalogue, case 23: a guest cannot write a second line, nor one that looks like ours.
    #[test]
    fn a_line_of_a_log_is_one_line() {
        let (context, message) = ("shop\n".to_owned(), "lost\r\nerror: all\x1b]52;c;eA==\x07".to_owned());
        let line = LogLine { level: stockade::LogLevel::Warn, context, message };
        let expected = "warn shop\\u{a}: lost\\u{d}\\u{a}error: all\\u{1b}]52;c;eA==\\u{7}";
        assert_eq!(log_line(&line), expected);
        assert_eq!(log_line(&LogLine { context: String::new(), message: "a".into(), ..line }), "warn: a");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([5, 1536, 1_572_864].map(bytes), ["5 B", "1.5 KiB", "1.5 MiB"]);
        assert_eq!([7, 1_500, 2_300_000].map(micros), ["7 µs", "1.5 ms", "2.3 s"]);
    }
}
