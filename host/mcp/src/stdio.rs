//! One client on a pair of streams: its program has started this one.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rmcp::serve_server;
use rmcp::service::ServerInitializeError;
use rmcp::transport::async_rw::AsyncRwTransport;
use stockade::{Fault, Kind};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::Mcp;

/// Serves one client, a line of JSON a message, until it closes its side or `end` ends. The calls that it waits for then have
/// [the grace](crate::Limits::grace) to end, and the runs of those that do not are ended.
///
/// # Errors
///
/// Kind [`Kind::Invalid`] with detail `mcp` where the client does not begin as the protocol has it.
pub async fn serve<R, W>(mcp: Mcp, reader: R, writer: W, end: impl Future<Output = ()>) -> stockade::Result<()>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let (mcp, (ending, ended)) = (Arc::new(mcp), oneshot::channel());
    let reader = UntilEnd { reader, ending: Some(ending) };
    let transport = AsyncRwTransport::new_server(reader, writer).with_max_line_length(mcp.limits.message_bytes);
    let mut end = pin!(end);
    let running = tokio::select! {
        running = serve_server(Arc::clone(&mcp), transport) => running,
        () = &mut end => return Ok(()),
    };
    let running = match running {
        Ok(running) => running,
        // A client that has gone before it began has nothing in flight.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(unbegun(&error)),
    };
    let token = running.cancellation_token();
    let mut waiting = pin!(running.waiting());
    let quit = tokio::select! {
        quit = &mut waiting => quit,
        () = &mut end => {
            token.cancel();
            waiting.await
        }
        never = give_up(&mcp, ended) => match never {},
    };
    mcp.close().await;
    quit.map(drop).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))
}

/// Gives up the calls that a client waits for which has closed its side: it may still read what they answer in time.
async fn give_up(mcp: &Mcp, ended: oneshot::Receiver<()>) -> Infallible {
    // The sender sends nothing, and is dropped at the end.
    let _ = ended.await;
    sleep(mcp.limits.grace).await;
    mcp.close().await;
    pending().await
}

fn unbegun(error: &ServerInitializeError) -> Fault {
    let why: String = error.to_string().chars().take(500).collect();
    Fault::invalid("mcp", format!("the client on stdin does not speak the Model Context Protocol: {why}"))
}

/// A reader that says when there is no more.
struct UntilEnd<R> {
    reader: R,
    /// Dropped at the end; nothing is sent.
    ending: Option<oneshot::Sender<()>>,
}

impl<R: AsyncRead + Unpin> AsyncRead for UntilEnd<R> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut this.reader).poll_read(context, buffer));
        if read.is_err() || buffer.filled().len() == before {
            drop(this.ending.take());
        }
        Poll::Ready(read)
    }
}
