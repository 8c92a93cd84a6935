//! The tables of a record: who makes them, and of which version they are.

use stockade_workflow::{Fault, Hint, Kind};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use super::Result;
use super::database::Database;
use super::pool::{Failed, Pool};

/// Asks whether there are tables. `to_regclass` may still answer as before the lock was waited for, from a cache of the session.
const THERE: &str = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                     WHERE n.nspname = $1 AND c.relname = 'version')";

/// The code of a statement that has waited for a lock for as long as it may.
const LOCKED: &str = "55P03";

/// The tables of a record, in a schema of their own.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// The schema.
    pub schema: &'static str,
    /// The advisory lock that keeps others from the tables while one changes them.
    pub lock: i64,
    /// The statements that each version added to the one before.
    pub steps: &'static [&'static str],
}

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version of the tables before; none where there were none.
    pub from: Option<u32>,
    /// The version now.
    pub to: u32,
}

impl Tables {
    /// Returns the version of the tables that this program knows.
    pub const fn version(&self) -> u32 {
        self.steps.len() as u32
    }

    /// Connects, and makes the tables where there are none. Where another connection holds a lock that is in the way, this waits for
    /// as long as a statement may take.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`] where the server cannot be reached or does not let us in, or a lock is held for too long, with
    /// detail `version` where the tables are newer, and `schema` where they are older.
    pub async fn prepare(&self, pool: &Pool) -> Result<()> {
        let client = pool.connected().await.map_err(|failed| pool.fault(&failed))?;
        let found = pool.in_time(&client, self.found(&client)).await;
        match found.map_err(|failed| self.fault(pool, &failed))? {
            Some(version) => self.check(pool.database(), version)?,
            None => {
                self.change(pool, &client).await.map_err(|failed| self.fault(pool, &failed))?;
            }
        }
        pool.keep(client);
        Ok(())
    }

    /// Makes the tables, or changes them to the version of this program, whatever other processes do meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Tables::prepare`], but for tables that are older.
    pub async fn migrate(&self, pool: &Pool) -> Result<Migrated> {
        let client = pool.connected().await.map_err(|failed| pool.fault(&failed))?;
        let from = self.change(pool, &client).await.map_err(|failed| self.fault(pool, &failed))?;
        let to = from.unwrap_or_default().max(self.version());
        self.check(pool.database(), to)?;
        Ok(Migrated { from, to })
    }

    /// Says what went wrong with the tables, and of a lock that is in the way how to see who holds it.
    fn fault(&self, pool: &Pool, failed: &Failed) -> Fault {
        if !matches!(failed, Failed::Late) && failed.code() != Some(LOCKED) {
            return pool.fault(failed);
        }
        let (database, record, waited) = (pool.database(), pool.database().record(), pool.database().statement_max());
        let Self { schema, lock, .. } = self;
        Fault::new(
            Kind::Journal,
            format!(
                "the {record} \"{database}\" is not opened: for {} ms it waited for the tables of its schema \"{schema}\", or for the \
                 advisory lock {lock} that a migration holds; another connection has locked them, or the server does not answer. In \
                 the database, `SELECT pid, locktype, relation::regclass, mode, granted FROM pg_locks` shows which",
                waited.as_millis()
            ),
        )
    }

    /// Returns the version of the tables, or `None` where the database has no tables yet.
    async fn found(&self, client: &Client) -> Result<Option<u32>, Error> {
        let there = client.query_typed_one(THERE, &[(&self.schema, Type::TEXT)]).await?;
        if !there.try_get::<_, bool>(0)? {
            return Ok(None);
        }
        let select = format!("SELECT max(version) FROM {}.version", self.schema);
        let version: i32 = client.query_typed_one(&select, &[]).await?.try_get(0)?;
        Ok(Some(u32::try_from(version).unwrap_or_default()))
    }

    fn check(&self, database: &Database, found: u32) -> Result<()> {
        let known = self.version();
        if found > known {
            let message = format!(
                "\"{database}\" was written by a newer stockade (format {found}, this one knows {known}); use that one"
            );
            return Err(Fault::new(Kind::Journal, message).detail("version"));
        }
        if found < known {
            let record = database.record();
            let message = format!(
                "the tables of the {record} \"{database}\" are of version {found}, and this stockade needs {known}"
            );
            return Err(Fault::new(Kind::Journal, message).detail("schema").hint(Hint::MigrateJournal));
        }
        Ok(())
    }

    /// Makes the tables, or changes them to the newest version, in one transaction; of several at once, one does. Returns the
    /// version that they had; tables of a newer one stay as they are. A step may take long; what it waits for may not.
    async fn change(&self, pool: &Pool, client: &Client) -> Result<Option<u32>, Failed> {
        let (lock, waits_ms) = (self.lock, pool.database().statement_max().as_millis());
        let begin = format!("BEGIN; SET LOCAL lock_timeout = {waits_ms}; SELECT pg_advisory_xact_lock({lock})");
        pool.in_time(client, client.batch_execute(&begin)).await?;
        let from = pool.in_time(client, self.found(client)).await?;
        self.changed(client, from).await.map_err(Failed::Refused)?;
        Ok(from)
    }

    /// Takes all steps from a version on, and ends the transaction.
    async fn changed(&self, client: &Client, from: Option<u32>) -> Result<(), Error> {
        let Self { schema, steps, .. } = self;
        if from.is_none() {
            let first = format!(
                "CREATE SCHEMA IF NOT EXISTS {schema}; CREATE TABLE {schema}.version (version integer NOT NULL); \
                 INSERT INTO {schema}.version VALUES (0)"
            );
            client.batch_execute(&first).await?;
        }
        for step in steps.iter().skip(from.unwrap_or_default() as usize) {
            client.batch_execute(step).await?;
        }
        if from.is_none_or(|from| from < self.version()) {
            client.batch_execute(&format!("UPDATE {schema}.version SET version = {}", self.version())).await?;
        }
        client.batch_execute("COMMIT").await
    }
}
