use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use stockade_workflow::Kind;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::stop::Stop;

/// What a guest may ask to write at once; wasmtime allocates as much for a write of zeroes.
const PERMIT_BYTES: usize = 64 << 10;

/// The standard output or error of one call, kept up to a cap. A guest that writes more is stopped.
///
/// Lines are not counted: a cap on bytes caps them, and what shows them to a person escapes what is no text.
#[derive(Clone)]
pub(crate) struct Capture {
    written: Arc<Mutex<Vec<u8>>>,
    limit: &'static str,
    bytes_max: u64,
}

impl Capture {
    /// Begins to keep so many bytes, which is what this limit of the call allows.
    pub(crate) fn new(limit: &'static str, bytes_max: u64) -> Self {
        Self { written: Arc::default(), limit, bytes_max }
    }

    /// Returns what was written, with what is not UTF-8 replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.written()).into_owned()
    }

    /// Takes what was written, with what is not UTF-8 replaced.
    pub(crate) fn take(&self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut *self.written())).into_owned()
    }

    fn written(&self) -> MutexGuard<'_, Vec<u8>> {
        // A vector of bytes is whole after any panic.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, bytes: &[u8]) -> StreamResult<()> {
        let mut written = self.written();
        let room = self.bytes_max.saturating_sub(written.len() as u64);
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        written.extend(bytes.iter().take(fits));
        if fits < bytes.len() {
            let wanted = self.bytes_max.saturating_add((bytes.len() - fits) as u64);
            return Err(StreamError::Trap(Stop::limit(Kind::Output, self.limit, self.bytes_max, wanted)));
        }
        Ok(())
    }
}

impl OutputStream for Capture {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT_BYTES)
    }
}

#[async_trait]
impl Pollable for Capture {
    async fn ready(&mut self) {}
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Serves WASI 0.3 only, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}
