/// PostgreSQL has integers of 63 bits: later than that is never.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
