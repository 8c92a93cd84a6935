//! What a person has accepted of each server: a file that is the owner's alone.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stockade::json::Bounds;
use stockade::{Fault, Kind, Result, file};

use crate::definition::Definition;

/// The version of the file's format.
const FORMAT: u32 = 1;

/// The longest file: each definition has an end, and so has their number.
const FILE_BYTES_MAX: u64 = 32 << 20;

const FILE: &str = "accepted.json";

/// The file whose lock a process holds while it changes the other file.
const LOCK: &str = "lock";

/// Where what was accepted is kept.
#[derive(Clone, Debug)]
pub(crate) struct Pins {
    folder: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    format: u32,
    servers: BTreeMap<String, BTreeMap<String, Pin>>,
}

/// A definition that a person has accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    /// The definition.
    definition: Value,
    /// When it was accepted, in milliseconds since the Unix epoch.
    pub accepted_ms: u64,
    /// Why it is called no more until a person accepts it anew: the server offered another one since, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
}

impl Pin {
    pub(crate) fn new(definition: &Definition, accepted_ms: u64) -> Self {
        Self { definition: definition.value().clone(), accepted_ms, withdrawn: None }
    }

    /// Returns the definition, or `None` where what the file has is not a definition.
    pub fn definition(&self) -> Option<Definition> {
        Definition::read(&self.definition).ok()
    }
}

impl Pins {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Returns what was accepted of each server, by the names of its tools.
    ///
    /// # Errors
    ///
    /// The file is not the owner's alone, or cannot be read.
    pub(crate) fn all(&self) -> Result<BTreeMap<String, BTreeMap<String, Pin>>> {
        Ok(self.read()?.servers)
    }

    /// Returns what was accepted of a server, by the names of its tools.
    ///
    /// # Errors
    ///
    /// As [`Pins::all`].
    pub(crate) fn of(&self, server: &str) -> Result<BTreeMap<String, Pin>> {
        Ok(self.all()?.remove(server).unwrap_or_default())
    }

    /// Accepts definitions of a server in place of all that were accepted before.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or as [`Pins::all`].
    pub(crate) fn accept(&self, server: &str, pins: BTreeMap<String, Pin>) -> Result<()> {
        self.change(|kept| drop(kept.servers.insert(server.to_owned(), pins)))
    }

    /// Notes which definitions of a server are called no more, each with the reason.
    ///
    /// # Errors
    ///
    /// As [`Pins::accept`].
    pub(crate) fn withdraw(&self, server: &str, reasons: &BTreeMap<String, String>) -> Result<()> {
        self.change(|kept| {
            for (tool, why) in reasons {
                if let Some(pin) = kept.servers.get_mut(server).and_then(|pins| pins.get_mut(tool)) {
                    pin.withdrawn.get_or_insert_with(|| why.clone());
                }
            }
        })
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) -> Result<()> {
        let _lock = file::locked(&self.folder, LOCK).map_err(|error| self.unusable("locked", &error))?;
        let mut kept = self.read()?;
        kept.format = FORMAT;
        change(&mut kept);
        self.write(&kept).map_err(|error| self.unusable("written", &error))
    }

    fn read(&self) -> Result<Kept> {
        let path = self.folder.join(FILE);
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Kept::default()),
            Err(error) => return Err(self.unusable("read", &error)),
            Ok(found) if !found.is_file() || found.mode() & 0o077 != 0 || found.uid() != own_uid() => {
                let message = format!("\"{}\" must be a file that only its owner can read and write", path.display());
                return Err(Fault::new(Kind::Invalid, message).detail("mcp"));
            }
            Ok(_) => {}
        }
        let text = file::read_text(&path, FILE_BYTES_MAX).map_err(|error| self.unusable("read", &error))?;
        let kept: Kept = stockade::json::read(&text, &Bounds::OWN)?;
        if kept.format != FORMAT {
            let message = format!("\"{}\" has format {}, and this program reads {FORMAT}", path.display(), kept.format);
            return Err(Fault::new(Kind::Invalid, message).detail("mcp"));
        }
        Ok(kept)
    }

    /// Writes the file anew under another name first: a crash leaves the old one or the new one, and whole.
    fn write(&self, kept: &Kept) -> std::io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec_pretty(kept)?)?;
        file.as_file().sync_all()?;
        file.persist(self.folder.join(FILE)).map(drop).map_err(|error| error.error)
    }

    /// Makes the home of a server's process.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub(crate) fn home(&self, server: &str) -> std::io::Result<PathBuf> {
        let folder = self.folder.join("homes").join(server);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        folder.canonicalize()
    }

    fn unusable(&self, what: &str, error: &std::io::Error) -> Fault {
        let message =
            format!("what was accepted of MCP servers, in \"{}\", cannot be {what}: {error}", self.folder.display());
        Fault::new(Kind::of_file(error), message).detail("mcp")
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::json;

    use super::*;

    fn pin(name: &str) -> Option<(String, Pin)> {
        let definition = Definition::read(&json!({"name": name, "inputSchema": {}})).ok()?;
        Some((name.to_owned(), Pin::new(&definition, 7)))
    }

    #[test]
    fn a_pin_is_read_back_until_it_is_withdrawn() -> Result<()> {
        let Ok(folder) = tempfile::tempdir() else { return Ok(()) };
        let pins = Pins::new(&folder.path().join("mcp"));
        assert!(pins.of("a")?.is_empty());
        pins.accept("a", pin("one").into_iter().chain(pin("two")).collect())?;
        pins.withdraw("a", &BTreeMap::from([("one".to_owned(), "it is gone".to_owned())]))?;
        pins.withdraw("a", &BTreeMap::from([("one".to_owned(), "it is back".to_owned())]))?;
        let read = pins.of("a")?;
        let withdrawn = |name: &str| read.get(name).and_then(|pin| pin.withdrawn.clone());
        assert_eq!((withdrawn("one").as_deref(), withdrawn("two")), (Some("it is gone"), None));
        pins.accept("a", BTreeMap::new())?;
        assert!(pins.of("a")?.is_empty());
        Ok(())
    }

    #[test]
    fn a_file_that_others_can_read_is_not_believed() -> Result<()> {
        let Ok(folder) = tempfile::tempdir() else { return Ok(()) };
        let pins = Pins::new(folder.path());
        pins.accept("a", pin("one").into_iter().collect())?;
        let file = folder.path().join(FILE);
        let mode = std::fs::metadata(&file).map(|found| found.mode() & 0o777).ok();
        assert_eq!(mode, Some(0o600));
        assert!(std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).is_ok());
        assert!(pins.of("a").is_err_and(|fault| fault.message.contains("only its owner")));
        Ok(())
    }
}
