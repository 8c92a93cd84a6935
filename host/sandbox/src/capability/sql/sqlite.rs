use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::ffi::ErrorCode;
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, Row};
use stockade_workflow::Access;
use tokio::sync::Semaphore;

use super::authorizer::Authorizer;
use super::functions;
use super::heap::{self, Over};
use super::taken::{BYTES_MAX, Taken};
use super::{Answer, Error, Rows, Until, Value, late};
use crate::Reserved;
use crate::doubt::Doubt;
use crate::reserved::second_name;

/// Statements that run at once where the grant is of reading, each on a thread and a connection; more wait.
const READERS_MAX: usize = 8;
/// How long a statement waits for a writer in another process, which it does asleep, past its deadline if need be.
const BUSY: Duration = Duration::from_secs(2);
/// Instructions of SQLite's machine between two looks at the clock and the memory.
///
/// Ordinary ones take nanoseconds. The longest that [`LIMITS`] leave look at a megabyte some hundred times: LIKE with the
/// longest pattern, or JSON at a hundred paths, took 0.4 s, and 1.6 s between two looks. So late is a statement stopped;
/// its call is not, which only leaves the thread behind.
const STEPS: i32 = 100;
/// How long a value, or a row, may be that a short read looks at, so that each instruction is short too.
const SHORT_VALUE_BYTES_MAX: i32 = 4 << 10;
/// What a prepared statement may take to be kept for the next call that makes it: sixteen of a connection are.
const KEPT_BYTES_MAX: usize = 256 << 10;
/// How large a file that a tool may write can become. It bounds what a tool adds, and is far above what tools keep; one
/// that is larger already does not grow.
const FILE_BYTES_MAX: i64 = 1 << 30;

/// What SQL can be made to do to its host: each is far above what a tool needs and far below what hurts.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, BYTES_MAX as i32),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 64 << 10),
    (Limit::SQLITE_LIMIT_COLUMN, 200),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50),
    (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 100),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1_000),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 20),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// A SQLite file that a tool was granted.
pub(crate) struct Sqlite {
    tool: String,
    name: String,
    path: PathBuf,
    access: Access,
    reserved: Arc<Reserved>,
    idle: Mutex<Vec<Session>>,
    /// SQLite has one writer at a time, and those that wait for it poll, asleep, until some of them give up. Calls of
    /// one tool wait here instead, where each gets its turn, and where none holds a thread.
    turns: Arc<Semaphore>,
    /// What all of SQLite may hold while a statement of this tool runs.
    heap_bytes_max: i64,
}

/// One connection, which can do what the grant says and no more.
pub(crate) struct Session {
    connection: Connection,
    authorizer: Arc<Authorizer>,
    /// The last statement was stopped for the memory that it, or others, took.
    starved: Arc<AtomicBool>,
    /// When the call ends whose statement this is.
    deadline: Cell<Instant>,
    /// A statement took more to be prepared than is kept.
    is_heavy: Cell<bool>,
}

impl Sqlite {
    /// Finds the file.
    ///
    /// # Errors
    ///
    /// It does not exist, or is reserved; the text says so without the tool's name.
    pub(super) fn new(
        tool: &str,
        name: &str,
        path: &str,
        access: Access,
        reserved: &Arc<Reserved>,
    ) -> Result<Self, String> {
        let missing = |why: &dyn std::fmt::Display| format!("\"sqlite:{path}\": {why}");
        // The absolute path: one that begins with "file:" would be taken for a URI with options.
        let path = Path::new(path).canonicalize().map_err(|error| missing(&error))?;
        if !path.is_file() {
            return Err(format!("\"sqlite:{}\": is not a file", path.display()));
        }
        if let Some(why) = reserved.objection(&path).or_else(|| second_name(&path)) {
            return Err(missing(&why));
        }
        if !heap::is_bounded() {
            return Err("SQLite was in use in this process before its memory could be bounded".to_owned());
        }
        Ok(Self::found(tool, name, path, access, reserved))
    }

    /// Returns the same file, opened to be read only, with connections of its own.
    pub(super) fn to_be_read(&self) -> Self {
        Self::found(&self.tool, &self.name, self.path.clone(), Access::ReadOnly, &self.reserved)
    }

    fn found(tool: &str, name: &str, path: PathBuf, access: Access, reserved: &Arc<Reserved>) -> Self {
        let at_once = if access == Access::ReadWrite { 1 } else { READERS_MAX };
        let turns = Arc::new(Semaphore::new(at_once));
        let (tool, name, heap_bytes_max) = (tool.to_owned(), name.to_owned(), heap::TOOLS_MAX);
        let reserved = reserved.clone();
        Self { tool, name, path, access, reserved, idle: Mutex::default(), turns, heap_bytes_max }
    }

    /// Returns what a call takes its turn from, before it does work here.
    pub(super) fn turns(&self) -> Arc<Semaphore> {
        self.turns.clone()
    }

    /// Does work on a connection of its own, which another call gets afterwards.
    pub(crate) fn with<T>(&self, until: Until, work: impl FnOnce(&Session) -> Answer<T>) -> Answer<T> {
        if until.is_over() {
            return Err(late());
        }
        let session = self.session()?;
        let answer = self.bounded(&session, until, work);
        self.put_back(session);
        answer
    }

    /// Returns a connection, which is to be [put back](Sqlite::put_back).
    pub(super) fn session(&self) -> Answer<Session> {
        self.take_idle().map_or_else(|| self.open(), Ok)
    }

    /// Does work on a connection, which is stopped when its time is over or SQLite holds too much memory.
    pub(super) fn bounded<T>(
        &self,
        session: &Session,
        until: Until,
        work: impl FnOnce(&Session) -> Answer<T>,
    ) -> Answer<T> {
        session.deadline.set(until.deadline);
        session.stop_when(Some((until, self.heap_bytes_max)));
        let answer = work(session);
        session.stop_when(None);
        session.forget_heavy();
        answer
    }

    fn open(&self) -> Answer<Session> {
        let failed = |error: rusqlite::Error| Error::Failed(format!("sql \"{}\" {}", self.name, unopened(&error)));
        if !self.is_what_was_granted() {
            return Err(Error::Failed(format!("sql \"{}\" is another file than was granted", self.name)));
        }
        let access = match self.access {
            Access::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        let authorizer = Arc::new(Authorizer::new(&self.tool, &self.name, self.access));
        self.confine(&connection, &authorizer).map_err(failed)?;
        // Reads the schema, which is the operator's: what it takes is not the statement's.
        connection.prepare("SELECT 1 FROM sqlite_schema").map_err(failed)?;
        let (deadline, is_heavy) = (Cell::new(Instant::now()), Cell::new(false));
        Ok(Session { connection, authorizer, starved: Arc::default(), deadline, is_heavy })
    }

    /// Opens a connection for [short reads](super::short): it waits for no lock, and reads no long value. Where the file has no log
    /// beside it, those who read it keep others from writing, and it is not opened so.
    pub(super) fn open_short(&self) -> Answer<Session> {
        let failed = |error: rusqlite::Error| Error::Failed(error.to_string());
        let session = self.open()?;
        if !session.is_logged().map_err(failed)? {
            return Err(Error::Failed("the file has no log".into()));
        }
        session.connection.busy_timeout(Duration::ZERO).map_err(failed)?;
        session.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, SHORT_VALUE_BYTES_MAX).map_err(failed)?;
        Ok(session)
    }

    /// Returns whether the path still leads where it did: a process that may write in its folder can put a link there.
    fn is_what_was_granted(&self) -> bool {
        let leads_there = self.path.canonicalize().map_or(true, |path| path == self.path);
        leads_there && self.reserved.objection(&self.path).is_none() && second_name(&self.path).is_none()
    }

    fn confine(&self, connection: &Connection, authorizer: &Arc<Authorizer>) -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY)?;
        connection.execute_batch(match self.access {
            Access::ReadOnly => "PRAGMA query_only = ON",
            // An answer that says "booked" must survive a power cut. The journal mode is the file's own affair.
            Access::ReadWrite => "PRAGMA synchronous = FULL",
        })?;
        // For nothing bounds what sorting and grouping would write to the disk.
        connection
            .execute_batch(&format!("PRAGMA temp_store = MEMORY; PRAGMA hard_heap_limit = {}", heap::HARD_MAX))?;
        if self.access == Access::ReadWrite {
            let page: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            connection.execute_batch(&format!("PRAGMA max_page_count = {}", FILE_BYTES_MAX / page.max(1)))?;
        }
        functions::replace_slow(connection)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        for (limit, value) in LIMITS {
            connection.set_limit(*limit, *value)?;
        }
        let authorizer = authorizer.clone();
        connection.authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| authorizer.decide(&context)))
    }

    pub(super) fn has_idle(&self) -> bool {
        !self.idle.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub(super) fn take_idle(&self) -> Option<Session> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    pub(super) fn put_back(&self, session: Session) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // A connection that is still in a transaction would hold its locks for as long as it idles.
        if idle.len() < READERS_MAX && session.is_idle() {
            idle.push(session);
        }
    }
}

/// What went wrong may name the host's path, so the guest learns only that it did.
fn unopened(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "is locked",
        _ => "cannot be opened",
    }
}

/// Why a transaction was not committed.
pub(super) enum Uncommitted {
    /// Nothing of it is left.
    Undone,
    /// It may be there all the same.
    InDoubt(Error),
}

/// Says that it is not known whether a commit was made.
pub(super) fn half_way(doubt: &Doubt) {
    doubt.add("sql", "a commit to a database failed half-way".to_owned());
}

impl Session {
    /// Runs a statement that returns rows. One that changes rows as well does so whole, after all that it returns was read.
    pub(crate) fn query(&self, statement: &str, parameters: &[Value], doubt: &Doubt) -> Answer<Rows> {
        let mut statement = self.prepare(statement, parameters)?;
        match (statement.column_count(), statement.readonly()) {
            (0, true) => Err(Error::Invalid("the statement returns no rows".into())),
            (0, false) => Err(Error::Invalid("the statement changes rows; run it with \"execute\"".into())),
            (_, true) => self.rows(&mut statement),
            (_, false) => self.whole(doubt, || self.rows(&mut statement)),
        }
    }

    fn rows(&self, statement: &mut CachedStatement<'_>) -> Answer<Rows> {
        let mut taken = Taken::default();
        let columns = statement.column_names().into_iter().map(|name| taken.text(name));
        let columns: Vec<_> = columns.collect::<Answer<_>>()?;
        let mut cursor = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = cursor.next().map_err(|error| self.error(&error))? {
            taken.row()?;
            rows.push(values(&mut taken, row, columns.len())?);
        }
        Ok(Rows { columns, rows })
    }

    /// Does work in a transaction, of which nothing is left where it fails: SQLite makes all changes of a statement before it
    /// returns the first row, and keeps them when no more rows are asked for.
    fn whole<T>(&self, doubt: &Doubt, work: impl FnOnce() -> Answer<T>) -> Answer<T> {
        if !self.is_idle() {
            // A part of a transaction is undone as a part.
            return work();
        }
        self.transaction("BEGIN IMMEDIATE", doubt)?;
        let answer = work().and_then(|answer| self.transaction("COMMIT", doubt).map(|()| answer));
        if answer.is_err() {
            // Where it fails too, the connection is not used again, and closing it rolls back.
            let _ = self.transaction("ROLLBACK", doubt);
        }
        answer
    }

    fn transaction(&self, statement: &str, doubt: &Doubt) -> Answer<()> {
        let done = self.authorizer.ours(|| self.connection.execute_batch(statement));
        done.map_err(|error| self.change_error(&error, doubt))
    }

    /// Returns whether the file is in WAL mode.
    fn is_logged(&self) -> rusqlite::Result<bool> {
        let mode = || self.connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
        self.authorizer.ours(mode).map(|mode| mode == "wal")
    }

    /// Returns whether no transaction has begun.
    pub(super) fn is_idle(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Returns whether a statement changes rows. One that cannot be prepared does not.
    pub(super) fn changes_rows(&self, statement: &str) -> bool {
        self.compiled(statement).is_ok_and(|statement| !statement.readonly())
    }

    /// Does work in a transaction that others have a part in, and begins it where this is the first part; nothing of the work is
    /// left where it fails. SQLite may undo all of the transaction then: the session is [idle](Session::is_idle).
    pub(super) fn part<T>(&self, work: impl FnOnce() -> Answer<T>) -> Answer<T> {
        let nothing = Doubt::default();
        if self.is_idle() {
            self.transaction("BEGIN IMMEDIATE", &nothing)?;
        }
        self.transaction("SAVEPOINT part", &nothing)?;
        let answer = work().and_then(|answer| self.transaction("RELEASE part", &nothing).map(|()| answer));
        if answer.is_err() && !self.is_idle() {
            let undone = self.transaction("ROLLBACK TO part; RELEASE part", &nothing);
            undone.unwrap_or_else(|_| self.undo());
        }
        answer
    }

    /// Commits a transaction of several parts.
    pub(super) fn commit(&self) -> Result<(), Uncommitted> {
        let committed = self.authorizer.ours(|| self.connection.execute_batch("COMMIT"));
        committed.map_err(|error| {
            self.undo();
            if is_in_doubt(&error) { Uncommitted::InDoubt(self.error(&error)) } else { Uncommitted::Undone }
        })
    }

    /// Undoes a transaction. Where that fails too, the connection is not used again, and closing it rolls back.
    pub(super) fn undo(&self) {
        if !self.is_idle() {
            let _ = self.transaction("ROLLBACK", &Doubt::default());
        }
    }

    /// The error of what changes rows, or ends a transaction that did.
    fn change_error(&self, error: &rusqlite::Error, doubt: &Doubt) -> Error {
        if is_in_doubt(error) {
            half_way(doubt);
        }
        self.error(error)
    }

    /// Runs a statement that writes.
    pub(crate) fn execute(&self, statement: &str, parameters: &[Value], doubt: &Doubt) -> Answer<u64> {
        let mut statement = self.prepare(statement, parameters)?;
        if statement.readonly() || statement.column_count() > 0 {
            return Err(Error::Invalid("the statement returns rows, or changes none; run it with \"query\"".into()));
        }
        let changed = statement.raw_execute().map_err(|error| self.change_error(&error, doubt))?;
        Ok(changed as u64)
    }

    fn compiled(&self, statement: &str) -> Answer<CachedStatement<'_>> {
        let prepare = || self.connection.prepare_cached(statement);
        let heap::Prepared { prepared, taken, over } = heap::bounded(self.deadline.get(), prepare);
        // It may be prepared twice, and the second time from what is kept.
        self.is_heavy.set(self.is_heavy.get() || taken > KEPT_BYTES_MAX);
        match (prepared, over) {
            (Err(_), Some(Over::Bytes)) => Err(expanded()),
            (Err(_), Some(Over::Time)) => Err(late()),
            (prepared, _) => prepared.map_err(|error| self.error(&error)),
        }
    }

    fn prepare(&self, statement: &str, parameters: &[Value]) -> Answer<CachedStatement<'_>> {
        let mut statement = self.compiled(statement)?;
        if !statement.readonly() && !self.authorizer.allows_changes() {
            return Err(Error::Denied(self.authorizer.denial()));
        }
        let wanted = statement.parameter_count();
        if wanted != parameters.len() {
            let message = format!("the statement has {wanted} parameters and {} were given", parameters.len());
            return Err(Error::Invalid(message));
        }
        for (index, value) in parameters.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, Bound(value)).map_err(|error| self.error(&error))?;
        }
        Ok(statement)
    }

    /// Gives back what a statement takes that was large to prepare.
    fn forget_heavy(&self) {
        if self.is_heavy.take() {
            self.connection.flush_prepared_statement_cache();
        }
    }

    /// Has the statements that follow stopped when their time is over, or when SQLite holds too much memory.
    fn stop_when(&self, bounds: Option<(Until, i64)>) {
        let starved = self.starved.clone();
        starved.store(false, Ordering::Relaxed);
        let handler = bounds.map(|(until, heap_bytes_max)| {
            move || {
                let over = heap::bytes() > heap_bytes_max;
                starved.fetch_or(over, Ordering::Relaxed);
                over || until.is_over()
            }
        });
        // It fails only for a connection that another one owns, and this one owns itself.
        let _ = self.connection.progress_handler(STEPS, handler);
    }

    fn error(&self, error: &rusqlite::Error) -> Error {
        match error {
            rusqlite::Error::SqliteFailure(failure, text) => {
                let text = text.clone().unwrap_or_else(|| failure.to_string());
                self.failure(failure.code, text)
            }
            rusqlite::Error::MultipleStatement => Error::Invalid("more than one statement was given".into()),
            other => Error::Invalid(other.to_string()),
        }
    }

    fn failure(&self, code: ErrorCode, text: String) -> Error {
        match code {
            ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly => Error::Denied(self.authorizer.denial()),
            ErrorCode::ConstraintViolation => Error::Constraint(text),
            ErrorCode::OperationInterrupted if self.starved.load(Ordering::Relaxed) => starved(),
            ErrorCode::OperationInterrupted => late(),
            ErrorCode::TooBig => Error::Limit(format!("a value is over {BYTES_MAX} bytes")),
            ErrorCode::OutOfMemory => starved(),
            ErrorCode::DiskFull => {
                Error::Limit(format!("the database would be over {FILE_BYTES_MAX} bytes, or the disk is full"))
            }
            ErrorCode::Unknown => Error::Invalid(text),
            _ => Error::Failed(text),
        }
    }
}

/// Whether a statement may have been committed although it failed: where the disk failed, what was written of the commit
/// may be found there the next time. Each statement is its own transaction, and any other error ends it undone.
fn is_in_doubt(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}

fn starved() -> Error {
    let allowed = heap::TOOLS_MAX;
    Error::Limit(format!(
        "the statements of all calls take more than {allowed} bytes of memory; sort or group fewer rows"
    ))
}

fn expanded() -> Error {
    let allowed = heap::PREPARE_MAX;
    Error::Limit(format!(
        "the statement takes more than {allowed} bytes of memory to be prepared; what it names is written out wherever it \
         is named, so name it less often"
    ))
}

fn values(taken: &mut Taken, row: &Row<'_>, columns: usize) -> Answer<Vec<Value>> {
    let values = (0..columns).map(|index| {
        let value = row.get_ref(index).map_err(|error| Error::Failed(error.to_string()))?;
        counted(taken, value)
    });
    values.collect()
}

fn counted(taken: &mut Taken, value: ValueRef<'_>) -> Answer<Value> {
    // Counted before it is copied.
    taken.add(match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        _ => 0,
    })?;
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
    })
}

/// A parameter, bound and never spliced.
struct Bound<'a>(&'a Value);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(value) => ValueRef::Integer(*value),
            Value::Real(value) => ValueRef::Real(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(blob) => ValueRef::Blob(blob),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Sixty-four refunds at once once failed as "database is locked": SQLite's waiting writers are not served in turn.
    #[test]
    fn writers_take_turns_and_readers_few() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        for (access, at_once) in [(Access::ReadWrite, 1), (Access::ReadOnly, READERS_MAX)] {
            let database = Sqlite::new("tool", "shop", path, access, &Arc::default()).unwrap();
            assert_eq!(database.turns().available_permits(), at_once);
        }
    }

    #[test]
    fn a_file_grows_so_far() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let database =
            Sqlite::new("tool", "shop", file.path().to_str().unwrap(), Access::ReadWrite, &Arc::default()).unwrap();
        let session = database.open().unwrap();
        session
            .connection
            .authorizer::<fn(rusqlite::hooks::AuthContext<'_>) -> rusqlite::hooks::Authorization>(None)
            .unwrap();
        let ask = |what: &str| session.connection.query_row(&format!("PRAGMA {what}"), [], |row| row.get::<_, i64>(0));
        assert_eq!(ask("max_page_count").unwrap() * ask("page_size").unwrap(), FILE_BYTES_MAX);
        assert_eq!(ask("hard_heap_limit"), Ok(heap::HARD_MAX));
        assert_eq!(ask("temp_store"), Ok(2));
    }

    /// SQLite's limit is for the whole process: a tool that sorted much once made the journal of runs fail.
    #[test]
    fn a_tool_is_stopped_before_anybody_else_is() {
        const SORT: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
                            SELECT length(t) FROM (SELECT zeroblob(100000) || i AS t FROM n ORDER BY t DESC LIMIT 900, 1)";
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut database =
            Sqlite::new("tool", "shop", file.path().to_str().unwrap(), Access::ReadOnly, &Arc::default()).unwrap();
        let sort = |database: &Sqlite| {
            let until = Until { deadline: Instant::now() + Duration::from_secs(60), wanted: Arc::new(true.into()) };
            database.with(until, |session| session.query(SORT, &[], &Doubt::default()))
        };
        const { assert!(heap::TOOLS_MAX < heap::HARD_MAX) };
        assert_eq!(sort(&database).unwrap().rows.len(), 1);
        database.heap_bytes_max = heap::bytes() + (40 << 20);
        let Err(Error::Limit(why)) = sort(&database) else { panic!("100 MB were sorted in 40") };
        assert!(why.contains("bytes of memory"), "{why}");
        // The same connection, with what it may take.
        database.heap_bytes_max = heap::TOOLS_MAX;
        assert_eq!(sort(&database).unwrap().rows.len(), 1);
        assert_eq!(database.idle.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_failed_disk_leaves_a_commit_in_doubt_and_a_full_one_does_not() {
        let failed = |code| {
            let failure = rusqlite::ffi::Error { code, extended_code: 0 };
            is_in_doubt(&rusqlite::Error::SqliteFailure(failure, None))
        };
        assert!(failed(ErrorCode::SystemIoFailure));
        assert!(
            ![ErrorCode::DiskFull, ErrorCode::DatabaseBusy, ErrorCode::ConstraintViolation].into_iter().any(failed)
        );
    }
}
