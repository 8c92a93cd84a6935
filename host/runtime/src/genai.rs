//! The words of the conventions of OpenTelemetry for GenAI, version 0.1.0, for what runs do.

use std::collections::{BTreeMap, BTreeSet};

use stockade_workflow::{Change, End, Entry, Fault, RunState, ToolCall};

/// What the conventions call each of a host's workflows and models.
#[derive(Default)]
pub(crate) struct GenAi {
    /// The workflows that are agents: a model chooses what they do.
    pub(crate) agents: BTreeSet<String>,
    /// The models that the configuration names: what their providers call them, and who those are.
    pub(crate) models: BTreeMap<String, (String, &'static str)>,
    /// The model of questions that name none.
    pub(crate) default: Option<String>,
}

impl GenAi {
    /// The name of what a run of a workflow is.
    pub(crate) fn operation(&self, workflow: &str) -> &'static str {
        if self.agents.contains(workflow) { "invoke_agent" } else { "invoke_workflow" }
    }

    /// The model of a question as its provider calls it, and who that is.
    pub(crate) fn asked<'a>(&'a self, model: Option<&'a str>) -> (&'a str, &'static str) {
        let name = model.or(self.default.as_deref()).unwrap_or("default");
        // One that a program has handed in.
        let own = (name, "custom");
        self.models.get(name).map_or(own, |(model, provider)| (model.as_str(), *provider))
    }
}

/// Returns how a run has ended with an entry, if it has: with the fault where it failed or was stopped. One that undoes what it
/// did has not ended before that has.
pub(crate) fn ended(state: &RunState, entry: &Entry) -> Option<Result<(), Fault>> {
    match &entry.change {
        Change::Stepped { end, .. } => end.as_ref().filter(|_| !state.is_undoing()).map(result),
        Change::Broken { .. } | Change::Stopped { .. } if state.is_undoing() => None,
        Change::Broken { fault } => Some(Err(fault.clone())),
        Change::Stopped { stop, .. } => Some(Err(stop.fault())),
        Change::Undone { .. } if entry.seq < state.seq() => None,
        Change::Expired { .. } | Change::Undone { .. } => state.end().map(result),
        Change::Created { .. }
        | Change::Reserved { .. }
        | Change::Asked { .. }
        | Change::AskedInCode { .. }
        | Change::AnsweredInCode { .. }
        | Change::Renewed { .. }
        | Change::Overdue { .. }
        | Change::Voted { .. }
        | Change::Revoked { .. }
        | Change::Signalled { .. }
        | Change::ChildStarted { .. }
        | Change::ChildEnded { .. }
        | Change::Calling { .. }
        | Change::Retried { .. }
        | Change::Called { .. }
        | Change::Suspended { .. }
        | Change::Deferred { .. }
        | Change::Lost { .. }
        | Change::Doubted { .. }
        | Change::Later { .. }
        | Change::Settled { .. }
        | Change::Extended { .. }
        | Change::Paused { .. }
        | Change::Resumed => None,
    }
}

fn result(end: &End) -> Result<(), Fault> {
    match end {
        End::Done(_) => Ok(()),
        End::Failed(fault) => Err(fault.clone()),
    }
}

/// The function that a call is of, with its tool.
pub(crate) fn name(call: &ToolCall) -> String {
    format!("{}.{}", call.tool, call.function)
}

/// The kind of a fault as the journal writes it.
pub(crate) fn kind(fault: &Fault) -> String {
    serde_json::to_value(fault.kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_without_a_name_goes_to_the_default_model() {
        let models = BTreeMap::from([("small".to_owned(), ("claude-haiku".to_owned(), "anthropic"))]);
        let words = GenAi { models, default: Some("small".to_owned()), agents: BTreeSet::from(["agent".to_owned()]) };
        assert_eq!(words.asked(None), ("claude-haiku", "anthropic"));
        assert_eq!(words.asked(Some("own")), ("own", "custom"));
        assert_eq!(GenAi::default().asked(None), ("default", "custom"));
        assert_eq!((words.operation("agent"), words.operation("refund")), ("invoke_agent", "invoke_workflow"));
    }
}
