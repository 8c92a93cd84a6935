//! What is long in the JSON of an entry, and kept once by its digest: a document that is input, argument, result and part of
//! every state, in this run and in others.

use std::io;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::frame;
use super::seal::{opened_blob, sealed_blob};
use crate::keyring::{Keyring, Unopened};

/// From which length on something is kept apart. Its digest and its row take a hundred bytes.
const BLOB_BYTES_MIN: usize = 8 << 10;

/// The members that hold what came from outside, and are the same wherever they are again. A state is not among them: it changes
/// with each step, and is kept as a difference.
const PAYLOADS: [&str; 6] = ["input", "arguments", "returned", "done", "args", "value"];

/// The SHA-256 of a blob; of one that is sealed, its HMAC-SHA-256 under the key, from which nothing can be told of it.
pub(crate) type BlobDigest = [u8; 32];

/// A piece of JSON that is kept apart: the inside of a text, or an array or object.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    pub(crate) digest: BlobDigest,
    /// The piece as it is kept: a version, and a frame; or how it is sealed, and the sealed frame.
    pub(crate) bytes: Vec<u8>,
}

impl Blob {
    pub(crate) fn of(piece: &str, keys: &Keyring) -> io::Result<Self> {
        let digest = keys.digest(piece.as_bytes()).unwrap_or_else(|| Sha256::digest(piece).into());
        let bytes = sealed_blob(&digest, &frame::whole(piece.as_bytes())?, keys).map_err(io::Error::other)?;
        Ok(Self { digest, bytes })
    }
}

/// Reads the piece of JSON that a blob holds.
pub(super) fn text(digest: &BlobDigest, bytes: &[u8], keys: &Keyring) -> Result<String, Unopened> {
    let frame = opened_blob(digest, bytes, keys)?;
    let piece = frame::unpacked(&frame, None).map_err(|error| Unopened::Changed(error.to_string()))?;
    String::from_utf8(piece).map_err(|error| Unopened::Changed(error.to_string()))
}

/// An array or object that is not closed yet.
struct Open {
    start: usize,
    is_payload: bool,
    /// How many places were found before it.
    found: usize,
}

/// Finds what of an entry's JSON is kept apart: each long text, and each long payload without such a text. The places are in
/// order and do not overlap.
pub(super) fn places(json: &str) -> Vec<Range<usize>> {
    let (mut found, mut open) = (Vec::new(), Vec::<Open>::new());
    if json.len() < BLOB_BYTES_MIN {
        return found;
    }
    // The last text, and the one that names the member whose value comes next.
    let (mut text, mut name) = (0..0, 0..0);
    let mut bytes = json.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => {
                let end = end_of_text(&mut bytes).unwrap_or(json.len());
                text = at + 1..end;
                if text.len() >= BLOB_BYTES_MIN {
                    found.push(text.clone());
                }
            }
            b':' => name = text.clone(),
            b',' => name = 0..0,
            b'[' | b'{' => {
                let is_payload = json.get(name.clone()).is_some_and(|name| PAYLOADS.contains(&name));
                open.push(Open { start: at, is_payload, found: found.len() });
                name = 0..0;
            }
            b']' | b'}' => {
                let closed = open.pop().filter(|open| open.is_payload && open.found == found.len());
                found.extend(closed.map(|open| open.start..at + 1).filter(|place| place.len() >= BLOB_BYTES_MIN));
            }
            _ => {}
        }
    }
    found
}

/// Passes over the rest of a text, and returns where its closing mark is.
fn end_of_text(bytes: &mut impl Iterator<Item = (usize, u8)>) -> Option<usize> {
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at),
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::codec::{SEALED, VERSION};
    use crate::testing;

    fn found(value: &Value) -> Vec<String> {
        let json = value.to_string();
        places(&json).into_iter().map(|place| json[place].to_owned()).collect()
    }

    #[test]
    fn long_texts_and_long_payloads_are_found() {
        let long = "a\"\\é".repeat(4_000);
        let quoted = json!(long).to_string();
        let inside = &quoted[1..quoted.len() - 1];
        let rows = json!(vec![json!({"name": "n", "of": [1, 2]}); 1_000]);
        let value = json!({
            "change": "stepped", "event": {"returned": rows, "key": "a"},
            "state": {"document": long, "rows": rows}, "input": {"text": long, "rows": rows},
        });
        assert_eq!(found(&value), [rows.to_string(), inside.to_owned(), inside.to_owned()]);
        assert_eq!(found(&json!({"state": rows})), [""; 0]);
        assert_eq!(found(&json!({"a": "input", "b": rows})), [""; 0]);
        assert_eq!(found(&json!({"input": "x".repeat(BLOB_BYTES_MIN - 1)})), [""; 0]);
    }

    #[test]
    fn a_blob_is_read_as_it_was_kept() {
        let piece = "a line of a document\\n".repeat(1_000);
        for keys in [Keyring::default(), testing::keys("one")] {
            let blob = Blob::of(&piece, &keys).unwrap();
            assert_eq!(text(&blob.digest, &blob.bytes, &keys).unwrap(), piece);
            assert!(blob.bytes.len() < 250, "{}", blob.bytes.len());
            assert_ne!(blob.digest, Blob::of(&format!("{piece} "), &keys).unwrap().digest);
            for damaged in [&[][..], &[VERSION], &[SEALED, 0], &[SEALED + 1, 0], &blob.bytes[..blob.bytes.len() - 1]] {
                assert!(text(&blob.digest, damaged, &keys).is_err());
            }
        }
    }
}
