use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use stockade::config::{Rate, Server as ServerConfig};
use stockade::{Clock, Config, Fault, Host, Kind, LogLevel};
use stockade_mcp::{Http, Mcp, Offer};
use stockade_server::audit::Event;
use stockade_server::{Access, Answered, Limits, Oidc, Server, Tls};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::end::End;
use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::log::{Log, LogOptions};
use crate::resources::Drivers;
use crate::{amounts, ask, config, open_host, pretty, secrets};

/// Serve runs over HTTP, and drive them, until this is ended
///
/// Open the address in a browser for the page, and log in with a token that `stockade token create` has made. Clients send
/// one, too; `/openapi.json` describes what they may ask for. SIGTERM or Ctrl-C lets the server take nothing more: what is in flight has the grace to end, and the next server goes on with the
/// runs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade serve --no-auth\n  stockade serve --listen 0.0.0.0:7700 --tls-cert \
                        tls.pem --tls-key tls.key --journal postgres://app@db.example.com/runs")]
pub(crate) struct Serve {
    /// The address to listen on; port 0 takes one that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// Ask for no token: every program of this machine may do everything, as the user who is logged in. Only on this
    /// machine's own address
    #[arg(long)]
    no_auth: bool,
    /// Speak TLS with the certificate of this file, PEM with the chain behind it, in place of that of `[server.tls]`
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate, PEM; only its owner may read the file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// A name under which agents reach the server over MCP, as in stockade.example.com, beside those of this machine; can be
    /// repeated
    #[arg(long, value_name = "HOST")]
    mcp_host: Vec<String>,
    /// The address of the page as people reach it, which agents pass on where a person has to decide, and to which a provider
    /// of OpenID Connect sends people back; by default the one it listens on
    #[arg(long, value_name = "URL")]
    page: Option<String>,
    /// How long what is in flight may take to end when the server is ended, as in 500ms or 30s
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = amounts::time)]
    grace: Duration,
    #[command(flatten)]
    log: LogOptions,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Serve {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes.clone());
        let log = self.log.begin(globals)?;
        let mut end = End::new().context(Fault::new(Kind::System, "signals cannot be waited for"))?;
        let unusable = || Fault::invalid("listen", format!("the server cannot listen on {}", self.listen));
        let listener = TcpListener::bind(self.listen).await.with_context(unusable)?;
        let address = listener.local_addr().with_context(unusable)?;
        let config = config::usual(globals)?;
        let tls = self.tls(&config.server)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let page = self.page.clone().unwrap_or_else(|| format!("{scheme}://{address}"));
        let drivers = Drivers::begin()?;
        let server = self.server(globals, &config, log, page, drivers.handle()).await?;
        let server = tls.into_iter().fold(server, Server::tls);
        eprintln!("stockade serves on {scheme}://{address}");
        let late = server.serve(listener, end.told()).await?;
        if globals.json {
            pretty::print_json(&json!({"late": late}));
        } else {
            eprintln!("the server has ended; {} runs were late and are left to the next", late.len());
        }
        Ok(Exit::Done)
    }
}

impl Serve {
    /// Makes the server, whose log says first that it begins: a server that could note nothing does not begin.
    async fn server(
        &self,
        globals: &Globals,
        config: &Config,
        log: Log,
        page: String,
        drivers: Handle,
    ) -> anyhow::Result<Server> {
        let access = if self.no_auth { Access::open(ask::user()) } else { Access::Tokens };
        let oidc = if self.no_auth { None } else { oidc(config, &page)? };
        let host = open_host::host_of_server(globals, log.clone(), drivers).await?;
        let audit = open_host::audit(globals)?;
        audit.append(Event::began()).await?;
        let Rate { per_second, burst } = config.server.rate;
        let limits =
            Limits { grace: self.grace, requests_per_second: per_second, requests_burst: burst, ..Limits::default() };
        let mcp = self.mcp(host.clone(), log.clone(), page).await?;
        let (faults, answers) = (log.clone(), log);
        let server = Server::new(host).access(access).audit(audit).limits(limits).mcp(mcp);
        let server = server.on_fault(move |fault| faults.complain("server", fault));
        let server = server.on_answer(move |answered| told(&answers, answered));
        Ok(oidc.into_iter().fold(server, Server::oidc))
    }

    /// Makes the door for agents.
    async fn mcp(&self, host: Host, log: Log, page: String) -> stockade::Result<Http> {
        let mcp = Mcp::new(host, &Offer::default()).await?.page(page);
        Ok(Http::new(mcp.on_fault(move |fault| log.complain("server", fault)), &self.mcp_host))
    }

    /// Reads the certificate that the options name, or else the configuration, if there is one.
    fn tls(&self, config: &ServerConfig) -> stockade::Result<Option<Tls>> {
        match (&self.tls_cert, &self.tls_key, &config.tls) {
            (Some(certificate), Some(key), _) => Tls::new(certificate, key).map(Some),
            (_, _, Some(tls)) => Tls::new(&tls.certificate, &tls.key).map(Some),
            (_, _, None) => Ok(None),
        }
    }
}

/// Makes the provider of OpenID Connect, if there is one, by which people log in where it knows this server as a client.
fn oidc(config: &Config, page: &str) -> stockade::Result<Option<Oidc>> {
    let Some(settings) = config.server.oidc.clone() else { return Ok(None) };
    let secret = settings.client_secret.as_deref().map(|name| secrets::named(config, name)).transpose()?;
    let has_client = settings.client_id.is_some();
    let oidc = Oidc::new(settings, Clock::default())?;
    Ok(Some(if has_client { oidc.with_login(page, secret)? } else { oidc }))
}

/// Tells of a request. Those of programs that look again and again are told of only where all is.
fn told(log: &Log, Answered { method, route, status, took, principal, .. }: &Answered<'_>) {
    let level = match (*status, *route) {
        (500.., _) => LogLevel::Error,
        (_, "/healthz" | "/readyz" | "/metrics" | "/assets/{name}") => LogLevel::Debug,
        (_, _) => LogLevel::Info,
    };
    let message = format!("{method} {route}: {status} after {} ms", took.as_millis());
    log.told(level, "request.answered", *principal, message);
}
