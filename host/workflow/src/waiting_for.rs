use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Fault;

/// What has to come before a run goes on that does not go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingFor {
    /// A person's decision on a question.
    Person,
    /// A person who finds out whether a call happened.
    Settlement,
    /// A signal.
    Signal,
    /// The result of a call, which its tool tells later.
    Result,
    /// The end of runs that it has started.
    Runs,
    /// A time.
    Time,
    /// An addition to its budget.
    Budget,
    /// Its being resumed after a pause.
    Resume,
}

impl WaitingFor {
    const NAMES: [(Self, &'static str); 8] = [
        (Self::Person, "person"),
        (Self::Settlement, "settlement"),
        (Self::Signal, "signal"),
        (Self::Result, "result"),
        (Self::Runs, "runs"),
        (Self::Time, "time"),
        (Self::Budget, "budget"),
        (Self::Resume, "resume"),
    ];

    /// What only a person can bring by looking at the run.
    pub const OF_PEOPLE: [Self; 2] = [Self::Person, Self::Settlement];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| name)
    }
}

impl fmt::Display for WaitingFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for WaitingFor {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Self::NAMES.iter().find(|(_, name)| *name == text).map(|(found, _)| *found).ok_or_else(|| {
            let names: Vec<_> = Self::NAMES.iter().map(|(_, name)| *name).collect();
            let message = format!("\"{text}\" is nothing that a run waits for; those are {}", names.join(", "));
            Fault::invalid("waiting_for", message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_what_it_names() {
        for (what, name) in WaitingFor::NAMES {
            assert_eq!((name.parse(), what.to_string().as_str()), (Ok(what), name));
            assert_eq!(serde_json::to_value(what).unwrap(), name);
        }
        assert!("godot".parse::<WaitingFor>().unwrap_err().message.contains("person, settlement"));
    }
}
