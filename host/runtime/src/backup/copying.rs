//! What is to be copied, and how.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use stockade_system::{database, file};
use stockade_workflow::{Digest, Fault, Kind};

use super::{BackupFile, Holdings, JOURNAL, LeftOut, PREFIX, cannot, make_folders};
use crate::Result;

/// What a database of SQLite begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// What stands beside a database, and is in its copy.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Folders of a data directory that can be made again: compiled components, and what belongs to processes that live.
const MADE_AGAIN: [&str; 2] = ["cache", "components"];

/// What the private folders of agent-written code begin with.
const SCRATCH: &str = "stockade-code-";

/// How much of a file is in memory at a time.
const PIECE_BYTES: u64 = 256 << 10;

/// How deep folders are looked through; no folder of ours is so deep.
const DEPTH_MAX: usize = 32;

/// A file that is to be copied.
pub(super) struct Found {
    pub(super) name: String,
    path: PathBuf,
    pub(super) bytes: u64,
}

impl Found {
    /// Returns whether it was removed since it was found.
    pub(super) fn is_gone(&self) -> bool {
        self.path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    pub(super) fn left(&self, why: &str) -> LeftOut {
        LeftOut::new(&self.path, why)
    }

    /// Finds all files of a host, the journal first, and names those that cannot be copied.
    pub(super) fn all(holdings: &Holdings) -> Result<(Vec<Self>, Vec<LeftOut>)> {
        let mut search = Search::default();
        if let Some(journal) = &holdings.journal {
            let missing = |error: io::Error| {
                let message = format!("there is no journal \"{}\" to be backed up: {error}", journal.display());
                Fault::new(Kind::of_file(&error), message).detail("backup")
            };
            let bytes = fs::metadata(journal).map_err(missing)?.len();
            search.add(JOURNAL.to_owned(), journal.clone(), bytes);
        }
        for (name, path) in &holdings.others {
            // There need not be one.
            if let Ok(found) = fs::metadata(path) {
                search.add(name.clone(), path.clone(), found.len());
            }
        }
        if holdings.data.exists() {
            search.folder(&holdings.data, "", 0).map_err(|error| cannot("be read", &holdings.data, &error))?;
        }
        Ok((search.found, search.left_out))
    }

    /// Copies the file into a folder; a database, as it is at one moment.
    pub(super) fn copied(&self, folder: &Path, told: &dyn Fn(u64)) -> Result<BackupFile> {
        let to = folder.join(&self.name);
        let failed = |error: &io::Error| cannot("be copied", &self.path, error);
        make_folders(&to).map_err(|error| failed(&error))?;
        if is_database(&self.path) {
            let copied = database::copy(&self.path, &to, &mut |done, _| told(done));
            copied.map_err(|error| failed(&io::Error::other(error)))?;
        } else {
            plain(&self.path, &to).map_err(|error| failed(&error))?;
        }
        let (digest, bytes) = digest(&to).map_err(|error| failed(&error))?;
        told(self.bytes);
        Ok(BackupFile { name: self.name.clone(), bytes, digest })
    }
}

/// What was found so far.
#[derive(Default)]
struct Search {
    found: Vec<Found>,
    left_out: Vec<LeftOut>,
    names: BTreeSet<String>,
    places: BTreeSet<PathBuf>,
}

impl Search {
    fn add(&mut self, name: String, path: PathBuf, bytes: u64) {
        if !self.places.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            // It is there already, under the name that counts.
            return;
        }
        if self.names.insert(name.clone()) {
            self.found.push(Found { name, path, bytes });
        } else {
            self.leave(&path, "another file has its name in the backup: the configuration says where that one is");
        }
    }

    fn leave(&mut self, path: &Path, why: &str) {
        self.left_out.push(LeftOut::new(path, why));
    }

    fn folder(&mut self, folder: &Path, within: &str, depth: usize) -> io::Result<()> {
        let read = match fs::read_dir(folder) {
            // Others work on, and remove what they do not need any more.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read?,
        };
        let mut entries = read.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(DirEntry::file_name);
        for entry in entries {
            self.entry(&entry, within, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry, within: &str, depth: usize) -> io::Result<()> {
        let (path, kind) = (entry.path(), entry.file_type()?);
        let Ok(name) = entry.file_name().into_string() else {
            self.leave(&path, "its name is not UTF-8");
            return Ok(());
        };
        if kind.is_dir() {
            if is_made_again(&name, within) || is_of_owners(&path) {
                return Ok(());
            }
            if depth >= DEPTH_MAX {
                self.leave(&path, "it is too deep");
                return Ok(());
            }
            return self.folder(&path, &format!("{within}{name}/"), depth + 1);
        }
        if !kind.is_file() {
            self.leave(&path, "it is neither a file nor a folder; what a link names is backed up where it is");
        } else if !is_beside(&path) {
            // One that is gone by now is left out when it is copied.
            let bytes = entry.metadata().map_or(0, |found| found.len());
            self.add(format!("{within}{name}"), path, bytes);
        }
        Ok(())
    }
}

fn is_made_again(name: &str, within: &str) -> bool {
    let is_at_top = within.is_empty();
    let is_of_a_process = name.starts_with(SCRATCH) || name.starts_with(PREFIX);
    is_of_a_process || (is_at_top && MADE_AGAIN.contains(&name))
}

/// Whether it shows who has the journal open that stands beside it.
fn is_of_owners(path: &Path) -> bool {
    path.to_str().and_then(|text| text.strip_suffix("-owners")).is_some_and(|journal| is_database(Path::new(journal)))
}

/// Whether it is part of a database that stands beside it.
fn is_beside(path: &Path) -> bool {
    let Some(text) = path.to_str() else { return false };
    BESIDE.iter().filter_map(|ending| text.strip_suffix(ending)).any(|database| is_database(Path::new(database)))
}

fn is_database(path: &Path) -> bool {
    let begins = || -> io::Result<bool> {
        let mut first = [0; SQLITE.len()];
        file::open(path)?.read_exact(&mut first)?;
        Ok(first == SQLITE)
    };
    begins().unwrap_or(false)
}

/// Copies a file that is no database into a new one that only its owner can read.
pub(super) fn plain(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = file::open(from)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut target)?;
    target.flush()?;
    target.sync_all()
}

/// Reads a file for its digest and its length.
pub(super) fn digest(path: &Path) -> io::Result<(Digest, u64)> {
    let (mut file, mut bytes) = (file::open(path)?, 0);
    let pieces = std::iter::from_fn(|| {
        let piece = piece(&mut file).transpose()?;
        bytes += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Some(piece)
    });
    let digest = Digest::of_pieces(pieces)?;
    Ok((digest, bytes))
}

/// Reads the next piece; none at the end.
fn piece(file: &mut fs::File) -> io::Result<Option<Vec<u8>>> {
    let mut piece = Vec::new();
    io::copy(&mut file.take(PIECE_BYTES), &mut piece)?;
    Ok((!piece.is_empty()).then_some(piece))
}
