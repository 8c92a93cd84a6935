//! Files that a grant names. What is there may be a pipe, which would be waited for, or a device, which may have no end.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Reads a file of at most so many bytes.
///
/// # Errors
///
/// It is not there, is not a file, or has more bytes.
#[cfg(any(feature = "postgres", test))]
pub(crate) fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    let file = open(OpenOptions::new().read(true), path)?;
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max { Err(io::Error::other("it is too large")) } else { Ok(bytes) }
}

/// Makes a file for its owner alone, if it is not there.
///
/// # Errors
///
/// It cannot be made, or something else is there.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    open(OpenOptions::new().write(true).create(true).truncate(false).mode(0o600), path).map(drop)
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;

    #[test]
    fn a_pipe_and_a_device_are_neither_waited_for_nor_read_without_an_end() {
        let dir = tempfile::tempdir().unwrap();
        let (pipe, file) = (dir.path().join("pipe"), dir.path().join("file"));
        mkfifoat(CWD, &pipe, Mode::RWXU).unwrap();
        for path in [&pipe, Path::new("/dev/zero"), dir.path()] {
            assert!(read(path, 9).is_err() && make(path).is_err(), "{}", path.display());
        }
        make(&file).unwrap();
        assert_eq!(read(&file, 9).unwrap(), b"");
        std::fs::write(&file, "0123456789").unwrap();
        make(&file).unwrap();
        assert_eq!((read(&file, 9).is_err(), read(&file, 10).unwrap().len()), (true, 10));
    }
}
