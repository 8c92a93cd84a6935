//! `stockade mcp accept`, `list` and `show`: servers of others whose tools runs may call.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use stockade::{Builder, Config, Fault, Kind, utc};
use stockade_mcp_client::{Client, Comparison, Launcher, McpTool, Pin, Standing, launch};

use crate::escape::safe;
use crate::exit::Exit;
use crate::follow_up::named;
use crate::frame::Frame;
use crate::globals::Globals;
use crate::text::{BOLD, DIM, YELLOW};
use crate::{ask, config, places, pretty, secrets, terminal};

/// The first argument with which this program starts itself to become a server that dies with it.
pub(crate) const PROCESS: &str = "mcp-process";

/// Work with servers of the Model Context Protocol
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade mcp list\n  stockade mcp accept files")]
pub(crate) enum Servers {
    Accept(Accept),
    List(List),
    Show(Show),
}

/// Show what a server offers and what of it has changed, and accept the tools that the configuration allows
///
/// The server is started, or asked, and ended again. Without a terminal, `--seen` names what you accept.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade mcp accept files\n  stockade mcp accept files --seen 3fd1c04e55aa")]
pub(crate) struct Accept {
    /// The server, as in [mcp.NAME]
    name: String,
    /// The digest of what you saw, or its first twelve digits; what has changed since is refused
    #[arg(long, value_name = "DIGEST")]
    seen: Option<String>,
}

/// List the servers of the configuration, and which of their tools were accepted; none is started
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade mcp list")]
pub(crate) struct List;

/// Show all that a server offers, beside what is allowed and accepted
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade mcp show files\n  stockade mcp show files --json | jq '.tools'")]
pub(crate) struct Show {
    /// The server, as in [mcp.NAME]
    name: String,
}

impl Servers {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        match self {
            Self::List(_) | Self::Show(_) => true,
            Self::Accept(_) => false,
        }
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::Accept(accept) => accept.run(globals).await,
            Self::List(List) => list(globals),
            Self::Show(show) => show.run(globals).await,
        }
    }
}

/// Becomes the program of a server, with the arguments after [`PROCESS`]. It returns only where that fails.
pub(crate) fn become_server(mut arguments: impl Iterator<Item = String>) -> String {
    let Some(program) = arguments.next() else { return "no program is named".to_owned() };
    let error = launch(&program, &arguments.collect::<Vec<_>>());
    format!("\"{program}\" cannot be started: {error}")
}

/// Returns the servers of a configuration.
pub(crate) fn client(globals: &Globals, config: &Config) -> Client {
    let known = config.clone();
    let log = |server: &str, line: &str| eprintln!("{DIM}mcp {server}: {}{DIM:#}", safe(line));
    Client::new(config, globals.data_dir.join("mcp"))
        .secrets(move |name| secrets::named(&known, name))
        .log(log)
        .launcher(Launcher { program: "/proc/self/exe".into(), arguments: vec![PROCESS.to_owned()] })
}

/// Adds the tools of all servers to a host, and says which wait to be accepted.
pub(crate) fn added(globals: &Globals, builder: Builder, config: &Config) -> stockade::Result<Builder> {
    let add = |builder: Builder, tool: McpTool| {
        let name = tool.name().to_owned();
        if !tool.open().is_empty() {
            let open: Vec<_> = tool.open().iter().map(|tool| safe(tool)).collect();
            let accept = named(&format!("mcp accept {name}"));
            eprintln!("{YELLOW}mcp{YELLOW:#} {name}: not offered until {accept}: {}", open.join(", "));
        }
        builder.callable(&name, tool)
    };
    Ok(client(globals, config).tools()?.into_iter().fold(builder, add))
}

impl Accept {
    async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        places::create_private(&globals.data_dir)?;
        let client = client(globals, &config::usual(globals)?);
        let found = client.compare(&self.name).await?;
        let digest = found.digest();
        if found.is_settled() {
            return Ok(told(globals, &found, true, "is accepted as it is"));
        }
        if !globals.json {
            explained(&found);
        }
        let is_accepted = match &self.seen {
            Some(seen) if !digest.is_written(seen) => return Err(changed(&found, seen).into()),
            Some(_) => true,
            None if terminal::is_there() => ask::yes("Accept these tools?")?,
            None => false,
        };
        if !is_accepted {
            return Ok(told(globals, &found, false, &format!("is not accepted; --seen {} accepts it", digest.short())));
        }
        client.pin(&found)?;
        Ok(told(globals, &found, true, "is accepted"))
    }
}

fn changed(found: &Comparison, seen: &str) -> Fault {
    let message = format!(
        "MCP server \"{}\" offers something else than \"{}\": it is {}",
        found.server,
        safe(seen),
        found.digest().short()
    );
    Fault::new(Kind::Conflict, message).detail("mcp")
}

/// Says how it ended. What waits for a person is told by the exit code too.
fn told(globals: &Globals, found: &Comparison, is_accepted: bool, how: &str) -> Exit {
    if globals.json {
        let mut document = document(found);
        if let Some(members) = document.as_object_mut() {
            members.insert("accepted".to_owned(), is_accepted.into());
        }
        pretty::print_json(&document);
    } else {
        eprintln!("{}: {how}", safe(&found.server));
    }
    if is_accepted { Exit::Done } else { Exit::Waiting }
}

/// Shows what a person is asked about: all of each definition that is new, and what has changed of the others.
fn explained(found: &Comparison) {
    println!("{BOLD}{}{BOLD:#}  speaks {}", safe(&found.server), safe(&found.version));
    for (name, standing) in found.standings() {
        println!("{BOLD}{}{BOLD:#}  {}", safe(name), how(&standing));
        let lines = standing.lines();
        if !lines.is_empty() {
            print!("{}", Frame::all(&lines.join("\n"), terminal::columns()));
        }
        for what in standing.unchecked() {
            println!("  {YELLOW}not checked{YELLOW:#} {}", safe(&what));
        }
    }
    for name in found.accepted.keys().filter(|name| !found.allowed.contains(*name)) {
        println!("{BOLD}{}{BOLD:#}  is allowed no more", safe(name));
    }
}

fn how(standing: &Standing) -> String {
    match standing {
        Standing::New(_) => "new".to_owned(),
        Standing::Same(_) => "as it was accepted".to_owned(),
        Standing::Back(_, why) => format!("as it was accepted, but in between: {}", safe(why)),
        Standing::Changed { .. } => "changed since it was accepted".to_owned(),
        Standing::Missing(why) => format!("cannot be called: {}", safe(why)),
    }
}

impl Show {
    async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        places::create_private(&globals.data_dir)?;
        let found = client(globals, &config::usual(globals)?).compare(&self.name).await?;
        if globals.json {
            pretty::print_json(&document(&found));
            return Ok(Exit::Done);
        }
        explained(&found);
        for definition in found.others() {
            let title = definition.description().lines().next().unwrap_or_default();
            println!("{DIM}{}{DIM:#}  not allowed  {}", safe(definition.name()), safe(&shortened(title)));
        }
        for (name, why) in &found.listing.refused {
            println!("{DIM}{}{DIM:#}  cannot be called: {}", safe(name), safe(why));
        }
        println!("digest {}", found.digest().short());
        Ok(Exit::Done)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn document(found: &Comparison) -> Value {
    let tools: BTreeMap<_, _> =
        found.standings().into_iter().map(|(name, standing)| (name, described(&standing))).collect();
    let others: Vec<_> = found.others().map(|definition| definition.value()).collect();
    let refused: Vec<_> = found.listing.refused.iter().map(|(name, why)| json!({"name": name, "why": why})).collect();
    json!({
        "server": found.server, "version": found.version, "digest": found.digest(), "tools": tools, "others": others,
        "refused": refused,
    })
}

fn described(standing: &Standing) -> Value {
    let (state, definition) = match standing {
        Standing::New(after) => ("new", Some(after)),
        Standing::Same(after) => ("accepted", Some(after)),
        Standing::Back(after, _) => ("back", Some(after)),
        Standing::Changed { after, .. } => ("changed", Some(after)),
        Standing::Missing(_) => ("missing", None),
    };
    json!({
        "state": state, "says": how(standing), "definition": definition.map(|definition| definition.value()),
        "difference": standing.lines(), "unchecked": standing.unchecked(),
    })
}

fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let config = config::usual(globals)?;
    let client = client(globals, &config);
    let mut rows = Vec::new();
    for (name, server) in &config.mcp {
        let accepted = client.accepted(name)?;
        let tools: BTreeMap<_, _> =
            server.tools.iter().map(|tool| (tool.clone(), accepted.get(tool).cloned())).collect();
        rows.push((name, tools));
    }
    if globals.json {
        let row = |(name, tools): &(&String, BTreeMap<String, Option<Pin>>)| json!({"server": name, "tools": tools.iter().map(standing).collect::<Vec<_>>()});
        pretty::print_json(&rows.iter().map(row).collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    for (name, tools) in &rows {
        println!("{BOLD}{}{BOLD:#}", safe(name));
        for (tool, pin) in tools {
            println!("  {}  {}", safe(tool), state(pin.as_ref()));
        }
    }
    if rows.is_empty() {
        eprintln!("no server is configured; [mcp.NAME] adds one");
    }
    Ok(Exit::Done)
}

fn standing((tool, pin): (&String, &Option<Pin>)) -> Value {
    let (accepted_ms, withdrawn) =
        (pin.as_ref().map(|pin| pin.accepted_ms), pin.as_ref().and_then(|pin| pin.withdrawn.as_ref()));
    json!({"tool": tool, "accepted_ms": accepted_ms, "withdrawn": withdrawn})
}

fn state(pin: Option<&Pin>) -> String {
    match pin {
        None => "not accepted".to_owned(),
        Some(Pin { withdrawn: Some(why), .. }) => format!("to be accepted anew: {}", safe(why)),
        Some(Pin { accepted_ms, .. }) => format!("accepted {}", utc(*accepted_ms)),
    }
}
