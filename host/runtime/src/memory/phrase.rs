//! A text to look for, as an expression of full text in which nothing of it is an operator.

use std::collections::BTreeSet;

use super::common::is_common;

/// How many different words of a text are looked for; the first ones. Each is one more list to merge.
const TERMS_MAX: usize = 64;

/// How many words written together are also looked for as they stand: a number of an order has a few. Each is a list that
/// is read from its beginning.
const PHRASE_WORDS_MAX: usize = 16;

/// Returns an expression that matches any word of a text in one scope; none where it has no words.
///
/// Words that nearly every text has are looked for only where there are no others. A word is what full text takes for
/// one: letters and digits. What is written together, as in `ORD-10234`, is also looked for as it stands. All of it is in quotes, and has none itself, so that no word is `NOT`, `NEAR` or the name of a column.
pub(super) fn any_word(scope: &str, text: &str) -> Option<String> {
    let mut seen = BTreeSet::new();
    let terms = text.split_whitespace().flat_map(terms).filter(|term| seen.insert(term.to_lowercase()));
    let (common, telling): (Vec<_>, Vec<_>) = terms.partition(|term| is_common(&term.to_lowercase()));
    let terms = if telling.is_empty() { common } else { telling };
    let quoted: Vec<_> = terms.iter().take(TERMS_MAX).map(|term| format!("\"{term}\"")).collect();
    (!quoted.is_empty()).then(|| format!("{{scope}} : \"{scope}\" AND {{text}} : ({})", quoted.join(" OR ")))
}

/// The words of what is written together, and where it has several, all of them as one phrase.
fn terms(together: &str) -> Vec<String> {
    let mut words: Vec<String> = together
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(String::from)
        .collect();
    if (2..=PHRASE_WORDS_MAX).contains(&words.len()) {
        words.push(words.join(" "));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_words() {
        let expression = |text: &str| any_word("n1", text).unwrap_or_default();
        let text = |terms: &str| format!("{{scope}} : \"n1\" AND {{text}} : ({terms})");
        assert_eq!(expression("refund NOT damaged"), text(r#""refund" OR "damaged""#));
        assert_eq!(expression(r#"" OR scope : "n2"#), text(r#""scope" OR "n2""#));
        assert_eq!(expression("ORD-10234 ord"), text(r#""ORD" OR "10234" OR "ORD 10234""#));
        assert_eq!(expression("NEAR(a* ^b) {text}:+-"), text(r#""NEAR" OR "NEAR a" OR "b" OR "text""#));
        assert_eq!(expression("not OR"), text(r#""not" OR "OR""#));
        assert_eq!(any_word("n1", "*** \"\" --"), None);
        assert_eq!(expression(&["a1"; 16].join("-")).matches("a1").count(), 17);
        assert_eq!(expression(&["a1"; 17].join("-")), text("\"a1\""));
        let many: String = (0..1000).map(|number| format!("w{number} ")).collect();
        assert_eq!(expression(&many).matches(" OR ").count(), TERMS_MAX - 1);
    }
}
