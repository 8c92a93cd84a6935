use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stockade_workflow::{Fault, Kind};

/// What a guest asked the world to change, of which the host does not know whether it happened: a request was sent and no
/// answer came, or the guest did not wait for it; a commit failed half-way.
///
/// A guest that then answers with an error does not know it either, whatever it says; one that repeats the same request
/// and has a clear answer to it does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doubt(Arc<Mutex<BTreeMap<String, Thing>>>);

/// How many things in doubt are told apart; further ones are one.
const THINGS_MAX: usize = 64;

/// A thing of which it is not known whether it happened.
#[derive(Debug)]
struct Thing {
    why: String,
    /// How often it was asked for without a clear answer.
    attempts: u64,
}

impl Doubt {
    /// Says why it is not known whether a thing happened.
    pub(crate) fn add(&self, thing: &str, why: String) {
        let mut things = self.things();
        let name = if things.len() < THINGS_MAX || things.contains_key(thing) { thing } else { "" };
        things.entry(name.to_owned()).or_insert(Thing { why, attempts: 0 }).attempts += 1;
    }

    /// Says that what was last added of a thing is known by now; what was before may still be in doubt.
    pub(crate) fn take(&self, thing: &str) {
        let mut things = self.things();
        let name = if things.contains_key(thing) { thing } else { "" };
        if let Some(found) = things.get_mut(name) {
            found.attempts = found.attempts.saturating_sub(1);
        }
        things.retain(|_, thing| thing.attempts > 0);
    }

    /// Says that it is known of a thing.
    pub(crate) fn settle(&self, thing: &str) {
        self.things().remove(thing);
    }

    fn things(&self) -> MutexGuard<'_, BTreeMap<String, Thing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns the error of a guest into one that says what is not known, if anything is not.
    pub(crate) fn about(&self, mut fault: Fault) -> Fault {
        match self.things().values().next() {
            Some(Thing { why, .. }) if matches!(fault.kind, Kind::GuestError | Kind::Denied) => {
                (fault.kind, fault.detail) = (Kind::UnknownOutcome, None);
                fault.reworded(|said| format!("{why}; the tool said: {said}"))
            }
            _ => fault,
        }
    }
}

/// One request for a change, which is in doubt from when all of it has left until it is known what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    doubt: Doubt,
    thing: String,
    why: String,
    is_in_doubt: Arc<AtomicBool>,
}

impl Attempt {
    pub(crate) fn new(doubt: Doubt, thing: &str, why: String) -> Self {
        Self { doubt, thing: thing.to_owned(), why, is_in_doubt: Arc::default() }
    }

    /// Says that all of the request has left, which counts once.
    pub(crate) fn has_left(&self) {
        if !self.is_in_doubt.swap(true, Ordering::Relaxed) {
            self.doubt.add(&self.thing, self.why.clone());
        }
    }

    /// Says that it is known what became of the request.
    pub(crate) fn is_known(&self) {
        if self.is_in_doubt.swap(false, Ordering::Relaxed) {
            self.doubt.take(&self.thing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_in_doubt_only_between_its_leaving_and_its_answer() {
        let (doubt, failed) = (Doubt::default(), Fault::new(Kind::GuestError, "I gave up"));
        let attempt = Attempt::new(doubt.clone(), "POST k", "it was sent and not answered".to_owned());
        let body = attempt.clone();
        attempt.is_known();
        assert_eq!(doubt.about(failed.clone()), failed);
        body.has_left();
        attempt.has_left();
        assert_eq!(doubt.about(failed.clone()).kind, Kind::UnknownOutcome);
        attempt.is_known();
        assert_eq!(doubt.about(failed.clone()), failed);
    }

    #[test]
    fn an_error_after_a_doubt_is_unknown_until_the_doubt_is_settled() {
        let (doubt, failed) = (Doubt::default(), Fault::new(Kind::GuestError, "status 500"));
        assert_eq!(doubt.about(failed.clone()), failed);
        doubt.add("POST /refunds k1", "the connection was lost".to_owned());
        let unknown = doubt.about(failed.clone());
        assert_eq!(unknown.kind, Kind::UnknownOutcome);
        assert_eq!(unknown.message, "the connection was lost; the tool said: status 500");
        let trapped = Fault::new(Kind::Trap, "unreachable");
        assert_eq!(doubt.about(trapped.clone()), trapped);
        doubt.settle("POST /refunds k2");
        assert_eq!(doubt.about(failed.clone()).kind, Kind::UnknownOutcome);
        doubt.settle("POST /refunds k1");
        assert_eq!(doubt.about(failed.clone()), failed);
    }

    /// A guest that asks for a hundred things at once cannot hide the last of them.
    #[test]
    fn each_attempt_is_in_doubt_until_it_is_known_however_many_there_are() {
        let (doubt, failed) = (Doubt::default(), Fault::new(Kind::GuestError, "I gave up"));
        let things: Vec<_> = (0..100).map(|number| format!("POST k{number}")).collect();
        things.iter().for_each(|thing| doubt.add(thing, "it was sent and not answered".to_owned()));
        for thing in &things {
            assert_eq!(doubt.about(failed.clone()).kind, Kind::UnknownOutcome, "{thing}");
            doubt.take(thing);
        }
        assert_eq!(doubt.about(failed.clone()), failed);
        doubt.add("POST k", "the connection was lost".to_owned());
        doubt.add("POST k", "it was sent and not answered".to_owned());
        doubt.take("POST k");
        assert!(doubt.about(failed).message.contains("the connection was lost"));
    }
}
