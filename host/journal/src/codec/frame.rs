//! Frames of Zstandard, each with the checksum of what it unpacks to.

use std::cell::RefCell;
use std::io::{self, Read as _, Write as _};
use std::sync::LazyLock;

use zstd::bulk::Compressor;
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

/// A higher one saves a tenth and takes three times as long.
const LEVEL: i32 = 3;

/// The most that a frame may unpack to. No run has as much in its journal unless it was allowed to.
const PLAIN_BYTES_MAX: u64 = 1 << 30;

/// The logarithm of how far a frame of this level looks back by itself.
const REACH_LOG: u32 = 21;

/// The logarithm of how far a frame may look back at most: what a reader lets a frame ask for.
const REACH_LOG_MAX: u32 = 27;

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

/// Compresses bytes as the difference to others.
pub(super) fn difference(plain: &[u8], base: &[u8]) -> io::Result<Vec<u8>> {
    check(plain.len() as u64)?;
    let mut encoder = Encoder::with_ref_prefix(Vec::new(), LEVEL, base)?;
    encoder.include_checksum(true)?;
    let reach_log = (plain.len() + base.len()).next_power_of_two().ilog2();
    if reach_log > REACH_LOG {
        encoder.window_log(reach_log.min(REACH_LOG_MAX))?;
        encoder.long_distance_matching(true)?;
    }
    encoder.set_pledged_src_size(Some(plain.len() as u64))?;
    encoder.write_all(plain)?;
    encoder.finish()
}

/// Unpacks a frame. What a damaged one says of its length reserves nothing: what comes out is counted.
pub(super) fn unpacked(frame: &[u8], base: Option<&[u8]>) -> io::Result<Vec<u8>> {
    let mut decoder = match base {
        None => Decoder::with_prepared_dictionary(frame, &DECODER)?,
        Some(base) => Decoder::with_ref_prefix(frame, base)?,
    };
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

    fn noise(bytes: usize, mut seed: u64) -> Vec<u8> {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        };
        (0..bytes).map(|_| next()).collect()
    }

    #[test]
    fn bytes_are_unpacked_as_they_were_packed() {
        for bytes in [0, 1, 100, 70_000, 600_000, 3 << 20] {
            let plain = noise(bytes, 7);
            assert!(unpacked(&whole(&plain).unwrap(), None).unwrap() == plain, "{bytes}");
            let changed = [&plain[..bytes / 2], b"changed", &plain[bytes / 2..]].concat();
            let difference = difference(&changed, &plain).unwrap();
            assert!(unpacked(&difference, Some(&plain)).unwrap() == changed, "{bytes}");
            let is_usual = (4_096..1 << 20).contains(&bytes);
            assert!(!is_usual || difference.len() < 512, "{bytes}: {}", difference.len());
        }
    }

    #[test]
    fn a_difference_to_other_bytes_is_refused() {
        let (one, other) = (noise(9_000, 1), noise(9_000, 2));
        let difference = difference(&one, &one).unwrap();
        assert!(unpacked(&difference, Some(&other)).is_err());
        assert!(unpacked(&difference, None).is_err());
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
