use std::borrow::Cow;
use std::path::{Path, PathBuf};

use stockade_sandbox::{Component, Engine, Tool};
use stockade_workflow::{Digest, Fault, Grant, Kind};

use crate::built_in_tools::{self, SCHEME};
use crate::oci::{self, Store};
use crate::{Result, file};

/// The largest file of a component. An interpreter with its standard library has some 40 MiB.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Where a component comes from.
///
/// A text is a file, or, where it begins with `oci://`, a reference to a registry; `built-in:NAME` is a tool that this crate
/// carries:
///
/// ```
/// use stockade::Source;
///
/// assert!(matches!(Source::from("tools/greet.wasm"), Source::File(_)));
/// assert!(matches!(Source::from("oci://ghcr.io/acme/greet:1.0"), Source::Oci(_)));
/// assert!(matches!(Source::from("built-in:web"), Source::Bytes(_)));
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
        match text.strip_prefix(SCHEME).and_then(built_in_tools::component) {
            Some(component) => component.into(),
            None if text.starts_with(oci::SCHEME) => Self::Oci(text.to_owned()),
            None => Self::File(text.into()),
        }
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

    /// Checks what can be checked without a registry or a file.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Oci(reference) => oci::check(reference),
            Self::Pinned(source, _) => source.check(),
            Self::File(path) => match path.to_str().and_then(|path| path.strip_prefix(SCHEME)) {
                Some(name) => Err(no_built_in(name)),
                None => Ok(()),
            },
            Self::Bytes(_) => Ok(()),
        }
    }

    /// Returns the file that it is read from, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Pinned(source, _) => source.file(),
            Self::Bytes(_) | Self::Oci(_) => None,
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
        component.map_err(|fault| fault.reworded(|why| self.named(why)))
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
        let unreadable =
            |error: std::io::Error| Fault::new(Kind::of_file(&error), error.to_string()).detail("component");
        let bytes = file::read(path, FILE_BYTES_MAX).map_err(unreadable)?;
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

fn no_built_in(name: &str) -> Fault {
    let message = format!("there is no built-in tool \"{name}\"; there are: {}", built_in_tools::names());
    Fault::new(Kind::NotFound, message).detail("tool")
}

fn verified<'a>(bytes: Cow<'a, [u8]>, pin: &Digest) -> Result<Cow<'a, [u8]>> {
    let digest = Digest::of(&bytes);
    if digest != *pin {
        return Err(Fault::invalid("component", format!("the component is {digest}, and {pin} is pinned")));
    }
    Ok(bytes)
}
