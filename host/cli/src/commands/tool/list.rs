use clap::Args;
use stockade::{Registered, Tool};
use unicode_width::UnicodeWidthStr as _;

use super::inspect::{cannot, granted};
use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::pretty::print_json;
use crate::text::{BOLD, DIM, fit};
use crate::{open_host, terminal};

/// List the registered tools and their functions
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade tool list")]
pub(crate) struct List;

impl List {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::host(globals).await?;
        if globals.json {
            print_json(&host.tools().map(|tool| host.describe_registered(tool)).collect::<Vec<_>>());
            return Ok(Exit::Done);
        }
        // Long lines are shortened; `inspect` shows everything.
        let columns = terminal::columns_of(std::io::stdout()).unwrap_or(usize::MAX).saturating_sub(2);
        for tool in host.tools() {
            let name = tool.name();
            let grants = tool.component().map_or_else(|| granted_other(tool), granted);
            println!("{BOLD}{name}{BOLD:#}  {DIM}{}{DIM:#}", fit(&grants, columns.saturating_sub(name.width())));
            lines(tool).iter().for_each(|line| println!("  {}", fit(line, columns)));
        }
        Ok(Exit::Done)
    }
}

/// The functions of a tool, a line each.
fn lines(tool: &Registered) -> Vec<String> {
    // Of code that was promoted, the component says nothing: each has the same.
    let Some(component) = tool.component().map(Tool::component).filter(|_| tool.nature().code.is_none()) else {
        return tool.functions().iter().map(|function| safe(function.signature())).collect();
    };
    let functions = component.functions().iter().map(|function| safe(&function.signature()));
    functions.chain(component.unsupported().iter().map(cannot)).collect()
}

/// What a tool of another kind than a component was granted.
fn granted_other(tool: &Registered) -> String {
    let grants: Vec<_> = tool.nature().grants.iter().map(ToString::to_string).collect();
    if grants.is_empty() { "nothing".to_owned() } else { safe(&grants.join(", ")) }
}
