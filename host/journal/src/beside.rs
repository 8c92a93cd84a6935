use std::fmt;

use stockade_workflow::RunId;

/// What a run is to be in one transaction with, now or later: another run, or a row of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside<'a> {
    /// A run.
    Run(RunId),
    /// A row.
    Row {
        /// Its space.
        space: &'a str,
        /// Its key.
        key: &'a str,
    },
}

impl fmt::Display for Beside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(run) => write!(f, "run {run}"),
            Self::Row { space, key } => write!(f, "{} \"{key}\"", space.replace('_', " ")),
        }
    }
}
