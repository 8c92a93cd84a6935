use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use stockade_workflow::{Capability, Fault, Grant};
use wasmtime::component::{HasSelf, Linker};

use crate::Result;
use crate::bindings::sql;
use crate::database::{Database, Session};
use crate::rights::Rights;
use crate::state::State;

/// What a statement can answer.
pub(crate) type Answer<T> = std::result::Result<T, sql::Error>;

/// The databases that one tool was granted, by the name that it uses.
pub(crate) struct Databases {
    by_name: BTreeMap<String, Arc<Database>>,
}

impl Databases {
    /// Collects the databases among the grants.
    ///
    /// # Errors
    ///
    /// A grant is not of a database file that exists, or two have one name.
    pub(crate) fn new(tool: &str, grants: &[Grant]) -> Result<Self> {
        let mut by_name = BTreeMap::new();
        for grant in grants {
            let Grant::Sql { name, url, access, .. } = grant else { continue };
            let database = Arc::new(Database::new(tool, name, url, *access)?);
            if by_name.insert(name.clone(), database).is_some() {
                return Err(Fault::invalid("grant", format!("sql \"{name}\" is granted twice to tool \"{tool}\"")));
            }
        }
        Ok(Self { by_name })
    }

    fn find(&self, rights: &Rights, name: &str) -> Answer<Arc<Database>> {
        self.by_name.get(name).cloned().ok_or_else(|| {
            let name = name.escape_debug();
            let line = format!("sql = [{{ name = \"{name}\", url = \"sqlite:PATH\" }}]");
            sql::Error::Denied(rights.denial(Capability::Sql, &format!("sql \"{name}\""), &line))
        })
    }
}

/// Links `stockade:host/sql`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    sql::add_to_linker::<State, HasSelf<State>>(linker, State::called)
}

impl sql::Host for State {
    async fn query(
        &mut self,
        connection: String,
        statement: String,
        parameters: Vec<sql::Value>,
    ) -> wasmtime::Result<Answer<sql::Rows>> {
        let work = move |session: &Session| session.query(&statement, &parameters);
        Ok(self.on_database(&connection, work).await)
    }

    async fn execute(
        &mut self,
        connection: String,
        statement: String,
        parameters: Vec<sql::Value>,
    ) -> wasmtime::Result<Answer<u64>> {
        let work = move |session: &Session| session.execute(&statement, &parameters);
        Ok(self.on_database(&connection, work).await)
    }
}

impl State {
    /// Does work on a granted database, on a thread that may block, and remembers a denial.
    async fn on_database<T: Send + 'static>(
        &mut self,
        name: &str,
        work: impl FnOnce(&Session) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let answer = match self.rights.databases.find(&self.rights, name) {
            Ok(database) => blocking(database, self.deadline, work).await,
            Err(denied) => Err(denied),
        };
        if let Err(sql::Error::Denied(why)) = &answer {
            self.deny(why);
        }
        answer
    }
}

async fn blocking<T: Send + 'static>(
    database: Arc<Database>,
    deadline: Instant,
    work: impl FnOnce(&Session) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let wanted = Wanted::default();
    let until = Until { deadline, wanted: wanted.0.clone() };
    let done = tokio::task::spawn_blocking(move || database.with(until, work)).await;
    done.unwrap_or_else(|_| Err(sql::Error::Failed("the database's thread did not finish".into())))
}

/// Until when a statement may run: the call's deadline, or until nobody waits for the answer any more.
#[derive(Clone)]
pub(crate) struct Until {
    deadline: Instant,
    wanted: Arc<AtomicBool>,
}

impl Until {
    #[cfg(test)]
    pub(crate) fn later() -> Self {
        let deadline = Instant::now() + std::time::Duration::from_secs(60);
        Self { deadline, wanted: Arc::new(AtomicBool::new(true)) }
    }

    pub(crate) fn is_over(&self) -> bool {
        !self.wanted.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }
}

/// Says that the answer is no longer wanted when the call is dropped in the middle of a statement.
struct Wanted(Arc<AtomicBool>);

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
