use std::collections::BTreeSet;

use clap::Args;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::run_ref::RunRef;
use crate::{ask, open_host, removed};

/// Remove runs that no process drives from the journal; what their tools did stays
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade rm RUN")]
pub(crate) struct Rm {
    /// The runs
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<RunRef>,
    /// Also remove an interrupted run, which could be resumed
    #[arg(long)]
    force: bool,
    /// Who it is; without it, the user who is logged in
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Rm {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let mut found = BTreeSet::new();
        for run in &self.runs {
            found.insert(run.find(&host).await?);
        }
        let (mut removed, by) = (Vec::new(), self.by.unwrap_or_else(ask::user));
        for run in found {
            if let Err(fault) = host.remove(run, &by, self.force).await {
                // The runs before this one are removed already.
                removed.iter().for_each(|run| eprintln!("removed {run}"));
                return Err(fault.into());
            }
            removed.push(run);
        }
        removed::told(globals, &removed);
        Ok(Exit::Done)
    }
}
