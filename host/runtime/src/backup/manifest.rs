//! What a backup says of itself.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use stockade_workflow::json::{self, Bounds};
use stockade_workflow::{Digest, FORMAT, Fault, Kind};

use super::cannot;
use crate::{Result, file};

/// The name of its file.
const NAME: &str = "MANIFEST";

/// What its first line begins with; then come the format and the digest of all other lines.
const TITLE: &str = "stockade backup ";

/// The format of backups that is written.
const BACKUP_FORMAT: u32 = 1;

/// No folder has so many files that their names would take more.
const BYTES_MAX: u64 = 64 << 20;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the program that made it.
    pub stockade: String,
    /// The format of entries that this version writes.
    pub entries_format: u32,
    /// When it was begun, in milliseconds since the Unix epoch.
    pub made_ms: u64,
    /// The file that the journal was copied from; absent where the journal is not in the backup.
    pub journal: Option<String>,
    /// What was copied.
    pub files: Vec<BackupFile>,
    /// What was not, and why.
    pub left_out: Vec<LeftOut>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFile {
    /// Its path in the backup, and in a data directory.
    pub name: String,
    /// How long it is.
    pub bytes: u64,
    /// The digest of its bytes.
    pub digest: Digest,
}

/// A file that is not in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Its path.
    pub path: String,
    /// Why it was left out.
    pub why: String,
}

impl LeftOut {
    pub(super) fn new(path: &Path, why: &str) -> Self {
        Self { path: path.display().to_string(), why: why.to_owned() }
    }
}

impl Manifest {
    /// Reads the manifest of a backup.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] with detail `backup` where the folder is not a backup that is whole, or is one of a newer version.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let text = file::read_text(&path, BYTES_MAX).map_err(|error| {
            let why =
                format!("\"{}\" is not a backup that is whole: \"{}\": {error}", folder.display(), path.display());
            Fault::invalid("backup", why)
        })?;
        let damaged = || Fault::invalid("backup", format!("\"{}\" is damaged; take another backup", path.display()));
        let (title, body) = text.split_once('\n').ok_or_else(damaged)?;
        let (format, digest) = title.strip_prefix(TITLE).and_then(|rest| rest.split_once(' ')).ok_or_else(damaged)?;
        let format: u32 = format.parse().map_err(|_| damaged())?;
        if format > BACKUP_FORMAT {
            return Err(newer(folder, format, BACKUP_FORMAT));
        }
        if Digest::of(body.as_bytes()).as_str() != digest {
            return Err(damaged());
        }
        let read: Self = json::read(body, &Bounds::OWN).map_err(|_| damaged())?;
        if read.entries_format > FORMAT {
            return Err(newer(folder, read.entries_format, FORMAT));
        }
        if read.files.iter().all(|file| is_beneath(&file.name)) { Ok(read) } else { Err(damaged()) }
    }

    /// Writes it into a backup, as the last of its files.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self);
        let json = json.map_err(|error| Fault::new(Kind::HostBug, error.to_string()))?;
        let text = format!("{TITLE}{BACKUP_FORMAT} {}\n{json}", Digest::of(json.as_bytes()));
        let path = folder.join(NAME);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
        written.map_err(|error| cannot("be written", &path, &error))
    }
}

/// Whether a name is one of a file within a folder, and no other.
fn is_beneath(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

fn newer(folder: &Path, found: u32, known: u32) -> Fault {
    let folder = folder.display();
    let why =
        format!("\"{folder}\" was made by a newer stockade (format {found}, this one knows {known}); use that one");
    Fault::invalid("backup", why)
}
