use clap::Args;
use stockade::Registered;
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
            let tools = host.tools().filter_map(Registered::component);
            print_json(&tools.map(|tool| host.describe(tool)).collect::<Vec<_>>());
            return Ok(Exit::Done);
        }
        // Long lines are shortened; `inspect` shows everything.
        let columns = terminal::columns_of(std::io::stdout()).unwrap_or(usize::MAX).saturating_sub(2);
        for tool in host.tools().filter_map(Registered::component) {
            let name = tool.name();
            println!("{BOLD}{name}{BOLD:#}  {DIM}{}{DIM:#}", fit(&granted(tool), columns.saturating_sub(name.width())));
            let functions = tool.component().functions().iter().map(|function| safe(&function.signature()));
            let lines = functions.chain(tool.component().unsupported().iter().map(cannot));
            lines.for_each(|line| println!("  {}", fit(&line, columns)));
        }
        Ok(Exit::Done)
    }
}
