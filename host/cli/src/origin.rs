//! The options by which a run that is started is found again.

use clap::Args;
use stockade::{Fault, NewRun, QUEUE, check_queue};

use crate::run_filter::{self, RunLabel};

/// How the run is found again.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Origin {
    /// Start the run once: the same command with the same key shows the run that there is, and goes on with it if it was interrupted
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// A label of the run, by which `runs` finds it; can be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<RunLabel>,
}

impl Origin {
    /// Adds the label that says in which queue the run is.
    pub(crate) fn in_queue(mut self, queue: Option<String>) -> Self {
        self.label.extend(queue.map(|value| RunLabel { name: QUEUE.to_owned(), value }));
        self
    }

    /// Gives a new run its key and its labels.
    ///
    /// # Errors
    ///
    /// A label has two values.
    pub(crate) fn of(self, new: NewRun) -> stockade::Result<NewRun> {
        let new = new.labels(run_filter::labels(&self.label)?);
        Ok(self.key.into_iter().fold(new, NewRun::key))
    }
}

/// Reads the name of a queue.
pub(crate) fn queue(text: &str) -> Result<String, Fault> {
    check_queue(text).map(|()| text.to_owned())
}
