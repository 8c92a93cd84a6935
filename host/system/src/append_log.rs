//! Files of lines to which processes append, one at a time: what is written stays.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Error, ErrorKind, Result, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::access::explained;
use crate::file::{bounded, check_private};

/// How long a lock that another process holds is left alone.
const LOOK: Duration = Duration::from_millis(2);

/// A file of lines, locked until this is dropped.
pub struct AppendLog {
    file: File,
}

impl AppendLog {
    /// Opens and locks a file, and creates it for its owner alone if it does not exist. Waits for another process that has
    /// locked it, and for no longer than `patience`.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, is a link, others may read it, or another process has it locked for too long.
    pub fn open(path: &Path, patience: Duration) -> Result<Self> {
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600).custom_flags(flags.bits().cast_signed());
        let file = options.open(path).map_err(|error| explained(error, path))?;
        check_private(&file)?;
        lock(&file, patience)?;
        let log = Self { file };
        if log.bytes()? == 0 {
            sync_folder(path)?;
        }
        Ok(log)
    }

    /// Returns how long the file is.
    ///
    /// # Errors
    ///
    /// The file cannot be looked at.
    pub fn bytes(&self) -> Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Returns the end of the file: all of it, or its last `bytes_max` bytes.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn tail(&mut self, bytes_max: u64) -> Result<Vec<u8>> {
        let from = self.bytes()?.saturating_sub(bytes_max);
        self.file.seek(SeekFrom::Start(from))?;
        bounded(&self.file, bytes_max)
    }

    /// Removes so many bytes from the end: those of a line that a crash has cut.
    ///
    /// # Errors
    ///
    /// The file cannot be changed.
    pub fn cut(&mut self, bytes: u64) -> Result<()> {
        self.file.set_len(self.bytes()?.saturating_sub(bytes))
    }

    /// Appends bytes. When this returns, they outlast a crash of the machine.
    ///
    /// # Errors
    ///
    /// They cannot be written, as where the disk is full; then the file is as it was before, or ends in a line that was cut.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let before = self.bytes()?;
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // Where this fails too, the next writer finds a line that was cut.
            let _ = self.file.set_len(before);
        }
        written
    }
}

fn lock(file: &File, patience: Duration) -> Result<()> {
    let begin = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begin.elapsed() >= patience => {
                return Err(Error::new(ErrorKind::TimedOut, format!("another process has it locked for {patience:?}")));
            }
            Err(TryLockError::WouldBlock) => sleep(LOOK),
        }
    }
}

/// Lets the name of a new file outlast a crash.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    OpenOptions::new().read(true).open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const SHORT: Duration = Duration::from_millis(10);

    #[test]
    fn an_append_log_is_its_owners_alone_and_grows_at_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = AppendLog::open(&path, SHORT).unwrap();
        log.append(b"one\n").unwrap();
        log.append(b"two\ntor").unwrap();
        assert_eq!((log.tail(5).unwrap(), log.tail(99).unwrap()), (b"o\ntor".to_vec(), b"one\ntwo\ntor".to_vec()));
        log.cut(3).unwrap();
        log.append(b"three\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\nthree\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_append_log_has_one_writer_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = AppendLog::open(&path, SHORT).unwrap();
        assert_eq!(AppendLog::open(&path, SHORT).err().unwrap().kind(), ErrorKind::TimedOut);
        drop(log);
        assert!(AppendLog::open(&path, SHORT).is_ok());
    }

    #[test]
    fn an_append_log_that_others_may_read_or_that_is_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = AppendLog::open(&path, SHORT).err().unwrap();
        assert_eq!(refused.to_string(), "others may use it (mode 640); chmod 600 would prevent that");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(AppendLog::open(&link, SHORT).is_err());
    }
}
