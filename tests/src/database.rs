//! A PostgreSQL database of a test's own, on the server that `tests/postgres` starts or on one of the test's.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stockade::Clock;
use stockade::journal::PostgresJournal;
use stockade::journal::postgres::Database;
use tokio::runtime::Builder;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

use crate::{Hand, Place};

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
        let (password, server) = login();
        Self::on(&server, &password).await
    }

    /// Makes one that is empty on this server, `HOST:PORT`.
    pub async fn on(server: &str, password: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let (password, server) = (password.to_owned(), server.to_owned());
        let name = format!("tests_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let database = Self { password, server, name };
        let made = format!("CREATE DATABASE {}", database.name);
        database.client("postgres").await.batch_execute(&made).await.unwrap();
        database
    }

    /// Its URL, which a journal takes; without the password.
    pub fn url(&self) -> String {
        self.url_by(&self.server)
    }

    /// The password of the user in the URL.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Does something to it that no journal does.
    pub async fn execute(&self, statements: &str) {
        self.inside().await.batch_execute(statements).await.unwrap();
    }

    /// Asks for a number.
    pub async fn count(&self, query: &str) -> i64 {
        self.inside().await.query_one(query, &[]).await.unwrap().get(0)
    }

    /// Opens the journal in it, from wherever that is wanted.
    pub fn open(&self, clock: &Clock) -> PostgresJournal {
        self.open_by(&self.server, clock)
    }

    /// Opens the journal in it by a way of its own to the server, `HOST:PORT`.
    pub fn open_by(&self, way: &str, clock: &Clock) -> PostgresJournal {
        let database = Database::parse(&self.url_by(way), Some(&self.password)).unwrap().clock(clock.clone());
        blocking(PostgresJournal::open(database)).unwrap()
    }

    /// Begins a host of a place that keeps its journal here, by a connection of its own, and goes by this clock.
    pub fn host(&self, place: &Place, hand: &Hand) -> stockade::Builder {
        let journal = self.open(&hand.clock());
        place.host().with_journal(journal).scratch(place.path("")).clock(hand.clock())
    }

    /// Has what is called in a place keep its journal here.
    pub fn configure(&self, place: &Place) {
        place.write("password", &self.password);
        let url = self.url();
        let config =
            format!("[journal]\nurl = \"{url}\"\npassword = \"db\"\n\n[secrets]\ndb = {{ file = \"password\" }}\n");
        place.write("stockade.toml", config);
    }

    fn url_by(&self, server: &str) -> String {
        format!("postgres://postgres@{server}/{}", self.name)
    }

    /// Where the server is, `HOST:PORT`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// What the server calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Connects to it, as no journal does.
    pub async fn inside(&self) -> Client {
        self.client(&self.name).await
    }

    async fn client(&self, database: &str) -> Client {
        let url = format!("postgres://postgres:{}@{}/{database}", self.password, self.server);
        let (client, traffic) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(traffic);
        client
    }
}

/// Returns the password of the server that `tests/postgres` starts, and where it is.
fn login() -> (String, String) {
    let url = std::env::var("STOCKADE_TEST_POSTGRES").unwrap();
    let (password, server) = url.strip_prefix("postgres://postgres:").unwrap().split_once('@').unwrap();
    (password.to_owned(), server.strip_suffix("/postgres").unwrap().to_owned())
}

/// Returns that password, which a server of a test's own has too.
pub fn password() -> String {
    login().0
}

/// The connections of journals to a database that wait for what another has locked.
pub const WAITING: &str = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'stockade' \
                           AND wait_event_type = 'Lock'";

/// How long a test waits for a statement to wait.
const WAITED_MAX: Duration = Duration::from_secs(60);

/// Waits until a statement of a journal waits for what another has locked. Of commits that may share one, a journal has no more
/// than one with the server for the first second, however many commits there are.
pub async fn commits_wait(admin: &Client) {
    wait(admin, WAITING).await;
}

/// Waits until a test itself waits for what another has locked.
pub async fn lock_waits(admin: &Client) {
    wait(admin, &WAITING.replace("= 'stockade'", "<> 'stockade'")).await;
}

async fn wait(admin: &Client, waiting: &str) {
    let counted = format!("SELECT count(*) {waiting}");
    let one_waits = async {
        while admin.query_one(&counted, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(WAITED_MAX, one_waits).await.is_ok(), "nothing waits: {counted}");
}

/// Waits for something from where nothing can wait.
pub fn blocking<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || Builder::new_current_thread().enable_all().build().unwrap().block_on(work));
        waiting.join().unwrap()
    })
}
