//! Who may write to a run: one row for each run that was ever claimed or written to.

use std::collections::BTreeMap;

use stockade_system::postgres::{Failed, Parameter, Pool, stored};
use stockade_workflow::RunId;
use tokio::time::Instant;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::{LEASE, Lease, Result, refusal};

/// Takes a lease that is free or over. One that was taken by this very claim, before the connection broke, is taken already.
const CLAIM: &str = "
    INSERT INTO stockade.leases AS l (run, epoch, owner, until_ms, seq, commit_id)
    VALUES ($1::text::uuid, 1, $2::text::uuid, stockade.now_ms($4) + $5, 0, $3::text::uuid)
    ON CONFLICT (run) DO UPDATE SET
        epoch = l.epoch + CASE WHEN l.commit_id IS NOT DISTINCT FROM excluded.commit_id THEN 0 ELSE 1 END,
        owner = excluded.owner, until_ms = excluded.until_ms, commit_id = excluded.commit_id
    WHERE l.owner IS NULL OR l.until_ms <= stockade.now_ms($4) OR l.commit_id = excluded.commit_id
    RETURNING epoch";

/// Takes leases of several runs.
const CLAIM_EACH: &str = "
    SELECT run, epoch FROM stockade.claim_runs($1::text::uuid, $2, $3, $4::text[]::uuid[], $5::text[]::uuid[])";

/// Puts the end of a lease off. One that is over and that no other took is still its holder's.
const RENEW: &str = "
    UPDATE stockade.leases SET until_ms = stockade.now_ms($4) + $5
    WHERE run = $1::text::uuid AND owner = $2::text::uuid AND epoch = $3 RETURNING epoch";

const RELEASE: &str = "
    UPDATE stockade.leases SET owner = NULL, until_ms = 0
    WHERE run = $1::text::uuid AND owner = $2::text::uuid AND epoch = $3";

const RELEASE_ALL: &str = "
    UPDATE stockade.leases SET owner = NULL, until_ms = 0
    WHERE run = ANY ($1::text[]::uuid[]) AND owner = $2::text::uuid";

const HELD: &str = "
    SELECT 1 FROM stockade.leases
    WHERE run = $1::text::uuid AND owner IS NOT NULL AND until_ms > stockade.now_ms($2)";

/// A claim of a run. It has an id, by which it is known again where it is sent twice.
pub(super) struct Claim {
    id: String,
    pub(super) run: RunId,
}

impl Claim {
    pub(super) fn of(run: RunId) -> Self {
        Self { id: Uuid::now_v7().to_string(), run }
    }
}

/// Takes the lease of a run, unless another, or this opener itself, holds it.
pub(super) async fn claim(pool: &Pool, own: &str, Claim { id, run }: &Claim) -> Result<Option<Lease>, Failed> {
    let (key, now_ms, lease_ms) = (run.to_string(), pool.database().now_ms(), lease_ms());
    let parameters: [Parameter<'_>; 5] =
        [(&key, Type::TEXT), (&own, Type::TEXT), (&id, Type::TEXT), (&now_ms, Type::INT8), (&lease_ms, Type::INT8)];
    let Some(row) = pool.row(CLAIM, &parameters).await? else { return Ok(None) };
    let epoch: i64 = row.try_get(0).map_err(Failed::Refused)?;
    Ok(Some(taken(*run, epoch)))
}

/// Takes leases of different runs as [`claim`] takes one. Returns the answer to each claim; `None` where another transaction is
/// in the way, so that the claim is to be made by itself. The last of them waits since this moment.
pub(super) async fn claim_each(
    pool: &Pool,
    own: &str,
    claims: &[Claim],
    since: Instant,
) -> Result<Vec<Option<Result<Lease>>>, Failed> {
    let ids: Vec<_> = claims.iter().map(|claim| claim.id.as_str()).collect();
    let runs: Vec<_> = claims.iter().map(|claim| claim.run.to_string()).collect();
    let (now_ms, lease_ms) = (pool.database().now_ms(), lease_ms());
    let parameters: [Parameter<'_>; 5] = [
        (&own, Type::TEXT),
        (&now_ms, Type::INT8),
        (&lease_ms, Type::INT8),
        (&ids, Type::TEXT_ARRAY),
        (&runs, Type::TEXT_ARRAY),
    ];
    let mut found = BTreeMap::new();
    for row in pool.query_since(since, CLAIM_EACH, &parameters).await? {
        let run: String = row.try_get(0).map_err(Failed::Refused)?;
        found.insert(run, row.try_get::<_, Option<i64>>(1).map_err(Failed::Refused)?);
    }
    let said = |(claim, run): (&Claim, &String)| {
        let epoch = *found.get(run)?;
        Some(epoch.map(|epoch| taken(claim.run, epoch)).ok_or_else(|| refusal::busy(claim.run)))
    };
    Ok(claims.iter().zip(&runs).map(said).collect())
}

fn taken(run: RunId, epoch: i64) -> Lease {
    Lease { run, epoch: u64::try_from(epoch).unwrap_or_default() }
}

/// Says that the holder of a lease lives; returns whether it is its holder still.
pub(super) async fn renew(pool: &Pool, own: &str, Lease { run, epoch }: &Lease) -> Result<bool, Failed> {
    let (run, epoch, now_ms, lease_ms) = (run.to_string(), stored(*epoch), pool.database().now_ms(), lease_ms());
    let parameters: [Parameter<'_>; 5] =
        [(&run, Type::TEXT), (&own, Type::TEXT), (&epoch, Type::INT8), (&now_ms, Type::INT8), (&lease_ms, Type::INT8)];
    pool.row(RENEW, &parameters).await.map(|row| row.is_some())
}

/// Gives a lease back.
pub(super) async fn release(pool: &Pool, own: &str, Lease { run, epoch }: &Lease) -> Result<(), Failed> {
    let (run, epoch) = (run.to_string(), stored(*epoch));
    let parameters: [Parameter<'_>; 3] = [(&run, Type::TEXT), (&own, Type::TEXT), (&epoch, Type::INT8)];
    pool.query(RELEASE, &parameters).await.map(drop)
}

/// Gives all of these leases back that are the opener's.
pub(super) async fn release_all(pool: &Pool, own: &str, runs: &[RunId]) -> Result<(), Failed> {
    let runs: Vec<_> = runs.iter().map(RunId::to_string).collect();
    let parameters: [Parameter<'_>; 2] = [(&runs, Type::TEXT_ARRAY), (&own, Type::TEXT)];
    pool.query(RELEASE_ALL, &parameters).await.map(drop)
}

/// Returns whether an opener holds the lease of a run that was heard of lately.
pub(super) async fn is_held(pool: &Pool, run: RunId) -> Result<bool, Failed> {
    let (run, now_ms) = (run.to_string(), pool.database().now_ms());
    let parameters: [Parameter<'_>; 2] = [(&run, Type::TEXT), (&now_ms, Type::INT8)];
    pool.row(HELD, &parameters).await.map(|row| row.is_some())
}

/// How long a lease lasts.
pub(super) fn lease_ms() -> i64 {
    i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX)
}
