use std::process::ExitCode;

use stockade::{Fault, Kind, Status};

/// How the command ends, for scripts to branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The command line, or the JSON in it, is not valid.
    Usage = 2,
    /// A run waits for a person.
    Waiting = 3,
    /// A run is suspended by its budget.
    Suspended = 4,
}

impl Exit {
    pub(crate) fn of_fault(fault: &Fault) -> Self {
        match (fault.kind, fault.detail.as_deref()) {
            (Kind::Invalid, detail) if detail != Some("component") => Self::Usage,
            _ => Self::Failed,
        }
    }

    pub(crate) fn of_status(status: Status) -> Self {
        match status {
            Status::Done => Self::Done,
            Status::Waiting => Self::Waiting,
            Status::Suspended => Self::Suspended,
            Status::Failed | Status::Running => Self::Failed,
        }
    }

    /// Returns the one of two that a person must hear of first: a failure, then a suspension, then a question.
    pub(crate) fn graver(self, other: Self) -> Self {
        const GRAVEST_FIRST: [Exit; 5] = [Exit::Usage, Exit::Failed, Exit::Suspended, Exit::Waiting, Exit::Done];
        GRAVEST_FIRST.into_iter().find(|exit| *exit == self || *exit == other).unwrap_or(self)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
