//! Amounts, times and documents, as a person reads them.

use serde::Serialize;
pub(crate) use stockade::readable::{amount, bytes, grouped, micros};
use stockade::{Currency, Usage};

use super::html::{El, el, of};
use super::visible::visible_json;

/// The longest document that is shown whole, in bytes; the interface for programs has all of each.
const SHOWN_BYTES_MAX: usize = 16 << 10;

/// Shortens a text to so many letters.
pub(crate) fn shortened(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", text.split_at(end).0),
        None => text.to_owned(),
    }
}

/// Writes a rough time in milliseconds.
pub(crate) fn age(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Returns the name of a currency as a heading.
pub(crate) fn name(currency: Currency) -> &'static str {
    match currency {
        Currency::Fuel => "fuel",
        Currency::Memory => "memory",
        Currency::Wall => "time",
        Currency::Steps => "steps",
        Currency::ToolCalls => "tool calls",
        Currency::ModelCalls => "model calls",
        Currency::Tokens => "tokens",
        Currency::Money => "money",
        Currency::Journal => "journal",
    }
}

/// Writes what something used, without the currencies that it did not.
pub(crate) fn used(usage: &Usage) -> String {
    let parts = Currency::ALL.into_iter().filter(|currency| usage.get(*currency) > 0);
    let parts = parts.map(|currency| format!("{} {}", name(currency), amount(currency, usage.get(currency))));
    parts.collect::<Vec<_>>().join(" · ")
}

/// Cuts a text that is too long to be shown, and says so.
pub(crate) fn cut(text: &str) -> String {
    if text.len() <= SHOWN_BYTES_MAX {
        return text.to_owned();
    }
    let (begin, rest) = text.split_at(text.floor_char_boundary(SHOWN_BYTES_MAX));
    format!("{begin}\n… {} bytes more; /v1 has all of it", grouped(rest.len() as u64))
}

/// Shows a document.
pub(crate) fn document(value: &impl Serialize) -> El {
    el("pre").attr("tabindex", 0).text(cut(&visible_json(value)))
}

/// Shows a text of several lines, if there is one.
pub(crate) fn block(title: &'static str, text: &str) -> Option<El> {
    let shown = || of("div", "block").with(el("h3").text(title)).with(el("pre").attr("tabindex", 0).text(cut(text)));
    (!text.is_empty()).then(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units_and_long_texts_say_how_much_is_left_out() {
        let usage = Usage::NONE.fuel(1_234).wall_us(2_300_000).money_micros(1_500_000);
        assert_eq!(used(&usage), "fuel 1,234 · time 2.3 s · money $1.50");
        assert_eq!([59_000, 61_000, 7_200_000, 300_000_000].map(age), ["59 s", "1 min", "2 h", "3 d"]);
        let long = "é".repeat(SHOWN_BYTES_MAX);
        assert!(cut(&long).ends_with("… 16,384 bytes more; /v1 has all of it"));
        assert_eq!(cut("short"), "short");
    }
}
