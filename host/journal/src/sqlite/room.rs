//! How the room of what was removed is given back to the system.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::Room;

/// How long this waits for others who use the file; then less of its room is given back.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many pages are given back in one transaction, so that others may commit between two of them.
const PAGES_AT_ONCE: u32 = 4_096;

/// The largest file that is written anew, as one of an older version must be: others wait with their commits meanwhile.
const REWRITTEN_BYTES_MAX: u64 = 256 << 20;

/// What `PRAGMA auto_vacuum` says of a file whose pages can be given back one by one.
const INCREMENTAL: u32 = 2;

/// Lets the pages of a new file be given back one by one. The file of another program is not touched.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    let pages: u64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    if pages == 0 { connection.pragma_update(None, "auto_vacuum", "INCREMENTAL") } else { Ok(()) }
}

/// Gives back what can be, and says how many bytes the file is shorter by. What is left is used for what is written next.
pub(super) fn compact(connection: &Connection, path: &Path) -> rusqlite::Result<Room> {
    connection.busy_timeout(PATIENCE)?;
    // The file is as long as its pages only where nothing of them is in the log.
    checkpoint(connection)?;
    let before = length(path);
    give_back(connection).or_else(unless_busy)?;
    checkpoint(connection)?;
    let freed_bytes = before.saturating_sub(length(path));
    Ok(Room { freed_bytes, reusable_bytes: number(connection, "freelist_count")? * page_bytes(connection)? })
}

fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    if number(connection, "auto_vacuum")? != u64::from(INCREMENTAL) {
        return rewrite(connection);
    }
    let mut left = number(connection, "freelist_count")?;
    while left > 0 {
        give_back_some(connection)?;
        let now = number(connection, "freelist_count")?;
        // Others may remove as fast as this gives back.
        if now >= left {
            break;
        }
        left = now;
    }
    Ok(())
}

/// Each row of the answer is a page that was given back.
fn give_back_some(connection: &Connection) -> rusqlite::Result<()> {
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    Ok(())
}

/// Writes a file of an older version anew, so that from now on its pages can be given back.
fn rewrite(connection: &Connection) -> rusqlite::Result<()> {
    if number(connection, "page_count")? * page_bytes(connection)? > REWRITTEN_BYTES_MAX {
        return Ok(());
    }
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.execute_batch("VACUUM")
}

fn unless_busy(error: rusqlite::Error) -> rusqlite::Result<()> {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Ok(()),
        _ => Err(error),
    }
}

/// Writes the log into the file, as far as no other reads it.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).or_else(unless_busy)
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<u64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

fn page_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    number(connection, "page_size")
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

#[cfg(test)]
mod tests {
    use rusqlite::params;
    use stockade_system::{Clock, database};

    use super::*;
    use crate::sqlite::SqliteJournal;
    use crate::{Journal as _, Row, RowChange};

    const MEGABYTE: u64 = 1 << 20;

    /// Writes some megabytes into a journal, and removes them.
    async fn filled_and_emptied(journal: &SqliteJournal) {
        let row = |number: u64| Row::new("a", number.to_string(), "x".repeat(1 << 20));
        let add = (0..4).map(|number| RowChange::Add(row(number))).collect();
        journal.commit(&crate::Commit::of_index(add)).await.unwrap();
        let gone = |number: u64| RowChange::Remove { space: "a".to_owned(), key: number.to_string() };
        journal.commit(&crate::Commit::of_index((0..4).map(gone).collect())).await.unwrap();
    }

    #[tokio::test]
    async fn the_room_of_what_was_removed_is_given_back_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        filled_and_emptied(&journal).await;
        let room = journal.compact().await.unwrap();
        assert!(room.freed_bytes >= 4 * MEGABYTE && room.reusable_bytes < MEGABYTE, "{room:?}");
        assert!(length(&path) < MEGABYTE);
        assert_eq!(journal.compact().await.unwrap().freed_bytes, 0, "nothing is counted twice");
    }

    /// A file that was made before is written anew once, and then gives back like any other.
    #[tokio::test]
    async fn a_file_of_before_gives_back_its_room_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let before = database::open(&path).unwrap();
        before.execute_batch("PRAGMA auto_vacuum = NONE; PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
        before.execute("INSERT INTO t VALUES (?1)", params!["x".repeat(4 << 20)]).unwrap();
        before.execute("DELETE FROM t", []).unwrap();
        assert!(compact(&before, &path).unwrap().freed_bytes >= 4 * MEGABYTE);
        assert_eq!(number(&before, "auto_vacuum").unwrap(), u64::from(INCREMENTAL));
    }
}
