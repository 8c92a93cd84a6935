//! What the tests of this crate share.

use serde_json::{Value, json};
use stockade_workflow::{Change, Entry, Event, RunId, Usage};

/// A step of a run to a state.
pub(crate) fn stepped(run: RunId, seq: u64, state: Value) -> Entry {
    let change = Change::Stepped {
        event: Event::Started { input: json!(1).into() },
        used: Usage::default(),
        position: "A".to_owned(),
        state,
        log: Vec::new(),
        effects: Vec::new(),
        slices: Vec::new(),
        end: None,
    };
    Entry { run, seq, at_ms: 1_800_000_000_000 + seq, change }
}
