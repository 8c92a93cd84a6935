//! How rows and blobs say that they are sealed, and under which key.

use std::borrow::Cow;

use stockade_workflow::RunId;

use super::{BlobDigest, Head, SEALED, Unread, VERSION, number};
use crate::keyring::{KeyId, Keyring, Unopened};

/// What rows and blobs begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    Plain,
    Sealed(KeyId),
    /// A version that this program does not know.
    Other(u8),
}

impl Prefix {
    /// Reads it, and leaves what follows it; none where the bytes end before it does.
    pub(super) fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(match *version {
            VERSION => Self::Plain,
            SEALED => {
                let (id, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Self::Sealed(KeyId(*id))
            }
            other => Self::Other(other),
        })
    }
}

/// Returns the bytes with which all rows and blobs begin that are sealed as these keys do now.
pub(crate) fn prefix(keys: &Keyring) -> Vec<u8> {
    keys.sealing().map_or_else(|| vec![VERSION], |KeyId(id)| [&[SEALED][..], &id[..]].concat())
}

/// Returns what a row is sealed with: so it can be opened in no other run, and under no other number.
pub(super) fn about(run: RunId, seq: u64, said: &[u8]) -> Vec<u8> {
    [&b"row"[..], run.as_bytes(), &seq.to_be_bytes(), said].concat()
}

/// Returns what a blob is sealed with: so it can be opened in place of no other.
fn about_blob(digest: &BlobDigest) -> Vec<u8> {
    [&b"blob"[..], &digest[..]].concat()
}

/// Makes a row of a frame: so many entries behind the row to which that is a difference, and without these blobs.
pub(super) fn sealed(
    run: RunId,
    seq: u64,
    back: u64,
    blobs: &[BlobDigest],
    frame: &[u8],
    keys: &Keyring,
) -> Result<Vec<u8>, Unread> {
    let mut row = prefix(keys);
    number::write(&mut row, back);
    number::write(&mut row, blobs.len() as u64);
    blobs.iter().for_each(|digest| row.extend(digest));
    if keys.seals() {
        let sealed = keys.seal(&about(run, seq, &row), frame).map_err(|why| Unread::new(seq, why))?;
        row.extend(sealed);
    } else {
        row.extend(frame);
    }
    Ok(row)
}

/// Makes the row anew, sealed as the keys do now, with these blobs in place of its own.
pub(crate) fn resealed(run: RunId, head: &Head<'_>, blobs: &[BlobDigest], keys: &Keyring) -> Result<Vec<u8>, Unread> {
    let back = head.base.map_or(0, |base| head.seq - base);
    sealed(run, head.seq, back, blobs, &head.frame(run, keys)?, keys)
}

/// Makes what is kept of a blob of its frame.
pub(super) fn sealed_blob(digest: &BlobDigest, frame: &[u8], keys: &Keyring) -> Result<Vec<u8>, String> {
    let mut bytes = prefix(keys);
    if keys.seals() {
        bytes.extend(keys.seal(&about_blob(digest), frame)?);
    } else {
        bytes.extend(frame);
    }
    Ok(bytes)
}

/// Returns the frame of a blob as it was before it was sealed.
pub(super) fn opened_blob<'a>(
    digest: &BlobDigest,
    mut bytes: &'a [u8],
    keys: &Keyring,
) -> Result<Cow<'a, [u8]>, Unopened> {
    match Prefix::read(&mut bytes) {
        Some(Prefix::Plain) => Ok(Cow::Borrowed(bytes)),
        Some(Prefix::Sealed(key)) => keys.open(&key, &about_blob(digest), bytes).map(Cow::Owned),
        Some(Prefix::Other(_)) | None => {
            let why = "one of its blobs is of an encoding that this stockade does not know";
            Err(Unopened::Changed(why.to_owned()))
        }
    }
}
