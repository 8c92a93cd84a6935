//! An archive in a PostgreSQL database, which any number of hosts share.
//!
//! Each statement is a transaction of its own, and nothing of a session is relied on.

mod columns;
mod ranking;
mod read;
mod refused;
mod row;
mod words;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use stockade_system::postgres::{Pool, Tables, stored};
use stockade_workflow::{Fault, Kind, Memory, Namespace, Remembered};

use self::columns::{Columns, Vectors};
use crate::{Archive, Count, Forget, Kept, New, Page, Result, Search, Vector};

pub use stockade_system::postgres::Database;

/// Of which version the tables are, and what makes them. The lock is "STKM".
const TABLES: Tables = Tables {
    schema: "stockade_memory",
    lock: 1_398_033_229,
    steps: &[concat!(
        include_str!("postgres/schema.sql"),
        include_str!("postgres/functions.sql"),
        "SELECT stockade_memory.add_vectors();"
    )],
};

/// Whether there is a place for vectors. One whose extension was removed has lost its column.
const HAS_VECTORS: &str = "
    SELECT EXISTS (
        SELECT 1 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'stockade_memory' AND c.relname = 'vectors' AND a.attname = 'vector' AND NOT a.attisdropped
    ) AS vectors";

/// Makes that place, where it can be made.
const ADD_VECTORS: &str = "SELECT stockade_memory.add_vectors() AS vectors";

/// An archive in a PostgreSQL database. Any number of hosts, on any number of machines, may use it at the same time.
///
/// Where the database has the extension `vector` (pgvector), memories are found by their vectors too, and by their words alone
/// where it has not. A memory, its words and its vector are written by one statement; writes wait for each other. What is
/// forgotten is gone from the tables at once, and from the server's files only when it has vacuumed them and written over its
/// log.
pub struct PostgresArchive {
    pool: Arc<Pool>,
    has_vectors: bool,
}

/// What a migration of an archive did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version of the tables before; none where there were none.
    pub from: Option<u32>,
    /// The version now.
    pub to: u32,
    /// Whether there is a place for vectors.
    pub has_vectors: bool,
}

impl PostgresArchive {
    /// Opens an archive, and makes its tables where the database has none.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`] where the server cannot be reached or does not let us in, with detail `version` where the tables
    /// are of a newer version, and with detail `schema` where they are of an older one: [`PostgresArchive::migrate`] changes
    /// them.
    pub async fn open(database: Database) -> Result<Self> {
        let pool = Arc::new(Pool::new(database));
        TABLES.prepare(&pool).await?;
        let has_vectors = read::has_vectors(&pool, HAS_VECTORS).await?;
        Ok(Self { pool, has_vectors })
    }

    /// Makes the tables of an archive, or changes them to the version of this program, whatever other processes do meanwhile. A
    /// missing place for vectors is made where the extension is installed, or the server has it and the role may install it.
    ///
    /// # Errors
    ///
    /// As [`PostgresArchive::open`], but for tables of an older version.
    pub async fn migrate(database: Database) -> Result<Migrated> {
        let pool = Pool::new(database);
        let migrated = TABLES.migrate(&pool).await?;
        let has_vectors = read::has_vectors(&pool, ADD_VECTORS).await?;
        Ok(Migrated { from: migrated.from, to: migrated.to, has_vectors })
    }

    async fn write(
        &self,
        namespace: Namespace,
        replaced: Option<String>,
        new: &[New],
        now_ms: u64,
    ) -> Result<Vec<Remembered>> {
        let (pool, columns) = (Arc::clone(&self.pool), Columns::of(new, now_ms, self.has_vectors)?);
        to_its_end(async move { write::keep(&pool, &namespace, replaced.as_deref(), &columns, now_ms).await }).await
    }
}

/// Does something to its end, even if nothing waits for it any more: a statement that is given up goes on in the server.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let done = tokio::spawn(work).await;
    done.map_err(|error| Fault::new(Kind::Journal, format!("the memory's task has stopped: {error}")).detail("memory"))?
}

#[async_trait]
impl Archive for PostgresArchive {
    fn keeps_vectors(&self) -> bool {
        self.has_vectors
    }

    async fn embedding(&self) -> Result<Option<String>> {
        let pool = Arc::clone(&self.pool);
        to_its_end(async move { read::embedding(&pool).await }).await
    }

    async fn known(&self, namespace: &Namespace, text: &str, now_ms: u64) -> Result<Option<u64>> {
        let (pool, namespace, text) = (Arc::clone(&self.pool), namespace.clone(), text.to_owned());
        to_its_end(async move { read::known(&pool, &namespace, &text, now_ms).await }).await
    }

    async fn keep(&self, new: New, now_ms: u64) -> Result<Remembered> {
        let remembered = self.write(new.note.namespace.clone(), None, &[new], now_ms).await?;
        let none = || Fault::new(Kind::HostBug, "the database kept a memory and gave it no number");
        remembered.into_iter().next().ok_or_else(none)
    }

    async fn replace(
        &self,
        namespace: &Namespace,
        source: &str,
        new: Vec<New>,
        now_ms: u64,
    ) -> Result<Vec<Remembered>> {
        self.write(namespace.clone(), Some(source.to_owned()), &new, now_ms).await
    }

    async fn search(&self, search: Search) -> Result<Vec<Memory>> {
        let (pool, has_vectors) = (Arc::clone(&self.pool), self.has_vectors);
        to_its_end(async move { ranking::search(&pool, has_vectors, &search).await }).await
    }

    async fn list(&self, page: Page) -> Result<Vec<Kept>> {
        let pool = Arc::clone(&self.pool);
        to_its_end(async move { read::list(&pool, &page).await }).await
    }

    async fn forget(&self, namespace: Option<&Namespace>, what: Forget) -> Result<u64> {
        let (pool, namespace) = (Arc::clone(&self.pool), namespace.cloned());
        to_its_end(async move { write::forget(&pool, namespace.as_ref(), &what).await }).await
    }

    async fn expire(&self, now_ms: u64) -> Result<u64> {
        let pool = Arc::clone(&self.pool);
        to_its_end(async move { write::expire(&pool, now_ms).await }).await
    }

    async fn counts(&self, now_ms: u64) -> Result<Vec<Count>> {
        let pool = Arc::clone(&self.pool);
        to_its_end(async move { read::counts(&pool, now_ms).await }).await
    }

    async fn stage(&self, vectors: Vec<(u64, Vector)>, first: bool) -> Result<()> {
        let (pool, mut all) = (Arc::clone(&self.pool), Vectors::default());
        vectors.iter().try_for_each(|(_, vector)| all.add(vector))?;
        let ids: Vec<_> = vectors.iter().map(|(id, _)| stored(*id)).collect();
        to_its_end(async move { write::stage(&pool, &ids, &all, first).await }).await
    }

    async fn adopt(&self, embedding: &str, last: u64) -> Result<bool> {
        let (pool, embedding) = (Arc::clone(&self.pool), embedding.to_owned());
        to_its_end(async move { write::adopt(&pool, &embedding, last).await }).await
    }
}
