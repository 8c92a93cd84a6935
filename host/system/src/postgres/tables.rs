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

/// Asks what the server is: the encoding of the database, and whether it only reads.
const SERVER: &str = "SELECT current_setting('server_encoding'), current_setting('transaction_read_only')";

/// The encoding in which every text has a place.
const ENCODING: &str = "UTF8";

/// The longest that a server lets a statement wait for a lock.
const LOCK_WAIT_MS_MAX: u128 = 0x7fff_ffff;

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
    /// detail `encoding` where the database cannot hold every text, `version` where the tables are newer or do not say of which
    /// version they are, and `schema` where they are older.
    pub async fn prepare(&self, pool: &Pool) -> Result<()> {
        let client = self.connected(pool).await?;
        match self.found(pool, &client).await? {
            Some(version) => self.check(pool.database(), version)?,
            None => {
                self.change(pool, &client).await?;
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
        let client = self.connected(pool).await?;
        let from = self.change(pool, &client).await?;
        let to = from.unwrap_or_default().max(self.version());
        self.check(pool.database(), to)?;
        Ok(Migrated { from, to })
    }

    /// Connects, to a database that can hold every text, and takes note of whether its server only reads.
    async fn connected(&self, pool: &Pool) -> Result<Client> {
        let client = pool.connected().await.map_err(|failed| pool.fault(&failed))?;
        let server = self.done(pool, &client, client.query_typed_one(SERVER, &[])).await?;
        let said = |column| server.try_get::<_, String>(column).map_err(|error| pool.fault(&Failed::Refused(error)));
        let (encoding, only_reads) = (said(0)?, said(1)?);
        if encoding != ENCODING {
            return Err(encoded(pool.database(), &encoding));
        }
        pool.set_only_reads(only_reads == "on");
        Ok(client)
    }

    /// Waits for an answer about the tables.
    async fn done<T>(&self, pool: &Pool, client: &Client, answer: impl Future<Output = Result<T, Error>>) -> Result<T> {
        pool.in_time(client, answer).await.map_err(|failed| self.fault(pool, &failed))
    }

    /// Says what went wrong with the tables, and of a lock that is in the way how to see who holds it.
    fn fault(&self, pool: &Pool, failed: &Failed) -> Fault {
        if !matches!(failed, Failed::Late) && failed.code() != Some(LOCKED) {
            return pool.fault(failed);
        }
        let (database, record, waited) = (pool.database(), pool.database().record(), pool.database().statement_max());
        let Self { schema, lock, .. } = self;
        Fault::of_storage(format!(
            "the {record} \"{database}\" is not opened: for {} ms it waited for the tables of its schema \"{schema}\", or for the \
                 advisory lock {lock} that a migration holds; another connection has locked them, or the server does not answer. In \
                 the database, `SELECT pid, locktype, relation::regclass, mode, granted FROM pg_locks` shows which",
            waited.as_millis()
        ))
    }

    /// Returns the version of the tables, or `None` where the database has no tables yet.
    async fn found(&self, pool: &Pool, client: &Client) -> Result<Option<u32>> {
        let there = self.done(pool, client, client.query_typed_one(THERE, &[(&self.schema, Type::TEXT)])).await?;
        if !there.try_get::<_, bool>(0).map_err(|error| pool.fault(&Failed::Refused(error)))? {
            return Ok(None);
        }
        // As text, for whatever type the column has.
        let select = format!("SELECT version::text FROM {}.version LIMIT 2", self.schema);
        let rows = self.done(pool, client, client.query_typed(&select, &[])).await?;
        let said: Vec<_> = rows.iter().map(|row| row.try_get::<_, String>(0).ok()).collect();
        match said.as_slice() {
            [Some(version)] => version.parse().map(Some).map_err(|_| self.unsaid(pool, &format!("\"{version}\""))),
            [None] => Err(self.unsaid(pool, "NULL")),
            [] => Err(self.unsaid(pool, "no row")),
            [_, _, ..] => Err(self.unsaid(pool, "several rows")),
        }
    }

    /// The tables do not say of which version they are.
    fn unsaid(&self, pool: &Pool, found: &str) -> Fault {
        let (database, record, schema, known) =
            (pool.database(), pool.database().record(), self.schema, self.version());
        let message = format!(
            "the table \"{schema}.version\" of the {record} \"{database}\" has {found}, and must have one row with a version from 0 \
             to {known}; a backup of the database has it as it was, and an empty database begins anew"
        );
        Fault::new(Kind::Journal, message).detail("version")
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
    async fn change(&self, pool: &Pool, client: &Client) -> Result<Option<u32>> {
        // For the server, 0 is for ever, and more than an `i32` is too much.
        let waits_ms = pool.database().statement_max().as_millis().clamp(1, LOCK_WAIT_MS_MAX);
        let lock = self.lock;
        let begin = format!("BEGIN; SET LOCAL lock_timeout = {waits_ms}; SELECT pg_advisory_xact_lock({lock})");
        self.done(pool, client, client.batch_execute(&begin)).await?;
        let from = self.found(pool, client).await?;
        self.changed(client, from).await.map_err(|error| self.fault(pool, &Failed::Refused(error)))?;
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

/// A text that the encoding has no place for would be refused in the middle of a run, or kept as something else.
fn encoded(database: &Database, found: &str) -> Fault {
    let (record, (name, _)) = (database.record(), database.name_and_role());
    let message = format!(
        "the {record} \"{database}\" is in a database of the encoding {found}, which cannot hold every text; one of {ENCODING} can: \
         `CREATE DATABASE \"{name}\" ENCODING '{ENCODING}' TEMPLATE template0`, under this name or another"
    );
    Fault::new(Kind::Journal, message).detail("encoding")
}
