//! What several crates of Stockade's host need of the operating system: the clock, files, databases and HTTP.
//!
//! [`mod@file`] reads files that a person named, and refuses pipes and devices; an [`AppendLog`] is appended to by one process
//! at a time; `database` (feature `sqlite`) opens databases for their owner alone; `http` (feature `http`) makes the one client
//! that follows no redirect and asks no proxy; `postgres` (feature `postgres`) speaks to a server of PostgreSQL.

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod access;
mod append_log;
mod clock;
#[cfg(feature = "sqlite")]
pub mod database;
pub mod file;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "postgres")]
pub mod postgres;

pub use append_log::AppendLog;
pub use clock::Clock;
