use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::Fault;

/// The SHA-256 of a content, written `sha256:…` in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Returns the digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::written(&Sha256::digest(bytes))
    }

    /// Returns the digest of bytes that come piece by piece.
    ///
    /// # Errors
    ///
    /// A piece that does not come.
    pub fn of_pieces<E>(pieces: impl IntoIterator<Item = Result<Vec<u8>, E>>) -> Result<Self, E> {
        let mut hasher = Sha256::new();
        for piece in pieces {
            hasher.update(piece?);
        }
        Ok(Self::written(&hasher.finalize()))
    }

    fn written(hash: &[u8]) -> Self {
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        let halves = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        text.extend(halves.filter_map(|half| char::from_digit(u32::from(half), 16)));
        Self(text)
    }

    /// Returns the digest of a value's canonical JSON: object keys sorted, no white space.
    pub fn of_json(value: &impl Serialize) -> Self {
        // Only a map with keys that are not strings can fail here, and none of our types has one.
        Self::of(canonical(&serde_json::to_value(value).unwrap_or_default()).as_bytes())
    }

    /// Returns the text form, `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hexadecimal part alone, for a file name.
    pub fn hex(&self) -> &str {
        self.0.trim_start_matches("sha256:")
    }

    /// Returns whether a text means this digest: all of it, or at least its first twelve hexadecimal digits.
    pub fn is_written(&self, text: &str) -> bool {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        hex.len() >= self.short().len() && self.hex().starts_with(hex)
    }

    /// Returns the first twelve hexadecimal digits, enough to tell things apart on a screen.
    pub fn short(&self) -> &str {
        self.hex().get(..12).unwrap_or_else(|| self.hex())
    }
}

/// Writes JSON with sorted keys and without white space.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str());
            let members =
                members.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

impl FromStr for Digest {
    type Err = Fault;

    /// Reads `sha256:` and 64 hexadecimal digits, in lower case as we write them.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let hex = text.strip_prefix("sha256:").unwrap_or_default();
        let is_hex = hex.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if hex.len() != 64 || !is_hex {
            let message = format!("\"{text}\" is not a digest; write sha256: and 64 hexadecimal digits");
            return Err(Fault::invalid("digest", message));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_matter_but_values_do() {
        let one: Value = serde_json::from_str(r#"{"b": [1, {"z": 1, "a": 2}], "a": "x"}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"a": "x", "b": [1, {"a": 2, "z": 1}]}"#).unwrap();
        assert_eq!(Digest::of_json(&one), Digest::of_json(&two));
        assert_ne!(Digest::of_json(&one), Digest::of_json(&json!({"a": "x", "b": [1, {"a": 2, "z": 2}]})));
    }

    #[test]
    fn what_is_not_a_digest_is_refused() {
        let digest = Digest::of(b"x");
        assert_eq!(digest.as_str().parse(), Ok(digest.clone()));
        for text in ["", "sha256:", "sha256:abc", digest.hex(), &digest.as_str().to_uppercase(), "sha512:0"] {
            let fault = text.parse::<Digest>().unwrap_err();
            assert!(fault.message.contains(&format!("\"{text}\" is not a digest")), "{fault}");
        }
    }

    #[test]
    fn the_digest_of_pieces_is_that_of_the_whole() {
        let pieces = [b"ab".to_vec(), Vec::new(), b"c".to_vec()].map(Ok::<_, ()>);
        assert_eq!(Digest::of_pieces(pieces), Ok(Digest::of(b"abc")));
        assert_eq!(Digest::of_pieces([Ok(Vec::new()), Err("gone")]), Err("gone"));
    }

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        let known = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").as_str(), known);
        assert_eq!(Digest::of(b"").short(), "e3b0c44298fc");
    }
}
