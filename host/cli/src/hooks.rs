//! Tells the person at the terminal what a host does.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use stockade::model::Retry;
use stockade::{Entry, Exceeded, Hooks, RunId, RunState, Unreadable};

use crate::escape::safe;
use crate::text::{bytes, rough};
use crate::{stream, terminal, timeline};

/// The time between two lines about a download.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Shows what runs do: the timeline of committed entries, and between two lines what models write.
pub(crate) struct Runs;

impl Hooks for Runs {
    fn committed(&self, run: &RunState, entries: &[Entry]) {
        timeline::print_entries(run, entries);
    }

    fn piece(&self, run: RunId, key: &str, piece: &str) {
        stream::piece(run, key, piece);
    }

    fn retrying(&self, _: RunId, _: &str, retry: &Retry<'_>) {
        stream::retry(retry);
    }

    fn shared_budget(&self, budget: &str, Exceeded { limit, allowed, used }: &Exceeded) {
        let (used, allowed) = (rough(*limit, *used), rough(*limit, *allowed));
        eprintln!("budget {}: {used} of {allowed} of {} are used", safe(budget), limit.name());
    }

    fn unreadable(&self, signal: &Unreadable) {
        eprintln!("warning: {}; it is set aside, and may be sent again", safe(&signal.error.message));
    }
}

/// Says why a run does not go on yet: the host compiles or downloads a component.
pub(crate) struct Waits {
    told: Mutex<Instant>,
}

impl Waits {
    /// Begins to count: a download that takes less than a second is not mentioned.
    pub(crate) fn new() -> Self {
        Self { told: Mutex::new(Instant::now()) }
    }
}

impl Hooks for Waits {
    fn preparing(&self, language: &str) {
        if terminal::is_watched() {
            eprintln!("preparing {}: compiling, once ...", safe(language));
        }
    }

    fn pulling(&self, reference: &str, done: u64, total: u64) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() > PROGRESS_EVERY {
            *told = Instant::now();
            eprintln!("pulling {}: {} of {}", safe(reference), bytes(done), bytes(total));
        }
    }
}
