//! A PostgreSQL database in which a record of the host is: where it is, how it is spoken to, its connections, and who makes its
//! tables.
//!
//! Each statement is a transaction of its own, and nothing of a session is relied on, so that a pooler may hand each statement to
//! another connection (pgbouncer in transaction mode).

mod database;
mod pool;
mod tables;
mod tls;

use stockade_workflow::Fault;

pub use self::database::Database;
pub use self::pool::{Failed, Parameter, Pool};
pub use self::tables::{Migrated, Tables};
pub use self::tls::{Named, Sealed, Tls};

type Result<T, E = Fault> = std::result::Result<T, E>;

/// Returns a number as it is stored. PostgreSQL has integers of 63 bits: later than that is never.
pub fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
