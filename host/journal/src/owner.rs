use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use stockade_system::file::{self, Lock};
use uuid::Uuid;

/// The opener of a journal, as others know it: by a file beside the journal that it holds locked for as long as it lives.
///
/// The system gives the lock back however the process ends, so a run whose driver was killed can be taken up at once. The
/// lock says nothing of a process that was stopped; for that one, a lease has an end.
pub(crate) struct Owner {
    id: String,
    folder: PathBuf,
    held: Mutex<Option<Lock>>,
}

impl Owner {
    /// Names the opener of this journal; others see it only once it is [shown](Owner::show).
    pub(crate) fn new(journal: &Path) -> Self {
        Self { id: Uuid::now_v7().to_string(), folder: folder(journal), held: Mutex::default() }
    }

    /// Returns whether an opener of this journal lives.
    pub(crate) fn is_any_alive(journal: &Path) -> bool {
        file::is_any_locked(&folder(journal))
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Locks the file, if that is not done yet, and takes away what openers left here that are gone.
    pub(crate) fn show(&self) -> std::io::Result<()> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            file::sweep(&self.folder);
            *held = Some(file::locked(&self.folder, &self.id)?);
        }
        Ok(())
    }

    /// Returns whether an opener lives, this one or another.
    pub(crate) fn is_alive(&self, id: &str) -> bool {
        // A file of another name is not ours.
        id == self.id || (Uuid::try_parse(id).is_ok() && file::is_locked(&self.folder.join(id)))
    }
}

fn folder(journal: &Path) -> PathBuf {
    let mut folder = journal.as_os_str().to_owned();
    folder.push("-owners");
    folder.into()
}

impl Drop for Owner {
    fn drop(&mut self) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if held.is_some() {
            // The lock goes with the file; a file that is left is swept by the next opener.
            file::forget(&self.folder, &self.id);
        }
    }
}
