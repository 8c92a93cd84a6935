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

    /// Connects, and makes the tables where there are none.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`] where the server cannot be reached or does not let us in, with detail `version` where the tables are
    /// newer, and `schema` where they are older.
    pub async fn prepare(&self, pool: &Pool) -> Result<()> {
        let client = pool.connected().await.map_err(|failed| pool.fault(&failed))?;
        let refused = |error| pool.fault(&Failed::Refused(error));
        match self.found(&client).await.map_err(refused)? {
            Some(version) => self.check(pool.database(), version)?,
            None => {
                self.change(&client).await.map_err(refused)?;
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
        let from = self.change(&client).await.map_err(|error| pool.fault(&Failed::Refused(error)))?;
        let to = from.unwrap_or_default().max(self.version());
        self.check(pool.database(), to)?;
        Ok(Migrated { from, to })
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
    /// version that they had; tables of a newer one stay as they are.
    async fn change(&self, client: &Client) -> Result<Option<u32>, Error> {
        let Self { schema, lock, steps } = self;
        client.batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock({lock})")).await?;
        let from = self.found(client).await?;
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
        client.batch_execute("COMMIT").await?;
        Ok(from)
    }
}
