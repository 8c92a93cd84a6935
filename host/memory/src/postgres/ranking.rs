//! What fits a search best.

use std::collections::{BTreeSet, HashMap};

use stockade_system::postgres::{Parameter, Pool};
use stockade_workflow::{Memory, Namespace};
use tokio_postgres::types::Type;

use super::refused::{Asked, broken};
use super::row::{COLUMNS, cell, kept, number};
use super::stored;
use super::words::words;
use crate::bounds::LIMIT_MAX;
use crate::fit::{candidates, fit};
use crate::fusion::fuse;
use crate::{Result, Search, Vector, phrase};

const BY_WORDS: &str = "SELECT id FROM stockade_memory.by_words($1, $2, $3, $4, $5, $6)";

const BY_VECTOR: &str = "SELECT id, similarity FROM stockade_memory.by_vector($1, $2, $3, $4, $5, $6, $7, $8)";

/// Searches the words and, where the database has a place for vectors, those too.
///
/// It is three statements. What is forgotten between two of them is left out.
pub(super) async fn search(pool: &Pool, with_vectors: bool, search: &Search) -> Result<Vec<Memory>> {
    let limit = search.limit.min(LIMIT_MAX) as usize;
    let candidates = i32::try_from(candidates(limit)).unwrap_or(i32::MAX);
    let terms = search.words.as_deref().map(terms).unwrap_or_default();
    let mut rankings = Vec::new();
    if !terms.is_empty() {
        rankings.push(by_words(pool, search, &terms, candidates).await?);
    }
    let mut near = None;
    if let Some(vector) = search.vector.as_ref().filter(|_| with_vectors) {
        let found = by_vector(pool, search, vector, candidates).await?;
        rankings.push(found.iter().map(|(id, _)| *id).collect());
        near = Some(found.into_iter().collect::<HashMap<_, _>>());
    }
    these(pool, &fuse(&rankings, limit), &terms, near.as_ref(), search.now_ms).await
}

/// The terms that are looked for, each as its words.
fn terms(text: &str) -> Vec<String> {
    let terms: BTreeSet<_> = phrase::terms(text).iter().map(|term| words(term)).collect();
    terms.into_iter().filter(|term| !term.is_empty()).collect()
}

async fn by_words(pool: &Pool, search: &Search, terms: &[String], limit: i32) -> Result<Vec<u64>> {
    let (Namespace { tenant, user, agent }, now_ms) = (&search.namespace, stored(search.now_ms));
    let parameters: [Parameter<'_>; 6] = [
        (tenant, Type::TEXT),
        (user, Type::TEXT),
        (agent, Type::TEXT),
        (&now_ms, Type::INT8),
        (&terms, Type::TEXT_ARRAY),
        (&limit, Type::INT4),
    ];
    let rows = pool.query(BY_WORDS, &parameters).await.map_err(|failed| broken(pool, &failed))?;
    rows.iter().map(|row| number(pool, row, "id")).collect()
}

/// The nearest vectors of a namespace, each with its similarity.
async fn by_vector(pool: &Pool, search: &Search, vector: &Vector, limit: i32) -> Result<Vec<(u64, f32)>> {
    let (Namespace { tenant, user, agent }, now_ms) = (&search.namespace, stored(search.now_ms));
    let parameters: [Parameter<'_>; 8] = [
        (tenant, Type::TEXT),
        (user, Type::TEXT),
        (agent, Type::TEXT),
        (&now_ms, Type::INT8),
        (&vector.embedding, Type::TEXT),
        (&vector.values, Type::FLOAT4_ARRAY),
        (&search.floor, Type::FLOAT4),
        (&limit, Type::INT4),
    ];
    let asked = Asked { namespace: None, embedding: Some((&vector.embedding, vector.values.len())) };
    let rows = pool.query(BY_VECTOR, &parameters).await.map_err(|failed| asked.fault(pool, &failed))?;
    rows.iter().map(|row| Ok((number(pool, row, "id")?, cell(pool, row, "similarity")?))).collect()
}

/// Returns these memories, in this order, with how well each fits.
async fn these(
    pool: &Pool,
    ids: &[u64],
    terms: &[String],
    near: Option<&HashMap<u64, f32>>,
    now_ms: u64,
) -> Result<Vec<Memory>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (ids, now_ms) = (ids.iter().map(|id| stored(*id)).collect::<Vec<_>>(), stored(now_ms));
    let select = format!(
        "SELECT f.has, {COLUMNS} FROM stockade_memory.these($1, $2, $3) f JOIN stockade_memory.memories m ON m.id = f.id
         JOIN stockade_memory.namespaces n ON n.id = m.namespace ORDER BY array_position($1, m.id)"
    );
    let parameters: [Parameter<'_>; 3] = [(&ids, Type::INT8_ARRAY), (&terms, Type::TEXT_ARRAY), (&now_ms, Type::INT8)];
    let rows = pool.query(&select, &parameters).await.map_err(|failed| broken(pool, &failed))?;
    let memories = rows.iter().map(|row| {
        let (memory, has) = (kept(pool, row)?.memory, number(pool, row, "has")?);
        let words = (!terms.is_empty()).then(|| has as f32 / terms.len() as f32);
        let similarity = near.map(|near| near.get(&memory.id).copied().unwrap_or_default());
        Ok(Memory { score: fit(words, similarity), ..memory })
    });
    memories.collect()
}
