use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use stockade_workflow::RunId;

use super::reference::Reference;
use crate::Lease;

/// The memory of the rows that are kept; beyond it all are forgotten, and the next ones are written whole.
const BYTES_MAX: usize = 64 << 20;

/// How many rows of a chain may be links: a reader in the middle reads them all.
const LINKS_MAX: u32 = 127;

/// How much such a reader may have to unpack of them.
const LINKS_UNPACKED_MAX: usize = 64 << 20;

/// How many anchors in a row may be differences: such a reader reads these too.
const ANCHORS_MAX: u32 = 896;

/// How much it may have to unpack of them.
const ANCHORS_UNPACKED_MAX: usize = 192 << 20;

/// How many rows a reader in the middle reads at most before the one that it wants.
#[cfg(feature = "sqlite")]
pub(crate) const BEFORE_MAX: u32 = LINKS_MAX + ANCHORS_MAX;

/// What is needed of a row to write others as differences to it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(super) seq: u64,
    pub(super) reference: Arc<Reference>,
}

/// How the next row of a run is written.
pub(super) enum Next<'a> {
    Whole,
    /// As the difference to the anchor of the last chain, and it is the anchor of one itself.
    Anchor(&'a Base),
    /// As the difference to the last row.
    Link(&'a Base),
}

impl<'a> Next<'a> {
    /// Returns the row to which it is a difference.
    pub(super) fn other(&self) -> Option<&'a Row> {
        match self {
            Self::Whole => None,
            Self::Anchor(base) => Some(&base.anchor),
            Self::Link(base) => Some(&base.last),
        }
    }

    /// Returns what the row after it may be a difference to, now that it is written.
    pub(super) fn written(&self, row: Row) -> Base {
        match self {
            Self::Whole => Base::whole(row),
            Self::Anchor(base) => Base { anchors: base.anchors.with(&row), ..Base::whole(row) },
            Self::Link(base) => Base { links: base.links.with(&row), last: row, ..(*base).clone() },
        }
    }
}

/// The rows to which the next one of their run may be a difference.
///
/// A chain is an anchor and its links, each the difference to the row before it. Where it would become too long for a reader in
/// the middle, another anchor begins the next one, as the difference to the anchor before. So what is new in a step is written
/// twice, and no more often, however long a run becomes.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(super) last: Row,
    /// With which the chain of the last row begins.
    anchor: Row,
    /// The links from the anchor to the last row.
    links: Chain,
    /// The anchors from the one that is whole to this one.
    anchors: Chain,
}

impl Base {
    fn whole(row: Row) -> Self {
        Self { anchor: row.clone(), last: row, links: Chain::default(), anchors: Chain::default() }
    }

    pub(super) fn next(&self) -> Next<'_> {
        if self.links.goes_on(LINKS_MAX, LINKS_UNPACKED_MAX) {
            Next::Link(self)
        } else if self.anchors.goes_on(ANCHORS_MAX, ANCHORS_UNPACKED_MAX) {
            Next::Anchor(self)
        } else {
            Next::Whole
        }
    }

    fn bytes(&self) -> usize {
        let anchor = if self.anchor.seq == self.last.seq { 0 } else { self.anchor.reference.kept() };
        self.last.reference.kept() + anchor
    }
}

/// Rows of which each is a difference to the one before it.
#[derive(Clone, Copy, Debug, Default)]
struct Chain {
    rows: u32,
    /// The bytes of all of them, unpacked.
    unpacked: usize,
}

impl Chain {
    fn with(self, row: &Row) -> Self {
        Self { rows: self.rows + 1, unpacked: self.unpacked.saturating_add(row.reference.length()) }
    }

    fn goes_on(self, rows_max: u32, unpacked_max: usize) -> bool {
        self.rows < rows_max && self.unpacked < unpacked_max
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
        kept.bytes -= base.bytes();
        (epoch == lease.epoch).then_some(base)
    }

    /// Keeps what was written under a lease.
    pub(crate) fn put(&self, lease: &Lease, base: Base) {
        let bytes = base.bytes();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes + bytes > BYTES_MAX {
            *kept = Kept::default();
        }
        kept.bytes += bytes;
        if let Some((_, before)) = kept.bases.insert(lease.run, (lease.epoch, base)) {
            kept.bytes -= before.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(run: u8, epoch: u64) -> Lease {
        Lease { run: RunId::from_bytes([run; 16]), epoch }
    }

    fn row(seq: u64, bytes: usize) -> Row {
        Row { seq, reference: Arc::new(Reference::of(vec![0; bytes], 0..bytes)) }
    }

    fn base(bytes: usize) -> Base {
        Base::whole(row(1, bytes))
    }

    #[test]
    fn a_row_is_kept_for_the_lease_under_which_it_was_written() {
        let bases = Bases::default();
        bases.put(&lease(1, 1), base(5));
        bases.put(&lease(1, 2), base(7));
        assert!(bases.take(&lease(2, 2)).is_none());
        assert_eq!(bases.take(&lease(1, 2)).unwrap().last.reference.length(), 7);
        assert!(bases.take(&lease(1, 2)).is_none(), "it is taken");
        bases.put(&lease(1, 2), base(7));
        assert!(bases.take(&lease(1, 3)).is_none(), "the lease is another");
        assert_eq!(bases.0.lock().unwrap().bytes, 0);
    }

    #[test]
    fn a_chain_ends_where_a_reader_would_read_or_unpack_too_much() {
        let lengths = |bytes: usize| {
            let (mut base, mut links, mut anchors) = (base(bytes), 0, 0);
            for seq in 2.. {
                let next = base.next();
                match (&next, next.other()) {
                    (Next::Link(_), Some(other)) if other.seq == seq - 1 => links += 1,
                    (Next::Anchor(_), Some(other)) if other.seq == base.anchor.seq => anchors += 1,
                    _ => break,
                }
                base = next.written(row(seq, bytes));
            }
            (links / (anchors + 1), anchors)
        };
        assert_eq!(lengths(4 << 10), (127, 896));
        assert_eq!(lengths(1 << 20), (64, 192));
    }

    #[test]
    fn an_anchor_and_the_last_row_are_counted_once_each() {
        let linked = Next::Link(&base(5)).written(row(2, 7));
        let anchored = Next::Anchor(&linked).written(row(3, 9));
        let [one, two] = [5, 7].map(|bytes| base(bytes).bytes());
        assert_eq!([linked.bytes(), anchored.bytes()], [one + two, base(9).bytes()]);
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
