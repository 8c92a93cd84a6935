mod authorizer;
mod denial;
mod functions;
mod heap;
#[cfg_attr(not(feature = "postgres"), path = "no_postgres.rs")]
mod postgres;
mod short;
mod sqlite;
mod taken;
mod writers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use stockade_workflow::{Access, Capability, Fault, Grant};
use tokio::time::timeout_at;
use wasmtime::component::{HasData, Linker};

use self::bindings::stockade::host::sql::{self, Error, Rows, Value};
use self::postgres::Postgres;
use self::short::ShortReads;
use self::sqlite::{Session, Sqlite};
use self::writers::{Kind, Statement, Writers};
use super::Offer;
use crate::asks::Asks;
use crate::context::CallContext;
use crate::doubt::Doubt;
use crate::quote::quoted;
use crate::{Reserved, Result, Secrets};

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        inline: "
            package stockade:sandbox;

            world guest {
                import stockade:host/sql@0.1.0;
            }
        ",
        imports: { default: async | trappable },
    });
}

pub(crate) const OFFER: Offer =
    Offer { capability: Some(Capability::Sql), interfaces: &[("stockade:host/sql", "0.1.")] };

/// What a statement can answer.
type Answer<T> = std::result::Result<T, Error>;

/// The databases that one tool was granted, by the name that it uses.
pub(crate) struct Databases {
    by_name: BTreeMap<String, Database>,
}

/// A database that a tool was granted.
enum Database {
    /// A file that the tool may read.
    Sqlite(Arc<Sqlite>, Arc<ShortReads>),
    /// A file that the tool may change.
    Written(Arc<Writers>, Arc<ShortReads>),
    Postgres(Box<Postgres>),
}

impl Databases {
    /// Collects the databases among the grants. Nothing is connected to before a tool asks.
    ///
    /// # Errors
    ///
    /// A grant is not of a database file that exists and is not reserved or of a PostgreSQL address, its secret has no value, or
    /// two have one name.
    pub(crate) fn new(tool: &str, grants: &[Grant], secrets: &Secrets, reserved: &Arc<Reserved>) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for grant in grants {
            let Grant::Sql { name, url, access, password } = grant else { continue };
            let invalid =
                |why: String| Fault::invalid("grant", format!("grant of sql \"{name}\" to tool \"{tool}\": {why}"));
            let password = password.as_deref().map(|secret| value(secrets, secret)).transpose().map_err(invalid)?;
            let database = Database::new(tool, name, url, *access, password, reserved).map_err(invalid)?;
            if by_name.insert(name.clone(), database).is_some() {
                return Err(Fault::invalid("grant", format!("sql \"{name}\" is granted twice to tool \"{tool}\"")));
            }
        }
        Ok(Self { by_name })
    }

    fn find(&self, asks: &Asks, name: &str) -> Answer<&Database> {
        self.by_name.get(name).ok_or_else(|| {
            let name = quoted(name);
            let line = format!("sql = [{{ name = {name}, url = \"sqlite:PATH\" }}]");
            Error::Denied(asks.denial(Capability::Sql, &format!("sql {name}"), &line))
        })
    }
}

fn value<'a>(secrets: &'a Secrets, name: &str) -> std::result::Result<&'a str, String> {
    secrets.value(name).ok_or_else(|| format!("the secret \"{name}\" has no value"))
}

impl Database {
    fn new(
        tool: &str,
        name: &str,
        url: &str,
        access: Access,
        password: Option<&str>,
        reserved: &Arc<Reserved>,
    ) -> std::result::Result<Self, String> {
        match url.split_once(':') {
            Some(("sqlite", _)) if password.is_some() => Err("a file has no password".to_owned()),
            Some(("sqlite", path)) => {
                let file = Sqlite::new(tool, name, path, access, reserved)?;
                let reads = ShortReads::new(file.to_be_read()).into();
                Ok(match access {
                    Access::ReadOnly => Self::Sqlite(Arc::new(file), reads),
                    Access::ReadWrite => Self::Written(Arc::new(Writers::new(file)), reads),
                })
            }
            Some(("postgres" | "postgresql", _)) => {
                Ok(Self::Postgres(Box::new(Postgres::new(tool, name, url, access, password)?)))
            }
            // The scheme alone: the rest of a URL may hold a password.
            other => Err(format!(
                "\"{}:…\" is not a database that this host can open; give \"sqlite:PATH\" or \
                 \"postgres://USER@HOST:PORT/DATABASE\"",
                other.map_or("", |(scheme, _)| scheme)
            )),
        }
    }

    async fn query(&self, statement: String, parameters: Vec<Value>, deadline: Instant, doubt: Doubt) -> Answer<Rows> {
        let Some(reads) = self.short_reads() else {
            return self.query_apart(statement, parameters, deadline, doubt).await;
        };
        if let Some(rows) = reads.query(&statement, &parameters, deadline) {
            return Ok(rows);
        }
        let answer = self.query_apart(statement.clone(), parameters, deadline, doubt).await;
        if answer.is_ok() {
            reads.learn(statement);
        }
        answer
    }

    fn short_reads(&self) -> Option<&Arc<ShortReads>> {
        match self {
            Self::Sqlite(_, reads) | Self::Written(_, reads) => Some(reads),
            Self::Postgres(_) => None,
        }
    }

    async fn query_apart(
        &self,
        statement: String,
        parameters: Vec<Value>,
        deadline: Instant,
        doubt: Doubt,
    ) -> Answer<Rows> {
        match self {
            Self::Sqlite(file, _) => {
                let work = move |session: &Session| session.query(&statement, &parameters, &doubt);
                blocking(file.clone(), deadline, work).await
            }
            Self::Written(file, _) => {
                let statement = Statement { kind: Kind::Query, text: statement, parameters, doubt };
                file.run(statement, deadline).await.map(|done| done.rows)
            }
            Self::Postgres(server) => server.query(&statement, &parameters, deadline, &doubt).await,
        }
    }

    async fn execute(&self, statement: String, parameters: Vec<Value>, deadline: Instant, doubt: Doubt) -> Answer<u64> {
        match self {
            Self::Sqlite(file, _) => {
                let work = move |session: &Session| session.execute(&statement, &parameters, &doubt);
                blocking(file.clone(), deadline, work).await
            }
            Self::Written(file, _) => {
                let statement = Statement { kind: Kind::Execute, text: statement, parameters, doubt };
                file.run(statement, deadline).await.map(|done| done.changed)
            }
            Self::Postgres(server) => server.execute(&statement, &parameters, deadline, &doubt).await,
        }
    }
}

/// The databases of a tool, as one call sees them.
pub(crate) struct View<'a> {
    pub(crate) granted: &'a Databases,
    pub(crate) context: &'a mut CallContext,
}

struct Sql;

impl HasData for Sql {
    type Data<'a> = View<'a>;
}

/// Links `stockade:host/sql`.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View<'_>,
) -> wasmtime::Result<()> {
    sql::add_to_linker::<T, Sql>(linker, view)
}

impl sql::Host for View<'_> {
    async fn query(
        &mut self,
        connection: String,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Answer<Rows>> {
        self.context.carry(statement.len().saturating_add(taken::weight(&parameters)))?;
        let (deadline, doubt) = (self.context.deadline, self.context.doubt.clone());
        let answer = match self.granted.find(&self.context.asks, &connection) {
            Ok(database) => database.query(statement, parameters, deadline, doubt).await,
            Err(denied) => Err(denied),
        };
        if let Ok(rows) = &answer {
            self.context.carry(rows.rows.iter().map(|row| taken::weight(row)).fold(0, usize::saturating_add))?;
        }
        Ok(self.remember(answer))
    }

    async fn execute(
        &mut self,
        connection: String,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Answer<u64>> {
        self.context.carry(statement.len().saturating_add(taken::weight(&parameters)))?;
        let (deadline, doubt) = (self.context.deadline, self.context.doubt.clone());
        let answer = match self.granted.find(&self.context.asks, &connection) {
            Ok(database) => database.execute(statement, parameters, deadline, doubt).await,
            Err(denied) => Err(denied),
        };
        Ok(self.remember(answer))
    }
}

impl View<'_> {
    /// Remembers a denial among the answers of a database.
    fn remember<T>(&mut self, answer: Answer<T>) -> Answer<T> {
        if let Err(Error::Denied(why)) = &answer {
            self.context.deny(why);
        }
        answer
    }
}

/// Does work on a file, on a thread that may block.
async fn blocking<T: Send + 'static>(
    database: Arc<Sqlite>,
    deadline: Instant,
    work: impl FnOnce(&Session) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let turn = timeout_at(deadline.into(), database.turns().acquire_owned()).await.map_err(|_| late())?;
    let turn = turn.map_err(|_| Error::Failed("the database is closed".into()))?;
    let wanted = Wanted::default();
    let until = wanted.until(deadline);
    let done = tokio::task::spawn_blocking(move || {
        // The turn ends with the work, not with the interest in it.
        let _turn = turn;
        database.with(until, work)
    });
    let done = done.await;
    done.unwrap_or_else(|_| Err(unfinished()))
}

fn unfinished() -> Error {
    Error::Failed("the database's thread did not finish".into())
}

fn late() -> Error {
    Error::Limit("the call's time is over".into())
}

/// Until when a statement may run: the call's deadline, or until the call no longer waits for the answer.
#[derive(Clone)]
pub(crate) struct Until {
    deadline: Instant,
    wanted: Arc<AtomicBool>,
}

impl Until {
    pub(crate) fn is_over(&self) -> bool {
        !self.wanted.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }

    /// The same, and no longer than this from now.
    fn within(&self, time: Duration) -> Self {
        Self { deadline: self.deadline.min(Instant::now() + time), wanted: self.wanted.clone() }
    }
}

/// Says that the answer is no longer wanted when the call is dropped in the middle of a statement.
struct Wanted(Arc<AtomicBool>);

impl Wanted {
    fn until(&self, deadline: Instant) -> Until {
        Until { deadline, wanted: self.0.clone() }
    }
}

impl Default for Wanted {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
