use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::Dir;
use wasmtime_wasi::p2::bindings::filesystem::types::{DirectoryEntry, ErrorCode};

use super::folder::Folder;
use super::mount::{Mount, Open};
use super::node::type_of;
use super::refusal::Answer;

/// Entries that are read ahead: a hop to another thread for each would cost more than the entries. All of a directory
/// is never in memory.
const AHEAD: usize = 32;

/// The entries of a directory, being read.
pub(super) struct Listing {
    pub(super) mount: Arc<Mount>,
    state: Mutex<State>,
    _open: Open,
}

struct State {
    dir: Dir,
    /// Those read ahead, the next one last.
    ahead: Vec<Answer<DirectoryEntry>>,
}

impl Listing {
    pub(super) fn new(folder: &Folder) -> Answer<Self> {
        let open = folder.mount.opened()?;
        let dir = Dir::read_from(&*folder.dir)?;
        let state = Mutex::new(State { dir, ahead: Vec::new() });
        Ok(Self { mount: folder.mount.clone(), state, _open: open })
    }

    /// Takes an entry that was read ahead.
    pub(super) fn take(&self) -> Option<Answer<DirectoryEntry>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ahead.pop()
    }

    /// Reads some entries ahead, and takes the first.
    pub(super) fn read(&self) -> Option<Answer<DirectoryEntry>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { dir, ahead } = &mut *state;
        ahead.extend(dir.filter_map(entry).take(AHEAD));
        ahead.reverse();
        ahead.pop()
    }
}

fn entry(entry: rustix::io::Result<rustix::fs::DirEntry>) -> Option<Answer<DirectoryEntry>> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Some(Err(error.into())),
    };
    match entry.file_name().to_str() {
        Ok("." | "..") => None,
        Ok(name) => Some(Ok(DirectoryEntry { type_: type_of(entry.file_type()), name: name.to_owned() })),
        Err(_) => Some(Err(ErrorCode::IllegalByteSequence.into())),
    }
}
