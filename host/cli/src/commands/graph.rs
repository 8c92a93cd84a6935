use clap::Args;
use stockade::Machine;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::{open_host, pretty};

/// Show the states of a workflow as a Mermaid diagram, or list the workflows
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade graph refund")]
pub(crate) struct Graph {
    /// The workflow
    workflow: Option<String>,
}

impl Graph {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::host(globals).await?;
        let Some(name) = self.workflow else {
            let names: Vec<_> = host.workflows().map(Machine::name).collect();
            if globals.json {
                pretty::print_json(&names)
            } else {
                names.iter().for_each(|name| println!("{name}"))
            }
            return Ok(Exit::Done);
        };
        let machine = host.workflow(&name)?;
        let graph = machine.graph();
        if globals.json {
            pretty::print_json(graph)
        } else {
            print!("{graph}")
        }
        Ok(Exit::Done)
    }
}
