//! How a backup is put back.

use std::fs;
use std::io;
use std::path::Path;

use stockade_journal::SqliteJournal;
use stockade_system::file;
use stockade_workflow::{Fault, Kind};

use super::copying::{digest, plain};
use super::{BackupFile, JOURNAL, Manifest, cannot, make_folders, private, synced};
use crate::Result;
use crate::builder::folder_of;

/// Whether a file was put into its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was not there, and is now.
    New,
    /// The same file is there.
    Same,
    /// Another file is there, and stays.
    Other,
}

/// Puts a backup back as a data directory, which is missing or empty: all of it, once each file is found to be what was copied, or
/// nothing. No process drives the runs then; leases of before hold for nothing. Tells how many bytes are read, of how many.
///
/// Unless `force` says otherwise, the backup is refused while a process of this machine drives the runs of which it is a copy: both would
/// make the same calls.
///
/// # Errors
///
/// Kind [`Kind::Invalid`] with detail `backup` where the backup is damaged, cut short or of a newer version; kind [`Kind::Conflict`] with
/// detail `data_dir` where the directory has files, and with detail `busy` where the runs are driven; kind [`Kind::System`] where a
/// file cannot be written.
pub fn restore(from: &Path, data: &Path, force: bool, told: &dyn Fn(u64, u64)) -> Result<Manifest> {
    let manifest = Manifest::read(from)?;
    check_empty(data)?;
    if !force {
        check_alone(&manifest)?;
    }
    let parent = folder_of(data);
    let place = private(&parent)?;
    let all = manifest.files.iter().map(|file| file.bytes).sum::<u64>();
    let mut done = 0;
    for file in &manifest.files {
        take(file, from, place.path())?;
        done += file.bytes;
        told(done, all);
    }
    if manifest.files.iter().any(|file| file.name == JOURNAL) {
        SqliteJournal::adopt(&place.path().join(JOURNAL))?;
    }
    let placed = synced(place.path()).and_then(|()| fs::rename(place.path(), data));
    placed.map_err(|error| cannot("be made", data, &error))?;
    // There is nothing under this name any more.
    let _ = place.keep();
    synced(&parent).map_err(|error| cannot("be synced", &parent, &error))?;
    Ok(manifest)
}

/// Puts a file into its place beside a data directory, unless another one is there.
///
/// # Errors
///
/// Kind [`Kind::System`] where a file cannot be read or written.
pub fn put(from: &Path, to: &Path) -> Result<Put> {
    let failed = |error: &io::Error| cannot("be put into its place", to, error);
    if to.symlink_metadata().is_err() {
        make_folders(to).and_then(|()| plain(from, to)).map_err(|error| failed(&error))?;
        return Ok(Put::New);
    }
    let (before, there) = (digest(from), digest(to));
    let is_same = before.map_err(|error| failed(&error))? == there.map_err(|error| failed(&error))?;
    Ok(if is_same { Put::Same } else { Put::Other })
}

/// A folder that has anything may have runs, or be no data directory at all.
fn check_empty(data: &Path) -> Result<()> {
    let first = match fs::read_dir(data) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(cannot("be looked into", data, &error)),
        Ok(mut entries) => entries.next(),
    };
    if first.is_none() {
        return Ok(());
    }
    let message = format!(
        "the data directory \"{}\" is not empty; move it away, or put the backup elsewhere with --data-dir",
        data.display()
    );
    Err(Fault::new(Kind::Conflict, message).detail("data_dir"))
}

fn check_alone(manifest: &Manifest) -> Result<()> {
    match &manifest.journal {
        Some(journal) if SqliteJournal::is_written(Path::new(journal)) => {
            let message = format!(
                "a process drives the runs of \"{journal}\", of which this is a copy, and both would make the same calls; end it, or say \
                 --force where the copy is not driven"
            );
            Err(Fault::new(Kind::Conflict, message).detail("busy"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Copies a file of a backup, and checks that the copy is what it is to be.
fn take(kept: &BackupFile, from: &Path, to: &Path) -> Result<()> {
    let (source, target) = (from.join(&kept.name), to.join(&kept.name));
    // What the disk refuses is no damage of the backup.
    file::open(&source).map_err(|error| damaged(&source, &format!("it cannot be read: {error}")))?;
    let copied = make_folders(&target).and_then(|()| plain(&source, &target)).and_then(|()| digest(&target));
    let (digest, bytes) = copied.map_err(|error| cannot("be copied", &source, &error))?;
    if bytes != kept.bytes {
        return Err(damaged(&source, &format!("it has {bytes} bytes, and {} were backed up", kept.bytes)));
    }
    if digest != kept.digest {
        return Err(damaged(&source, &format!("it is {digest}, and {} was backed up", kept.digest)));
    }
    Ok(())
}

fn damaged(path: &Path, why: &str) -> Fault {
    Fault::invalid("backup", format!("\"{}\" is not as it was backed up: {why}; take another backup", path.display()))
}
