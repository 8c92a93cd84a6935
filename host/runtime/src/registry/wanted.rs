use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use stockade_sandbox::{Engine, Limits, Tool};
use stockade_workflow::{Fault, Grant, Label, Terms};

use super::{Policy, Registered};
use crate::built_in_tools::REQUEST;
use crate::callable::{self, Callable, OpenApi};
use crate::config::{Asking, Breaker};
use crate::oci::Store;
use crate::openapi::{AcceptedDocument, Service};
use crate::{Result, Source};

/// The tools that a host is to have, and what is said of them by name: of one that is added later, too.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(super) tools: Vec<WantedTool>,
    pub(super) policies: BTreeMap<String, Policy>,
    /// The documents with an address that a person has accepted, by the names of their tools.
    pub(crate) documents: BTreeMap<String, AcceptedDocument>,
}

/// One of them.
pub(super) struct WantedTool {
    name: String,
    kind: WantedKind,
}

enum WantedKind {
    Component(WantedComponent),
    /// A service, and what the component is granted that sends its requests.
    Service(Box<Service>, Vec<Grant>),
    Other(Box<dyn Callable>),
}

/// A component that is still to be read, and what it is linked with.
pub(crate) struct WantedComponent {
    pub(crate) source: Source,
    pub(crate) grants: Vec<Grant>,
    /// Those of its functions that are offered; without it, all.
    pub(crate) functions: Option<Vec<String>>,
    /// Whether a person here approved the code that is in it.
    is_promoted: bool,
}

impl Wanted {
    /// Adds a component.
    pub(crate) fn add(&mut self, name: &str, source: Source, grants: Vec<Grant>) {
        self.push(name, WantedComponent { source, grants, functions: None, is_promoted: false });
    }

    /// Adds a component with code in it that a person here approved.
    pub(crate) fn promoted(&mut self, name: &str, source: Source) {
        self.push(name, WantedComponent { source, grants: Vec::new(), functions: None, is_promoted: true });
    }

    fn push(&mut self, name: &str, component: WantedComponent) {
        self.tools.push(WantedTool { name: name.to_owned(), kind: WantedKind::Component(component) });
    }

    /// Adds a service that a document describes.
    pub(crate) fn service(&mut self, name: &str, service: Service, grants: Vec<Grant>) {
        self.tools.push(WantedTool { name: name.to_owned(), kind: WantedKind::Service(Box::new(service), grants) });
    }

    /// Adds a tool of another kind.
    pub(crate) fn callable(&mut self, name: &str, tool: Box<dyn Callable>) {
        self.tools.push(WantedTool { name: name.to_owned(), kind: WantedKind::Other(tool) });
    }

    pub(crate) fn idempotent(&mut self, name: &str) {
        self.policy(name).idempotent = true;
    }

    pub(crate) fn ask_first(&mut self, name: &str) {
        self.policy(name).approval = Some(Asking::Always);
    }

    pub(crate) fn on_terms(&mut self, name: &str, terms: Terms) {
        self.policy(name).terms = Some(terms);
    }

    pub(crate) fn labelled(&mut self, name: &str, labels: BTreeSet<Label>) {
        self.policy(name).labels = Some(labels);
    }

    /// Returns what is said of a tool, to say more.
    pub(crate) fn policy(&mut self, name: &str) -> &mut Policy {
        self.policies.entry(name.to_owned()).or_default()
    }

    /// Returns whether a tool is to have this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.name == name)
    }

    /// Returns the components that are to have this name.
    pub(crate) fn components(&mut self, name: &str) -> impl Iterator<Item = &mut WantedComponent> {
        self.tools.iter_mut().filter(move |tool| tool.name == name).filter_map(WantedTool::component_mut)
    }

    /// Takes a tool away, with all that was said of it.
    pub(crate) fn forget(&mut self, name: &str) {
        self.tools.retain(|tool| tool.name != name);
        self.policies.remove(name);
    }

    /// Gives each tool whose attempts have a time the limits that say so; `all` are those of a tool without its own.
    pub(crate) fn in_time(&mut self, all: &Limits) {
        for policy in self.policies.values_mut() {
            let timeout_ms = policy.retry.as_ref().and_then(|retry| retry.timeout_ms);
            if let Some(wall_us) = timeout_ms.map(|ms| ms.saturating_mul(1_000)) {
                let limits = policy.limits.clone().unwrap_or_else(|| all.clone());
                policy.limits = Some(limits.clone().wall_us(limits.wall_us.min(wall_us)));
            }
        }
    }

    /// Returns when tools are left alone, by their names.
    pub(crate) fn breakers(&self) -> BTreeMap<String, Breaker> {
        self.policies.iter().filter_map(|(name, policy)| Some((name.clone(), policy.breaker?))).collect()
    }

    /// Gets what is in registries.
    pub(crate) async fn fetched(mut self, store: &Store) -> Result<Self> {
        for tool in &mut self.tools {
            tool.fetch(store).await?;
        }
        Ok(self)
    }

    /// Gets what is in registries, leaves out the tools that cannot be got, and returns why.
    pub(crate) async fn each_fetched(self, store: &Store) -> (Self, Vec<Fault>) {
        let Self { tools, mut policies, documents } = self;
        let (mut fetched, mut faults) = (Vec::new(), Vec::new());
        for mut tool in tools {
            match tool.fetch(store).await {
                Ok(()) => fetched.push(tool),
                Err(fault) => {
                    policies.remove(&tool.name);
                    faults.push(fault);
                }
            }
        }
        (Self { tools: fetched, policies, documents }, faults)
    }

    /// The files that the host opens for tools: their components, and the databases that they were granted.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.tools.iter().filter_map(WantedTool::component).flat_map(|WantedComponent { source, grants, .. }| {
            let databases = grants.iter().filter_map(database).map(PathBuf::from);
            source.file().map(Path::to_owned).into_iter().chain(databases)
        })
    }

    /// The most memory that any tool may have.
    pub(crate) fn memory_bytes_max(&self) -> u64 {
        let limits = self.policies.values().filter_map(|policy| policy.limits.as_ref());
        limits.map(|Limits { memory_bytes, .. }| *memory_bytes).max().unwrap_or_default()
    }
}

impl WantedTool {
    fn component(&self) -> Option<&WantedComponent> {
        match &self.kind {
            WantedKind::Component(component) => Some(component),
            WantedKind::Service(..) | WantedKind::Other(_) => None,
        }
    }

    fn component_mut(&mut self) -> Option<&mut WantedComponent> {
        match &mut self.kind {
            WantedKind::Component(component) => Some(component),
            WantedKind::Service(..) | WantedKind::Other(_) => None,
        }
    }

    /// Gets the component, if it is in a registry.
    async fn fetch(&mut self, store: &Store) -> Result<()> {
        if let WantedKind::Component(component) = &mut self.kind {
            let fetched = component.source.clone().fetched(store).await;
            component.source = fetched.map_err(|fault| fault.tool(&self.name))?;
        }
        Ok(())
    }

    /// Loads the tool, under the policy of its name, which is taken from `policies` even if the tool cannot be loaded.
    pub(super) fn load(self, engine: &Engine, policies: &mut BTreeMap<String, Policy>) -> Result<Registered> {
        let Self { name, kind } = self;
        let policy = policies.remove(&name).unwrap_or_default();
        let (tool, source) = match kind {
            WantedKind::Component(component) => {
                let tool = component.tool(engine, &name).map_err(|fault| fault.tool(&name))?;
                (callable::of_component(tool, component.is_promoted), Some(component.source))
            }
            WantedKind::Service(service, grants) => (sending(engine, &name, *service, &grants)?, None),
            WantedKind::Other(tool) => (tool, None),
        };
        Ok(Registered::new(name, policy, tool, source))
    }
}

/// Makes the tool that a service is, with the component that sends its requests.
fn sending(engine: &Engine, name: &str, service: Service, grants: &[Grant]) -> Result<Box<dyn Callable>> {
    let tool = Source::from(REQUEST).tool(engine, name, grants)?;
    Ok(Box::new(OpenApi::new(tool, service)))
}

impl WantedComponent {
    fn tool(&self, engine: &Engine, name: &str) -> Result<Tool> {
        let component = self.source.component(engine).and_then(|component| match &self.functions {
            Some(functions) => component.offering(functions),
            None => Ok(component),
        });
        Tool::new(engine, name, component.map_err(|fault| fault.tool(name))?, &self.grants)
    }
}

/// The file of a database or a bucket.
fn database(grant: &Grant) -> Option<&str> {
    match grant {
        Grant::Sql { url, .. } => url.strip_prefix("sqlite:"),
        Grant::Kv { path, .. } => Some(path),
        Grant::Fs { .. }
        | Grant::Http { .. }
        | Grant::Secret { .. }
        | Grant::Config { .. }
        | Grant::Clock
        | Grant::Random
        | Grant::Log => None,
    }
}
