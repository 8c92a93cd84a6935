//! How a run is removed from the journal.

use rusqlite::Connection;

use super::{blobs, leases, rows};
use crate::owner::Owner;
use crate::{Lease, Result, RowChange, refusal};

/// Removes a run with all that the journal has of it, unless a row of the index needs it.
pub(super) fn remove(
    connection: &Connection,
    own: &Owner,
    lease: &Lease,
    index: &[RowChange],
) -> rusqlite::Result<Result<()>> {
    let run = lease.run;
    if !leases::is_ours(connection, own, lease)? {
        return Ok(Err(refusal::fenced(run)));
    }
    let refused = rows::check_free(connection, run)?.err().or(rows::change(connection, index)?.err());
    if let Some(refused) = refused {
        return Ok(Err(refused));
    }
    blobs::release(connection, run)?;
    for table in ["entries", "runs", "leases", "index_rows"] {
        connection.execute(&format!("DELETE FROM {table} WHERE run = ?1"), [run.as_bytes()])?;
    }
    Ok(Ok(()))
}
