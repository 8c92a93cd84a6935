//! What guests may be given, each capability in a room of its own.
//!
//! A room has the bindings of its interfaces, what one tool was granted of it, what one call keeps for it, and a `View`:
//! what it borrows while it serves a call of a guest. Its `add_to_linker` links its interfaces for any state that can make
//! the view. No room knows the state, and none knows the rooms beside it but where one is built on another.

pub(crate) mod cli;
pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod effect;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod io;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod random;
pub(crate) mod secrets;
pub(crate) mod sockets;
pub(crate) mod sql;
pub(crate) mod tools;

use stockade_workflow::Capability;

/// What a room offers to components.
pub(crate) struct Offer {
    /// What a manifest must ask for; nothing where each call may have it.
    pub(crate) capability: Option<Capability>,
    /// The interfaces, each with what a compatible version begins with.
    pub(crate) interfaces: &'static [(&'static str, &'static str)],
}
