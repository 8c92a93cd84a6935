use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stockade_sandbox::Session;
use stockade_workflow::{Fault, Kind};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};
use tokio::time::timeout;

use crate::Result;
use crate::cells::{CellRef, SPACE};
use crate::scratch::Scratch;

/// The turn of a piece of code in its session: no other piece of code runs there in this process before it is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

/// How large sessions of code may become, and how long code waits for the code before it in its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// How many pieces of code a session may have.
    pub cells: u64,
    /// How many bytes all of them may have together: code, inputs, files, calls and outcomes. All of it is read, and the code
    /// run again, where the session is restored.
    pub bytes: u64,
    /// How many pieces of code may wait for their turn in one session of this process.
    pub waiting: usize,
    /// How long one waits for its turn.
    pub wait: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { cells: 1_000, bytes: 64 << 20, waiting: 64, wait: Duration::from_secs(300) }
    }
}

impl SessionLimits {
    /// Checks that a session may have one more piece of code.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] with detail `session` where it has as many, or as much, as it may.
    pub(crate) fn check(&self, session: &str, cells: u64, bytes: u64) -> Result<()> {
        for (limit, what, allowed, used) in
            [("session_cells", "pieces of code", self.cells, cells), ("session_bytes", "bytes", self.bytes, bytes)]
        {
            if used >= allowed {
                let message = format!(
                    "session \"{session}\" has {used} {what}, and {allowed} are allowed; begin a new session, which has \
                     none of its variables, or allow more by `{limit}` in [code]"
                );
                let used = used.saturating_add(1);
                return Err(Fault::limit(Kind::Conflict, limit, allowed, used, message).detail(SPACE));
            }
        }
        Ok(())
    }
}

/// Sessions of code whose instances are kept between two of their cells, so that the next one need not run all those
/// before it again.
pub(crate) struct Sessions {
    kept: Mutex<Vec<(String, Kept)>>,
    /// How many slots of the pool they may hold.
    slots: usize,
    pub(crate) limits: SessionLimits,
    /// The sessions in which code runs or waits: those that wait come in the order in which they asked.
    turns: Mutex<BTreeMap<String, Arc<Turns<()>>>>,
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
    /// How much these cells are, as [`SessionLimits::bytes`] counts.
    pub(crate) bytes: u64,
}

impl Sessions {
    /// Keeps as many as hold no more than so many slots of the pool.
    pub(crate) fn new(slots: usize, limits: SessionLimits) -> Self {
        Self { kept: Mutex::default(), slots, limits, turns: Mutex::default() }
    }

    /// Waits until the code that was there before has left the session, but no longer than this.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] with detail `session` where too many wait there, [`Kind::Deadline`] where it takes too long.
    pub(crate) async fn turn(&self, session: &str, longest: Duration) -> Result<Turn> {
        let wait = self.limits.wait.min(longest);
        let turns = self.turns_of(session)?;
        timeout(wait, turns.lock_owned()).await.map_err(|_| late(session, wait))
    }

    fn turns_of(&self, session: &str) -> Result<Arc<Turns<()>>> {
        let mut all = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // One that runs or waits has the turns too.
        all.retain(|_, turns| Arc::strong_count(turns) > 1);
        let turns = all.entry(session.to_owned()).or_default();
        let waiting = Arc::strong_count(turns).saturating_sub(2);
        if waiting >= self.limits.waiting {
            return Err(crowded(session, self.limits.waiting));
        }
        Ok(Arc::clone(turns))
    }

    /// Takes the instance of a session, if there is one that has seen exactly these cells.
    pub(crate) fn take(&self, session: &str, cells: &[CellRef]) -> Option<Kept> {
        let found = self.forget(session)?;
        (found.cells == cells.len() && found.last.as_ref() == cells.last()).then_some(found)
    }

    /// Gives up the instance of a session, if there is one.
    pub(crate) fn forget(&self, session: &str) -> Option<Kept> {
        let mut kept = self.kept();
        let place = kept.iter().position(|(name, _)| name == session)?;
        let (_, found) = kept.remove(place);
        Some(found)
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

fn crowded(session: &str, allowed: usize) -> Fault {
    let allowed = allowed as u64;
    let message = format!(
        "{allowed} pieces of code wait for their turn in session \"{session}\", and no more may (`session_waiting` in \
         [code]); run this one later, or in another session"
    );
    Fault::limit(Kind::Conflict, "session_waiting", allowed, allowed.saturating_add(1), message).detail(SPACE)
}

fn late(session: &str, wait: Duration) -> Fault {
    let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let message = format!(
        "the code has waited {ms} ms for its turn in session \"{session}\", in which other code runs; run it later, or \
         allow more by `session_wait_ms` in [code]"
    );
    Fault::limit(Kind::Deadline, "session_wait_ms", ms, ms, message).detail(SPACE)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn sessions(waiting: usize, wait: Duration) -> Sessions {
        Sessions::new(0, SessionLimits { waiting, wait, ..SessionLimits::default() })
    }

    #[tokio::test]
    async fn code_of_one_session_has_its_turn_in_the_order_in_which_it_asked() {
        let sessions = Arc::new(sessions(8, Duration::MAX));
        let (first, done) = (sessions.turn("a", Duration::MAX).await.unwrap(), Arc::new(AtomicUsize::new(0)));
        let mut waiting = Vec::new();
        for number in 0..4 {
            let (sessions, done) = (Arc::clone(&sessions), Arc::clone(&done));
            waiting.push(tokio::spawn(async move {
                let _turn = sessions.turn("a", Duration::MAX).await.unwrap();
                assert_eq!(done.fetch_add(1, Ordering::SeqCst), number);
            }));
            tokio::task::yield_now().await;
        }
        drop(sessions.turn("b", Duration::MAX).await.unwrap());
        assert_eq!(done.load(Ordering::SeqCst), 0, "the first one is there still");
        drop(first);
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(done.load(Ordering::SeqCst), 4);
    }

    #[tokio::test]
    async fn a_session_in_which_too_many_wait_or_for_too_long_is_refused() {
        let sessions = Arc::new(sessions(1, Duration::MAX));
        let first = sessions.turn("a", Duration::MAX).await.unwrap();
        let late = sessions.turn("a", Duration::ZERO).await.unwrap_err();
        assert_eq!((late.kind, late.breach.unwrap().limit.as_str()), (Kind::Deadline, "session_wait_ms"));
        let waits = Arc::clone(&sessions);
        let second = tokio::spawn(async move { waits.turn("a", Duration::MAX).await.map(drop) });
        tokio::task::yield_now().await;
        let crowded = sessions.turn("a", Duration::MAX).await.unwrap_err();
        assert_eq!((crowded.kind, crowded.breach.unwrap().limit.as_str()), (Kind::Conflict, "session_waiting"));
        drop(first);
        second.await.unwrap().unwrap();
        drop(sessions.turn("a", Duration::MAX).await.unwrap());
    }

    #[test]
    fn a_session_that_is_full_says_what_would_allow_more() {
        let limits = SessionLimits { cells: 2, bytes: 10, ..SessionLimits::default() };
        assert!(limits.check("s", 1, 9).is_ok());
        for (cells, bytes, limit) in [(2, 0, "session_cells"), (0, 10, "session_bytes")] {
            let full = limits.check("s", cells, bytes).unwrap_err();
            assert!(full.message.contains(limit) && full.message.contains("\"s\""), "{full}");
            assert_eq!(full.breach.unwrap().limit, limit);
        }
    }
}
