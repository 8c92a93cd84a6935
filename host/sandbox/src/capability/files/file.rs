use std::io::IoSlice;
use std::sync::Arc;

use bytes::Bytes;
use cap_std::fs::FileExt;
use rustix::io::ReadWriteFlags;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode};

use super::mount::{Mount, Open};
use super::refusal::Answer;

/// An open regular file.
pub(super) struct File {
    pub(super) mount: Arc<Mount>,
    pub(super) file: cap_std::fs::File,
    pub(super) at: String,
    /// What the guest opened it for, which may be less than the host's descriptor allows.
    pub(super) flags: DescriptorFlags,
    pub(super) _open: Open,
}

impl File {
    pub(super) fn readable(&self) -> Answer<()> {
        self.opened_for(DescriptorFlags::READ)
    }

    pub(super) fn writable(&self) -> Answer<()> {
        self.opened_for(DescriptorFlags::WRITE)
    }

    fn opened_for(&self, flag: DescriptorFlags) -> Answer<()> {
        if self.flags.contains(flag) { Ok(()) } else { Err(ErrorCode::BadDescriptor.into()) }
    }

    /// Reads some bytes; none at the end of the file.
    pub(super) fn read(&self, length: usize, offset: u64) -> Answer<Vec<u8>> {
        let mut bytes = vec![0; length];
        let read = self.file.read_at(&mut bytes, offset)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Writes all of some bytes. A hole that this leaves before them counts as written: disks without sparse files fill
    /// it, and so does a program that copies the file.
    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> Answer<()> {
        let length = bytes.len() as u64;
        let end = offset.checked_add(length).ok_or(ErrorCode::FileTooLarge)?;
        let growth = if bytes.is_empty() { 0 } else { end.saturating_sub(self.file.metadata()?.len()) };
        self.mount.spend_bytes(length.max(growth))?;
        Ok(self.file.write_all_at(bytes, offset)?)
    }

    /// Writes all of some bytes at the end, wherever that is by now.
    pub(super) fn append(&self, mut bytes: Bytes) -> Answer<()> {
        self.mount.spend_bytes(bytes.len() as u64)?;
        while !bytes.is_empty() {
            let some = [IoSlice::new(&bytes)];
            let write = || rustix::io::pwritev2(&self.file, &some, 0, ReadWriteFlags::APPEND);
            match rustix::io::retry_on_intr(write)? {
                0 => return Err(ErrorCode::Io.into()),
                written => drop(bytes.split_to(written.min(bytes.len()))),
            }
        }
        Ok(())
    }

    pub(super) fn set_size(&self, size: u64) -> Answer<()> {
        self.mount.spend_bytes(size.saturating_sub(self.file.metadata()?.len()))?;
        Ok(self.file.set_len(size)?)
    }
}
