use std::fmt;
use std::sync::Arc;

use stockade_workflow::{Fault, Grant};
use wasmtime::component::InstancePre;

use crate::failure::chain;
use crate::state::{Rights, State};
use crate::{Component, Engine, Function, Result};

/// A component with what it was granted, linked and ready to be called. A cheap handle.
#[derive(Clone)]
pub struct Tool {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    engine: Engine,
    component: Component,
    grants: Vec<Grant>,
    rights: Arc<Rights>,
    pre: InstancePre<State>,
    converts: bool,
}

impl Tool {
    /// Links a component with its grants.
    ///
    /// # Errors
    ///
    /// A grant cannot be honoured (a database that does not exist), or an import is of another type than what is offered.
    pub fn new(engine: &Engine, name: &str, component: Component, grants: &[Grant]) -> Result<Self> {
        let rights = Rights::new(name, component.asks(), grants, engine.config());
        Self::linked(engine, name, component, grants, rights)
    }

    /// Links a component with grants of the host's own, which may be of what it keeps for itself.
    ///
    /// # Errors
    ///
    /// As [`Tool::new`].
    pub fn of_host(engine: &Engine, name: &str, component: Component, grants: &[Grant]) -> Result<Self> {
        let rights = Rights::of_host(name, component.asks(), grants, engine.config());
        Self::linked(engine, name, component, grants, rights)
    }

    fn linked(
        engine: &Engine,
        name: &str,
        component: Component,
        grants: &[Grant],
        rights: Result<Rights>,
    ) -> Result<Self> {
        let named = |fault: Fault| fault.tool(name);
        let rights = Arc::new(rights.map_err(named)?);
        let pre = engine.linker().instantiate_pre(component.compiled());
        let pre = pre.map_err(|error| {
            named(Fault::invalid("component", format!("tool \"{name}\" cannot be linked: {}", chain(&error))))
        })?;
        let converts = component.compiled().resources_required().is_some_and(|needs| needs.num_memories > 1);
        let (name, grants, engine) = (name.to_owned(), grants.to_vec(), engine.clone());
        Ok(Self { inner: Arc::new(Inner { name, engine, component, grants, rights, pre, converts }) })
    }

    /// Returns the name under which the operator added it.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Returns the component.
    pub fn component(&self) -> &Component {
        &self.inner.component
    }

    /// Returns what it was granted.
    pub fn grants(&self) -> &[Grant] {
        &self.inner.grants
    }

    /// Finds a function: `within_window`, `within-window`, or `policy.within_window`, with the interface short or in
    /// full.
    ///
    /// # Errors
    ///
    /// No function has that name (the message lists those there are), several have it, or it cannot be called.
    pub fn function(&self, name: &str) -> Result<&Function> {
        self.component().function(name)
    }

    /// Returns whether a call of unknown outcome may be performed again: the tool holds nothing that it asks for and
    /// by which it could change anything.
    pub fn is_repeatable(&self) -> bool {
        let asks = self.component().asks();
        !self.grants().iter().any(|grant| grant.has_effects() && asks.contains(&grant.capability()))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) fn rights(&self) -> &Arc<Rights> {
        &self.inner.rights
    }

    pub(crate) fn pre(&self) -> &InstancePre<State> {
        &self.inner.pre
    }

    /// Returns whether it imports anything at all.
    pub(crate) fn calls_host(&self) -> bool {
        !self.component().imports().is_empty()
    }

    /// Returns whether the host may convert texts between parts of it: each part has a memory of its own.
    pub(crate) fn converts(&self) -> bool {
        self.inner.converts
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.name()).field("component", self.component()).finish_non_exhaustive()
    }
}
