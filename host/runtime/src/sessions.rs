use std::sync::{Mutex, MutexGuard, PoisonError};

use stockade_sandbox::Session;

use crate::cells::CellRef;
use crate::scratch::Scratch;

/// Sessions of code whose instances are kept between two of their cells, so that the next one need not run all those
/// before it again.
pub(crate) struct Sessions {
    kept: Mutex<Vec<(String, Kept)>>,
    /// How many slots of the pool they may hold.
    slots: usize,
}

/// An instance of a session, and how much of the session it has seen.
pub(crate) struct Kept {
    /// Before the directory, which it has open.
    pub(crate) session: Session,
    pub(crate) scratch: Option<Scratch>,
    pub(crate) language: String,
    /// The cells that it has seen; the last of them tells one history from another of the same length.
    pub(crate) cells: usize,
    pub(crate) last: Option<CellRef>,
}

impl Sessions {
    /// Keeps as many as hold no more than so many slots of the pool.
    pub(crate) fn new(slots: usize) -> Self {
        Self { kept: Mutex::default(), slots }
    }

    /// Takes the instance of a session, if there is one that has seen exactly these cells.
    pub(crate) fn take(&self, session: &str, cells: &[CellRef]) -> Option<Kept> {
        let mut kept = self.kept();
        let place = kept.iter().position(|(name, _)| name == session)?;
        let (_, found) = kept.remove(place);
        (found.cells == cells.len() && found.last.as_ref() == cells.last()).then_some(found)
    }

    /// Keeps an instance; the one that was not used for longest makes room.
    pub(crate) fn keep(&self, session: &str, new: Kept) {
        let mut kept = self.kept();
        kept.retain(|(name, _)| name != session);
        kept.push((session.to_owned(), new));
        let mut held: usize = kept.iter().map(|(_, kept)| kept.session.slots()).sum();
        let mut gone = Vec::new();
        while held > self.slots && !kept.is_empty() {
            let (_, oldest) = kept.remove(0);
            held -= oldest.session.slots();
            gone.push(oldest);
        }
        // What is dropped gives memory back to the system; no call need wait for it.
        drop(kept);
        drop(gone);
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(String, Kept)>> {
        // A panic elsewhere leaves the list of instances whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
