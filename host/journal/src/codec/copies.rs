//! Bytes written as copies of other bytes, with the new bytes between the copies.
//!
//! The state of a long run is in each of its steps, and mostly as it was. Zstandard finds it again piece by piece, each at the
//! price of a few bytes, and the more pieces the longer the state is. Here each part, which is the JSON of an entry, is compared
//! with the last one before it that has a state, block by block: what is alike is one copy, however long it is.
//!
//! Written are, as numbers: how many bytes the copies take; of each copy, how many new bytes come before it, how long it is, and
//! how far from the end of the last one it begins, counted from the beginning of the others with the bytes behind them; and
//! then come the new bytes. A way forward is written as twice its length, and one back as twice its length and one.

use std::cell::OnceCell;
use std::ops::Range;

use super::number;
use super::reference::Reference;

/// The length of the blocks by which a copy is found, and its shortest.
const BLOCK: usize = 256;

/// From which length on a part is one that the next ones are compared with.
const LONG_BYTES_MIN: usize = 1 << 10;

/// What a byte of a block is multiplied with for each that follows it.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// What the first byte of a block is multiplied with in all.
const FIRST: u64 = FACTOR.wrapping_pow(BLOCK as u32 - 1);

/// The JSON of an entry.
pub(super) struct Part {
    /// Where it is.
    pub(super) place: Range<usize>,
    /// Whether it has a state of the run, so that the next ones are compared with it.
    pub(super) has_state: bool,
}

/// Returns the one of the parts with which those of the next row are compared: the last long one that has a state, or the last
/// long one where none has; an empty one where all are short.
pub(super) fn like(parts: &[Part]) -> Range<usize> {
    let long = || parts.iter().rev().filter(|part| part.place.len() >= LONG_BYTES_MIN);
    let part = long().find(|part| part.has_state).or_else(|| long().next());
    part.map(|part| part.place.clone()).unwrap_or_default()
}

/// Writes bytes as copies of a reference. The parts are in their order, one behind the other up to the end.
pub(super) fn written(plain: &[u8], parts: &[Part], reference: &Reference) -> Vec<u8> {
    let mut copies = Copies::default();
    let (begin, like) = reference.like();
    let mut long = Long::of(begin, like);
    let first = parts.first().map_or(plain.len(), |part| part.place.start);
    copies.add(plain.get(..first).unwrap_or_default());
    for Part { place, has_state } in parts {
        let bytes = plain.get(place.clone()).unwrap_or_default();
        copies.part(bytes, &long);
        if *has_state && bytes.len() >= LONG_BYTES_MIN {
            long = Long::of(reference.length() + place.start, bytes);
        }
    }
    copies.written()
}

/// Reads bytes that were written as copies; `None` where they were not, or where they are longer than `bytes_max`.
pub(super) fn read(mut written: &[u8], others: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let of_copies = length(&mut written)?;
    let (mut copies, mut new) = written.split_at_checked(of_copies)?;
    let (mut plain, mut end) = (Vec::new(), 0);
    while !copies.is_empty() {
        let (before, after) = new.split_at_checked(length(&mut copies)?)?;
        new = after;
        add(&mut plain, before, bytes_max)?;
        let (bytes, way) = (length(&mut copies)?, number::read(&mut copies)?);
        let begin = moved(end, way)?;
        end = begin.checked_add(bytes)?;
        if bytes > bytes_max.saturating_sub(plain.len()) {
            return None;
        }
        copy(&mut plain, others, begin..end)?;
    }
    add(&mut plain, new, bytes_max)?;
    Some(plain)
}

/// Adds new bytes, if they have room.
fn add(plain: &mut Vec<u8>, new: &[u8], bytes_max: usize) -> Option<()> {
    (new.len() <= bytes_max.saturating_sub(plain.len())).then(|| plain.extend_from_slice(new))
}

/// Copies of the others, or of what was read before.
fn copy(plain: &mut Vec<u8>, others: &[u8], place: Range<usize>) -> Option<()> {
    if let Some(bytes) = others.get(place.clone()) {
        plain.extend_from_slice(bytes);
        return Some(());
    }
    let place = place.start.checked_sub(others.len())?..place.end.checked_sub(others.len())?;
    plain.get(place.clone())?;
    plain.extend_from_within(place);
    Some(())
}

fn length(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(number::read(bytes)?).ok()
}

fn moved(from: usize, way: u64) -> Option<usize> {
    let far = usize::try_from(way >> 1).ok()?;
    if way & 1 == 0 { from.checked_add(far) } else { from.checked_sub(far) }
}

fn way(from: usize, to: usize) -> u64 {
    let far = (from.abs_diff(to) as u64) << 1;
    if to >= from { far } else { far | 1 }
}

/// A part that others are compared with, and where it begins.
struct Long<'a> {
    begin: usize,
    bytes: &'a [u8],
    /// Found once something is compared.
    blocks: OnceCell<Blocks<'a>>,
}

impl<'a> Long<'a> {
    fn of(begin: usize, bytes: &'a [u8]) -> Self {
        Self { begin, bytes, blocks: OnceCell::new() }
    }
}

#[derive(Default)]
struct Copies {
    copies: Vec<u8>,
    new: Vec<u8>,
    /// How many of the new bytes come behind the last copy.
    since: usize,
    /// Where what was copied last ends.
    end: usize,
}

impl Copies {
    /// Adds new bytes.
    fn add(&mut self, bytes: &[u8]) {
        self.new.extend_from_slice(bytes);
        self.since += bytes.len();
    }

    /// Adds a copy.
    fn copy(&mut self, place: Range<usize>) {
        number::write(&mut self.copies, self.since as u64);
        number::write(&mut self.copies, place.len() as u64);
        number::write(&mut self.copies, way(self.end, place.start));
        (self.since, self.end) = (0, place.end);
    }

    fn part(&mut self, bytes: &[u8], long: &Long<'_>) {
        if bytes.len() < BLOCK {
            return self.add(bytes);
        }
        let (blocks, mut rest) = (long.blocks.get_or_init(|| Blocks::of(long.bytes)), bytes);
        while let Some((at, place)) = blocks.first_in(rest) {
            let (before, from) = rest.split_at_checked(at).unwrap_or_default();
            let (known, there) = long.bytes.split_at_checked(place).unwrap_or_default();
            let (back, on) = (alike_behind(before, known), alike(from, there));
            self.add(before.get(..at - back).unwrap_or_default());
            self.copy(long.begin + place - back..long.begin + place + on);
            rest = from.get(on..).unwrap_or_default();
        }
        self.add(rest);
    }

    fn written(self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.copies.len() + self.new.len() + 4);
        number::write(&mut all, self.copies.len() as u64);
        all.extend(self.copies);
        all.extend(self.new);
        all
    }
}

/// The blocks of a part, by sums of them: for each sum, or some that share its place, the last block.
struct Blocks<'a> {
    bytes: &'a [u8],
    places: Vec<Option<usize>>,
}

impl<'a> Blocks<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let count = bytes.len() / BLOCK;
        let mut blocks =
            Self { bytes, places: vec![None; if count == 0 { 0 } else { (2 * count).next_power_of_two() }] };
        for (number, block) in bytes.chunks_exact(BLOCK).enumerate() {
            let slot = blocks.slot(sum(block));
            if let Some(place) = blocks.places.get_mut(slot) {
                *place = Some(number * BLOCK);
            }
        }
        blocks
    }

    /// Returns the first place of these bytes at which one of the blocks is, and where that block is.
    fn first_in(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        if self.places.is_empty() {
            return None;
        }
        let mut now = sum(bytes.get(..BLOCK)?);
        // The last of the blocks has no byte behind it.
        let next = bytes.iter().skip(BLOCK).map(Some).chain([None]);
        for (at, (block, next)) in bytes.windows(BLOCK).zip(next).enumerate() {
            if let Some(place) = self.place(now, block) {
                return Some((at, place));
            }
            if let (Some(first), Some(next)) = (block.first(), next) {
                now = now.wrapping_sub(FIRST.wrapping_mul(u64::from(*first)));
                now = now.wrapping_mul(FACTOR).wrapping_add(u64::from(*next));
            }
        }
        None
    }

    fn place(&self, sum: u64, block: &[u8]) -> Option<usize> {
        let place = (*self.places.get(self.slot(sum))?)?;
        (self.bytes.get(place..place + BLOCK)? == block).then_some(place)
    }

    /// The number of places is a power of two, or zero.
    fn slot(&self, sum: u64) -> usize {
        (sum >> 32) as usize & self.places.len().saturating_sub(1)
    }
}

/// A sum over the bytes of a block that is made from that of the block one byte before it.
fn sum(block: &[u8]) -> u64 {
    block.iter().fold(0, |sum: u64, byte| sum.wrapping_mul(FACTOR).wrapping_add(u64::from(*byte)))
}

/// How many bytes two begin with alike.
fn alike(one: &[u8], other: &[u8]) -> usize {
    const STRIDE: usize = 64;
    let strides = one.chunks_exact(STRIDE).zip(other.chunks_exact(STRIDE)).take_while(|(one, other)| one == other);
    let long = strides.count() * STRIDE;
    let rest = one.iter().skip(long).zip(other.iter().skip(long)).take_while(|(one, other)| one == other);
    long + rest.count()
}

/// How many bytes two end with alike.
fn alike_behind(one: &[u8], other: &[u8]) -> usize {
    one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    fn written_to(plain: &[u8], parts: &[Part], others: &[u8], like: Range<usize>) -> Vec<u8> {
        written(plain, parts, &Reference::of(others.to_vec(), like))
    }

    /// Puts parts that have states behind a head, and returns where they are.
    fn together(head: &[u8], parts: &[Vec<u8>]) -> (Vec<u8>, Vec<Part>) {
        let (mut all, mut places) = (head.to_vec(), Vec::new());
        for part in parts {
            places.push(Part { place: all.len()..all.len() + part.len(), has_state: true });
            all.extend(part);
        }
        (all, places)
    }

    #[test]
    fn bytes_are_read_as_they_were_written() {
        let state = noise(20_000, 1);
        let grown = |by: usize| [&b"head "[..], &state, &noise(by, 2), b" tail"].concat();
        let others = [&b"some "[..], &state].concat();
        for parts in [
            vec![],
            vec![grown(10), b"short".to_vec(), grown(20), grown(30)],
            vec![state[..300].to_vec(), state[300..].to_vec()],
            vec![noise(5_000, 9)],
            vec![state.repeat(3), vec![b'a'; 5_000], vec![b'a'; 6_000]],
        ] {
            let (plain, places) = together(b"stamps", &parts);
            for like in [5..others.len(), 0..0, 0..others.len() + 1] {
                let written = written_to(&plain, &places, &others, like);
                assert!(read(&written, &others, plain.len()).unwrap() == plain, "{}", plain.len());
                assert!(written.len() <= plain.len() + 16);
                assert_eq!(read(&written, &others, plain.len() - 1), None, "it is longer");
            }
        }
    }

    /// Of the part before, pieces are left out, repeated and put elsewhere, and something new comes between them.
    #[test]
    fn parts_that_are_made_of_pieces_of_others_are_read_as_they_were_written() {
        let mut seed = 1_u64;
        let mut below = |bound: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % bound
        };
        for round in 0..60 {
            let (others, mut parts) = (noise(below(6_000), round), Vec::<Vec<u8>>::new());
            for _ in 0..=below(4) {
                let (before, mut part) = (parts.last().unwrap_or(&others).clone(), Vec::new());
                for _ in 0..below(8) {
                    let (begin, length) = (below(before.len() + 1), below(2_000));
                    part.extend_from_slice(&before[begin..before.len().min(begin + length)]);
                    part.extend(noise(below(40), round));
                }
                parts.push(part);
            }
            let (plain, mut places) = together(b"stamps", &parts);
            for place in &mut places {
                place.has_state = below(3) > 0;
            }
            let written = written_to(&plain, &places, &others, below(others.len() + 1)..others.len());
            assert!(read(&written, &others, plain.len()).unwrap() == plain, "round {round}");
        }
    }

    #[test]
    fn a_state_that_grows_is_one_copy_for_each_step() {
        let state = noise(60_000, 1);
        let step = |steps: usize| [format!("step {steps}: ").as_bytes(), &state[..50_000 + 10 * steps]].concat();
        let (plain, places) = together(b"", &[step(2), step(3), step(4)]);
        let written = written_to(&plain, &places, &step(1), 0..step(1).len());
        assert!(written.len() < 3 * 50, "{}", written.len());
    }

    /// What a tool has answered comes between two states, and may be long.
    #[test]
    fn a_state_is_compared_with_the_state_before_whatever_comes_between() {
        let state = noise(20_000, 1);
        let (plain, mut places) = together(b"", &[state.clone(), noise(3_000, 2), state.clone(), noise(2_000, 3)]);
        (places[1].has_state, places[3].has_state) = (false, false);
        assert_eq!(like(&places), places[2].place);
        let written = written_to(&plain, &places, &state, 0..state.len());
        assert!(written.len() < 5_100, "{}", written.len());
        assert_eq!(like(&places[1..2]), places[1].place, "there is no state");
        assert_eq!(like(&[]), 0..0);
    }

    #[test]
    fn bytes_that_are_not_written_as_copies_are_refused() {
        let others = noise(9_000, 1);
        let written = written_to(&others, &together(b"", std::slice::from_ref(&others)).1, &others, 0..others.len());
        assert!(written.len() < 16);
        for end in 0..written.len() {
            assert_ne!(read(&written[..end], &others, 1 << 20), Some(others.clone()), "{end}");
        }
        for bytes in [&[2, 0xff, 0xff][..], &[3, 0, 100, 0], &[3, 0, 1, 1], &[3, 0, 1, 3], &[200, 1]] {
            assert_eq!(read(bytes, b"", 1 << 20), None, "{bytes:?}");
        }
        assert_eq!(read(&[0], b"", 0), Some(Vec::new()));
        assert_eq!(read(&[0, b'a'], b"", 0), None, "new bytes are counted");
    }
}
