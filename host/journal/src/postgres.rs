//! A journal in a PostgreSQL database, which any number of hosts share.
//!
//! Each method is one statement, and so one transaction, which commits, claims and looks for many runs at the same moment share:
//! nothing of a session is relied on, so that a pooler may hand each statement to another connection (pgbouncer in transaction
//! mode).

mod entries;
mod group;
mod grouped;
mod labels;
mod leases;
mod migrate;
mod refused;
mod reseal;
mod rows;
mod select;
mod store;
mod text;
mod together;
mod write;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use stockade_workflow::{Entry, Fault, RunId};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::store::Store;
use self::write::{Removal, Write};
use crate::codec::{self, Bases};
use crate::keyring::Keyring;
use crate::{Commit, Filter, Journal, KeyUse, Lease, Result, Row, RowChange, Summary};

pub use stockade_system::postgres::{Database, Migrated};

/// How long giving back the leases may take when a journal is closed; those that are left end by themselves.
const FAREWELL: Duration = Duration::from_secs(2);

/// A journal in a PostgreSQL database. Any number of hosts, on any number of machines, may use it at the same time.
///
/// The time of leases, and of what is due, is the database's. That a process is gone is not seen: its leases end by
/// themselves, [`LEASE`](crate::LEASE) after it was last heard of. A process that ends as it should gives them back.
///
/// A commit whose connection broke before the answer is sent again under its id: the database knows it then, and it is made
/// once, also where it shares its statement with commits of other runs. Nothing that was committed is lost as long as the server
/// keeps what it has confirmed: a standby that takes over must be a synchronous one.
pub struct PostgresJournal {
    store: Arc<Store>,
    close: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// What was written last of the runs that are driven here.
    bases: Bases,
    keys: Keyring,
}

impl PostgresJournal {
    /// Opens a journal, and makes its tables where the database has none.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`](stockade_workflow::Kind::Journal) where the server cannot be reached or does not let us in, with
    /// detail `encoding` where the database cannot hold every text, with detail `version` where the tables are of a newer
    /// version, or do not say of which, and with detail `schema` where they are of an older one: [`PostgresJournal::migrate`] changes
    /// them.
    pub async fn open(database: Database) -> Result<Self> {
        let journal = Self::start(database)?;
        let store = Arc::clone(&journal.store);
        journal.store.on(async move { store.prepare().await }).await?;
        Ok(journal)
    }

    /// Makes the tables of a journal, or changes them to the version of this program, whatever other processes do meanwhile.
    ///
    /// # Errors
    ///
    /// As [`PostgresJournal::open`], but for tables of an older version.
    pub async fn migrate(database: Database) -> Result<Migrated> {
        let journal = Self::start(database)?;
        let store = Arc::clone(&journal.store);
        journal.store.on(async move { store.migrate().await }).await
    }

    /// Begins the thread in which connections are carried, whatever runtime the journal is used in, and whether that still
    /// runs when the journal is closed.
    fn start(database: Database) -> Result<Self> {
        let failed =
            |error: std::io::Error| Fault::of_storage(format!("the journal's thread cannot be started: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (close, closed) = oneshot::channel();
        let store = Arc::new(Store::new(database, runtime.handle().clone()));
        let kept = Arc::clone(&store);
        let thread = std::thread::Builder::new().name("journal".to_owned());
        let thread = thread.spawn(move || {
            runtime.block_on(async {
                let _ = closed.await;
                let _ = timeout(FAREWELL, kept.release_all()).await;
            });
        });
        let thread = Some(thread.map_err(failed)?);
        let (bases, keys) = (Bases::default(), Keyring::default());
        Ok(Self { store, close: Some(close), thread, bases, keys })
    }
}

#[async_trait]
impl Journal for PostgresJournal {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        let unread = |why| entries::unread(self.store.database(), commit.run(), &why);
        let before = commit.lease.as_ref().and_then(|lease| self.bases.take(lease));
        let (rows, last) = codec::encode(&commit.entries, before, &self.keys).map_err(unread)?;
        self.store.commit(Write::of(commit, rows)).await?;
        if let (Some(lease), Some(last), false) = (&commit.lease, last, commit.releases) {
            self.bases.put(lease, last);
        }
        Ok(())
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        self.store.claim(run).await
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        let (store, lease) = (Arc::clone(&self.store), lease.clone());
        self.store.on(async move { store.renew(&lease).await }).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.bases.take(lease);
        let (store, lease) = (Arc::clone(&self.store), lease.clone());
        self.store.on(async move { store.release(&lease).await }).await
    }

    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()> {
        self.bases.take(lease);
        let (store, removal) = (Arc::clone(&self.store), Removal::of(lease, index));
        self.store.on(async move { store.remove(removal).await }).await
    }

    async fn reseal(&self, told: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<u64> {
        let (store, keys) = (Arc::clone(&self.store), self.keys.clone());
        let runs = self.store.on(async move { store.stale_runs(&keys).await }).await?;
        let (all, mut changed) = (runs.len() as u64, 0);
        for (done, run) in (1..).zip(runs) {
            let (store, keys) = (Arc::clone(&self.store), self.keys.clone());
            changed += self.store.on(async move { store.reseal(&keys, run).await }).await?;
            told(done, all);
        }
        Ok(changed)
    }

    async fn keys_in_use(&self) -> Result<Vec<KeyUse>> {
        let store = Arc::clone(&self.store);
        self.store.on(async move { store.keys_in_use().await }).await.map(|found| KeyUse::all(found, &self.keys))
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        let store = Arc::clone(&self.store);
        self.store.on(async move { store.is_held(run).await }).await
    }

    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        self.read_page(run, seq, bytes_max).await.map(|(entries, _)| entries)
    }

    async fn read_page(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<(Vec<Entry>, bool)> {
        let store = Arc::clone(&self.store);
        let page = self.store.on(async move { store.page(run, seq, bytes_max).await }).await?;
        Ok((page.entries(self.store.database(), &self.keys)?, page.are_last))
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let (store, filter) = (Arc::clone(&self.store), filter.clone());
        self.store.on(async move { store.runs(&filter).await }).await
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        let (store, space, prefix) = (Arc::clone(&self.store), space.to_owned(), prefix.to_owned());
        let after = after.map(str::to_owned);
        self.store.on(async move { store.find(&space, &prefix, after.as_deref(), limit).await }).await
    }

    async fn find_each(&self, places: &[(&str, &str)]) -> Result<Vec<Row>> {
        let places = places.iter().map(|(space, prefix)| ((*space).to_owned(), (*prefix).to_owned()));
        self.store.find_each(places.collect()).await
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        let (store, space) = (Arc::clone(&self.store), space.to_owned());
        let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let after = after.map(|row| (row.due_ms, row.key.clone()));
        self.store.on(async move { store.due(&space, within_ms, after, limit).await }).await
    }
}

impl Drop for PostgresJournal {
    /// Gives back the leases that are held still, as far as the server can be reached.
    fn drop(&mut self) {
        self.close.take();
        if let Some(thread) = self.thread.take() {
            // It has nothing left to tell.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use stockade_system::Clock;
    use stockade_system::postgres::{Pool, Tables};
    use stockade_workflow::{Budget, Change, Kind, Origin, RunState, Status};
    use tokio_postgres::{Client, NoTls};
    use uuid::Uuid;

    use super::*;
    use crate::conformance;
    use crate::testing::run;

    /// A database of the test's own, on the server that `tests/postgres` starts.
    pub(super) struct Place {
        /// The server's superuser with the password, and where the server is.
        password: String,
        pub(super) server: String,
        name: String,
    }

    impl Place {
        pub(super) async fn new() -> Self {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let url = std::env::var("STOCKADE_TEST_POSTGRES")
                .expect("STOCKADE_TEST_POSTGRES; run the tests by tests/postgres");
            let (login, server) = url.strip_prefix("postgres://postgres:").unwrap().split_once('@').unwrap();
            let server = server.strip_suffix("/postgres").unwrap().to_owned();
            let name = format!("journal_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
            let place = Self { password: login.to_owned(), server, name };
            place.admin("postgres").await.batch_execute(&format!("CREATE DATABASE {}", place.name)).await.unwrap();
            place
        }

        /// A connection that is not the journal's.
        async fn admin(&self, database: &str) -> Client {
            let url = format!("postgres://postgres:{}@{}/{database}", self.password, self.server);
            let (client, traffic) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(traffic);
            client
        }

        pub(super) async fn inside(&self) -> Client {
            self.admin(&self.name).await
        }

        pub(super) fn at(&self, server: &str, options: &str) -> Database {
            let url = format!("postgres://postgres@{server}/{}{options}", self.name);
            Database::parse(&url, Some(&self.password)).unwrap()
        }

        pub(super) fn database(&self) -> Database {
            self.at(&self.server, "")
        }

        pub(super) async fn open(&self) -> PostgresJournal {
            PostgresJournal::open(self.database()).await.unwrap()
        }
    }

    /// Waits for something from where nothing can wait. Connections are carried by the journal's own thread.
    fn blocking<T: Send>(work: impl Future<Output = T> + Send) -> T {
        std::thread::scope(|scope| {
            let waiting =
                scope.spawn(move || Builder::new_current_thread().enable_all().build().unwrap().block_on(work));
            waiting.join().unwrap()
        })
    }

    pub(super) fn commit(run: RunId, seq: u64) -> Commit {
        let (budget, origin) = (Budget::NONE, Origin::default());
        let input = serde_json::json!("a\u{0}b").into();
        let change = Change::Created { workflow: "w".into(), version: 1, input, budget, origin };
        let entry = Entry { run, seq, at_ms: 5, change };
        let summary = Summary::of(&RunState::create(&Entry { seq: 1, ..entry.clone() }).unwrap(), 5);
        Commit { entries: vec![entry], summary: Some(summary), ..Commit::default() }
    }

    pub(super) async fn count(client: &Client, query: &str) -> i64 {
        client.query_one(query, &[]).await.unwrap().get(0)
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn the_journal_in_postgresql_does_what_every_journal_does() {
        conformance::check(|clock| {
            let place = blocking(Place::new());
            Box::new(move || {
                let database = place.database().clock(clock.clone());
                Box::new(blocking(PostgresJournal::open(database)).unwrap())
            })
        })
        .await;
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_text_with_a_zero_comes_back_as_it_was() {
        let (place, run) = (Place::new().await, run());
        let journal = place.open().await;
        let row = Row::new("a", "k\u{0}/\\", "\u{0}").of(run);
        let mut first = commit(run, 1);
        let summary = first.summary.as_mut().unwrap();
        (summary.state, summary.start_key) = ("s\u{0}\\0".to_owned(), Some("\u{0}".to_owned()));
        summary.labels.insert("team\u{0}".to_owned(), "a/\u{0}~".to_owned());
        first.index = vec![RowChange::Add(row.clone())];
        journal.commit(&first).await.unwrap();
        assert_eq!(journal.read(run).await.unwrap(), first.entries);
        assert_eq!(journal.find("a", "k\u{0}", None, 9).await.unwrap(), [row]);
        let (start_key, labels) = (Some("\u{0}".to_owned()), first.summary.as_ref().unwrap().labels.clone());
        let found = journal.runs(&Filter { start_key, labels, ..Filter::default() }).await.unwrap();
        let interrupted = Summary { status: Status::Interrupted, ..first.summary.unwrap() };
        assert_eq!(found, [interrupted]);
    }

    /// Begins a run with a document, which others may have too.
    fn begun(run: RunId, document: &str) -> Commit {
        let input = serde_json::json!({"document": document, "pages": 3}).into();
        let (budget, origin) = (Budget::NONE, Origin::default());
        let change = Change::Created { workflow: "w".into(), version: 1, input, budget, origin };
        let entries = vec![Entry { run, seq: 1, at_ms: 5, change }];
        Commit { lease: Some(Lease::first(run)), entries, ..Commit::default() }
    }

    const BLOBS: &str = "SELECT count(*) FROM stockade.blobs";

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_long_text_is_kept_once_and_as_long_as_a_run_names_it() {
        let place = Place::new().await;
        let (journal, admin) = (place.open().await, place.inside().await);
        let [one, other, third] = [0; 3].map(|_| run());
        let commits = [begun(one, &"a line, ".repeat(9_000)), begun(other, &"a line, ".repeat(9_000))];
        for commit in commits.iter().chain([&begun(third, &"another, ".repeat(9_000))]) {
            journal.commit(commit).await.unwrap();
        }
        assert_eq!(count(&admin, BLOBS).await, 2);
        assert!(count(&admin, "SELECT max(octet_length(change))::int8 FROM stockade.entries").await < 1_000);
        journal.remove(&Lease::first(one), &[]).await.unwrap();
        assert_eq!(count(&admin, BLOBS).await, 2);
        assert_eq!(journal.read(other).await.unwrap(), commits[1].entries);
        journal.remove(&Lease::first(other), &[]).await.unwrap();
        journal.remove(&Lease::first(third), &[]).await.unwrap();
        assert_eq!(count(&admin, BLOBS).await, 0);
        assert_eq!(count(&admin, "SELECT count(*) FROM stockade.blob_runs").await, 0);
    }

    /// The last run that has a document is removed while another begins that has it too, again and again: whichever is first, the
    /// document of the one that is there is there.
    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_text_stays_that_a_run_begins_to_name_while_another_is_removed() {
        let place = Place::new().await;
        let (journal, document) = (place.open().await, "a line, ".repeat(9_000));
        let mut last = begun(run(), &document);
        journal.commit(&last).await.unwrap();
        for _ in 0..200 {
            let (next, over) = (begun(run(), &document), Lease::first(last.entries[0].run));
            let (committed, removed) = tokio::join!(journal.commit(&next), journal.remove(&over, &[]));
            committed.unwrap();
            removed.unwrap();
            let run = next.entries[0].run;
            assert_eq!(journal.read(run).await.unwrap(), next.entries);
            last = next;
        }
        assert_eq!(count(&place.inside().await, BLOBS).await, 1);
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_text_that_is_not_there_is_missed_by_name() {
        let (place, run) = (Place::new().await, run());
        let journal = place.open().await;
        journal.commit(&begun(run, &"a line, ".repeat(9_000))).await.unwrap();
        place.inside().await.batch_execute("DELETE FROM stockade.blobs").await.unwrap();
        let fault = journal.read(run).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Journal, Some("entry")));
        assert!(fault.message.contains(&format!("entry 1 of run {run}")) && fault.message.contains("blobs"), "{fault}");
    }

    /// Eight hosts of a new version start at the same moment.
    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn migrations_at_once_make_the_tables_once() {
        let place = Place::new().await;
        let all: Vec<_> = (0..8).map(|_| tokio::spawn(PostgresJournal::migrate(place.database()))).collect();
        let mut made = 0;
        for one in all {
            let Migrated { from, to } = one.await.unwrap().unwrap();
            assert_eq!(to, migrate::TABLES.version());
            made += u32::from(from.is_none());
        }
        assert_eq!(made, 1);
        assert_eq!(count(&place.inside().await, "SELECT count(*) FROM stockade.version").await, 1);
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn newer_tables_are_refused_and_older_ones_wait_for_a_migration() {
        let place = Place::new().await;
        drop(place.open().await);
        let admin = place.inside().await;
        let set = async |version: u32| {
            admin.batch_execute(&format!("UPDATE stockade.version SET version = {version}")).await.unwrap();
        };
        set(migrate::TABLES.version() + 1).await;
        let refused = [
            PostgresJournal::open(place.database()).await.err().unwrap(),
            PostgresJournal::migrate(place.database()).await.err().unwrap(),
        ];
        assert_eq!(refused.map(|fault| fault.detail), [Some("version".to_owned()), Some("version".to_owned())]);
        set(migrate::TABLES.version() - 1).await;
        let refused = PostgresJournal::open(place.database()).await.err().unwrap();
        assert_eq!((refused.detail.as_deref(), refused.hint.is_some()), (Some("schema"), true), "{refused}");
        admin.batch_execute("DROP SCHEMA stockade CASCADE").await.unwrap();
        let migrated = PostgresJournal::migrate(place.database()).await.unwrap();
        assert_eq!(migrated, Migrated { from: None, to: migrate::TABLES.version() });
        let again = PostgresJournal::migrate(place.database()).await.unwrap();
        assert_eq!(again, Migrated { from: Some(migrate::TABLES.version()), to: migrate::TABLES.version() });
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn tables_of_the_first_version_are_changed_and_keep_their_runs() {
        let (place, run) = (Place::new().await, run());
        let (first, pool) =
            (Tables { steps: &migrate::TABLES.steps[..1], ..migrate::TABLES }, Pool::new(place.database()));
        first.migrate(&pool).await.unwrap();
        let begun = commit(run, 1);
        let (rows, _) = codec::encode(&begun.entries, None, &Keyring::default()).unwrap();
        Write::of(&begun, rows).send(&pool, &Uuid::now_v7().to_string()).await.unwrap();
        let refused = PostgresJournal::open(place.database()).await.err().unwrap();
        assert_eq!(refused.detail.as_deref(), Some("schema"));
        let migrated = PostgresJournal::migrate(place.database()).await.unwrap();
        assert_eq!(migrated, Migrated { from: Some(1), to: migrate::TABLES.version() });
        let journal = place.open().await;
        journal.commit(&commit(run, 2)).await.unwrap();
        assert_eq!(journal.read(run).await.unwrap().len(), 2);
    }

    /// A process that is killed gives nothing back: its leases end by the database's clock, and it is fenced if it was only slow.
    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_lease_ends_by_the_clock_of_the_database() {
        let (place, run) = (Place::new().await, run());
        // The clocks of the hosts are far from it.
        let (one, other) = (place.open().await, place.open().await);
        let lease = Lease::first(run);
        one.commit(&Commit { lease: Some(lease.clone()), ..commit(run, 1) }).await.unwrap();
        let left = "SELECT (until_ms - extract(epoch FROM now()) * 1000)::bigint FROM stockade.leases";
        let admin = place.inside().await;
        assert!((1..=30_000).contains(&count(&admin, left).await));
        assert_eq!(other.claim(run).await.unwrap_err().detail.as_deref(), Some("busy"));
        admin.batch_execute("UPDATE stockade.leases SET until_ms = until_ms - 30000").await.unwrap();
        assert_eq!(other.claim(run).await.unwrap().epoch, 2);
        let late =
            [one.commit(&Commit { lease: Some(lease.clone()), ..commit(run, 2) }).await, one.renew(&lease).await];
        assert_eq!(late.map(|late| late.unwrap_err().detail), [Some("fenced".to_owned()), Some("fenced".to_owned())]);
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn the_certificate_is_checked_and_no_error_shows_the_password() {
        let place = Place::new().await;
        let authority = std::env::var("STOCKADE_TEST_POSTGRES_CA").unwrap();
        let options = format!("?sslmode=verify-full&sslrootcert={authority}");
        drop(PostgresJournal::open(place.at(&place.server, &options)).await.unwrap());
        let elsewhere = Place { name: "nowhere".to_owned(), ..Place::new().await };
        let wrong = Place { password: "hunter2".to_owned(), ..Place::new().await };
        for (database, why) in [
            (place.at(&place.server, "?sslmode=require"), "its certificate must be valid for its name"),
            (wrong.database(), "does not let in the role, or not with this password"),
            (elsewhere.database(), "does not exist on its server"),
            (place.at("127.0.0.1:1", ""), "cannot be reached"),
        ] {
            let message = PostgresJournal::open(database).await.err().unwrap().message;
            assert!(message.contains(why), "{message}");
            assert!(!message.contains(&place.password) && !message.contains("hunter2"), "{message}");
        }
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL; tests/postgres starts one"]
    async fn a_clock_of_a_test_is_gone_by_in_place_of_the_database_s() {
        let place = Place::new().await;
        let journal = PostgresJournal::open(place.database().clock(Clock::new(|| 1_000))).await.unwrap();
        journal.commit(&Commit::of_index(vec![RowChange::Add(Row::new("a", "k", "").due(1_001))])).await.unwrap();
        assert_eq!(journal.due("a", Duration::ZERO, None, 9).await.unwrap(), []);
        assert_eq!(journal.due("a", Duration::from_millis(1), None, 9).await.unwrap().len(), 1);
    }
}
