//! The rows of a run as they are unpacked, one after the other: the same whatever store they come from.

use std::sync::Arc;

use stockade_workflow::{Entry, RunId};

use super::{Head, Payload, Unread, entries, is_base};
use crate::keyring::Keyring;

/// A row as it was unpacked. To make entries of it takes the most of the time, and no connection.
pub(crate) struct Unpacked {
    pub(crate) seq: u64,
    pub(crate) at_ms: u64,
    pub(crate) payload: Arc<Vec<u8>>,
    pub(crate) blobs: Vec<String>,
}

impl Unpacked {
    /// Makes the entries of the row, those after a number.
    pub(crate) fn entries(&self, run: RunId, after: u64) -> Result<Vec<Entry>, Unread> {
        entries(run, self.seq, self.at_ms, &self.payload, &self.blobs, after)
    }
}

/// Unpacks rows of a run in their order, and keeps those to which others may be differences.
pub(crate) struct Unpacker {
    run: RunId,
    keys: Keyring,
    last: Option<(u64, Arc<Vec<u8>>)>,
    /// With which the chain of the last one begins.
    anchor: Option<(u64, Arc<Vec<u8>>)>,
}

impl Unpacker {
    pub(crate) fn new(run: RunId, keys: &Keyring) -> Self {
        Self { run, keys: keys.clone(), last: None, anchor: None }
    }

    /// Returns the number of the row that must be unpacked before this one, and was not.
    pub(crate) fn lacks(&self, head: &Head<'_>) -> Option<u64> {
        head.base.filter(|base| self.kept(*base).is_none())
    }

    fn kept(&self, seq: u64) -> Option<&Arc<Vec<u8>>> {
        let kept = [&self.last, &self.anchor].into_iter().flatten();
        kept.filter(|(kept, _)| *kept == seq).map(|(_, payload)| payload).next()
    }

    /// Unpacks a row.
    pub(crate) fn unpack(&mut self, head: &Head<'_>) -> Result<Arc<Vec<u8>>, Unread> {
        if let Some(base) = self.lacks(head) {
            return Err(Unread::new(base, "the row is not there"));
        }
        let base = head.base.and_then(|base| self.kept(base)).map(|payload| payload.as_slice());
        let Payload { bytes, is_anchor } = head.payload(self.run, &self.keys, base)?;
        let payload = Arc::new(bytes);
        if is_base(&payload) {
            self.last = Some((head.seq, Arc::clone(&payload)));
            self.anchor = if is_anchor { self.last.clone() } else { self.anchor.take() };
        }
        Ok(payload)
    }
}
