use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Cell, Interpreter, Live};
use crate::{Limits, call};

/// Instances of an interpreter that were made in advance, so that code need not wait for one: CPython takes half
/// a millisecond. No code has run in them, nothing of them depends on who will get them, and what they cost is on the
/// bill of the code that does.
pub(crate) struct Ready {
    count: usize,
    limits: Limits,
    kept: Mutex<Vec<Live>>,
}

impl Ready {
    pub(crate) fn new(count: usize, limits: Limits) -> Self {
        Self { count, limits, kept: Mutex::default() }
    }

    /// Takes an instance, if there is one that this code could have made itself; another is made in its place meanwhile.
    pub(crate) fn take(self: &Arc<Self>, interpreter: &Interpreter, cell: &Cell<'_>) -> Option<Live> {
        let fits = same_but_for_amounts(&self.limits, &cell.limits);
        let found = if fits { self.kept().pop() } else { None };
        self.refill(interpreter);
        found.filter(|live| live.memory_bytes() <= cell.limits.memory_bytes)
    }

    /// Makes what is missing, as far as the pool has slots that no call waits for.
    fn refill(self: &Arc<Self>, interpreter: &Interpreter) {
        if self.kept().len() >= self.count {
            return;
        }
        let (ready, interpreter) = (Arc::clone(self), interpreter.clone());
        // Without a runtime to do it nothing is ready, and the code makes its own.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { ready.make_one(&interpreter).await });
        }
    }

    async fn make_one(&self, interpreter: &Interpreter) {
        let Some(slots) = call::free_slots(interpreter.tool(), interpreter.slots()) else { return };
        let Ok(live) = Live::instantiated(interpreter, &self.limits, slots, Instant::now()).await else { return };
        let mut kept = self.kept();
        if kept.len() < self.count {
            kept.push(live);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Live>> {
        // A list of instances is whole after any panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether two limits differ at most in fuel, time and memory, which are looked at one by one.
fn same_but_for_amounts(one: &Limits, other: &Limits) -> bool {
    let amounts = Limits { fuel: one.fuel, wall_us: one.wall_us, memory_bytes: one.memory_bytes, ..other.clone() };
    amounts == *one
}
