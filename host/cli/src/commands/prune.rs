use clap::Args;
use stockade::Fault;

use crate::exit::Exit;
use crate::globals::Globals;
use crate::run_filter::RunFilter;
use crate::{ask, open_host, removed};

/// Remove runs that ended long ago from the journal, keep one line about each, and give back their room
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade runs prune --older 30d --status done --dry-run\n  stockade runs removed")]
pub(crate) struct Prune {
    #[command(flatten)]
    which: RunFilter,
    /// List the runs, and remove none
    #[arg(long)]
    dry_run: bool,
    /// Who it is; without it, the user who is logged in
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Prune {
    /// Removes the runs that ended so long ago; runs that a session needs stay.
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        if self.which.older.is_none() {
            let message = "--older is missing; it says how long ago a run must have ended, as in 30d";
            return Err(Fault::invalid("usage", message).into());
        }
        let (host, filter) = (open_host::reader(globals).await?, self.which.filter()?);
        let pruned = if self.dry_run {
            host.would_prune(&filter).await?
        } else {
            host.prune(&filter, &self.by.unwrap_or_else(ask::user)).await?
        };
        removed::pruned(globals, &pruned, self.dry_run);
        Ok(Exit::Done)
    }
}
