//! What a tool is to the host, whatever its kind: a component, code that was promoted, something of another protocol.
//!
//! The host asks a tool what it is before it calls it: [`Nature`] decides what an approval is bound to, which labels its
//! answers carry, whether it may be called again after a crash. A kind of tool is one file here.

mod component;
mod function;
mod openapi;
mod promoted;
mod skill;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use stockade_sandbox::Tool;
pub use stockade_sandbox::{Call, Outcome, Place};
use stockade_workflow::{Code, Digest, Grant, Label};

use self::component::Component;
pub use self::function::ToolFunction;
pub(crate) use self::openapi::OpenApi;
use self::promoted::Promoted;
pub(crate) use self::promoted::unapproved;
pub(crate) use self::skill::{Reading, Scripts};
use crate::Result;

/// A tool of any kind.
pub trait Callable: Send + Sync {
    /// Returns the functions that people, models and code may call.
    fn functions(&self) -> &[ToolFunction];

    /// Returns the digest of what answers the calls. An approval is bound to it.
    fn identity(&self) -> &Digest;

    /// Returns what the host must know before it calls the tool.
    fn nature(&self) -> &Nature;

    /// Begins a call. The arguments are an object that the tool checks itself; a call from code is made in its place of
    /// the pool.
    ///
    /// # Errors
    ///
    /// The call is not made, so that nothing has happened.
    fn call<'a>(&'a self, call: Call<'a>, place: Option<&'a Place>) -> Result<Calling<'a>>;

    /// Returns the component, where the tool is one.
    fn component(&self) -> Option<&Tool> {
        None
    }
}

/// Returns the tool that a component is: the component itself, or the code that was promoted into it, which runs only if a
/// person here approved it.
pub(crate) fn of_component(tool: Tool, is_approved: bool) -> Box<dyn Callable> {
    let code = tool.component().manifest().and_then(|manifest| manifest.code.clone());
    let component = Component::new(tool);
    match code {
        Some(code) => Box::new(Promoted::new(component, code, is_approved)),
        None => Box::new(component),
    }
}

/// A call that has begun.
pub enum Calling<'a> {
    /// The tool answers by itself. Dropping the future stops the call: the host does so once the call has taken the
    /// [`wall_us`](stockade_sandbox::Limits::wall_us) of its limits. Whether it happened is not known then, unless the tool's
    /// [nature](Nature::repeatable) says that it changes nothing.
    Answer(BoxFuture<'a, Outcome>),
    /// The call is code, which the host runs: each call that the code makes is in the journal before it is made. Only a
    /// tool whose [`Nature::code`] says so begins one.
    Code(Box<Code>),
}

/// What the host must know of a tool before it calls it.
#[derive(Clone, Debug, Default)]
pub struct Nature {
    /// Whether a call changes nothing, so that one of unknown outcome may be made again.
    pub repeatable: bool,
    /// The labels of its answers, where the operator says nothing of them.
    pub labels: BTreeSet<Label>,
    /// Whether a call can send something to another machine.
    pub can_send: bool,
    /// What it was granted: approvals are bound to it, and labels follow what is left in the stores that it opens.
    pub grants: Vec<Grant>,
    /// How many slots of the pool of instances a call takes.
    pub slots: u32,
    /// What its code may call, where a call is code.
    pub code: Option<Approved>,
}

/// What a person approved a piece of code to call. The code can do what these tools can, and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The tools, each with the digest of its identity and grants as they were then.
    pub tools: BTreeMap<String, Digest>,
    /// The person.
    pub by: String,
}
