//! The tables of a journal.

use stockade_system::postgres::Tables;

/// Of which version they are, and what makes them. The lock is "STKD".
pub(super) const TABLES: Tables = Tables {
    schema: "stockade",
    lock: 1_398_033_220,
    steps: &[concat!(include_str!("schema.sql"), include_str!("functions.sql")), include_str!("together.sql")],
};
