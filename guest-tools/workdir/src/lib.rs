//! Files of the directory that a sandbox has for itself: the first that the host has opened for it. Without one, no file
//! exists.

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, DescriptorType, OpenFlags, PathFlags};

pub use wasip2::filesystem::types::ErrorCode;

type Result<T> = std::result::Result<T, ErrorCode>;

/// The most that is read or written in one call.
const PIECE_BYTES: usize = 64 << 10;

/// What there is at a path.
pub struct Stat {
    pub is_directory: bool,
    pub bytes: u64,
}

pub fn stat(path: &str) -> Result<Stat> {
    let stat = root()?.stat_at(PathFlags::SYMLINK_FOLLOW, inside(path))?;
    Ok(Stat { is_directory: stat.type_ == DescriptorType::Directory, bytes: stat.size })
}

pub fn read(path: &str) -> Result<Vec<u8>> {
    let file = open(path, OpenFlags::empty(), DescriptorFlags::READ)?;
    if file.get_type()? == DescriptorType::Directory {
        return Err(ErrorCode::IsDirectory);
    }
    let mut bytes = Vec::new();
    loop {
        let (piece, at_end) = file.read(PIECE_BYTES as u64, bytes.len() as u64)?;
        let is_empty = piece.is_empty();
        bytes.extend(piece);
        if at_end || is_empty {
            return Ok(bytes);
        }
    }
}

/// Writes a file anew, or more of it to its end.
pub fn write(path: &str, bytes: &[u8], appends: bool) -> Result<()> {
    let how = if appends { OpenFlags::CREATE } else { OpenFlags::CREATE | OpenFlags::TRUNCATE };
    let file = open(path, how, DescriptorFlags::WRITE)?;
    let mut at = if appends { file.stat()?.size } else { 0 };
    let mut left = bytes;
    while !left.is_empty() {
        let written = file.write(&left[..left.len().min(PIECE_BYTES)], at)?;
        if written == 0 {
            return Err(ErrorCode::Io);
        }
        at += written;
        left = left.get(written as usize..).unwrap_or_default();
    }
    Ok(())
}

/// The names in a directory, in order, and whether each is a directory.
pub fn list(path: &str) -> Result<Vec<(String, bool)>> {
    let directory = open(path, OpenFlags::DIRECTORY, DescriptorFlags::READ)?;
    let (entries, mut names) = (directory.read_directory()?, Vec::new());
    while let Some(entry) = entries.read_directory_entry()? {
        names.push((entry.name, entry.type_ == DescriptorType::Directory));
    }
    names.sort();
    Ok(names)
}

pub fn make_directory(path: &str) -> Result<()> {
    root()?.create_directory_at(inside(path))
}

pub fn remove_file(path: &str) -> Result<()> {
    root()?.unlink_file_at(inside(path))
}

pub fn remove_directory(path: &str) -> Result<()> {
    root()?.remove_directory_at(inside(path))
}

pub fn rename(from: &str, to: &str) -> Result<()> {
    let root = root()?;
    root.rename_at(inside(from), &root, inside(to))
}

/// The short name that C has for an error, and the sentence.
pub fn told(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::NoEntry => ("ENOENT", "no such file or directory"),
        ErrorCode::Access | ErrorCode::NotPermitted => ("EACCES", "permission denied"),
        ErrorCode::Exist => ("EEXIST", "file already exists"),
        ErrorCode::IsDirectory => ("EISDIR", "illegal operation on a directory"),
        ErrorCode::NotDirectory => ("ENOTDIR", "not a directory"),
        ErrorCode::NotEmpty => ("ENOTEMPTY", "directory not empty"),
        ErrorCode::InsufficientSpace | ErrorCode::Quota => ("ENOSPC", "no space left on device"),
        ErrorCode::ReadOnly => ("EROFS", "read-only file system"),
        _ => ("EIO", "input/output error"),
    }
}

fn root() -> Result<Descriptor> {
    get_directories().into_iter().next().map(|(root, _)| root).ok_or(ErrorCode::NoEntry)
}

/// The path below the directory: `/a.csv`, `./a.csv` and `a.csv` are one.
fn inside(path: &str) -> &str {
    let path = path.trim_start_matches("./").trim_matches('/');
    if path.is_empty() { "." } else { path }
}

fn open(path: &str, how: OpenFlags, flags: DescriptorFlags) -> Result<Descriptor> {
    root()?.open_at(PathFlags::SYMLINK_FOLLOW, inside(path), how, flags)
}
