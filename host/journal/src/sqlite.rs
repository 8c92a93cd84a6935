mod adoption;
mod blobs;
mod driven;
mod entries;
mod leases;
mod lookers;
mod removal;
mod reseal;
mod room;
mod rows;
mod select;
mod standing;
mod tables;
mod writer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, Row as SqlRow, params_from_iter};
use serde::Serialize;
use stockade_system::{Clock, database};
use stockade_workflow::{Entry, Fault, Kind, RunId, Status};
use tokio::sync::{mpsc, oneshot};

use self::leases::Held;
use self::lookers::Lookers;
use self::select::{LEASE_COLUMN, Select};
use self::writer::{Append, Done, Request, Work, Writer};
use crate::codec::{self, Bases, Unread};
use crate::keyring::Keyring;
use crate::owner::Owner;
use crate::summary::part;
use crate::{Commit, Filter, Journal, KeyUse, Lease, Result, Room, Row, RowChange, Summary, refusal};

/// How long a commit waits for another process that is writing, before it fails.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// How many statements a connection keeps prepared: all that the writer has.
const STATEMENTS_MAX: usize = 32;

/// How many commits may wait for the writer; beyond it, callers wait in line.
const QUEUE_MAX: usize = 1024;

/// A journal in one SQLite file, in WAL mode with `synchronous=FULL`.
///
/// One thread writes, and puts all commits that wait into one transaction, so that runs side by side share the
/// price of the disk. Several processes may use the file at the same time.
pub struct SqliteJournal {
    path: PathBuf,
    owner: Arc<Owner>,
    clock: Clock,
    inbox: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    reader: Arc<Mutex<Connection>>,
    /// Read what is found at once, and wait for no lock.
    lookers: Lookers,
    /// What was written last of the runs that are driven here.
    bases: Bases,
    keys: Keyring,
}

impl SqliteJournal {
    /// Opens a journal, and creates it where there is none; its folder must exist. The clock says when leases are over.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`] where the file cannot be written, is not a journal, or is of a newer version.
    pub fn open(path: impl Into<PathBuf>, clock: Clock) -> Result<Self> {
        let path = path.into();
        let mut connection = connect(&path).map_err(|error| unusable(&path, &error))?;
        tables::prepare(&mut connection, &path)?;
        let reader = connect(&path).map_err(|error| unusable(&path, &error))?;
        let (inbox, requests) = mpsc::channel(QUEUE_MAX);
        let owner = Arc::new(Owner::new(&path));
        let writer = Writer { connection, path: path.clone(), owner: Arc::clone(&owner) };
        let thread = std::thread::Builder::new().name("journal".to_owned());
        let writer = thread.spawn(move || writer.write(requests)).map_err(|error| stopped(&path, &error))?;
        let reader = Arc::new(Mutex::new(reader));
        let lookers = Lookers::open(&path).map_err(|error| unusable(&path, &error))?;
        let (bases, keys) = (Bases::default(), Keyring::default());
        Ok(Self { path, owner, clock, inbox: Some(inbox), writer: Some(writer), reader, lookers, bases, keys })
    }

    /// Seals what is written from now on with these keys, and opens what is sealed already.
    #[must_use]
    pub fn sealed_with(mut self, keys: Keyring) -> Self {
        self.keys = keys;
        self
    }

    /// Does something with a connection of its own, which no other waits for.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(Connection) -> rusqlite::Result<Result<T>> + Send + 'static,
    ) -> Result<T> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || work(connect(&path)?)).await;
        let done = done.map_err(|error| stopped(&self.path, &error))?;
        done.map_err(|error| failed(&self.path, &error))?
    }

    async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let reader = Arc::clone(&self.reader);
        let task = tokio::task::spawn_blocking(move || query(&reader.lock().unwrap_or_else(PoisonError::into_inner)));
        let answer = task.await.map_err(|error| stopped(&self.path, &error))?;
        answer.map_err(|error| failed(&self.path, &error))
    }

    /// Looks for rows on this thread, where no lock has to be waited for: they are in a few pages that the system mostly has in
    /// memory, and a hop to another thread and back takes longer. None where it could not be done so.
    fn look(&self, places: &[(&str, &str)]) -> Option<Vec<Row>> {
        self.lookers.look(|looker| rows::find_each(looker, places))
    }

    /// Has the writer do something, and waits until it is durable.
    async fn done(&self, work: Work) -> Result<Done> {
        let gone = || Fault::of_storage("the journal's writer has stopped");
        let (done, answer) = oneshot::channel();
        let inbox = self.inbox.as_ref().ok_or_else(gone)?;
        inbox.send(Request { work, now_ms: self.clock.now_ms(), done }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    fn is_live(&self, held: &Held) -> bool {
        held.is_live(&self.owner, self.clock.now_ms())
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn commit(&self, commit: &Commit) -> Result<()> {
        let (lease, summary, index) = (commit.lease.clone(), commit.summary.clone(), commit.index.clone());
        let before = lease.as_ref().and_then(|lease| self.bases.take(lease));
        let packed = codec::encode(&commit.entries, before, &self.keys);
        let (rows, last) = packed.map_err(|why| unread(&self.path, commit.run(), why))?;
        let append = Append { run: commit.run(), lease, releases: commit.releases, rows, summary, index };
        self.done(Work::Append(Box::new(append))).await?;
        if let (Some(lease), Some(last), false) = (&commit.lease, last, commit.releases) {
            self.bases.put(lease, last);
        }
        Ok(())
    }

    async fn claim(&self, run: RunId) -> Result<Lease> {
        match self.done(Work::Claim(run)).await? {
            Done::Claimed(lease) => Ok(lease),
            Done::Written => Err(refusal::busy(run)),
        }
    }

    async fn renew(&self, lease: &Lease) -> Result<()> {
        self.done(Work::Renew(lease.clone())).await.map(drop)
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.bases.take(lease);
        self.done(Work::Release(lease.clone())).await.map(drop)
    }

    async fn remove(&self, lease: &Lease, index: &[RowChange]) -> Result<()> {
        self.bases.take(lease);
        self.done(Work::Remove(lease.clone(), index.to_vec())).await.map(drop)
    }

    async fn compact(&self) -> Result<Room> {
        let path = self.path.clone();
        self.apart(move |db| room::compact(&db, &path).map(Ok)).await
    }

    async fn reseal(&self, told: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<u64> {
        let (mut after, mut changed) = (0, 0);
        loop {
            let (path, keys) = (self.path.clone(), self.keys.clone());
            let step = self.apart(move |mut db| reseal::step(&mut db, &path, &keys, after)).await?;
            changed += step.changed;
            told(step.at, step.all);
            if step.is_last {
                break;
            }
            after = step.at;
        }
        self.apart(|db| room::checkpoint(&db).map(Ok)).await?;
        Ok(changed)
    }

    async fn keys_in_use(&self) -> Result<Vec<KeyUse>> {
        let keys = self.keys.clone();
        self.query(move |db| reseal::keys_in_use(db).map(|found| KeyUse::all(found, &keys))).await
    }

    async fn is_held(&self, run: RunId) -> Result<bool> {
        let held = self.query(move |db| leases::held(db, run)).await?;
        Ok(held.is_some_and(|held| self.is_live(&held)))
    }

    async fn read_after(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        self.read_page(run, seq, bytes_max).await.map(|(entries, _)| entries)
    }

    async fn read_page(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<(Vec<Entry>, bool)> {
        let (path, keys) = (self.path.clone(), self.keys.clone());
        let rows = self.query(move |db| entries::page(db, &path, &keys, run, seq, bytes_max)).await??;
        let are_last = entries::are_last(&rows, bytes_max);
        Ok((entries::of(rows, &self.path, run, seq)?, are_last))
    }

    async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        let select = Select::of(filter);
        let (filter, owner, now_ms) = (filter.clone(), Arc::clone(&self.owner), self.clock.now_ms());
        self.query(move |db| {
            let mut prepared = db.prepare_cached(&select.sql)?;
            let rows = prepared.query_map(params_from_iter(&select.values), |row| {
                let (mut summary, held) = (summary(row)?, Held::read(row, LEASE_COLUMN)?);
                if summary.status == Status::Running && !held.is_some_and(|held| held.is_live(&owner, now_ms)) {
                    summary.status = Status::Interrupted;
                }
                Ok(summary)
            })?;
            // No more is read than is wanted.
            let wanted = rows.filter(|read| read.as_ref().map_or(true, |summary| filter.lets(summary)));
            wanted.take(filter.limit.unwrap_or(usize::MAX)).collect()
        })
        .await
    }

    async fn find(&self, space: &str, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<Row>> {
        let (space, prefix, after) = (space.to_owned(), prefix.to_owned(), after.map(str::to_owned));
        self.query(move |db| rows::find(db, &space, &prefix, after.as_deref(), limit)).await
    }

    async fn find_each(&self, places: &[(&str, &str)]) -> Result<Vec<Row>> {
        if let Some(rows) = self.look(places) {
            return Ok(rows);
        }
        let places: Vec<_> = places.iter().map(|(space, prefix)| ((*space).to_owned(), (*prefix).to_owned())).collect();
        self.query(move |db| rows::find_each(db, &places)).await
    }

    async fn row(&self, space: &str, key: &str) -> Result<Option<Row>> {
        // The key itself is the first of those that begin with it.
        let first = match self.lookers.look(|looker| rows::find(looker, space, key, None, 1)) {
            Some(first) => first,
            None => self.find(space, key, None, 1).await?,
        };
        Ok(first.into_iter().find(|row| row.key == key))
    }

    async fn due(&self, space: &str, within: Duration, after: Option<&Row>, limit: usize) -> Result<Vec<Row>> {
        let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let (space, until_ms) = (space.to_owned(), self.clock.now_ms().saturating_add(within_ms));
        let after = after.map(|row| (row.due_ms, row.key.clone()));
        self.query(move |db| rows::due(db, &space, until_ms, after, limit)).await
    }
}

impl Drop for SqliteJournal {
    /// Lets the writer finish what it was given.
    fn drop(&mut self) {
        self.inbox.take();
        if let Some(writer) = self.writer.take() {
            // It has nothing left to tell: each commit was answered.
            let _ = writer.join();
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = database::open(path)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    room::prepare(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn unread(path: &Path, run: Option<RunId>, Unread { seq, why, detail }: Unread) -> Fault {
    let of = run.map(|run| format!(" of run {run}")).unwrap_or_default();
    let message = format!("entry {seq}{of} in \"{}\" cannot be read: {why}", path.display());
    Fault::new(Kind::Journal, message).detail(detail)
}

fn summary(row: &SqlRow<'_>) -> rusqlite::Result<Summary> {
    let (mut damaged, status) = (None, row.get::<_, String>(2)?);
    let (labels, waiting_for): (String, Option<String>) = (row.get(6)?, row.get(7)?);
    let waiting_for = waiting_for.map_or(Ok(BTreeSet::new()), |text| serde_json::from_str(&text));
    Ok(Summary {
        run_id: RunId::from_bytes(row.get(0)?),
        workflow: row.get(1)?,
        status: part("status", status.parse::<Status>().map(Some), &mut damaged).unwrap_or(Status::Running),
        state: row.get(3)?,
        updated_ms: row.get(4)?,
        start_key: row.get(5)?,
        labels: part("labels", serde_json::from_str(&labels), &mut damaged),
        waiting_for: part("waits", waiting_for, &mut damaged),
        damaged,
    })
}

fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn newer(path: &Path, found: u32, known: u32) -> Fault {
    let path = path.display();
    let message =
        format!("\"{path}\" was written by a newer stockade (format {found}, this one knows {known}); use that one");
    Fault::new(Kind::Journal, message).detail("version")
}

fn unusable(path: &Path, error: &rusqlite::Error) -> Fault {
    let advice = database::advice(path, error);
    Fault::new(Kind::Journal, format!("the journal \"{}\" cannot be used: {error}{advice}", path.display()))
        .detail("open")
}

fn failed(path: &Path, error: &rusqlite::Error) -> Fault {
    stopped(path, &format!("{error}{}", database::advice(path, error)))
}

/// The journal failed where SQLite did not.
fn stopped(path: &Path, why: &dyn std::fmt::Display) -> Fault {
    Fault::of_storage(format!("the journal \"{}\" failed: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use stockade_workflow::{Budget, Change, Origin, RunState, WaitingFor};

    use super::*;
    use crate::conformance;
    use crate::testing::run;

    fn commit(run: RunId, seq: u64) -> Commit {
        let change = Change::Created {
            workflow: "w".into(),
            version: 1,
            input: serde_json::json!(1).into(),
            budget: Budget::NONE,
            origin: Origin::default(),
        };
        let entry = Entry { run, seq, at_ms: 5, change };
        let summary = Summary::of(&RunState::create(&Entry { seq: 1, ..entry.clone() }).unwrap(), 5);
        Commit { entries: vec![entry], summary: Some(summary), ..Commit::default() }
    }

    #[tokio::test]
    async fn the_journal_in_a_file_does_what_every_journal_does() {
        let dir = tempfile::tempdir().unwrap();
        conformance::check(|clock| {
            let path = dir.path().join(format!("{}.db", run()));
            Box::new(move || Box::new(SqliteJournal::open(&path, clock.clone()).unwrap()))
        })
        .await;
        let mut left = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        assert!(left.all(|path| path.is_file()), "the files by which openers show themselves are gone with them");
    }

    #[tokio::test]
    async fn a_number_that_is_taken_or_skipped_is_refused_and_the_group_lives() {
        let dir = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(dir.path().join("journal.db"), Clock::default()).unwrap();
        let (one, two) = (run(), run());
        journal.commit(&commit(one, 1)).await.unwrap();
        let (again, new, gap) = (commit(one, 1), commit(two, 1), commit(two, 3));
        let (taken, fresh, skipped) = tokio::join!(journal.commit(&again), journal.commit(&new), journal.commit(&gap));
        assert_eq!(taken.unwrap_err().kind, Kind::Conflict);
        fresh.unwrap();
        assert_eq!(skipped.unwrap_err().kind, Kind::Conflict);
        assert_eq!(journal.read(two).await.unwrap().len(), 1);
    }

    /// It is refused before anything is written, for nothing of it would be taken back.
    #[tokio::test]
    async fn a_first_commit_that_is_refused_takes_no_lease() {
        let dir = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(dir.path().join("journal.db"), Clock::default()).unwrap();
        let run = run();
        let under = |lease: Lease, commit: Commit| Commit { lease: Some(lease), ..commit };
        let late = journal.commit(&under(Lease::first(run), commit(run, 2))).await.unwrap_err();
        assert_eq!(late.detail.as_deref(), Some("taken"));
        let foreign = journal.commit(&under(Lease { run, epoch: 2 }, commit(run, 1))).await.unwrap_err();
        assert_eq!(foreign.detail.as_deref(), Some("fenced"));
        assert!(!journal.is_held(run).await.unwrap());
        journal.commit(&under(Lease::first(run), commit(run, 1))).await.unwrap();
        assert!(journal.is_held(run).await.unwrap());
    }

    #[tokio::test]
    async fn a_line_of_a_run_that_cannot_be_read_in_part_keeps_no_other_from_the_list() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        for (column, says) in [("labels", "labels"), ("waiting_for", "waits"), ("status", "status")] {
            let run = run();
            journal.commit(&commit(run, 1)).await.unwrap();
            let update = format!("UPDATE runs SET {column} = '[' WHERE run = ?1");
            Connection::open(&path).unwrap().execute(&update, [run.as_bytes()]).unwrap();
            let listed = journal.runs(&Filter::default()).await.unwrap();
            let damaged = listed.iter().find(|summary| summary.run_id == run).unwrap().damaged.clone().unwrap();
            assert!(damaged.starts_with(&format!("its {says} cannot be read")), "{damaged}");
        }
        assert_eq!(journal.runs(&Filter::default()).await.unwrap().len(), 3);
        let labelled = Filter { labels: [("team".to_owned(), "a".to_owned())].into(), ..Filter::default() };
        let waiting = Filter { waiting_for: [WaitingFor::Time].into(), ..Filter::default() };
        for filter in [labelled, waiting] {
            assert_eq!(journal.runs(&filter).await.unwrap(), []);
        }
    }

    #[tokio::test]
    async fn newer_and_foreign_files_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let run = run();
        SqliteJournal::open(&path, Clock::default()).unwrap().commit(&commit(run, 1)).await.unwrap();
        let raw = Connection::open(&path).unwrap();
        raw.execute("UPDATE entries SET format = 9", []).unwrap();
        let fault = SqliteJournal::open(&path, Clock::default()).unwrap().read(run).await.unwrap_err();
        assert!(fault.message.contains("format 9"), "{fault}");
        raw.pragma_update(None, "user_version", 7).unwrap();
        let fault = SqliteJournal::open(&path, Clock::default()).err().unwrap();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Journal, Some("version")));
        raw.pragma_update(None, "application_id", 1).unwrap();
        let fault = SqliteJournal::open(&path, Clock::default()).err().unwrap();
        assert_eq!(fault.detail.as_deref(), Some("foreign"));
        std::fs::write(dir.path().join("text"), "no database, but long enough to be read as one").unwrap();
        assert_eq!(SqliteJournal::open(dir.path().join("text"), Clock::default()).err().unwrap().kind, Kind::Journal);
    }
}
