//! What a client's program is told of data beside the data: which run has it, and which labels it carries.

use rmcp::model::{MetaObject, object};
use serde_json::json;
use stockade::{Label, RunState};

/// Returns the marks of what a run has taken in.
pub(crate) fn of(state: &RunState) -> MetaObject {
    let labels: Vec<_> = state.labels().keys().collect();
    MetaObject(object(json!({"stockade/run": state.run(), "stockade/labels": labels})))
}

/// Returns whether a run has taken in what others wrote.
pub(crate) fn is_untrusted(state: &RunState) -> bool {
    state.labels().contains_key(&Label::Untrusted)
}
