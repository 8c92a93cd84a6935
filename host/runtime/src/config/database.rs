//! How a database is spoken to in which a record of the host is.

use std::time::Duration;

use stockade_journal::postgres::Database;

/// Returns a database with these numbers in place of its defaults; times are in milliseconds.
pub(super) fn tuned(
    database: Database,
    connections: Option<u32>,
    connect_ms: Option<u64>,
    statement_ms: Option<u64>,
) -> Database {
    let database = connections.into_iter().fold(database, Database::connections);
    let (connect, statement) = (connect_ms.map(Duration::from_millis), statement_ms.map(Duration::from_millis));
    let database = connect.into_iter().fold(database, Database::connect_timeout);
    statement.into_iter().fold(database, Database::statement_timeout)
}
