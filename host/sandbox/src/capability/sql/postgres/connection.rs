use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stockade_workflow::Access;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::{CancelToken, Client, Error};

/// What one statement may make the server send. A row arrives whole before it can be counted, and one `repeat` makes it
/// a gigabyte; this is four times what an answer can have.
const WIRE_BYTES_MAX: u64 = 4 << 20;
/// How long a statement waits for a row or a table that another holds, as with SQLite.
const LOCK: Duration = Duration::from_secs(2);
/// How long an idle connection is trusted: a router on the way may forget it without a word.
const IDLE: Duration = Duration::from_secs(60);
/// How long the request to cancel a statement may take.
const CANCEL: Duration = Duration::from_secs(5);

const WATCH: &str = "SET client_connection_check_interval = '1s'";

/// Ends a transaction and takes back all that a statement can have left in a session: settings, a role, listens, locks,
/// cursors, temporary tables. It is `DISCARD ALL` but for the prepared statements, which are the driver's own.
const RESET: &str = "ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
                     SELECT pg_advisory_unlock_all(); DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES";

/// Names a right by which a role reaches files, programs or other servers, where no transaction holds it.
///
/// A role may also become what it is a member of, by a function within a query.
const OBJECTION: &str = "
    SELECT 'a member of ' || rolname FROM pg_catalog.pg_roles
    WHERE (rolsuper OR rolreplication OR rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
        AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
    UNION ALL
    SELECT 'allowed to call ' || proname FROM pg_catalog.pg_proc
    WHERE (proname IN ('lo_export', 'lo_import', 'pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_file_write')
            OR proname LIKE 'dblink%')
        AND pg_catalog.has_function_privilege(session_user, oid, 'EXECUTE')
    LIMIT 1";

/// One connection to a PostgreSQL server.
pub(super) struct Connection {
    client: Client,
    left: Left,
    task: AbortHandle,
    runtime: Handle,
    used: Instant,
    /// What makes the server look, while it works, whether we are still there.
    watch: &'static str,
}

/// How many bytes the server may still send.
#[derive(Clone, Default)]
pub(super) struct Left(pub(super) Arc<AtomicU64>);

impl Left {
    pub(super) fn refill(&self) {
        self.0.store(WIRE_BYTES_MAX, Ordering::Relaxed);
    }
}

impl Connection {
    /// Takes charge of a connection whose traffic a task carries.
    pub(super) fn new(client: Client, left: Left, task: AbortHandle) -> Self {
        Self { client, left, task, runtime: Handle::current(), used: Instant::now(), watch: "" }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns whether it may be used again.
    pub(super) fn is_fresh(&self) -> bool {
        !self.client.is_closed() && self.used.elapsed() < IDLE
    }

    /// Lets the server look for us each second, where it can: since PostgreSQL 14, and not on every system.
    ///
    /// A request to cancel that arrives before the statement, which is on its way already, is lost.
    pub(super) async fn watch(&mut self) {
        if self.client.batch_execute(WATCH).await.is_ok() {
            self.watch = WATCH;
        }
    }

    /// Returns why this role is unfit for a guest, if it is.
    pub(super) async fn objection(&self) -> Result<Option<String>, Error> {
        let row = self.client.query_opt(OBJECTION, &[]).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// Begins the transaction of one statement.
    ///
    /// The first query in it fixes its snapshot, after which the server lets no statement make a read-only transaction write.
    pub(super) async fn begin(&self, access: Access, deadline: Instant) -> Result<(), Error> {
        self.left.refill();
        let mode = match access {
            Access::ReadOnly => "READ ONLY",
            Access::ReadWrite => "READ WRITE",
        };
        // Zero would mean no limit to the server.
        let left_ms = deadline.saturating_duration_since(Instant::now()).as_millis().clamp(1, i32::MAX as u128);
        let lock_ms = LOCK.as_millis().min(left_ms);
        let begin = format!(
            "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, {mode}; SET LOCAL statement_timeout = {left_ms}; \
             SET LOCAL lock_timeout = {lock_ms}; SET LOCAL idle_in_transaction_session_timeout = {left_ms}; {}; SELECT 1",
            self.watch
        );
        self.client.batch_execute(&begin).await
    }

    pub(super) async fn commit(&self) -> Result<(), Error> {
        self.client.batch_execute("COMMIT").await
    }

    pub(super) async fn rollback(&self) -> Result<(), Error> {
        self.client.batch_execute("ROLLBACK").await
    }

    pub(super) async fn reset(&mut self) -> Result<(), Error> {
        self.left.refill();
        self.used = Instant::now();
        self.client.batch_execute(RESET).await
    }

    /// Returns whether the server sent more than it may, after which nothing is read from it.
    pub(super) fn is_over(&self) -> bool {
        self.left.0.load(Ordering::Relaxed) == 0
    }

    /// Closes the connection at once, and asks the server to stop what it does for it: by itself it would find out only
    /// when it has something to send.
    pub(super) fn abandon<F>(self, cancel: impl FnOnce(CancelToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.task.abort();
        let cancel = cancel(self.client.cancel_token());
        self.runtime.spawn(async move {
            // Whether it arrives or not, the statement's own timeout ends it.
            let _ = timeout(CANCEL, cancel).await;
        });
    }
}
