//! The runs that are driven through this opener, as far as its writer has seen, and how they stand in the journal.

use std::collections::BTreeMap;

use rusqlite::Connection;
use stockade_workflow::RunId;

use super::writer::{Append, Done, Work};
use crate::{Lease, Result};

/// The runs whose leases this opener holds.
///
/// How many there are is a hint, by which commits wait for one another. How they stand is as the journal has it, for as long as
/// [no other connection](Driven::look) has written to it.
#[derive(Default)]
pub(super) struct Driven {
    runs: BTreeMap<RunId, Option<Standing>>,
    /// What SQLite says of the writes of other connections; none where it was not asked.
    seen: Option<i64>,
}

/// How a run stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// The epoch of the lease that this opener holds.
    epoch: u64,
    /// The number of the run's last entry, where that is known.
    last: Option<u64>,
}

impl Driven {
    pub(super) fn count(&self) -> usize {
        self.runs.len()
    }

    /// Forgets how the runs stand where another connection has written since this was last done. To be asked in a transaction that
    /// writes, so that no other does until its end.
    pub(super) fn look(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let seen = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.seen.replace(seen) != Some(seen) {
            self.forget();
        }
        Ok(())
    }

    /// Forgets how the runs stand.
    pub(super) fn forget(&mut self) {
        self.runs.values_mut().for_each(|standing| *standing = None);
    }

    /// Whether this opener is known to hold a lease.
    pub(super) fn holds(&self, Lease { run, epoch }: &Lease) -> bool {
        self.standing(*run).is_some_and(|standing| standing.epoch == *epoch)
    }

    /// Returns the number of the last entry of a run, where it is known.
    pub(super) fn last(&self, run: RunId) -> Option<u64> {
        self.standing(run)?.last
    }

    fn standing(&self, run: RunId) -> Option<Standing> {
        self.runs.get(&run).copied().flatten()
    }

    /// Takes note of what became of a request. A run of which something was refused is not taken for held until more of it is
    /// written.
    pub(super) fn note(&mut self, work: &Work, answer: &Result<Done>) {
        match (work, answer) {
            (Work::Append(append), answer) => self.appended(append, answer.is_ok()),
            (Work::Claim(_), Ok(Done::Claimed(lease))) => self.set(lease, true, None),
            // This opener may be the one that holds what is refused here.
            (Work::Claim(_), _) => {}
            (Work::Renew(lease), answer) => self.set(lease, answer.is_ok(), self.last(lease.run)),
            (Work::Release(lease) | Work::Remove(lease, _), _) => self.set(lease, false, None),
        }
    }

    fn appended(&mut self, Append { run, lease, releases, rows, .. }: &Append, is_made: bool) {
        let last = rows.last().map(|row| row.seq);
        match (lease, run) {
            (Some(lease), _) => self.set(lease, is_made && !releases, last.or_else(|| self.last(lease.run))),
            // A run that is brought here whole has no driver.
            (None, Some(run)) => drop(self.runs.remove(run)),
            (None, None) => {}
        }
    }

    fn set(&mut self, Lease { run, epoch }: &Lease, is_held: bool, last: Option<u64>) {
        if is_held {
            self.runs.insert(*run, Some(Standing { epoch: *epoch, last }));
        } else {
            self.runs.remove(run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(run: u8, epoch: u64) -> Lease {
        Lease { run: RunId::from_bytes([run; 16]), epoch }
    }

    fn claim(driven: &mut Driven, lease: &Lease) {
        driven.note(&Work::Claim(lease.run), &Ok(Done::Claimed(lease.clone())));
    }

    #[test]
    fn a_run_is_counted_once_for_as_long_as_its_lease_is_held() {
        let (mut driven, one, other) = (Driven::default(), lease(1, 1), lease(2, 1));
        for lease in [&one, &other, &one] {
            claim(&mut driven, lease);
        }
        assert_eq!(driven.count(), 2);
        driven.note(&Work::Release(one.clone()), &Ok(Done::Written));
        driven.note(&Work::Release(one), &Ok(Done::Written));
        assert_eq!(driven.count(), 1);
    }

    #[test]
    fn how_a_run_stands_is_known_until_another_connection_writes() {
        let dir = tempfile::tempdir().unwrap();
        let [own, other] = [0; 2].map(|_| Connection::open(dir.path().join("a.db")).unwrap());
        own.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
        let (mut driven, held) = (Driven::default(), lease(1, 3));
        driven.look(&own).unwrap();
        claim(&mut driven, &held);
        own.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        driven.look(&own).unwrap();
        assert!(driven.holds(&held) && !driven.holds(&lease(1, 2)), "what this connection writes changes nothing");
        other.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        driven.look(&own).unwrap();
        assert!(!driven.holds(&held));
        assert_eq!(driven.count(), 1, "the hint stays");
    }

    #[test]
    fn the_last_entry_is_known_of_what_was_written_under_a_lease_alone() {
        let (mut driven, held) = (Driven::default(), lease(1, 1));
        let append = |lease: Option<&Lease>, seq| {
            let row = crate::codec::Packed {
                first: seq,
                seq,
                at_ms: 5,
                bytes: Vec::new(),
                blobs: Vec::new(),
                #[cfg(feature = "postgres")]
                base: None,
                #[cfg(feature = "postgres")]
                json_bytes: 0,
            };
            let (run, lease) = (Some(RunId::from_bytes([1; 16])), lease.cloned());
            Work::Append(Box::new(Append {
                run,
                lease,
                releases: false,
                rows: vec![row],
                summary: None,
                index: Vec::new(),
            }))
        };
        driven.note(&append(Some(&held), 7), &Ok(Done::Written));
        assert_eq!(driven.last(held.run), Some(7));
        driven.note(&Work::Renew(held.clone()), &Ok(Done::Written));
        assert_eq!(driven.last(held.run), Some(7));
        driven.note(&append(None, 8), &Ok(Done::Written));
        assert_eq!(driven.last(held.run), None);
    }
}
