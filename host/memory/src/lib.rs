//! The long-term memory of Stockade: what is kept beyond a run, and found again by its words and by what it is about.
//!
//! [`LongTerm`] is what the host uses: it refuses what is too much, makes the vectors, and hands both to an [`Archive`],
//! which is where memories are kept: [`SqliteArchive`] is one file, and with the feature `postgres`, `PostgresArchive` is in a
//! PostgreSQL database, which many hosts share.
//!
//! A memory belongs to one [`Namespace`], and a query sees those of one: the archive returns nothing of another, and no limit
//! can be reached by what is elsewhere. Only how rare a word is, is counted over all of them in a file.

#![warn(missing_docs, clippy::print_stderr, clippy::print_stdout)]

mod bounds;
mod common;
mod document;
mod embedding;
mod fault;
mod fit;
mod form;
mod fusion;
mod lexical;
mod lifetime;
mod long_term;
mod phrase;
#[cfg(feature = "postgres")]
pub mod postgres;
mod provider;
mod ranking;
mod rows;
mod sqlite;
#[cfg(feature = "static-embeddings")]
mod static_model;
mod tables;
mod vec;

use async_trait::async_trait;
use serde::Serialize;
use stockade_workflow::{Fault, Memory, Namespace, NewMemory, Remembered, RunId};

pub use bounds::{DOCUMENT_BYTES_MAX, LIMIT_MAX, MEMORIES_MAX, QUERY_BYTES_MAX, TEXT_BYTES_MAX};
pub use embedding::{Embed, Embedded};
pub use lexical::Lexical;
pub use long_term::{Charged, LongTerm};
#[cfg(feature = "postgres")]
pub use postgres::PostgresArchive;
pub use provider::{Provider, Service};
pub use sqlite::SqliteArchive;
#[cfg(feature = "static-embeddings")]
pub use static_model::Static;

/// What every fallible function of this crate returns.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

/// Where memories are kept.
///
/// An implementation guarantees that a memory is in all of its indexes or in none, that it survives power loss once it was
/// kept, that a search reads no namespace but its own, and that what has expired is not returned.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Returns whether it has a place for vectors. Where it has not, memories are found by their words alone, and the vectors that
    /// it is handed are left out.
    fn keeps_vectors(&self) -> bool {
        true
    }

    /// Returns the name of the embedding that the vectors are of; none where nothing is kept.
    ///
    /// # Errors
    ///
    /// Kind [`Journal`](stockade_workflow::Kind::Journal), as for all of these, where the storage fails.
    async fn embedding(&self) -> Result<Option<String>>;

    /// Returns the memory with this text, however its white space is, in a namespace.
    ///
    /// # Errors
    ///
    /// As [`Archive::embedding`].
    async fn known(&self, namespace: &Namespace, text: &str, now_ms: u64) -> Result<Option<u64>>;

    /// Keeps a text, unless it is there; then that one is kept as long as both should be, has the marks of both, and is of both
    /// sources: it is there until it is forgotten of each.
    ///
    /// # Errors
    ///
    /// Kind [`Invalid`](stockade_workflow::Kind::Invalid) where the namespace is full, or the vector is of another embedding.
    async fn keep(&self, new: New, now_ms: u64) -> Result<Remembered>;

    /// Forgets what is of a source in a namespace, and keeps these in its place, in one transaction.
    ///
    /// # Errors
    ///
    /// As [`Archive::keep`].
    async fn replace(&self, namespace: &Namespace, source: &str, new: Vec<New>, now_ms: u64)
    -> Result<Vec<Remembered>>;

    /// Returns the memories of a namespace that fit best, best first.
    ///
    /// # Errors
    ///
    /// As [`Archive::keep`].
    async fn search(&self, search: Search) -> Result<Vec<Memory>>;

    /// Returns what is kept, oldest first.
    ///
    /// # Errors
    ///
    /// As [`Archive::embedding`].
    async fn list(&self, page: Page) -> Result<Vec<Kept>>;

    /// Forgets, in one namespace or in all of them, and returns how much.
    ///
    /// # Errors
    ///
    /// As [`Archive::embedding`], and kind [`NotFound`](stockade_workflow::Kind::NotFound) where one of the numbers is no memory's; then
    /// nothing is forgotten.
    async fn forget(&self, namespace: Option<&Namespace>, what: Forget) -> Result<u64>;

    /// Forgets what was not to be kept until now, and returns how much.
    ///
    /// # Errors
    ///
    /// As [`Archive::embedding`].
    async fn expire(&self, now_ms: u64) -> Result<u64>;

    /// Returns how many memories each namespace has.
    ///
    /// # Errors
    ///
    /// As [`Archive::embedding`].
    async fn counts(&self, now_ms: u64) -> Result<Vec<Count>>;

    /// Puts vectors of another embedding beside those that are searched; the first of them in place of what such an
    /// attempt left behind.
    ///
    /// # Errors
    ///
    /// As [`Archive::embedding`].
    async fn stage(&self, vectors: Vec<(u64, Vector)>, first: bool) -> Result<()>;

    /// Searches the vectors of this embedding from now on, and drops all others; or returns that it did not, for there are
    /// memories later than the last that was staged.
    ///
    /// # Errors
    ///
    /// As [`Archive::embedding`].
    async fn adopt(&self, embedding: &str, last: u64) -> Result<bool>;
}

/// What is to be kept.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The text, with whose it is and where it came from.
    pub note: NewMemory,
    /// What it is about; without it, it is found by its words only.
    pub vector: Option<Vector>,
    /// The run that writes it, and the key of the effect.
    pub written_by: Option<(RunId, String)>,
}

/// What a text is about, as an embedding puts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// The name of the embedding: only vectors of the same can be compared.
    pub embedding: String,
    /// Its numbers, of length one together.
    pub values: Vec<f32>,
}

/// What is looked for. What is searched are the vectors where there is one, the words where there are some, or both.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Where.
    pub namespace: Namespace,
    /// By these words.
    pub words: Option<String>,
    /// By what it is about.
    pub vector: Option<Vector>,
    /// The least similarity of vectors, from -1 to 1, that counts.
    pub floor: f32,
    /// The most memories that are wanted.
    pub limit: u32,
    /// The time.
    pub now_ms: u64,
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Of this namespace; without it, of all.
    pub namespace: Option<Namespace>,
    /// Of this source; without it, of all.
    pub source: Option<String>,
    /// Those with higher numbers than this.
    pub after: u64,
    /// No more than so many.
    pub limit: u32,
    /// The time.
    pub now_ms: u64,
}

/// A memory in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Whose it is.
    pub namespace: Namespace,
    /// The memory; it was not looked for, so it has no score.
    #[serde(flatten)]
    pub memory: Memory,
    /// The sources that have the same text, beside the memory's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also_in: Vec<String>,
    /// Until when it is kept, in milliseconds since the Unix epoch; without it, until it is forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<u64>,
}

/// How many memories a namespace has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The namespace.
    pub namespace: Namespace,
    /// How many.
    pub memories: u64,
}

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forget {
    /// The memories with these numbers.
    Ids(Vec<u64>),
    /// All of a source.
    Source(String),
    /// All that a run wrote.
    Run(RunId),
    /// Everything.
    All,
}
