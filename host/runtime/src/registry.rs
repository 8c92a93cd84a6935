//! The tools of a host, whatever their kind, with what the operator says of each.

mod added;
mod policy;
mod registered;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use stockade_sandbox::{Call, Engine, Limits, Place, Tool};
use stockade_workflow::{Binding, Code, Fault, Grant, Kind, Label, ToolCall, grants_digest};

use self::added::Added;
pub(crate) use self::policy::Policy;
pub use self::registered::Registered;
pub(crate) use self::wanted::Wanted;
use crate::callable::{self, Approved, Calling, Outcome, unapproved};
use crate::config::Retry;
use crate::stores::Stores;
use crate::{Result, Source};

/// The tools of a host, by name.
pub(crate) struct Registry {
    by_name: BTreeMap<String, Registered>,
    added: Added,
    stores: Stores,
}

impl Registry {
    /// Loads the tools that are wanted.
    ///
    /// # Errors
    ///
    /// A component that cannot be linked, two tools of one name, a policy for a tool that is not there.
    pub(crate) fn load(engine: &Engine, wanted: Wanted) -> Result<Self> {
        let (registry, faults) = Self::load_each(engine, wanted);
        faults.into_iter().next().map_or(Ok(registry), Err)
    }

    /// Loads the tools that can be loaded, and returns what is wrong with the others.
    pub(crate) fn load_each(engine: &Engine, wanted: Wanted) -> (Self, Vec<Fault>) {
        let Wanted { tools, mut policies, documents: _ } = wanted;
        let (mut by_name, mut faults) = (BTreeMap::new(), Vec::new());
        for tool in tools {
            match tool.load(engine, &mut policies) {
                Ok(tool) if by_name.contains_key(tool.name()) => faults.push(twice(tool.name())),
                Ok(tool) => drop(by_name.insert(tool.name().to_owned(), tool)),
                Err(fault) => faults.push(fault),
            }
        }
        let registry = Self { by_name, added: Added::default(), stores: Stores::default() };
        faults.extend(policies.keys().filter_map(|name| registry.get(name).err()));
        (registry, faults)
    }

    pub(crate) fn get(&self, name: &str) -> Result<&Registered> {
        self.find(name).ok_or_else(|| {
            let known: Vec<_> = self.iter().map(Registered::name).collect();
            let message = format!("there is no tool \"{name}\"; registered are: {}", known.join(", "));
            Fault::new(Kind::NotFound, message).detail("tool").tool(name)
        })
    }

    fn find(&self, name: &str) -> Option<&Registered> {
        self.by_name.get(name).or_else(|| self.added.iter().find(|tool| tool.name() == name))
    }

    /// Returns where the paths of grants lead.
    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.by_name.values().chain(self.added.iter())
    }

    /// Adds a component that was granted nothing, of which nothing more is said. The caller has seen that no tool has its name,
    /// and adds no other meanwhile.
    pub(crate) fn add(&self, tool: Tool, source: Source) {
        let name = tool.name().to_owned();
        self.added.push(Registered::new(name, Policy::default(), callable::of_component(tool, false), Some(source)));
    }

    /// Returns the component of a tool.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`]: there is no such tool, or it is of another kind.
    pub(crate) fn component(&self, name: &str) -> Result<&Tool> {
        self.get(name)?.component().ok_or_else(|| no_component(name))
    }

    /// Returns where the component of a tool comes from.
    ///
    /// # Errors
    ///
    /// As [`Registry::component`].
    pub(crate) fn source(&self, name: &str) -> Result<&Source> {
        self.get(name)?.source().ok_or_else(|| no_component(name))
    }

    /// Returns what one call of a tool may use, where it has limits of its own.
    pub(crate) fn limits(&self, name: &str) -> Option<&Limits> {
        self.find(name)?.policy().limits.as_ref()
    }

    /// Returns how a call of a tool is made again, if it is.
    pub(crate) fn retry(&self, name: &str) -> Option<&Retry> {
        self.find(name)?.policy().retry.as_ref()
    }

    /// Returns what the code of a tool was approved to call, where the tool is code.
    pub(crate) fn approved(&self, name: &str) -> Option<&Approved> {
        self.find(name)?.nature().code.as_ref()
    }

    /// Checks that a tool may be called without a person's approval.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Approval`]: the operator wants each of its calls to be asked for.
    pub(crate) fn unasked(&self, name: &str) -> Result<()> {
        if !self.asks_first(name) {
            return Ok(());
        }
        let message = format!(
            "each call of tool \"{name}\" needs a person's approval, and no person was asked; `approval` under \
             [tool.{name}] says so"
        );
        Err(Fault::new(Kind::Approval, message).detail("pending").tool(name))
    }

    /// Returns whether each call of a tool needs a person's approval.
    pub(crate) fn asks_first(&self, name: &str) -> bool {
        self.find(name).is_some_and(Registered::asks_first)
    }

    /// Returns whether a tool tells a repetition by its key, or changes nothing at all.
    pub(crate) fn tells_repetitions(&self, name: &str) -> bool {
        self.find(name).is_some_and(Registered::tells_repetitions)
    }

    /// Returns whether a call may change something, as one of a tool that is not here any more may.
    pub(crate) fn may_change(&self, call: &ToolCall) -> bool {
        self.find(&call.tool).is_none_or(|tool| !tool.changes_nothing())
    }

    /// Begins a call of a tool that answers by itself.
    ///
    /// # Errors
    ///
    /// The call is not made: as the tool says.
    pub(crate) fn answer<'a>(
        &'a self,
        tool: &'a Registered,
        call: Call<'a>,
        place: Option<&'a Place>,
    ) -> Result<BoxFuture<'a, Outcome>> {
        match self.begin(tool, call, place)? {
            Calling::Answer(answer) => Ok(answer),
            Calling::Code(_) => Err(unsaid(tool.name())),
        }
    }

    /// Begins a call.
    ///
    /// # Errors
    ///
    /// As the tool; kind [`Kind::Approval`] where it is code, and a tool that it may call is another than when a person
    /// approved the code, or has other grants.
    fn begin<'a>(&'a self, tool: &'a Registered, call: Call<'a>, place: Option<&'a Place>) -> Result<Calling<'a>> {
        let approved = tool.nature().code.iter().try_for_each(|approved| self.check_approved(approved));
        approved.and_then(|()| tool.begin(call, place)).map_err(|fault| fault.tool(tool.name()))
    }

    fn check_approved(&self, Approved { tools, by }: &Approved) -> Result<()> {
        for (tool, then) in tools {
            if self.get(tool)?.rights() != *then {
                let message = format!(
                    "the tool \"{tool}\" has another component or other grants than when {by} approved; promote the \
                     code, or accept the skill, again"
                );
                return Err(Fault::new(Kind::Approval, message).detail("mismatch"));
            }
        }
        Ok(())
    }

    /// Returns the code that a call runs; none where its tool answers by itself.
    ///
    /// # Errors
    ///
    /// As [`Registry::begin`].
    pub(crate) fn code(&self, call: &ToolCall) -> Result<Option<Code>> {
        let tool = self.get(&call.tool)?;
        if !tool.is_code() {
            return Ok(None);
        }
        let (function, arguments) = (call.function.as_str(), &call.arguments.value());
        let call = Call { function, arguments, idempotency_key: "", seed: 0, limits: Limits::default() };
        match self.begin(tool, call, None)? {
            Calling::Code(code) => Ok(Some(*code)),
            Calling::Answer(_) => Ok(None),
        }
    }

    /// Returns the code that a call of a component runs, as [`Registry::code`] does for one that is registered; the code in
    /// any other component was not approved here.
    pub(crate) fn code_of(&self, component: &Tool, call: &ToolCall) -> Result<Option<Code>> {
        let own = |tool: &Registered| tool.identity() == component.component().digest();
        let is_code = component.component().manifest().is_some_and(|manifest| manifest.code.is_some());
        match self.find(component.name()).is_some_and(own) {
            true => self.code(call),
            false if is_code => Err(unapproved(component.name())),
            false => Ok(None),
        }
    }

    /// The tools that one that is code may call. It has no grants of its own: what it can, it can by them.
    pub(crate) fn calls<'a>(&'a self, tool: &'a Registered) -> impl Iterator<Item = &'a Registered> {
        let approved = tool.nature().code.iter().flat_map(|approved| approved.tools.keys());
        approved.filter_map(|name| self.get(name).ok())
    }

    /// A tool, and those that it calls.
    fn with_calls<'a>(&'a self, tool: &'a Registered) -> impl Iterator<Item = &'a Registered> {
        self.calls(tool).chain([tool])
    }

    /// The labels that the answers of a tool carry: what the operator says, or what follows from its nature and from the
    /// tools that it calls.
    pub(crate) fn labels(&self, tool: &Registered) -> BTreeSet<Label> {
        let said = tool.policy().labels.clone();
        said.unwrap_or_else(|| self.with_calls(tool).flat_map(|tool| tool.labels().clone()).collect())
    }

    /// The grants of a tool, and of those that it calls.
    pub(crate) fn grants<'a>(&'a self, tool: &'a Registered) -> impl Iterator<Item = &'a Grant> {
        self.with_calls(tool).flat_map(|tool| &tool.nature().grants)
    }

    /// The same, but of a tool of whose answers the operator says nothing.
    pub(crate) fn grants_unsaid<'a>(&'a self, tool: &'a Registered) -> impl Iterator<Item = &'a Grant> {
        let is_unsaid = |tool: &&Registered| tool.policy().labels.is_none();
        let all = self.with_calls(tool).filter(move |_| is_unsaid(&tool));
        all.filter(is_unsaid).flat_map(|tool| &tool.nature().grants)
    }

    /// Whether a tool, or one that it calls, can send something.
    pub(crate) fn can_send(&self, tool: &Registered) -> bool {
        self.with_calls(tool).any(|tool| tool.nature().can_send)
    }

    /// What an approval of this call is bound to, as things are now.
    pub(crate) fn binding(&self, call: &ToolCall) -> Result<Binding> {
        let tool = self.get(&call.tool)?;
        let (component, grants) = (tool.identity().clone(), grants_digest(&tool.nature().grants));
        Ok(Binding { call: call.digest(), component, grants })
    }
}

/// Code is alone in its run, so that the host must know of it before it is begun.
fn unsaid(tool: &str) -> Fault {
    Fault::new(Kind::HostBug, format!("a call of tool \"{tool}\" is code, and the tool's nature does not say so"))
        .tool(tool)
}

fn twice(name: &str) -> Fault {
    Fault::invalid("tool", format!("two tools are registered as \"{name}\"")).tool(name)
}

fn no_component(name: &str) -> Fault {
    let message = format!("tool \"{name}\" is not a component, so it has no interface to inspect");
    Fault::new(Kind::NotFound, message).detail("component").tool(name)
}
