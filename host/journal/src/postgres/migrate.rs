//! The tables: who makes them, and of which version they are.

use stockade_workflow::{Fault, Hint, Kind};
use tokio_postgres::{Client, Error};

use super::database::Database;
use crate::Result;

/// What each version added to the one before.
const STEPS: [&str; 1] = [concat!(include_str!("schema.sql"), include_str!("functions.sql"))];

/// The version of the tables.
pub(super) const SCHEMA: u32 = STEPS.len() as u32;

/// Keeps others from the tables while one changes them: "STKD".
const LOCK: &str = "SELECT pg_advisory_xact_lock(1398033220)";

/// Asks whether there are tables. `to_regclass` may still answer as before the lock was waited for, from a cache of the session.
const THERE: &str = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                     WHERE n.nspname = 'stockade' AND c.relname = 'version')";

const FIRST: &str = "CREATE SCHEMA IF NOT EXISTS stockade; CREATE TABLE stockade.version (version integer NOT NULL); \
                     INSERT INTO stockade.version VALUES (0)";

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version of the tables before; none where there were none.
    pub from: Option<u32>,
    /// The version now.
    pub to: u32,
}

/// Returns the version of the tables; none where there are none.
pub(super) async fn version(client: &Client) -> Result<Option<u32>, Error> {
    let there = client.query_typed_one(THERE, &[]).await?;
    if !there.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let version: i32 = client.query_typed_one("SELECT max(version) FROM stockade.version", &[]).await?.try_get(0)?;
    Ok(Some(u32::try_from(version).unwrap_or_default()))
}

/// Checks that the tables are of the version that this program knows.
///
/// # Errors
///
/// Kind [`Kind::Journal`], with detail `version` where they are newer, and `schema` where they are older.
pub(super) fn check(database: &Database, found: u32) -> Result<()> {
    if found > SCHEMA {
        return Err(newer(database, found));
    }
    if found < SCHEMA {
        let message = format!(
            "the tables of the journal \"{database}\" are of version {found}, and this stockade needs {SCHEMA}"
        );
        return Err(Fault::new(Kind::Journal, message).detail("schema").hint(Hint::MigrateJournal));
    }
    Ok(())
}

fn newer(database: &Database, found: u32) -> Fault {
    let message = format!(
        "\"{database}\" was written by a newer stockade (format {found}, this one knows {SCHEMA}); use that one"
    );
    Fault::new(Kind::Journal, message).detail("version")
}

/// Makes the tables, or changes them to the newest version, in one transaction; of several at once, one does. Returns the version
/// that they had; tables of a newer one stay as they are.
pub(super) async fn migrate(client: &Client) -> Result<Option<u32>, Error> {
    client.batch_execute("BEGIN").await?;
    client.batch_execute(LOCK).await?;
    let from = version(client).await?;
    if from.is_none() {
        client.batch_execute(FIRST).await?;
    }
    for step in STEPS.iter().skip(from.unwrap_or_default() as usize) {
        client.batch_execute(step).await?;
    }
    if from.is_none_or(|from| from < SCHEMA) {
        client.batch_execute(&format!("UPDATE stockade.version SET version = {SCHEMA}")).await?;
    }
    client.batch_execute("COMMIT").await?;
    Ok(from)
}
