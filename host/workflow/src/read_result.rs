use serde::{Deserialize, Serialize};

use crate::Fault;

/// The most of a result that is read at once, in bytes.
pub const RESULT_PART_BYTES_MAX: usize = 64 << 10;

/// A part of a result that the run has already: the journal has it, and nothing is called for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadResult {
    /// The key of the effect whose result it is: a call of a tool, or code.
    pub result: String,
    /// Where the part begins, in bytes of the result as a model reads it.
    #[serde(default)]
    pub from: u64,
    /// How many bytes are wanted; no more than [`RESULT_PART_BYTES_MAX`] are read.
    pub bytes: u64,
}

/// How the reading of a part ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultRead {
    /// The part.
    Read(ResultPart),
    /// The run has no such result.
    Failed(Fault),
}

/// A part of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultPart {
    /// What it says.
    pub text: String,
    /// Where it begins.
    pub from: u64,
    /// How many bytes the whole result has.
    pub of: u64,
}

impl ResultPart {
    /// Cuts a part out of a result, between letters.
    pub fn of(result: &str, ReadResult { from, bytes, .. }: &ReadResult) -> Self {
        let from = result.floor_char_boundary(usize::try_from(*from).unwrap_or(usize::MAX));
        let bytes = usize::try_from(*bytes).unwrap_or(usize::MAX).min(RESULT_PART_BYTES_MAX);
        let to = result.ceil_char_boundary(from.saturating_add(bytes).min(result.len()));
        let text = result.get(from..to).unwrap_or_default().to_owned();
        Self { text, from: from as u64, of: result.len() as u64 }
    }

    /// Returns where it ends.
    pub fn to(&self) -> u64 {
        self.from.saturating_add(self.text.len() as u64)
    }
}

impl ResultRead {
    /// Returns why there is no part, where it is missing.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Read(_) => None,
            Self::Failed(fault) => Some(fault),
        }
    }

    /// Returns how much memory it takes, about. A fault is small.
    pub fn memory_bytes(&self) -> u64 {
        match self {
            Self::Read(part) => part.text.len() as u64,
            Self::Failed(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_between_letters_and_the_parts_make_the_whole() {
        let result = "aä€🦀".repeat(9);
        for bytes in [1, 2, 5, 1_000] {
            let (mut whole, mut from) = (String::new(), 0);
            while from < result.len() as u64 {
                let part = ResultPart::of(&result, &ReadResult { result: "call".to_owned(), from, bytes });
                assert_eq!((part.from, part.of), (from, result.len() as u64));
                from = part.to();
                whole.push_str(&part.text);
            }
            assert_eq!(whole, result);
        }
        let beyond = ResultPart::of(&result, &ReadResult { result: "call".to_owned(), from: 1_000, bytes: 9 });
        assert_eq!((beyond.text.as_str(), beyond.from), ("", result.len() as u64));
    }
}
