use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex. A thread that panicked with it left it whole.
pub(crate) fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
