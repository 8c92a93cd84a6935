//! How the rows of entries, and the blobs that they name, are sealed anew.
//!
//! Each statement is a transaction of its own, as all are here, and none relies on the one before it: what was left half-way is found
//! again by what it begins with.

use std::collections::{BTreeMap, BTreeSet};

use stockade_system::postgres::{Failed, Parameter, Pool, stored};
use stockade_workflow::{Fault, Kind, RunId};
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

use super::{PostgresJournal, entries};
use crate::Result;
use crate::codec::{self, Blob, BlobDigest, Head, Unread};
use crate::keyring::Keyring;

/// How many rows are changed in one statement.
const ROWS_AT_ONCE: i64 = 64;

/// How often a run is tried whose driver writes meanwhile.
const ATTEMPTS_MAX: usize = 16;

/// The runs that have a row, or name a blob, which is not as it would be written now: it does not begin so.
const RUNS: &str = "
    SELECT run::text FROM stockade.entries WHERE substring(change FROM 1 FOR $1) IS DISTINCT FROM $2
    UNION
    SELECT r.run::text FROM stockade.blob_runs r JOIN stockade.blobs b ON b.digest = r.digest
    WHERE r.run <> '00000000-0000-0000-0000-000000000000'::uuid AND substring(b.bytes FROM 1 FOR $1) IS DISTINCT FROM $2
    ORDER BY 1";

const STALE: &str = "
    SELECT seq, change FROM stockade.entries
    WHERE run = $1::text::uuid AND substring(change FROM 1 FOR $2) IS DISTINCT FROM $3 ORDER BY seq LIMIT $4";

const KEEP: &str = "SELECT stockade.keep_blobs($1::text::uuid, $2, $3)";

/// Changes rows that are as they were seen.
const CHANGE: &str = "
    UPDATE stockade.entries e SET change = n.after FROM unnest($2, $3, $4) AS n(seq, before, after)
    WHERE e.run = $1::text::uuid AND e.seq = n.seq AND e.change = n.before RETURNING e.seq";

const SEQ: &str = "SELECT seq FROM stockade.leases WHERE run = $1::text::uuid";

/// What rows say before they are unpacked: no row has so many blobs that it would be longer.
const HEADS: &str = "SELECT seq, substring(change FROM 1 FOR 1048576) FROM stockade.entries WHERE run = $1::text::uuid";

const STALE_BLOBS: &str = "
    SELECT r.digest FROM stockade.blob_runs r JOIN stockade.blobs b ON b.digest = r.digest
    WHERE r.run = $1::text::uuid AND substring(b.bytes FROM 1 FOR $2) IS DISTINCT FROM $3";

/// Hands blobs that a run no longer names to the run of no run, unless the run was written to meanwhile: it may name them again.
const GIVE: &str = "
    WITH lease AS MATERIALIZED (
        SELECT 1 FROM stockade.leases l WHERE l.run = $1::text::uuid AND l.seq = $2 FOR UPDATE
    ), given AS (
        DELETE FROM stockade.blob_runs r USING lease WHERE r.run = $1::text::uuid AND r.digest = ANY ($3) RETURNING r.digest
    ), kept AS (
        INSERT INTO stockade.blob_runs (run, digest)
        SELECT '00000000-0000-0000-0000-000000000000'::uuid, g.digest FROM given g ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM lease";

/// Removes what was handed over and no other run names.
const DROP: &str = "SELECT stockade.drop_blobs('00000000-0000-0000-0000-000000000000'::uuid)";

/// Which keys rows and blobs name: 8 bytes behind a 2, which says that they are sealed.
const KEYS: &str = r"
    SELECT CASE WHEN substring(change FROM 1 FOR 1) = '\x02'::bytea THEN substring(change FROM 2 FOR 8) END, count(*)
    FROM stockade.entries GROUP BY 1
    UNION ALL
    SELECT CASE WHEN substring(bytes FROM 1 FOR 1) = '\x02'::bytea THEN substring(bytes FROM 2 FOR 8) END, count(*)
    FROM stockade.blobs GROUP BY 1";

impl PostgresJournal {
    /// Seals what is written from now on with these keys, and opens what is sealed already.
    #[must_use]
    pub fn sealed_with(mut self, keys: Keyring) -> Self {
        self.keys = keys;
        self
    }
}

/// Returns what rows and blobs say of their keys, with how many say so.
pub(super) async fn keys_in_use(pool: &Pool) -> Result<Vec<(Option<Vec<u8>>, u64)>> {
    let rows = pool.query(KEYS, &[]).await.map_err(|failed| pool.fault(&failed))?;
    let used = |row: &Row| -> Result<(Option<Vec<u8>>, u64), Error> {
        Ok((row.try_get(0)?, u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or_default()))
    };
    let used = rows.iter().map(used).collect::<Result<Vec<_>, Error>>();
    used.map_err(|error| pool.fault(&Failed::Refused(error)))
}

/// Returns the runs that have something to be sealed anew.
pub(super) async fn runs(pool: &Pool, keys: &Keyring) -> Result<Vec<RunId>> {
    let (prefix, length) = prefix(keys);
    let rows = pool.query(RUNS, &[(&length, Type::INT4), (&prefix, Type::BYTEA)]).await;
    let rows = rows.map_err(|failed| pool.fault(&failed))?;
    let run = |row: &Row| -> Result<RunId> {
        let text: &str = row.try_get(0).map_err(|error| pool.fault(&Failed::Refused(error)))?;
        let wrong = || Fault::new(Kind::Journal, format!("\"{text}\" is not the id of a run")).detail("entry");
        text.parse().map_err(|_| wrong())
    };
    rows.iter().map(run).collect()
}

/// Seals a run anew, and returns how many of its rows were changed.
pub(super) async fn run(pool: &Pool, keys: &Keyring, run: RunId) -> Result<u64> {
    let (prefix, length) = prefix(keys);
    let sealer = Sealer { pool, keys, run, id: run.to_string(), prefix, length };
    let mut changed = 0;
    for _ in 0..ATTEMPTS_MAX {
        // A run that has no lease was removed meanwhile.
        let Some(seq) = sealer.seq().await? else { return Ok(changed) };
        while let Some(some) = sealer.some().await? {
            changed += some;
        }
        if sealer.give_back(seq).await? {
            return Ok(changed);
        }
    }
    let message =
        format!("run {run} is written to all the time, under a key that is not the one that seals here; begin again");
    Err(Fault::new(Kind::Conflict, message).detail("busy"))
}

fn prefix(keys: &Keyring) -> (Vec<u8>, i32) {
    let prefix = codec::prefix(keys);
    let length = i32::try_from(prefix.len()).unwrap_or(i32::MAX);
    (prefix, length)
}

struct Sealer<'a> {
    pool: &'a Pool,
    keys: &'a Keyring,
    run: RunId,
    id: String,
    prefix: Vec<u8>,
    length: i32,
}

/// Rows as they are and as they become, and the blobs that they name then.
#[derive(Default)]
struct Changes {
    seqs: Vec<i64>,
    before: Vec<Vec<u8>>,
    after: Vec<Vec<u8>>,
    /// By their digests of before.
    blobs: BTreeMap<BlobDigest, Blob>,
}

impl Sealer<'_> {
    async fn query(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        self.pool.query(statement, parameters).await.map_err(|failed| self.pool.fault(&failed))
    }

    fn broken(&self, error: Error) -> Fault {
        self.pool.fault(&Failed::Refused(error))
    }

    fn unread(&self, why: &Unread) -> Fault {
        entries::unread(self.pool.database(), Some(self.run), why)
    }

    /// The number of the run's last entry.
    async fn seq(&self) -> Result<Option<i64>> {
        let rows = self.query(SEQ, &[(&self.id, Type::TEXT)]).await?;
        rows.first().map(|row| row.try_get(0).map_err(|error| self.broken(error))).transpose()
    }

    /// Seals the next rows anew, and returns how many were changed; none where all are as they are to be.
    async fn some(&self) -> Result<Option<u64>> {
        let parameters: [Parameter<'_>; 4] = [
            (&self.id, Type::TEXT),
            (&self.length, Type::INT4),
            (&self.prefix, Type::BYTEA),
            (&ROWS_AT_ONCE, Type::INT8),
        ];
        let rows = self.query(STALE, &parameters).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let changes = self.changes(&rows).await?;
        self.keep(&changes).await?;
        let parameters: [Parameter<'_>; 4] = [
            (&self.id, Type::TEXT),
            (&changes.seqs, Type::INT8_ARRAY),
            (&changes.before, Type::BYTEA_ARRAY),
            (&changes.after, Type::BYTEA_ARRAY),
        ];
        Ok(Some(self.query(CHANGE, &parameters).await?.len() as u64))
    }

    async fn changes(&self, rows: &[Row]) -> Result<Changes> {
        let rows = rows.iter().map(row).collect::<Result<Vec<_>, _>>().map_err(|error| self.broken(error))?;
        let heads = rows.iter().map(|(seq, bytes)| Head::read(*seq, bytes)).collect::<Result<Vec<_>, _>>();
        let heads = heads.map_err(|why| self.unread(&why))?;
        let named: BTreeSet<_> = heads.iter().flat_map(|head| head.blobs.iter().copied()).collect();
        let mut changes = Changes { blobs: self.blobs(&named).await?, ..Changes::default() };
        for ((seq, bytes), head) in rows.iter().zip(&heads) {
            let missing = || self.unread(&Unread::new(*seq, "one of its blobs is not there"));
            let digest = |before: &BlobDigest| changes.blobs.get(before).map(|blob| blob.digest).ok_or_else(missing);
            let digests = head.blobs.iter().map(digest).collect::<Result<Vec<_>>>()?;
            let after = codec::resealed(self.run, head, &digests, self.keys).map_err(|why| self.unread(&why))?;
            changes.seqs.push(stored(*seq));
            changes.before.push(bytes.to_vec());
            changes.after.push(after);
        }
        Ok(changes)
    }

    /// Reads blobs, and returns what they become.
    async fn blobs(&self, named: &BTreeSet<BlobDigest>) -> Result<BTreeMap<BlobDigest, Blob>> {
        if named.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = entries::blobs(self.pool, named).await.map_err(|failed| self.pool.fault(&failed))?;
        let mut blobs = BTreeMap::new();
        for row in &rows {
            let (digest, bytes) = entries::blob(row).map_err(|error| self.broken(error))?;
            let Ok(digest) = BlobDigest::try_from(digest) else { continue };
            let text = codec::blob_text(0, &digest, bytes, self.keys).map_err(|why| self.unread(&why))?;
            let blob = Blob::of(&text, self.keys).map_err(|error| self.unread(&Unread::new(0, error)))?;
            blobs.insert(digest, blob);
        }
        Ok(blobs)
    }

    /// Keeps the blobs that rows are about to name, in the order of their digests.
    async fn keep(&self, changes: &Changes) -> Result<()> {
        if changes.blobs.is_empty() {
            return Ok(());
        }
        let sorted: BTreeMap<_, _> = changes.blobs.values().map(|blob| (blob.digest, &blob.bytes)).collect();
        let (digests, bytes): (Vec<_>, Vec<_>) =
            sorted.into_iter().map(|(digest, bytes)| (digest.to_vec(), bytes.clone())).unzip();
        let parameters: [Parameter<'_>; 3] =
            [(&self.id, Type::TEXT), (&digests, Type::BYTEA_ARRAY), (&bytes, Type::BYTEA_ARRAY)];
        self.query(KEEP, &parameters).await.map(drop)
    }

    /// Gives back the blobs of before, and returns whether it could: not if the run was written to after this entry.
    async fn give_back(&self, seq: i64) -> Result<bool> {
        let heads = self.query(HEADS, &[(&self.id, Type::TEXT)]).await?;
        let mut named = BTreeSet::new();
        for head in &heads {
            let (seq, bytes) = row(head).map_err(|error| self.broken(error))?;
            named.extend(Head::read(seq, bytes).map_err(|why| self.unread(&why))?.blobs);
        }
        let parameters: [Parameter<'_>; 3] =
            [(&self.id, Type::TEXT), (&self.length, Type::INT4), (&self.prefix, Type::BYTEA)];
        let stale = self.query(STALE_BLOBS, &parameters).await?;
        let stale = stale.iter().map(|row| row.try_get::<_, Vec<u8>>(0)).collect::<Result<Vec<_>, _>>();
        let mut stale = stale.map_err(|error| self.broken(error))?;
        stale.retain(|digest| BlobDigest::try_from(&digest[..]).is_ok_and(|digest| !named.contains(&digest)));
        let parameters: [Parameter<'_>; 3] = [(&self.id, Type::TEXT), (&seq, Type::INT8), (&stale, Type::BYTEA_ARRAY)];
        let given = self.query(GIVE, &parameters).await?;
        let given = given.first().map_or(Ok(0), |row| row.try_get::<_, i64>(0)).map_err(|error| self.broken(error))?;
        self.query(DROP, &[]).await?;
        Ok(given > 0)
    }
}

/// A row of entries: its number, and its bytes.
fn row(row: &Row) -> Result<(u64, &[u8]), Error> {
    let seq = u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
    Ok((seq, row.try_get(1)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade_workflow::Entry;

    use crate::postgres::tests::Place;
    use crate::testing::{keys, keys_after, stepped};
    use crate::{Commit, Journal, Lease};

    use super::*;

    fn entries(run: RunId) -> Vec<Entry> {
        let state =
            |seq: u64| json!({"document": "a line, ".repeat(9_000), "seen": (0..seq + 1_500).collect::<Vec<_>>()});
        (1..=5).map(|seq| stepped(run, seq, state(seq))).collect()
    }

    async fn written(journal: &PostgresJournal) -> RunId {
        let run = RunId::from(uuid::Uuid::now_v7());
        for entry in entries(run) {
            let commit = Commit { lease: Some(Lease::first(run)), entries: vec![entry], ..Commit::default() };
            journal.commit(&commit).await.unwrap();
        }
        run
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn rows_and_blobs_are_sealed_anew_until_the_old_key_can_be_removed() {
        let place = Place::new().await;
        let journal = place.open().await;
        let plain = written(&journal).await;
        let journal = journal.sealed_with(keys("one"));
        let sealed = written(&journal).await;
        let journal = place.open().await.sealed_with(keys_after("other", "one"));
        assert_eq!(journal.keys_in_use().await.unwrap().len(), 2);
        assert_eq!(journal.reseal(&|_, _| {}).await.unwrap(), 10);
        assert_eq!(journal.reseal(&|_, _| {}).await.unwrap(), 0);
        let used = journal.keys_in_use().await.unwrap();
        assert_eq!((used.len(), used[0].secret.as_deref(), used[0].is_current), (1, Some("other"), true));
        let journal = place.open().await.sealed_with(keys("other"));
        for run in [plain, sealed] {
            assert_eq!(journal.read(run).await.unwrap(), entries(run));
        }
        let without = place.open().await.sealed_with(Keyring::default());
        assert_eq!(without.read(plain).await.unwrap_err().detail.as_deref(), Some("key"));
        let admin = place.inside().await;
        let blobs: i64 = admin.query_one("SELECT count(*) FROM stockade.blobs", &[]).await.unwrap().get(0);
        assert_eq!(blobs, 1, "both runs name the same one");
    }
}
