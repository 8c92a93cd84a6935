use std::sync::Arc;

use stockade_workflow::{Fault, Kind, Memory, Namespace, NewMemory, Query, Remembered, RunId};

use super::bounds::{self, normalised};
use super::document::pieces;
use super::embedding::{Embed, unit};
use super::fault::{other_embedding, without_vectors};
use super::{Archive, Count, Forget, Kept, New, Page, Search, Vector};
use crate::Result;

/// How many texts are embedded at one time.
const BATCH: usize = 32;

/// The shortest recalled text that makes another one, which has it within, a repetition: a memory "yes" would otherwise
/// keep all that is said with that word from being kept.
const WITHIN_BYTES_MIN: usize = 24;

/// The long-term memory of a host: an archive, and the embedding that its vectors are of.
///
/// It has no clock: what depends on time is told it. Clones are cheap, and are the same memory.
#[derive(Clone)]
pub struct LongTerm {
    archive: Arc<dyn Archive>,
    embed: Arc<dyn Embed>,
}

/// An answer, and what a provider of embeddings charges for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charged<T> {
    /// The answer.
    pub value: T,
    /// The tokens that it took; none where vectors are made here.
    pub tokens: u64,
}

impl LongTerm {
    /// Opens a memory, and forgets what was not to be kept until now.
    ///
    /// # Errors
    ///
    /// Kind [`Invalid`](stockade_workflow::Kind::Invalid) with detail `embedding` where the archive has vectors of another embedding,
    /// which [`LongTerm::reembed`] makes anew. Kind [`Journal`](stockade_workflow::Kind::Journal) where the archive fails.
    pub async fn open(archive: Arc<dyn Archive>, embed: Arc<dyn Embed>, now_ms: u64) -> Result<Self> {
        archive.expire(now_ms).await?;
        match archive.embedding().await? {
            Some(kept) if kept != embed.name() => Err(other_embedding(&kept, embed.name())),
            _ => Ok(Self { archive, embed }),
        }
    }

    /// Makes the vectors of an archive anew, tells how many are done of how many, and opens it.
    ///
    /// What is there is searched as before until all new vectors are; if it is interrupted, it begins anew.
    ///
    /// # Errors
    ///
    /// Those of the embedding, and of [`LongTerm::open`]; detail `embedding` where the archive keeps no vectors.
    pub async fn reembed(
        archive: Arc<dyn Archive>,
        embed: Arc<dyn Embed>,
        now_ms: u64,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Charged<Self>> {
        if !archive.keeps_vectors() {
            return Err(without_vectors());
        }
        archive.expire(now_ms).await?;
        let memory = Self { archive, embed };
        let all = memory.counts(now_ms).await?.iter().map(|count| count.memories).sum();
        let (mut last, mut done, mut tokens) = (0, 0, 0);
        loop {
            let page = Page { after: last, limit: BATCH as u32, now_ms, ..Page::default() };
            let page = memory.archive.list(page).await?;
            let Some(end) = page.last() else {
                if memory.archive.adopt(memory.embed.name(), last).await? {
                    return Ok(Charged { value: memory, tokens });
                }
                continue;
            };
            let end = end.memory.id;
            tokens += memory.stage(&page, last == 0).await?;
            (last, done) = (end, done + page.len() as u64);
            progress(done, done.max(all));
        }
    }

    async fn stage(&self, page: &[Kept], first: bool) -> Result<u64> {
        let texts: Vec<_> = page.iter().map(|kept| kept.memory.text.clone()).collect();
        let Charged { value: vectors, tokens } = self.vectors(&texts).await?;
        let vectors = page.iter().zip(vectors).filter_map(|(kept, vector)| Some((kept.memory.id, vector?)));
        self.archive.stage(vectors.collect(), first).await?;
        Ok(tokens)
    }

    /// Keeps a note, unless it is there, or is what this run had recalled.
    ///
    /// Two texts that differ in their white space only are the same. A note is what was recalled where it is the same as one
    /// of these texts, is within one, or has one within that is no mere word: models say again what they were shown, and a
    /// memory that takes it in grows by its own echo.
    ///
    /// # Errors
    ///
    /// Kind [`Invalid`](stockade_workflow::Kind::Invalid) where the note is no note, too long, or one too many; those of the embedding;
    /// kind [`Journal`](stockade_workflow::Kind::Journal) where the archive fails.
    pub async fn remember(
        &self,
        note: &NewMemory,
        written_by: Option<(RunId, String)>,
        now_ms: u64,
        recalled: &[String],
    ) -> Result<Charged<Remembered>> {
        bounds::note(note)?;
        if let Some(id) = self.echo(note, now_ms, recalled).await? {
            return Ok(Charged { value: Remembered::Known(id), tokens: 0 });
        }
        let known = self.archive.known(&note.namespace, &note.text, now_ms).await?;
        let (vector, tokens) = if known.is_some() { (None, 0) } else { self.vector(&note.text).await? };
        let new = New { note: note.clone(), vector, written_by };
        Ok(Charged { value: self.archive.keep(new, now_ms).await?, tokens })
    }

    /// Returns the memory of which a note is the echo. It is in the note's namespace: what was recalled from another one may
    /// be kept in this one too.
    async fn echo(&self, note: &NewMemory, now_ms: u64, recalled: &[String]) -> Result<Option<u64>> {
        let text = normalised(&note.text);
        for recalled in recalled.iter().filter(|recalled| is_echo(&text, &normalised(recalled))) {
            if let Some(id) = self.archive.known(&note.namespace, recalled, now_ms).await? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Returns what fits a query best, best first.
    ///
    /// # Errors
    ///
    /// As [`LongTerm::remember`].
    pub async fn recall(&self, query: &Query, now_ms: u64) -> Result<Charged<Vec<Memory>>> {
        bounds::query(query)?;
        if query.limit == 0 {
            return Ok(Charged { value: Vec::new(), tokens: 0 });
        }
        let (vector, tokens) = self.vector(&query.text).await?;
        let Query { namespace, text, limit } = query.clone();
        let search = Search { namespace, words: Some(text), vector, floor: self.embed.floor(), limit, now_ms };
        Ok(Charged { value: self.archive.search(search).await?, tokens })
    }

    /// Keeps a document in pieces, in place of what there was of its source in its namespace, and tells how many pieces are
    /// embedded of how many.
    ///
    /// # Errors
    ///
    /// As [`LongTerm::remember`], and where the document names no source; then nothing is kept, and nothing forgotten.
    pub async fn add_document(
        &self,
        document: &NewMemory,
        now_ms: u64,
        progress: &(dyn Fn(usize, usize) + Send + Sync),
    ) -> Result<Charged<Vec<Remembered>>> {
        let source = bounds::document(document)?;
        let pieces = cut(document.text.clone()).await?;
        let (mut new, mut tokens) = (Vec::with_capacity(pieces.len()), 0);
        for batch in pieces.chunks(BATCH) {
            let vectors = self.vectors(batch).await?;
            tokens += vectors.tokens;
            new.extend(batch.iter().zip(vectors.value).map(|(text, vector)| piece(document, text, vector)));
            progress(new.len(), pieces.len());
        }
        Ok(Charged { value: self.archive.replace(&document.namespace, source, new, now_ms).await?, tokens })
    }

    /// Returns what is kept, oldest first.
    ///
    /// # Errors
    ///
    /// Kind [`Journal`](stockade_workflow::Kind::Journal), as for all below, where the archive fails.
    pub async fn list(&self, page: Page) -> Result<Vec<Kept>> {
        self.archive.list(page).await
    }

    /// Forgets, in one namespace or in all of them, and returns how many memories it were.
    ///
    /// # Errors
    ///
    /// As [`LongTerm::list`].
    pub async fn forget(&self, namespace: Option<&Namespace>, what: Forget) -> Result<u64> {
        self.archive.forget(namespace, what).await
    }

    /// Returns how many memories each namespace has.
    ///
    /// # Errors
    ///
    /// As [`LongTerm::list`].
    pub async fn counts(&self, now_ms: u64) -> Result<Vec<Count>> {
        self.archive.counts(now_ms).await
    }

    async fn vector(&self, text: &str) -> Result<(Option<Vector>, u64)> {
        let Charged { value, tokens } = self.vectors(&[text.to_owned()]).await?;
        Ok((value.into_iter().next().flatten(), tokens))
    }

    /// Returns the vector of each text, in their order. None is made, and paid for, that has no place.
    async fn vectors(&self, texts: &[String]) -> Result<Charged<Vec<Option<Vector>>>> {
        if !self.archive.keeps_vectors() {
            return Ok(Charged { value: vec![None; texts.len()], tokens: 0 });
        }
        let embedded = self.embed.embed(texts).await?;
        let name = self.embed.name();
        let mut vectors: Vec<_> = embedded.vectors.into_iter().map(|values| unit(name, values)).collect();
        vectors.resize(texts.len(), None);
        Ok(Charged { value: vectors, tokens: embedded.tokens })
    }
}

/// Cuts a document on a thread where it does not block other tasks: a long one takes a second.
async fn cut(text: String) -> Result<Vec<String>> {
    let task = tokio::task::spawn_blocking(move || pieces(&text).into_iter().map(String::from).collect());
    task.await.map_err(|error| Fault::new(Kind::HostBug, format!("a document could not be cut: {error}")))
}

fn piece(document: &NewMemory, text: &str, vector: Option<Vector>) -> New {
    New { note: NewMemory { text: text.to_owned(), ..document.clone() }, vector, written_by: None }
}

fn is_echo(text: &str, recalled: &str) -> bool {
    recalled.contains(text) || recalled.len() >= WITHIN_BYTES_MIN && text.contains(recalled)
}
