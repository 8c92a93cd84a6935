//! A memory, of a row of the database.

use std::collections::BTreeSet;

use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as Unknown;
use stockade_system::postgres::{Failed, Pool};
use stockade_workflow::{Fault, Kind, Label, Memory, Namespace, RunId};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::refused::broken;
use crate::{Kept, Result, lifetime};

/// What is read of a memory `m` in a namespace `n`.
pub(super) const COLUMNS: &str = "
    m.id, m.text, m.labels, m.key, m.at_ms, m.expires_ms, n.tenant, n.person, n.agent, uuid_send(m.run) AS run,
    ARRAY(SELECT s.source FROM stockade_memory.sources s WHERE s.memory = m.id AND s.source <> '' ORDER BY 1) AS sources";

/// Returns what a column of a row has.
pub(super) fn cell<'a, T: FromSql<'a>>(pool: &Pool, row: &'a Row, name: &str) -> Result<T> {
    row.try_get(name).map_err(|error| broken(pool, &Failed::Refused(error)))
}

/// Returns a number that is never below nothing.
pub(super) fn number(pool: &Pool, row: &Row, name: &str) -> Result<u64> {
    Ok(u64::try_from(cell::<i64>(pool, row, name)?).unwrap_or_default())
}

pub(super) fn namespace(pool: &Pool, row: &Row) -> Result<Namespace> {
    Ok(Namespace {
        tenant: cell(pool, row, "tenant")?,
        user: cell(pool, row, "person")?,
        agent: cell(pool, row, "agent")?,
    })
}

pub(super) fn kept(pool: &Pool, row: &Row) -> Result<Kept> {
    let (run, key): (Option<&[u8]>, Option<Vec<u8>>) = (cell(pool, row, "run")?, cell(pool, row, "key")?);
    let run = run.and_then(|run| <[u8; 16]>::try_from(run).ok()).map(RunId::from_bytes);
    let key = key.map(|key| String::from_utf8_lossy(&key).into_owned());
    let mut sources = cell::<Vec<String>>(pool, row, "sources")?.into_iter();
    let id = number(pool, row, "id")?;
    let memory = Memory {
        id,
        text: cell(pool, row, "text")?,
        source: sources.next(),
        labels: labels(pool, id, &cell::<Vec<String>>(pool, row, "labels")?)?,
        written_by: run.zip(key),
        at_ms: number(pool, row, "at_ms")?,
        score: 0,
    };
    let expires_ms = lifetime::read(cell(pool, row, "expires_ms")?);
    Ok(Kept { namespace: namespace(pool, row)?, memory, also_in: sources.collect(), expires_ms })
}

/// Labels that are unknown here are not left out: what they keep apart would no longer be.
fn labels(pool: &Pool, id: u64, written: &[String]) -> Result<BTreeSet<Label>> {
    let read = |text: &String| {
        Label::deserialize(text.as_str().into_deserializer()).map_err(|error: Unknown| {
            let message = format!("memory {id} of \"{}\" has a label that is not known: {error}", pool.database());
            Fault::new(Kind::Journal, message).detail("memory")
        })
    };
    written.iter().map(read).collect()
}
