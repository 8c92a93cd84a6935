//! Frames of Zstandard, each with the checksum of what it unpacks to.

use std::cell::RefCell;
use std::io::{self, Read as _, Write as _};
use std::sync::LazyLock;

use zstd::bulk::Compressor;
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use super::copies::{self, Part};
use super::reference::{Reference, ends};

/// A higher one saves a tenth and takes three times as long.
const LEVEL: i32 = 3;

/// The most that a frame may unpack to. No run has as much in its journal unless it was allowed to.
const PLAIN_BYTES_MAX: u64 = 1 << 30;

/// The logarithm of how far a frame may look back at most: what a reader lets a frame ask for.
const REACH_LOG_MAX: u32 = 27;

/// What a difference begins with; a frame of Zstandard begins with another byte.
const LINK: u8 = 1;

/// What the difference begins with that is an anchor.
const ANCHOR: u8 = 2;

const DICTIONARY: &[u8] = include_bytes!("entries-1.dict");

static ENCODER: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));

static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

thread_local! {
    /// To make one takes longer than to use it.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses bytes with the dictionary.
pub(super) fn whole(plain: &[u8]) -> io::Result<Vec<u8>> {
    check(plain.len() as u64)?;
    COMPRESSOR.with_borrow_mut(|kept| match kept {
        Some(compressor) => compressor.compress(plain),
        None => kept.insert(compressor()?).compress(plain),
    })
}

fn compressor() -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::with_prepared_dictionary(&ENCODER)?;
    compressor.include_checksum(true)?;
    // The version in front says which it is.
    compressor.include_dictid(false)?;
    Ok(compressor)
}

/// Writes bytes as the difference to a reference: as [copies](copies::written), with their checksum, compressed behind the ends
/// of the reference. The parts are compared with the last one before each that has a state.
pub(super) fn difference(plain: &[u8], parts: &[Part], reference: &Reference, is_anchor: bool) -> io::Result<Vec<u8>> {
    check(plain.len() as u64)?;
    let copies = copies::written(plain, parts, reference);
    let frame = [&[if is_anchor { ANCHOR } else { LINK }][..], &crc32fast::hash(plain).to_le_bytes()].concat();
    let mut encoder = Encoder::with_ref_prefix(frame, LEVEL, reference.ends())?;
    encoder.set_pledged_src_size(Some(copies.len() as u64))?;
    encoder.write_all(&copies)?;
    encoder.finish()
}

/// Whether others than the next row may be differences to what this frame unpacks to.
pub(super) fn is_anchor(frame: &[u8], others: Option<&[u8]>) -> bool {
    others.is_none() || frame.first() == Some(&ANCHOR)
}

/// Unpacks a frame. What a damaged one says of its length reserves nothing: what comes out is counted.
pub(super) fn unpacked(frame: &[u8], others: Option<&[u8]>) -> io::Result<Vec<u8>> {
    match (others, frame.split_first()) {
        (Some(others), Some((&(LINK | ANCHOR), frame))) => of_copies(frame, others),
        // Older versions wrote differences so.
        (Some(others), _) => decoded(Decoder::with_ref_prefix(frame, others)?),
        (None, _) => decoded(Decoder::with_prepared_dictionary(frame, &DECODER)?),
    }
}

fn of_copies(frame: &[u8], others: &[u8]) -> io::Result<Vec<u8>> {
    let wrong = || io::Error::other("it is a difference to something else, or damaged");
    let (sum, frame) = frame.split_first_chunk::<4>().ok_or_else(wrong)?;
    let ends = ends(others);
    let copies = decoded(Decoder::with_ref_prefix(frame, &ends)?)?;
    let plain = copies::read(&copies, others, usize::try_from(PLAIN_BYTES_MAX).unwrap_or(usize::MAX));
    plain.filter(|plain| crc32fast::hash(plain) == u32::from_le_bytes(*sum)).ok_or_else(wrong)
}

fn decoded(mut decoder: Decoder<'_, &[u8]>) -> io::Result<Vec<u8>> {
    decoder.window_log_max(REACH_LOG_MAX)?;
    let mut plain = Vec::new();
    let bytes = io::copy(&mut decoder.take(PLAIN_BYTES_MAX + 1), &mut plain)?;
    check(bytes).map(|()| plain)
}

fn check(bytes: u64) -> io::Result<()> {
    if bytes <= PLAIN_BYTES_MAX {
        return Ok(());
    }
    Err(io::Error::other(format!("it has more than {PLAIN_BYTES_MAX} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    /// The difference of bytes that are one part to others that are one.
    fn changed_from(plain: &[u8], others: &[u8]) -> Vec<u8> {
        let part = Part { place: 0..plain.len(), has_state: true };
        difference(plain, std::slice::from_ref(&part), &Reference::of(others.to_vec(), 0..others.len()), false).unwrap()
    }

    #[test]
    fn bytes_are_unpacked_as_they_were_packed() {
        for bytes in [0, 1, 100, 70_000, 600_000, 3 << 20] {
            let plain = noise(bytes, 7);
            assert!(unpacked(&whole(&plain).unwrap(), None).unwrap() == plain, "{bytes}");
            let changed = [&plain[..bytes / 2], b"changed", &plain[bytes / 2..]].concat();
            let difference = changed_from(&changed, &plain);
            assert!(unpacked(&difference, Some(&plain)).unwrap() == changed, "{bytes}");
            let is_usual = (4_096..1 << 20).contains(&bytes);
            assert!(!is_usual || difference.len() < 512, "{bytes}: {}", difference.len());
        }
    }

    #[test]
    fn a_difference_to_other_bytes_is_refused() {
        let (one, other) = (noise(9_000, 1), noise(9_000, 2));
        let difference = changed_from(&one, &one);
        assert!(unpacked(&difference, Some(&other)).is_err());
        assert!(unpacked(&difference, Some(&one[1..])).is_err());
        assert!(unpacked(&difference, None).is_err());
    }

    /// Differences were once those of Zstandard itself.
    #[test]
    fn a_difference_of_an_older_version_is_unpacked() {
        let (others, plain) = (noise(9_000, 1), noise(9_000, 1)[..8_000].repeat(2));
        let mut encoder = Encoder::with_ref_prefix(Vec::new(), LEVEL, &others).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(&plain).unwrap();
        let frame = encoder.finish().unwrap();
        assert!(frame.len() < 512 && frame[0] != LINK);
        assert!(unpacked(&frame, Some(&others)).unwrap() == plain);
    }

    /// A frame may be of a few bytes and unpack to as much as it likes; nothing is reserved that does not come.
    #[test]
    fn a_frame_without_an_end_is_refused() {
        let frame = whole(&vec![b'a'; 16 << 20]).unwrap();
        assert!(frame.len() < 16 << 10);
        for end in [1, 4, frame.len() / 2, frame.len() - 1] {
            assert!(unpacked(&frame[..end], None).is_err(), "{end}");
        }
        // A frame of which its head says that it unpacks to all the memory that there is.
        let huge = [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &[0xff; 8], &[0x01, 0x00, 0x00]].concat();
        assert!(unpacked(&huge, None).is_err());
    }
}
