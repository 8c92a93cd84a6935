//! Stockade in a service: refunds that are started, followed, approved and stopped over HTTP.
//!
//! `service.rs` has a handler for each thing that a service does with runs, `model.rs` a model of the program's own, and
//! `spans.rs` what the service traces. `cargo run` listens here:
//!
//! ```sh
//! curl localhost:8080/runs --json '{"key": "order-1", "workflow": "refund",
//!     "input": {"user_id": "user_123", "request": "not what I expected"}}'
//! curl localhost:8080/approvals
//! ```

mod model;
mod refused;
mod service;
mod spans;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::path::Path;

use stockade::Clock;
use stockade::journal::SqliteJournal;
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use tracing_subscriber::fmt::format::FmtSpan;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt().with_span_events(FmtSpan::CLOSE).init();
    let journal = SqliteJournal::open("service.db", Clock::default())?;
    let host = service::host(journal, Path::new(".")).await?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let late = service::serve(listener, host, async { ctrl_c().await.unwrap_or_default() }).await?;
    tracing::info!("{} runs are left to the next start", late.len());
    Ok(())
}
