use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// What a server sent that was not asked of it.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    strays: AtomicU64,
    declined: AtomicU64,
    told: AtomicU64,
    stderr_bytes: AtomicU64,
}

/// What a server sent that was not asked of it, since it was first started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unasked {
    /// Answers to requests that were never made, or were given up.
    pub strays: u64,
    /// Requests of the server, which are declined.
    pub declined: u64,
    /// Notifications.
    pub told: u64,
    /// Bytes on its standard error, those that were left out included.
    pub stderr_bytes: u64,
}

impl Counts {
    pub(crate) fn stray(&self) {
        self.strays.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn declined(&self) {
        self.declined.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn told(&self) {
        self.told.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stderr(&self, bytes: usize) {
        self.stderr_bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Unasked {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Unasked {
            strays: read(&self.strays),
            declined: read(&self.declined),
            told: read(&self.told),
            stderr_bytes: read(&self.stderr_bytes),
        }
    }
}
