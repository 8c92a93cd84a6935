//! The connections of a record, few and shared.
//!
//! This is no crate of pools: each statement is a transaction of its own and leaves nothing in a session, so that any
//! connection will do, and one that fails is dropped.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use stockade_workflow::Fault;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

use super::Result;
use super::database::Database;

/// For how long a statement is sent again whose connection broke, or which the server refused for a moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first wait before a statement is sent again; it doubles up to the last one.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// How long the request to cancel a statement may take.
const CANCEL: Duration = Duration::from_secs(5);

/// A value of a statement, with its type: the server is not asked for it, which would take a statement of the session's.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// The connections to a database.
pub struct Pool {
    database: Database,
    idle: Mutex<Vec<Client>>,
    places: Semaphore,
    /// Whether the server only read when it was asked first. One that wrote then and only reads now is about to be replaced.
    only_reads: AtomicBool,
}

/// Why a statement has no answer.
#[derive(Debug)]
pub enum Failed {
    /// The server cannot be reached, or does not let us in.
    Unreachable(Error),
    /// The server refused it, or the connection broke.
    Refused(Error),
    /// The server did not answer in time.
    Late,
}

impl Pool {
    /// Makes no connection yet.
    pub fn new(database: Database) -> Self {
        let places = Semaphore::new(database.connections_max() as usize);
        Self { database, idle: Mutex::default(), places, only_reads: AtomicBool::default() }
    }

    /// Returns the database to which they are.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Runs a statement, and once more where its connection broke or the server refused it for a moment: the one who writes it
    /// sees to it that it may be run twice.
    ///
    /// # Errors
    ///
    /// It has no answer.
    pub async fn query(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failed> {
        self.query_since(Instant::now(), statement, parameters).await
    }

    /// Runs a statement as [`Pool::query`] does, for a caller that waits since this moment. One that has waited for ten seconds,
    /// behind others that the server did not answer, waits for little more: the statement is sent twice at most.
    ///
    /// # Errors
    ///
    /// As [`Pool::query`].
    pub async fn query_since(
        &self,
        since: Instant,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, Failed> {
        let begun = Instant::now();
        let until = if since.elapsed() < PATIENCE { begun + PATIENCE } else { begun };
        let (mut is_first, mut pause) = (true, PAUSE);
        loop {
            match self.once(statement, parameters).await {
                // The first connection may be one that broke while it was not used.
                Err(failed) if self.may_pass(&failed) && (is_first || Instant::now() < until) => {
                    is_first = false;
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                answer => return answer,
            }
        }
    }

    /// Runs a statement that returns at most one row, as [`Pool::query`] does.
    ///
    /// # Errors
    ///
    /// As [`Pool::query`].
    pub async fn row(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Option<Row>, Failed> {
        Ok(self.query(statement, parameters).await?.pop())
    }

    /// Runs a statement that must not be run twice.
    ///
    /// # Errors
    ///
    /// As [`Pool::query`]; then it is not known whether it was run, unless the server says so.
    pub async fn once(&self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failed> {
        // It is never closed.
        let _place = self.places.acquire().await;
        let client = match self.idle() {
            Some(client) => client,
            None => self.connected().await?,
        };
        let answer = self.in_time(&client, client.query_typed(statement, parameters)).await;
        if !answer.as_ref().is_err_and(Failed::is_of_connection) {
            self.keep(client);
        }
        answer
    }

    /// Says whether the server only reads from the beginning.
    pub(super) fn set_only_reads(&self, only_reads: bool) {
        self.only_reads.store(only_reads, Ordering::Relaxed);
    }

    /// Whether the same may succeed a moment later. That a server only reads passes where another takes its place: not where it
    /// has only read from the beginning.
    fn may_pass(&self, failed: &Failed) -> bool {
        let is_settled = failed.code() == Some(ONLY_READS) && self.only_reads.load(Ordering::Relaxed);
        failed.may_pass() && !is_settled
    }

    /// Waits for an answer on a connection for as long as a statement may take; one that is late is of no use any more.
    pub(super) async fn in_time<T>(
        &self,
        client: &Client,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failed> {
        match timeout(self.database.statement_max(), answer).await {
            Ok(answer) => answer.map_err(Failed::Refused),
            Err(_) => {
                self.abandon(client);
                Err(Failed::Late)
            }
        }
    }

    /// Opens a connection. The task that carries it is one of the runtime in which this is called.
    pub(super) async fn connected(&self) -> Result<Client, Failed> {
        let connected = timeout(self.database.connect_max(), self.database.connect()).await;
        connected.map_err(|_| Failed::Late)?.map_err(Failed::Unreachable)
    }

    fn idle(&self) -> Option<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|client| !client.is_closed());
        idle.pop()
    }

    /// Keeps a connection for the next statement.
    pub(super) fn keep(&self, client: Client) {
        if !client.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
    }

    /// Asks the server to stop what it does for a connection, which is not used again.
    fn abandon(&self, client: &Client) {
        let (database, token) = (self.database.clone(), client.cancel_token());
        tokio::spawn(async move {
            let _ = timeout(CANCEL, database.cancel(token)).await;
        });
    }

    /// Says what went wrong and what helps, and nothing of a password.
    pub fn fault(&self, failed: &Failed) -> Fault {
        let (database, record) = (&self.database, self.database.record());
        let message = format!("the {record} \"{database}\" {failed}{}", self.advice(failed));
        Fault::of_storage(message)
    }

    /// Says what would help, where that is known.
    fn advice(&self, failed: &Failed) -> String {
        let (Failed::Unreachable(error) | Failed::Refused(error)) = failed else { return String::new() };
        let (name, role) = self.database.name_and_role();
        let is_of_database = error.as_db_error().is_some_and(|said| said.message().contains("for database"));
        match failed.code() {
            Some("42501") if is_of_database => {
                return format!("; `GRANT CONNECT, CREATE ON DATABASE \"{name}\" TO \"{role}\"` allows it");
            }
            Some(ONLY_READS) => return only_reads(name),
            Some(FULL) => return IS_FULL.to_owned(),
            Some(_) | None => {}
        }
        let chain = chain(error);
        if chain.contains(WITHOUT_TLS) {
            return "; the server does not speak TLS: `sslmode=disable` in the URL does without, or the server is given TLS".to_owned();
        }
        if chain.starts_with(TLS_FAILED) {
            return CERTIFICATE.to_owned();
        }
        String::new()
    }
}

/// The code of what a server refuses that only reads, and of what finds no room on its disk.
const ONLY_READS: &str = "25006";
const FULL: &str = "53100";

/// What is said of a disk without room.
const IS_FULL: &str = "; the disk of its server is full: what was committed is kept, and once the disk has room, what was not \
                       is made again";

/// What would let a server write that only reads.
fn only_reads(database: &str) -> String {
    format!(
        "; its server only reads: of a standby, the URL must name the server that it follows; else `ALTER DATABASE \"{database}\" \
         SET default_transaction_read_only = off` allows it, where no role and no server says otherwise"
    )
}

/// How tokio-postgres begins to say that there is no TLS with a server, and what it says of one that does not speak it.
const TLS_FAILED: &str = "error performing TLS handshake";
const WITHOUT_TLS: &str = "server does not support TLS";

const CERTIFICATE: &str = "; its certificate must be valid for its name, by an authority that browsers trust or that \
                           `sslrootcert=FILE` of the URL names";

/// Returns an error with its causes, as one line; a cause that is in the text before it is not repeated.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    for cause in causes.map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Whether a code of the server leaves the connection in doubt: it or a pooler on the way says that it is about to end, or it is
/// to a server that ends or that writes nothing. The same may succeed on another connection.
fn ends_connection(code: &str) -> bool {
    code == ONLY_READS || code.starts_with("57P") || code.starts_with("08")
}

/// Whether the same may succeed a moment later: on another connection, without the transaction that was in the way, or once the
/// server has more connections or room.
fn passes(code: &str) -> bool {
    ends_connection(code) || ["40", "53"].iter().any(|class| code.starts_with(class))
}

impl Failed {
    /// Returns the code that the server gives.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Unreachable(error) | Self::Refused(error) => error.code().map(|code| code.code()),
            Self::Late => None,
        }
    }

    /// Returns the server's message.
    pub fn said(&self) -> Option<&str> {
        let Self::Refused(error) = self else { return None };
        error.as_db_error().map(|said| said.message())
    }

    /// Returns the place in a list that the server's message is.
    pub fn place(&self) -> Option<usize> {
        self.said()?.parse::<usize>().ok()?.checked_sub(1)
    }

    /// Whether the server refused the statement for what it asks: it has an answer, which would be the same a moment later.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_)) && self.code().is_some() && !self.may_pass()
    }

    /// Whether the same may succeed a moment later: the connection broke, the server starts or ends or has no connection
    /// left, another transaction was in the way, or the server became one that only reads.
    fn may_pass(&self) -> bool {
        match (self, self.code()) {
            (Self::Late, _) => false,
            (Self::Unreachable(_), None) => true,
            (Self::Refused(error), None) => error.is_closed(),
            (Self::Unreachable(_) | Self::Refused(_), Some(code)) => passes(code),
        }
    }

    /// Whether the connection is of no use any more, or may be of none: it broke, or says so.
    fn is_of_connection(&self) -> bool {
        matches!(self, Self::Late) || self.code().is_none_or(ends_connection)
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, error) = match self {
            Self::Unreachable(error) => ("cannot be reached", error),
            Self::Refused(error) => ("failed", error),
            Self::Late => return f.write_str("does not answer in time"),
        };
        match (self.code(), error.as_db_error()) {
            (Some(code), _) if code.starts_with("28") => {
                f.write_str("does not let in the role, or not with this password")
            }
            (Some(code), _) if code.starts_with("3D") => f.write_str("does not exist on its server"),
            (_, Some(said)) => write!(f, "{verb}: {}", said.message()),
            (_, None) => write!(f, "{verb}: {}", chain(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_code_that_ends_the_connection_is_one_after_which_the_statement_is_sent_again() {
        for code in ["57P01", "57P02", "57P03", "57P05", "25006", "08006"] {
            assert!(ends_connection(code) && passes(code), "{code}");
        }
        for code in ["40001", "53300"] {
            assert!(!ends_connection(code) && passes(code), "{code}");
        }
        for code in ["57014", "23505", "3D000", "42501"] {
            assert!(!ends_connection(code) && !passes(code), "{code}");
        }
    }

    #[tokio::test]
    async fn a_statement_that_has_waited_for_long_is_sent_twice_at_most() {
        static CONNECTIONS: AtomicU32 = AtomicU32::new(0);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://a@{}/b", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                CONNECTIONS.fetch_add(1, Ordering::SeqCst);
                drop(client);
            }
        });
        let pool = Pool::new(Database::parse(&url, None).unwrap());
        let long_ago = Instant::now().checked_sub(PATIENCE).unwrap();
        let failed = pool.query_since(long_ago, "SELECT 1", &[]).await.unwrap_err();
        assert!(matches!(failed, Failed::Unreachable(_)) && failed.may_pass(), "{failed:?}");
        assert_eq!(CONNECTIONS.load(Ordering::SeqCst), 2);
    }
}
