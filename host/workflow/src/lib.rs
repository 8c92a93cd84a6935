//! The pure vocabulary and machines of Stockade.
//!
//! A [`Workflow`] answers each [`Event`] with its next state and the [`Effect`]s that it wants done; the host does
//! them, and writes an [`Entry`] for each step. The fold of a run's entries is its [`RunState`]. Nothing here has a
//! clock, random, I/O or async, so everything here also compiles to WebAssembly. What checks values against a JSON
//! Schema is in [`schema`], and what a workflow of your own may need is in [`authoring`].
//!
//! ```
//! use stockade_workflow::{Event, Exec, Machine};
//!
//! let machine = Machine::new(Exec);
//! let input = serde_json::json!({"language": "javascript", "source": "return 1 + 1"});
//! let first = machine.step(None, Event::Started { input: input.into() })?;
//! assert_eq!(first.transition.effects[0].key(), "code");
//! # Ok::<(), stockade_workflow::Fault>(())
//! ```

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

pub mod amounts;
mod approval;
mod asked;
pub mod authoring;
mod budget;
mod child_runs;
mod code;
mod code_calls;
mod decision;
mod deferred;
mod depth;
mod digest;
mod doubts;
mod effect;
mod effect_outcome;
mod entry;
mod event;
mod exec;
mod fault;
mod floats;
mod grant;
mod graph;
mod hint;
pub mod json;
mod ledger;
mod memory;
mod money;
mod needs;
mod nested;
mod origin;
mod parent;
mod period;
mod question;
mod read_result;
pub mod readable;
mod run_id;
mod run_state;
pub mod schema;
mod scrubber;
mod settlement;
mod status;
mod stop;
mod terms;
mod thread;
mod tool_call;
mod undo;
mod utc;
mod verb;
mod wait;
mod waiting;
mod waiting_for;
mod workflow;

pub use approval::{Approval, ApprovalId, Binding};
pub use asked::{Answered, Asked};
pub use budget::{Budget, Currency, Exceeded, Usage};
pub use child_runs::{
    CHILD_OUTPUT_BYTES_MAX, CHILDREN_AT_ONCE_MAX, CHILDREN_MAX, Child, ChildEnd, ChildRun, ChildRuns, EndedChild,
    OnClose, OnFailure, RunsEnded, RunsLeft, unheard_output,
};
pub use code::{Code, CodeEnd, CodeOutcome, Exception};
pub use code_calls::{CodeCall, CodeCalls};
pub use decision::{Decision, Verdict};
pub use deferred::Deferred;
pub use depth::{DEPTH_MAX, check_depth, depth, depth_of_text};
pub use digest::Digest;
pub use effect::{Effect, EffectKind};
pub use effect_outcome::EffectOutcome;
pub use entry::{Change, Entry, FORMAT};
pub use event::Event;
pub use exec::Exec;
pub use fault::{Breach, Fault, Kind};
pub use floats::Floats;
pub use grant::{Access, Capability, Grant, Quota, grants_digest};
pub use graph::{AllowedEffect, Graph, State};
pub use hint::Hint;
pub use json::Json;
pub use ledger::{Ledger, Shortfall, SubBudget};
pub use memory::{Label, Memory, Namespace, NewMemory, Query, Recalled, Remembered};
pub use money::{Cents, dollars};
pub use needs::Needs;
pub use nested::{Inner, Nested};
pub use origin::Origin;
pub use parent::{Carried, GENERATIONS_MAX, Parent};
pub use period::Period;
pub use question::{
    FinishReason, Message, ModelCall, ModelOutcome, Part, Question, READ_RESULT, RUN_CODE, Reply, ToolDefinition,
};
pub use read_result::{RESULT_PART_BYTES_MAX, ReadResult, ResultPart, ResultRead};
pub use run_id::RunId;
pub use run_state::{RunState, unknown_run};
pub use scrubber::{REDACTED, ScrubbedStream, Scrubber};
pub use settlement::{Doubt, Found, Settlement};
pub use status::Status;
pub use stop::Stop;
pub use terms::{Escalation, Overdue, Terms};
pub use thread::Thread;
pub use tool_call::{ToolCall, ToolOutcome};
pub use undo::{Undo, Undone};
pub use utc::{rfc3339, utc};
pub use verb::Verb;
pub use wait::{AwaitedResult, AwaitedSignal, SIGNAL_BYTES_MAX, SIGNALS_KEPT_MAX, Signal, Sleep, Wait, Waited};
pub use waiting_for::WaitingFor;
pub use workflow::{End, Machine, Step, Transition, Workflow};
