//! The pure vocabulary and machines of Stockade.
//!
//! A [`Workflow`] answers each [`Event`] with its next state and the [`Effect`]s that it wants done; the host does
//! them, and writes an [`Entry`] for each step. The fold of a run's entries is its [`RunState`]. Nothing here has a
//! clock, random, I/O or async, so everything here also compiles to WebAssembly. What checks answers against their schemas
//! wants one thing of whoever runs it, a seed for its tables, on which no result depends: WASI gives it, and where there is
//! none (`wasm32-unknown-unknown`), JavaScript has to. The agents that configuration can set up are in [`patterns`].
//!
//! ```
//! use stockade_workflow::{Event, Machine, refund::Refund};
//!
//! let machine = Machine::new(Refund::default());
//! let input = serde_json::json!({"user_id": "user_123", "request": "not what I expected"});
//! let first = machine.step(None, Event::Started { input })?;
//! assert_eq!(first.position, "INIT");
//! assert_eq!(first.transition.effects[0].key(), "purchase");
//! # Ok::<(), stockade_workflow::Fault>(())
//! ```

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod approval;
mod asked;
mod budget;
mod code;
mod code_calls;
mod digest;
mod effect;
mod entry;
mod event;
mod exec;
mod fault;
mod grant;
mod graph;
mod memory;
mod money;
mod nested;
pub mod patterns;
mod question;
pub mod refund;
mod run_id;
mod run_state;
mod thread;
mod workflow;

pub use approval::{Approval, Binding, Decision, Verdict};
pub use asked::{Answered, Asked};
pub use budget::{Budget, Currency, Exceeded, Ledger, Short, Usage};
pub use code::{Code, CodeEnd, CodeOutcome, Exception};
pub use code_calls::{CodeCall, CodeCalls};
pub use digest::Digest;
pub use effect::{Effect, ToolCall};
pub use entry::{Change, Entry, FORMAT};
pub use event::{Event, ToolOutcome};
pub use exec::Exec;
pub use fault::{Breach, Fault, Kind};
pub use grant::{Access, Capability, Grant, Quota, grants_digest};
pub use graph::{Graph, State, Want};
pub use memory::{Label, Memory, Namespace, Note, Query, Recalled, Remembered};
pub use money::Cents;
pub use nested::{Inner, Nested};
pub use question::{Message, ModelCall, ModelOutcome, Offer, Part, Question, RUN_CODE, Reply, Stop};
pub use run_id::RunId;
pub use run_state::{RunState, Status};
pub use thread::Thread;
pub use workflow::{End, Machine, Move, Slice, Transition, Workflow};
