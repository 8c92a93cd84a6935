//! One client on a pair of streams: its program has started this one.

use std::pin::pin;
use std::sync::Arc;

use rmcp::serve_server;
use rmcp::service::ServerInitializeError;
use rmcp::transport::async_rw::AsyncRwTransport;
use stockade::{Fault, Kind};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Mcp;

/// Serves one client, a line of JSON a message, until it closes its side or `end` ends. Then the calls that it waits for have a
/// little time to end, and the runs of those that do not are ended.
///
/// # Errors
///
/// Kind [`Kind::Invalid`] with detail `mcp` where the client does not begin as the protocol has it.
pub async fn serve<R, W>(mcp: Mcp, reader: R, writer: W, end: impl Future<Output = ()>) -> stockade::Result<()>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let mcp = Arc::new(mcp);
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
    };
    mcp.close().await;
    quit.map(drop).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))
}

fn unbegun(error: &ServerInitializeError) -> Fault {
    let why: String = error.to_string().chars().take(500).collect();
    Fault::invalid("mcp", format!("the client on stdin does not speak the Model Context Protocol: {why}"))
}
