//! What the service traces: a span for each effect, from the commit of its intent to that of its outcome.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use stockade::{Change, Effect, Entry, Hooks, RunId, RunState};
use tracing::{Span, info_span};

/// The open spans of each run, by the keys of their effects.
#[derive(Default)]
pub(crate) struct Spans(Mutex<HashMap<RunId, HashMap<String, Span>>>);

impl Hooks for Spans {
    fn committed(&self, run: &RunState, entries: &[Entry]) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spans = open.entry(run.run()).or_default();
        for key in entries.iter().filter_map(intent).chain(run.in_flight().map(Effect::key)) {
            let span = || info_span!("effect", run = %run.run(), key);
            spans.entry(key.to_owned()).or_insert_with(span);
        }
        spans.retain(|key, _| run.in_flight().any(|effect| effect.key() == key));
        if spans.is_empty() {
            open.remove(&run.run());
        }
    }
}

/// The key of the effect that begins. One that only computes may end in the same commit.
fn intent(entry: &Entry) -> Option<&str> {
    if let Change::Reserved { key, .. } = &entry.change { Some(key) } else { None }
}
