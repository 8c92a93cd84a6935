use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::ffi::ErrorCode;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params};
use stockade_workflow::Access;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use crate::reserved::second_name;
use crate::{Reserved, named_file};

/// Longer than any name; what is longer is a value.
const KEY_BYTES_MAX: usize = 1 << 10;
/// What one call into the host can carry comfortably; larger things are files.
const VALUE_BYTES_MAX: usize = 1 << 20;
/// What is still listed in a hundred pages.
const KEYS_MAX: i64 = 100_000;
/// What one bucket may take of the disk, its keys and values together.
const BYTES_MAX: i64 = 64 << 20;
/// Keys in one page of a listing: at their longest a megabyte.
const PAGE_KEYS: usize = 1_000;
/// Keys in one batch.
const BATCH_KEYS_MAX: usize = 1_000;
/// What the values of one batch may have together.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// How long an operation waits for a writer in another process.
const BUSY: Duration = Duration::from_secs(2);
/// Marks a file as ours ("stkv"), so that no other database is taken for a bucket.
const APPLICATION_ID: i32 = 0x7374_6b76;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS pairs (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS totals (keys INTEGER NOT NULL, bytes INTEGER NOT NULL);
    INSERT INTO totals SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM totals);";

/// A bucket of keys and values in a SQLite file of its own.
pub(super) struct Bucket {
    name: String,
    /// SQLite has one writer at a time anyhow, and a read takes microseconds.
    connection: Mutex<Connection>,
    turn: Arc<Semaphore>,
}

/// Why an operation was not carried out.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The grant is read-only.
    ReadOnly,
    /// A commit failed half-way, so that what was to be changed may be found changed later.
    InDoubt,
    /// A cap or a failure, in words without the file's name.
    Other(String),
}

type Answer<T> = Result<T, Refusal>;

/// A key and its value.
pub(super) type Pair = (String, Vec<u8>);

impl Bucket {
    /// Opens the file, or makes it, for its owner alone.
    ///
    /// # Errors
    ///
    /// It cannot be made, is no bucket, or is reserved.
    pub(super) fn open(name: &str, path: &Path, access: Access, reserved: &Reserved) -> Result<Self, String> {
        let unusable = |why: &dyn std::fmt::Display| format!("\"{}\": {why}", path.display());
        // Before it is made, and again when it is known where it is.
        let free = |path: &Path| reserved.objection(path).map_or(Ok(()), |why| Err(unusable(&why)));
        free(path)?;
        let path = made(path).map_err(|error| unusable(&error))?;
        free(&path)?;
        if let Some(why) = second_name(&path) {
            return Err(unusable(&why));
        }
        let connection = connected(&path, Access::ReadWrite).map_err(|error| unusable(&error))?;
        if !initialised(&connection).map_err(|error| unusable(&error))? {
            return Err(unusable(&"is the file of something else"));
        }
        let connection = match access {
            Access::ReadWrite => connection,
            Access::ReadOnly => connected(&path, access).map_err(|error| unusable(&error))?,
        };
        let turn = Arc::new(Semaphore::new(1));
        Ok(Self { name: name.to_owned(), connection: Mutex::new(connection), turn })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for a turn to do work here, so that those that wait hold no thread.
    pub(super) async fn turn(&self, deadline: Instant) -> Answer<OwnedSemaphorePermit> {
        let turn = timeout_at(deadline.into(), self.turn.clone().acquire_owned()).await;
        turn.map_err(|_| late())?.map_err(|_| Refusal::Other("the bucket is closed".into()))
    }

    /// Does work on the pairs, and leaves nothing half-done. Blocks for as long as that takes.
    pub(super) fn with<T>(&self, deadline: Instant, work: impl FnOnce(&mut Pairs<'_>) -> Answer<T>) -> Answer<T> {
        // A transaction that a panic left behind is rolled back where it is dropped.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if Instant::now() >= deadline {
            return Err(late());
        }
        work(&mut Pairs { connection: &mut connection })
    }
}

fn late() -> Refusal {
    Refusal::Other("the call's time is over".into())
}

/// Makes the file, if it is not there. The absolute path: one that begins with "file:" would be taken for a URI.
fn made(path: &Path) -> std::io::Result<PathBuf> {
    named_file::make(path)?;
    path.canonicalize()
}

fn connected(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let access = match access {
        Access::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    // A tool that was told "set" may have told others: it must survive a power cut.
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    Ok(connection)
}

/// Returns whether it is a bucket, after making one of an empty file.
fn initialised(connection: &Connection) -> rusqlite::Result<bool> {
    let id = || connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0));
    let tables = || connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    if id()? == 0 && tables()? == 0 {
        connection.execute_batch("PRAGMA journal_mode = WAL")?;
        connection
            .execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; COMMIT"))?;
    }
    Ok(id()? == APPLICATION_ID)
}

/// The pairs of a bucket, for one operation.
pub(super) struct Pairs<'a> {
    connection: &'a mut Connection,
}

impl Pairs<'_> {
    pub(super) fn get(&self, key: &str) -> Answer<Option<Vec<u8>>> {
        fits(key)?;
        value(self.connection, key)
    }

    pub(super) fn exists(&self, key: &str) -> Answer<bool> {
        fits(key)?;
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM pairs WHERE key = ?1")?;
        Ok(statement.exists([key])?)
    }

    /// Returns each pair that there is, in the order of the keys.
    pub(super) fn get_many(&mut self, keys: Vec<String>) -> Answer<Vec<Option<Pair>>> {
        batch(keys.len())?;
        // One transaction, so that all are of one moment.
        let transaction = self.connection.transaction()?;
        let mut bytes = 0_usize;
        let found = keys.into_iter().map(|key| {
            fits(&key)?;
            let value = value(&transaction, &key)?;
            bytes = bytes.saturating_add(value.as_ref().map_or(0, Vec::len));
            if bytes > BATCH_BYTES_MAX {
                return Err(over("values of one batch", "bytes", BATCH_BYTES_MAX));
            }
            Ok(value.map(|value| (key, value)))
        });
        found.collect()
    }

    /// Sets all or none.
    pub(super) fn set(&mut self, pairs: &[Pair]) -> Answer<()> {
        batch(pairs.len())?;
        self.change(|transaction| pairs.iter().try_for_each(|(key, value)| set(transaction, key, value)))
    }

    /// Deletes all or none.
    pub(super) fn delete(&mut self, keys: &[String]) -> Answer<()> {
        batch(keys.len())?;
        self.change(|transaction| keys.iter().try_for_each(|key| delete(transaction, key)))
    }

    /// Adds to a number, which is kept as its decimal digits, and returns the sum.
    pub(super) fn increment(&mut self, key: String, delta: u64) -> Answer<u64> {
        self.change(|transaction| {
            fits(&key)?;
            let old = value(transaction, &key)?.unwrap_or_else(|| b"0".to_vec());
            let old: u64 = std::str::from_utf8(&old)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .ok_or_else(|| Refusal::Other("the value is not a number, so that it cannot be incremented".into()))?;
            let sum = old.checked_add(delta);
            let sum = sum.ok_or_else(|| Refusal::Other("the sum is over 64 bits".into()))?;
            set(transaction, &key, sum.to_string().as_bytes())?;
            Ok(sum)
        })
    }

    /// Returns keys in the order in which they were first set, from behind the cursor, and where the next page begins.
    ///
    /// The cursor is the guest's: whatever number it is, it is only compared.
    pub(super) fn page(&self, cursor: Option<u64>) -> Answer<(Vec<String>, Option<u64>)> {
        let Ok(after) = i64::try_from(cursor.unwrap_or_default()) else { return Ok((Vec::new(), None)) };
        let mut statement =
            self.connection.prepare_cached("SELECT id, key FROM pairs WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let rows = statement.query_map(params![after, PAGE_KEYS as i64 + 1], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
        let more = rows.len() > PAGE_KEYS;
        rows.truncate(PAGE_KEYS);
        let cursor = rows.last().filter(|_| more).and_then(|(id, _)| u64::try_from(*id).ok());
        Ok((rows.into_iter().map(|(_, key)| key).collect(), cursor))
    }

    /// Does work in a transaction that has the only right to write from its beginning, whatever other processes do.
    fn change<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Answer<T>) -> Answer<T> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = work(&transaction)?;
        transaction.commit().map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::SystemIoFailure) => Refusal::InDoubt,
            _ => error.into(),
        })?;
        Ok(answer)
    }
}

fn value(connection: &Connection, key: &str) -> Answer<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached("SELECT value FROM pairs WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

fn size(connection: &Connection, key: &str) -> Answer<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT length(value) FROM pairs WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

fn set(transaction: &Transaction<'_>, key: &str, value: &[u8]) -> Answer<()> {
    fits(key)?;
    if value.len() > VALUE_BYTES_MAX {
        return Err(over("value", "bytes", VALUE_BYTES_MAX));
    }
    let new = value.len() as i64;
    let (keys, bytes) = match size(transaction, key)? {
        Some(old) => (0, new - old),
        None => (1, new + key.len() as i64),
    };
    let upsert =
        "INSERT INTO pairs (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    transaction.prepare_cached(upsert)?.execute(params![key, value])?;
    count(transaction, keys, bytes)
}

fn delete(transaction: &Transaction<'_>, key: &str) -> Answer<()> {
    fits(key)?;
    let Some(old) = size(transaction, key)? else { return Ok(()) };
    transaction.prepare_cached("DELETE FROM pairs WHERE key = ?1")?.execute([key])?;
    count(transaction, -1, -(old + key.len() as i64))
}

/// Counts what the bucket holds, in the transaction that changes it. What makes it smaller is always allowed.
fn count(transaction: &Transaction<'_>, keys: i64, bytes: i64) -> Answer<()> {
    let update = "UPDATE totals SET keys = keys + ?1, bytes = bytes + ?2 RETURNING keys, bytes";
    let totals = transaction.prepare_cached(update)?.query_row([keys, bytes], |row| Ok((row.get(0)?, row.get(1)?)));
    let (keys_now, bytes_now): (i64, i64) = totals?;
    match () {
        () if keys > 0 && keys_now > KEYS_MAX => Err(over("bucket", "keys", KEYS_MAX)),
        () if bytes > 0 && bytes_now > BYTES_MAX => Err(over("bucket", "bytes", BYTES_MAX)),
        () => Ok(()),
    }
}

fn fits(key: &str) -> Answer<()> {
    if key.len() > KEY_BYTES_MAX { Err(over("key", "bytes", KEY_BYTES_MAX)) } else { Ok(()) }
}

fn batch(keys: usize) -> Answer<()> {
    if keys > BATCH_KEYS_MAX { Err(over("batch", "keys", BATCH_KEYS_MAX)) } else { Ok(()) }
}

fn over(what: &str, unit: &str, allowed: impl std::fmt::Display) -> Refusal {
    Refusal::Other(format!("the limit of {allowed} {unit} for the {what} is reached"))
}

/// The code alone: SQLite's texts may name the file.
impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Other("the bucket is locked".into()),
            Some(ErrorCode::DiskFull) => Self::Other("the disk is full".into()),
            _ => Self::Other("the bucket cannot be used".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(dir: &Path) -> Bucket {
        Bucket::open("test", &dir.join("test.kv"), Access::ReadWrite, &Reserved::default()).unwrap()
    }

    fn with<T>(bucket: &Bucket, work: impl FnOnce(&mut Pairs<'_>) -> Answer<T>) -> Result<T, String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        bucket.with(deadline, work).map_err(|refusal| format!("{refusal:?}"))
    }

    /// A full bucket takes nothing more, and everything that makes it smaller.
    #[test]
    fn a_full_bucket_says_so_and_can_be_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = bucket(dir.path());
        let totals = |keys: i64, bytes: i64| {
            let connection = bucket.connection.lock().unwrap();
            connection.execute("UPDATE totals SET keys = ?1, bytes = ?2", [keys, bytes]).unwrap();
        };
        let pair = |key: &str, bytes: usize| [(key.to_owned(), vec![0; bytes])];
        with(&bucket, |pairs| pairs.set(&pair("a", 10))).unwrap();
        totals(KEYS_MAX, 11);
        let refused = with(&bucket, |pairs| pairs.set(&pair("b", 1))).unwrap_err();
        assert!(refused.contains("the limit of 100000 keys for the bucket is reached"), "{refused}");
        with(&bucket, |pairs| pairs.set(&pair("a", 20))).unwrap();
        totals(1, BYTES_MAX);
        let refused = with(&bucket, |pairs| pairs.set(&pair("a", 21))).unwrap_err();
        assert!(refused.contains("the limit of 67108864 bytes for the bucket is reached"), "{refused}");
        with(&bucket, |pairs| pairs.set(&pair("a", 19))).unwrap();
        with(&bucket, |pairs| pairs.delete(&["a".to_owned()])).unwrap();
        assert_eq!(with(&bucket, |pairs| pairs.exists("a")), Ok(false));
        let connection = bucket.connection.lock().unwrap();
        let bytes = connection.query_row("SELECT bytes FROM totals", [], |row| row.get::<_, i64>(0));
        assert_eq!(bytes, Ok(BYTES_MAX - 21));
    }
}
