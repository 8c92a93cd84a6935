//! Folders and files that are this user's alone.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, unlinkat};
use rustix::io::Errno;

/// Opens a folder, after making it where it is not there.
///
/// # Errors
///
/// It is a link or another user's, or others may write in it.
pub(crate) fn open_private(dir: &Path) -> io::Result<OwnedFd> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    let dir = rustix::fs::open(dir, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP | Errno::NOTDIR => io::Error::other("is not a directory, or is a link to one"),
        error => error.into(),
    })?;
    let stat = fstat(&dir)?;
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user"));
    }
    if stat.st_mode & 0o022 != 0 {
        return Err(io::Error::other("others may write in it; run chmod 700 on it"));
    }
    Ok(dir)
}

/// Opens a plain file that is ours and that no other user may read, whatever stands at its name.
pub(crate) fn open_ours(dir: &OwnedFd, name: &str) -> io::Result<(File, Stat)> {
    // Without NONBLOCK a pipe of that name would hold us up for ever.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(dir, name, flags, Mode::empty())?;
    let stat = fstat(&file)?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if !is_file || stat.st_mode & 0o077 != 0 || stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("is not a file of ours alone"));
    }
    Ok((file.into(), stat))
}

pub(crate) fn read(file: &File, stat: &Stat, bytes_max: u64) -> io::Result<Vec<u8>> {
    let length = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
    if length > bytes_max {
        return Err(io::Error::other("is too large"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file under a new name, to be moved to where it belongs.
pub(crate) fn write(dir: &OwnedFd, parts: &[&[u8]]) -> io::Result<String> {
    let name = unique()?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(dir, &name, flags, Mode::RUSR | Mode::WUSR)?);
    let written = parts.iter().try_for_each(|part| file.write_all(part)).and_then(|()| file.sync_all());
    if written.is_err() {
        // As in `put`.
        let _ = unlinkat(dir, &name, AtFlags::empty());
    }
    written.map(|()| name)
}

/// By nothing that another process, or the one that crashed before us under our number, could have taken.
fn unique() -> io::Result<String> {
    Ok(format!(".{:032x}.tmp", u128::from_ne_bytes(random()?)))
}

pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
    Ok(bytes)
}
