use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Fault, Kind};

/// Who wanted that a run stands still, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The person or the program.
    pub by: String,
    /// Why, in the person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Stop {
    /// Wanted by a person or a program of this name.
    pub fn by(by: impl Into<String>) -> Self {
        Self { by: by.into(), reason: None }
    }

    /// Adds the reason.
    #[must_use]
    pub fn reason(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    /// Returns the fault with which a run has ended that was stopped so.
    pub fn fault(&self) -> Fault {
        Fault::new(Kind::Cancelled, format!("the run was stopped {self}"))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by \"{}\"", self.by)?;
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}
