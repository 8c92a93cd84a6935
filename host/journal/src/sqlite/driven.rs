//! How many runs are driven through this opener, as far as its writer has seen: a hint, by which commits wait for one another.

use std::collections::BTreeSet;

use stockade_workflow::RunId;

/// The runs whose leases this opener holds.
#[derive(Default)]
pub(super) struct Driven(BTreeSet<RunId>);

impl Driven {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Takes note of whether the lease of a run is held.
    pub(super) fn note(&mut self, run: RunId, is_held: bool) {
        if is_held {
            self.0.insert(run);
        } else {
            self.0.remove(&run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_counted_once_for_as_long_as_its_lease_is_held() {
        let (mut driven, [one, other]) = (Driven::default(), [1, 2].map(|run| RunId::from_bytes([run; 16])));
        for run in [one, other, one] {
            driven.note(run, true);
        }
        assert_eq!(driven.count(), 2);
        driven.note(one, false);
        driven.note(one, false);
        assert_eq!(driven.count(), 1);
    }
}
