//! `stockade token create`, `list` and `rm`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stockade::{Budget, Listing, NewToken, Principal, Role, utc};
use stockade_server::audit::Event;

use crate::escape::safe;
use crate::exit::Exit;
use crate::follow_up::named;
use crate::globals::Globals;
use crate::text::left_out;
use crate::{amounts, ask, open_host, pretty};

/// Say who may use the server of this journal
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade token create dana --role approver\n  stockade token list")]
pub(crate) enum Token {
    Create(Create),
    List(List),
    Rm(Rm),
}

/// Make a token for a person or a program, and print it this once: the journal keeps its digest alone
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade token create dana --role approver\n  \
                        stockade token create shop --role operator --budget 'money=$2,steps=50'")]
pub(crate) struct Create {
    /// The person or the program: runs are started and questions decided by this name
    name: String,
    /// What it may do: viewer (read), operator (start and change runs), approver (decide) or admin (everything)
    #[arg(long)]
    role: Role,
    /// The most that it may give a run, as CURRENCY=AMOUNT,…; other currencies have the default of a run
    #[arg(long, value_name = "AMOUNTS", value_parser = |text: &str| amounts::read(text, Budget::default()))]
    budget: Option<Budget>,
    /// The tools that it may call, and code that it runs; by default all. What a workflow calls is the workflow's
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    tools: Vec<String>,
}

/// List who has a token; the tokens themselves are not kept
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade token list")]
pub(crate) struct List;

/// Remove a token: from then on it opens nothing
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade token rm 3fd1c04e55aa")]
pub(crate) struct Rm {
    /// The id of the token, as `stockade token list` has it
    id: String,
}

/// What `create --json` prints.
#[derive(Serialize)]
struct Created<'a> {
    token: &'a str,
    #[serde(flatten)]
    principal: &'a Principal,
}

impl Token {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        match self {
            Self::List(_) => true,
            Self::Create(_) | Self::Rm(_) => false,
        }
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::Create(create) => create.run(globals).await,
            Self::List(List) => list(globals).await,
            Self::Rm(Rm { id }) => {
                let host = open_host::reader(globals).await?;
                // The log has it first. A token that is not there is not noted.
                if host.principals().await?.found.iter().any(|principal| principal.id == id) {
                    note(globals, Event::TokenRemoved { id: id.clone(), by: ask::user() }).await?;
                }
                host.remove_token(&id).await?;
                Ok(Exit::Done)
            }
        }
    }
}

impl Create {
    async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let Self { name, role, budget, tools } = self;
        let tools = (!tools.is_empty()).then(|| tools.into_iter().collect());
        let (principal, token) = host.create_token(NewToken { name, role, budget, tools }).await?;
        let Principal { id, name, .. } = principal.clone();
        if let Err(fault) = note(globals, Event::TokenCreated { id, name, role, by: ask::user() }).await {
            // It was not shown, and a token that the log does not have is not left.
            host.remove_token(&principal.id).await?;
            return Err(fault.into());
        }
        if globals.json {
            pretty::print_json(&Created { token: &token, principal: &principal });
        } else {
            println!("{token}");
            eprintln!(
                "the token {} of {} ({}) is not shown again",
                principal.id,
                safe(&principal.name),
                principal.role
            );
        }
        Ok(Exit::Done)
    }
}

/// Notes what is done to tokens.
async fn note(globals: &Globals, event: Event) -> stockade::Result<()> {
    open_host::audit(globals)?.append(event).await
}

async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let Listing { found: mut principals, unreadable } = open_host::reader(globals).await?.principals().await?;
    left_out(&unreadable);
    principals.sort_by(|one, other| (&one.name, one.created_ms).cmp(&(&other.name, other.created_ms)));
    if globals.json {
        pretty::print_json(&principals);
        return Ok(Exit::Done);
    }
    for Principal { id, name, role, budget, tools, created_ms } in &principals {
        let budget = budget.as_ref().map(|budget| format!("  up to {}", amounts::write(budget))).unwrap_or_default();
        let tools = tools.iter().flatten().map(|tool| safe(tool)).collect::<Vec<_>>().join(",");
        let tools = if tools.is_empty() { tools } else { format!("  tools {tools}") };
        println!("{id}  {role:<8} {}  since {}{budget}{tools}", safe(name), utc(*created_ms));
    }
    if principals.is_empty() {
        eprintln!("there is no token; {} makes one", named("token create"));
    }
    Ok(Exit::Done)
}
