use std::fmt::Display;
use std::path::Path;

use stockade_system::database;
use stockade_workflow::{Fault, Hint, Kind, Namespace};

use super::bounds::MEMORIES_MAX;

/// The family of what goes wrong with the storage: the memory is one of the host's own records, as the journal is.
const KIND: Kind = Kind::Journal;

/// Why a transaction did not come to its end.
pub(super) enum Broken {
    /// The storage failed.
    Sql(rusqlite::Error),
    /// It was refused.
    Refused(Fault),
}

impl From<rusqlite::Error> for Broken {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl Broken {
    pub(super) fn at(self, path: &Path) -> Fault {
        match self {
            Self::Sql(error) => failed_sql(path, &error),
            Self::Refused(fault) => fault,
        }
    }
}

pub(super) fn failed(path: &Path, error: impl Display) -> Fault {
    Fault::new(KIND, format!("the memory \"{}\" failed: {error}", path.display())).detail("memory")
}

pub(super) fn failed_sql(path: &Path, error: &rusqlite::Error) -> Fault {
    failed(path, format!("{error}{}", database::advice(path, error)))
}

pub(super) fn unusable(path: &Path, error: &rusqlite::Error) -> Fault {
    let advice = database::advice(path, error);
    Fault::new(KIND, format!("the memory \"{}\" cannot be used: {error}{advice}", path.display())).detail("open")
}

pub(super) fn foreign(path: &Path) -> Fault {
    Fault::new(KIND, format!("\"{}\" is not a stockade memory", path.display())).detail("foreign")
}

pub(super) fn newer(path: &Path, found: u32, known: u32) -> Fault {
    let path = path.display();
    let message =
        format!("\"{path}\" was written by a newer stockade (format {found}, this one knows {known}); use that one");
    Fault::new(KIND, message).detail("version")
}

/// What was kept has vectors that cannot be compared with those of the embedding that is configured now.
pub(super) fn other_embedding(kept: &str, configured: &str) -> Fault {
    let message = format!(
        "the memory's vectors are of the embedding \"{kept}\", and \"{configured}\" is configured; configure \
         \"{kept}\" to keep them"
    );
    Fault::invalid("embedding", message).hint(Hint::ReembedMemories)
}

pub(super) fn other_dimension(embedding: &str, kept: usize, given: usize) -> Fault {
    let message = format!("the embedding \"{embedding}\" gave {given} numbers where it gave {kept} before");
    Fault::invalid("embedding", message).hint(Hint::ReembedMemories)
}

pub(super) fn full(namespace: &Namespace, count: u64) -> Fault {
    let message =
        format!("the namespace \"{namespace}\" has {count} memories, and may have {MEMORIES_MAX} (limit \"memories\")");
    let fault = Fault::limit(Kind::Invalid, "memories", MEMORIES_MAX, count.saturating_add(1), message);
    fault.detail("memory").hint(Hint::ForgetMemories)
}

pub(super) fn no_such_memory(id: u64, namespace: Option<&Namespace>) -> Fault {
    let place = namespace.map(|namespace| format!(" in the namespace \"{namespace}\"")).unwrap_or_default();
    let message = format!("there is no memory {id}{place}, and nothing was forgotten");
    Fault::new(Kind::NotFound, message).detail("memory").hint(Hint::ListMemories)
}

/// A memory that keeps no vectors has none that could be made anew.
pub(super) fn without_vectors() -> Fault {
    let message = "this memory keeps no vectors: its database has not the extension \"vector\" (pgvector), or got it after the \
                   tables were made";
    Fault::invalid("embedding", message).hint(Hint::MigrateJournal)
}
