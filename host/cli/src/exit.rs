//! The exit codes of every command.

use std::process::ExitCode;

use stockade::{Fault, Kind, Status};

/// An exit code, for scripts to branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Waiting = 3,
    Suspended = 4,
    NotFound = 5,
    Conflict = 6,
    Stopped = 7,
}

/// The meaning of each code; the book has the same table.
const MEANINGS: [(Exit, &str); 8] = [
    (Exit::Done, "done"),
    (Exit::Failed, "failed: the run, the call, a check, or the command itself"),
    (Exit::Usage, "usage: the command line, the configuration, or JSON in them, is not valid"),
    (Exit::Waiting, "waiting: the run waits for a person, a time, a signal or other runs"),
    (Exit::Suspended, "suspended: the run's budget is used up"),
    (Exit::NotFound, "not found: there is no such run, file, tool, model or workflow"),
    (Exit::Conflict, "conflict: it exists already, or another process changed it first"),
    (Exit::Stopped, "stopped: a person has stopped or paused the run"),
];

impl Exit {
    pub(crate) fn of_fault(fault: &Fault) -> Self {
        match (fault.kind, fault.detail.as_deref()) {
            (Kind::Invalid, detail) if !matches!(detail, Some("component" | "compiler")) => Self::Usage,
            (Kind::NotFound, _) => Self::NotFound,
            (Kind::Conflict, _) => Self::Conflict,
            _ => Self::Failed,
        }
    }

    pub(crate) fn of_status(status: Status) -> Self {
        match status {
            Status::Done => Self::Done,
            Status::Waiting => Self::Waiting,
            Status::Suspended => Self::Suspended,
            Status::Paused | Status::Stopped => Self::Stopped,
            Status::Failed | Status::Running | Status::Interrupted => Self::Failed,
        }
    }

    /// Returns the more urgent of two codes: a failure, then a stop, then a suspension, then a question.
    pub(crate) fn graver(self, other: Self) -> Self {
        use Exit::{Conflict, Done, Failed, NotFound, Stopped, Suspended, Usage, Waiting};
        const GRAVEST_FIRST: [Exit; 8] = [Usage, Failed, NotFound, Conflict, Stopped, Suspended, Waiting, Done];
        GRAVEST_FIRST.into_iter().find(|exit| *exit == self || *exit == other).unwrap_or(self)
    }

    /// Returns the table as `--help` shows it.
    pub(crate) fn table() -> String {
        let rows = MEANINGS.map(|(exit, meaning)| format!("  {}  {meaning}", exit as u8));
        format!("Exit codes:\n{}", rows.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_exit_codes_is_the_same_in_the_book() {
        let page = include_str!("../../../docs/src/reference/limits-and-errors.md");
        for (exit, meaning) in MEANINGS {
            let (word, more) = meaning.split_once(": ").unwrap_or((meaning, ""));
            let row = format!("| {} | {word} | {more} |\n", exit as u8);
            assert!(page.contains(&row), "the book has no row {row}");
        }
    }

    #[test]
    fn an_absent_thing_has_another_code_than_a_failure() {
        let exit = |kind| Exit::of_fault(&Fault::new(kind, ""));
        let kinds = [Kind::NotFound, Kind::Conflict, Kind::Invalid, Kind::Fuel];
        assert_eq!(kinds.map(exit), [Exit::NotFound, Exit::Conflict, Exit::Usage, Exit::Failed]);
        assert_eq!(Exit::Waiting.graver(Exit::NotFound), Exit::NotFound);
    }
}
