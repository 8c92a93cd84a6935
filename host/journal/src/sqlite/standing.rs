//! What the sixth version added to the line of each run: by what it is found, and what it waits for.

use std::path::Path;

use rusqlite::{Connection, params};
use stockade_workflow::{RunId, RunState};

use super::entries;
use crate::Result;
use crate::keyring::Keyring;

/// The columns. What a run waits for is not known where an older version wrote its line, until [`fill`] has read the run.
pub(super) const TABLES: &str = "
    ALTER TABLE runs ADD COLUMN start_key TEXT;
    ALTER TABLE runs ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE runs ADD COLUMN waiting_for TEXT;
    UPDATE runs SET
        start_key = (SELECT key FROM index_rows WHERE space = 'start_key' AND index_rows.run = runs.run),
        waiting_for = CASE WHEN status IN ('done', 'failed', 'stopped') THEN '[]' END;
    CREATE INDEX runs_by_change ON runs (updated_ms);
    CREATE INDEX runs_by_start_key ON runs (start_key) WHERE start_key IS NOT NULL;
    CREATE INDEX runs_to_fill ON runs (run) WHERE waiting_for IS NULL;";

/// Writes what runs wait for, where an older version has not.
pub(super) fn fill(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    let mut select = connection.prepare("SELECT run FROM runs WHERE waiting_for IS NULL")?;
    let runs = select.query_map([], |row| row.get(0).map(RunId::from_bytes))?;
    for run in runs.collect::<rusqlite::Result<Vec<_>>>()? {
        // One that cannot be read is listed all the same, and says why once it is looked at.
        let waiting_for = folded(connection, path, run)?.map(|state| state.waiting_for()).unwrap_or_default();
        let update = "UPDATE runs SET waiting_for = ?2 WHERE run = ?1 AND waiting_for IS NULL";
        connection.execute(update, params![run.as_bytes(), super::json(&waiting_for)?])?;
    }
    Ok(())
}

fn folded(connection: &Connection, path: &Path, run: RunId) -> rusqlite::Result<Result<RunState>> {
    // What an older version has written is not sealed.
    let rows = entries::page(connection, path, &Keyring::default(), run, 0, usize::MAX)?;
    let entries = rows.and_then(|rows| entries::of(rows, path, run, 0));
    Ok(entries.and_then(|entries| RunState::fold(run, &entries)))
}
