//! The lease of a run while this host drives it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use stockade_workflow::{Fault, Kind, RunId};
use tokio::task::JoinHandle;

use crate::Result;
use crate::services::Services;
use stockade_journal::{LEASE, Lease};

/// How often the journal is told that this host lives: twice may fail before the lease is over.
const RENEW_EVERY: Duration = Duration::from_secs(LEASE.as_secs() / 3);

/// How old what is known of the lease may be when an effect begins. A process that was stopped for longer asks first.
const FRESH: Duration = Duration::from_secs(LEASE.as_secs() * 2 / 3);

/// A lease that is renewed for as long as this is kept, and then given back.
pub(crate) struct Holding {
    host: Arc<Services>,
    lease: Lease,
    renewed_ms: Arc<AtomicU64>,
    renewing: JoinHandle<()>,
    is_released: bool,
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
        let renewed_ms = Arc::new(AtomicU64::new(host.clock.now_ms()));
        let renewing = tokio::spawn(renew(Arc::clone(host), lease.clone(), Arc::clone(&renewed_ms)));
        Self { host: Arc::clone(host), lease, renewed_ms, renewing, is_released: false }
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
        let since_ms = self.host.clock.now_ms().saturating_sub(self.renewed_ms.load(Ordering::SeqCst));
        if Duration::from_millis(since_ms) <= FRESH {
            return Ok(());
        }
        renew_once(&self.host, &self.lease, &self.renewed_ms).await
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

async fn renew(host: Arc<Services>, lease: Lease, renewed_ms: Arc<AtomicU64>) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        if is_fenced(&renew_once(&host, &lease, &renewed_ms).await) {
            return;
        }
    }
}

async fn renew_once(host: &Services, lease: &Lease, renewed_ms: &AtomicU64) -> Result<()> {
    let now_ms = host.clock.now_ms();
    host.journal.renew(lease).await?;
    renewed_ms.store(now_ms, Ordering::SeqCst);
    Ok(())
}

/// Returns whether a fault says that another process drives a run.
pub(crate) fn is_busy(fault: &Fault) -> bool {
    fault.kind == Kind::Conflict && fault.detail.as_deref() == Some("busy")
}

fn is_fenced(renewed: &Result<()>) -> bool {
    matches!(renewed, Err(Fault { kind: Kind::Conflict, .. }))
}
