use anstyle::{AnsiColor, Style};
pub(crate) use stockade::readable::{amount as rough, bytes, grouped, micros};
use stockade::{Breach, Currency, Fault, LogLine, Unreadable};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::escape::safe;
use crate::hint::sentence;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Prints an error for a person, with the numbers of the limit if one fired.
pub(crate) fn print_error(fault: &Fault) {
    eprintln!("{RED}error:{RED:#} {}", safe(&sentence(fault)));
    if let Some(breach) = &fault.breach {
        eprintln!("  limit \"{}\": {}", breach.limit, used(breach));
    }
}

/// Says what was left out of a list, or of some work, because the journal has it so that it cannot be read.
pub(crate) fn left_out(unreadable: &[Unreadable]) {
    for Unreadable { run_id, error } in unreadable {
        let what = run_id.map_or("what cannot be read".to_owned(), |run| format!("run {run}, which cannot be read,"));
        eprintln!("{what} is left out:");
        print_error(error);
    }
}

/// Writes the numbers of a limit that fired.
pub(crate) fn used(Breach { limit, allowed, used }: &Breach) -> String {
    let amount = |amount| match Currency::named(limit) {
        Some(currency) => rough(currency, amount),
        None => grouped(amount),
    };
    format!("{} allowed, {} used", amount(*allowed), amount(*used))
}

/// Writes a log line of a guest as exactly one line.
pub(crate) fn log_line(LogLine { level, context, message }: &LogLine) -> String {
    let separator = if context.is_empty() { "" } else { " " };
    format!("{level}{separator}{}: {}", safe(context), safe(message))
}

/// Shortens a line to so many columns of a terminal.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut left = columns;
    let is_fitting = |letter: &char| {
        let fitting = left.checked_sub(letter.width().unwrap_or(0));
        left = fitting.unwrap_or(0);
        fitting.is_some()
    };
    let fitting: String = text.chars().take_while(is_fitting).collect();
    if fitting.len() == text.len() {
        return fitting;
    }
    // The ellipsis takes a column itself.
    let mut shorter = fitting;
    while shorter.width() + 1 > columns && shorter.pop().is_some() {}
    shorter + "…"
}

/// Writes a rough duration.
pub(crate) fn age(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            [0, 951_782_400_000, 1_796_007_599_000].map(stockade::utc),
            ["1970-01-01 00:00:00Z", "2000-02-29 00:00:00Z", "2026-11-30 02:59:59Z"]
        );
        assert_eq!([5_000, 90_000, 7_200_000, 300_000_000].map(age), ["5s", "1m", "2h", "3d"]);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        assert_eq!(
            [("abc", 3), ("abcd", 3), ("日本語", 4), ("日本", 4), ("", 0)].map(|(text, columns)| fit(text, columns)),
            ["abc", "ab…", "日…", "日本", ""]
        );
    }
}
