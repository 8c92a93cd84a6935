use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use stockade_workflow::{Budget, Change, ChildRuns, Fault, Kind, Origin, Parent, RunId, check_depth};

use crate::Result;

/// The longest input of a run, in bytes of JSON: it is journaled, and handed to the workflow at once.
const INPUT_BYTES_MAX: usize = 1 << 20;

/// A run that is to be started.
///
/// ```no_run
/// # async fn example(host: &stockade::Host, input: serde_json::Value) -> stockade::Result<()> {
/// use stockade::NewRun;
///
/// let started = host.start_run(NewRun::new("refund", input).key("order-7").label("team", "support")).await?;
/// println!("{} {}", started.id(), started.settled().await?);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    pub(crate) workflow: String,
    pub(crate) input: Value,
    pub(crate) budget: Budget,
    pub(crate) origin: Origin,
    pub(crate) deadline: Option<Duration>,
    pub(crate) id: Option<RunId>,
    /// What it begins with, where it is a [fork](crate::Host::fork_of).
    pub(crate) history: Option<History>,
}

/// What another run did that a fork begins with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct History {
    /// The version of the workflow that did so.
    pub(crate) version: u32,
    /// The changes behind the one that creates the run.
    pub(crate) changes: Vec<Change>,
}

impl History {
    /// Returns the changes, for a workflow of this version.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] with detail `version` where another version did so.
    pub(crate) fn changes_for(self, workflow: &str, version: u32) -> Result<Vec<Change>> {
        if self.version == version {
            return Ok(self.changes);
        }
        let message = format!(
            "the run was driven by version {} of workflow \"{workflow}\", and this is version {version}; fork it after entry 1",
            self.version
        );
        Err(Fault::new(Kind::Conflict, message).detail("version"))
    }
}

impl NewRun {
    /// A run of this workflow with this input, and the default budget.
    pub fn new(workflow: impl Into<String>, input: Value) -> Self {
        Self {
            workflow: workflow.into(),
            input,
            budget: Budget::default(),
            origin: Origin::default(),
            deadline: None,
            id: None,
            history: None,
        }
    }

    /// Returns the name of the workflow.
    pub fn workflow(&self) -> &str {
        &self.workflow
    }

    /// Returns what it may spend in all. Of a [fork](crate::Host::fork_of), what was added to the other run's budget counts too.
    pub fn budget_in_all(&self) -> Budget {
        let changes = self.history.iter().flat_map(|history| &history.changes);
        changes.fold(self.budget, |mut budget, change| {
            if let Change::Extended { more } = change {
                budget.add(more);
            }
            budget
        })
    }

    /// Returns whether it begins with what another run did: what it spent then is spent, and it keeps the budget that it had.
    pub fn has_history(&self) -> bool {
        self.history.is_some()
    }

    /// Says what it may spend.
    #[must_use]
    pub fn budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// Lets it end within this time, by the host's clock, its waits included; when the time is over, it has failed with kind
    /// [`Kind::Deadline`](crate::Kind::Deadline), whatever it was doing. Without it, it has the host's deadline for all runs, if
    /// there is one.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Gives it this id, where another system has the run under it already; without it, the host makes one. A run that the
    /// journal has under it is not started again: kind [`Kind::Conflict`](crate::Kind::Conflict).
    #[must_use]
    pub fn id(self, id: RunId) -> Self {
        Self { id: Some(id), ..self }
    }

    /// Gives it a key of the caller's own: a run that was started under it is not started again.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.origin.start_key = Some(key.into());
        self
    }

    /// Says who starts it: that person may not decide on its questions where their terms say so.
    #[must_use]
    pub fn by(mut self, person: impl Into<String>) -> Self {
        self.origin.by = Some(person.into());
        self
    }

    /// Gives it a label, by which it is found.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.origin.labels.insert(name.into(), value.into());
        self
    }

    /// Gives it labels.
    #[must_use]
    pub fn labels(mut self, labels: BTreeMap<String, String>) -> Self {
        self.origin.labels.extend(labels);
        self
    }

    /// One of the runs that a run starts: it is found by the labels of that one too, and was started by the same person.
    pub(crate) fn child(runs: &ChildRuns, input: Value, starter: &Origin, parent: Parent) -> Self {
        let (labels, by) = (labels(starter, &runs.labels), starter.by.clone());
        let origin = Origin { start_key: None, labels, by, due_ms: None, parent: Some(Box::new(parent)) };
        Self { origin, budget: runs.budget, ..Self::new(&runs.workflow, input) }
    }
}

/// The labels of a run that another one starts.
pub(crate) fn labels(starter: &Origin, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut labels = starter.labels.clone();
    labels.extend(own.clone());
    labels
}

/// How many runs are above one that a run of this origin starts.
pub(crate) fn generation(starter: &Origin) -> u32 {
    starter.parent.as_ref().map_or(0, |parent| parent.generation).saturating_add(1)
}

/// Checks that an input is not too large for the journal.
///
/// # Errors
///
/// Kind [`Kind::Invalid`] with detail `input`.
pub(crate) fn check_input(input: &Value) -> Result<()> {
    let bytes = input.to_string().len();
    if bytes > INPUT_BYTES_MAX {
        let message = format!("the input is {bytes} bytes of JSON, and {INPUT_BYTES_MAX} are allowed");
        return Err(Fault::invalid("input", message));
    }
    check_depth(Kind::Invalid, "the input", input).map_err(|fault| fault.detail("input"))
}

#[cfg(test)]
mod tests {
    use stockade_workflow::DEPTH_MAX;

    use super::*;

    #[test]
    fn an_input_that_the_journal_could_not_read_back_is_refused() {
        let nested = |depth: usize| (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(check_input(&nested(DEPTH_MAX)).is_ok());
        let fault = check_input(&nested(DEPTH_MAX + 1)).unwrap_err();
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (Kind::Invalid, "the input nests 65 deep, and 64 are allowed")
        );
        let long = Value::String("x".repeat(INPUT_BYTES_MAX));
        assert!(check_input(&long).unwrap_err().message.starts_with("the input is 1048578 bytes"));
    }
}
