//! The reference workflow of Stockade, a refund, with the shop and the tools that it works on.
//!
//! [`Refund`] is pure, as every workflow is. [`shop`] has the database and the four components that its tools are, and
//! [`Settings`] is what a host's configuration says of it. The host knows none of this: a program registers them.
//!
//! ```
//! use stockade_refund::Refund;
//! use stockade_workflow::{Event, Machine};
//!
//! let machine = Machine::new(Refund::default());
//! let input = serde_json::json!({"user_id": "user_123", "request": "not what I expected"});
//! let first = machine.step(None, Event::Started { input: input.into() })?;
//! assert_eq!(first.position, "INIT");
//! assert_eq!(first.transition.effects[0].key(), "purchase");
//! # Ok::<(), stockade_workflow::Fault>(())
//! ```

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod settings;
pub mod shop;
mod workflow;

pub use settings::Settings;
pub use workflow::{Answer, Case, Input, Letter, Purchase, Refund, Rules, State};
