use std::cmp::Reverse;

use super::forms::forms;
use super::{PART_BYTES, VALUE_BYTES_MIN};

/// What is looked for: the forms of all values and of their parts.
#[derive(Default)]
pub(super) struct Patterns {
    /// By their first byte, most bytes of a text begin nothing; then by the second; then the longest first.
    by_first: Vec<Vec<Pattern>>,
    longest: usize,
    /// By a byte, whether it may be a part of a word that a part of a value stands in.
    words: Vec<bool>,
}

pub(super) struct Pattern {
    text: Vec<u8>,
    pub(super) mark: String,
    pub(super) reach: Reach,
}

/// How much of a text goes with a pattern that is found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// The pattern: it is a whole value.
    Whole,
    /// The rest of the word that it stands in. It is a part of a value, which a server may have cut. The rest of the word
    /// goes whether it is the value's or not: otherwise an echo would tell of each further letter whether it was guessed
    /// right.
    Word,
}

impl Patterns {
    pub(super) fn new(secrets: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut patterns = Vec::new();
        let mut words: Vec<bool> =
            (0..=u8::MAX).map(|byte| byte.is_ascii_alphanumeric() || b"-_.~+/=%".contains(&byte)).collect();
        for (value, mark) in secrets.into_iter().filter(|(value, _)| value.len() >= VALUE_BYTES_MIN) {
            for byte in value.bytes().filter(u8::is_ascii_graphic) {
                if let Some(is_of_word) = words.get_mut(usize::from(byte)) {
                    *is_of_word = true;
                }
            }
            for (part, reach) in parts(&value) {
                let pattern = |text| Pattern { text, mark: mark.clone(), reach };
                patterns.extend(forms(part).into_iter().map(pattern));
            }
        }
        Self { words, ..Self::sorted(patterns) }
    }

    fn sorted(mut patterns: Vec<Pattern>) -> Self {
        let order = |pattern: &Pattern| (pattern.second(), Reverse(pattern.text.len()), pattern.reach);
        patterns.sort_by_key(order);
        let longest = patterns.iter().map(|pattern| pattern.text.len()).max().unwrap_or_default();
        let mut by_first: Vec<Vec<Pattern>> = (0..=u8::MAX).map(|_| Vec::new()).collect();
        for pattern in patterns {
            let first = pattern.text.first().map(|first| usize::from(*first));
            if let Some(row) = first.and_then(|first| by_first.get_mut(first)) {
                row.push(pattern);
            }
        }
        Self { by_first, longest, words: Vec::new() }
    }

    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    pub(super) fn is_of_word(&self, byte: u8) -> bool {
        self.words.get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// Returns the longest pattern that stands at the beginning of a text.
    pub(super) fn find(&self, rest: &[u8]) -> Option<&Pattern> {
        self.that_begin_like(rest).iter().find(|pattern| rest.starts_with(&pattern.text))
    }

    /// Returns whether more of a text may make a pattern of it that it is not yet.
    pub(super) fn may_begin(&self, rest: &[u8]) -> bool {
        let may_be = |pattern: &Pattern| pattern.text.len() > rest.len() && pattern.text.starts_with(rest);
        self.that_begin_like(rest).iter().any(may_be)
    }

    /// The patterns with the first two bytes of a text, or with its only one.
    fn that_begin_like(&self, rest: &[u8]) -> &[Pattern] {
        let row = rest.first().and_then(|first| self.by_first.get(usize::from(*first)));
        let row = row.map_or(&[][..], Vec::as_slice);
        let Some(second) = rest.get(1).copied() else { return row };
        let from = row.partition_point(|pattern| pattern.second() < second);
        let to = row.partition_point(|pattern| pattern.second() <= second);
        row.get(from..to).unwrap_or_default()
    }
}

impl Pattern {
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    fn second(&self) -> u8 {
        self.text.get(1).copied().unwrap_or_default()
    }
}

/// Returns a value and the parts of it that are looked for, each with its reach.
///
/// The parts stand side by side, and do not overlap but for the last: one who knows the letters before a part then has to
/// guess all of the part at once. Were each eight letters in a row looked for, an echo of guesses would tell one letter after
/// another.
fn parts(value: &str) -> impl Iterator<Item = (&str, Reach)> {
    let mut rest = value;
    let side_by_side = std::iter::from_fn(move || {
        let (part, after) = rest.split_at_checked(boundary(rest, PART_BYTES)?)?;
        rest = after;
        Some(part)
    });
    let last = (0..=value.len().saturating_sub(PART_BYTES)).rev().find_map(|at| value.get(at..));
    let parts = side_by_side.chain(last).filter(|part| part.len() < value.len());
    std::iter::once((value, Reach::Whole)).chain(parts.map(|part| (part, Reach::Word)))
}

/// Returns the end of the shortest beginning of a text that has at least so many bytes.
fn boundary(text: &str, bytes: usize) -> Option<usize> {
    (bytes..=text.len()).find(|end| text.is_char_boundary(*end))
}
