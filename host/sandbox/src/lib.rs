//! Runs each call of a tool in a fresh WebAssembly component: denied by default, metered, and gone afterwards.
//!
//! An [`Engine`] compiles a [`Component`]; with its grants it becomes a [`Tool`]; a [`Call`] of one of its
//! [`Function`]s has an [`Outcome`]. A guest gets what it was granted and no more, and no guest, whatever it does, ends
//! otherwise than in a [`Fault`](stockade_workflow::Fault) that names what stopped it.
//!
//! ```
//! use stockade_sandbox::{Call, Config, Engine, Limits, Tool};
//!
//! # let wasm = wat::parse_str(r#"(component
//! #     (core module $m (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))
//! #     (core instance $i (instantiate $m))
//! #     (func (export "double") (param "number" u32) (result u32) (canon lift (core func $i "double"))))"#).unwrap();
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let engine = Engine::new(Config::default())?;
//! let tool = Tool::new(&engine, "arithmetic", engine.load(&wasm)?, &[])?;
//! assert_eq!(tool.function("double")?.signature(), "double(number: u32) -> u32");
//!
//! let arguments = serde_json::json!({"number": 21});
//! let call = Call { function: "double", arguments: &arguments, idempotency_key: "run-1/a", seed: 0, limits: Limits::default() };
//! let outcome = tool.call(call).await;
//! assert_eq!(outcome.result?, 42);
//! assert!(outcome.usage.fuel > 0);
//! # Ok::<_, stockade_workflow::Fault>(()) }).unwrap();
//! ```
//!
//! This is the only crate of the workspace that names wasmtime, and none of its types is in this interface.

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod admission;
mod bindings;
mod cache;
mod call;
mod callee;
mod command;
mod compiler;
mod component;
mod config;
mod contract;
mod crossing;
mod docs;
mod effect;
mod engine;
mod failure;
mod files;
mod function;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod host_time;
mod http;
mod interpreter;
pub mod json;
mod kv;
mod limits;
mod linker;
mod loads;
mod log;
mod manifest;
mod meter;
mod name;
mod quote;
mod ready;
mod rights;
mod schema;
mod secrets;
mod sections;
mod shape;
mod sieve;
mod snippet;
mod sockets;
mod sql;
mod state;
mod stdio;
mod stop;
mod timer;
mod tool;
mod values;
mod vault;
mod wasi;
mod watch;
pub mod wit;

pub use call::{Call, Outcome};
pub use callee::{CallFromCode, Callee, Left, Place};
pub use compiler::{Compiler, compile_worker};
pub use component::Component;
pub use docs::{Docs, InterfaceDocs, TypeDocs};
pub use engine::{Config, Engine};
pub use function::Function;
pub use http::Rule as HttpRule;
pub use interpreter::{Cell, CellOutcome, CodeFunction, Interpreter, Session};
pub use limits::Limits;
pub use log::{LogLevel, LogLine};
pub use manifest::{Example, Manifest};
pub use secrets::Secrets;
pub use snippet::Snippet;
pub use tool::Tool;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, stockade_workflow::Fault>;
