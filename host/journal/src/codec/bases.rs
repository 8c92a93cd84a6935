use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use stockade_workflow::RunId;

use crate::Lease;

/// The memory of the rows that are kept; beyond it all are forgotten, and the next ones are written whole.
const BYTES_MAX: usize = 32 << 20;

/// A row as it unpacks, to which the next one of its run may be a difference.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) seq: u64,
    pub(crate) payload: Vec<u8>,
    /// The last long part of it, with which the next ones are compared.
    pub(crate) like: Range<usize>,
    pub(crate) chain: Chain,
}

/// How many rows in a row may be differences, however short the whole one is.
const NEAR_LINKS_MAX: u32 = 127;

/// How much a reader in the middle may have to unpack of these.
const NEAR_UNPACKED_MAX: usize = 16 << 20;

/// How many may be at all: a reader in the middle reads them all.
pub(crate) const LINKS_MAX: u32 = 1_023;

/// How much such a reader may have to unpack.
const UNPACKED_MAX: usize = 256 << 20;

/// The rows from one that is whole to the last one that is a difference, each to the one before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    links: u32,
    /// The bytes of the row that is whole, as it is kept.
    whole: usize,
    /// The bytes of those that are differences.
    differences: usize,
    /// The bytes of all of them, unpacked.
    unpacked: usize,
}

impl Chain {
    pub(crate) fn begin(whole: usize, unpacked: usize) -> Self {
        Self { links: 0, whole, differences: 0, unpacked }
    }

    /// The chain with one row more.
    pub(crate) fn with(self, difference: usize, unpacked: usize) -> Self {
        let differences = self.differences.saturating_add(difference);
        Self { links: self.links + 1, differences, unpacked: self.unpacked.saturating_add(unpacked), ..self }
    }

    /// Whether the next row may be a difference. A row is whole again once the differences take as much as the last whole one:
    /// so the whole ones together take no more than the differences, however long a run becomes.
    pub(crate) fn goes_on(self) -> bool {
        let is_near = self.links < NEAR_LINKS_MAX && self.unpacked < NEAR_UNPACKED_MAX;
        let is_short = self.differences < self.whole && self.unpacked < UNPACKED_MAX;
        is_near || (is_short && self.links < LINKS_MAX)
    }
}

/// The rows that this opener of a journal wrote last, by their runs.
///
/// A row is a difference to one that is surely there as it is in memory: the same holder of the same lease has written it.
#[derive(Default)]
pub(crate) struct Bases(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    bases: BTreeMap<RunId, (u64, Base)>,
    bytes: usize,
}

impl Bases {
    /// Takes what was written under a lease. A commit that fails does not put it back, so the next one is whole.
    pub(crate) fn take(&self, lease: &Lease) -> Option<Base> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (epoch, base) = kept.bases.remove(&lease.run)?;
        kept.bytes -= base.payload.len();
        (epoch == lease.epoch).then_some(base)
    }

    /// Keeps what was written under a lease.
    pub(crate) fn put(&self, lease: &Lease, base: Base) {
        let bytes = base.payload.len();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + bytes > BYTES_MAX {
            *kept = Kept::default();
        }
        kept.bytes += bytes;
        if let Some((_, before)) = kept.bases.insert(lease.run, (lease.epoch, base)) {
            kept.bytes -= before.payload.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(run: u8, epoch: u64) -> Lease {
        Lease { run: RunId::from_bytes([run; 16]), epoch }
    }

    fn base(bytes: usize) -> Base {
        Base { seq: 1, payload: vec![0; bytes], like: 0..bytes, chain: Chain::begin(bytes, bytes) }
    }

    #[test]
    fn a_row_is_kept_for_the_lease_under_which_it_was_written() {
        let bases = Bases::default();
        bases.put(&lease(1, 1), base(5));
        bases.put(&lease(1, 2), base(7));
        assert!(bases.take(&lease(2, 2)).is_none());
        assert_eq!(bases.take(&lease(1, 2)).unwrap().payload.len(), 7);
        assert!(bases.take(&lease(1, 2)).is_none(), "it is taken");
        bases.put(&lease(1, 2), base(7));
        assert!(bases.take(&lease(1, 3)).is_none(), "the lease is another");
        assert_eq!(bases.0.lock().unwrap().bytes, 0);
    }

    #[test]
    fn a_chain_ends_where_its_differences_take_what_its_whole_row_takes() {
        let length = |whole: usize, difference: usize, unpacked: usize| {
            let mut chain = Chain::begin(whole, unpacked);
            while chain.goes_on() {
                chain = chain.with(difference, unpacked);
            }
            chain.links
        };
        assert_eq!(length(1_000, 1_000, 4_096), NEAR_LINKS_MAX, "a whole row costs little beside its differences");
        assert_eq!(length(1_000, 1_000, 1 << 20), 15, "nor is it far to read");
        assert_eq!(length(20_000, 100, 4_096), 200);
        assert_eq!(length(1 << 20, 1, 4_096), LINKS_MAX, "a reader reads no more");
        assert_eq!(length(1 << 20, 1, 4 << 20), 63, "a reader unpacks no more");
    }

    #[test]
    fn rows_are_forgotten_before_they_take_too_much_memory() {
        let bases = Bases::default();
        for run in 0..100 {
            bases.put(&lease(run, 1), base(1 << 20));
            assert!(bases.0.lock().unwrap().bytes <= BYTES_MAX);
        }
        assert!(bases.take(&lease(0, 1)).is_none() && bases.take(&lease(99, 1)).is_some());
    }
}
