//! A PostgreSQL database of a test's own, on the server that `tests/postgres` starts.

use std::sync::atomic::{AtomicU32, Ordering};

use stockade::Clock;
use stockade::journal::PostgresJournal;
use stockade::journal::postgres::Database;
use tokio::runtime::Builder;
use tokio_postgres::{Client, NoTls};

/// A database.
pub struct OwnDatabase {
    /// The password of the server's superuser, and where the server is.
    password: String,
    server: String,
    name: String,
}

impl OwnDatabase {
    /// Makes one that is empty.
    pub async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("STOCKADE_TEST_POSTGRES").unwrap();
        let (password, server) = url.strip_prefix("postgres://postgres:").unwrap().split_once('@').unwrap();
        let (password, server) = (password.to_owned(), server.strip_suffix("/postgres").unwrap().to_owned());
        let name = format!("crashes_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let database = Self { password, server, name };
        let made = format!("CREATE DATABASE {}", database.name);
        database.client("postgres").await.batch_execute(&made).await.unwrap();
        database
    }

    /// Does something to it that no journal does.
    pub async fn execute(&self, statements: &str) {
        self.client(&self.name).await.batch_execute(statements).await.unwrap();
    }

    /// Returns its URL, without the password.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/{}", self.server, self.name)
    }

    /// Returns the password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Asks for a number.
    pub async fn count(&self, query: &str) -> i64 {
        self.client(&self.name).await.query_one(query, &[]).await.unwrap().get(0)
    }

    /// Opens the journal in it, from wherever that is wanted.
    pub fn open(&self, clock: &Clock) -> PostgresJournal {
        let database = Database::parse(&self.url(), Some(&self.password)).unwrap().clock(clock.clone());
        blocking(PostgresJournal::open(database)).unwrap()
    }

    async fn client(&self, database: &str) -> Client {
        let url = format!("postgres://postgres:{}@{}/{database}", self.password, self.server);
        let (client, traffic) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(traffic);
        client
    }
}

/// Waits for something from where nothing can wait.
pub fn blocking<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || Builder::new_current_thread().enable_all().build().unwrap().block_on(work));
        waiting.join().unwrap()
    })
}
