use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use stockade_sandbox::{Engine, Tool};
use stockade_workflow::{Binding, Fault, Grant, Kind, ToolCall, grants_digest};

use crate::Result;

/// Where a component comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Bytes that the program has already.
    Bytes(Cow<'static, [u8]>),
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Self::File(path.into())
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::File(path.into())
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&'static [u8]> for Source {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl Source {
    /// Loads the component and links it with its grants.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where a file cannot be read, else as the engine.
    pub(crate) fn tool(&self, engine: &Engine, name: &str, grants: &[Grant]) -> Result<Tool> {
        let component = self.read().and_then(|bytes| engine.load(&bytes));
        let component = component.map_err(|fault| Fault { message: self.named(&fault.message), ..fault }.tool(name))?;
        Tool::new(engine, name, component, grants)
    }

    /// Writes the interface of the component as WIT text.
    ///
    /// # Errors
    ///
    /// The component cannot be read.
    pub fn wit(&self) -> Result<String> {
        self.read().and_then(|bytes| stockade_sandbox::wit::text(&bytes))
    }

    /// A file that ends in `.wat` is the text format, for components that are written by hand.
    fn read(&self) -> Result<Cow<'_, [u8]>> {
        let path = match self {
            Self::Bytes(bytes) => return Ok(Cow::Borrowed(bytes)),
            Self::File(path) => path,
        };
        let unreadable = |error: std::io::Error| Fault::new(Kind::NotFound, error.to_string()).detail("component");
        let bytes = std::fs::read(path).map_err(unreadable)?;
        if path.extension().is_some_and(|ending| ending == "wat") {
            let text = wat::parse_bytes(&bytes).map_err(|error| Fault::invalid("component", error.to_string()))?;
            return Ok(Cow::Owned(text.into_owned()));
        }
        Ok(Cow::Owned(bytes))
    }

    fn named(&self, message: &str) -> String {
        match self {
            Self::Bytes(_) => message.to_owned(),
            Self::File(path) => format!("\"{}\" cannot be a tool: {message}", path.display()),
        }
    }
}

/// The tools of a host, by name.
pub(crate) struct Tools {
    by_name: BTreeMap<String, Tool>,
    sources: BTreeMap<String, Source>,
    idempotent: BTreeSet<String>,
}

impl Tools {
    pub(crate) fn load(
        engine: &Engine,
        sources: Vec<(String, Source, Vec<Grant>)>,
        idempotent: BTreeSet<String>,
    ) -> Result<Self> {
        let (mut by_name, mut components) = (BTreeMap::new(), BTreeMap::new());
        for (name, source, grants) in sources {
            let tool = source.tool(engine, &name, &grants)?;
            components.insert(name.clone(), source);
            if by_name.insert(name.clone(), tool).is_some() {
                return Err(Fault::invalid("tool", format!("two tools are registered as \"{name}\"")));
            }
        }
        let tools = Self { by_name, sources: components, idempotent };
        tools.idempotent.iter().try_for_each(|name| tools.get(name).map(drop))?;
        Ok(tools)
    }

    pub(crate) fn get(&self, name: &str) -> Result<&Tool> {
        self.by_name.get(name).ok_or_else(|| {
            let known: Vec<_> = self.by_name.keys().map(String::as_str).collect();
            let message = format!("there is no tool \"{name}\"; registered are: {}", known.join(", "));
            Fault::new(Kind::NotFound, message).detail("tool").tool(name)
        })
    }

    pub(crate) fn source(&self, name: &str) -> Result<&Source> {
        self.get(name)?;
        self.sources.get(name).ok_or_else(|| Fault::new(Kind::HostBug, "a tool has no source"))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Tool> {
        self.by_name.values()
    }

    /// Whether a call may be made again when nobody knows whether it was made.
    pub(crate) fn is_repeatable(&self, tool: &Tool) -> bool {
        tool.is_repeatable() || self.idempotent.contains(tool.name())
    }

    /// What an approval of this call is bound to, as things are now.
    pub(crate) fn binding(&self, call: &ToolCall) -> Result<Binding> {
        let tool = self.get(&call.tool)?;
        let (component, grants) = (tool.component().digest().clone(), grants_digest(tool.grants()));
        Ok(Binding { call: call.digest(), component, grants })
    }
}
