use std::fmt;

use serde::{Deserialize, Serialize};

use crate::RunId;

/// What helps after a [`Fault`](crate::Fault), as data: each edge says it in its own words.
///
/// A command line names its command. `Display` names the method of the library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// The list of the runs has the right id.
    ListRuns,
    /// The journal of this run has the right key.
    ShowRun(RunId),
    /// Resuming this run drives it on.
    ResumeRun(RunId),
    /// This run is removed if that is demanded.
    RemoveByForce(RunId),
    /// The language of this name can be added.
    AddLanguage(String),
    /// A tool can be made of code that ran here.
    PromoteCode,
    /// Pulling this reference tells its digest.
    PullComponent(String),
    /// The list of the memories has the right one.
    ListMemories,
    /// Forgetting makes room for other memories.
    ForgetMemories,
    /// The vectors of all memories can be made again.
    ReembedMemories,
    /// A person may accept what the server of this name, of the Model Context Protocol, offers.
    AcceptServer(String),
    /// The tables of the journal, or of the memory, can be changed to the version of this program.
    MigrateJournal,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ListRuns => "`Host::runs` lists them",
            Self::ShowRun(_) => "`Host::entries` returns what it has",
            Self::ResumeRun(_) => "`Host::resume` drives it on",
            Self::RemoveByForce(_) => "`Host::remove` with `force` removes it all the same",
            Self::AddLanguage(_) => "`Builder::language` adds it",
            Self::PromoteCode => "`Host::promote` makes a tool of code that ran here",
            Self::PullComponent(_) => "`Host::pull` returns it",
            Self::ListMemories => "`LongTerm::list` lists them",
            Self::ForgetMemories => "`LongTerm::forget` makes room",
            Self::ReembedMemories => "`LongTerm::reembed` makes all vectors again",
            Self::AcceptServer(_) => "`Client::pin` of stockade-mcp-client accepts it",
            Self::MigrateJournal => "`PostgresJournal::migrate`, or `PostgresArchive::migrate`, changes them",
        })
    }
}
