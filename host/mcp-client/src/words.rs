//! Texts of servers, as people and models may see them.

use stockade::is_hidden;

/// Writes hidden letters out.
pub(crate) fn shown(text: &str) -> String {
    let written = |letter: char| match is_hidden(letter) {
        true => letter.escape_unicode().to_string(),
        false => letter.into(),
    };
    text.chars().map(written).collect()
}

/// Writes hidden letters out but for line breaks, and cuts a text to so many characters.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    let kept: String = text.chars().take(chars_max).collect();
    let lines: Vec<_> = kept.lines().map(shown).collect();
    let mark = if kept.len() < text.len() { "… (cut)" } else { "" };
    format!("{}{mark}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_and_shows_its_hidden_letters() {
        assert_eq!(cut("a\u{200b}b\nc", 10), "a\\u{200b}b\nc");
        assert_eq!(cut("abcdef", 3), "abc… (cut)");
    }
}
