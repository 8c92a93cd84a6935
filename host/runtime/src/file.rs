use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

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
