use clap::{Args, Subcommand};
use serde_json::json;
use stockade::config::OpenApi;
use stockade::{AcceptedDocument, DescribedService, Fault, Kind};
use stockade_mcp_client::differences;

use crate::escape::safe;
use crate::exit::Exit;
use crate::frame::Frame;
use crate::globals::Globals;
use crate::pretty::print_json;
use crate::text::{BOLD, DIM};
use crate::{ask, config, documents, terminal};

/// Work with services whose documents of OpenAPI have an address
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade openapi list\n  stockade openapi accept tickets")]
pub(crate) enum Openapi {
    Accept(Accept),
    List(List),
}

/// Get the document of a service, show its operations and what of them has changed, and accept them
///
/// Only this command gets the document: runs use the one that was accepted. Without a terminal, `--seen` names what you accept.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stockade openapi accept tickets\n  stockade openapi accept tickets --seen 3fd1c04e55aa"
)]
pub(crate) struct Accept {
    /// The service, as in [openapi.NAME]
    name: String,
    /// The digest of what you saw, or its first twelve digits; what has changed since is refused
    #[arg(long, value_name = "DIGEST")]
    seen: Option<String>,
}

/// List the services whose documents have an address, and whether they were accepted; no service is asked
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade openapi list")]
pub(crate) struct List;

impl Openapi {
    /// Returns whether the command only reads.
    pub(crate) fn only_looks(&self) -> bool {
        match self {
            Self::List(_) => true,
            Self::Accept(_) => false,
        }
    }

    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::Accept(accept) => accept.run(globals).await,
            Self::List(List) => list(globals),
        }
    }
}

/// What a document says, beside what was accepted of it.
struct Found<'a> {
    name: &'a str,
    before: Option<DescribedService>,
    after: DescribedService,
}

impl Accept {
    async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let config = config::usual(globals)?;
        let name = self.name.as_str();
        let service = config.openapi.get(name).ok_or_else(|| unknown(name))?;
        let text = service.fetched(name).await?;
        let accepted = documents::accepted(globals, name);
        let before = accepted.as_ref().and_then(|accepted| service.describe(name, &accepted.text).ok());
        let found = Found { name, before, after: service.describe(name, &text)? };
        let (address, digest) = (service.address().unwrap_or_default().to_owned(), found.after.digest());
        if accepted.is_some_and(|accepted| accepted.address == address && accepted.digest == digest) {
            return Ok(found.told(globals, true, "is accepted as it is"));
        }
        if !globals.json {
            found.explained();
        }
        let is_accepted = match &self.seen {
            Some(seen) if !digest.is_written(seen) => return Err(found.changed(seen).into()),
            Some(_) => true,
            None if terminal::is_there() => ask::yes("Accept these operations?")?,
            None => false,
        };
        if !is_accepted {
            return Ok(found.told(globals, false, &format!("is not accepted; --seen {} accepts it", digest.short())));
        }
        documents::keep(globals, name, &AcceptedDocument { address, text, digest })?;
        Ok(found.told(globals, true, "is accepted"))
    }
}

impl Found<'_> {
    /// Shows what a person is asked about: all of each operation that is new, and what has changed of the others.
    fn explained(&self) {
        let Self { name, before, after } = self;
        println!("{BOLD}{}{BOLD:#}  at {}", safe(name), safe(&after.base_url));
        if let Some(before) = before.as_ref().filter(|before| before.base_url != after.base_url) {
            println!("  it was at {}", safe(&before.base_url));
        }
        for (operation, value) in &after.operations {
            let old = before.as_ref().and_then(|before| before.operations.get(operation));
            let how = match old {
                None => "new",
                Some(old) if old == value => "as it was accepted",
                Some(_) => "changed since it was accepted",
            };
            println!("{BOLD}{}{BOLD:#}  {how}", safe(operation));
            if old != Some(value) {
                print!("{}", Frame::all(&differences(old, value).join("\n"), terminal::columns()));
            }
        }
        let gone = before.iter().flat_map(|before| before.operations.keys());
        for operation in gone.filter(|operation| !after.operations.contains_key(*operation)) {
            println!("{BOLD}{}{BOLD:#}  is no longer in the document", safe(operation));
        }
    }

    fn changed(&self, seen: &str) -> Fault {
        let digest = self.after.digest();
        let message = format!("the document of \"{}\" is {}, and not \"{}\"", self.name, digest.short(), safe(seen));
        Fault::new(Kind::Conflict, message).detail("openapi").tool(self.name)
    }

    /// Says how it ended. What waits for a person is told by the exit code too.
    fn told(&self, globals: &Globals, is_accepted: bool, how: &str) -> Exit {
        if globals.json {
            let DescribedService { base_url, operations } = &self.after;
            print_json(&json!({
                "service": self.name, "base_url": base_url, "operations": operations, "digest": self.after.digest(),
                "accepted": is_accepted,
            }));
        } else {
            eprintln!("{}: {how}", safe(self.name));
        }
        if is_accepted { Exit::Done } else { Exit::Waiting }
    }
}

fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let config = config::usual(globals)?;
    let is_accepted = |name: &str, service: &OpenApi| {
        documents::accepted(globals, name).is_some_and(|accepted| service.is_accepted(name, &accepted))
    };
    let mut rows = Vec::new();
    for (name, service) in &config.openapi {
        if let Some(address) = service.address() {
            rows.push((name, address, is_accepted(name, service)));
        }
    }
    if globals.json {
        let documents: Vec<_> = rows
            .iter()
            .map(|(name, address, is_accepted)| json!({"service": name, "document": address, "accepted": is_accepted}))
            .collect();
        print_json(&documents);
        return Ok(Exit::Done);
    }
    for (name, address, is_accepted) in &rows {
        let how = if *is_accepted { "accepted" } else { "not offered: it is not accepted as it is configured" };
        println!("{BOLD}{}{BOLD:#}  {how}", safe(name));
        println!("  {DIM}{}{DIM:#}", safe(address));
    }
    if rows.is_empty() {
        eprintln!("no document has an address; `document = \"https://…\"` under [openapi.NAME] gives it one");
    }
    Ok(Exit::Done)
}

fn unknown(name: &str) -> Fault {
    let message = format!("there is no service \"{}\"; [openapi.NAME] in the configuration adds one", safe(name));
    Fault::new(Kind::NotFound, message).detail("openapi")
}
