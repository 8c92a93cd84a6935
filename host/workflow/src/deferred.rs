//! The effects that are tried again later, because an attempt failed in a way that may pass.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Fault, Usage};

/// What is known of an effect of which an attempt has failed, until it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferred {
    /// How many attempts have failed.
    pub attempts: u32,
    /// When the next one may begin, in milliseconds since the Unix epoch.
    pub until_ms: u64,
    /// Whether no process drives the run until then.
    pub parks: bool,
    /// Why the last attempt failed.
    pub fault: Fault,
    /// Whether one of the attempts may have happened all the same.
    pub in_doubt: bool,
    /// When the effect falls due, counted from its first intent.
    pub due_ms: Option<u64>,
    /// What all attempts have used.
    pub used: Usage,
}

/// The part of a run's fold that is about attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attempts {
    failed: BTreeMap<String, Deferred>,
    /// The effects that were ended while they were in flight, by a person or a budget, and are wanted again.
    ended_in_flight: BTreeSet<String>,
}

impl Attempts {
    /// Adds an attempt that failed; the time at which the effect falls due stays as it was for the first one.
    pub(crate) fn add(&mut self, key: &str, failed: Deferred) {
        let before = self.failed.remove(key);
        let mut used = failed.used;
        used.add(&before.as_ref().map(|before| before.used).unwrap_or_default());
        let attempts = before.as_ref().map_or(0, |before| before.attempts).saturating_add(1);
        let in_doubt = failed.in_doubt || before.as_ref().is_some_and(|before| before.in_doubt);
        let due_ms = before.and_then(|before| before.due_ms).or(failed.due_ms);
        self.failed.insert(key.to_owned(), Deferred { attempts, in_doubt, due_ms, used, ..failed });
    }

    /// Takes note that an effect was ended while it was in flight, and is wanted again.
    pub(crate) fn end_in_flight(&mut self, key: &str) {
        self.ended_in_flight.insert(key.to_owned());
    }

    /// Forgets the attempts at an effect that has ended.
    pub(crate) fn ended(&mut self, key: &str) {
        self.failed.remove(key);
        self.ended_in_flight.remove(key);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Deferred> {
        self.failed.get(key)
    }

    /// Whether an attempt at an effect may have happened that has no outcome.
    pub(crate) fn may_have_happened(&self, key: &str) -> bool {
        self.ended_in_flight.contains(key) || self.get(key).is_some_and(|failed| failed.in_doubt)
    }
}
