//! What fits a search best.

use rusqlite::{Connection, params};
use stockade_workflow::Memory;

use super::bounds::LIMIT_MAX;
use super::fault::Broken;
use super::fusion::fuse;
use super::rows::{bytes, one, place};
use super::tables::{self, Embedding};
use super::{Search, Vector, phrase};

/// How many of each ranking are fused for each that is wanted, and at least: what is far down in both can be ahead of what
/// is in one.
const CANDIDATES_EACH: usize = 4;
const CANDIDATES_MIN: usize = 50;

pub(super) fn search(connection: &Connection, search: &Search) -> Result<Vec<Memory>, Broken> {
    let Some(place) = place(connection, &search.namespace)? else { return Ok(Vec::new()) };
    let limit = search.limit.min(LIMIT_MAX) as usize;
    let candidates = (limit * CANDIDATES_EACH).max(CANDIDATES_MIN);
    let mut rankings = Vec::new();
    if let Some(expression) = search.words.as_ref().and_then(|words| phrase::any_word(&format!("n{place}"), words)) {
        rankings.push(by_words(connection, &expression, search.now_ms, candidates)?);
    }
    if let Some(vector) = &search.vector
        && let Some(embedding) = tables::searched(connection)?
    {
        embedding.check(vector)?;
        rankings.push(by_vector(connection, &embedding, place, vector, search, candidates)?);
    }
    let fused = fuse(&rankings, limit).into_iter();
    fused.map(|(id, score)| Ok(Memory { score, ..one(connection, id)?.memory })).collect()
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
) -> rusqlite::Result<Vec<u64>> {
    let select = format!(
        "SELECT rowid, distance FROM {}
         WHERE vector MATCH ?1 AND k = ?2 AND namespace = ?3 AND expires_ms > ?4 ORDER BY distance",
        embedding.table()
    );
    let mut select = connection.prepare_cached(&select)?;
    let rows = select.query_map(params![bytes(&vector.values), limit, place, search.now_ms], |row| {
        Ok((row.get::<_, u64>(0)?, row.get::<_, f32>(1)?))
    })?;
    let near = |row: &rusqlite::Result<(u64, f32)>| row.as_ref().map_or(true, |(_, away)| 1.0 - away >= search.floor);
    rows.filter(near).map(|row| row.map(|(id, _)| id)).collect()
}
