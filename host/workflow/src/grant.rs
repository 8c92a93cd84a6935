use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// What an operator gives to a tool. What is not granted is denied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "capability", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Grant {
    /// A database, under the name by which the tool asks for it.
    Sql {
        /// The name that the guest uses.
        name: String,
        /// Where the database is: `sqlite:PATH`. The guest never sees it.
        url: String,
        /// What may be done there.
        access: Access,
    },
}

/// Whether a grant allows changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Reads only; enforced by the database itself.
    ReadOnly,
    /// Reads and writes.
    ReadWrite,
}

/// What a component asks for: its imports, in our terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Capability {
    /// `stockade:host/sql`.
    Sql,
}

impl Grant {
    /// Grants reading a database under a name; add [`Grant::writable`] to allow changes.
    pub fn sql(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self::Sql { name: name.into(), url: url.into(), access: Access::ReadOnly }
    }

    /// Widens the grant to writing.
    #[must_use]
    pub fn writable(self) -> Self {
        match self {
            Self::Sql { name, url, .. } => Self::Sql { name, url, access: Access::ReadWrite },
        }
    }

    /// Returns the capability that this grant is of.
    pub fn capability(&self) -> Capability {
        match self {
            Self::Sql { .. } => Capability::Sql,
        }
    }

    /// Returns whether a tool that holds only this grant can change anything outside of its own call.
    pub fn has_effects(&self) -> bool {
        match self {
            Self::Sql { access, .. } => *access == Access::ReadWrite,
        }
    }
}

/// Returns one digest of a set of grants, whatever their order; an approval is bound to it.
pub fn grants_digest(grants: &[Grant]) -> Digest {
    let mut sorted = grants.to_vec();
    sorted.sort();
    Digest::of_json(&sorted)
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql { name, access: Access::ReadOnly, .. } => write!(f, "sql \"{name}\" (read-only)"),
            Self::Sql { name, access: Access::ReadWrite, .. } => write!(f, "sql \"{name}\" (read-write)"),
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql => f.write_str("sql"),
        }
    }
}
