use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use stockade::Clock;

/// A clock that stands still until it is set.
#[derive(Clone)]
pub struct Hand(Arc<AtomicU64>);

impl Hand {
    /// When it begins: 2027-01-15 08:00:00Z.
    pub const BEGIN_MS: u64 = 1_800_000_000_000;

    /// Makes one that stands at the beginning.
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(Self::BEGIN_MS)))
    }

    /// Sets it to so long after the beginning.
    pub fn set(&self, after_ms: u64) {
        self.0.store(Self::BEGIN_MS + after_ms, Ordering::SeqCst);
    }

    /// Sets it forward.
    pub fn forward(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets it back.
    pub fn back(&self, ms: u64) {
        self.0.fetch_sub(ms, Ordering::SeqCst);
    }

    /// Returns the clock that shows it.
    pub fn clock(&self) -> Clock {
        let now_ms = Arc::clone(&self.0);
        Clock::new(move || now_ms.load(Ordering::SeqCst))
    }
}

impl Default for Hand {
    fn default() -> Self {
        Self::new()
    }
}
