use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stockade_workflow::{Fault, Kind};

use crate::Result;

/// The time that a call spends in the host, which neither fuel nor the count of host calls sees.
///
/// It is shared with the one who waits for the guest: a guest that is parked in the host (asleep, at a lock, at a
/// socket) runs no code that could look at a clock.
pub(crate) struct HostTime {
    allowed_us: u64,
    started: Instant,
    used_ns: AtomicU64,
    /// When the guest entered the host, in nanoseconds from the start; 0 when it is not in the host.
    entered_ns: AtomicU64,
}

impl HostTime {
    pub(crate) fn new(allowed_us: u64, started: Instant) -> Self {
        Self { allowed_us, started, used_ns: AtomicU64::new(0), entered_ns: AtomicU64::new(0) }
    }

    pub(crate) fn enter(&self) {
        self.entered_ns.store(self.now_ns().max(1), Ordering::Relaxed);
    }

    /// Ends the guest's stay in the host, and returns when it ended, if there was one.
    ///
    /// # Errors
    ///
    /// All stays together were longer than allowed.
    pub(crate) fn leave(&self) -> Result<Option<Instant>> {
        let entered_ns = self.entered_ns.swap(0, Ordering::Relaxed);
        if entered_ns == 0 {
            return Ok(None);
        }
        // A stay that is too short for the clock counts all the same, so that an allowance of 0 allows no stay.
        let now = Instant::now();
        let stay_ns = self.ns(now).saturating_sub(entered_ns).max(1);
        let used_ns = self.used_ns().saturating_add(stay_ns);
        self.used_ns.store(used_ns, Ordering::Relaxed);
        if used_ns > self.allowed_ns() { Err(self.over(used_ns)) } else { Ok(Some(now)) }
    }

    /// Returns when the guest must be out of the host, if it is in it.
    pub(crate) fn until(&self) -> Option<Instant> {
        let entered_ns = self.entered_ns.load(Ordering::Relaxed);
        if entered_ns == 0 {
            return None;
        }
        let left_ns = self.allowed_ns().saturating_sub(self.used_ns());
        self.started.checked_add(Duration::from_nanos(entered_ns.saturating_add(left_ns)))
    }

    /// Returns the fault of a guest that is still parked in the host.
    pub(crate) fn parked(&self) -> Fault {
        let stay_ns = self.now_ns().saturating_sub(self.entered_ns.load(Ordering::Relaxed));
        self.over(self.used_ns().saturating_add(stay_ns))
    }

    fn over(&self, used_ns: u64) -> Fault {
        let (allowed, used) = (self.allowed_us, used_ns.div_ceil(1_000).max(self.allowed_us.saturating_add(1)));
        let message = format!("the call may spend {allowed} µs in the host (\"host_us\") and spent {used}");
        Fault::limit(Kind::Deadline, "host_us", allowed, used, message)
    }

    fn used_ns(&self) -> u64 {
        self.used_ns.load(Ordering::Relaxed)
    }

    fn allowed_ns(&self) -> u64 {
        self.allowed_us.saturating_mul(1_000)
    }

    fn now_ns(&self) -> u64 {
        self.ns(Instant::now())
    }

    fn ns(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.started).as_nanos().try_into().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_add_up_and_zero_is_none() {
        let none = HostTime::new(0, Instant::now());
        assert!(none.leave().unwrap().is_none() && none.until().is_none());
        none.enter();
        assert!(none.until().unwrap() <= Instant::now());
        assert_eq!(none.leave().unwrap_err().breach.unwrap().allowed, 0);
        let plenty = HostTime::new(u64::MAX, Instant::now());
        plenty.enter();
        // Later than any clock can tell.
        assert!(plenty.until().is_none() || plenty.until() > Some(Instant::now()));
        assert!(plenty.leave().unwrap().is_some() && plenty.leave().unwrap().is_none());
    }
}
