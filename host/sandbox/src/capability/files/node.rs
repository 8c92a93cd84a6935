use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use cap_std::fs::{Metadata, MetadataExt};
use rustix::fs::{FileType, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue, NewTimestamp,
};

use super::file::File;
use super::folder::Folder;
use super::mount::Mount;
use super::refusal::Answer;

const NANOSECONDS: u32 = 1_000_000_000;

/// What a guest's descriptor stands for.
#[derive(Clone)]
pub(super) enum Node {
    /// The root of all that was not granted. It is there so that a denial has a path to name: without it the libraries
    /// of a guest would find no directory to look in, and fail before the host hears of it.
    Nothing,
    Folder(Arc<Folder>),
    File(Arc<File>),
}

impl Node {
    pub(super) fn mount(&self) -> Option<&Arc<Mount>> {
        match self {
            Self::Nothing => None,
            Self::Folder(folder) => Some(&folder.mount),
            Self::File(file) => Some(&file.mount),
        }
    }

    /// Returns the guest's own path of it.
    pub(super) fn at(&self) -> &str {
        match self {
            Self::Nothing => "/",
            Self::Folder(folder) => &folder.at,
            Self::File(file) => &file.at,
        }
    }

    pub(super) fn metadata(&self) -> Answer<Metadata> {
        Ok(match self {
            Self::Nothing => return Err(ErrorCode::NoEntry.into()),
            Self::Folder(folder) => folder.dir.dir_metadata()?,
            Self::File(file) => file.file.metadata()?,
        })
    }

    /// Writes to the disk what the system still holds back.
    pub(super) fn sync(&self) -> Answer<()> {
        match self {
            Self::Nothing => {}
            Self::Folder(folder) => rustix::fs::fsync(&folder.dir)?,
            Self::File(file) => file.file.sync_all()?,
        }
        Ok(())
    }

    pub(super) fn set_times(&self, accessed: NewTimestamp, modified: NewTimestamp) -> Answer<()> {
        let times = Timestamps { last_access: timespec(accessed)?, last_modification: timespec(modified)? };
        match self {
            Self::Nothing => return Err(ErrorCode::NotPermitted.into()),
            Self::Folder(folder) => rustix::fs::futimens(&folder.dir, &times)?,
            Self::File(file) => rustix::fs::futimens(&file.file, &times)?,
        }
        Ok(())
    }
}

/// A guest may name any time. One that the system has no number for, or whose nanoseconds are one of the system's
/// special values, is an error.
fn timespec(time: NewTimestamp) -> Answer<Timespec> {
    Ok(match time {
        NewTimestamp::NoChange => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        NewTimestamp::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        NewTimestamp::Timestamp(Datetime { nanoseconds: NANOSECONDS.., .. }) => return Err(ErrorCode::Invalid.into()),
        NewTimestamp::Timestamp(Datetime { seconds, nanoseconds }) => {
            let tv_sec = i64::try_from(seconds).map_err(|_| ErrorCode::Overflow)?;
            Timespec { tv_sec, tv_nsec: nanoseconds.into() }
        }
    })
}

pub(super) fn stat(metadata: &Metadata) -> DescriptorStat {
    DescriptorStat {
        type_: type_of(FileType::from_raw_mode(metadata.mode())),
        link_count: metadata.nlink(),
        size: metadata.len(),
        data_access_timestamp: datetime(metadata.atime(), metadata.atime_nsec()),
        data_modification_timestamp: datetime(metadata.mtime(), metadata.mtime_nsec()),
        status_change_timestamp: datetime(metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// WASI has no times before 1970; a file that does has none.
fn datetime(seconds: i64, nanoseconds: i64) -> Option<Datetime> {
    Some(Datetime { seconds: seconds.try_into().ok()?, nanoseconds: nanoseconds.try_into().ok()? })
}

pub(super) fn type_of(file: FileType) -> DescriptorType {
    match file {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        // WASI has names for pipes and sockets, but the adapter that most guests are built with traps on the latter; to
        // list a directory in which one was left must not end a tool.
        FileType::Fifo | FileType::Socket | FileType::Unknown => DescriptorType::Unknown,
    }
}

/// Returns what tells files apart; by it guests know that two paths are of one file.
pub(super) fn identity(metadata: &Metadata) -> MetadataHashValue {
    let hash = |part: u8| {
        let mut hasher = DefaultHasher::new();
        (part, metadata.dev(), metadata.ino()).hash(&mut hasher);
        hasher.finish()
    };
    MetadataHashValue { lower: hash(0), upper: hash(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The nanoseconds 1,073,741,823 mean "now" to Linux, and a test of the clock must not depend on it.
    #[test]
    fn times_that_are_none_are_refused() {
        let at = |seconds, nanoseconds| timespec(NewTimestamp::Timestamp(Datetime { seconds, nanoseconds }));
        assert!(at(0, 0).is_ok() && at(i64::MAX as u64, 999_999_999).is_ok());
        for (seconds, nanoseconds) in
            [(u64::MAX, 0), (1 << 63, 0), (0, NANOSECONDS), (0, u32::MAX), (0, 1_073_741_823), (u64::MAX, u32::MAX)]
        {
            assert!(at(seconds, nanoseconds).is_err(), "{seconds} {nanoseconds}");
        }
        assert!(datetime(-1, 0).is_none());
    }
}
