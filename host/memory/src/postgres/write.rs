//! What is written to the database, a statement each, and so a transaction each.

use stockade_system::postgres::{Parameter, Pool};
use stockade_workflow::{Namespace, Remembered};
use tokio_postgres::types::Type;

use super::columns::{Columns, Vectors};
use super::refused::{Asked, broken};
use super::row::{cell, number};
use super::stored;
use crate::bounds::MEMORIES_MAX;
use crate::{Forget, Result};

const KEEP: &str = "
    SELECT id, is_new FROM stockade_memory.keep(
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text[]::uuid[], $13, $14, $15, $16, $17, $18)";

const FORGET: &str = "SELECT stockade_memory.forget($1, $2, $3, $4, $5, $6, $7::text::uuid) AS forgotten";

const EXPIRE: &str = "SELECT stockade_memory.expire($1) AS expired";

const STAGE: &str = "SELECT stockade_memory.stage($1, $2, $3, $4, $5)";

const ADOPT: &str = "SELECT stockade_memory.adopt($1, $2) AS adopted";

/// Keeps memories in a namespace, in place of what there was of a source, if one is named.
///
/// One whose answer was lost with the connection is known when the statement is sent again, unless it is of such a source.
pub(super) async fn keep(
    pool: &Pool,
    namespace: &Namespace,
    replaced: Option<&str>,
    columns: &Columns,
    now_ms: u64,
) -> Result<Vec<Remembered>> {
    let (Namespace { tenant, user, agent }, now_ms, most) = (namespace, stored(now_ms), stored(MEMORIES_MAX));
    let mut parameters: Vec<Parameter<'_>> = vec![
        (tenant, Type::TEXT),
        (user, Type::TEXT),
        (agent, Type::TEXT),
        (&now_ms, Type::INT8),
        (&replaced, Type::TEXT),
        (&most, Type::INT8),
    ];
    parameters.extend(columns.parameters());
    let asked = Asked { namespace: Some(namespace), embedding: columns.embedding() };
    let rows = pool.query(KEEP, &parameters).await.map_err(|failed| asked.fault(pool, &failed))?;
    let remembered = rows.iter().map(|row| {
        let id = number(pool, row, "id")?;
        Ok(if cell(pool, row, "is_new")? { Remembered::Kept(id) } else { Remembered::Known(id) })
    });
    remembered.collect()
}

/// It is sent once: where its answer is lost, it is not known whether it was done.
pub(super) async fn forget(pool: &Pool, namespace: Option<&Namespace>, what: &Forget) -> Result<u64> {
    let (everywhere, place) = (namespace.is_none(), namespace.cloned().unwrap_or_default());
    let (ids, source, run) = match what {
        Forget::Ids(ids) => (Some(ids.iter().map(|id| stored(*id)).collect::<Vec<_>>()), None, None),
        Forget::Source(source) => (None, Some(source), None),
        Forget::Run(run) => (None, None, Some(run.to_string())),
        Forget::All => (None, None, None),
    };
    let parameters: [Parameter<'_>; 7] = [
        (&everywhere, Type::BOOL),
        (&place.tenant, Type::TEXT),
        (&place.user, Type::TEXT),
        (&place.agent, Type::TEXT),
        (&ids, Type::INT8_ARRAY),
        (&source, Type::TEXT),
        (&run, Type::TEXT),
    ];
    let asked = Asked { namespace, embedding: None };
    let rows = pool.once(FORGET, &parameters).await.map_err(|failed| asked.fault(pool, &failed))?;
    rows.first().map_or(Ok(0), |row| number(pool, row, "forgotten"))
}

pub(super) async fn expire(pool: &Pool, now_ms: u64) -> Result<u64> {
    let now_ms = stored(now_ms);
    let row = pool.row(EXPIRE, &[(&now_ms, Type::INT8)]).await.map_err(|failed| broken(pool, &failed))?;
    row.map_or(Ok(0), |row| number(pool, &row, "expired"))
}

pub(super) async fn stage(pool: &Pool, ids: &[i64], vectors: &Vectors, first: bool) -> Result<()> {
    let [embedding, dimension, numbers] = vectors.parameters();
    let parameters: [Parameter<'_>; 5] =
        [(&ids, Type::INT8_ARRAY), embedding, dimension, numbers, (&first, Type::BOOL)];
    let asked = Asked { namespace: None, embedding: vectors.embedding() };
    pool.query(STAGE, &parameters).await.map(drop).map_err(|failed| asked.fault(pool, &failed))
}

pub(super) async fn adopt(pool: &Pool, embedding: &str, last: u64) -> Result<bool> {
    let last = stored(last);
    let parameters: [Parameter<'_>; 2] = [(&embedding, Type::TEXT), (&last, Type::INT8)];
    let row = pool.row(ADOPT, &parameters).await.map_err(|failed| broken(pool, &failed))?;
    row.map_or(Ok(false), |row| cell(pool, &row, "adopted"))
}
