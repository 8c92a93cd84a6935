use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use stockade_sandbox::{Component, Engine, Limits, Snippet, Tool};
use stockade_workflow::{Binding, Digest, Fault, Grant, Kind, Label, ToolCall, grants_digest};

use crate::config::Asking;
use crate::oci::{self, Store};
use crate::{Config, Result, labels};

/// Where a component comes from.
///
/// A text is a file, or, where it begins with `oci://`, a reference to a registry:
///
/// ```
/// use stockade::Source;
///
/// assert!(matches!(Source::from("tools/greet.wasm"), Source::File(_)));
/// assert!(matches!(Source::from("oci://ghcr.io/acme/greet:1.0"), Source::Oci(_)));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Bytes that the program has already.
    Bytes(Cow<'static, [u8]>),
    /// A reference to an OCI registry, `oci://HOST[:PORT]/REPOSITORY:TAG` or `…@sha256:…`. One by tag must be pinned,
    /// for what a tag means may change.
    Oci(String),
    /// A source whose component must have this digest.
    Pinned(Box<Source>, Digest),
}

impl From<&str> for Source {
    fn from(text: &str) -> Self {
        if text.starts_with(oci::SCHEME) { Self::Oci(text.to_owned()) } else { Self::File(text.into()) }
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
    /// Refuses a component of any other digest.
    #[must_use]
    pub fn pinned(self, digest: Digest) -> Self {
        Self::Pinned(Box::new(self), digest)
    }

    /// Checks what can be checked without asking anybody.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Oci(reference) => oci::check(reference),
            Self::Pinned(source, _) => source.check(),
            Self::File(_) | Self::Bytes(_) => Ok(()),
        }
    }

    /// Gets what is in a registry; everything else stays as it is.
    pub(crate) async fn fetched(self, store: &Store) -> Result<Self> {
        Ok(match self {
            Self::Oci(reference) => store.get(&reference, None).await?.into(),
            Self::Pinned(source, digest) => match *source {
                Self::Oci(reference) => Self::from(store.get(&reference, Some(&digest)).await?).pinned(digest),
                source => source.pinned(digest),
            },
            source => source,
        })
    }

    /// Loads the component and links it with its grants.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where a file cannot be read, else as the engine.
    pub(crate) fn tool(&self, engine: &Engine, name: &str, grants: &[Grant]) -> Result<Tool> {
        let component = self.component(engine).map_err(|fault| fault.tool(name))?;
        Tool::new(engine, name, component, grants)
    }

    /// Loads the component.
    ///
    /// # Errors
    ///
    /// As [`Source::tool`].
    pub(crate) fn component(&self, engine: &Engine) -> Result<Component> {
        let component = self.read().and_then(|bytes| engine.load(&bytes));
        component.map_err(|fault| Fault { message: self.named(&fault.message), ..fault })
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
            Self::Oci(_) => return Err(Fault::invalid("component", "it is in a registry and was not fetched")),
            Self::Pinned(source, digest) => return source.read().and_then(|bytes| verified(bytes, digest)),
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
            Self::Oci(reference) => format!("\"{reference}\" cannot be a tool: {message}"),
            Self::Pinned(source, _) => source.named(message),
        }
    }
}

fn verified<'a>(bytes: Cow<'a, [u8]>, pin: &Digest) -> Result<Cow<'a, [u8]>> {
    let digest = Digest::of(&bytes);
    if digest != *pin {
        return Err(Fault::invalid("component", format!("the component is {digest}, and {pin} is pinned")));
    }
    Ok(bytes)
}

/// The tools that a host is to have.
#[derive(Default)]
pub(crate) struct Wanted {
    tools: Vec<(String, Source, Vec<Grant>)>,
    idempotent: BTreeSet<String>,
    promoted: BTreeSet<String>,
    asking: BTreeMap<String, Asking>,
    labels: BTreeMap<String, BTreeSet<Label>>,
    limits: BTreeMap<String, Limits>,
}

impl Wanted {
    pub(crate) fn add(&mut self, name: &str, source: Source, grants: Vec<Grant>) {
        self.tools.push((name.to_owned(), source, grants));
    }

    pub(crate) fn promoted(&mut self, name: &str) {
        self.promoted.insert(name.to_owned());
    }

    pub(crate) fn idempotent(&mut self, name: &str) {
        self.idempotent.insert(name.to_owned());
    }

    pub(crate) fn ask_first(&mut self, name: &str) {
        self.asking.insert(name.to_owned(), Asking::Always);
    }

    pub(crate) fn labelled(&mut self, name: &str, labels: BTreeSet<Label>) {
        self.labels.insert(name.to_owned(), labels);
    }

    /// Adds the tools of a configuration. One that is there already is replaced, with all that was said of it.
    pub(crate) fn configure(&mut self, config: &Config) -> Result<()> {
        for (name, path) in config.tools.folder.as_deref().map(components).transpose()?.unwrap_or_default() {
            self.add(&name, path.into(), Vec::new());
        }
        for (name, tool) in &config.tool {
            let source = match (&tool.component, self.tools.iter().find(|(known, ..)| known == name)) {
                (Some(source), _) => source.clone(),
                (None, Some((_, source, _))) => source.clone(),
                (None, None) => return Err(nowhere(name)),
            };
            let source = tool.digest.iter().fold(source, |source, digest| source.pinned(digest.clone()));
            self.forget(name);
            self.add(name, source, tool.grants.all().to_vec());
            self.idempotent.extend(tool.idempotent.then(|| name.clone()));
            self.limits.extend(tool.limits.clone().map(|limits| (name.clone(), limits)));
            self.asking.extend(tool.approval.map(|asking| (name.clone(), asking)));
            self.labels.extend(tool.labels.clone().map(|labels| (name.clone(), labels)));
        }
        Ok(())
    }

    fn forget(&mut self, name: &str) {
        self.tools.retain(|(known, ..)| known != name);
        self.idempotent.remove(name);
        self.promoted.remove(name);
        self.asking.remove(name);
        self.labels.remove(name);
        self.limits.remove(name);
    }

    /// Gets what is in registries.
    pub(crate) async fn fetched(mut self, store: &Store) -> Result<Self> {
        let mut tools = Vec::new();
        for (name, source, grants) in self.tools {
            let source = source.fetched(store).await.map_err(|fault| fault.tool(&name))?;
            tools.push((name, source, grants));
        }
        self.tools = tools;
        Ok(self)
    }

    /// The most memory that any tool may have.
    pub(crate) fn memory_bytes_max(&self) -> u64 {
        self.limits.values().map(|limits| limits.memory_bytes).max().unwrap_or_default()
    }
}

/// Finds the components of a folder: each `NAME.wasm` is the tool NAME.
fn components(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let unreadable = |error: std::io::Error| {
        let message = format!("the folder of tools \"{}\" cannot be read: {error}", folder.display());
        Fault::new(Kind::NotFound, message).detail("tools")
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).map(str::to_owned);
        found.extend(name.filter(|_| path.extension().is_some_and(|ending| ending == "wasm")).zip(Some(path)));
    }
    found.sort();
    Ok(found)
}

fn nowhere(name: &str) -> Fault {
    let message = format!(
        "tool \"{name}\" has no component: there is no built-in tool and no file of that name; \
         component = \"FILE.wasm\" or \"oci://…\" under [tool.{name}] says where it is"
    );
    Fault::new(Kind::NotFound, message).detail("tool").tool(name)
}

/// The tools of a host, by name.
pub(crate) struct Tools {
    by_name: BTreeMap<String, Tool>,
    sources: BTreeMap<String, Source>,
    idempotent: BTreeSet<String>,
    promoted: BTreeSet<String>,
    asking: BTreeMap<String, Asking>,
    labels: BTreeMap<String, BTreeSet<Label>>,
    limits: BTreeMap<String, Limits>,
}

impl Tools {
    pub(crate) fn load(engine: &Engine, wanted: Wanted) -> Result<Self> {
        let Wanted { tools, idempotent, promoted, asking, labels, limits } = wanted;
        let (mut by_name, mut sources) = (BTreeMap::new(), BTreeMap::new());
        for (name, source, grants) in tools {
            let tool = source.tool(engine, &name, &grants)?;
            sources.insert(name.clone(), source);
            if by_name.insert(name.clone(), tool).is_some() {
                return Err(Fault::invalid("tool", format!("two tools are registered as \"{name}\"")));
            }
        }
        let tools = Self { by_name, sources, idempotent, promoted, asking, labels, limits };
        tools
            .idempotent
            .iter()
            .chain(tools.asking.keys())
            .chain(tools.labels.keys())
            .try_for_each(|name| tools.get(name).map(drop))?;
        Ok(tools)
    }

    /// Returns what one call of a tool may use, where it has limits of its own.
    pub(crate) fn limits(&self, name: &str) -> Option<&Limits> {
        self.limits.get(name)
    }

    pub(crate) fn get(&self, name: &str) -> Result<&Tool> {
        self.by_name.get(name).ok_or_else(|| {
            let known: Vec<_> = self.by_name.keys().map(String::as_str).collect();
            let message = format!("there is no tool \"{name}\"; registered are: {}", known.join(", "));
            Fault::new(Kind::NotFound, message).detail("tool").tool(name)
        })
    }

    /// Returns the code that a tool is, if it is code.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Approval`] where nobody here said yes to it: what its manifest says of a yes, and of the tools that it
    /// may call, is the word of whoever made the component.
    pub(crate) fn snippet<'a>(&self, tool: &'a Tool) -> Result<Option<&'a Snippet>> {
        let snippet = tool.component().manifest().and_then(|manifest| manifest.code.as_ref());
        if snippet.is_some() && !self.promoted.contains(tool.name()) {
            let name = tool.name();
            let message = format!(
                "tool \"{name}\" is code that was promoted elsewhere; `stockade tool promote` makes a tool of code that ran here"
            );
            return Err(Fault::new(Kind::Approval, message).detail("promoted").tool(name));
        }
        Ok(snippet)
    }

    /// Checks that a tool may be called without a person's yes.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Approval`]: the operator wants each of its calls to be asked for.
    pub(crate) fn unasked(&self, name: &str) -> Result<()> {
        if !self.asks_first(name) {
            return Ok(());
        }
        let message = format!(
            "each call of tool \"{name}\" needs a person's yes, and nobody was asked; approval under [tool.{name}] says so"
        );
        Err(Fault::new(Kind::Approval, message).detail("pending").tool(name))
    }

    /// Whether each call of a tool needs a person's yes.
    pub(crate) fn asks_first(&self, name: &str) -> bool {
        self.asking.get(name) == Some(&Asking::Always)
    }

    /// Whether an agent asks a person before it calls a tool: as the operator says, or else where a call may change
    /// something.
    pub(crate) fn agent_asks(&self, tool: &Tool) -> bool {
        match self.asking.get(tool.name()) {
            Some(asking) => *asking == Asking::Always,
            None => !tool.is_repeatable(),
        }
    }

    /// The marks that the answers of a tool carry: what the operator says, or what follows from its grants and from the
    /// tools that it calls.
    pub(crate) fn labels(&self, tool: &Tool) -> BTreeSet<Label> {
        let said = |tool: &Tool| self.labels.get(tool.name()).cloned();
        let granted = |tool: &Tool| tool.grants().iter().filter_map(labels::of_grant).collect();
        let own = |tool: &Tool| said(tool).unwrap_or_else(|| granted(tool));
        said(tool).unwrap_or_else(|| self.calls(tool).chain([tool]).flat_map(own).collect())
    }

    /// Whether a tool, or one that it calls, can send something.
    pub(crate) fn can_send(&self, tool: &Tool) -> bool {
        let is_http = |grant: &Grant| matches!(grant, Grant::Http { .. });
        self.calls(tool).chain([tool]).any(|tool| tool.grants().iter().any(is_http))
    }

    /// The tools that one that is code may call. It has no grants of its own: what it can, it can by them.
    pub(crate) fn calls<'a>(&'a self, tool: &'a Tool) -> impl Iterator<Item = &'a Tool> {
        let snippet = self.snippet(tool).ok().flatten();
        snippet.into_iter().flat_map(|snippet| snippet.tools.keys()).filter_map(|name| self.get(name).ok())
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
