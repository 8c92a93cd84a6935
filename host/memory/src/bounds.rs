//! What may be kept and looked for. All of it may be a model's words, or a customer's.

use stockade_workflow::{Digest, Fault, Kind, Namespace, NewMemory, Query};

use crate::Result;

/// The longest text of one memory: some pages. What is longer is a document, which is kept in pieces.
pub const TEXT_BYTES_MAX: usize = 16 << 10;

/// The longest document: a thick book. It is cut and its vectors are made before any of it is kept.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// The longest text to look for. Its words are so many lists to be merged, for all of a namespace.
pub const QUERY_BYTES_MAX: usize = 8 << 10;

/// The most memories that one query returns: what a model is shown of them is far less.
pub const LIMIT_MAX: u32 = 100;

/// The most memories of one namespace: each query compares its vector with all of them.
pub const MEMORIES_MAX: u64 = 100_000;

/// The longest name of a tenant, a user or an agent; they are in an index.
pub(super) const NAME_BYTES_MAX: usize = 256;

/// The longest source: addresses of the web are this long at most in practice. It is in an index.
pub(super) const SOURCE_BYTES_MAX: usize = 2 << 10;

/// Refuses a note that must not be kept.
pub(super) fn note(note: &NewMemory) -> Result<()> {
    namespace(&note.namespace)?;
    note.source.as_deref().map_or(Ok(()), source)?;
    text("text to remember", &note.text, "memory_text_bytes", TEXT_BYTES_MAX)
}

/// Refuses a document that must not be kept, and returns its source.
pub(super) fn document(note: &NewMemory) -> Result<&str> {
    namespace(&note.namespace)?;
    let without = || Fault::invalid("memory_source", "a document is kept under its source, and this one names none");
    let name = note.source.as_deref().ok_or_else(without)?;
    source(name)?;
    text("document", &note.text, "memory_document_bytes", DOCUMENT_BYTES_MAX).map(|()| name)
}

/// Refuses a query that is no query.
pub(super) fn query(query: &Query) -> Result<()> {
    namespace(&query.namespace)?;
    text("text to look for", &query.text, "memory_query_bytes", QUERY_BYTES_MAX)?;
    at_most("a query's limit", "memory_limit", LIMIT_MAX.into(), query.limit.into())
}

fn namespace(Namespace { tenant, user, agent }: &Namespace) -> Result<()> {
    for (what, name) in [("tenant", tenant), ("user", user), ("agent", agent)] {
        at_most(what, "memory_name_bytes", NAME_BYTES_MAX as u64, name.len() as u64)?;
        without_nul(what, name)?;
    }
    Ok(())
}

fn source(source: &str) -> Result<()> {
    if source.is_empty() {
        return Err(Fault::invalid("memory_source", "a source has a name, and this one is empty"));
    }
    at_most("a source's name", "memory_source_bytes", SOURCE_BYTES_MAX as u64, source.len() as u64)?;
    without_nul("source", source)
}

fn text(what: &str, text: &str, limit: &str, bytes_max: usize) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Fault::invalid("memory_text", format!("the {what} is empty")));
    }
    at_most(&format!("the {what}"), limit, bytes_max as u64, text.len() as u64)?;
    without_nul(what, text)
}

fn at_most(what: &str, limit: &str, allowed: u64, used: u64) -> Result<()> {
    if used <= allowed {
        return Ok(());
    }
    let message = format!("{what} is {used}, and the memory takes {allowed} at most (limit \"{limit}\")");
    Err(Fault::limit(Kind::Invalid, limit, allowed, used, message).detail("memory"))
}

/// Full text ends at a NUL for some of what reads it, and goes on for the rest.
fn without_nul(what: &str, text: &str) -> Result<()> {
    match text.find('\0') {
        Some(at) => Err(Fault::invalid("memory_text", format!("the {what} has a NUL at byte {at}"))),
        None => Ok(()),
    }
}

/// Returns a text with one space wherever it has white space: two texts that are the same but for it are the same.
pub(super) fn normalised(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns what tells a text from others in its namespace.
pub(super) fn digest(text: &str) -> String {
    Digest::of(normalised(text).as_bytes()).hex().to_owned()
}
