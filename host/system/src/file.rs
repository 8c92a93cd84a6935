//! The files of the host: reading files that a person named, and locks that show that a process lives.

use std::fs::{self, DirBuilder, File, FileType, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use tempfile::NamedTempFile;

pub use crate::access::barred;
use crate::access::explained;

/// Opens a file that a person named, for reading. Pipes and devices are refused: a pipe may have no end and no writer, and
/// reading a device may have an effect.
///
/// # Errors
///
/// The path cannot be opened, or is not a file.
pub fn open(path: &Path) -> Result<File> {
    // Otherwise opening a pipe would wait for its writer.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(nonblocking).open(path);
    let file = opened.map_err(|error| explained(error, path))?;
    let kind = file.metadata()?.file_type();
    not_a_file(kind).map_or(Ok(file), |why| Err(Error::new(ErrorKind::InvalidInput, why)))
}

/// Says what something is that is no file.
pub(crate) fn not_a_file(kind: FileType) -> Option<String> {
    let kind = match kind {
        kind if kind.is_file() => return None,
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "a socket or something else",
    };
    Some(format!("it is {kind}, and not a file"))
}

/// Reads a file that a person named, if it has at most so many bytes.
///
/// # Errors
///
/// As [`open`], and if the file has more bytes.
pub fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    bounded(open(path)?, bytes_max)
}

/// Reads a text as [`read`] does.
///
/// # Errors
///
/// As [`read`], and if the file is not UTF-8.
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String> {
    text(read(path, bytes_max)?)
}

/// Writes a file, and makes its folder if that does not exist; only the owner reads either. Readers see all of the file or
/// nothing of it. When this returns, it outlasts a crash of the machine.
///
/// # Errors
///
/// The folder cannot be made, or the file cannot be written; then what was there before still is.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = make_folder(folder).and_then(|()| NamedTempFile::new_in(folder));
    let mut file = made.map_err(|error| explained(error, path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The name outlasts it, too.
    File::open(folder)?.sync_all()
}

/// Makes a folder that only its owner may enter, and those above it, where they do not exist.
///
/// # Errors
///
/// It cannot be made.
pub fn make_folder(folder: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| explained(error, folder))
}

/// Reads everything, such as from stdin, if it is at most so many bytes.
///
/// # Errors
///
/// The input cannot be read, or has more bytes.
pub fn bounded(from: impl Read, bytes_max: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= bytes_max {
        return Ok(bytes);
    }
    Err(Error::new(ErrorKind::FileTooLarge, format!("it has more than {bytes_max} bytes")))
}

/// Reads a file as [`read`] does that is a secret, such as a private key.
///
/// # Errors
///
/// As [`read`], and if another user owns the file or may read or write it. Root is no other user here.
pub fn read_private(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    check_private(&file)?;
    bounded(file, bytes_max)
}

/// Checks that no other user may read or write an open file.
pub(crate) fn check_private(file: &File) -> Result<()> {
    let found = file.metadata()?;
    let refused = |why: String| Err(Error::new(ErrorKind::PermissionDenied, why));
    if let Some(why) = not_a_file(found.file_type()) {
        return Err(Error::new(ErrorKind::InvalidInput, why));
    }
    let (owner, us) = (found.uid(), rustix::process::geteuid().as_raw());
    if owner != us && owner != 0 {
        return refused(format!("it belongs to user {owner} and not to {us}; chown {us} would change that"));
    }
    match found.mode() & 0o777 {
        mode if mode & 0o077 != 0 => {
            refused(format!("others may use it (mode {mode:o}); chmod 600 would prevent that"))
        }
        _ => Ok(()),
    }
}

/// Returns bytes as a text.
///
/// # Errors
///
/// The bytes are not UTF-8.
pub fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// A file that stays locked until this is dropped.
pub struct Lock {
    _file: File,
}

/// Locks a file, which is created if it does not exist, and waits for another process that has locked it. The folder is created
/// if it does not exist; only the owner can enter it and read the file.
///
/// # Errors
///
/// The folder or the file cannot be created, or the file cannot be locked.
pub fn locked(folder: &Path, name: &str) -> Result<Lock> {
    let path = folder.join(name);
    loop {
        make_folder(folder)?;
        let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let file = match OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(no_link)
            .mode(0o600)
            .open(&path)
        {
            // Another process has just removed the folder.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.map_err(|error| explained(error, &path))?,
        };
        file.lock()?;
        // Before the lock was held, another process may have removed the file as one that was left behind.
        if fs::metadata(&path).is_ok_and(|found| file.metadata().is_ok_and(|own| found.ino() == own.ino())) {
            return Ok(Lock { _file: file });
        }
    }
}

/// Returns whether a process holds a lock on a file. A file that does not exist has no lock.
pub fn is_locked(path: &Path) -> bool {
    match File::open(path).map(|file| file.try_lock()) {
        Ok(Ok(())) => false,
        Err(error) => error.kind() != ErrorKind::NotFound,
        Ok(Err(_)) => true,
    }
}

/// Returns whether a process holds a lock on a file of a folder.
pub fn is_any_locked(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).any(|path| is_locked(&path))
}

/// Removes the files of a folder on which no process holds a lock.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
        {
            // A file that stays does no harm.
            let _ = fs::remove_file(&path);
        }
    }
}

/// Removes a file, and its folder if that is empty then.
pub fn forget(folder: &Path, name: &str) {
    // A file that stays does no harm, and a folder that is not empty cannot be removed.
    let _ = fs::remove_file(folder.join(name)).and_then(|()| fs::remove_dir(folder));
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn a_file_without_an_end_is_read_up_to_the_limit() {
        let error = bounded(std::io::repeat(b' '), 100_000).unwrap_err();
        assert_eq!(error.to_string(), "it has more than 100000 bytes");
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, "ab").unwrap();
        assert_eq!(read(file.path(), 2).unwrap(), b"ab");
        assert!(read(file.path(), 1).is_err());
        fs::write(&file, b"\xff").unwrap();
        assert_eq!(read_text(file.path(), 9).unwrap_err().to_string(), "it is not UTF-8 text");
    }

    #[test]
    fn a_path_that_is_not_a_file_is_refused_at_once() {
        let (reader, _writer) = std::io::pipe().unwrap();
        let pipe = format!("/dev/fd/{}", reader.as_raw_fd());
        for (path, says) in [(pipe.as_str(), "a pipe"), ("/dev/zero", "a device"), ("/", "a folder")] {
            let error = read(Path::new(path), 9).unwrap_err();
            assert_eq!(error.to_string(), format!("it is {says}, and not a file"));
        }
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, "key").unwrap();
        assert_eq!(read_private(file.path(), 9).unwrap(), b"key");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = read_private(file.path(), 9).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        assert_eq!(refused.to_string(), "others may use it (mode 644); chmod 600 would prevent that");
    }

    #[test]
    fn a_file_is_written_whole_into_a_folder_of_its_owner_or_not_at_all() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (folder, path) = (dir.path().join("new"), dir.path().join("new/file"));
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
        fs::create_dir(folder.join("taken")).unwrap();
        assert!(write_whole(&folder.join("taken"), b"").is_err() && write_whole(&path.join("below"), b"").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left of what failed");
    }

    #[test]
    fn a_lock_is_seen_until_its_holder_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("owners");
        assert!(!is_locked(&folder.join("a")));
        let (a, b) = (locked(&folder, "a").unwrap(), locked(&folder, "b").unwrap());
        drop(a);
        assert!(!is_locked(&folder.join("a")) && is_locked(&folder.join("b")) && is_any_locked(&folder));
        sweep(&folder);
        assert!(!folder.join("a").exists() && is_locked(&folder.join("b")));
        drop(b);
        assert!(!is_any_locked(&folder));
        forget(&folder, "b");
        assert!(!folder.exists() && !is_any_locked(&folder));
    }
}
