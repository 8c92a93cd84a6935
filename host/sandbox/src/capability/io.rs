//! What crosses between the guest and WASI's streams and pollables, counted on its way.
//!
//! wasmtime caps what one call into the host carries, and nothing caps ten thousand of them. All streams, whatever is
//! behind them (standard output, a file, a body), pass here and are counted once.

use stockade_workflow::Kind;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::io::{error, poll, streams};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};

use super::Offer;
use super::clock::Timers;
use crate::context::CallContext;
use crate::stop::Stop;

/// Needs no grant: what is behind a stream or a pollable was granted where the guest got it.
pub(crate) const OFFER: Offer = Offer {
    capability: None,
    interfaces: &[("wasi:io/error", "0.2."), ("wasi:io/poll", "0.2."), ("wasi:io/streams", "0.2.")],
};
/// What an entry of a poll list takes.
const POLLABLE_BYTES: u64 = 4;

/// The streams and pollables of one call.
pub(crate) struct View<'a> {
    pub(crate) timers: &'a mut Timers,
    /// How many resources there can be.
    pub(crate) resources_max: u64,
    /// The tool may use the network.
    pub(crate) network: bool,
    pub(crate) context: &'a mut CallContext,
}

struct Io;

impl HasData for Io {
    type Data<'a> = View<'a>;
}

/// Links `wasi:io`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    error::add_to_linker::<T, Io>(linker, view)?;
    poll::add_to_linker::<T, Io>(linker, view)?;
    streams::add_to_linker::<T, Io>(linker, view)
}

impl View<'_> {
    fn crosses(&mut self, bytes: u64) -> wasmtime::Result<()> {
        self.context.meter.host_bytes.grow(bytes)
    }

    fn carries(&mut self, bytes: u64) -> StreamResult<()> {
        self.crosses(bytes).map_err(StreamError::Trap)
    }

    fn carried(&mut self, bytes: Vec<u8>) -> StreamResult<Vec<u8>> {
        self.carries(bytes.len() as u64)?;
        Ok(bytes)
    }
}

/// An error of a stream is in the resource table, and nowhere else.
impl error::Host for View<'_> {}

impl error::HostError for View<'_> {
    fn to_debug_string(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<String> {
        self.context.table.to_debug_string(error)
    }

    fn drop(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<()> {
        error::HostError::drop(&mut self.context.table, error)
    }
}

impl poll::Host for View<'_> {
    /// A list that is longer than there can be pollables names some again and again, which no guest needs to.
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        let (count, most) = (pollables.len() as u64, self.resources_max);
        if count > most {
            return Err(Stop::limit(Kind::Handles, "resources", most, count));
        }
        self.crosses(count.saturating_mul(POLLABLE_BYTES))?;
        if let Some(ready) = self.timers.skipped(&pollables) {
            // A nap gives way to others, though it takes no time.
            tokio::task::yield_now().await;
            return Ok(ready);
        }
        if !self.network {
            return self.timers.poll_beside(&mut self.context.table, pollables).await;
        }
        poll::Host::poll(&mut self.context.table, pollables).await
    }
}

impl poll::HostPollable for View<'_> {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        if let Some(is_ready) = self.timers.is_ready(&pollable) {
            return Ok(is_ready);
        }
        self.context.table.ready(pollable).await
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        if self.timers.skipped(std::slice::from_ref(&pollable)).is_some() {
            tokio::task::yield_now().await;
            return Ok(());
        }
        self.context.table.block(pollable).await
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.timers.forget(&pollable);
        poll::HostPollable::drop(&mut self.context.table, pollable)
    }
}

impl streams::Host for View<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> wasmtime::Result<streams::StreamError> {
        self.context.table.convert_stream_error(error)
    }
}

impl streams::HostInputStream for View<'_> {
    fn read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        let bytes = self.context.table.read(stream, len)?;
        self.carried(bytes)
    }

    async fn blocking_read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        let bytes = self.context.table.blocking_read(stream, len).await?;
        self.carried(bytes)
    }

    fn skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        let skipped = self.context.table.skip(stream, len)?;
        self.carries(skipped)?;
        Ok(skipped)
    }

    async fn blocking_skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        let skipped = self.context.table.blocking_skip(stream, len).await?;
        self.carries(skipped)?;
        Ok(skipped)
    }

    fn subscribe(&mut self, stream: Resource<DynInputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        streams::HostInputStream::subscribe(&mut self.context.table, stream)
    }

    async fn drop(&mut self, stream: Resource<DynInputStream>) -> wasmtime::Result<()> {
        streams::HostInputStream::drop(&mut self.context.table, stream).await
    }
}

impl streams::HostOutputStream for View<'_> {
    fn check_write(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<u64> {
        self.context.table.check_write(stream)
    }

    fn write(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        let bytes = self.carried(bytes)?;
        self.context.table.write(stream, bytes)
    }

    async fn blocking_write_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        bytes: Vec<u8>,
    ) -> StreamResult<()> {
        let bytes = self.carried(bytes)?;
        self.context.table.blocking_write_and_flush(stream, bytes).await
    }

    /// Zeroes are made in the host, so they count though they do not cross.
    fn write_zeroes(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        self.carries(len)?;
        self.context.table.write_zeroes(stream, len)
    }

    async fn blocking_write_zeroes_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        len: u64,
    ) -> StreamResult<()> {
        self.carries(len)?;
        self.context.table.blocking_write_zeroes_and_flush(stream, len).await
    }

    fn flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        self.context.table.flush(stream)
    }

    async fn blocking_flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        self.context.table.blocking_flush(stream).await
    }

    fn splice(&mut self, to: Resource<DynOutputStream>, from: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        let moved = self.context.table.splice(to, from, len)?;
        self.carries(moved)?;
        Ok(moved)
    }

    async fn blocking_splice(
        &mut self,
        to: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        let moved = self.context.table.blocking_splice(to, from, len).await?;
        self.carries(moved)?;
        Ok(moved)
    }

    fn subscribe(&mut self, stream: Resource<DynOutputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        streams::HostOutputStream::subscribe(&mut self.context.table, stream)
    }

    async fn drop(&mut self, stream: Resource<DynOutputStream>) -> wasmtime::Result<()> {
        streams::HostOutputStream::drop(&mut self.context.table, stream).await
    }
}
