//! The words of a text, as the index in PostgreSQL takes them.
//!
//! They are told apart here and not by the server, whose parser reads `ORD-10234` as a word and a negative number, and whose
//! letters are those of its locale. Only endings are taken off there.

use unicode_normalization::char::decompose_canonical;

use crate::form;

/// How many letters of a word count: the server takes words of 2 KiB, and what is longer than this is no word.
const LETTERS_MAX: usize = 255;

/// The accents of letters, which do not count: as the index in SQLite has it.
const ACCENTS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// Returns the words of a text in their order, in small letters and without accents, with a space between each and the next.
pub(super) fn words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in form::indexed(text).chars() {
        if form::is_joined(letter) {
            plain.push(letter);
        } else {
            decompose_canonical(letter, |part| {
                if !ACCENTS.contains(&part) {
                    plain.push(part);
                }
            });
        }
    }
    let plain = plain.to_lowercase();
    let words = plain.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.chars().take(LETTERS_MAX).collect()).collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_without_signs_accents_and_capitals() {
        assert_eq!(words("Is ORD-10234 late?\n(n\u{f0}t 1e5)"), "is ord 10234 late n\u{f0}t 1e5");
        assert_eq!(words("Café cafe\u{301} ＡＢＣ"), "cafe cafe abc");
        assert_eq!(words("返品OK ガ"), "返 品 ok ガ");
        assert_eq!(words("'); DROP TABLE\0 \"words"), "drop table words");
        assert_eq!(words(" *** "), "");
        assert_eq!(words(&"x".repeat(9_999)).len(), LETTERS_MAX);
    }
}
