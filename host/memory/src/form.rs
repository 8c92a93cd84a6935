//! The form in which words are indexed and looked for.

use unicode_normalization::UnicodeNormalization as _;

/// Letters of languages that write no space between words, or join to a word what others write beside it: Chinese, Japanese
/// and Korean.
const JOINED: [(char, char); 15] = [
    ('\u{1100}', '\u{11ff}'),
    ('\u{2e80}', '\u{2fdf}'),
    ('\u{3005}', '\u{3007}'),
    ('\u{3041}', '\u{3096}'),
    ('\u{309d}', '\u{309f}'),
    ('\u{30a1}', '\u{30fa}'),
    ('\u{30fc}', '\u{30ff}'),
    ('\u{3105}', '\u{318e}'),
    ('\u{31a0}', '\u{31bf}'),
    ('\u{31f0}', '\u{31ff}'),
    ('\u{3400}', '\u{4dbf}'),
    ('\u{4e00}', '\u{9fff}'),
    ('\u{a960}', '\u{a97c}'),
    ('\u{ac00}', '\u{d7fb}'),
    ('\u{20000}', '\u{3ffff}'),
];

/// Returns whether a letter is one that is looked for within words.
pub(super) fn is_joined(letter: char) -> bool {
    JOINED.iter().any(|(first, last)| (*first..=*last).contains(&letter))
}

/// Returns a text as the index of words takes it: in the width and form of all others (NFKC), each joined letter as a word
/// of its own.
///
/// It is kept beside the text, for another version of Unicode may make another one of it.
pub(super) fn indexed(text: &str) -> String {
    let mut indexed = String::with_capacity(text.len());
    for letter in text.nfkc() {
        if is_joined(letter) {
            indexed.extend([' ', letter, ' ']);
        } else {
            indexed.push(letter);
        }
    }
    indexed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_letters_are_words_and_forms_are_one() {
        assert_eq!(indexed("ＡＢＣ e\u{301} ｶﾞ"), "ABC é  ガ ");
        assert_eq!(indexed("返品OK"), " 返  品 OK");
        assert_eq!(indexed("plain words"), "plain words");
        assert!(is_joined('한') && is_joined('ー') && !is_joined('・') && !is_joined('a') && !is_joined('я'));
    }
}
