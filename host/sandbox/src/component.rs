use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use stockade_workflow::{Capability, Digest, Fault, Kind};
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{Component as Compiled, ComponentExportIndex};

use crate::function::{Export, Function, Unsupported};
use crate::imports::capability;
use crate::name::Name;
use crate::shape::{Named, Shaper, Titles, joined, short};
use crate::{Docs, InterfaceDocs, Manifest, Result};

/// More functions than any tool has; each costs the host a schema.
const FUNCTIONS_MAX: usize = 1_000;

/// More functions than a message names.
const NAMED_MAX: usize = 100;

/// A compiled component: what it exports, what it asks for. A cheap handle.
#[derive(Clone)]
pub struct Component {
    inner: Arc<Inner>,
    /// Those of its functions that are offered.
    offered: Arc<[Function]>,
    was_cached: bool,
}

pub(crate) struct Inner {
    compiled: Compiled,
    digest: Digest,
    size: usize,
    slots: u32,
    imports: Vec<String>,
    functions: Arc<[Function]>,
    unsupported: Vec<Unsupported>,
    manifest: Option<Manifest>,
}

impl Component {
    pub(crate) fn new(inner: Arc<Inner>, was_cached: bool) -> Self {
        Self { offered: Arc::clone(&inner.functions), inner, was_cached }
    }

    /// Returns the digest of the WebAssembly bytes.
    pub fn digest(&self) -> &Digest {
        &self.inner.digest
    }

    /// Returns the number of WebAssembly bytes.
    pub fn size(&self) -> usize {
        self.inner.size
    }

    /// Returns the functions that can be called, in the component's own order.
    pub fn functions(&self) -> &[Function] {
        &self.offered
    }

    /// Returns the component with no other functions than these.
    ///
    /// # Errors
    ///
    /// It has no function of a name (the message lists those it has), several, or one that cannot be called.
    pub fn offering(&self, names: &[String]) -> Result<Self> {
        let chosen = names.iter().map(|name| self.function(name)).collect::<Result<Vec<_>>>()?;
        let is_chosen = |function: &&Function| chosen.iter().any(|one| one.full_name() == function.full_name());
        let offered = self.functions().iter().filter(is_chosen).cloned().collect();
        Ok(Self { offered, ..self.clone() })
    }

    /// Returns the functions that are exported and cannot be called, with their reasons.
    pub fn unsupported(&self) -> &[Unsupported] {
        &self.inner.unsupported
    }

    /// Returns the full names of what the component imports.
    pub fn imports(&self) -> &[String] {
        &self.inner.imports
    }

    /// Returns what the component says of itself, if it does.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.inner.manifest.as_ref()
    }

    /// Returns the capabilities that the component asks for: those of its manifest, and without one, all that its imports
    /// could reach.
    pub fn asks(&self) -> BTreeSet<Capability> {
        let imported = self.imports().iter().filter_map(|import| capability(import));
        match self.manifest() {
            Some(manifest) => imported.filter(|capability| manifest.asks.contains_key(capability)).collect(),
            None => imported.collect(),
        }
    }

    /// Returns whether it was loaded without compiling it: from the disk, or because it is in use already.
    pub fn was_cached(&self) -> bool {
        self.was_cached
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.inner.compiled
    }

    /// Returns how many of the pool's slots one instance takes.
    pub fn slots(&self) -> u32 {
        self.inner.slots
    }

    pub(crate) fn function(&self, name: &str) -> Result<&Function> {
        let mut called = self.functions().iter().filter(|function| function.is_called(name));
        match (called.next(), called.next()) {
            (Some(function), None) => Ok(function),
            (None, _) => Err(self.no_function(name)),
            (Some(one), Some(other)) => Err(Fault::invalid(
                "function",
                format!("\"{name}\" is ambiguous: call \"{}\" or \"{}\"", one.full_name(), other.full_name()),
            )),
        }
    }

    fn no_function(&self, name: &str) -> Fault {
        if self.inner.functions.iter().any(|function| function.is_called(name)) {
            let message = format!("function \"{name}\" is not offered; \"functions\" of its tool leaves it out");
            return Fault::new(Kind::Denied, message).detail("function");
        }
        if let Some(function) = self.unsupported().iter().find(|function| function.is_called(name)) {
            return Fault::invalid("function", format!("function \"{name}\" cannot be called: {}", function.reason()));
        }
        let known: Vec<_> = self.functions().iter().take(NAMED_MAX).map(Function::full_name).collect();
        let known = if known.is_empty() { "no function".to_owned() } else { short(&joined(&known)) };
        Fault::new(Kind::NotFound, format!("there is no function \"{name}\"; the component has {known}"))
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component").field("digest", self.digest()).field("imports", &self.imports()).finish()
    }
}

impl Inner {
    pub(crate) fn imports(&self) -> &[String] {
        &self.imports
    }

    pub(crate) fn new(
        compiled: Compiled,
        digest: Digest,
        size: usize,
        slots: u32,
        manifest: Option<Manifest>,
    ) -> Result<Self> {
        let ty = compiled.component_type();
        let imports = ty.imports(compiled.engine()).map(|(name, _)| name.to_owned()).collect();
        let mut exports = Exports {
            compiled: &compiled,
            docs: manifest.as_ref().map(|manifest| &manifest.docs),
            shaper: Shaper::default(),
            functions: Vec::new(),
            unsupported: Vec::new(),
        };
        exports.read()?;
        let Exports { functions, unsupported, .. } = exports;
        let functions = functions.into();
        Ok(Self { digest, size, slots, imports, functions, unsupported, manifest, compiled })
    }
}

/// Reads what a component exports.
struct Exports<'a> {
    compiled: &'a Compiled,
    docs: Option<&'a Docs>,
    shaper: Shaper,
    functions: Vec<Function>,
    unsupported: Vec<Unsupported>,
}

impl<'a> Exports<'a> {
    fn read(&mut self) -> Result<()> {
        let (ty, engine) = (self.compiled.component_type(), self.compiled.engine());
        let world = ty.imports(engine).chain(ty.exports(engine)).map(|(name, item)| (name, item.ty));
        self.shaper.set_world(titles(world, self.docs(None)));
        for (name, item) in ty.exports(engine) {
            let Some(index) = self.compiled.get_export_index(None, name) else { continue };
            match item.ty {
                ComponentItem::ComponentInstance(instance) => self.interface(name, &index, &instance)?,
                item => self.item(&Export { interface: None, name, index }, item)?,
            }
        }
        Ok(())
    }

    fn interface(&mut self, interface: &str, parent: &ComponentExportIndex, ty: &ComponentInstance) -> Result<()> {
        let engine = self.compiled.engine();
        let items = ty.exports(engine).map(|(name, item)| (name, item.ty));
        self.shaper.enter(Some(titles(items, self.docs(Some(interface)))));
        for (name, item) in ty.exports(engine) {
            let Some(index) = self.compiled.get_export_index(Some(parent), name) else { continue };
            self.item(&Export { interface: Some(interface), name, index }, item.ty)?;
        }
        self.shaper.enter(None);
        Ok(())
    }

    fn docs(&self, interface: Option<&str>) -> Option<&'a InterfaceDocs> {
        self.docs.and_then(|docs| docs.of(interface))
    }

    fn item(&mut self, export: &Export<'_>, item: ComponentItem) -> Result<()> {
        let ComponentItem::ComponentFunc(ty) = item else { return Ok(()) };
        if is_of_tool_chain(export, &ty) {
            return Ok(());
        }
        let docs = self.docs(export.interface).and_then(|docs| docs.functions.get(export.name)).cloned();
        match Function::new(export, &ty, docs, &mut self.shaper) {
            Ok(function) => self.functions.push(function),
            Err(why) => self.unsupported.push(Unsupported::new(export, why)),
        }
        if self.functions.len() + self.unsupported.len() > FUNCTIONS_MAX {
            let message = format!("the component exports more than {FUNCTIONS_MAX} functions");
            return Err(Fault::invalid("component", message));
        }
        Ok(())
    }
}

/// Returns whether a function is what a tool chain leaves behind: componentize-py starts its interpreter by one while it
/// builds the component, and exports it ever after. Its parameters tell it from a tool's own of that name.
fn is_of_tool_chain(export: &Export<'_>, ty: &ComponentFunc) -> bool {
    (export.interface, export.name) == (Some("exports"), "init")
        && ty.params().map(|(name, _)| name).take(2).eq(["app-name", "symbols"])
}

fn titles<'a>(items: impl Iterator<Item = (&'a str, ComponentItem)>, docs: Option<&InterfaceDocs>) -> Titles {
    items.filter_map(|(name, item)| title(name, item, docs)).collect()
}

fn title(name: &str, item: ComponentItem, docs: Option<&InterfaceDocs>) -> Option<(Arc<Named>, Type)> {
    let ComponentItem::Type(ty) = item else { return None };
    let docs = docs.and_then(|docs| docs.types.get(name)).cloned().unwrap_or_default();
    Some((Arc::new(Named { name: Name::new(name), docs }), ty))
}
