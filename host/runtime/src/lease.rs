//! The lease of a run while this host drives it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stockade_workflow::{Fault, Kind, RunId};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::services::Services;
use crate::{Clock, Result};
use stockade_journal::{LEASE, Lease};

/// How often the journal is told that this host lives: twice may fail before the lease is over.
const RENEW_EVERY: Duration = Duration::from_secs(LEASE.as_secs() / 3);

/// How old what is known of the lease may be when an effect begins. A process that was stopped for longer asks first.
const FRESH: Duration = Duration::from_secs(LEASE.as_secs() * 2 / 3);

/// A lease that is renewed for as long as this is kept, and then given back.
pub(crate) struct Holding {
    host: Arc<Services>,
    lease: Lease,
    heard: Arc<Heard>,
    renewing: JoinHandle<()>,
    is_released: bool,
}

/// When the journal last said that this host holds the lease.
///
/// A clock that is set back would make that look fresh, and the other one stands still while the machine sleeps: the older of
/// the two counts.
struct Heard(Mutex<Moment>);

/// A moment by the host's clock, and by the one that cannot be set.
#[derive(Clone, Copy)]
struct Moment {
    ms: u64,
    instant: Instant,
}

impl Moment {
    fn now(clock: &Clock) -> Self {
        Self { ms: clock.now_ms(), instant: Instant::now() }
    }

    fn since(self, before: Self) -> Duration {
        let by_clock = Duration::from_millis(self.ms.saturating_sub(before.ms));
        by_clock.max(self.instant.saturating_duration_since(before.instant))
    }
}

impl Heard {
    fn at(moment: Moment) -> Self {
        Self(Mutex::new(moment))
    }

    fn set(&self, moment: Moment) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = moment;
    }

    fn is_fresh(&self, now: Moment) -> bool {
        now.since(*self.0.lock().unwrap_or_else(PoisonError::into_inner)) <= FRESH
    }
}

impl Holding {
    /// Takes the lease of a run.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] with detail `busy` where a process that lives drives the run.
    pub(crate) async fn claim(host: &Arc<Services>, run: RunId) -> Result<Self> {
        let lease = host.journal.claim(run).await?;
        Ok(Self::keep(host, lease))
    }

    /// The lease of a run that is about to begin.
    pub(crate) fn first(host: &Arc<Services>, run: RunId) -> Self {
        Self::keep(host, Lease::first(run))
    }

    fn keep(host: &Arc<Services>, lease: Lease) -> Self {
        let heard = Arc::new(Heard::at(Moment::now(&host.clock)));
        let renewing = tokio::spawn(renew(Arc::clone(host), lease.clone(), Arc::clone(&heard)));
        Self { host: Arc::clone(host), lease, heard, renewing, is_released: false }
    }

    pub(crate) fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Checks that no other host has taken over, before something is done that cannot be undone.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] with detail `fenced` where one has.
    pub(crate) async fn check(&self) -> Result<()> {
        if self.heard.is_fresh(Moment::now(&self.host.clock)) {
            return Ok(());
        }
        let renewed = renew_once(&self.host, &self.lease, &self.heard).await;
        self.host.meters.lease(renewed.as_ref().err());
        renewed
    }

    /// Says that the journal has taken the lease back with the last commit.
    pub(crate) fn released(&mut self) {
        self.is_released = true;
        self.renewing.abort();
    }

    /// Gives the lease back.
    pub(crate) async fn release(&mut self) {
        if !self.is_released {
            self.released();
            // A lease that is not given back ends by itself.
            let _ = self.host.journal.release(&self.lease).await;
        }
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.renewing.abort();
        if !self.is_released
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (host, lease) = (Arc::clone(&self.host), self.lease.clone());
            runtime.spawn(async move { host.journal.release(&lease).await });
        }
    }
}

/// Renews a lease for as long as it is kept. One that is refused is renewed all the same: the run's first commit, which takes it,
/// may be on its way for longer; and of a holder that is fenced, the next commit is refused.
async fn renew(host: Arc<Services>, lease: Lease, heard: Arc<Heard>) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let _ = renew_once(&host, &lease, &heard).await;
    }
}

async fn renew_once(host: &Services, lease: &Lease, heard: &Heard) -> Result<()> {
    let now = Moment::now(&host.clock);
    host.journal.renew(lease).await?;
    heard.set(now);
    Ok(())
}

/// Returns whether a fault says that another process drives a run.
pub(crate) fn is_busy(fault: &Fault) -> bool {
    fault.kind == Kind::Conflict && fault.detail.as_deref() == Some("busy")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(moment: Moment, ms: u64, instant: Duration) -> Moment {
        Moment { ms: moment.ms + ms, instant: moment.instant + instant }
    }

    #[test]
    fn what_was_heard_of_a_lease_is_old_by_whichever_clock_says_so() {
        let heard = Moment { ms: 1_000_000, instant: Instant::now() };
        let is_fresh = |now| Heard::at(heard).is_fresh(now);
        assert!(is_fresh(after(heard, 20_000, FRESH)));
        assert!(!is_fresh(after(heard, 20_001, Duration::ZERO)), "the machine slept");
        let set_back = Moment { ms: 0, ..after(heard, 0, FRESH + Duration::from_millis(1)) };
        assert!(!is_fresh(set_back), "the clock was set back while the process was stopped");
    }

    #[test]
    fn a_lease_is_fresh_once_it_was_heard_of_again() {
        let first = Moment { ms: 5, instant: Instant::now() };
        let (heard, now) = (Heard::at(first), after(first, 30_000, FRESH + FRESH));
        assert!(!heard.is_fresh(now));
        heard.set(now);
        assert!(heard.is_fresh(now));
    }
}
