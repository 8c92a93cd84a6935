mod address;
mod cell;
mod connection;
mod wire;
mod words;

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use stockade_workflow::Access;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout_at;
use tokio_postgres::{Column, Statement};

use self::address::Address;
use self::cell::{Bound, Form, is_bindable};
use self::connection::Connection;
use self::words::Verb;
use super::denial::denial;
use super::taken::{Taken, too_many_bytes};
use super::{Answer, Error, Rows, Value, late};
use crate::doubt::Doubt;

/// What one grant may hold of the hundred connections that a server has by default; further calls wait for their turn.
const CONNECTIONS_MAX: usize = 16;
/// How long a server may take to let us in.
const CONNECT: Duration = Duration::from_secs(5);
/// As SQLite's: far above what a tool needs.
const STATEMENT_BYTES_MAX: usize = 64 << 10;
/// As SQLite's; PostgreSQL itself has 1,664.
const COLUMNS_MAX: usize = 200;
/// A message of the server may carry what the guest wrote, or what a function of the schema made of it.
const MESSAGE_BYTES_MAX: usize = 1 << 10;

/// A PostgreSQL database that a tool was granted.
///
/// The address is the operator's, so it may be anywhere, inside the network too: no guest has a word in it. Each
/// statement is a transaction of its own, in the extended protocol, which takes one statement with its parameters bound;
/// where the grant is read-only, and for every query that only reads, the server itself is told so before the statement
/// arrives. Whether a statement changes rows is the server's word, where its own first word does not tell.
pub(super) struct Postgres {
    tool: String,
    name: String,
    access: Access,
    address: Arc<Address>,
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

impl Postgres {
    /// Reads the address. Nothing is connected to before a tool asks.
    ///
    /// # Errors
    ///
    /// The URL is not one of ours; the text never repeats it.
    pub(super) fn new(
        tool: &str,
        name: &str,
        url: &str,
        access: Access,
        password: Option<&str>,
    ) -> Result<Self, String> {
        Ok(Self {
            tool: tool.to_owned(),
            name: name.to_owned(),
            access,
            address: Arc::new(Address::parse(url, password)?),
            idle: Mutex::default(),
            places: Semaphore::new(CONNECTIONS_MAX),
        })
    }

    /// Runs a statement that returns rows. One that changes rows as well does so whole, after all that it returns was read.
    pub(super) async fn query(
        &self,
        statement: &str,
        parameters: &[Value],
        deadline: Instant,
        doubt: &Doubt,
    ) -> Answer<Rows> {
        let verb = self.admit(statement, Operation::Query)?;
        let lease = self.lease(deadline).await?;
        let answer = self.read(lease.connection()?, verb, statement, parameters, deadline, doubt).await;
        lease.end(answer).await
    }

    /// Runs a statement that writes.
    pub(super) async fn execute(
        &self,
        statement: &str,
        parameters: &[Value],
        deadline: Instant,
        doubt: &Doubt,
    ) -> Answer<u64> {
        let verb = self.admit(statement, Operation::Execute)?;
        let lease = self.lease(deadline).await?;
        let answer = self.write(lease.connection()?, verb, statement, parameters, deadline, doubt).await;
        lease.end(answer).await
    }

    async fn read(
        &self,
        connection: &Connection,
        verb: Verb,
        statement: &str,
        parameters: &[Value],
        deadline: Instant,
        doubt: &Doubt,
    ) -> Answer<Rows> {
        let failed = |error| self.error(connection, &error, Operation::Query);
        let writes = match verb {
            Verb::Read => false,
            Verb::Change => true,
            // Where the grant is read-only, the server refuses it below.
            Verb::With if self.access == Access::ReadOnly => false,
            Verb::With => {
                connection.begin(Access::ReadOnly, deadline).await.map_err(failed)?;
                let writes = self.is_change(connection, statement, parameters, Operation::Query).await?;
                connection.rollback().await.map_err(failed)?;
                writes
            }
        };
        let access = if writes { Access::ReadWrite } else { Access::ReadOnly };
        connection.begin(access, deadline).await.map_err(failed)?;
        let prepared = connection.client().prepare(statement).await.map_err(failed)?;
        if writes && prepared.columns().is_empty() {
            return Err(changes());
        }
        let rows = self.rows(connection, &prepared, parameters).await?;
        if writes {
            self.commit(connection, Operation::Query, doubt).await?;
        }
        Ok(rows)
    }

    async fn commit(&self, connection: &Connection, operation: Operation, doubt: &Doubt) -> Answer<()> {
        connection.commit().await.map_err(|error| {
            if is_in_doubt(&error) {
                doubt.add("sql", format!("sql \"{}\": the commit was sent and not answered", self.name));
            }
            self.error(connection, &error, operation)
        })
    }

    async fn rows(&self, connection: &Connection, prepared: &Statement, parameters: &[Value]) -> Answer<Rows> {
        let failed = |error| self.error(connection, &error, Operation::Query);
        fit(prepared, parameters)?;
        let forms = forms(prepared.columns())?;
        let mut taken = Taken::default();
        let columns = prepared.columns().iter().map(|column| taken.text(column.name())).collect::<Answer<Vec<_>>>()?;
        let bound = parameters.iter().map(Bound);
        let mut cursor = pin!(connection.client().query_raw(prepared, bound).await.map_err(failed)?);
        let mut rows = Vec::new();
        while let Some(row) = cursor.try_next().await.map_err(failed)? {
            taken.row()?;
            let values = forms.iter().enumerate().map(|(index, form)| form.take(&row, index, &mut taken));
            rows.push(values.collect::<Answer<_>>()?);
        }
        Ok(Rows { columns, rows })
    }

    async fn write(
        &self,
        connection: &Connection,
        verb: Verb,
        statement: &str,
        parameters: &[Value],
        deadline: Instant,
        doubt: &Doubt,
    ) -> Answer<u64> {
        let failed = |error| self.error(connection, &error, Operation::Execute);
        connection.begin(self.access, deadline).await.map_err(failed)?;
        let prepared = connection.client().prepare(statement).await.map_err(failed)?;
        if !prepared.columns().is_empty() {
            return Err(Error::Invalid("the statement returns rows; run it with \"query\"".into()));
        }
        fit(&prepared, parameters)?;
        // What returns no rows may make a table of them: SELECT … INTO.
        if verb == Verb::With && !self.is_change(connection, statement, parameters, Operation::Execute).await? {
            return Err(self.denied(Some("a change of the schema")));
        }
        let changed = connection.client().execute_raw(&prepared, parameters.iter().map(Bound)).await.map_err(failed)?;
        self.commit(connection, Operation::Execute, doubt).await?;
        Ok(changed)
    }

    /// Looks at what a statement names and at its first word, for the server takes only one.
    ///
    /// The server would let a read-only transaction lock tables, wake listeners and, as a superuser, start programs.
    fn admit(&self, statement: &str, operation: Operation) -> Answer<Verb> {
        if statement.len() > STATEMENT_BYTES_MAX {
            return Err(Error::Limit(format!("the statement is over {STATEMENT_BYTES_MAX} bytes")));
        }
        if let Some(wanted) = words::objection(statement) {
            return Err(self.denied(Some(&wanted)));
        }
        match (words::verb(statement), operation) {
            (Ok(Verb::Change), _) | (Ok(Verb::With), Operation::Execute) if self.access == Access::ReadOnly => {
                Err(self.denied(None))
            }
            (Ok(Verb::Read), Operation::Execute) => Err(reads()),
            (Ok(verb), _) => Ok(verb),
            (Err(word), _) if word.is_empty() => {
                Err(Error::Invalid("the statement does not begin with a word of SQL; a comment may follow it".into()))
            }
            (Err(word), _) => Err(self.denied(Some(&word))),
        }
    }

    /// Asks the server whether a statement that begins with its parts changes rows, without running it.
    async fn is_change(
        &self,
        connection: &Connection,
        statement: &str,
        parameters: &[Value],
        operation: Operation,
    ) -> Answer<bool> {
        let failed = |error| self.error(connection, &error, operation);
        let explain = format!("EXPLAIN (COSTS OFF) {statement}");
        let prepared = connection.client().prepare(&explain).await.map_err(failed)?;
        fit(&prepared, parameters)?;
        let mut plan =
            pin!(connection.client().query_raw(&prepared, parameters.iter().map(Bound)).await.map_err(failed)?);
        let mut is_change = None;
        while let Some(row) = plan.try_next().await.map_err(failed)? {
            let line: String = row.try_get(0).map_err(failed)?;
            is_change.get_or_insert_with(|| words::is_change(&line));
        }
        Ok(is_change.unwrap_or_default())
    }

    /// Takes an idle connection or opens one, when it is this call's turn.
    async fn lease(&self, deadline: Instant) -> Answer<Lease<'_>> {
        let place = timeout_at(deadline.into(), self.places.acquire()).await.map_err(|_| late())?;
        let place = place.map_err(|_| Error::Failed("the pool is closed".into()))?;
        let connection = match self.take_idle() {
            Some(connection) => connection,
            None => self.open(deadline).await?,
        };
        Ok(Lease { pool: self, connection: Some(connection), _place: place })
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(Connection::is_fresh);
        idle.pop()
    }

    async fn open(&self, deadline: Instant) -> Answer<Connection> {
        let until = deadline.min(Instant::now().checked_add(CONNECT).unwrap_or(deadline));
        let opened = timeout_at(until.into(), self.address.connect()).await;
        let opened = opened.unwrap_or_else(|_| Err("does not answer".into()));
        opened.map_err(|why| Error::Failed(format!("sql \"{}\" {why}", self.name)))
    }

    fn denied(&self, wanted: Option<&str>) -> Error {
        Error::Denied(denial(&self.tool, &self.name, self.access, wanted))
    }

    /// Says what went wrong, and nothing of where: the server's own words only where they are about the statement.
    fn error(&self, connection: &Connection, error: &tokio_postgres::Error, operation: Operation) -> Error {
        let Some(error) = error.as_db_error() else {
            let lost = || Error::Failed(format!("sql \"{}\": the connection was lost", self.name));
            return if connection.is_over() { too_many_bytes() } else { lost() };
        };
        let text = short(error.message());
        match (error.code().code(), operation) {
            ("25006", Operation::Query) if self.access == Access::ReadWrite => changes(),
            ("25006", _) => self.denied(None),
            ("42501", _) => {
                let Self { tool, name, .. } = self;
                Error::Denied(format!("tool \"{tool}\" asked sql \"{name}\" for what its role may not do: {text}"))
            }
            ("57014", _) => late(),
            ("55P03", _) => Error::Failed(format!("sql \"{}\" is locked", self.name)),
            (code, _) => match code.get(..2) {
                Some("23") => Error::Constraint(text),
                // Data, cardinality, syntax and names, what is not supported, what an operator's function raises.
                Some("0A" | "21" | "22" | "42" | "44" | "P0") => Error::Invalid(text),
                _ => Error::Failed(format!("sql \"{}\" failed with code {code}", self.name)),
            },
        }
    }

    /// Ends a connection in whatever state it is, and what the server still does for it.
    fn abandon(&self, connection: Connection) {
        let address = self.address.clone();
        connection.abandon(|token| async move { address.cancel(token).await });
    }
}

/// The two functions of the interface.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Query,
    Execute,
}

/// A connection that one statement has for itself. One that is dropped half-way is never used again.
struct Lease<'a> {
    pool: &'a Postgres,
    connection: Option<Connection>,
    _place: SemaphorePermit<'a>,
}

impl Lease<'_> {
    fn connection(&self) -> Answer<&Connection> {
        self.connection.as_ref().ok_or_else(|| Error::Failed("the connection is gone".into()))
    }

    /// Hands the connection back as good as new, unless the statement left it in doubt.
    async fn end<T>(mut self, answer: Answer<T>) -> Answer<T> {
        let sound = !matches!(answer, Err(Error::Limit(_) | Error::Failed(_)));
        if let Some(connection) = self.connection.as_mut().filter(|_| sound)
            && connection.reset().await.is_ok()
        {
            let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.extend(self.connection.take());
        }
        answer
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.abandon(connection);
        }
    }
}

fn reads() -> Error {
    Error::Invalid("the statement does not change rows; run it with \"query\"".into())
}

/// Whether a commit may have been made although it failed: unless the server says that it was rolled back.
fn is_in_doubt(error: &tokio_postgres::Error) -> bool {
    // Integrity, transaction state, rollback.
    !error.as_db_error().is_some_and(|error| matches!(error.code().code().get(..2), Some("23" | "25" | "40")))
}

fn changes() -> Error {
    Error::Invalid("the statement changes rows; run it with \"execute\"".into())
}

/// Checks the parameters against what the server has made of the statement.
fn fit(prepared: &Statement, parameters: &[Value]) -> Answer<()> {
    let wanted = prepared.params();
    if wanted.len() != parameters.len() {
        let message = format!("the statement has {} parameters and {} were given", wanted.len(), parameters.len());
        return Err(Error::Invalid(message));
    }
    match wanted.iter().zip(parameters).position(|(ty, value)| !is_bindable(value, ty)) {
        Some(index) => Err(Error::Invalid(format!("parameter ${} is a blob and its place is not", index + 1))),
        None => Ok(()),
    }
}

/// Finds how each column is read, before the statement runs.
fn forms(columns: &[Column]) -> Answer<Vec<Form>> {
    match columns.len() {
        0 => return Err(Error::Invalid("the statement returns no rows".into())),
        1..=COLUMNS_MAX => {}
        _ => return Err(Error::Limit(format!("the query returns more than {COLUMNS_MAX} columns"))),
    }
    let form = |column: &Column| {
        Form::of(column.type_()).ok_or_else(|| {
            let (name, ty) = (column.name(), column.type_().name());
            Error::Invalid(format!("column \"{name}\" is of type \"{ty}\", which has no counterpart; cast it to text"))
        })
    };
    columns.iter().map(form).collect()
}

fn short(message: &str) -> String {
    let end = message.floor_char_boundary(MESSAGE_BYTES_MAX);
    message.get(..end).unwrap_or_default().to_owned()
}
