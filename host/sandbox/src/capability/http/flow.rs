use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What one call has sent and received so far, counted from the tasks that carry it.
///
/// They cannot stop a guest, so they only stop themselves; the guest is stopped when it next comes back from the host
/// and the counts are taken over into its meter.
pub(crate) struct Flow {
    pub(crate) bytes: Count,
    pub(crate) requests: Count,
    is_over: AtomicBool,
}

/// One thing that is counted.
pub(crate) struct Count {
    allowed: u64,
    used: AtomicU64,
}

impl Flow {
    pub(crate) fn new(bytes_max: u64, requests_max: u64) -> Self {
        let count = |allowed| Count { allowed, used: AtomicU64::new(0) };
        Self { bytes: count(bytes_max), requests: count(requests_max), is_over: AtomicBool::new(false) }
    }

    /// Says that the call has ended, and with it all requests in flight.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

impl Count {
    /// Counts more, and returns whether it is still within what is allowed.
    pub(crate) fn add(&self, more: u64) -> bool {
        self.used.fetch_add(more, Ordering::Relaxed).saturating_add(more) <= self.allowed
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes up to so much of what is left, before it is used: others use it too.
    fn reserve(&self, most: usize) -> usize {
        let part = |used: u64| self.allowed.saturating_sub(used).min(most as u64);
        let add = |used: u64| used.checked_add(part(used));
        let before = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        before.ok().and_then(|before| usize::try_from(part(before)).ok()).unwrap_or_default()
    }

    fn give_back(&self, unused: usize) {
        self.used.fetch_sub(unused as u64, Ordering::Relaxed);
    }
}

/// A connection whose bytes are counted as they are on the wire: the headers, the framing and TLS's own among them.
pub(crate) struct Wire<S> {
    stream: S,
    flow: Arc<Flow>,
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, flow: Arc<Flow>) -> Self {
        Self { stream, flow }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let read = buf.filled().len().saturating_sub(before);
        Poll::Ready(if self.flow.bytes.add(read as u64) { Ok(()) } else { Err(over()) })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    /// Never sends a byte more than is allowed.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        let reserved = self.flow.bytes.reserve(buf.len());
        let fits = buf.get(..reserved).unwrap_or(buf);
        if fits.is_empty() && !buf.is_empty() {
            self.flow.bytes.add(buf.len() as u64);
            return Poll::Ready(Err(over()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, fits);
        let used = if let Poll::Ready(Ok(used)) = written { used } else { 0 };
        self.flow.bytes.give_back(reserved.saturating_sub(used));
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

fn over() -> std::io::Error {
    std::io::Error::other("the call has used up what it may send and receive")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_nobody_elses() {
        let count = Flow::new(10, 0).bytes;
        assert_eq!((count.reserve(7), count.reserve(7), count.reserve(7)), (7, 3, 0));
        count.give_back(2);
        assert_eq!((count.reserve(7), count.used()), (2, 10));
        assert!(!count.add(1));
        assert_eq!(count.reserve(7), 0);
    }
}
