//! Stockade's runs on [Restate](https://restate.dev), which partitions and replicates them and calls this program.
//!
//! The virtual object [`Run`] has a run each: its handlers plan and commit what follows from what they are told, one after the
//! other, and send each effect to a shared handler, which performs it beside them and tells the run how it ended. A timer is a
//! message that comes later. What runs leave in stores for others to read is kept by the object [`Stores`].
//!
//! ```text
//!  client ──► Run/ID/start, decide, cancel … ──plan and commit──► Run/ID/perform ──► tool, model
//!                  ▲        ▲                                           │
//!                  │        └── Run/ID/event (due) ── later ──┐         │
//!                  └───────────── Run/ID/event (ended) ───────┴─────────┘
//! ```
//!
//! Whether an effect happens twice is decided as in Stockade's own engine: an attempt is noted before it begins, and one that
//! has no noted end is made again only where the tool tells a repetition by its key.

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod amounts;
mod answer;
mod asked;
mod body;
mod decided;
mod desk;
mod given;
mod kept;
mod order;
mod page;
mod planned;
mod relay;
mod rest;
mod row;
mod run;
mod settlement;
mod start;
mod stores;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use restate_sdk::endpoint::{Endpoint, HandlerOptions, ServiceOptions};
use restate_sdk::service::IntoServiceDefinition as _;
use socket2::SockRef;
use stockade::{Fault, Host, RunId};
use tokio::net::{TcpListener, ToSocketAddrs};

pub use run::Run;
pub use stores::Stores;

/// Who hears of a fault of a run that no client is told: it is of the inside, or Restate tries again what has failed so.
pub type Told = Arc<dyn Fn(RunId, &Fault) + Send + Sync>;

/// Returns the endpoint of a host's workflows: what Restate is told of by `POST /deployments`.
///
/// The journal of the host is not used: a host that is built with a [`MemoryJournal`](stockade::journal::MemoryJournal) will do.
///
/// # Errors
///
/// As [`Host::planning`].
pub fn endpoint(host: Host) -> stockade::Result<Endpoint> {
    endpoint_telling(host, Arc::new(|_, _| {}))
}

/// Returns the endpoint of a host's workflows as [`endpoint`] does, which tells of faults that no client is told.
///
/// # Errors
///
/// As [`Host::planning`].
pub fn endpoint_telling(host: Host, told: Told) -> stockade::Result<Endpoint> {
    // What cannot be planned here is said now, and not by each run.
    host.planning(stockade::journal::MemoryJournal::new(stockade::Clock::default()))?;
    // What waits for a run is not kept at hand: Restate calls a program at once for so many and no more.
    let wait = HandlerOptions::new().inactivity_timeout(Duration::from_secs(1)).enable_lazy_state(true);
    let run = Run::new(host, told).into_service_definition().options(ServiceOptions::new().handler("wait", wait));
    Ok(Endpoint::builder().bind(run).bind(Stores).build())
}

/// Returns a listener for `HttpServer::serve` on an address. Its connections send each message at once, as those of `HttpServer`
/// itself do not: Restate and this program write small messages by turns, and without `TCP_NODELAY` each waits 40 ms for the
/// other side's delayed acknowledgement.
///
/// # Errors
///
/// The address is not one of this machine, or is taken.
pub async fn listen(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    // A connection has the options of the listener that has accepted it.
    SockRef::from(&listener).set_tcp_nodelay(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_connection_that_a_listener_accepts_sends_each_message_at_once() {
        let listener = listen("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (accepted, _client) = tokio::join!(listener.accept(), TcpStream::connect(address));
        assert!(accepted.unwrap().0.nodelay().unwrap());
    }
}
