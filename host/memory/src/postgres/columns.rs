//! Memories that are to be kept, each of their parts a list.

use stockade_system::postgres::Parameter;
use stockade_workflow::Label;
use tokio_postgres::types::Type;

use super::words::words;
use crate::bounds::digest;
use crate::fault::{other_dimension, other_embedding};
use crate::lifetime::expiry;
use crate::{New, Result, Vector};

/// What the function of the database takes.
#[derive(Default)]
pub(super) struct Columns {
    texts: Vec<String>,
    digests: Vec<String>,
    words: Vec<String>,
    sources: Vec<String>,
    labels: Vec<String>,
    runs: Vec<Option<String>>,
    keys: Vec<Option<Vec<u8>>>,
    expiries: Vec<i64>,
    has_vector: Vec<bool>,
    vectors: Vectors,
}

/// Vectors of one embedding, their numbers one after the other.
#[derive(Default)]
pub(super) struct Vectors {
    embedding: Option<String>,
    dimension: i32,
    numbers: Vec<f32>,
}

impl Columns {
    /// Returns the parts of memories that are kept from now; their vectors only where there is a place for them.
    ///
    /// # Errors
    ///
    /// Their vectors are of several embeddings, or of several numbers of numbers.
    pub(super) fn of(new: &[New], now_ms: u64, with_vectors: bool) -> Result<Self> {
        let mut columns = Self::default();
        for New { note, vector, written_by } in new {
            let vector = vector.as_ref().filter(|_| with_vectors);
            columns.texts.push(note.text.clone());
            columns.digests.push(digest(&note.text));
            columns.words.push(words(&note.text));
            columns.sources.push(note.source.clone().unwrap_or_default());
            columns.labels.push(note.labels.iter().map(Label::to_string).collect::<Vec<_>>().join(","));
            columns.runs.push(written_by.as_ref().map(|(run, _)| run.to_string()));
            columns.keys.push(written_by.as_ref().map(|(_, key)| key.clone().into_bytes()));
            columns.expiries.push(expiry(now_ms, note.keep_ms));
            columns.has_vector.push(vector.is_some());
            vector.map_or(Ok(()), |vector| columns.vectors.add(vector))?;
        }
        Ok(columns)
    }

    /// The embedding of its vectors, and how many numbers each has.
    pub(super) fn embedding(&self) -> Option<(&str, usize)> {
        self.vectors.embedding()
    }

    /// The values of the places of the function, in their order.
    pub(super) fn parameters(&self) -> [Parameter<'_>; 12] {
        let [embedding, dimension, numbers] = self.vectors.parameters();
        [
            (&self.texts, Type::TEXT_ARRAY),
            (&self.digests, Type::TEXT_ARRAY),
            (&self.words, Type::TEXT_ARRAY),
            (&self.sources, Type::TEXT_ARRAY),
            (&self.labels, Type::TEXT_ARRAY),
            (&self.runs, Type::TEXT_ARRAY),
            (&self.keys, Type::BYTEA_ARRAY),
            (&self.expiries, Type::INT8_ARRAY),
            embedding,
            dimension,
            (&self.has_vector, Type::BOOL_ARRAY),
            numbers,
        ]
    }
}

impl Vectors {
    /// Adds a vector, which must be like the first.
    pub(super) fn add(&mut self, Vector { embedding, values }: &Vector) -> Result<()> {
        match self.embedding() {
            Some((kept, _)) if kept != embedding => return Err(other_embedding(kept, embedding)),
            Some((_, kept)) if kept != values.len() => return Err(other_dimension(embedding, kept, values.len())),
            Some(_) => {}
            None => {
                self.embedding = Some(embedding.clone());
                self.dimension = i32::try_from(values.len()).unwrap_or(i32::MAX);
            }
        }
        self.numbers.extend(values);
        Ok(())
    }

    pub(super) fn embedding(&self) -> Option<(&str, usize)> {
        let dimension = usize::try_from(self.dimension).unwrap_or_default();
        self.embedding.as_deref().map(|name| (name, dimension))
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 3] {
        [(&self.embedding, Type::TEXT), (&self.dimension, Type::INT4), (&self.numbers, Type::FLOAT4_ARRAY)]
    }
}
