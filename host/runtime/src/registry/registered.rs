use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;
use stockade_sandbox::{Call, Place, Tool};
use stockade_workflow::{Digest, Label, Terms, grants_digest};

use super::Policy;
use crate::callable::{Callable, Calling, Nature, ToolFunction};
use crate::config::Asking;
use crate::{Result, Source};

/// A tool of a host, of whatever kind, under the name by which it is called.
pub struct Registered {
    name: String,
    policy: Policy,
    tool: Box<dyn Callable>,
    /// Where it comes from, if it is a component.
    source: Option<Source>,
}

impl Registered {
    pub(super) fn new(name: String, policy: Policy, tool: Box<dyn Callable>, source: Option<Source>) -> Self {
        Self { name, policy, tool, source }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the functions that people, models and code may call.
    pub fn functions(&self) -> &[ToolFunction] {
        self.tool.functions()
    }

    /// Returns the digest of what answers the calls: of a component, that of its bytes.
    pub fn identity(&self) -> &Digest {
        self.tool.identity()
    }

    /// Returns what the host knows of it before it calls it.
    pub fn nature(&self) -> &Nature {
        self.tool.nature()
    }

    /// Returns the component, where the tool is one.
    pub fn component(&self) -> Option<&Tool> {
        self.tool.component()
    }

    /// Returns the JSON Schema of the arguments of a function, by whichever of its names it is called; none where the tool has no
    /// such function.
    pub(crate) fn input_schema(&self, function: &str) -> Option<Value> {
        let own = self.functions().iter().find(|own| own.name() == function).map(|own| own.input_schema().clone());
        own.or_else(|| Some(self.component()?.function(function).ok()?.input_schema()))
    }

    pub(super) fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn begin<'a>(&'a self, call: Call<'a>, place: Option<&'a Place>) -> Result<Calling<'a>> {
        self.tool.call(call, place)
    }

    /// Whether its calls are code that the host runs.
    pub(crate) fn is_code(&self) -> bool {
        self.nature().code.is_some()
    }

    /// Returns whether code may call it: code that was promoted and calls tools itself is called by no other code.
    pub fn is_for_code(&self) -> bool {
        self.nature().code.as_ref().is_none_or(|approved| approved.tools.is_empty())
    }

    /// Whether a call changes nothing.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.nature().repeatable
    }

    /// Whether a call leaves no trace but its answer, which is the same each time: the tool is a component that was granted
    /// nothing.
    pub(crate) fn only_computes(&self) -> bool {
        self.component().is_some() && !self.is_code() && self.nature().grants.is_empty()
    }

    /// Whether a call may be made again when it is not known whether it was made: it changes nothing, or is declared to
    /// tell a repetition by its key.
    pub(crate) fn tells_repetitions(&self) -> bool {
        self.changes_nothing() || self.policy.idempotent
    }

    /// Whether each call needs a person's approval.
    pub(crate) fn asks_first(&self) -> bool {
        self.policy.approval == Some(Asking::Always)
    }

    /// Whether an agent asks a person before a call: as the operator says, or else where a call may change something.
    pub(crate) fn agent_asks(&self) -> bool {
        match self.policy.approval {
            Some(Asking::Always) => true,
            Some(Asking::Never) => false,
            None => !self.changes_nothing(),
        }
    }

    /// Who may decide on its calls and until when, as the operator says.
    pub(crate) fn terms(&self) -> Option<&Terms> {
        self.policy.terms.as_ref()
    }

    /// The labels of its answers, without those of the tools that it calls.
    pub(super) fn labels(&self) -> &BTreeSet<Label> {
        self.policy.labels.as_ref().unwrap_or(&self.nature().labels)
    }

    /// The digest of its identity and of what it was granted.
    pub(crate) fn rights(&self) -> Digest {
        let parts = [self.identity().clone(), grants_digest(&self.nature().grants)];
        Digest::of_json(&BTreeMap::from([("tool", &parts)]))
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("name", &self.name).field("policy", &self.policy).finish_non_exhaustive()
    }
}
