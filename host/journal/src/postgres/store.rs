//! What the tasks of a journal share: the connections, and who the opener is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use stockade_system::postgres::{Database, Failed, Migrated, Pool};
use stockade_workflow::{Fault, Kind, RunId};
use uuid::Uuid;

use super::entries::Page;
use super::migrate::TABLES;
use super::together::Together;
use super::write::{Removal, Write};
use super::{group, leases, refused, reseal, rows, select};
use crate::keyring::Keyring;
use crate::{Filter, Lease, Result, Row, Summary, refusal};

/// How many groups of one kind are on their way at the same time: one is carried out while another waits for the disk.
const GROUPS: usize = 2;

/// How many commits, claims and looks are in one group.
const COMMITS_MAX: usize = 32;
const CLAIMS_MAX: usize = 32;
const LOOKS_MAX: usize = 64;

/// Spaces, each with the prefix of the keys that are looked for in it.
type Places = Vec<(String, String)>;

/// What the tasks of a journal share.
pub(super) struct Store {
    commits: Together<Write, Result<()>>,
    claims: Together<RunId, Result<Lease>>,
    looks: Together<Places, Result<Vec<Row>>>,
    pool: Pool,
    /// The opener, as other openers know it: new with each.
    own: String,
    /// The runs of which it may hold the lease.
    held: Mutex<BTreeSet<RunId>>,
}

impl Store {
    pub(super) fn new(database: Database) -> Self {
        Self {
            commits: Together::new(GROUPS, COMMITS_MAX),
            claims: Together::new(GROUPS, CLAIMS_MAX),
            looks: Together::new(GROUPS, LOOKS_MAX),
            pool: Pool::new(database),
            own: Uuid::now_v7().to_string(),
            held: Mutex::default(),
        }
    }

    pub(super) fn database(&self) -> &Database {
        self.pool.database()
    }

    fn failed(&self, failed: &Failed) -> Fault {
        self.pool.fault(failed)
    }

    /// Connects, and makes the tables where there are none.
    pub(super) async fn prepare(&self) -> Result<()> {
        TABLES.prepare(&self.pool).await
    }

    pub(super) async fn migrate(&self) -> Result<Migrated> {
        TABLES.migrate(&self.pool).await
    }

    fn held(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a commit. It may take the lease of a run that begins, even if it is not known whether it was made.
    pub(super) async fn commit(&self, write: Write) -> Result<()> {
        if let Some(lease) = &write.lease {
            self.held().insert(lease.run);
        }
        let given_back = write.lease.as_ref().filter(|_| write.releases).map(|lease| lease.run);
        let committed = if write.may_share() {
            self.commits.done(write, |group| self.commit_each(group)).await.unwrap_or_else(stopped)
        } else {
            self.commit_one(&write).await
        };
        committed?;
        if let Some(run) = given_back {
            self.held().remove(&run);
        }
        Ok(())
    }

    async fn commit_one(&self, write: &Write) -> Result<()> {
        match write.send(&self.pool, &self.own).await {
            Ok(()) => Ok(()),
            Err(failed) => Err(refused::fault(&self.pool, &failed, write.run, &write.rows).await),
        }
    }

    /// Makes commits in one transaction. Where the database refuses one of them, nothing is written, and each is made by itself.
    async fn commit_each(&self, group: Vec<Write>) -> Vec<Result<()>> {
        if group.len() > 1 {
            match group::send(&self.pool, &self.own, &group).await {
                Ok(()) => return group.iter().map(|_| Ok(())).collect(),
                Err(failed) if failed.code().is_none() => return same(group.len(), &self.failed(&failed)),
                Err(_) => {}
            }
        }
        let mut answers = Vec::new();
        for write in &group {
            answers.push(self.commit_one(write).await);
        }
        answers
    }

    pub(super) async fn claim(&self, run: RunId) -> Result<Lease> {
        let claimed = self.claims.done(run, |group| self.claim_each(group)).await.unwrap_or_else(stopped);
        let lease = claimed?;
        self.held().insert(run);
        Ok(lease)
    }

    /// Takes leases by one statement. It is refused where a run is named twice, and each is taken by itself then.
    async fn claim_each(&self, group: Vec<RunId>) -> Vec<Result<Lease>> {
        if group.len() > 1 {
            let id = Uuid::now_v7().to_string();
            match leases::claim_each(&self.pool, &self.own, &id, &group).await {
                Ok(leases) => {
                    let taken = |run: &RunId| leases.iter().find(|lease| lease.run == *run).cloned();
                    return group.iter().map(|run| taken(run).ok_or_else(|| refusal::busy(*run))).collect();
                }
                Err(failed) if failed.code().is_none() => return same(group.len(), &self.failed(&failed)),
                Err(_) => {}
            }
        }
        let mut answers = Vec::new();
        for run in group {
            answers.push(self.claim_one(run).await);
        }
        answers
    }

    async fn claim_one(&self, run: RunId) -> Result<Lease> {
        let id = Uuid::now_v7().to_string();
        let claimed = leases::claim(&self.pool, &self.own, &id, run).await.map_err(|failed| self.failed(&failed))?;
        claimed.ok_or_else(|| refusal::busy(run))
    }

    pub(super) async fn renew(&self, lease: &Lease) -> Result<()> {
        let renewed = leases::renew(&self.pool, &self.own, lease).await.map_err(|failed| self.failed(&failed))?;
        if renewed { Ok(()) } else { Err(refusal::fenced(lease.run)) }
    }

    pub(super) async fn release(&self, lease: &Lease) -> Result<()> {
        leases::release(&self.pool, &self.own, lease).await.map_err(|failed| self.failed(&failed))?;
        self.held().remove(&lease.run);
        Ok(())
    }

    /// Gives back what is held still.
    pub(super) async fn release_all(&self) {
        let runs: Vec<_> = std::mem::take(&mut *self.held()).into_iter().collect();
        if !runs.is_empty() {
            // A lease that is not given back ends by itself.
            let _ = leases::release_all(&self.pool, &self.own, &runs).await;
        }
    }

    pub(super) async fn remove(&self, removal: Removal) -> Result<()> {
        let run = removal.lease.run;
        match removal.send(&self.pool, &self.own).await {
            Ok(()) => {
                self.held().remove(&run);
                Ok(())
            }
            Err(failed) => Err(refused::fault(&self.pool, &failed, Some(run), &removal.rows).await),
        }
    }

    /// Returns the runs that have something to be sealed anew.
    pub(super) async fn stale_runs(&self, keys: &Keyring) -> Result<Vec<RunId>> {
        reseal::runs(&self.pool, keys).await
    }

    pub(super) async fn reseal(&self, keys: &Keyring, run: RunId) -> Result<u64> {
        reseal::run(&self.pool, keys, run).await
    }

    pub(super) async fn keys_in_use(&self) -> Result<Vec<(Option<Vec<u8>>, u64)>> {
        reseal::keys_in_use(&self.pool).await
    }

    pub(super) async fn page(&self, run: RunId, after: u64, bytes_max: usize) -> Result<Page> {
        Page::read(&self.pool, run, after, bytes_max).await.map_err(|failed| self.failed(&failed))
    }

    pub(super) async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let runs = select::runs(&self.pool, filter).await.map_err(|failed| self.failed(&failed))?;
        runs.iter().map(|row| select::read(&self.pool, row)).collect()
    }

    pub(super) async fn is_held(&self, run: RunId) -> Result<bool> {
        leases::is_held(&self.pool, run).await.map_err(|failed| self.failed(&failed))
    }

    pub(super) async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        self.rows(rows::find(&self.pool, space, prefix, after, limit).await)
    }

    pub(super) async fn find_each(&self, places: Places) -> Result<Vec<Row>> {
        self.looks.done(places, |group| self.look(group)).await.unwrap_or_else(stopped)
    }

    /// Looks at the places of several that ask by one statement, at each once.
    async fn look(&self, group: Vec<Places>) -> Vec<Result<Vec<Row>>> {
        let distinct: BTreeSet<_> = group.iter().flatten().collect();
        let places: Vec<_> = distinct.into_iter().collect();
        let found = match rows::find_each(&self.pool, &places).await {
            Ok(found) => found,
            Err(failed) => return same(group.len(), &self.failed(&failed)),
        };
        let mut by_place = BTreeMap::<&(String, String), Result<Vec<Row>>>::new();
        for row in &found {
            let Some(place) = rows::place(row).and_then(|place| places.get(place)) else { continue };
            let rows = by_place.entry(*place).or_insert_with(|| Ok(Vec::new()));
            match (rows::read(&self.pool, row), rows) {
                (Ok(row), Ok(rows)) => rows.push(row),
                (Err(fault), rows) => *rows = Err(fault),
                (Ok(_), Err(_)) => {}
            }
        }
        let of = |place: &(String, String)| by_place.get(place).cloned().unwrap_or(Ok(Vec::new()));
        let all = |places: &Places| -> Result<Vec<Row>> {
            let rows = places.iter().map(of).collect::<Result<Vec<_>>>()?;
            Ok(rows.into_iter().flatten().collect())
        };
        group.iter().map(all).collect()
    }

    pub(super) async fn due(
        &self,
        space: &str,
        within_ms: u64,
        after: Option<(Option<u64>, String)>,
        limit: usize,
    ) -> Result<Vec<Row>> {
        self.rows(rows::due(&self.pool, space, within_ms, after, limit).await)
    }

    fn rows(&self, found: Result<Vec<tokio_postgres::Row>, Failed>) -> Result<Vec<Row>> {
        let found = found.map_err(|failed| self.failed(&failed))?;
        found.iter().map(|row| rows::read(&self.pool, row)).collect()
    }
}

/// The same answer for each of a group.
fn same<T>(count: usize, fault: &Fault) -> Vec<Result<T>> {
    (0..count).map(|_| Err(fault.clone())).collect()
}

/// The answer of a group that was ended before it had one.
fn stopped<T>() -> Result<T> {
    Err(Fault::new(Kind::Journal, "the journal's thread has stopped"))
}
