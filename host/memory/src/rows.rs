//! What is done to the tables, inside of a transaction.

use std::collections::BTreeSet;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params, params};
use stockade_workflow::{Label, Memory, Namespace, Remembered, RunId};

use super::bounds::{MEMORIES_MAX, digest};
use super::fault::{Broken, full, no_such_memory};
use super::form;
use super::lifetime::{self, expiry};
use super::tables::{self, Embedding};
use super::{Forget, Kept, New, Page, Vector};

const COLUMNS: &str = "m.id, m.text, (SELECT group_concat(source, char(0)) FROM sources WHERE memory = m.id AND source <> ''), m.labels, m.run, m.key, m.at_ms, m.expires_ms, n.tenant, n.user, n.agent";

/// Returns a namespace's number, if it ever had a memory.
pub(super) fn place(
    connection: &Connection,
    Namespace { tenant, user, agent }: &Namespace,
) -> rusqlite::Result<Option<i64>> {
    let select = "SELECT id FROM namespaces WHERE tenant = ?1 AND user = ?2 AND agent = ?3";
    connection.prepare_cached(select)?.query_row([tenant, user, agent], |row| row.get(0)).optional()
}

fn place_or_new(transaction: &Transaction<'_>, namespace: &Namespace) -> rusqlite::Result<i64> {
    if let Some(place) = place(transaction, namespace)? {
        return Ok(place);
    }
    let Namespace { tenant, user, agent } = namespace;
    let insert = "INSERT INTO namespaces (tenant, user, agent) VALUES (?1, ?2, ?3)";
    transaction.execute(insert, [tenant, user, agent])?;
    Ok(transaction.last_insert_rowid())
}

pub(super) fn known(
    connection: &Connection,
    namespace: &Namespace,
    text: &str,
    now_ms: u64,
) -> rusqlite::Result<Option<u64>> {
    let Some(place) = place(connection, namespace)? else { return Ok(None) };
    let select = "SELECT id FROM memories WHERE namespace = ?1 AND digest = ?2 AND expires_ms > ?3";
    let mut select = connection.prepare_cached(select)?;
    select.query_row(params![place, digest(text), now_ms], |row| row.get(0)).optional()
}

pub(super) fn keep(transaction: &Transaction<'_>, new: &New, now_ms: u64) -> Result<Remembered, Broken> {
    let embedding = new.vector.as_ref().map(|vector| embedding_for(transaction, vector)).transpose()?;
    if let Some(id) = known(transaction, &new.note.namespace, &new.note.text, now_ms)? {
        again(transaction, id, new, now_ms)?;
        return Ok(Remembered::Known(id));
    }
    let place = place_or_new(transaction, &new.note.namespace)?;
    room(transaction, place, &new.note.namespace)?;
    let id = insert(transaction, place, new, now_ms)?;
    if let (Some(embedding), Some(vector)) = (&embedding, &new.vector) {
        insert_vector(transaction, embedding, id, vector)?;
    }
    Ok(Remembered::Kept(id))
}

/// Returns the embedding that is searched, which must be the vector's; where nothing is kept, it becomes that.
fn embedding_for(transaction: &Transaction<'_>, vector: &Vector) -> Result<Embedding, Broken> {
    let searched = tables::searched(transaction)?;
    let embedding = match searched {
        Some(other) if other.check(vector).is_err() && tables::nothing(transaction)? => {
            tables::drop(transaction, &other)?;
            None
        }
        searched => searched,
    };
    match embedding {
        Some(embedding) => embedding.check(vector).map(|()| embedding),
        None => Ok(tables::add(transaction, vector, true)?),
    }
}

fn room(transaction: &Transaction<'_>, place: i64, namespace: &Namespace) -> Result<(), Broken> {
    let count = "SELECT memories FROM namespaces WHERE id = ?1";
    let count: u64 = transaction.prepare_cached(count)?.query_row([place], |row| row.get(0))?;
    if count < MEMORIES_MAX {
        return Ok(());
    }
    Err(full(namespace, count).into())
}

fn insert(transaction: &Transaction<'_>, place: i64, new: &New, now_ms: u64) -> Result<u64, Broken> {
    let New { note, written_by, .. } = new;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO memories (namespace, text, form, digest, labels, run, key, at_ms, expires_ms)
         VALUES (:namespace, :text, nullif(:form, :text), :digest, :labels, :run, :key, :at, :expires) RETURNING id",
    )?;
    let id = insert.query_row(
        named_params! {
            ":namespace": place, ":text": note.text, ":form": form::indexed(&note.text), ":digest": digest(&note.text),
            ":labels": written(&note.labels)?, ":run": written_by.as_ref().map(|(run, _)| run.as_bytes()),
            ":key": written_by.as_ref().map(|(_, key)| key), ":at": now_ms, ":expires": expiry(now_ms, note.keep_ms),
        },
        |row| row.get(0),
    )?;
    of_source(transaction, id, note.source.as_deref())?;
    Ok(id)
}

/// Notes that a memory is of a source too.
fn of_source(transaction: &Transaction<'_>, id: u64, source: Option<&str>) -> rusqlite::Result<()> {
    let insert = "INSERT OR IGNORE INTO sources (source, memory) VALUES (?1, ?2)";
    transaction.prepare_cached(insert)?.execute(params![source.unwrap_or_default(), id]).map(|_| ())
}

/// Puts the vector of a memory that is there beside it.
fn insert_vector(
    transaction: &Transaction<'_>,
    embedding: &Embedding,
    id: u64,
    vector: &Vector,
) -> rusqlite::Result<()> {
    let insert = format!(
        "INSERT INTO {} (rowid, namespace, expires_ms, vector)
         SELECT id, namespace, expires_ms, ?2 FROM memories WHERE id = ?1",
        embedding.table()
    );
    transaction.prepare_cached(&insert)?.execute(params![id, bytes(&vector.values)]).map(|_| ())
}

/// What is said again is kept as long as either, is of the sources of both, and has the marks of both: marks are added and
/// never lost.
fn again(transaction: &Transaction<'_>, id: u64, new: &New, now_ms: u64) -> Result<(), Broken> {
    of_source(transaction, id, new.note.source.as_deref())?;
    let (labels, expires): (String, i64) = transaction
        .prepare_cached("SELECT labels, expires_ms FROM memories WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut both = read(&labels).map_err(unreadable)?;
    both.extend(&new.note.labels);
    let longer = expires.max(expiry(now_ms, new.note.keep_ms));
    let update = "UPDATE memories SET labels = ?2, expires_ms = ?3 WHERE id = ?1";
    transaction.prepare_cached(update)?.execute(params![id, written(&both)?, longer])?;
    if longer == expires {
        return Ok(());
    }
    for (embedding, _) in tables::all(transaction)? {
        let update = format!("UPDATE {} SET expires_ms = ?2 WHERE rowid = ?1", embedding.table());
        transaction.prepare_cached(&update)?.execute(params![id, longer])?;
    }
    Ok(())
}

pub(super) fn one(connection: &Connection, id: u64) -> rusqlite::Result<Kept> {
    let select = format!("SELECT {COLUMNS} FROM memories m JOIN namespaces n ON n.id = m.namespace WHERE m.id = ?1");
    connection.prepare_cached(&select)?.query_row([id], kept)
}

pub(super) fn list(connection: &Connection, page: &Page) -> rusqlite::Result<Vec<Kept>> {
    let place = match &page.namespace {
        Some(namespace) => match place(connection, namespace)? {
            None => return Ok(Vec::new()),
            place => place,
        },
        None => None,
    };
    let select = format!(
        "SELECT {COLUMNS} FROM memories m JOIN namespaces n ON n.id = m.namespace
         WHERE m.id > :after AND m.expires_ms > :now AND (:namespace IS NULL OR m.namespace = :namespace)
           AND (:source IS NULL OR EXISTS (SELECT 1 FROM sources WHERE source = :source AND memory = m.id))
         ORDER BY m.id LIMIT :limit"
    );
    let mut select = connection.prepare_cached(&select)?;
    let wanted = named_params! {
        ":after": page.after, ":now": page.now_ms, ":namespace": place, ":source": page.source, ":limit": page.limit,
    };
    select.query_map(wanted, kept)?.collect()
}

pub(super) fn counts(connection: &Connection, now_ms: u64) -> rusqlite::Result<Vec<super::Count>> {
    let mut select = connection.prepare_cached(
        "SELECT n.tenant, n.user, n.agent, count(*) FROM memories m JOIN namespaces n ON n.id = m.namespace
         WHERE m.expires_ms > ?1 GROUP BY n.id ORDER BY n.tenant, n.user, n.agent",
    )?;
    let count = |row: &Row<'_>| Ok(super::Count { namespace: namespace(row, 0)?, memories: row.get(3)? });
    select.query_map([now_ms], count)?.collect()
}

pub(super) fn forget(
    transaction: &Transaction<'_>,
    namespace: Option<&Namespace>,
    what: &Forget,
) -> Result<u64, Broken> {
    // A namespace without a number has no memory, and no memory has the number 0.
    let place = namespace.map(|namespace| place(transaction, namespace)).transpose()?.map(Option::unwrap_or_default);
    match what {
        Forget::Ids(ids) => ids.iter().collect::<BTreeSet<_>>().into_iter().try_fold(0, |sum, id| {
            match erase(transaction, place, "id = ?2", *id)? {
                0 => Err(no_such_memory(*id, namespace).into()),
                erased => Ok(sum + erased),
            }
        }),
        Forget::Source(source) => Ok(forget_source(transaction, place, source)?),
        Forget::Run(run) => Ok(erase(transaction, place, "run = ?2", run.as_bytes())?),
        Forget::All => Ok(erase(transaction, place, "?2", true)?),
    }
}

/// Takes a source's name off its memories, and removes those that are of no other. Returns how many were of it.
fn forget_source(transaction: &Transaction<'_>, place: Option<i64>, source: &str) -> rusqlite::Result<u64> {
    let delete = "DELETE FROM sources WHERE source = ?2 AND memory IN (
            SELECT id FROM memories WHERE ?1 IS NULL OR namespace = ?1
        ) RETURNING memory";
    let mut delete = transaction.prepare_cached(delete)?;
    let ids: Vec<u64> = delete.query_map(params![place, source], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let alone = "id = ?2 AND NOT EXISTS (SELECT 1 FROM sources WHERE memory = ?2)";
    ids.iter().try_for_each(|id| erase(transaction, place, alone, *id).map(|_| ()))?;
    Ok(ids.len() as u64)
}

pub(super) fn expire(transaction: &Transaction<'_>, now_ms: u64) -> rusqlite::Result<u64> {
    erase(transaction, None, "expires_ms <= ?2", now_ms)
}

/// Removes memories from all of their tables; triggers remove their words.
fn erase(
    transaction: &Transaction<'_>,
    place: Option<i64>,
    which: &str,
    value: impl rusqlite::ToSql,
) -> rusqlite::Result<u64> {
    let delete = format!("DELETE FROM memories WHERE (?1 IS NULL OR namespace = ?1) AND {which} RETURNING id");
    let mut delete = transaction.prepare_cached(&delete)?;
    let ids: Vec<u64> = delete.query_map(params![place, value], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for (embedding, _) in tables::all(transaction)? {
        let delete = format!("DELETE FROM {} WHERE rowid = ?1", embedding.table());
        let mut delete = transaction.prepare_cached(&delete)?;
        ids.iter().try_for_each(|id| delete.execute([id]).map(|_| ()))?;
    }
    Ok(ids.len() as u64)
}

pub(super) fn stage(transaction: &Transaction<'_>, vectors: &[(u64, Vector)], first: bool) -> Result<(), Broken> {
    if first && let Some(left) = tables::staged(transaction)? {
        tables::drop(transaction, &left)?;
    }
    for (id, vector) in vectors {
        let embedding = match tables::staged(transaction)? {
            Some(embedding) => embedding.check(vector).map(|()| embedding)?,
            None => tables::add(transaction, vector, false)?,
        };
        insert_vector(transaction, &embedding, *id, vector)?;
    }
    Ok(())
}

pub(super) fn adopt(transaction: &Transaction<'_>, name: &str, last: u64) -> rusqlite::Result<bool> {
    let later = transaction.query_row("SELECT 1 FROM memories WHERE id > ?1 LIMIT 1", [last], |_| Ok(()));
    if later.optional()?.is_some() {
        return Ok(false);
    }
    for (embedding, searched) in tables::all(transaction)? {
        if searched || embedding.name != name {
            tables::drop(transaction, &embedding)?;
        }
    }
    transaction.execute("UPDATE embeddings SET searched = TRUE", [])?;
    Ok(true)
}

/// A vector as the tables of vectors take it.
pub(super) fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn written(labels: &BTreeSet<Label>) -> rusqlite::Result<String> {
    serde_json::to_string(labels).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn read(labels: &str) -> serde_json::Result<BTreeSet<Label>> {
    serde_json::from_str(labels)
}

/// Labels that are unknown here are not left out: what they keep apart would no longer be.
fn unreadable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(3, Type::Text, error.into())
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let (run, key): (Option<[u8; 16]>, Option<String>) = (row.get(4)?, row.get(5)?);
    let expires: i64 = row.get(7)?;
    let sources: Option<String> = row.get(2)?;
    let mut sources = sources.iter().flat_map(|sources| sources.split('\0')).map(str::to_owned);
    let memory = Memory {
        id: row.get(0)?,
        text: row.get(1)?,
        source: sources.next(),
        labels: read(&row.get::<_, String>(3)?).map_err(unreadable)?,
        written_by: run.map(RunId::from_bytes).zip(key),
        at_ms: row.get(6)?,
        score: 0,
    };
    let expires_ms = lifetime::read(expires);
    Ok(Kept { namespace: namespace(row, 8)?, memory, also_in: sources.collect(), expires_ms })
}

fn namespace(row: &Row<'_>, first: usize) -> rusqlite::Result<Namespace> {
    Ok(Namespace { tenant: row.get(first)?, user: row.get(first + 1)?, agent: row.get(first + 2)? })
}
