use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use stockade::{Currency, Fault, Kind};
use stockade_mcp::{Http, Mcp, Offer};
use stockade_server::{Access, Limits, Server};
use tokio::net::TcpListener;

use crate::end::End;
use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::{amounts, ask, escape, hint, open_host, pretty};

/// Serve runs over HTTP, and drive them, until this is ended
///
/// Open the address in a browser for the page, and log in with a token that `stockade token create` has made. Clients send
/// one, too; `/openapi.json` describes what they may ask for. SIGTERM or Ctrl-C lets the server take nothing more: what is in flight has the grace to end, and the next server goes on with the
/// runs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade serve --no-auth\n  stockade serve --listen 0.0.0.0:7700 --journal \
                        postgres://app@db.example.com/runs")]
pub(crate) struct Serve {
    /// The address to listen on; port 0 takes one that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// Ask for no token: every program of this machine may do everything, as the user who is logged in. Only on this
    /// machine's own address
    #[arg(long)]
    no_auth: bool,
    /// A name under which agents reach the server over MCP, as in stockade.example.com, beside those of this machine; can be
    /// repeated
    #[arg(long, value_name = "HOST")]
    mcp_host: Vec<String>,
    /// The address of the page as people reach it, which agents pass on where a person has to decide; by default the one it
    /// listens on
    #[arg(long, value_name = "URL")]
    page: Option<String>,
    /// How long what is in flight may take to end when the server is ended, as in 500ms or 30s
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = grace)]
    grace: Duration,
    #[command(flatten)]
    cassettes: Cassettes,
}

fn grace(text: &str) -> stockade::Result<Duration> {
    amounts::one(Currency::Wall, text).map(Duration::from_micros)
}

impl Serve {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes);
        let mut end = End::new().context(Fault::new(Kind::System, "signals cannot be waited for"))?;
        let unusable = || Fault::invalid("listen", format!("the server cannot listen on {}", self.listen));
        let listener = TcpListener::bind(self.listen).await.with_context(unusable)?;
        let address = listener.local_addr().with_context(unusable)?;
        let access = if self.no_auth { Access::open(ask::user()) } else { Access::Tokens };
        let host = open_host::host_of_many(globals).await?;
        let mcp = Mcp::new(host.clone(), &Offer::default()).await?;
        let page = self.page.unwrap_or_else(|| format!("http://{address}"));
        let mcp = Http::new(mcp.page(page).on_fault(complain), &self.mcp_host);
        let limits = Limits { grace: self.grace, ..Limits::default() };
        let server = Server::new(host).access(access).limits(limits).mcp(mcp).on_fault(complain);
        eprintln!("stockade serves on http://{address}");
        let late = server.serve(listener, end.told()).await?;
        if globals.json {
            pretty::print_json(&json!({"late": late}));
        } else {
            eprintln!("the server has ended; {} runs were late and are left to the next", late.len());
        }
        Ok(Exit::Done)
    }
}

fn complain(fault: &Fault) {
    eprintln!("server: {}", escape::safe(&hint::sentence(fault)));
}
