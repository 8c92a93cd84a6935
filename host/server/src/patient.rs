//! A connection that does not wait for ever until its client reads.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// What a client must take in the time that it has, in bytes, while more waits for it.
const LEAST_BYTES: usize = 64 << 10;

/// A connection that breaks off where its client takes little of what is written for too long: one that takes a byte now and then
/// would keep an answer in memory for as long as it likes.
pub(crate) struct Patient {
    stream: TcpStream,
    time: Duration,
    /// When the client must have taken enough, while it is waited for.
    until: Option<Pin<Box<Sleep>>>,
    /// How many bytes it has taken since it is waited for.
    taken: usize,
}

impl Patient {
    pub(crate) fn new(stream: TcpStream, time: Duration) -> Self {
        Self { stream, time, until: None, taken: 0 }
    }

    /// Returns the first byte that the client sends, and leaves it there; none where it sends no more.
    #[cfg(feature = "tls")]
    pub(crate) async fn first(&self) -> io::Result<Option<u8>> {
        let mut first = [0];
        let bytes = self.stream.peek(&mut first).await?;
        Ok(first.into_iter().take(bytes).next())
    }

    /// Returns what became of a write, and of one that waits for too long that its time is over.
    fn timely(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            self.taken = self.taken.saturating_add(*written.as_ref().unwrap_or(&0));
            if self.taken >= LEAST_BYTES {
                self.keeps_up();
            }
            return Poll::Ready(written);
        }
        let time = self.time;
        let until = self.until.get_or_insert_with(|| {
            self.taken = 0;
            Box::pin(sleep(time))
        });
        ready!(until.as_mut().poll(cx));
        let message = format!("the client took fewer than {LEAST_BYTES} bytes in {time:?}");
        Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, message)))
    }

    /// The client is not waited for.
    fn keeps_up(&mut self) {
        (self.until, self.taken) = (None, 0);
    }
}

impl AsyncRead for Patient {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let patient = self.get_mut();
        let written = Pin::new(&mut patient.stream).poll_write(cx, bytes);
        patient.timely(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let patient = self.get_mut();
        let written = Pin::new(&mut patient.stream).poll_write_vectored(cx, bytes);
        patient.timely(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// All that was written before was taken.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let patient = self.get_mut();
        patient.keeps_up();
        Pin::new(&mut patient.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Waker;

    use tokio::net::TcpListener;
    use tokio::time::advance;

    use super::*;

    /// A connection with its client.
    async fn patient() -> (Patient, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Patient::new(listener.accept().await.unwrap().0, Duration::from_secs(30)), client)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_a_little_now_and_then_is_given_up_and_one_that_takes_enough_is_not() {
        let (mut patient, _client) = patient().await;
        let mut cx = Context::from_waker(Waker::noop());
        let mut waits = async |patient: &mut Patient| {
            let is_over = patient.timely(&mut cx, Poll::Pending).is_ready();
            advance(Duration::from_secs(20)).await;
            is_over
        };
        assert!(!waits(&mut patient).await);
        let took = |bytes: usize| Poll::Ready(Ok(bytes));
        assert!(patient.timely(&mut Context::from_waker(Waker::noop()), took(LEAST_BYTES)).is_ready());
        assert!(!waits(&mut patient).await && !waits(&mut patient).await, "it has its time anew");
        assert!(patient.timely(&mut Context::from_waker(Waker::noop()), took(1)).is_ready());
        assert!(waits(&mut patient).await, "a byte is too little");
        patient.keeps_up();
        assert!(!waits(&mut patient).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_to_a_client_that_reads_nothing_is_given_up() {
        let (mut patient, _silent) = patient().await;
        let refused = loop {
            if let Err(error) = poll_fn(|cx| Pin::new(&mut patient).poll_write(cx, &[0; 65_536])).await {
                break error;
            }
        };
        assert_eq!(refused.kind(), ErrorKind::TimedOut);
    }
}
