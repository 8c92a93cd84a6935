use clap::Args;
use stockade::{Listing, OpenQuestion};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::text::left_out;
use crate::{open_host, pretty, report};

/// List the questions of all runs that wait for a person: why, for how long, and how to decide
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade approvals\n  stockade approvals --full")]
pub(crate) struct Approvals {
    /// Show arguments in full, however long they are
    #[arg(long)]
    full: bool,
}

impl Approvals {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let Listing { found: waiting, unreadable } = open_host::reader(globals).await?.open_questions().await?;
        // The questions of the other runs are still listed.
        left_out(&unreadable);
        if globals.json {
            pretty::print_json(&waiting);
            return Ok(Exit::Done);
        }
        for OpenQuestion { run_id, approval, waits_ms, .. } in &waiting {
            report::question(globals, *run_id, approval, Some(*waits_ms), self.full);
        }
        if waiting.is_empty() {
            eprintln!("nothing waits for a person");
        }
        Ok(Exit::Done)
    }
}
