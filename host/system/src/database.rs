//! The databases of the host, each one SQLite file: how they are opened, and how their tables are made.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

/// Opens a database of the host, and creates it if it does not exist. Only its owner can read it; SQLite gives the files beside
/// it the same mode. A link without a target is not followed.
///
/// # Errors
///
/// The database cannot be opened.
pub fn open(path: &Path) -> rusqlite::Result<Connection> {
    // If this fails, the next line fails too and says why.
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// How long a process waits for another process that creates the same database.
const MAKING_MAX: Duration = Duration::from_secs(30);

/// Creates the tables of a database of ours. `versions` holds the statements that each version added: an empty file gets all
/// of them, a file of an older version the later ones. Returns the application and the version that the file names afterwards.
///
/// Two processes that both switch a new file to WAL would wait for each other, so SQLite refuses one of them at once, even
/// with a busy timeout (<https://www.sqlite.org/c3ref/busy_handler.html>). The refused process tries again.
///
/// # Errors
///
/// The file is not a database, or cannot be written.
pub fn tables(connection: &mut Connection, application: u32, versions: &[&str]) -> rusqlite::Result<(u32, u32)> {
    let begun = Instant::now();
    loop {
        match tables_once(connection, application, versions) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begun.elapsed() < MAKING_MAX =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            made => return made,
        }
    }
}

fn tables_once(connection: &mut Connection, application: u32, versions: &[&str]) -> rusqlite::Result<(u32, u32)> {
    let (found, is_empty_yet) = at_once(connection)?;
    if found != application && !is_empty_yet {
        // The database of another program stays as it is: even a change of its mode would be written into it.
        return Ok((found, 0));
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let is_new = is_empty(&transaction)?;
    if is_new {
        transaction.pragma_update(None, "application_id", application)?;
        transaction.pragma_update(None, "user_version", 0)?;
    }
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (number, added) in (1_u32..).zip(versions).filter(|(number, _)| is_new || (1..*number).contains(&version)) {
        transaction.execute_batch(added)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    let application = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    transaction.commit()?;
    Ok((application, version))
}

/// Returns the application that a file names and whether it has no tables, both at one moment: another process may be
/// creating the file.
fn at_once(connection: &mut Connection) -> rusqlite::Result<(u32, bool)> {
    let transaction = connection.transaction()?;
    let found = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok((found, is_empty(&transaction)?))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    /// A process that came between the first look and the second was once told that its own file is another program's.
    #[test]
    fn a_new_database_is_opened_by_many_at_the_same_time() {
        for _ in 0..50 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("new.db");
            let opened = || {
                let mut connection = open(&path).unwrap();
                connection.busy_timeout(Duration::from_secs(60)).unwrap();
                tables(&mut connection, 7, &["CREATE TABLE one (a)"])
            };
            std::thread::scope(|scope| {
                let opening: Vec<_> = (0..4).map(|_| scope.spawn(opened)).collect();
                opening.into_iter().for_each(|one| assert_eq!(one.join().unwrap().unwrap(), (7, 1)));
            });
        }
    }

    #[test]
    fn a_database_belongs_to_its_owner_and_is_created_where_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let opened = open(&path).unwrap();
        opened.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
        for name in ["a.db", "a.db-wal", "a.db-shm"] {
            assert_eq!(fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
        let (link, away) = (dir.path().join("link.db"), dir.path().join("away.db"));
        symlink(&away, &link).unwrap();
        assert!(open(&link).is_err() && !away.exists());
        symlink(&path, dir.path().join("mine.db")).unwrap();
        assert!(open(&dir.path().join("mine.db")).is_ok(), "a database that is there may be elsewhere");
    }
}
