//! The entries that are to be one row, and how they are packed.

use std::io;
use std::sync::Arc;

use stockade_workflow::{Change, Entry, RunId};

use super::bases::{Base, Next, Row};
use super::blob::{self, Blob};
use super::copies::{self, Part};
use super::reference::Reference;
use super::seal::sealed;
use super::{Packed, Unread, frame, is_base, number};
use crate::deep;
use crate::keyring::Keyring;

/// The longest row to which others are differences: a reader keeps it in memory.
const BASE_BYTES_MAX: usize = 8 << 20;

/// What is reserved for the JSON of a change: most take less.
const USUAL_BYTES: usize = 2 << 10;

/// How much JSON a row has before the next entry begins another one, for a reader unpacks whole rows. Each row takes some 200
/// bytes of its own: were it less, a step of a long run would take more than one of a short run.
const ROW_BYTES: usize = 4 << 20;

/// Entries that are to be one row.
#[derive(Default)]
pub(super) struct Batch {
    stamps: Vec<Stamp>,
    /// Their changes, one behind the other, without the blobs.
    json: String,
    /// Where the blobs were taken out.
    places: Vec<usize>,
    blobs: Vec<Blob>,
}

struct Stamp {
    run: RunId,
    seq: u64,
    at_ms: u64,
    /// How long the JSON of the change is, with its blobs.
    bytes: usize,
    /// Where it ends in the JSON of the batch, which has no blobs.
    end: usize,
    /// Whether it has a state of the run.
    has_state: bool,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }

    /// Whether the next entry begins another row.
    pub(super) fn is_full(&self) -> bool {
        self.json.len() >= ROW_BYTES
    }

    pub(super) fn push(&mut self, Entry { run, seq, at_ms, change }: &Entry, keys: &Keyring) -> Result<(), Unread> {
        let unread = |why: &dyn ToString| Unread::new(*seq, why.to_string());
        let json = written(change).map_err(|error| unread(&error))?;
        deep::check(&json).map_err(|why| unread(&why))?;
        let mut from = 0;
        for place in blob::places(&json) {
            let (before, taken) = (json.get(from..place.start), json.get(place.clone()));
            let (Some(before), Some(taken)) = (before, taken) else { continue };
            self.json += before;
            self.places.push(self.json.len());
            self.blobs.push(Blob::of(taken, keys).map_err(|error| unread(&error))?);
            from = place.end;
        }
        self.json += json.get(from..).unwrap_or_default();
        let (end, has_state) = (self.json.len(), matches!(change, Change::Stepped { .. }));
        self.stamps.push(Stamp { run: *run, seq: *seq, at_ms: *at_ms, bytes: json.len(), end, has_state });
        Ok(())
    }

    pub(super) fn packed(self, base: &mut Option<Base>, keys: &Keyring) -> Result<Packed, Unread> {
        let (Some(first), Some(last)) = (self.stamps.first(), self.stamps.last()) else {
            return Err(Unread::new(0, "it has no entries"));
        };
        let (run, first, seq, at_ms) = (last.run, first.seq, last.seq, last.at_ms);
        let payload = self.payload(at_ms);
        let (is_long, parts) = (is_base(&payload), self.parts(payload.len() - self.json.len()));
        let next = base.as_ref().filter(|base| is_long && base.last.seq < seq).map_or(Next::Whole, Base::next);
        let (next, frame) = framed(next, &payload, &parts).map_err(|error| Unread::new(seq, error))?;
        let other = next.other();
        let digests: Vec<_> = self.blobs.iter().map(|blob| blob.digest).collect();
        let packed = Packed {
            first,
            seq,
            at_ms,
            bytes: sealed(run, seq, other.map_or(0, |other| seq - other.seq), &digests, &frame, keys)?,
            blobs: self.blobs,
            #[cfg(feature = "postgres")]
            base: other.map(|other| other.seq),
            #[cfg(feature = "postgres")]
            json_bytes: self.stamps.iter().map(|stamp| stamp.bytes).sum(),
        };
        if cfg!(debug_assertions) {
            packed.check(run, other, keys)?;
        }
        if is_long {
            let row = Row { seq, reference: Arc::new(Reference::of(payload, copies::like(&parts))) };
            *base = Some(row).filter(|row| row.reference.length() <= BASE_BYTES_MAX).map(|row| next.written(row));
        }
        Ok(packed)
    }

    /// Where the JSON of each entry is in the payload, in which the first begins at `from`.
    fn parts(&self, from: usize) -> Vec<Part> {
        let begins = std::iter::once(0).chain(self.stamps.iter().map(|stamp| stamp.end));
        let part = |(begin, Stamp { end, has_state, .. }): (usize, &Stamp)| Part {
            place: from + begin..from + end,
            has_state: *has_state,
        };
        begins.zip(&self.stamps).map(part).collect()
    }

    fn payload(&self, last_ms: u64) -> Vec<u8> {
        let mut payload = Vec::with_capacity(self.json.len() + 8 * (1 + self.stamps.len() + self.places.len()));
        number::write(&mut payload, self.stamps.len() as u64);
        for Stamp { at_ms, bytes, .. } in &self.stamps {
            number::write(&mut payload, *bytes as u64);
            // A clock may go back; what is subtracted here is what is subtracted when it is read.
            number::write(&mut payload, last_ms.wrapping_sub(*at_ms));
        }
        let mut before = 0;
        for place in &self.places {
            number::write(&mut payload, (place - before) as u64);
            before = *place;
        }
        payload.extend(self.json.as_bytes());
        payload
    }
}

/// Makes the frame of a row, and says how it is written. An anchor is whole where its difference is not even half as long: a
/// reader in the middle begins there.
fn framed<'a>(next: Next<'a>, payload: &[u8], parts: &[Part]) -> io::Result<(Next<'a>, Vec<u8>)> {
    let Some(other) = next.other() else { return Ok((next, frame::whole(payload)?)) };
    let is_anchor = matches!(next, Next::Anchor(_));
    let difference = frame::difference(payload, parts, &other.reference, is_anchor)?;
    if is_anchor {
        let whole = frame::whole(payload)?;
        if difference.len() >= whole.len() / 2 {
            return Ok((Next::Whole, whole));
        }
    }
    Ok((next, difference))
}

/// Writes the JSON of a change.
fn written(change: &Change) -> io::Result<String> {
    let mut json = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut json, change)?;
    String::from_utf8(json).map_err(io::Error::other)
}
