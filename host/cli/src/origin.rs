//! The options by which a run that is started is found again.

use clap::Args;
use stockade::NewRun;

use crate::run_filter::RunLabel;

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
    /// Gives a new run its key and its labels.
    pub(crate) fn of(self, new: NewRun) -> NewRun {
        let labels = self.label.into_iter().map(|RunLabel { name, value }| (name, value)).collect();
        self.key.into_iter().fold(new.labels(labels), NewRun::key)
    }
}
