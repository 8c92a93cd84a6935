//! What the tasks of a journal share: the connections, and who the opener is.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use stockade_system::postgres::{Database, Failed, Migrated, Pool};
use stockade_workflow::{Fault, RunId};
use uuid::Uuid;

use super::entries::Page;
use super::migrate::TABLES;
use super::write::{Removal, Write};
use super::{leases, refused, reseal, rows, select};
use crate::keyring::Keyring;
use crate::{Filter, Lease, Result, Row, Summary, refusal};

/// What the tasks of a journal share.
pub(super) struct Store {
    pool: Pool,
    /// The opener, as other openers know it: new with each.
    own: String,
    /// The runs of which it may hold the lease.
    held: Mutex<BTreeSet<RunId>>,
}

impl Store {
    pub(super) fn new(database: Database) -> Self {
        Self { pool: Pool::new(database), own: Uuid::now_v7().to_string(), held: Mutex::default() }
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
        match write.send(&self.pool, &self.own).await {
            Ok(()) => {}
            Err(failed) => return Err(refused::fault(&self.pool, &failed, write.run, &write.rows).await),
        }
        if let Some(lease) = write.lease.as_ref().filter(|_| write.releases) {
            self.held().remove(&lease.run);
        }
        Ok(())
    }

    pub(super) async fn claim(&self, run: RunId) -> Result<Lease> {
        let id = Uuid::now_v7().to_string();
        let claimed = leases::claim(&self.pool, &self.own, &id, run).await.map_err(|failed| self.failed(&failed))?;
        let lease = claimed.ok_or_else(|| refusal::busy(run))?;
        self.held().insert(run);
        Ok(lease)
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

    pub(super) async fn find_each(&self, places: &[(String, String)]) -> Result<Vec<Row>> {
        self.rows(rows::find_each(&self.pool, places).await)
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
