//! The effects that are tried again later, because an attempt failed in a way that may pass.

use std::collections::BTreeMap;

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
pub(crate) struct Attempts(BTreeMap<String, Deferred>);

impl Attempts {
    /// Adds an attempt that failed; the time at which the effect falls due stays as it was for the first one.
    pub(crate) fn add(&mut self, key: &str, failed: Deferred) {
        let before = self.0.remove(key);
        let mut used = failed.used;
        used.add(&before.as_ref().map(|before| before.used).unwrap_or_default());
        let attempts = before.as_ref().map_or(0, |before| before.attempts).saturating_add(1);
        let in_doubt = failed.in_doubt || before.as_ref().is_some_and(|before| before.in_doubt);
        let due_ms = before.and_then(|before| before.due_ms).or(failed.due_ms);
        self.0.insert(key.to_owned(), Deferred { attempts, in_doubt, due_ms, used, ..failed });
    }

    /// Forgets the attempts at an effect that has ended.
    pub(crate) fn ended(&mut self, key: &str) {
        self.0.remove(key);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Deferred> {
        self.0.get(key)
    }
}
