use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::CHUNK_BYTES;
use super::file::File;
use super::refusal::{Answer, Refusal};

/// Bytes that are read when a guest only asks whether there are any; it may hold a thousand such streams.
const AHEAD_BYTES: usize = 4 << 10;

/// Work on a file that goes on while the guest does something else. One piece at a time for each stream.
type Work<T> = JoinHandle<Answer<T>>;

/// A file being read from some place on.
pub(super) struct Reader {
    file: Arc<File>,
    offset: u64,
    state: Reading,
}

enum Reading {
    Idle,
    Busy(Work<Bytes>),
    Read(Bytes),
    Failed(Refusal),
    Ended,
}

impl Reader {
    pub(super) fn new(file: Arc<File>, offset: u64) -> Self {
        Self { file, offset, state: Reading::Idle }
    }

    fn start(&self, length: usize) -> Work<Bytes> {
        let (file, offset) = (self.file.clone(), self.offset);
        tokio::spawn(file.mount.clone().run(move || Ok(file.read(length, offset)?.into())))
    }

    async fn finish(&mut self) {
        if let Reading::Busy(work) = &mut self.state {
            self.state = match finished(work.await) {
                Ok(bytes) if bytes.is_empty() => Reading::Ended,
                Ok(bytes) => Reading::Read(bytes),
                Err(refusal) => Reading::Failed(refusal),
            };
        }
    }
}

#[async_trait]
impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        match std::mem::replace(&mut self.state, Reading::Ended) {
            Reading::Idle if size > 0 => self.state = Reading::Busy(self.start(size.min(AHEAD_BYTES))),
            Reading::Read(mut bytes) => {
                let some = bytes.split_to(size.min(bytes.len()));
                self.state = if bytes.is_empty() { Reading::Idle } else { Reading::Read(bytes) };
                self.offset = self.offset.saturating_add(some.len() as u64);
                return Ok(some);
            }
            Reading::Failed(refusal) => return Err(error(refusal)),
            Reading::Ended => return Err(StreamError::Closed),
            other => self.state = other,
        }
        Ok(Bytes::new())
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        if matches!(self.state, Reading::Idle) && size > 0 {
            self.state = Reading::Busy(self.start(size.min(CHUNK_BYTES)));
        }
        self.finish().await;
        self.read(size)
    }
}

#[async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {
        if matches!(self.state, Reading::Idle) {
            self.state = Reading::Busy(self.start(AHEAD_BYTES));
        }
        self.finish().await;
    }
}

/// A file being written, from some place on or at its end.
pub(super) struct Writer {
    file: Arc<File>,
    /// None appends.
    offset: Option<u64>,
    state: Writing,
}

enum Writing {
    Idle,
    Busy(Work<()>),
    Failed(Refusal),
    Ended,
}

impl Writer {
    pub(super) fn new(file: Arc<File>, offset: Option<u64>) -> Self {
        Self { file, offset, state: Writing::Idle }
    }

    fn start(&mut self, bytes: Bytes) -> Work<()> {
        let (file, offset) = (self.file.clone(), self.offset);
        let writing = file.mount.writing();
        self.offset = offset.map(|offset| offset.saturating_add(bytes.len() as u64));
        tokio::spawn(file.mount.clone().run(move || {
            let _writing = writing?;
            match offset {
                Some(offset) => file.write(&bytes, offset),
                None => file.append(bytes),
            }
        }))
    }

    /// Takes the error of the last write, after which the stream is closed.
    fn check(&mut self) -> StreamResult<()> {
        match std::mem::replace(&mut self.state, Writing::Ended) {
            Writing::Failed(refusal) => Err(error(refusal)),
            Writing::Ended => Err(StreamError::Closed),
            other => {
                self.state = other;
                Ok(())
            }
        }
    }
}

/// A call that was cut short by its deadline writes no more than what is in flight.
impl Drop for Writer {
    fn drop(&mut self) {
        if let Writing::Busy(work) = &self.state {
            work.abort();
        }
    }
}

#[async_trait]
impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.check()?;
        if matches!(self.state, Writing::Busy(_)) || bytes.len() > CHUNK_BYTES {
            return Err(StreamError::trap("a write without the permission of check-write"));
        }
        if !bytes.is_empty() {
            self.state = Writing::Busy(self.start(bytes));
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.check()?;
        Ok(if matches!(self.state, Writing::Busy(_)) { 0 } else { CHUNK_BYTES })
    }

    /// A stream that is dropped has written what it was given.
    async fn cancel(&mut self) {
        self.ready().await;
    }
}

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        if let Writing::Busy(work) = &mut self.state {
            self.state = match finished(work.await) {
                Ok(()) => Writing::Idle,
                Err(refusal) => Writing::Failed(refusal),
            };
        }
    }
}

fn finished<T>(done: Result<Answer<T>, tokio::task::JoinError>) -> Answer<T> {
    done.unwrap_or(Err(Refusal::Code(ErrorCode::Io)))
}

/// What was barred was refused when the file was opened; so the guest needs no more than the code.
fn error(refusal: Refusal) -> StreamError {
    match refusal {
        Refusal::Code(code) => StreamError::LastOperationFailed(code.into()),
        Refusal::Barred(bar) => StreamError::LastOperationFailed(bar.code().into()),
        Refusal::Stop(stop) => StreamError::Trap(stop.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use stockade_workflow::{Grant, Quota};
    use tempfile::TempDir;
    use tokio::sync::OwnedSemaphorePermit;
    use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, OpenFlags};

    use super::super::Directories;
    use super::super::directory::THREADS_MAX;
    use super::super::folder::Folder;
    use super::super::mount::Mounts;
    use super::super::node::Node;
    use super::super::open::{How, open};
    use super::super::path::Path;
    use super::*;
    use crate::stop::Stop;

    /// A file of a call, in a directory whose disk is busy for as long as its turns are held.
    fn busy(bytes: u64) -> (TempDir, Mounts, Writer, OwnedSemaphorePermit) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display().to_string();
        let grant = Grant::fs(path, "/data").writable().quota(Quota { bytes, ..Quota::default() });
        let directories = Directories::new("tool", &[grant], &crate::Reserved::default()).unwrap();
        let mounts = Mounts::new(&directories);
        let how = How { follow: false, open: OpenFlags::CREATE, flags: DescriptorFlags::WRITE };
        let Ok(Node::File(file)) = open(&Folder::root(&mounts.all[0]), &Path::new("x").unwrap(), how) else {
            panic!("the file is made")
        };
        let turns = directories.0[0].threads.clone().try_acquire_many_owned(THREADS_MAX as u32).unwrap();
        (dir, mounts, Writer::new(file, Some(0)), turns)
    }

    /// A call once ended while the host still wrote what its guest had neither flushed nor dropped.
    #[tokio::test]
    async fn a_call_ends_when_its_writes_have() {
        let (dir, mounts, mut writer, turns) = busy(100);
        writer.write(Bytes::from_static(b"abc")).unwrap();
        let mut settling = Box::pin(mounts.settle());
        assert!(tokio::time::timeout(Duration::ZERO, &mut settling).await.is_err());
        drop(turns);
        settling.await;
        assert_eq!(fs::read_to_string(dir.path().join("x")).unwrap(), "abc");
        assert!(mounts.check().is_ok());
    }

    #[tokio::test]
    async fn a_quota_that_is_used_up_while_nobody_looks_is_remembered() {
        let (_dir, mounts, mut writer, turns) = busy(2);
        writer.write(Bytes::from_static(b"abc")).unwrap();
        drop(turns);
        mounts.settle().await;
        let stop = mounts.check().unwrap_err().downcast::<Stop>().unwrap();
        assert_eq!(stop.0.breach.unwrap().limit, "fs_bytes");
    }

    #[tokio::test]
    async fn what_had_not_begun_when_a_call_was_cut_short_is_not_written() {
        let (dir, mounts, mut writer, turns) = busy(100);
        writer.write(Bytes::from_static(b"abc")).unwrap();
        drop(writer);
        drop(turns);
        mounts.settle().await;
        assert_eq!(fs::read_to_string(dir.path().join("x")).unwrap(), "");
    }
}
