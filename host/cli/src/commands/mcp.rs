use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use stockade::{Budget, Fault, Kind, Principal, Role};
use stockade_mcp::{Limits, Mcp as Server, Offer};

use crate::end::End;
use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::log::LogOptions;
use crate::mcp_servers::Servers;
use crate::{amounts, escape, hint, open_host, stdin_pipe};

/// Offer tools, code and workflows to an agent's program, over the Model Context Protocol on stdin and stdout
///
/// The program starts this one. Each call is a run, journaled and within a budget; people decide on its questions with `stockade
/// approve` or on the page of `stockade serve`, and the agent cannot. Ends when the program closes stdin.
///
/// The other way round, the configuration names servers whose tools are used here; a person accepts them.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Example:\n  stockade mcp --tools purchases,policy --languages javascript --budget steps=20 \
                        --page http://127.0.0.1:7700\n  stockade mcp accept files")]
pub(crate) struct Mcp {
    #[command(subcommand)]
    servers: Option<Servers>,
    #[command(flatten)]
    offering: Offering,
}

/// What is offered, and to whom.
#[derive(Debug, Args)]
struct Offering {
    /// The tools that are offered, and that code may call; by default all
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    tools: Option<Vec<String>>,
    /// The workflows that are offered; by default none
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    workflows: Vec<String>,
    /// The languages of code that are offered; by default all
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    languages: Option<Vec<String>>,
    /// The name by which runs are started
    #[arg(long, value_name = "NAME", default_value = "mcp")]
    name: String,
    /// The most that a call may spend, as CURRENCY=AMOUNT,…; other currencies have the default of a run
    #[arg(long, value_name = "AMOUNTS", value_parser = |text: &str| amounts::read(text, Budget::default()))]
    budget: Option<Budget>,
    /// The address of the page on which people decide, as in http://127.0.0.1:7700: agents pass it on
    #[arg(long, value_name = "URL")]
    page: Option<String>,
    /// How long what is in flight may take to end when the program has gone, as in 500ms or 30s
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = amounts::time)]
    grace: Duration,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Mcp {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        self.servers.as_ref().is_some_and(Servers::only_looks)
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self.servers {
            Some(servers) => servers.run(globals).await,
            None => self.offering.run(globals).await,
        }
    }
}

impl Offering {
    async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes.clone());
        let mut end = End::new().context(Fault::new(Kind::System, "signals cannot be waited for"))?;
        let host = open_host::host_of_many(globals, LogOptions::default().begin(globals)?).await?;
        let limits = Limits { grace: self.grace, ..Limits::default() };
        let mcp = Server::new(host.clone(), &self.offer()).await?.of(self.principal()).limits(limits);
        let mcp = match &self.page {
            Some(page) => mcp.page(page),
            None => mcp,
        };
        // What waits for a time goes on here for as long as the program is there.
        let timers = host.timers();
        let served = stockade_mcp::serve(mcp.on_fault(complain), stdin_pipe::open(), tokio::io::stdout(), end.told());
        let served = served.await;
        drop(timers);
        host.shutdown(end.left(self.grace)).await;
        served?;
        Ok(Exit::Done)
    }

    fn offer(&self) -> Offer {
        let set = |names: &Vec<String>| names.iter().cloned().collect::<BTreeSet<_>>();
        Offer {
            tools: self.tools.as_ref().map(set),
            workflows: Some(set(&self.workflows)),
            languages: self.languages.as_ref().map(set),
        }
    }

    /// Who the program is to the host: one that starts runs, and calls the tools that were named, if some were.
    fn principal(&self) -> Principal {
        let tools = self.tools.as_ref().map(|tools| tools.iter().cloned().collect());
        Principal { budget: self.budget, tools, ..Principal::new(&self.name, Role::Operator) }
    }
}

fn complain(fault: &Fault) {
    eprintln!("mcp: {}", escape::safe(&hint::sentence(fault)));
}
