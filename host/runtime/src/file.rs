use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

/// Reads a file of at most so many bytes. What says that it has none, a pipe or a device, may have any number.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= bytes_max {
        return Ok(bytes);
    }
    Err(Error::new(ErrorKind::FileTooLarge, format!("it has more than {bytes_max} bytes")))
}

/// Opens a database of the host's, and makes it where there is none: for its owner alone, as SQLite then makes the files
/// beside it, and not where a link leads nowhere.
pub(crate) fn database(path: &Path) -> rusqlite::Result<Connection> {
    // Where it cannot be made, it cannot be opened, and that says why.
    let _ = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// Makes the tables of a database of ours, where `versions` are what each of its versions added: all of them in an empty
/// file, in one of an older version the later ones. Returns the application and the version that the file then names.
pub(crate) fn tables(connection: &mut Connection, application: u32, versions: &[&str]) -> rusqlite::Result<(u32, u32)> {
    let found: u32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if found != application && !is_empty(connection)? {
        // Somebody else's database stays as it is: even its mode is written into it.
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

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn what_has_no_length_is_not_read_without_an_end() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let flood = std::thread::spawn(move || while writer.write_all(&[b' '; 1 << 16]).is_ok() {});
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let error = read(Path::new(&path), 100_000).unwrap_err();
        assert_eq!(error.to_string(), "it has more than 100000 bytes");
        drop(reader);
        flood.join().unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "ab").unwrap();
        assert_eq!(read(file.path(), 2).unwrap(), b"ab");
        assert!(read(file.path(), 1).is_err());
    }

    #[test]
    fn a_database_is_its_owner_s_and_made_where_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let opened = database(&path).unwrap();
        opened.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)").unwrap();
        for name in ["a.db", "a.db-wal", "a.db-shm"] {
            assert_eq!(fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
        let (link, away) = (dir.path().join("link.db"), dir.path().join("away.db"));
        symlink(&away, &link).unwrap();
        assert!(database(&link).is_err() && !away.exists());
        symlink(&path, dir.path().join("mine.db")).unwrap();
        assert!(database(&dir.path().join("mine.db")).is_ok(), "a database that is there may be elsewhere");
    }
}
