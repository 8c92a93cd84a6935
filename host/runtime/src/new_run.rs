use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use stockade_workflow::{Budget, Origin};

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
}

impl NewRun {
    /// A run of this workflow with this input, and the default budget.
    pub fn new(workflow: impl Into<String>, input: Value) -> Self {
        Self { workflow: workflow.into(), input, budget: Budget::default(), origin: Origin::default(), deadline: None }
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
}
