//! The rows of a run as they are unpacked, one after the other: the same whatever store they come from.

use std::sync::Arc;

use stockade_workflow::{Entry, RunId};

use super::{Head, Unread, entries, is_base};
use crate::keyring::Keyring;

/// A row as it was unpacked. To make entries of it takes the most of the time, and no connection.
pub(crate) struct Unpacked {
    pub(crate) seq: u64,
    pub(crate) at_ms: u64,
    pub(crate) payload: Arc<Vec<u8>>,
    pub(crate) blobs: Vec<String>,
}

impl Unpacked {
    /// Makes the entries of the row.
    pub(crate) fn entries(&self, run: RunId) -> Result<Vec<Entry>, Unread> {
        entries(run, self.seq, self.at_ms, &self.payload, &self.blobs)
    }
}

/// Unpacks rows of a run in their order, and keeps the last one to which others may be differences.
pub(crate) struct Unpacker {
    run: RunId,
    keys: Keyring,
    base: Option<(u64, Arc<Vec<u8>>)>,
}

impl Unpacker {
    pub(crate) fn new(run: RunId, keys: &Keyring) -> Self {
        Self { run, keys: keys.clone(), base: None }
    }

    /// Returns the number of the row that must be unpacked before this one, and was not.
    pub(crate) fn lacks(&self, head: &Head<'_>) -> Option<u64> {
        head.base.filter(|base| self.base.as_ref().is_none_or(|(kept, _)| kept != base))
    }

    /// Unpacks a row.
    pub(crate) fn unpack(&mut self, head: &Head<'_>) -> Result<Arc<Vec<u8>>, Unread> {
        if let Some(base) = self.lacks(head) {
            return Err(Unread::new(base, "the row is not there"));
        }
        let base = head.base.and(self.base.as_ref()).map(|(_, payload)| payload.as_slice());
        let payload = Arc::new(head.payload(self.run, &self.keys, base)?);
        if is_base(&payload) {
            self.base = Some((head.seq, Arc::clone(&payload)));
        }
        Ok(payload)
    }
}
