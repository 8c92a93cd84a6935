//! What is read of the database, a statement each.

use stockade_system::postgres::{Parameter, Pool};
use stockade_workflow::Namespace;
use tokio_postgres::types::Type;

use super::refused::broken;
use super::row::{COLUMNS, cell, kept, namespace, number};
use super::stored;
use crate::bounds::digest;
use crate::{Count, Kept, Page, Result};

const EMBEDDING: &str = "
    SELECT e.name FROM stockade_memory.embeddings e
    WHERE e.searched AND EXISTS (SELECT 1 FROM stockade_memory.memories)";

const KNOWN: &str = "
    SELECT m.id FROM stockade_memory.memories m
    WHERE m.namespace = stockade_memory.place($1, $2, $3) AND m.digest = $4 AND m.expires_ms > $5";

const COUNTS: &str = "
    SELECT n.tenant, n.person, n.agent, count(*) AS memories FROM stockade_memory.memories m
    JOIN stockade_memory.namespaces n ON n.id = m.namespace WHERE m.expires_ms > $1
    GROUP BY n.id ORDER BY n.tenant, n.person, n.agent";

/// Asks whether there is a place for vectors, by a statement whose answer is in the column `vectors`.
pub(super) async fn has_vectors(pool: &Pool, question: &str) -> Result<bool> {
    let answer = pool.row(question, &[]).await.map_err(|failed| broken(pool, &failed))?;
    answer.map_or(Ok(false), |row| cell(pool, &row, "vectors"))
}

pub(super) async fn embedding(pool: &Pool) -> Result<Option<String>> {
    let row = pool.row(EMBEDDING, &[]).await.map_err(|failed| broken(pool, &failed))?;
    row.map(|row| cell(pool, &row, "name")).transpose()
}

pub(super) async fn known(pool: &Pool, place: &Namespace, text: &str, now_ms: u64) -> Result<Option<u64>> {
    let (Namespace { tenant, user, agent }, digest, now_ms) = (place, digest(text), stored(now_ms));
    let parameters: [Parameter<'_>; 5] =
        [(tenant, Type::TEXT), (user, Type::TEXT), (agent, Type::TEXT), (&digest, Type::TEXT), (&now_ms, Type::INT8)];
    let row = pool.row(KNOWN, &parameters).await.map_err(|failed| broken(pool, &failed))?;
    row.map(|row| number(pool, &row, "id")).transpose()
}

pub(super) async fn list(pool: &Pool, page: &Page) -> Result<Vec<Kept>> {
    let (everywhere, place) = (page.namespace.is_none(), page.namespace.clone().unwrap_or_default());
    let (after, now_ms, limit) = (stored(page.after), stored(page.now_ms), i64::from(page.limit));
    let select = format!(
        "SELECT {COLUMNS} FROM stockade_memory.memories m JOIN stockade_memory.namespaces n ON n.id = m.namespace
         WHERE m.id > $1 AND m.expires_ms > $2 AND ($3 OR (n.tenant = $4 AND n.person = $5 AND n.agent = $6))
           AND ($7 IS NULL OR EXISTS (SELECT 1 FROM stockade_memory.sources s WHERE s.source = $7 AND s.memory = m.id))
         ORDER BY m.id LIMIT $8"
    );
    let parameters: [Parameter<'_>; 8] = [
        (&after, Type::INT8),
        (&now_ms, Type::INT8),
        (&everywhere, Type::BOOL),
        (&place.tenant, Type::TEXT),
        (&place.user, Type::TEXT),
        (&place.agent, Type::TEXT),
        (&page.source, Type::TEXT),
        (&limit, Type::INT8),
    ];
    let rows = pool.query(&select, &parameters).await.map_err(|failed| broken(pool, &failed))?;
    rows.iter().map(|row| kept(pool, row)).collect()
}

pub(super) async fn counts(pool: &Pool, now_ms: u64) -> Result<Vec<Count>> {
    let now_ms = stored(now_ms);
    let rows = pool.query(COUNTS, &[(&now_ms, Type::INT8)]).await.map_err(|failed| broken(pool, &failed))?;
    let counts =
        rows.iter().map(|row| Ok(Count { namespace: namespace(pool, row)?, memories: number(pool, row, "memories")? }));
    counts.collect()
}
