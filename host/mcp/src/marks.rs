//! What a client's program is told of data beside the data: which run has it, which labels it carries, by which digest
//! a person has accepted it.

use rmcp::model::{MetaObject, object};
use serde_json::json;
use stockade::{Digest, Host, Label, RunState};

/// Returns the marks of what a run has taken in.
pub(crate) fn of(state: &RunState) -> MetaObject {
    let labels: Vec<_> = state.labels().keys().collect();
    MetaObject(object(json!({"stockade/run": state.run(), "stockade/labels": labels})))
}

/// Returns the marks of what a tool answers.
///
/// # Errors
///
/// There is no such tool.
pub(crate) fn of_tool(host: &Host, tool: &str) -> stockade::Result<MetaObject> {
    Ok(MetaObject(object(json!({"stockade/labels": host.tool_labels(tool)?}))))
}

/// Returns the mark of what a person has accepted by this digest.
pub(crate) fn of_digest(digest: &Digest) -> MetaObject {
    MetaObject(object(json!({"stockade/digest": digest})))
}

/// Returns whether a run has taken in what others wrote.
pub(crate) fn is_untrusted(state: &RunState) -> bool {
    state.labels().contains_key(&Label::Untrusted)
}
