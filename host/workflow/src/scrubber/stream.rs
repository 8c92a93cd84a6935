use std::sync::Arc;

use super::patterns::{Patterns, Reach};

/// A text that comes in pieces and is scrubbed, wherever the pieces are cut.
pub struct ScrubbedStream {
    patterns: Arc<Patterns>,
    pace: Pace,
    held: Vec<u8>,
    /// How many bytes of the word that a part of a value stands in are still left out.
    dropping: usize,
    hits: u64,
}

/// How much of a stream is held back until more of it is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// One byte less than the longest form, whatever it is.
    Steady,
    /// What may be the beginning of a form.
    Eager,
}

impl ScrubbedStream {
    pub(super) fn new(patterns: Arc<Patterns>, pace: Pace) -> Self {
        Self { patterns, pace, held: Vec::new(), dropping: 0, hits: 0 }
    }

    /// Returns how often a value or a part of one was replaced.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// Takes a piece, and returns what is settled.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(piece);
        self.settle(false)
    }

    /// Returns what was held back: there is no more to come.
    pub fn finish(&mut self) -> Vec<u8> {
        let settled = self.settle(true);
        self.dropping = 0;
        settled
    }

    /// Scrubs a text that is whole.
    pub fn whole(&mut self, text: &[u8]) -> Vec<u8> {
        let mut settled = self.push(text);
        settled.append(&mut self.finish());
        settled
    }

    fn settle(&mut self, is_last: bool) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut settled = Vec::with_capacity(held.len());
        let mut rest = self.dropped(&held);
        while let [first, after @ ..] = rest
            && (is_last || !self.waits(rest))
        {
            rest = match self.patterns.find(rest) {
                Some(pattern) => {
                    settled.extend_from_slice(pattern.mark.as_bytes());
                    let dropping = if pattern.reach == Reach::Word { self.patterns.longest() } else { 0 };
                    (self.hits, self.dropping) = (self.hits.saturating_add(1), dropping);
                    self.dropped(rest.get(pattern.len()..).unwrap_or_default())
                }
                None => {
                    settled.push(*first);
                    after
                }
            };
        }
        self.held = rest.to_vec();
        settled
    }

    fn waits(&self, rest: &[u8]) -> bool {
        match self.pace {
            Pace::Steady => rest.len() < self.patterns.longest(),
            Pace::Eager => self.patterns.may_begin(rest),
        }
    }

    /// Leaves out what follows a part of a value within its word.
    fn dropped<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let word = rest.iter().take(self.dropping).take_while(|byte| self.patterns.is_of_word(**byte)).count();
        // Where the word ends, it ends for good; where the piece does, the next may go on with it.
        self.dropping = if word < rest.len() { 0 } else { self.dropping.saturating_sub(word) };
        rest.get(word..).unwrap_or_default()
    }
}
