//! How a small group of what is to be written waits for more.
//!
//! What is written together shares one way to the disk, which costs more than all that is written. A group waits by letting
//! others have the processor that want it: where the machine is idle, that takes no time, and where it is busy, milliseconds.

use std::thread;
use std::time::Duration;

/// From how many driven runs on a small group waits for more.
const DRIVEN_MIN: usize = 8;

/// How often it waits, at most.
const WAITS_MAX: usize = 2;

/// From how many driven runs on a group that may sleep does, and for how long: commits come one by one then while the one before
/// is on its way to the disk, and each pays for that way.
const MANY_MIN: usize = 32;
const LONG: Duration = Duration::from_micros(250);

/// Where a group is written.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// How many runs are driven here.
    pub(crate) driven: usize,
    /// Which part of them makes a group that waits for no more: one of so many.
    pub(crate) part: usize,
    /// Whether a group may wait for longer than others want the processor.
    pub(crate) may_sleep: bool,
}

/// How a group waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    No,
    /// Those that are at work are let to the processor first, if they want it.
    Yield,
    /// For [`LONG`].
    Sleep,
}

impl Place {
    /// Waits for more as often as that gains something. `look` returns how many are in the group by then; none where one of them
    /// is not to wait.
    pub(crate) fn wait(self, mut look: impl FnMut() -> Option<usize>) {
        for _ in 0..WAITS_MAX {
            match look().map_or(Wait::No, |group| self.wait_of(group)) {
                Wait::No => return,
                Wait::Yield => thread::yield_now(),
                Wait::Sleep => thread::sleep(LONG),
            }
        }
    }

    fn wait_of(self, group: usize) -> Wait {
        match self.driven {
            driven if group * self.part >= driven => Wait::No,
            ..DRIVEN_MIN => Wait::No,
            MANY_MIN.. if self.may_sleep => Wait::Sleep,
            _ => Wait::Yield,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_group_waits_where_many_runs_are_driven_and_longest_where_it_may_sleep() {
        let place = |driven, may_sleep| Place { driven, part: 4, may_sleep };
        let waits = |group| {
            [7, 8, 31, 32, 64].map(|driven| [false, true].map(|may_sleep| place(driven, may_sleep).wait_of(group)))
        };
        let (none, yields, sleeps) = ([Wait::No; 2], [Wait::Yield; 2], [Wait::Yield, Wait::Sleep]);
        assert_eq!(waits(1), [none, yields, yields, sleeps, sleeps]);
        assert_eq!(waits(8), [none, none, none, none, sleeps]);
        assert_eq!(waits(16), [none; 5]);
    }

    #[test]
    fn a_group_looks_again_after_each_wait_and_stops_where_one_is_not_to_wait() {
        let looks = |found: &[Option<usize>]| {
            let mut found = found.iter();
            Place { driven: 8, part: 2, may_sleep: false }.wait(|| *found.next().unwrap());
            found.len()
        };
        assert_eq!(looks(&[None, Some(1)]), 1, "one is not to wait");
        assert_eq!(looks(&[Some(4), Some(1)]), 1, "it is large enough");
        assert_eq!(looks(&[Some(1), Some(4), Some(4)]), 1);
        assert_eq!(looks(&[Some(1), Some(3), Some(3)]), 1, "no more than twice");
    }
}
