use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Fault;

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes on by itself: a host drives it, or none has been looked for.
    Running,
    /// It would go on by itself, and no host that lives drives it. Only who knows the hosts can say so; a fold cannot.
    Interrupted,
    /// It waits for a person, a time, a signal or other runs.
    Waiting,
    /// Its budget is used up, and what was in flight has ended.
    Suspended,
    /// A person has paused it, and what was in flight has ended.
    Paused,
    /// It ended with an output.
    Done,
    /// It ended with a fault.
    Failed,
    /// A person has ended it.
    Stopped,
}

impl Status {
    /// Returns whether the run has ended.
    pub fn is_over(self) -> bool {
        match self {
            Self::Running | Self::Interrupted | Self::Waiting | Self::Suspended | Self::Paused => false,
            Self::Done | Self::Failed | Self::Stopped => true,
        }
    }

    /// The statuses of runs that have ended.
    pub const OVER: [Self; 3] = [Self::Done, Self::Failed, Self::Stopped];

    const NAMES: [(Self, &'static str); 8] = [
        (Self::Running, "running"),
        (Self::Interrupted, "interrupted"),
        (Self::Waiting, "waiting"),
        (Self::Suspended, "suspended"),
        (Self::Paused, "paused"),
        (Self::Done, "done"),
        (Self::Failed, "failed"),
        (Self::Stopped, "stopped"),
    ];
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(status, _)| status == self).map_or("", |(_, name)| name);
        f.pad(name)
    }
}

impl FromStr for Status {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let found = Self::NAMES.iter().find(|(_, name)| *name == text);
        found.map(|(status, _)| *status).ok_or_else(|| {
            let names: Vec<_> = Self::NAMES.iter().map(|(_, name)| *name).collect();
            Fault::invalid("status", format!("\"{text}\" is not a run's status; those are {}", names.join(", ")))
        })
    }
}
