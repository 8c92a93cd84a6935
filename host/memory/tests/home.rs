//! Where the memories of a test are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use stockade_memory::postgres::Database;
use stockade_memory::{Archive, PostgresArchive, SqliteArchive};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// A place of a test's own, in which an archive may be opened several times.
pub(crate) enum Home {
    File(TempDir),
    Server(OwnDatabase),
}

/// A database on a server that `tests/postgres` starts.
pub(crate) struct OwnDatabase {
    /// The server's superuser with the password, if it has one, and where the server is.
    password: Option<String>,
    server: String,
    name: String,
}

impl Home {
    pub(crate) fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    /// A database of a server, which may have the extension for vectors or not.
    pub(crate) async fn postgresql() -> Self {
        let url =
            std::env::var("STOCKADE_TEST_POSTGRES").expect("STOCKADE_TEST_POSTGRES; run the tests by tests/postgres");
        Self::Server(OwnDatabase::new(&url).await)
    }

    /// A database of a server with that extension; none where `tests/postgres` found none, and that is said.
    pub(crate) async fn pgvector() -> Option<Self> {
        let Ok(url) = std::env::var("STOCKADE_TEST_PGVECTOR") else {
            eprintln!("skipped: there is no PostgreSQL server with pgvector; tests/postgres says why");
            return None;
        };
        Some(Self::Server(OwnDatabase::new(&url).await))
    }

    /// Opens the archive that is there.
    pub(crate) async fn archive(&self) -> Arc<dyn Archive> {
        match self {
            Self::File(dir) => Arc::new(SqliteArchive::open(dir.path().join("memory.db")).unwrap()),
            Self::Server(database) => Arc::new(PostgresArchive::open(database.database()).await.unwrap()),
        }
    }
}

impl OwnDatabase {
    async fn new(url: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let (login, server) = url.strip_prefix("postgres://postgres").unwrap().split_once('@').unwrap();
        let password = login.strip_prefix(':').map(str::to_owned);
        let server = server.strip_suffix("/postgres").unwrap().to_owned();
        let name = format!("memory_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let made = format!("CREATE DATABASE {name}");
        let database = Self { password, server, name };
        database.client("postgres").await.batch_execute(&made).await.unwrap();
        database
    }

    pub(crate) fn database(&self) -> Database {
        let url = format!("postgres://postgres@{}/{}", self.server, self.name);
        Database::of_memory(&url, self.password.as_deref()).unwrap()
    }

    /// Does something to it that no archive does.
    pub(crate) async fn execute(&self, statements: &str) {
        self.client(&self.name).await.batch_execute(statements).await.unwrap();
    }

    /// Returns the number that a statement has for its answer.
    pub(crate) async fn number(&self, select: &str) -> i64 {
        self.client(&self.name).await.query_one(select, &[]).await.unwrap().get(0)
    }

    async fn client(&self, database: &str) -> Client {
        let password = self.password.as_ref().map(|password| format!(":{password}")).unwrap_or_default();
        let url = format!("postgres://postgres{password}@{}/{database}", self.server);
        let (client, traffic) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(traffic);
        client
    }
}
