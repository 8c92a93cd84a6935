//! What is kept of a row to write others as differences to it: far less than all of it, for each of its states is much like the
//! last one.

use std::ops::Range;

/// How much of either end the compressor of a difference looks back to.
const END_BYTES: usize = 4 << 10;

/// The bytes to which others are a difference, as far as they are needed.
#[derive(Debug)]
pub(super) struct Reference {
    length: usize,
    /// Where the part begins with which the next bytes are compared.
    begin: usize,
    like: Vec<u8>,
    ends: Vec<u8>,
    /// All of them, where what was written is read at once.
    all: Option<Vec<u8>>,
}

impl Reference {
    pub(super) fn of(bytes: Vec<u8>, like: Range<usize>) -> Self {
        let (length, begin, ends) = (bytes.len(), like.start, ends(&bytes));
        let like = bytes.get(like).unwrap_or_default().to_vec();
        Self { length, begin, like, ends, all: cfg!(debug_assertions).then_some(bytes) }
    }

    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// The bytes that are kept, but for those by which what was written is checked.
    pub(super) fn kept(&self) -> usize {
        self.like.len() + self.ends.len()
    }

    /// Returns the part with which the next bytes are compared, and where it begins.
    pub(super) fn like(&self) -> (usize, &[u8]) {
        (self.begin, &self.like)
    }

    pub(super) fn ends(&self) -> &[u8] {
        &self.ends
    }

    pub(super) fn all(&self) -> Option<&[u8]> {
        self.all.as_deref()
    }
}

/// The beginning and the end of bytes: a row that differs a little begins and ends alike.
pub(super) fn ends(bytes: &[u8]) -> Vec<u8> {
    let begin = bytes.get(..END_BYTES).unwrap_or(bytes);
    [begin, bytes.get(bytes.len().saturating_sub(END_BYTES)..).unwrap_or_default()].concat()
}
