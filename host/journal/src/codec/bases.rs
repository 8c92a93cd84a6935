use std::collections::BTreeMap;
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
    /// How many rows it is away from one that is whole.
    pub(crate) links: u32,
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
        Base { seq: 1, payload: vec![0; bytes], links: 0 }
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
    fn rows_are_forgotten_before_they_take_too_much_memory() {
        let bases = Bases::default();
        for run in 0..100 {
            bases.put(&lease(run, 1), base(1 << 20));
            assert!(bases.0.lock().unwrap().bytes <= BYTES_MAX);
        }
        assert!(bases.take(&lease(0, 1)).is_none() && bases.take(&lease(99, 1)).is_some());
    }
}
