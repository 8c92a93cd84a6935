//! Stockade as a server of the Model Context Protocol, for agents that run elsewhere.
//!
//! A client is offered the functions of tools, code in the sandbox, workflows, and the skills of the host. Each call is a run of
//! its own: journaled, within a budget, asked for where an agent must ask, and read back as a task or a resource. What a client
//! may do follows from its [`Principal`](stockade::Principal), as over HTTP; that it decides on a question, or gives itself more,
//! is not among it.
//!
//! ```text
//!   stdin, stdout ──► serve ─┐
//!                            ├─► Mcp: who is it, what is it offered ──► one run of the library each
//!   POST /mcp ──────► Http ──┘
//! ```
//!
//! Both revisions of the protocol are spoken, 2026-07-28 and those with `initialize`. A host whose runs are served so has the
//! workflow [`Call`].

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod access;
mod asking;
mod call;
mod calling;
mod catalogue;
mod client;
mod cut;
mod definition;
mod http_service;
mod in_flight;
mod limits;
mod marks;
mod names;
mod offer;
mod outcome;
mod own;
mod pieces;
mod progress;
mod refusal;
mod request_state;
mod resources;
mod server;
mod sessions;
mod skills;
mod starting;
mod stdio;
mod tasks;
mod told;

pub use self::call::Call;
pub use self::http_service::{Body, Http};
pub use self::limits::Limits;
pub use self::offer::Offer;
pub use self::server::Mcp;
pub use self::stdio::serve;
