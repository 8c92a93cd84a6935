use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use stockade_system::database;
use stockade_workflow::{Memory, Namespace, Remembered};

use super::fault::{Broken, failed, foreign, newer, unusable};
use super::tables::{APPLICATION_ID, FORMS_AND_SOURCES, SCHEMA, TABLES};
use super::{Archive, Count, Forget, Kept, New, Page, Search, Vector, form, ranking, rows, tables, vec};
use crate::Result;

/// How long a write waits for another process that is writing, before it fails.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// An archive in one SQLite file, in WAL mode with `synchronous=FULL`.
///
/// A memory, its words and its vector are written by one transaction. What is forgotten is overwritten, so that it is not
/// in the file either. Several processes may use the file at the same time.
pub struct SqliteArchive {
    path: PathBuf,
    writer: Arc<Mutex<Connection>>,
    reader: Arc<Mutex<Connection>>,
}

impl SqliteArchive {
    /// Opens an archive, and creates it where there is none; its folder must exist.
    ///
    /// # Errors
    ///
    /// Kind [`Journal`](stockade_workflow::Kind::Journal) where the file cannot be written, is no memory, or is of a newer version.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let mut writer = connect(&path).map_err(|error| unusable(&path, &error))?;
        match database::tables(&mut writer, APPLICATION_ID, &[TABLES, FORMS_AND_SOURCES])
            .map_err(|error| unusable(&path, &error))?
        {
            (APPLICATION_ID, SCHEMA) => {}
            (APPLICATION_ID, version) => return Err(newer(&path, version, SCHEMA)),
            _ => return Err(foreign(&path)),
        }
        let reader = connect(&path).map_err(|error| unusable(&path, &error))?;
        Ok(Self { path, writer: Arc::new(Mutex::new(writer)), reader: Arc::new(Mutex::new(reader)) })
    }

    /// Reads, all of it as of one moment.
    async fn read<T: Send + 'static, E: Into<Broken>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T> {
        self.apart(&self.reader, |connection| {
            let transaction = connection.transaction()?;
            work(&transaction).map_err(Into::into)
        })
        .await
    }

    /// Writes all of it, or nothing.
    async fn write<T: Send + 'static, E: Into<Broken>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T> {
        self.apart(&self.writer, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction).map_err(Into::into)?;
            transaction.commit()?;
            Ok(done)
        })
        .await
    }

    /// Gives back the room of what was forgotten, and empties the log of writes, in which it would still be. Where a process
    /// reads at this moment, a later one does.
    async fn settle(&self) -> Result<()> {
        self.apart(&self.writer, |connection| {
            give_back(connection)?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(Into::into)
        })
        .await
    }

    /// Works on a connection on a thread where waiting for the disk does not block other tasks.
    async fn apart<T: Send + 'static>(
        &self,
        connection: &Arc<Mutex<Connection>>,
        work: impl FnOnce(&mut Connection) -> Result<T, Broken> + Send + 'static,
    ) -> Result<T> {
        let connection = Arc::clone(connection);
        let task =
            tokio::task::spawn_blocking(move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner)));
        let done = task.await.map_err(|error| failed(&self.path, error))?;
        done.map_err(|broken| broken.at(&self.path))
    }
}

/// Makes the file as small as what is in it. A file of the first version cannot be made smaller in place, and to write it
/// anew could renumber the tables of vectors; so that is done where there is none.
fn give_back(connection: &mut Connection) -> rusqlite::Result<()> {
    let is_empty = {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let is_empty = tables::nothing(&transaction)?;
        if is_empty {
            let all = tables::all(&transaction)?;
            all.iter().try_for_each(|(embedding, _)| tables::drop(&transaction, embedding))?;
        }
        transaction.commit()?;
        is_empty
    };
    let done = match is_empty {
        true => connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM"),
        false => connection.prepare("PRAGMA incremental_vacuum").and_then(|mut vacuum| {
            let mut pages = vacuum.query([])?;
            while pages.next()?.is_some() {}
            Ok(())
        }),
    };
    match done {
        Err(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) =>
        {
            Ok(())
        }
        done => done,
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = database::open(path)?;
    connection.busy_timeout(BUSY_WAIT)?;
    let pages: u64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    if pages == 0 {
        // SQLite writes it into a file that is there, and syncs that, whatever was said before.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    vec::load(&connection)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("indexed_form", 1, flags, |text| Ok(form::indexed(&text.get::<String>(0)?)))?;
    Ok(connection)
}

#[async_trait]
impl Archive for SqliteArchive {
    async fn embedding(&self) -> Result<Option<String>> {
        self.read(|db| if tables::nothing(db)? { Ok(None) } else { tables::searched(db) })
            .await
            .map(|embedding| embedding.map(|embedding| embedding.name))
    }

    async fn known(&self, namespace: &Namespace, text: &str, now_ms: u64) -> Result<Option<u64>> {
        let (namespace, text) = (namespace.clone(), text.to_owned());
        self.read(move |db| rows::known(db, &namespace, &text, now_ms)).await
    }

    async fn keep(&self, new: New, now_ms: u64) -> Result<Remembered> {
        self.write(move |db| {
            rows::expire(db, now_ms)?;
            rows::keep(db, &new, now_ms)
        })
        .await
    }

    async fn replace(
        &self,
        namespace: &Namespace,
        source: &str,
        new: Vec<New>,
        now_ms: u64,
    ) -> Result<Vec<Remembered>> {
        let (namespace, source) = (namespace.clone(), Forget::Source(source.to_owned()));
        self.write(move |db| {
            rows::expire(db, now_ms)?;
            rows::forget(db, Some(&namespace), &source)?;
            new.iter().map(|new| rows::keep(db, new, now_ms)).collect::<Result<_, Broken>>()
        })
        .await
    }

    async fn search(&self, search: Search) -> Result<Vec<Memory>> {
        self.read(move |db| ranking::search(db, &search)).await
    }

    async fn list(&self, page: Page) -> Result<Vec<Kept>> {
        self.read(move |db| rows::list(db, &page)).await
    }

    async fn forget(&self, namespace: Option<&Namespace>, what: Forget) -> Result<u64> {
        let namespace = namespace.cloned();
        let forgotten = self.write(move |db| rows::forget(db, namespace.as_ref(), &what)).await?;
        self.settle().await?;
        Ok(forgotten)
    }

    async fn expire(&self, now_ms: u64) -> Result<u64> {
        let expired = self.write(move |db| rows::expire(db, now_ms)).await?;
        if expired > 0 {
            self.settle().await?;
        }
        Ok(expired)
    }

    async fn counts(&self, now_ms: u64) -> Result<Vec<Count>> {
        self.read(move |db| rows::counts(db, now_ms)).await
    }

    async fn stage(&self, vectors: Vec<(u64, Vector)>, first: bool) -> Result<()> {
        self.write(move |db| rows::stage(db, &vectors, first)).await
    }

    async fn adopt(&self, embedding: &str, last: u64) -> Result<bool> {
        let embedding = embedding.to_owned();
        self.write(move |db| rows::adopt(db, &embedding, last)).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::MEMORIES_MAX;
    use super::*;
    use stockade_workflow::NewMemory;
    use tempfile::TempDir;

    fn new(text: &str) -> New {
        let vector = Vector { embedding: "e".into(), values: vec![1.0, 0.0] };
        New { note: NewMemory { text: text.into(), ..NewMemory::default() }, vector: Some(vector), written_by: None }
    }

    fn open() -> (TempDir, PathBuf, SqliteArchive) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("memory.db");
        let archive = SqliteArchive::open(&path).unwrap();
        (dir, path, archive)
    }

    fn count(connection: &Connection, from: &str) -> u64 {
        connection.query_row(&format!("SELECT count(*) FROM {from}"), [], |row| row.get(0)).unwrap()
    }

    /// The words of a memory are written before its vector. Where it ends between the two, neither is there.
    #[tokio::test]
    async fn a_memory_is_in_all_tables_or_in_none() {
        let (_dir, path, archive) = open();
        archive.keep(new("cat one"), 1).await.unwrap();
        let raw = connect(&path).unwrap();
        raw.execute_batch("ALTER TABLE vectors_1_vector_chunks00 RENAME TO away").unwrap();
        let fault = archive.keep(new("cat two"), 1).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (stockade_workflow::Kind::Journal, Some("memory")));
        let source = NewMemory { source: Some("s".into()), ..new("cat three").note };
        archive.replace(&source.namespace.clone(), "s", vec![New { note: source, ..new("") }], 1).await.unwrap_err();
        raw.execute_batch("ALTER TABLE away RENAME TO vectors_1_vector_chunks00").unwrap();
        let both = ["memories", "words WHERE words MATCH 'cat'", "vectors_1"].map(|from| count(&raw, from));
        assert_eq!(both, [1, 1, 1]);
        raw.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)", []).unwrap();
    }

    /// What was written up to any moment is what a copy of the files of that moment has.
    #[tokio::test]
    async fn a_copy_of_the_files_is_whole() {
        let (dir, path, archive) = open();
        let copies = tempfile::tempdir().unwrap();
        for number in 0..5 {
            archive.keep(new(&format!("cat {number}")), 1).await.unwrap();
            for name in ["memory.db", "memory.db-wal"] {
                std::fs::copy(dir.path().join(name), copies.path().join(name)).unwrap();
            }
            let copy = SqliteArchive::open(copies.path().join("memory.db")).unwrap();
            let search = Search { words: Some("cat".into()), limit: 9, now_ms: 1, ..Search::default() };
            assert_eq!(copy.search(search).await.unwrap().len(), number + 1);
            assert_eq!(count(&connect(&copies.path().join("memory.db")).unwrap(), "vectors_1"), number as u64 + 1);
        }
        assert!(path.exists());
    }

    #[tokio::test]
    async fn newer_and_foreign_files_are_refused_by_name_and_stay_as_they_are() {
        let (dir, path, archive) = open();
        drop(archive);
        let detail = |path: &Path| SqliteArchive::open(path).err().unwrap().detail;
        let raw = Connection::open(&path).unwrap();
        raw.pragma_update(None, "user_version", 7).unwrap();
        assert_eq!(detail(&path).as_deref(), Some("version"));
        let journal = dir.path().join("journal.db");
        Connection::open(&journal)
            .unwrap()
            .execute_batch("CREATE TABLE runs (run); PRAGMA application_id = 1")
            .unwrap();
        let before = std::fs::read(&journal).unwrap();
        assert_eq!(detail(&journal).as_deref(), Some("foreign"));
        assert_eq!(std::fs::read(&journal).unwrap(), before);
        std::fs::write(dir.path().join("text"), "no database, but long enough to be read as one").unwrap();
        assert_eq!(detail(&dir.path().join("text")).as_deref(), Some("open"));
        assert_eq!(detail(&dir.path().join("absent/memory.db")).as_deref(), Some("open"));
    }

    #[tokio::test]
    async fn a_file_of_the_first_version_is_read_and_its_words_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("memory.db");
        let mut old = connect(&path).unwrap();
        database::tables(&mut old, APPLICATION_ID, &[TABLES]).unwrap();
        old.execute_batch(
            "INSERT INTO namespaces (tenant, user, agent) VALUES ('', '', '');
             INSERT INTO memories (namespace, text, digest, source, labels, at_ms, expires_ms)
             VALUES (1, '返品は三十日以内です', 'x', 'old.md', '[]', 1, 9223372036854775807);",
        )
        .unwrap();
        drop(old);
        let archive = SqliteArchive::open(&path).unwrap();
        let search = Search { words: Some("以内".into()), limit: 1, now_ms: 1, ..Search::default() };
        assert_eq!(archive.search(search).await.unwrap()[0].source.as_deref(), Some("old.md"));
        assert_eq!(archive.forget(None, Forget::Source("old.md".into())).await.unwrap(), 1);
        assert_eq!(count(&connect(&path).unwrap(), "words"), 0);
    }

    #[tokio::test]
    async fn vectors_are_known_to_our_own_connections_only() {
        let (_dir, path, _archive) = open();
        let version =
            |connection: Connection| connection.query_row("SELECT vec_version()", [], |row| row.get::<_, String>(0));
        assert!(version(connect(&path).unwrap()).unwrap().starts_with('v'));
        assert!(version(Connection::open(&path).unwrap()).is_err());
    }

    #[tokio::test]
    async fn a_namespace_has_an_end() {
        let (_dir, path, archive) = open();
        let raw = connect(&path).unwrap();
        let counted = || raw.query_row("SELECT memories FROM namespaces", [], |row| row.get::<_, u64>(0)).unwrap();
        for text in ["one", "two", "three"] {
            archive.keep(new(text), 1).await.unwrap();
        }
        archive.forget(None, Forget::Ids(vec![2])).await.unwrap();
        assert_eq!(counted(), 2);
        raw.execute("UPDATE namespaces SET memories = ?1", [MEMORIES_MAX]).unwrap();
        let fault = archive.keep(new("one too many"), 2).await.unwrap_err();
        assert_eq!(fault.breach.unwrap().limit, "memories");
        assert!(matches!(archive.keep(new("one"), 2).await.unwrap(), Remembered::Known(1)));
        archive.forget(None, Forget::Ids(vec![3])).await.unwrap();
        assert!(matches!(archive.keep(new("room again"), 2).await.unwrap(), Remembered::Kept(_)));
    }
}
