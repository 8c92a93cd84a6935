//! The folder for the files that code wrote. Existing files stay as they are, and no link is followed.

use std::fs::File;
use std::io::{Error, ErrorKind, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat, unlinkat};
use rustix::io::Errno;
use stockade::Fault;

use crate::read;

/// The modes of new files and folders, before the umask.
const FILE_MODE: Mode = Mode::from_raw_mode(0o666);
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o777);

/// An open folder. Files are created beneath the opened folder, even if another folder takes its name.
pub(crate) struct OutDir {
    path: PathBuf,
    folder: OwnedFd,
    /// Whether a file may replace another file or a link.
    force: bool,
}

impl OutDir {
    /// Opens a folder, and creates it if it does not exist. It may be a link, because the user named it.
    pub(crate) fn open(path: &Path, force: bool) -> stockade::Result<Self> {
        let opened = std::fs::create_dir_all(path)
            .and_then(|()| Ok(openat(CWD, path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?));
        let folder = opened.map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), folder, force })
    }

    /// Returns the path that the user named.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file at a path within the folder.
    ///
    /// # Errors
    ///
    /// The name is taken, or a link or a file stands where a folder must be.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> stockade::Result<()> {
        let written = self.create(Path::new(name)).and_then(|mut file| file.write_all(bytes));
        written.map_err(|error| {
            let path = self.path.join(name);
            if error.kind() == ErrorKind::AlreadyExists {
                let message = format!("\"{}\" exists and is not overwritten; --force replaces it", path.display());
                return read::refused("out", message, &error);
            }
            unwritable(&path, &error)
        })
    }

    fn create(&self, path: &Path) -> std::io::Result<File> {
        let parts = path.components().map(|part| match part {
            Component::Normal(part) => Ok(Path::new(part)),
            _ => Err(Error::from(ErrorKind::InvalidFilename)),
        });
        let parts = parts.collect::<std::io::Result<Vec<_>>>()?;
        let (file, folders) = parts.split_last().ok_or_else(|| Error::from(ErrorKind::InvalidFilename))?;
        let mut folder = self.folder.try_clone()?;
        for part in folders {
            folder = beneath(&folder, part)?;
        }
        if self.force {
            match unlinkat(&folder, *file, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
        Ok(openat(&folder, *file, flags, FILE_MODE)?.into())
    }
}

/// Opens a folder within another one, and creates it if it does not exist.
fn beneath(folder: impl AsFd, name: &Path) -> std::io::Result<OwnedFd> {
    match mkdirat(&folder, name, FOLDER_MODE) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    Ok(openat(&folder, name, flags, Mode::empty())?)
}

fn unwritable(path: &Path, error: &Error) -> Fault {
    let message = format!("\"{}\" cannot be written: {error}; --out names another folder", path.display());
    read::refused("out", message, error)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn existing_files_stay_and_no_link_is_followed() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = outside.path().join("secret");
        fs::write(&secret, "untouched").unwrap();
        symlink(&secret, dir.path().join("link")).unwrap();
        symlink(outside.path().join("absent"), dir.path().join("dangling")).unwrap();
        symlink(outside.path(), dir.path().join("folder")).unwrap();
        fs::write(dir.path().join("mine"), "mine").unwrap();
        let careful = OutDir::open(dir.path(), false).unwrap();
        for name in ["link", "dangling", "mine"] {
            let fault = careful.write(name, b"new").unwrap_err();
            assert_eq!(fault.detail.as_deref(), Some("out"));
            assert!(fault.message.contains("--force"), "{fault}");
        }
        let forceful = OutDir::open(dir.path(), true).unwrap();
        for name in ["folder/secret", "mine/x", "../x", "/x", ""] {
            assert!(careful.write(name, b"new").is_err() && forceful.write(name, b"new").is_err(), "{name}");
        }
        careful.write("a/b/new", b"new").unwrap();
        for name in ["link", "dangling", "mine", "a/b/new"] {
            forceful.write(name, b"newer").unwrap();
            let written = dir.path().join(name);
            assert!(fs::symlink_metadata(&written).unwrap().is_file() && fs::read(&written).unwrap() == b"newer");
        }
        assert_eq!(fs::read(&secret).unwrap(), b"untouched");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }
}
