//! Stockade over HTTP.
//!
//! A [`Server`] lets programs start runs, follow them, and decide on what they ask: JSON as the command line prints it, live
//! events, and errors as RFC 9457 has them. Its interface is described by its own `/openapi.json`. For people, it has a page.
//!
//! ```text
//!   connections ──► guard: who is it, may it, is there room, how long, is it noted ──► one call of the library each
//! ```
//!
//! ```no_run
//! # async fn example(host: stockade::Host) -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:7700").await?;
//! let late = stockade_server::serve(listener, host, std::future::pending()).await?;
//! # Ok(()) }
//! ```
//!
//! [`router`] mounts it in a service of your own.

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod a2a;
mod access;
mod agui;
mod amounts;
mod answered;
mod approvals;
pub mod audit;
mod body;
mod calls;
mod catalogue;
mod changes;
mod door;
mod doors;
mod events;
mod exec;
mod feed;
mod forks;
mod gate;
mod guard;
mod health;
mod key;
mod limits;
mod links;
mod listening;
#[cfg(feature = "mcp")]
mod mcp;
#[cfg_attr(not(feature = "memory"), path = "without_memory.rs")]
mod memory;
mod metrics;
mod names;
#[cfg_attr(not(feature = "oidc"), path = "without_oidc.rs")]
mod oidc;
mod openapi;
mod page;
mod patient;
mod peer;
mod picture;
mod problem;
mod protocols;
mod query;
mod rate;
mod runs;
mod schemas;
mod server;
mod service;
mod sessions;
mod settlements;
#[cfg_attr(not(feature = "tls"), path = "without_tls.rs")]
mod tls;
mod uploads;
mod written;

pub use access::Access;
pub use answered::Answered;
pub use limits::Limits;
#[cfg(feature = "oidc")]
pub use oidc::Oidc;
pub use server::{Server, router, serve};
#[cfg(feature = "tls")]
pub use tls::Tls;

#[cfg(test)]
mod recorded;
