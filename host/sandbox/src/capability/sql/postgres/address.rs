use std::net::IpAddr;
use std::path::PathBuf;

use stockade_system::postgres::{Named, Tls};
use tokio::net::TcpStream;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::TlsConnect;
use tokio_postgres::{CancelToken, Config, NoTls};
use url::Url;

use super::connection::{Connection, Left};
use super::wire::Capped;

const PORT: u16 = 5432;

/// Where a PostgreSQL server is, and as whom and how it is spoken to.
pub(super) struct Address {
    host: String,
    port: u16,
    config: Config,
    tls: Option<Named>,
}

impl Address {
    /// Reads `postgres://USER@HOST:PORT/DATABASE`, with `?sslmode=require` or `?sslmode=disable` and
    /// `sslrootcert=FILE`.
    ///
    /// Without a mode, a server on another machine is spoken to over TLS, and one on this machine is not.
    ///
    /// # Errors
    ///
    /// It is not such a URL, or has a password. The text repeats nothing of it, for it may be printed anywhere.
    pub(super) fn parse(url: &str, password: Option<&str>) -> Result<Self, String> {
        let shape = || "the URL is not \"postgres://USER@HOST:PORT/DATABASE\"".to_owned();
        let mut url = Url::parse(url).map_err(|_| shape())?;
        if url.password().is_some() {
            return Err("the URL holds a password; name a secret instead: password = \"SECRET\"".to_owned());
        }
        let options = Options::parse(&url)?;
        url.set_query(None);
        let mut config: Config = url.as_str().parse().map_err(|_| shape())?;
        let [Host::Tcp(host)] = config.get_hosts() else { return Err(shape()) };
        let host = host.clone();
        if config.get_user().is_none() || config.get_dbname().is_none() || url.fragment().is_some() {
            return Err(shape());
        }
        let port = config.get_ports().first().copied().unwrap_or(PORT);
        let tls = options.is_tls(&host).then(|| options.trust(&host)).transpose()?;
        config.application_name("stockade").ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        if let Some(password) = password {
            config.password(password);
        }
        Ok(Self { host, port, config, tls })
    }

    /// Connects, and makes sure that the role is one that a guest may speak through.
    ///
    /// # Errors
    ///
    /// The text says what the server did, without its address.
    pub(super) async fn connect(&self) -> Result<Connection, String> {
        let refused = |error: &tokio_postgres::Error| self.refused(error);
        let mut connection = match &self.tls {
            Some(tls) => self.speak(tls.clone()).await?,
            None => self.speak(NoTls).await?,
        };
        match connection.objection().await.map_err(|error| refused(&error))? {
            Some(right) => Err(format!("is granted as a role that is {right}; give a role that is not")),
            None => {
                connection.watch().await;
                Ok(connection)
            }
        }
    }

    async fn speak<T>(&self, tls: T) -> Result<Connection, String>
    where
        T: TlsConnect<Capped<TcpStream>>,
        T::Stream: Send + 'static,
    {
        let left = Left::default();
        left.refill();
        let stream = Capped::new(self.dial().await.map_err(|_| "cannot be reached")?, left.clone());
        let (client, traffic) = self.config.connect_raw(stream, tls).await.map_err(|error| self.refused(&error))?;
        let task = tokio::spawn(async move {
            // The client is told of a failure too.
            let _ = traffic.await;
        });
        Ok(Connection::new(client, left, task.abort_handle()))
    }

    /// Asks the server to stop what it does for a connection.
    pub(super) async fn cancel(&self, token: CancelToken) {
        let Ok(stream) = self.dial().await else { return };
        let stream = Capped::new(stream, Left::default());
        stream.left().refill();
        // There is no answer to wait for, and an error would concern no call.
        let _ = match &self.tls {
            Some(tls) => token.cancel_query_raw(stream, tls.clone()).await,
            None => token.cancel_query_raw(stream, NoTls).await,
        };
    }

    async fn dial(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn refused(&self, error: &tokio_postgres::Error) -> String {
        let code = error.code().map(|code| code.code());
        match code.map(|code| code.get(..2).unwrap_or_default()) {
            Some("28") => "does not let in the role, or not with this password".to_owned(),
            Some("3D") => "has no such database".to_owned(),
            Some("53") => "has no connection left".to_owned(),
            Some(_) => format!("failed with code {}", code.unwrap_or_default()),
            None if self.tls.is_some() => {
                "cannot be reached over TLS with a certificate that is valid for it; sslmode=disable in its URL would \
                 speak without"
                    .to_owned()
            }
            None => "cannot be reached".to_owned(),
        }
    }
}

/// What follows the `?`.
#[derive(Default)]
struct Options {
    tls: Option<bool>,
    roots: Option<PathBuf>,
}

impl Options {
    fn parse(url: &Url) -> Result<Self, String> {
        let mut options = Self::default();
        for (name, value) in url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("sslmode", "disable") => options.tls = Some(false),
                // The certificate is checked in any case; a URL that asks for TLS does not ask for half of it.
                ("sslmode", "require" | "verify-ca" | "verify-full") => options.tls = Some(true),
                ("sslmode", _) => return Err("sslmode is neither \"require\" nor \"disable\"".to_owned()),
                ("sslrootcert", path) => options.roots = Some(path.into()),
                (name, _) => return Err(format!("the URL has an option \"{name}\" that is not known")),
            }
        }
        Ok(options)
    }

    fn trust(&self, host: &str) -> Result<Named, String> {
        Tls::new(self.roots.as_deref())?.named(host).map_err(|error| error.to_string())
    }

    fn is_tls(&self, host: &str) -> bool {
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.tls.unwrap_or(self.roots.is_some() || !here)
    }
}
