use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use stockade_workflow::{Digest, Fault};

use crate::Result;
use crate::component::Inner as Component;

/// Refusals that are kept, the oldest first to go; each has a message of at most 8 KiB.
const REFUSED_MAX: usize = 256;

/// What an engine knows of the components that it was given: to find out about one can take minutes of a processor.
#[derive(Default)]
pub(crate) struct Loads(Mutex<Known>);

#[derive(Default)]
struct Known {
    loaded: HashMap<Digest, Weak<Component>>,
    refused: VecDeque<(Digest, Fault)>,
    /// Held by the thread that loads a component, and waited for by those that want the same one.
    turns: HashMap<Digest, Weak<Mutex<()>>>,
}

impl Loads {
    /// Returns a component that is in use, or else loads it; and whether it was there, or needed no compilation.
    ///
    /// Of several that want one component at the same time, one loads it.
    ///
    /// # Errors
    ///
    /// As `load`; or it was refused before, for a reason that is the component's own.
    pub(crate) fn once(
        &self,
        digest: &Digest,
        load: impl FnOnce() -> Result<(Arc<Component>, bool)>,
    ) -> Result<(Arc<Component>, bool)> {
        if let Some(known) = self.known().find(digest) {
            return known;
        }
        let turn = self.known().turn(digest);
        // A panic with it in hand has left nothing half-done.
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.known().find(digest) {
            return known;
        }
        let loaded = load();
        self.known().note(digest, &loaded);
        loaded
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing that holds this lock leaves it half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn find(&self, digest: &Digest) -> Option<Result<(Arc<Component>, bool)>> {
        if let Some(component) = self.loaded.get(digest).and_then(Weak::upgrade) {
            return Some(Ok((component, true)));
        }
        self.refused.iter().find(|(refused, _)| refused == digest).map(|(_, fault)| Err(fault.clone()))
    }

    fn turn(&mut self, digest: &Digest) -> Arc<Mutex<()>> {
        if let Some(turn) = self.turns.get(digest).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        self.turns.retain(|_, turn| turn.strong_count() > 0);
        self.turns.insert(digest.clone(), Arc::downgrade(&turn));
        turn
    }

    fn note(&mut self, digest: &Digest, loaded: &Result<(Arc<Component>, bool)>) {
        match loaded {
            Ok((component, _)) => {
                self.loaded.retain(|_, component| component.strong_count() > 0);
                self.loaded.insert(digest.clone(), Arc::downgrade(component));
            }
            Err(fault) if is_its_own(fault) => {
                self.refused.truncate(REFUSED_MAX - 1);
                self.refused.push_front((digest.clone(), fault.clone()));
            }
            Err(_) => {}
        }
    }
}

/// Returns whether a component would be refused for the same reason at any time. That the compiler took too long over it,
/// or found no memory, may be the machine's.
fn is_its_own(fault: &Fault) -> bool {
    let of_compiler = fault.breach.as_ref().is_some_and(|breach| breach.limit.starts_with("compile_"));
    fault.detail.as_deref() == Some("component") && !of_compiler
}
