use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use stockade_workflow::Kind;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::Stdio;
use crate::capability::tools::ToolHandler;
use crate::stop::Stop;

/// What a guest may ask to write at once; wasmtime allocates as much for a write of zeroes.
const PERMIT_BYTES: usize = 64 << 10;

/// The standard output or error of one call, kept up to a cap. A guest that writes more is stopped.
///
/// Lines are not counted: a cap on bytes caps them, and what shows them to a person escapes what is no text.
#[derive(Clone)]
pub(crate) struct Capture {
    written: Arc<Mutex<Written>>,
    limit: &'static str,
    bytes_max: u64,
}

#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    /// How many of them were told already.
    told: usize,
    /// Who is told.
    follower: Option<(Stdio, Arc<dyn ToolHandler>)>,
}

impl Written {
    /// Tells the lines that the last bytes have ended. Only those are looked at, or a guest that writes a long line letter by
    /// letter would keep the host busy.
    fn tell(&mut self, new: usize) {
        let Some((stdio, follower)) = &self.follower else { return };
        let begin = self.bytes.len().saturating_sub(new);
        let last = self.bytes.get(begin..).unwrap_or_default().iter().rposition(|byte| *byte == b'\n');
        let Some(end) = last.map(|last| begin.saturating_add(last).saturating_add(1)) else { return };
        let lines = self.bytes.get(self.told..end).unwrap_or_default();
        follower.wrote(*stdio, end as u64, &String::from_utf8_lossy(lines));
        self.told = end;
    }
}

impl Capture {
    /// Begins to keep so many bytes, which is what this limit of the call allows.
    pub(crate) fn new(limit: &'static str, bytes_max: u64) -> Self {
        Self { written: Arc::default(), limit, bytes_max }
    }

    /// Returns what was written, with what is not UTF-8 replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.written().bytes).into_owned()
    }

    /// Takes what was written, with what is not UTF-8 replaced. What is written from now on is told to no follower.
    pub(crate) fn take(&self) -> String {
        let written = std::mem::take(&mut *self.written());
        String::from_utf8_lossy(&written.bytes).into_owned()
    }

    /// Tells whole lines from now on, as they are written.
    pub(crate) fn tell(&self, stdio: Stdio, follower: &Arc<dyn ToolHandler>) {
        self.written().follower = Some((stdio, Arc::clone(follower)));
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        // What was written is whole after any panic.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, bytes: &[u8]) -> StreamResult<()> {
        let mut written = self.written();
        let room = self.bytes_max.saturating_sub(written.bytes.len() as u64);
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        written.bytes.extend(bytes.iter().take(fits));
        written.tell(fits);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::tools::CallFromCode;
    use crate::outcome::Outcome;

    /// Writes down what it is told.
    #[derive(Default)]
    struct Heard(Mutex<Vec<(u64, String)>>);

    #[async_trait]
    impl ToolHandler for Heard {
        async fn call(&self, call: CallFromCode<'_>) -> Outcome {
            panic!("{call:?} is not made here");
        }

        fn wrote(&self, _: Stdio, end: u64, lines: &str) {
            self.0.lock().unwrap().push((end, lines.to_owned()));
        }
    }

    #[test]
    fn whole_lines_are_told_once_as_they_are_written_and_the_rest_is_taken() {
        let (capture, heard) = (Capture::new("stdio_bytes", 8), Arc::new(Heard::default()));
        let follower: Arc<dyn ToolHandler> = heard.clone();
        capture.tell(Stdio::Out, &follower);
        for piece in [&b"a"[..], b"b\nc", b"\n\xff\n"] {
            assert!(capture.append(piece).is_ok());
        }
        assert!(capture.append(b"de\n").is_err(), "it has more than 8 bytes");
        assert_eq!(*heard.0.lock().unwrap(), [(3, "ab\n".to_owned()), (7, "c\n\u{fffd}\n".to_owned())]);
        assert_eq!(capture.take(), "ab\nc\n\u{fffd}\nd");
        assert!(capture.append(b"e\n").is_ok());
        assert_eq!(heard.0.lock().unwrap().len(), 2, "no one follows what comes after");
    }
}
