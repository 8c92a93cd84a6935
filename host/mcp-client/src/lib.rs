//! Tools from servers of the Model Context Protocol (MCP), under the rules of the host.
//!
//! A server is a stranger that may have been replaced overnight. So it is called only for what a person has allowed by name and
//! accepted by its definition, its messages have an end in bytes, in number and in time, and what it says of itself decides nothing.
//!
//! ```no_run
//! # async fn host() -> stockade::Result<()> {
//! use stockade::{Config, Host};
//! use stockade_mcp_client::Client;
//!
//! let config = Config::load("stockade.toml".as_ref())?;
//! let client = Client::new(&config, ".stockade/mcp");
//! let seen = client.compare("files").await?; // starts the server, and shows what it offers
//! client.pin(&seen)?; // a person has read it
//! let host = client.add_to(Host::builder())?.configured(&config)?.build().await?;
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//!  Client ── McpTool (a `Callable`) ── Server: starts, rests, compares ── Session: revisions, lists, calls
//!     │                                                                      │
//!   Pins: what was accepted                                   Link: Stdio (a process) or Http (an address)
//! ```
//!
//! It speaks the revision 2026-07-28, and those with a handshake back to 2024-11-05. It is written on JSON-RPC itself, in place of
//! an SDK: the host must know how much memory a message takes before it is read, whether a request has left before its server
//! died, and what was answered that was never asked; and it needs four methods.

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod answer;
mod body;
mod checked;
mod client;
mod comparison;
mod complaints;
mod counts;
mod definition;
mod failure;
mod headers;
mod http;
mod link;
mod listing;
mod lock;
mod message;
mod offered;
mod pins;
mod process;
mod server;
mod session;
mod settings;
mod spec;
mod sse;
mod stdio;
mod token;
mod tool;
mod words;

pub use client::Client;
pub use comparison::{Comparison, Standing, differences};
pub use counts::Unasked;
pub use definition::Definition;
pub use listing::Listing;
pub use pins::Pin;
pub use process::{Launcher, launch};
pub use tool::McpTool;
