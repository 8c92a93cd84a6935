use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Fault, RunId};

/// Whose memories these are. A recall sees those of exactly one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Namespace {
    /// A customer of the operator.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tenant: String,
    /// A person.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// An agent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent: String,
}

/// A mark that data carries wherever it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// It came from a party who may want to mislead a model: a web page, a mail.
    Untrusted,
    /// It must not leave.
    Private,
}

/// Something to keep in the long-term memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewMemory {
    /// Whose it is.
    pub namespace: Namespace,
    /// What is kept.
    pub text: String,
    /// Where it came from: a file's name, an address, a message's id. All of a source can be forgotten at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The marks that it carries.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<Label>,
    /// For how many milliseconds it is kept; without it, until it is forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_ms: Option<u64>,
}

/// What to look for in the long-term memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Where to look.
    pub namespace: Namespace,
    /// What it is about.
    pub text: String,
    /// The most memories that are wanted.
    pub limit: u32,
}

/// Something that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Its number, by which it can be forgotten.
    pub id: u64,
    /// What was kept.
    pub text: String,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The marks that it carries.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<Label>,
    /// The run that wrote it, and the key of the effect; none where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<(RunId, String)>,
    /// When it was written, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// How well it fits what was looked for, in millionths of the best that there could be.
    pub score: u32,
}

/// What became of something that was to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remembered {
    /// It is kept, under this number.
    Kept(u64),
    /// It was there already, under this number, or is what this run had recalled from there.
    Known(u64),
    /// It is not.
    Failed(Fault),
}

/// What was found in the long-term memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recalled {
    /// These, best first.
    Found(Vec<Memory>),
    /// It could not be looked into.
    Failed(Fault),
}

impl Remembered {
    /// Returns why it was not kept, if it was not.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Kept(_) | Self::Known(_) => None,
            Self::Failed(fault) => Some(fault),
        }
    }
}

impl Recalled {
    /// Returns why nothing could be found, if nothing could.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Found(_) => None,
            Self::Failed(fault) => Some(fault),
        }
    }

    /// Returns how much memory it takes, about. A fault is small.
    pub fn memory_bytes(&self) -> u64 {
        match self {
            Self::Found(memories) => memories.iter().map(|memory| memory.text.len() as u64).sum(),
            Self::Failed(_) => 0,
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.user, self.agent)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untrusted => "untrusted",
            Self::Private => "private",
        })
    }
}
