//! The entries that are to be one row, and how they are packed.

use std::io;

use stockade_workflow::{Change, Entry, RunId};

use super::bases::{Base, Chain};
use super::blob::{self, Blob};
use super::copies::{self, Part};
use super::seal::sealed;
use super::{Packed, Unread, frame, is_base, number};
use crate::deep;
use crate::keyring::Keyring;

/// The longest row that is kept in memory to write differences to it.
const BASE_BYTES_MAX: usize = 8 << 20;

/// What is reserved for the JSON of a change: most take less.
const USUAL_BYTES: usize = 2 << 10;

/// How much JSON a row has before the next entry begins another one, for a reader unpacks whole rows.
const ROW_BYTES: usize = 512 << 10;

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
        let linked = base.as_ref().filter(|base| is_long && base.chain.goes_on() && base.seq < seq);
        let frame = match linked {
            None => frame::whole(&payload),
            Some(base) => frame::difference(&payload, &parts, &base.payload, base.like.clone()),
        };
        let frame = frame.map_err(|error| Unread::new(seq, error))?;
        let digests: Vec<_> = self.blobs.iter().map(|blob| blob.digest).collect();
        let bytes = sealed(run, seq, linked.map_or(0, |base| seq - base.seq), &digests, &frame, keys)?;
        let (kept, long) = (bytes.len(), payload.len());
        let chain = linked.map_or_else(|| Chain::begin(kept, long), |base| base.chain.with(kept, long));
        let packed = Packed {
            first,
            seq,
            at_ms,
            bytes,
            blobs: self.blobs,
            #[cfg(feature = "postgres")]
            base: linked.map(|base| base.seq),
            #[cfg(feature = "postgres")]
            json_bytes: self.stamps.iter().map(|stamp| stamp.bytes).sum(),
        };
        if cfg!(debug_assertions) {
            packed.check(run, base.as_ref(), keys)?;
        }
        if is_long {
            let like = copies::like(&parts);
            *base = Some(Base { seq, payload, like, chain }).filter(|base| base.payload.len() <= BASE_BYTES_MAX);
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

/// Writes the JSON of a change.
fn written(change: &Change) -> io::Result<String> {
    let mut json = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut json, change)?;
    String::from_utf8(json).map_err(io::Error::other)
}
