//! What fits a search best.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use stockade_workflow::Memory;

use super::bounds::LIMIT_MAX;
use super::fault::Broken;
use super::fit::{candidates, fit};
use super::fusion::fuse;
use super::rows::{bytes, one, place};
use super::tables::{self, Embedding};
use super::{Search, Vector, phrase};

pub(super) fn search(connection: &Connection, search: &Search) -> Result<Vec<Memory>, Broken> {
    let Some(place) = place(connection, &search.namespace)? else { return Ok(Vec::new()) };
    let limit = search.limit.min(LIMIT_MAX) as usize;
    let candidates = candidates(limit);
    let (scope, terms) = (format!("n{place}"), search.words.as_deref().map(phrase::terms).unwrap_or_default());
    let mut rankings = Vec::new();
    if let Some(expression) = phrase::any(&scope, &terms) {
        rankings.push(by_words(connection, &expression, search.now_ms, candidates)?);
    }
    let mut near = None;
    if let Some(vector) = &search.vector
        && let Some(embedding) = tables::searched(connection)?
    {
        embedding.check(vector)?;
        let found = by_vector(connection, &embedding, place, vector, search, candidates)?;
        rankings.push(found.iter().map(|(id, _)| *id).collect());
        near = Some(found.into_iter().collect::<HashMap<_, _>>());
    }
    let fused = fuse(&rankings, limit).into_iter();
    fused
        .map(|id| {
            let words = share(connection, &scope, &terms, id)?;
            let similarity = near.as_ref().map(|near| near.get(&id).copied().unwrap_or_default());
            Ok(Memory { score: fit(words, similarity), ..one(connection, id)?.memory })
        })
        .collect()
}

/// The share of the words that a memory has; none where there are no words.
fn share(connection: &Connection, scope: &str, terms: &[String], id: u64) -> rusqlite::Result<Option<f32>> {
    let mut select = connection.prepare_cached("SELECT 1 FROM words WHERE words MATCH ?1 AND rowid = ?2")?;
    let mut has = 0_u16;
    for term in terms {
        let expression = phrase::any(scope, std::slice::from_ref(term));
        has += u16::from(select.exists(params![expression, id])?);
    }
    Ok((!terms.is_empty()).then(|| f32::from(has) / terms.len() as f32))
}

fn by_words(connection: &Connection, expression: &str, now_ms: u64, limit: usize) -> rusqlite::Result<Vec<u64>> {
    let mut select = connection.prepare_cached(
        "SELECT m.id FROM words JOIN memories m ON m.id = words.rowid
         WHERE words MATCH ?1 AND m.expires_ms > ?2 ORDER BY bm25(words, 0.0, 1.0), m.id DESC LIMIT ?3",
    )?;
    select.query_map(params![expression, now_ms, limit], |row| row.get(0))?.collect()
}

/// The nearest vectors of a namespace. It is the partition of the table, and what has expired is left out there too, so
/// that neither takes a place from those that count.
fn by_vector(
    connection: &Connection,
    embedding: &Embedding,
    place: i64,
    vector: &Vector,
    search: &Search,
    limit: usize,
) -> rusqlite::Result<Vec<(u64, f32)>> {
    let select = format!(
        "SELECT rowid, distance FROM {}
         WHERE vector MATCH ?1 AND k = ?2 AND namespace = ?3 AND expires_ms > ?4 ORDER BY distance",
        embedding.table()
    );
    let mut select = connection.prepare_cached(&select)?;
    let rows = select.query_map(params![bytes(&vector.values), limit, place, search.now_ms], |row| {
        Ok((row.get::<_, u64>(0)?, row.get::<_, f32>(1)?))
    })?;
    let rows = rows.map(|row| row.map(|(id, away)| (id, 1.0 - away)));
    rows.filter(|row| row.as_ref().map_or(true, |(_, similarity)| *similarity >= search.floor)).collect()
}
