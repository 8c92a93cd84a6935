//! How many runs are driven through this opener, as far as its writer has seen: a hint, by which commits wait for one another.

use std::collections::BTreeSet;

use stockade_workflow::RunId;

use super::writer::{Done, Work};
use crate::Result;

/// The runs whose leases this opener holds.
#[derive(Default)]
pub(super) struct Driven(BTreeSet<RunId>);

impl Driven {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Takes note of what was written, or refused. A run of which something was refused is not counted until more is written.
    pub(super) fn note(&mut self, work: &Work, answer: &Result<Done>) {
        let (run, is_held) = match work {
            Work::Append(append) => (append.lease.as_ref().map(|lease| lease.run), !append.releases),
            // Another one that holds it says nothing of this opener, which may hold it, too.
            Work::Claim(run) => (answer.is_ok().then_some(*run), true),
            Work::Renew(lease) => (Some(lease.run), true),
            Work::Release(lease) | Work::Remove(lease, _) => (Some(lease.run), false),
        };
        match run {
            Some(run) if is_held && answer.is_ok() => {
                self.0.insert(run);
            }
            Some(run) => {
                self.0.remove(&run);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lease, refusal};

    #[test]
    fn a_run_is_counted_for_as_long_as_its_lease_is_held() {
        let (mut driven, [one, other]) = (Driven::default(), [1, 2].map(|run| RunId::from_bytes([run; 16])));
        let lease = |run| Lease { run, epoch: 2 };
        driven.note(&Work::Claim(one), &Ok(Done::Claimed(lease(one))));
        driven.note(&Work::Claim(other), &Ok(Done::Claimed(lease(other))));
        driven.note(&Work::Claim(one), &Err(refusal::busy(one)));
        assert_eq!(driven.count(), 2, "it is held still");
        driven.note(&Work::Renew(lease(one)), &Ok(Done::Written));
        driven.note(&Work::Renew(lease(other)), &Err(refusal::fenced(other)));
        assert_eq!(driven.count(), 1);
        driven.note(&Work::Release(lease(one)), &Ok(Done::Written));
        assert_eq!(driven.count(), 0);
    }
}
