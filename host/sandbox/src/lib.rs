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
mod asks;
mod bindings;
mod cache;
mod call;
mod capability;
mod command;
mod compiler;
mod component;
mod context;
mod contract;
mod denials;
mod docs;
mod doubt;
mod engine;
mod exported_types;
mod extent;
mod failure;
mod function;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod host_memory;
mod host_time;
mod imports;
mod interpreter;
mod key;
mod limits;
mod loads;
mod manifest;
mod meter;
mod mounts;
mod name;
mod named_file;
mod origin;
mod outcome;
mod place;
mod private;
mod quote;
mod reserved;
mod schema;
mod sections;
mod settings;
mod shape;
mod snippet;
mod spelling;
mod state;
mod stdio;
mod stop;
mod tool;
mod values;
mod watch;
pub mod wit;

pub use call::Call;
pub use capability::http::{Rule as HttpRule, is_public};
pub use capability::log::{LogLevel, LogLine};
pub use capability::secrets::Secrets;
pub use capability::tools::{CallFromCode, Left, ToolHandler};
pub use compiler::compile_worker;
pub use component::Component;
pub use docs::{Docs, InterfaceDocs, TypeDocs};
pub use engine::{Compiler, Config, Engine};
pub use function::{Function, Unsupported};
pub use host_memory::{Held, HostMemory};
pub use interpreter::{Cell, CellOutcome, CodeFunction, Interpreter, Session};
pub use key::Seals;
pub use limits::Limits;
pub use manifest::{Example, Manifest};
pub use outcome::Outcome;
pub use place::Place;
pub use reserved::Reserved;
pub use snippet::Snippet;
pub use spelling::Spelling;
pub use stdio::Stdio;
pub use tool::Tool;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, stockade_workflow::Fault>;
