//! The databases of the host, each one SQLite file: how they are opened, and how their tables are made.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, ffi};

use crate::access::{barred, is_full};
use crate::file::not_a_file;

/// Opens a database of the host, and creates it if it does not exist. Only its owner can read it; SQLite gives the files beside
/// it the same mode. A link without a target is not followed.
///
/// # Errors
///
/// The database cannot be opened.
pub fn open(path: &Path) -> rusqlite::Result<Connection> {
    // If this fails, the next line fails too and says why.
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    connected(path)
}

/// Opens the file of just this name: SQLite takes `file:…` for a URI, whatever the flags say, `:memory:` for a database in memory,
/// and an empty name for a temporary one.
fn connected(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(Path::new(".").join(path), flags)
}

/// Says what a failure of a database means, and what would let it pass; nothing where SQLite's own words say all.
pub fn advice(path: &Path, error: &rusqlite::Error) -> String {
    if let Some(other) = fs::metadata(path).ok().and_then(|found| not_a_file(found.file_type())) {
        return format!("; {other}");
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => FULL.to_owned(),
        // It says so of the files beside the database.
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) if is_full(path) => FULL.to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            // Files are made beside it, too.
            let barred = barred(path).or_else(|| barred(&path.with_added_extension("wal")));
            barred.map_or_else(|| "; its folder must exist and be writable".to_owned(), |why| format!("; {why}"))
        }
        Some(_) | None => String::new(),
    }
}

const FULL: &str =
    "; its disk is full: what was committed is kept, and once the disk has room, what was not is made again";

/// How many pages are copied before it is told how far the copy is.
const COPIED_AT_ONCE: i32 = 1_024;

/// How long a copy waits for a process that keeps others from the database.
const COPYING_WAIT: Duration = Duration::from_secs(30);

/// Copies a database as it is at one moment, whatever other processes write to it meanwhile, into a new file that only its owner
/// can read. The copy is one file: what is in the log beside the database is in it. Tells how many bytes are copied, of how many.
///
/// # Errors
///
/// The database cannot be read, the file is there already or cannot be written, or another process keeps others from the database
/// for half a minute.
pub fn copy(from: &Path, to: &Path, told: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
    let source = connected(from)?;
    source.busy_timeout(COPYING_WAIT)?;
    // Its first read is the moment: what is committed later is in none of the steps below.
    let moment = source.unchecked_transaction()?;
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let page_bytes: u64 = moment.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let mut target = open(to)?;
    let (copying, begun) = (Backup::new(&source, &mut target)?, Instant::now());
    loop {
        let step = copying.step(COPIED_AT_ONCE)?;
        let progress = copying.progress();
        let bytes = |pages: i32| u64::from(pages.unsigned_abs()) * page_bytes;
        told(bytes(progress.pagecount - progress.remaining), bytes(progress.pagecount));
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ if begun.elapsed() < COPYING_WAIT => std::thread::sleep(Duration::from_millis(5)),
            _ => return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
        }
    }
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
    fn a_database_without_room_is_told_as_one_on_a_full_disk() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let full = open(&path).unwrap();
        full.execute_batch("CREATE TABLE t (a); PRAGMA max_page_count = 2").unwrap();
        let failed = full.execute("INSERT INTO t VALUES (zeroblob(100000))", []).unwrap_err();
        assert!(advice(&path, &failed).contains("what was committed is kept"), "{failed}");
        let other = full.execute("INSERT INTO u VALUES (1)", []).unwrap_err();
        assert_eq!(advice(&path, &other), "");
        let is_folder = advice(dir.path(), &open(dir.path()).unwrap_err());
        assert_eq!(is_folder, "; it is a folder, and not a file");
        let folder = dir.path().join("none/a.db");
        assert_eq!(advice(&folder, &open(&folder).unwrap_err()), "; its folder must exist and be writable");
    }

    #[test]
    fn a_copy_is_of_one_moment_whatever_is_written_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let (path, to) = (dir.path().join("a.db"), dir.path().join("copy.db"));
        let writer = open(&path).unwrap();
        writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a, filler)").unwrap();
        let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
            INSERT INTO t SELECT 1, zeroblob(2000) FROM n";
        writer.execute(fill, []).unwrap();
        let mut told = Vec::new();
        // Both rows change between two steps of the copy.
        copy(&path, &to, &mut |done, all| {
            writer.execute("UPDATE t SET a = a + 1 WHERE rowid IN (1, 3000)", []).unwrap();
            told.push((done, all));
        })
        .unwrap();
        assert!(told.len() > 1 && told.last().is_some_and(|(done, all)| done == all), "{told:?}");
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().starts_with("copy.db-")), "{names:?}");
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
        let copied = open(&to).unwrap();
        let found: (u32, u32, u32) = copied
            .query_row("SELECT count(*), min(a), max(a) FROM t", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        assert_eq!(found, (3_000, 1, 1));
        let check: String = copied.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }

    #[test]
    fn a_name_that_sqlite_has_a_meaning_for_is_the_name_of_a_file() {
        let dir = tempfile::tempdir_in(".").unwrap();
        let folder = dir.path().file_name().unwrap().to_str().unwrap();
        fs::create_dir(format!("file:{folder}")).unwrap();
        let odd = Path::new(&format!("file:{folder}")).join("a.db?mode=memory");
        let made = open(&odd).and_then(|opened| opened.execute_batch("CREATE TABLE t (a)"));
        let is_there = fs::metadata(&odd).is_ok_and(|file| file.len() > 0);
        fs::remove_dir_all(format!("file:{folder}")).unwrap();
        assert!(made.is_ok() && is_there, "{made:?}");
        assert!(open(Path::new("")).is_err());
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
