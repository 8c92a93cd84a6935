//! How long a memory is kept.

/// When that expires which does not. No database has a larger number, and the tables of vectors of SQLite have no NULL.
const NEVER: i64 = i64::MAX;

/// Returns when that expires which is kept for so many milliseconds from now.
pub(super) fn expiry(now_ms: u64, keep_ms: Option<u64>) -> i64 {
    keep_ms.and_then(|keep_ms| i64::try_from(now_ms.saturating_add(keep_ms)).ok()).unwrap_or(NEVER)
}

/// Returns when a memory expires, of what is stored; none where it does not.
pub(super) fn read(expires: i64) -> Option<u64> {
    (expires != NEVER).then(|| u64::try_from(expires).unwrap_or_default())
}
