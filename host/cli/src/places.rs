//! The directories of this program, which no other user may write.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::access;
use rustix::process::geteuid;
use stockade::{Fault, Kind, file};

use crate::globals::Globals;

/// The file of the long-term memory, unless the configuration names another.
pub(crate) fn memory_file(globals: &Globals) -> PathBuf {
    globals.data_dir.join("memory.db")
}

/// The log of what was changed through a server, and of the tokens that were made.
pub(crate) fn audit_file(globals: &Globals) -> PathBuf {
    globals.data_dir.join("audit.log")
}

/// The folder of promoted tools.
pub(crate) fn promoted_dir(globals: &Globals) -> PathBuf {
    globals.data_dir.join("tools")
}

/// The folder of what was accepted of skills.
pub(crate) fn skills_dir(globals: &Globals) -> PathBuf {
    globals.data_dir.join("skills")
}

/// The file of what was accepted of a document of a service.
pub(crate) fn document_file(globals: &Globals, name: &str) -> PathBuf {
    globals.data_dir.join("openapi").join(format!("{name}.json"))
}

/// The file of an added language.
pub(crate) fn language_file(globals: &Globals, name: &str) -> PathBuf {
    cache_dir(globals).join("languages").join(format!("{name}.wasm"))
}

/// The folder for what can be made again, for all data directories of this user: compiled components, added languages.
pub(crate) fn cache_dir(globals: &Globals) -> PathBuf {
    let chosen = globals.cache_dir.clone().or_else(|| of_user("XDG_CACHE_HOME", ".cache"));
    chosen.unwrap_or_else(|| globals.data_dir.join("cache"))
}

/// The folder of the key that seals files of the host. The key is kept apart from those files: a process that may write them
/// must not be able to read the key.
pub(crate) fn key_dir(globals: &Globals) -> PathBuf {
    of_user("XDG_STATE_HOME", ".local/state").unwrap_or_else(|| globals.data_dir.clone()).join("keys")
}

/// Returns this program's folder within one of the user's folders, if it can be created.
fn of_user(variable: &str, usual: &str) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let named = std::env::var_os(variable).map(PathBuf::from).and_then(absolute);
    let home = || std::env::var_os("HOME").map(PathBuf::from).and_then(absolute);
    let folder = named.or_else(|| Some(home()?.join(usual)))?.join("stockade");
    create_private(&folder).ok()?;
    // The folder may belong to root, and the system may be read-only; then the data directory is used.
    let is_ours = std::fs::metadata(&folder).is_ok_and(|found| found.uid() == geteuid().as_raw());
    let is_writable = access(&folder, rustix::fs::Access::WRITE_OK).is_ok();
    (is_ours && is_writable).then_some(folder)
}

/// Creates a folder that only its owner may enter, or checks that no other user may write to it: it holds customers' data, and
/// code that the host runs.
pub(crate) fn create_private(dir: &Path) -> stockade::Result<()> {
    let unusable = |why: String| {
        let message = format!("the data directory \"{}\" {why}; --data-dir names another", dir.display());
        Fault::new(Kind::Journal, message).detail("data_dir")
    };
    file::make_folder(dir).map_err(|error| unusable(format!("cannot be created: {error}")))?;
    let found = std::fs::metadata(dir).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    match others(&found) {
        Some(why) => Err(unusable(format!("{why} \"{}\"", dir.display()))),
        None => Ok(()),
    }
}

/// Returns why other users may write to a folder, with the beginning of the command that prevents it. Root is no other user
/// here, because root may write anywhere.
fn others(folder: &std::fs::Metadata) -> Option<String> {
    let (owner, us) = (folder.uid(), geteuid().as_raw());
    if owner != us && owner != 0 {
        return Some(format!("belongs to user {owner} and not to {us}, who could put programs there: chown {us}"));
    }
    let mode = folder.mode() & 0o777;
    (mode & 0o022 != 0)
        .then(|| format!("may be written by others (mode {mode:o}), who could put programs there: chmod go-w"))
}
