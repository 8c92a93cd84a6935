use std::io;

use rustix::io::Errno;
use stockade_workflow::{Fault, Kind};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use crate::stop::Stop;

/// What can come of an operation on files.
pub(super) type Answer<T> = Result<T, Refusal>;

/// Why an operation on files was not done.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The file system's own reason, for the guest to deal with.
    Code(ErrorCode),
    /// The grant does not reach so far: an answer to the guest, and a hint for the operator.
    Barred(Bar),
    /// A limit, which ends the call.
    Stop(Stop),
}

/// What keeps a guest from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bar {
    /// No grant reaches there.
    NotGranted,
    /// The path, or a link on it, leads out of what was granted.
    Outside,
    /// The grant is of reading.
    ReadOnly,
    /// It is a pipe, a socket or a device: to open one can block, or act on the machine.
    Special,
    /// The file has a second name, by which it may belong to something that was not granted.
    ///
    /// A hard link to a file outside looks like any other file, but for the count of its names. So a file with several
    /// is not opened, to read or to write, and guests cannot make hard links.
    Linked,
}

impl Bar {
    pub(super) fn code(self) -> ErrorCode {
        match self {
            Self::ReadOnly => ErrorCode::ReadOnly,
            _ => ErrorCode::NotPermitted,
        }
    }
}

impl Refusal {
    /// A quota that is used up stops the guest, as the other limits do. It could be told "no space left" instead; but
    /// a guest may swallow that and answer as if its file were whole, and the operator would learn neither that a
    /// limit fired nor which one.
    pub(super) fn quota(limit: &str, at: &str, allowed: u64, used: u64) -> Fault {
        let key = limit.trim_start_matches("fs_");
        let message = format!(
            "the call may use {allowed} of \"{limit}\" in fs \"{at}\" and asked for {used}; \"{key}\" in the quota of \
             that grant would allow more"
        );
        Fault::limit(Kind::FsQuota, limit, allowed, used, message)
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

/// Only the code goes on to the guest: the text of an error may name paths of the host.
impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            // How cap-std says that a path led outside.
            None if error.kind() == io::ErrorKind::PermissionDenied => Self::Barred(Bar::Outside),
            None => Self::Code(ErrorCode::from(error)),
            Some(number) => match Errno::from_raw_os_error(number) {
                // What opening a socket, or a pipe without a reader, gives.
                Errno::NXIO | Errno::NODEV => Self::Barred(Bar::Special),
                Errno::ROFS => Self::Code(ErrorCode::ReadOnly),
                Errno::XDEV => Self::Code(ErrorCode::CrossDevice),
                Errno::DQUOT => Self::Code(ErrorCode::Quota),
                Errno::TXTBSY => Self::Code(ErrorCode::TextFileBusy),
                Errno::AGAIN => Self::Code(ErrorCode::WouldBlock),
                _ => Self::Code(ErrorCode::from(error)),
            },
        }
    }
}

impl From<Errno> for Refusal {
    fn from(error: Errno) -> Self {
        io::Error::from(error).into()
    }
}
