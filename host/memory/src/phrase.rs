//! A text to look for, as an expression of full text in which nothing of it is an operator.

use std::collections::BTreeSet;

use super::common::is_common;
use super::form;

/// How many different words of a text are looked for; the first ones. Each is one more list to merge.
const TERMS_MAX: usize = 64;

/// How many words written together are also looked for as they stand: a number of an order has a few. Each is a list that
/// is read from its beginning.
const PHRASE_WORDS_MAX: usize = 16;

/// Returns the words of a text that are looked for, each of them once.
///
/// Words that nearly every text has are looked for only where there are no others. A word is what full text takes for
/// one: letters and digits. What is written together, as in `ORD-10234`, is also looked for as it stands, and where no space
/// is written between words, each two letters are. No word has a quote.
pub(super) fn terms(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let terms = text.split_whitespace().flat_map(together).filter(|term| seen.insert(term.to_lowercase()));
    let (common, telling): (Vec<_>, Vec<_>) = terms.partition(|term| is_common(&term.to_lowercase()));
    let terms = if telling.is_empty() { common } else { telling };
    terms.into_iter().take(TERMS_MAX).collect()
}

/// Returns an expression of SQLite that matches any of these terms in one scope, or nothing without a term. Each is in quotes, so
/// that none is `NOT`, `NEAR` or the name of a column.
pub(super) fn any(scope: &str, terms: &[String]) -> Option<String> {
    (!terms.is_empty()).then(|| format!("{{scope}} : \"{scope}\" AND {{text}} : (\"{}\")", terms.join("\" OR \"")))
}

/// The words of what is written together, and where it has several, all of them as one phrase.
fn together(text: &str) -> Vec<String> {
    let indexed = form::indexed(text);
    let words: Vec<&str> =
        indexed.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut terms = pairs(&words);
    if (2..=PHRASE_WORDS_MAX).contains(&words.len()) {
        terms.push(words.join(" "));
    }
    terms
}

/// Words, and of joined letters each with the next.
fn pairs(words: &[&str]) -> Vec<String> {
    let joined = |place: Option<usize>| {
        place.and_then(|place| words.get(place)).is_some_and(|word| word.chars().all(form::is_joined))
    };
    let pair = |(place, word): (usize, &&str)| match (joined(Some(place)), words.get(place + 1)) {
        (true, Some(next)) if joined(Some(place + 1)) => Some(format!("{word} {next}")),
        (true, _) if joined(place.checked_sub(1)) => None,
        _ => Some((*word).to_owned()),
    };
    words.iter().enumerate().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_words() {
        let expression = |text: &str| any("n1", &terms(text)).unwrap_or_default();
        let text = |terms: &str| format!("{{scope}} : \"n1\" AND {{text}} : ({terms})");
        assert_eq!(expression("refund NOT damaged"), text(r#""refund" OR "damaged""#));
        assert_eq!(expression(r#"" OR scope : "n2"#), text(r#""scope" OR "n2""#));
        assert_eq!(expression("ORD-10234 ord"), text(r#""ORD" OR "10234" OR "ORD 10234""#));
        assert_eq!(expression("NEAR(a* ^b) {text}:+-"), text(r#""NEAR" OR "NEAR a" OR "b" OR "text""#));
        assert_eq!(expression("not OR"), text(r#""not" OR "OR""#));
        assert_eq!(any("n1", &terms("*** \"\" --")), None);
        assert_eq!(expression(&["a1"; 16].join("-")).matches("a1").count(), 17);
        assert_eq!(expression(&["a1"; 17].join("-")), text("\"a1\""));
        let many: String = (0..1000).map(|number| format!("w{number} ")).collect();
        assert_eq!(expression(&many).matches(" OR ").count(), TERMS_MAX - 1);
    }

    #[test]
    fn joined_letters_are_looked_for_two_by_two() {
        assert_eq!(terms("以内"), ["以 内"]);
        assert_eq!(terms("返品は OK"), ["返 品", "品 は", "返 品 は", "OK"]);
        assert_eq!(terms("ＯＫ円"), ["OK", "円", "OK 円"]);
    }
}
