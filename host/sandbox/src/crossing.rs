//! What crosses between the guest and WASI's streams, pollables and random numbers, counted on its way.
//!
//! wasmtime caps what one call into the host carries, and nothing caps ten thousand of them. All streams, whatever is
//! behind them (standard output, a file, a body), pass here and are counted once.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::io::{poll, streams};
use wasmtime_wasi::p2::bindings::random::{insecure, random};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};
use wasmtime_wasi::random::WasiRandomView;

use stockade_workflow::Kind;

use crate::state::State;
use crate::stop::Stop;

/// The most random bytes of one request.
pub(crate) const RANDOM_BYTES_MAX: u64 = 64 << 10;
/// What an entry of a poll list takes.
const POLLABLE_BYTES: u64 = 4;

impl State {
    fn crosses(&mut self, bytes: u64) -> wasmtime::Result<()> {
        self.meter.host_bytes.grow(bytes)
    }

    fn carries(&mut self, bytes: u64) -> StreamResult<()> {
        self.crosses(bytes).map_err(StreamError::Trap)
    }

    fn carried(&mut self, bytes: Vec<u8>) -> StreamResult<Vec<u8>> {
        self.carries(bytes.len() as u64)?;
        Ok(bytes)
    }

    /// wasmtime refuses too, but without a type.
    fn randoms(&mut self, bytes: u64) -> wasmtime::Result<()> {
        if bytes > RANDOM_BYTES_MAX {
            return Err(Stop::limit(Kind::HostcallBytes, "random_bytes", RANDOM_BYTES_MAX, bytes));
        }
        self.crosses(bytes)
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.randoms(len)?;
        self.random().get_random_bytes(len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random().get_random_u64()
    }
}

impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.randoms(len)?;
        self.random().get_insecure_random_bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random().get_insecure_random_u64()
    }
}

impl poll::Host for State {
    /// A list that is longer than there can be pollables names some again and again, which no guest needs to.
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        let (count, most) = (pollables.len() as u64, self.resources_max());
        if count > most {
            return Err(Stop::limit(Kind::Handles, "resources", most, count));
        }
        self.crosses(count.saturating_mul(POLLABLE_BYTES))?;
        if let Some(ready) = self.skipped(&pollables) {
            // A nap gives way to others, though it takes no time.
            tokio::task::yield_now().await;
            return Ok(ready);
        }
        if !self.rights.network.is_granted() {
            return self.poll_beside_timers(pollables).await;
        }
        poll::Host::poll(self.resources(), pollables).await
    }
}

impl poll::HostPollable for State {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        if let Some(is_ready) = self.timer_ready(&pollable) {
            return Ok(is_ready);
        }
        self.resources().ready(pollable).await
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        if self.skipped(std::slice::from_ref(&pollable)).is_some() {
            tokio::task::yield_now().await;
            return Ok(());
        }
        self.resources().block(pollable).await
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.timers.at_ns.remove(&pollable.rep());
        poll::HostPollable::drop(self.resources(), pollable)
    }
}

impl streams::Host for State {
    fn convert_stream_error(&mut self, error: StreamError) -> wasmtime::Result<streams::StreamError> {
        self.resources().convert_stream_error(error)
    }
}

impl streams::HostInputStream for State {
    fn read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        let bytes = self.resources().read(stream, len)?;
        self.carried(bytes)
    }

    async fn blocking_read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        let bytes = self.resources().blocking_read(stream, len).await?;
        self.carried(bytes)
    }

    fn skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        let skipped = self.resources().skip(stream, len)?;
        self.carries(skipped)?;
        Ok(skipped)
    }

    async fn blocking_skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        let skipped = self.resources().blocking_skip(stream, len).await?;
        self.carries(skipped)?;
        Ok(skipped)
    }

    fn subscribe(&mut self, stream: Resource<DynInputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        streams::HostInputStream::subscribe(self.resources(), stream)
    }

    async fn drop(&mut self, stream: Resource<DynInputStream>) -> wasmtime::Result<()> {
        streams::HostInputStream::drop(self.resources(), stream).await
    }
}

impl streams::HostOutputStream for State {
    fn check_write(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<u64> {
        self.resources().check_write(stream)
    }

    fn write(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        let bytes = self.carried(bytes)?;
        self.resources().write(stream, bytes)
    }

    async fn blocking_write_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        bytes: Vec<u8>,
    ) -> StreamResult<()> {
        let bytes = self.carried(bytes)?;
        self.resources().blocking_write_and_flush(stream, bytes).await
    }

    /// Zeroes are made in the host, so they count though they do not cross.
    fn write_zeroes(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        self.carries(len)?;
        self.resources().write_zeroes(stream, len)
    }

    async fn blocking_write_zeroes_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        len: u64,
    ) -> StreamResult<()> {
        self.carries(len)?;
        self.resources().blocking_write_zeroes_and_flush(stream, len).await
    }

    fn flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        self.resources().flush(stream)
    }

    async fn blocking_flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        self.resources().blocking_flush(stream).await
    }

    fn splice(&mut self, to: Resource<DynOutputStream>, from: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        let moved = self.resources().splice(to, from, len)?;
        self.carries(moved)?;
        Ok(moved)
    }

    async fn blocking_splice(
        &mut self,
        to: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        let moved = self.resources().blocking_splice(to, from, len).await?;
        self.carries(moved)?;
        Ok(moved)
    }

    fn subscribe(&mut self, stream: Resource<DynOutputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        streams::HostOutputStream::subscribe(self.resources(), stream)
    }

    async fn drop(&mut self, stream: Resource<DynOutputStream>) -> wasmtime::Result<()> {
        streams::HostOutputStream::drop(self.resources(), stream).await
    }
}
