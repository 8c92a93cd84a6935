//! What the functions of the database refuse, in the words of every memory.

use stockade_system::postgres::{Failed, Pool};
use stockade_workflow::{Fault, Namespace};

use crate::fault::{full, no_such_memory, other_dimension, other_embedding};

/// What was asked of the database.
#[derive(Clone, Copy, Default)]
pub(super) struct Asked<'a> {
    /// Where; none where it was of all namespaces.
    pub(super) namespace: Option<&'a Namespace>,
    /// With vectors of this embedding, of so many numbers.
    pub(super) embedding: Option<(&'a str, usize)>,
}

impl Asked<'_> {
    /// Says why it was not done.
    pub(super) fn fault(&self, pool: &Pool, failed: &Failed) -> Fault {
        let number = || failed.said().and_then(|said| said.parse::<u64>().ok()).unwrap_or_default();
        match (failed.code(), self.embedding, self.namespace) {
            (Some("SM001"), Some((name, _)), _) => other_embedding(failed.said().unwrap_or_default(), name),
            (Some("SM002"), Some((name, given)), _) => {
                other_dimension(name, usize::try_from(number()).unwrap_or_default(), given)
            }
            (Some("SM003"), _, Some(namespace)) => full(namespace, number()),
            (Some("SM004"), _, namespace) => no_such_memory(number(), namespace),
            (Some(_) | None, _, _) => broken(pool, failed),
        }
    }
}

/// Says what went wrong with the database.
pub(super) fn broken(pool: &Pool, failed: &Failed) -> Fault {
    pool.fault(failed).detail("memory")
}
