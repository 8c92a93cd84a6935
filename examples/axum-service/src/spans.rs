//! What the service traces: a span for each effect, from the commit of its intent to that of its outcome.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use stockade::{Effect, Entry, Hooks, RunId, RunState};
use tracing::{Span, info_span};

/// The open spans of each run, by the keys of their effects.
#[derive(Default)]
pub(crate) struct Spans(Mutex<HashMap<RunId, HashMap<String, Span>>>);

impl Hooks for Spans {
    fn committed(&self, run: &RunState, _: &[Entry]) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spans = open.entry(run.run()).or_default();
        spans.retain(|key, _| run.in_flight().any(|effect| effect.key() == key));
        for key in run.in_flight().map(Effect::key) {
            let span = || info_span!("effect", run = %run.run(), key);
            spans.entry(key.to_owned()).or_insert_with(span);
        }
        if spans.is_empty() {
            open.remove(&run.run());
        }
    }
}
