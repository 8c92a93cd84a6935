use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Row, Transaction, TransactionBehavior, named_params, params,
    params_from_iter,
};
use stockade_workflow::{Entry, FORMAT, Fault, Kind, RunId, Status};
use tokio::sync::{mpsc, oneshot};

use super::{CellRef, Commit, Journal, NewCell, Summary};
use crate::{Result, file};

/// The version of the tables; a file of a newer one is refused.
const SCHEMA: u32 = 2;

/// "STKD", so that `file` and we can tell a journal from any other SQLite database.
const APPLICATION_ID: u32 = 0x5354_4b44;

/// How long a commit waits for another process that is writing, before it fails.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// How many commits may wait for the writer; beyond it, callers wait in line.
const QUEUE_MAX: usize = 1024;

/// How many commits share one transaction, so that the first of them does not wait for ever more others.
const GROUP_MAX: usize = 256;

/// Entries are only ever appended at the end of one table: keyed tables would dirty a page for each live run.
const TABLES: &str = "
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY, run BLOB NOT NULL, seq INTEGER NOT NULL,
        format INTEGER NOT NULL, at_ms INTEGER NOT NULL, change TEXT NOT NULL
    );
    CREATE UNIQUE INDEX entries_in_order ON entries (run, seq);
    CREATE TABLE runs (
        run BLOB PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL, state TEXT NOT NULL,
        updated_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_status ON runs (status);";

/// What the second version added: the cells of sessions of code, by where they were recorded.
const CELLS: &str = "
    CREATE TABLE cells (
        session TEXT NOT NULL, number INTEGER NOT NULL, run BLOB NOT NULL, key TEXT NOT NULL,
        PRIMARY KEY (session, number)
    ) WITHOUT ROWID;";

/// A journal in one SQLite file, in WAL mode with `synchronous=FULL`.
///
/// One thread writes, and puts all commits that wait into one transaction, so that runs side by side share the
/// price of the disk. Several processes may use the file at the same time.
pub struct SqliteJournal {
    path: PathBuf,
    inbox: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    reader: Arc<Mutex<Connection>>,
}

/// A commit on its way to the writer. Its JSON is written before, by whoever commits: there is one writer for all.
struct Request {
    run: RunId,
    rows: Vec<NewRow>,
    summary: Option<Summary>,
    cell: Option<NewCell>,
    done: oneshot::Sender<Result<()>>,
}

struct NewRow {
    seq: u64,
    at_ms: u64,
    change: String,
}

impl SqliteJournal {
    /// Opens a journal, and creates it where there is none; its folder must exist.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`] where the file cannot be written, is not a journal, or is of a newer version.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let mut connection = connect(&path).map_err(|error| unusable(&path, &error))?;
        prepare(&mut connection, &path)?;
        let reader = connect(&path).map_err(|error| unusable(&path, &error))?;
        let (inbox, requests) = mpsc::channel(QUEUE_MAX);
        let (writes, name) = (path.clone(), "journal".to_owned());
        let writer = std::thread::Builder::new().name(name).spawn(move || write(connection, requests, &writes));
        let writer = writer.map_err(|error| failed(&path, error))?;
        Ok(Self { path, inbox: Some(inbox), writer: Some(writer), reader: Arc::new(Mutex::new(reader)) })
    }

    async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let reader = Arc::clone(&self.reader);
        let task = tokio::task::spawn_blocking(move || query(&reader.lock().unwrap_or_else(PoisonError::into_inner)));
        let answer = task.await.map_err(|error| failed(&self.path, error))?;
        answer.map_err(|error| failed(&self.path, error))
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn commit(&self, Commit { entries, summary, cell }: &Commit) -> Result<()> {
        let Some(first) = entries.first() else { return Ok(()) };
        let rows = entries.iter().map(|entry| row(&self.path, entry)).collect::<Result<_>>()?;
        let (done, answer) = oneshot::channel();
        let gone = || Fault::new(Kind::Journal, "the journal's writer has stopped");
        let inbox = self.inbox.as_ref().ok_or_else(gone)?;
        let request = Request { run: first.run, rows, summary: summary.clone(), cell: cell.clone(), done };
        inbox.send(request).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn read(&self, run: RunId) -> Result<Vec<Entry>> {
        let rows = self.query(move |db| {
            let mut select =
                db.prepare_cached("SELECT seq, format, at_ms, change FROM entries WHERE run = ?1 ORDER BY seq")?;
            let rows = select.query_map([run.as_bytes()], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, u32>(1)?, row.get::<_, u64>(2)?, row.get::<_, String>(3)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        let rows = rows.await?.into_iter();
        rows.map(|(seq, format, at_ms, change)| entry(&self.path, run, seq, format, at_ms, &change)).collect()
    }

    async fn runs(&self, of: &[Status]) -> Result<Vec<Summary>> {
        let of: Vec<String> = of.iter().map(ToString::to_string).collect();
        self.query(move |db| {
            let chosen = if of.is_empty() { String::new() } else { format!("WHERE status IN ({})", places(of.len())) };
            let select = format!("SELECT run, workflow, status, state, updated_ms FROM runs {chosen} ORDER BY run");
            let mut select = db.prepare_cached(&select)?;
            select.query_map(params_from_iter(&of), summary)?.collect()
        })
        .await
    }

    async fn cells(&self, session: &str) -> Result<Vec<CellRef>> {
        let session = session.to_owned();
        self.query(move |db| {
            let mut select = db.prepare_cached("SELECT run, key FROM cells WHERE session = ?1 ORDER BY number")?;
            let cells = select
                .query_map([session], |row| Ok(CellRef { run: RunId::from_bytes(row.get(0)?), key: row.get(1)? }))?;
            cells.collect()
        })
        .await
    }

    async fn fork(&self, from: &str, to: &str) -> Result<()> {
        let (source, target) = (from.to_owned(), to.to_owned());
        let (copied, there) = self.query(move |db| fork(db, &source, &target)).await?;
        match (copied, there) {
            (_, 1..) => Err(Fault::new(Kind::Conflict, format!("there is a session \"{to}\" already"))),
            (0, _) => Err(Fault::new(Kind::NotFound, format!("there is no session \"{from}\"")).detail("session")),
            _ => Ok(()),
        }
    }
}

/// Copies the cells of a session, if it has any and the new one has none; returns how many each has.
fn fork(connection: &Connection, from: &str, to: &str) -> rusqlite::Result<(u64, u64)> {
    let transaction = connection.unchecked_transaction()?;
    let count = |session| {
        let count = "SELECT count(*) FROM cells WHERE session = ?1";
        transaction.query_row(count, [session], |row| row.get::<_, u64>(0))
    };
    let counts = (count(from)?, count(to)?);
    if counts.1 == 0 {
        let copy = "INSERT INTO cells SELECT ?2, number, run, key FROM cells WHERE session = ?1";
        transaction.execute(copy, [from, to])?;
    }
    transaction.commit()?;
    Ok(counts)
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

fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = file::database(path)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn prepare(connection: &mut Connection, path: &Path) -> Result<()> {
    let found = file::tables(connection, APPLICATION_ID, &[TABLES, CELLS]).map_err(|error| unusable(path, &error))?;
    match found {
        (APPLICATION_ID, SCHEMA) => Ok(()),
        (APPLICATION_ID, version) => Err(newer(path, version, SCHEMA)),
        _ => {
            Err(Fault::new(Kind::Journal, format!("\"{}\" is not a stockade journal", path.display()))
                .detail("foreign"))
        }
    }
}

/// The writer's thread: takes what waits, commits it as one, answers each.
fn write(mut connection: Connection, mut inbox: mpsc::Receiver<Request>, path: &Path) {
    while let Some(first) = inbox.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(next) = inbox.try_recv()
        {
            group.push(next);
        }
        let answers = commit_group(&mut connection, &group, path);
        for (request, answer) in group.into_iter().zip(answers) {
            // Whoever asked may have gone away meanwhile.
            let _ = request.done.send(answer);
        }
    }
}

/// Commits a group; a conflict refuses its own commit only, any other failure the whole group.
fn commit_group(connection: &mut Connection, group: &[Request], path: &Path) -> Vec<Result<()>> {
    let committed = connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
        let appended = group.iter().map(|request| append(&transaction, request));
        let appended = appended.collect::<rusqlite::Result<Vec<bool>>>()?;
        transaction.commit().map(|()| appended)
    });
    match committed {
        Ok(appended) => group.iter().zip(appended).map(|(request, done)| conflict(request.run, done)).collect(),
        Err(error) => group.iter().map(|_| Err(failed(path, &error))).collect(),
    }
}

/// Appends a commit, or nothing where its first number is taken; then the rest of them are free by construction.
fn append(transaction: &Transaction<'_>, Request { run, rows, summary, cell, .. }: &Request) -> rusqlite::Result<bool> {
    let mut last = transaction.prepare_cached("SELECT seq FROM entries WHERE run = ?1 ORDER BY seq DESC LIMIT 1")?;
    let last: Option<u64> = last.query_row([run.as_bytes()], |row| row.get(0)).optional()?;
    if rows.first().is_some_and(|first| last.unwrap_or(0) + 1 != first.seq) {
        return Ok(false);
    }
    if let Some(cell) = cell
        && !add_cell(transaction, *run, cell)?
    {
        return Ok(false);
    }
    let mut insert = transaction
        .prepare_cached("INSERT INTO entries (run, seq, format, at_ms, change) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for NewRow { seq, at_ms, change } in rows {
        insert.execute(params![run.as_bytes(), seq, FORMAT, at_ms, change])?;
    }
    summary.as_ref().map_or(Ok(()), |summary| upsert(transaction, summary))?;
    Ok(true)
}

/// Adds a cell to its session, if it is the one that comes next there.
fn add_cell(transaction: &Transaction<'_>, run: RunId, cell: &NewCell) -> rusqlite::Result<bool> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO cells (session, number, run, key)
         SELECT :session, :number, :run, :key
         WHERE (SELECT count(*) FROM cells WHERE session = :session) = :number",
    )?;
    let NewCell { session, number, key } = cell;
    let added = insert.execute(named_params! {
        ":session": session, ":number": number, ":run": run.as_bytes(), ":key": key,
    })?;
    Ok(added == 1)
}

fn upsert(transaction: &Transaction<'_>, summary: &Summary) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO runs (run, workflow, status, state, updated_ms) VALUES (:run, :workflow, :status, :state, :at)
         ON CONFLICT (run) DO UPDATE SET status = :status, state = :state, updated_ms = :at",
    )?;
    upsert.execute(named_params! {
        ":run": summary.run_id.as_bytes(), ":workflow": summary.workflow, ":status": summary.status.to_string(),
        ":state": summary.state, ":at": summary.updated_ms,
    })?;
    Ok(())
}

fn row(path: &Path, Entry { seq, at_ms, change, .. }: &Entry) -> Result<NewRow> {
    let change = serde_json::to_string(change).map_err(|error| failed(path, error))?;
    Ok(NewRow { seq: *seq, at_ms: *at_ms, change })
}

fn entry(path: &Path, run: RunId, seq: u64, format: u32, at_ms: u64, change: &str) -> Result<Entry> {
    if format > FORMAT {
        return Err(newer(path, format, FORMAT));
    }
    let change = serde_json::from_str(change).map_err(|error| {
        let message = format!("entry {seq} of run {run} in \"{}\" cannot be read: {error}", path.display());
        Fault::new(Kind::Journal, message).detail("entry")
    })?;
    Ok(Entry { run, seq, at_ms, change })
}

fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let status: String = row.get(2)?;
    let wrong = |error: Fault| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, error.into());
    Ok(Summary {
        run_id: RunId::from_bytes(row.get(0)?),
        workflow: row.get(1)?,
        status: status.parse().map_err(wrong)?,
        state: row.get(3)?,
        updated_ms: row.get(4)?,
    })
}

fn conflict(run: RunId, done: bool) -> Result<()> {
    if done {
        return Ok(());
    }
    let message = format!("somebody else went on with run {run} meanwhile; `stockade show {run}` tells how");
    Err(Fault::new(Kind::Conflict, message))
}

fn newer(path: &Path, found: u32, known: u32) -> Fault {
    let path = path.display();
    let message =
        format!("\"{path}\" was written by a newer stockade (format {found}, this one knows {known}); use that one");
    Fault::new(Kind::Journal, message).detail("version")
}

fn unusable(path: &Path, error: &rusqlite::Error) -> Fault {
    let read_only = matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen));
    let hint = if read_only { "; its folder must exist and be writable" } else { "" };
    Fault::new(Kind::Journal, format!("the journal \"{}\" cannot be used: {error}{hint}", path.display()))
        .detail("open")
}

fn failed(path: &Path, error: impl std::fmt::Display) -> Fault {
    Fault::new(Kind::Journal, format!("the journal \"{}\" failed: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stockade_workflow::{Budget, Change};

    fn commit(run: RunId, seq: u64) -> Commit {
        let change = Change::Created { workflow: "w".into(), version: 1, input: 1.into(), budget: Budget::NONE };
        let summary =
            Summary { run_id: run, workflow: "w".into(), status: Status::Running, state: "A".into(), updated_ms: 5 };
        Commit { entries: vec![Entry { run, seq, at_ms: 5, change }], summary: Some(summary), cell: None }
    }

    fn run() -> RunId {
        uuid::Uuid::now_v7().into()
    }

    #[tokio::test]
    async fn what_was_committed_is_read_by_another_opener() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let run = run();
        let journal = SqliteJournal::open(&path).unwrap();
        journal.commit(&commit(run, 1)).await.unwrap();
        let other = SqliteJournal::open(&path).unwrap();
        assert_eq!(other.read(run).await.unwrap(), commit(run, 1).entries);
        assert_eq!(other.runs(&[Status::Running]).await.unwrap(), [commit(run, 1).summary.unwrap()]);
        assert_eq!(other.runs(&[Status::Done]).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_number_that_is_taken_or_skipped_is_refused_and_the_group_lives() {
        let dir = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(dir.path().join("journal.db")).unwrap();
        let (one, two) = (run(), run());
        journal.commit(&commit(one, 1)).await.unwrap();
        let (again, new, gap) = (commit(one, 1), commit(two, 1), commit(two, 3));
        let (taken, fresh, skipped) = tokio::join!(journal.commit(&again), journal.commit(&new), journal.commit(&gap));
        assert_eq!(taken.unwrap_err().kind, Kind::Conflict);
        fresh.unwrap();
        assert_eq!(skipped.unwrap_err().kind, Kind::Conflict);
        assert_eq!(journal.read(two).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn newer_and_foreign_files_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let run = run();
        SqliteJournal::open(&path).unwrap().commit(&commit(run, 1)).await.unwrap();
        let raw = Connection::open(&path).unwrap();
        raw.execute("UPDATE entries SET format = 9", []).unwrap();
        let fault = SqliteJournal::open(&path).unwrap().read(run).await.unwrap_err();
        assert!(fault.message.contains("format 9"), "{fault}");
        raw.pragma_update(None, "user_version", 7).unwrap();
        let fault = SqliteJournal::open(&path).err().unwrap();
        assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Journal, Some("version")));
        raw.pragma_update(None, "application_id", 1).unwrap();
        let fault = SqliteJournal::open(&path).err().unwrap();
        assert_eq!(fault.detail.as_deref(), Some("foreign"));
        std::fs::write(dir.path().join("text"), "no database, but long enough to be read as one").unwrap();
        assert_eq!(SqliteJournal::open(dir.path().join("text")).err().unwrap().kind, Kind::Journal);
    }
}
