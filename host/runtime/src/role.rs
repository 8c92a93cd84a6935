//! What a principal may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stockade_workflow::Fault;

use crate::Result;

/// What a principal may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads, and starts, stops, pauses and resumes runs, runs code, searches the memory, sends signals, and adds to budgets.
    Operator,
    /// Reads, decides on questions, and settles calls in doubt.
    Approver,
    /// Does everything.
    Admin,
}

/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// To read.
    Read,
    /// To change runs in any other way.
    Operate,
    /// To decide on a question, or to settle a call in doubt.
    Approve,
    /// To do what concerns the whole host, such as a call of a tool outside of any run.
    Administer,
}

impl Role {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Approver, Self::Admin];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// Returns whether it has a right.
    pub fn has(self, right: Right) -> bool {
        match (self, right) {
            (Self::Admin, _) | (_, Right::Read) => true,
            (Self::Operator, Right::Operate) | (Self::Approver, Right::Approve) => true,
            (Self::Viewer | Self::Approver, Right::Operate)
            | (Self::Viewer | Self::Operator, Right::Approve)
            | (Self::Viewer | Self::Operator | Self::Approver, Right::Administer) => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Fault::invalid("role", format!("\"{text}\" is not a role; those are {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_the_rights_of_its_work_and_every_role_reads() {
        let rights = [Right::Read, Right::Operate, Right::Approve, Right::Administer];
        let of = |role: Role| rights.map(|right| role.has(right));
        assert_eq!(of(Role::Viewer), [true, false, false, false]);
        assert_eq!(of(Role::Operator), [true, true, false, false]);
        assert_eq!(of(Role::Approver), [true, false, true, false]);
        assert_eq!(of(Role::Admin), [true; 4]);
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
    }
}
