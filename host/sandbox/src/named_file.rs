//! Files that a grant names. What is there may be a pipe, which would be waited for, or a device, which may have no end.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Makes a file for its owner alone, if it is not there.
///
/// # Errors
///
/// It cannot be made, or something else is there.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(0o600).custom_flags(nonblocking).open(path)?;
    if file.metadata()?.is_file() { Ok(()) } else { Err(io::Error::other("it is not a file")) }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;

    #[test]
    fn a_pipe_and_a_device_are_neither_waited_for_nor_taken_for_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let (pipe, file) = (dir.path().join("pipe"), dir.path().join("file"));
        mkfifoat(CWD, &pipe, Mode::RWXU).unwrap();
        for path in [&pipe, Path::new("/dev/zero"), dir.path()] {
            assert!(make(path).is_err(), "{}", path.display());
        }
        make(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"");
        std::fs::write(&file, "0123456789").unwrap();
        make(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"0123456789");
    }
}
