use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use stockade_workflow::{Fault, Kind};

use crate::Result;

/// Counts the memory that values take in the host, over all calls and runs of an engine. A cheap handle.
///
/// A guest's own memory is bounded by the pool; what it says becomes values of the host, which are larger than their text.
/// Each of them is bounded, and this bounds all of them together.
#[derive(Clone)]
pub struct HostMemory {
    inner: Arc<Inner>,
}

struct Inner {
    allowed: u64,
    used: AtomicU64,
}

/// Memory that is counted as long as this lives.
#[derive(Debug)]
pub struct Held {
    memory: HostMemory,
    bytes: u64,
}

impl HostMemory {
    /// Counts up to so many bytes.
    pub fn new(allowed: u64) -> Self {
        Self { inner: Arc::new(Inner { allowed, used: AtomicU64::new(0) }) }
    }

    /// Returns the bytes that are held now.
    pub fn used(&self) -> u64 {
        self.inner.used.load(Ordering::Relaxed)
    }

    /// Holds memory for something that can be refused: a call that has not begun, a value that is not made yet.
    ///
    /// # Errors
    ///
    /// All that is allowed is held.
    pub fn hold(&self, bytes: u64) -> Result<Held> {
        let held = self.held(bytes);
        let (used, allowed) = (self.used(), self.inner.allowed);
        if used > allowed {
            let message = format!(
                "the values of all calls and runs take {allowed} bytes of the host's memory, and {bytes} more are not left; try again when some of them have ended"
            );
            return Err(Fault::limit(Kind::HostMemory, "host_memory_bytes", allowed, used, message));
        }
        Ok(held)
    }

    /// Holds memory for something that has happened and is kept whatever it takes.
    pub fn held(&self, bytes: u64) -> Held {
        self.inner.used.fetch_add(bytes, Ordering::Relaxed);
        Held { memory: self.clone(), bytes }
    }
}

impl fmt::Debug for HostMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostMemory").field("allowed", &self.inner.allowed).field("used", &self.used()).finish()
    }
}

impl Held {
    /// Takes over what another one holds.
    pub fn merge(&mut self, mut other: Self) {
        self.bytes = self.bytes.saturating_add(std::mem::take(&mut other.bytes));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.inner.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_counted_as_long_as_it_is_held() {
        let memory = HostMemory::new(100);
        let mut one = memory.hold(60).unwrap();
        let breach = memory.hold(50).unwrap_err().breach.unwrap();
        assert_eq!((breach.allowed, breach.used, memory.used()), (100, 110, 60), "what was refused is not held");
        one.merge(memory.held(50));
        assert_eq!(memory.used(), 110, "what has happened is held whatever is allowed");
        assert_eq!(memory.hold(0).unwrap_err().kind, Kind::HostMemory);
        drop(one);
        assert_eq!(memory.hold(100).unwrap().memory.used(), 100);
    }
}
