//! Tools that a host takes while it runs. They are granted nothing: what a component asks for, the configuration gives.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use stockade_sandbox::{Engine, Tool};
use stockade_workflow::{Digest, Fault, Kind};

use crate::callable::unapproved;
use crate::registry::Registry;
use crate::{Result, Source, file};

/// The largest component that is taken: half of what the engine looks at.
const COMPONENT_BYTES_MAX: u64 = 32 << 20;

/// The most components that are kept so: each has a file, and takes memory in each process that has the folder.
const UPLOADS_MAX: usize = 64;

/// The longest name of such a tool, in bytes: it is the name of a file.
const NAME_BYTES_MAX: usize = 64;

/// Names by which code and clients of MCP find other things: a host with a tool `exec` that has a function `javascript` would not
/// offer both, and not start.
const TAKEN: [&str; 3] = ["exec", "input", "workflow"];

/// What a file of a component ends with.
const ENDING: &str = "wasm";

/// Where a host keeps the components that it takes.
#[derive(Default)]
pub(crate) struct Uploads {
    folder: Option<PathBuf>,
    /// Is held while one is taken.
    taking: Mutex<()>,
}

/// A tool that a host was given.
#[derive(Clone, Debug)]
pub struct Uploaded {
    /// The tool.
    pub tool: Tool,
    /// Whether the host did not have it before.
    pub is_new: bool,
}

impl Uploads {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, taking: Mutex::default() }
    }
}

/// Returns the components that a folder has, with their names.
///
/// # Errors
///
/// The folder cannot be read; one that does not exist has none.
pub(crate) fn kept(folder: &Path) -> Result<Vec<(String, Source)>> {
    let unreadable = |error: &io::Error| {
        Fault::new(Kind::System, format!("\"{}\" cannot be read: {error}", folder.display())).detail("uploads")
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| unreadable(&error))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>();
    let mut paths = paths.map_err(|error| unreadable(&error))?;
    paths.sort();
    let is_component = |path: &PathBuf| path.extension().is_some_and(|ending| ending == ENDING);
    let named = |path: PathBuf| Some((path.file_stem()?.to_str()?.to_owned(), Source::File(path)));
    Ok(paths.into_iter().filter(is_component).filter_map(named).collect())
}

/// Checks what can be checked without a look at the component.
pub(crate) fn check(name: &str, component: &[u8]) -> Result<()> {
    let is_plain = name.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-');
    let begins = name.bytes().next().is_some_and(|letter| letter.is_ascii_lowercase());
    if !is_plain || !begins || name.len() > NAME_BYTES_MAX || TAKEN.contains(&name) {
        let message = format!(
            "\"{name}\" is not the name of a tool that is uploaded: it has 1 to {NAME_BYTES_MAX} of the letters a-z, 0-9 \
             and \"-\", begins with a letter, and is none of {}",
            TAKEN.join(", ")
        );
        return Err(Fault::invalid("tool", message));
    }
    let (allowed, used) = (COMPONENT_BYTES_MAX, component.len() as u64);
    if used > allowed {
        let message = format!("the component has {used} bytes, and {allowed} are allowed");
        return Err(Fault::limit(Kind::Invalid, "component_bytes", allowed, used, message).detail("component"));
    }
    Ok(())
}

/// Registers a component, and keeps it.
pub(crate) fn take(
    (registry, engine): (&Registry, &Engine),
    Uploads { folder, taking }: &Uploads,
    name: &str,
    component: Vec<u8>,
) -> Result<Uploaded> {
    let folder = folder.as_deref().ok_or_else(no_folder)?;
    let _taking = taking.lock().unwrap_or_else(PoisonError::into_inner);
    let digest = Digest::of(&component);
    if let Some(there) = known(registry, name, &digest)? {
        return Ok(Uploaded { tool: there, is_new: false });
    }
    let source = Source::from(component);
    let tool = source.tool(engine, name, &[])?;
    if tool.component().manifest().is_some_and(|manifest| manifest.code.is_some()) {
        return Err(unapproved(name));
    }
    let Source::Bytes(component) = source else { return Err(Fault::new(Kind::HostBug, "an upload is bytes")) };
    let path = keep(folder, name, &component, &digest)?;
    registry.add(tool.clone(), Source::File(path).pinned(digest));
    Ok(Uploaded { tool, is_new: true })
}

/// Returns the tool of a name where it is this very component.
fn known(registry: &Registry, name: &str, digest: &Digest) -> Result<Option<Tool>> {
    let Ok(there) = registry.get(name) else { return Ok(None) };
    match there.component() {
        Some(tool) if there.identity() == digest => Ok(Some(tool.clone())),
        Some(_) | None => Err(taken(name, there.identity())),
    }
}

/// Writes a component, unless a process that has the folder too has done so.
fn keep(folder: &Path, name: &str, component: &[u8], digest: &Digest) -> Result<PathBuf> {
    let path = folder.join(format!("{name}.{ENDING}"));
    let kept = kept(folder)?;
    if kept.iter().any(|(other, _)| other == name) {
        let there = file::read(&path, COMPONENT_BYTES_MAX).map_err(|error| unwritten(&path, &error))?;
        let there = Digest::of(&there);
        return if there == *digest { Ok(path) } else { Err(taken(name, &there)) };
    }
    let (allowed, used) = (UPLOADS_MAX as u64, kept.len() as u64);
    if used >= allowed {
        let message = format!(
            "{used} components are kept that were uploaded, and {allowed} are allowed; the operator removes files that are \
             not used, and starts the host anew"
        );
        return Err(Fault::limit(Kind::Conflict, "uploads", allowed, used.saturating_add(1), message));
    }
    file::write_whole(&path, component).map_err(|error| unwritten(&path, &error))?;
    Ok(path)
}

fn no_folder() -> Fault {
    let message = "this host takes no components; the folder of `Builder::uploads` says where they are kept";
    Fault::new(Kind::Denied, message).detail("uploads")
}

fn taken(name: &str, there: &Digest) -> Fault {
    let message = format!(
        "the tool \"{name}\" is {there} already, and a tool is not replaced while runs may call it; take another name"
    );
    Fault::new(Kind::Conflict, message).detail("tool").tool(name)
}

fn unwritten(path: &Path, error: &io::Error) -> Fault {
    Fault::new(Kind::System, format!("\"{}\" cannot be written: {error}", path.display())).detail("uploads")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_component_is_kept_once_under_its_name_and_only_its_owner_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("uploads");
        assert!(kept(&folder).unwrap().is_empty());
        let keep = |name: &str, bytes: &[u8]| keep(&folder, name, bytes, &Digest::of(bytes));
        let path = keep("greet", b"one").unwrap();
        assert_eq!(keep("greet", b"one").unwrap(), path);
        assert_eq!(keep("greet", b"two").unwrap_err().detail.as_deref(), Some("tool"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
        for number in 1..UPLOADS_MAX {
            keep(&format!("t{number}"), b"one").unwrap();
        }
        assert_eq!(keep("more", b"one").unwrap_err().breach.unwrap().limit, "uploads");
        assert_eq!(kept(&folder).unwrap().len(), UPLOADS_MAX);
    }

    #[test]
    fn a_name_that_is_no_plain_word_is_refused_before_it_is_a_file() {
        assert!(check("greet-2", b"").is_ok());
        for wrong in ["", "../greet", "Greet", "2greet", "a/b", "a.b", "-a", "exec", "input", &"a".repeat(65)] {
            assert_eq!(check(wrong, b"").unwrap_err().detail.as_deref(), Some("tool"), "{wrong}");
        }
    }
}
