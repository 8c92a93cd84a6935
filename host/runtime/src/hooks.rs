//! What a program is told of while its host works.

use async_trait::async_trait;
use stockade_models::Retry;
use stockade_workflow::{Entry, Exceeded, RunId, RunState};

use crate::Unreadable;

/// Is told what happens in a host, as it happens: a timeline, a progress bar, spans of a tracing library.
///
/// Each method does nothing unless it is implemented. The host calls them between two steps and waits for each, so they
/// **must not block**: what takes long belongs into a channel or a task. A host may have several hooks
/// ([`Builder::hooks`](crate::Builder::hooks)); each is told in the order in which they were added.
///
/// ```
/// use stockade::{Entry, Hooks, Host, RunState};
///
/// struct Steps;
///
/// impl Hooks for Steps {
///     fn committed(&self, run: &RunState, entries: &[Entry]) {
///         println!("{}: {} entries more, now {}", run.run(), entries.len(), run.status());
///     }
/// }
///
/// let builder = Host::builder().hooks(Steps);
/// ```
#[async_trait]
#[expect(unused_variables, reason = "the names of parameters are part of the documentation")]
pub trait Hooks: Send + Sync {
    /// Is told of each commit: the run as it then stands, and the entries that were written.
    ///
    /// An effect is in flight from the commit after which [`RunState::in_flight`] has it to the one after which it no longer
    /// does. A call of a tool that was granted nothing may begin and end in one commit: its intent is among the entries, and so may
    /// be the end of the call before it.
    fn committed(&self, run: &RunState, entries: &[Entry]) {}

    /// Is told of each piece of a model's answer as it comes, with the key of the effect. Only the reply that is committed
    /// counts.
    fn piece(&self, run: RunId, key: &str, piece: &str) {}

    /// Is told of each further attempt at a question to a model, before the wait for it, with the key of the effect.
    fn retrying(&self, run: RunId, key: &str, retry: &Retry<'_>) {}

    /// Is told that a budget which runs share has passed its share for a warning: the currency, what is allowed, and what is used
    /// or set aside.
    fn shared_budget(&self, budget: &str, used: &Exceeded) {}

    /// Is told of a signal that the journal has for a run and that cannot be read. It was set aside: the run goes on without it,
    /// and its sender may send it again.
    fn unreadable(&self, signal: &Unreadable) {}

    /// Is told the name of a language that is being compiled, which takes seconds and is done once.
    fn preparing(&self, language: &str) {}

    /// Is told how a pull from a registry goes on: bytes so far, and bytes in all.
    fn pulling(&self, reference: &str, bytes: u64, total: u64) {}

    /// Passes on what was kept back. [`Host::flush`](crate::Host::flush) and [`Host::shutdown`](crate::Host::shutdown) wait
    /// for it, so it must end in bounded time.
    async fn flush(&self) {}
}

/// All hooks of a host, in the order in which they were added.
pub(crate) struct AllHooks(pub(crate) Vec<Box<dyn Hooks>>);

#[async_trait]
impl Hooks for AllHooks {
    fn committed(&self, run: &RunState, entries: &[Entry]) {
        self.0.iter().for_each(|hooks| hooks.committed(run, entries));
    }

    fn piece(&self, run: RunId, key: &str, piece: &str) {
        self.0.iter().for_each(|hooks| hooks.piece(run, key, piece));
    }

    fn retrying(&self, run: RunId, key: &str, retry: &Retry<'_>) {
        self.0.iter().for_each(|hooks| hooks.retrying(run, key, retry));
    }

    fn shared_budget(&self, budget: &str, used: &Exceeded) {
        self.0.iter().for_each(|hooks| hooks.shared_budget(budget, used));
    }

    fn unreadable(&self, signal: &Unreadable) {
        self.0.iter().for_each(|hooks| hooks.unreadable(signal));
    }

    fn preparing(&self, language: &str) {
        self.0.iter().for_each(|hooks| hooks.preparing(language));
    }

    fn pulling(&self, reference: &str, bytes: u64, total: u64) {
        self.0.iter().for_each(|hooks| hooks.pulling(reference, bytes, total));
    }

    async fn flush(&self) {
        for hooks in &self.0 {
            hooks.flush().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Writes down what it was told, after its name.
    struct Noted(&'static str, Arc<Mutex<Vec<String>>>);

    impl Noted {
        fn note(&self, what: &str) {
            self.1.lock().unwrap().push(format!("{} {what}", self.0));
        }
    }

    #[async_trait]
    impl Hooks for Noted {
        fn preparing(&self, language: &str) {
            self.note(language);
        }

        fn pulling(&self, reference: &str, bytes: u64, total: u64) {
            self.note(&format!("{reference} {bytes}/{total}"));
        }

        async fn flush(&self) {
            self.note("flushed");
        }
    }

    #[tokio::test]
    async fn hooks_are_all_told_in_the_order_in_which_they_were_added() {
        let notes = Arc::default();
        let all = AllHooks(vec![Box::new(Noted("a", Arc::clone(&notes))), Box::new(Noted("b", Arc::clone(&notes)))]);
        all.preparing("lua");
        all.pulling("oci://h/x", 1, 2);
        all.piece(RunId::from_bytes([7; 16]), "ask", "none of them listens");
        all.flush().await;
        let told = ["a lua", "b lua", "a oci://h/x 1/2", "b oci://h/x 1/2", "a flushed", "b flushed"];
        assert_eq!(*notes.lock().unwrap(), told);
    }
}
