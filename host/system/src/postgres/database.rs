use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use stockade_workflow::Fault;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Config, Error, NoTls, Socket};
use url::Url;

use super::Result;
use super::tls::Tls;
use crate::Clock;

const PORT: u16 = 5432;

/// How many connections a record has at most, unless another number is said: a server has a hundred by default, for all hosts.
const CONNECTIONS: u32 = 8;

/// How long the server may take to let us in.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a statement may take. Each is short; this is for a server that has stopped to answer.
const STATEMENT: Duration = Duration::from_secs(30);

/// How long a connection is kept whose other end acknowledges nothing.
const UNHEARD: Duration = Duration::from_secs(10);

/// What is kept in a database.
#[derive(Clone, Copy)]
enum Record {
    Journal,
    Memory,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Journal => "journal",
            Self::Memory => "memory",
        })
    }
}

/// A PostgreSQL database in which a journal or a long-term memory is: where, and as whom and how it is spoken to.
#[derive(Clone)]
pub struct Database {
    record: Record,
    /// What it is called in errors: the URL without options and password.
    place: String,
    config: Config,
    tls: Option<Tls>,
    connections: u32,
    statement: Duration,
    /// In place of the database's own.
    clock: Option<Clock>,
}

impl Database {
    /// Reads the URL of a journal: `postgres://USER@HOST:PORT/DATABASE`, with `?sslmode=require`, `verify-full` or `disable`, and
    /// `sslrootcert=FILE`.
    ///
    /// Without a mode, a server on another machine is spoken to over TLS, and one on this machine is not. The certificate is
    /// checked in any mode of TLS.
    ///
    /// # Errors
    ///
    /// Kind [`Invalid`](stockade_workflow::Kind::Invalid) where it is not such a URL, or holds a password. The text repeats
    /// nothing of it, for it may be printed anywhere.
    pub fn parse(url: &str, password: Option<&str>) -> Result<Self> {
        Self::of(Record::Journal, url, password)
    }

    /// Reads the URL of a long-term memory, as [`Database::parse`] does that of a journal.
    ///
    /// # Errors
    ///
    /// As [`Database::parse`].
    pub fn of_memory(url: &str, password: Option<&str>) -> Result<Self> {
        Self::of(Record::Memory, url, password)
    }

    fn of(record: Record, url: &str, password: Option<&str>) -> Result<Self> {
        Self::read(record, url, password).map_err(|why| Fault::invalid(&record.to_string(), why))
    }

    fn read(record: Record, url: &str, password: Option<&str>) -> Result<Self, String> {
        let shape = || format!("the {record}'s URL is not \"postgres://USER@HOST:PORT/DATABASE\"");
        let mut url = Url::parse(url).map_err(|_| shape())?;
        if url.password().is_some() {
            let instead = format!("name a secret instead: password = \"SECRET\" under [{record}]");
            return Err(format!("the {record}'s URL holds a password; {instead}"));
        }
        let options = Options::read(record, &url)?;
        url.set_query(None);
        let mut config: Config = url.as_str().parse().map_err(|_| shape())?;
        let [Host::Tcp(host)] = config.get_hosts() else { return Err(shape()) };
        let host = host.clone();
        let (Some(user), Some(name), None) = (config.get_user(), config.get_dbname(), url.fragment()) else {
            return Err(shape());
        };
        let port = config.get_ports().first().copied().unwrap_or(PORT);
        let written = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let place = format!("postgres://{user}@{written}:{port}/{name}");
        let tls = options.is_tls(&host).then(|| Tls::new(options.roots.as_deref())).transpose()?;
        config.application_name("stockade").ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        config.connect_timeout(CONNECT).keepalives_idle(UNHEARD).tcp_user_timeout(UNHEARD);
        if let Some(password) = password {
            config.password(password);
        }
        Ok(Self { record, place, config, tls, connections: CONNECTIONS, statement: STATEMENT, clock: None })
    }

    /// Has at most so many connections at the same time, and at least one; further statements wait for their turn.
    #[must_use]
    pub fn connections(self, connections: u32) -> Self {
        Self { connections: connections.max(1), ..self }
    }

    /// Says how long the server may take to let us in.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout(timeout);
        self
    }

    /// Says how long a statement may take.
    #[must_use]
    pub fn statement_timeout(self, timeout: Duration) -> Self {
        Self { statement: timeout, ..self }
    }

    /// Takes the time of leases, and of what is due, from here and not from the database: for tests.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// What is kept in it, in one word.
    pub(super) fn record(&self) -> impl fmt::Display {
        self.record
    }

    /// What the server calls it, and as whom we speak to it.
    pub(super) fn name_and_role(&self) -> (&str, &str) {
        (self.config.get_dbname().unwrap_or_default(), self.config.get_user().unwrap_or_default())
    }

    pub(super) fn connections_max(&self) -> u32 {
        self.connections
    }

    pub(super) fn statement_max(&self) -> Duration {
        self.statement
    }

    pub(super) fn connect_max(&self) -> Duration {
        self.config.get_connect_timeout().copied().unwrap_or(CONNECT)
    }

    /// Returns the time to go by in place of the database's, in milliseconds since the Unix epoch, if there is one.
    pub fn now_ms(&self) -> Option<i64> {
        self.clock.as_ref().map(|clock| super::stored(clock.now_ms()))
    }

    /// Connects. The connection is carried by a task of the runtime in which this is called.
    pub(super) async fn connect(&self) -> Result<Client, Error> {
        match &self.tls {
            Some(tls) => self.speak(tls.clone()).await,
            None => self.speak(NoTls).await,
        }
    }

    async fn speak<T>(&self, tls: T) -> Result<Client, Error>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let (client, traffic) = self.config.connect(tls).await?;
        tokio::spawn(async move {
            // The client is told of a failure too.
            let _ = traffic.await;
        });
        Ok(client)
    }

    /// Asks the server to stop what it does for a connection.
    pub(super) async fn cancel(&self, token: CancelToken) {
        // There is no answer to wait for, and an error would concern no statement.
        let _ = match &self.tls {
            Some(tls) => token.cancel_query(tls.clone()).await,
            None => token.cancel_query(NoTls).await,
        };
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

/// What follows the `?`.
#[derive(Default)]
struct Options {
    tls: Option<bool>,
    roots: Option<PathBuf>,
}

impl Options {
    fn read(record: Record, url: &Url) -> Result<Self, String> {
        let mut options = Self::default();
        let mut names = BTreeSet::new();
        for (name, value) in url.query_pairs() {
            if !names.insert(name.clone()) {
                return Err(format!("the {record}'s URL has the option \"{name}\" twice"));
            }
            match (name.as_ref(), value.as_ref()) {
                ("sslmode", "disable") => options.tls = Some(false),
                // The certificate is checked in any case; a URL that asks for TLS does not ask for half of it.
                ("sslmode", "require" | "verify-ca" | "verify-full") => options.tls = Some(true),
                ("sslmode", _) => {
                    let modes = "\"require\", \"verify-full\" and \"disable\"";
                    return Err(format!("sslmode of the {record}'s URL must be one of {modes}"));
                }
                ("sslrootcert", path) => options.roots = Some(path.into()),
                (name, _) => return Err(format!("the {record}'s URL has an option \"{name}\" that is not known")),
            }
        }
        Ok(options)
    }

    fn is_tls(&self, host: &str) -> bool {
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.tls.unwrap_or(self.roots.is_some() || !here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        Database::parse(url, None).err().unwrap().message
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_its_password() {
        for (url, why) in [
            ("postgres://u:hunter2@h/d", "holds a password; name a secret instead"),
            ("postgres://u@h/d?password=hunter2", "an option \"password\" that is not known"),
            ("postgres://u@h/d?sslmode=disable&sslmode=require", "has the option \"sslmode\" twice"),
            ("postgres://u@h/d?sslmode=prefer", "sslmode of the journal's URL must be one of"),
            ("postgres://u@h/d?sslrootcert=/nowhere/roots", "the certificates of \"/nowhere/roots\" cannot be used"),
            ("postgres://h/d", "is not \"postgres://USER@HOST:PORT/DATABASE\""),
            ("postgres://u@h", "is not \"postgres://USER@HOST:PORT/DATABASE\""),
            ("hunter2", "is not \"postgres://USER@HOST:PORT/DATABASE\""),
        ] {
            let message = refused(url);
            assert!(message.contains(why) && !message.contains("hunter2"), "{url}: {message}");
        }
    }

    #[test]
    fn a_server_elsewhere_is_spoken_to_over_tls_and_one_here_is_not() {
        let is_sealed = |url: &str| Database::parse(url, Some("hunter2")).unwrap().tls.is_some();
        assert!(is_sealed("postgres://u@h.example.com/d") && is_sealed("postgres://u@localhost/d?sslmode=verify-full"));
        assert!(!is_sealed("postgres://u@127.0.0.1:1/d") && !is_sealed("postgres://u@h.example.com/d?sslmode=disable"));
        let database = Database::parse("postgres://u@h.example.com/d?sslmode=require", Some("hunter2")).unwrap();
        assert_eq!(database.to_string(), "postgres://u@h.example.com:5432/d");
        assert_eq!(Database::parse("postgres://u@[::1]/d", None).unwrap().to_string(), "postgres://u@[::1]:5432/d");
    }

    #[test]
    fn a_url_of_a_memory_is_refused_as_one() {
        let fault = Database::of_memory("postgres://u:hunter2@h/d", None).err().unwrap();
        assert_eq!(fault.detail.as_deref(), Some("memory"));
        assert!(
            fault.message.contains("the memory's URL holds a password") && fault.message.contains("under [memory]")
        );
    }
}
