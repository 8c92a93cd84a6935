use clap::Args;
use stockade::{Clock, Filter, Host, Kind, RunId, Status};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::{amounts, open_host, removed};

/// Remove runs that ended long ago from the journal
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade prune --older 30d --dry-run")]
pub(crate) struct Prune {
    /// Remove runs that ended longer ago than this, as in 12h or 30d
    #[arg(long, value_name = "TIME", value_parser = amounts::ago)]
    older: u64,
    /// List the runs, and remove none
    #[arg(long)]
    dry_run: bool,
}

impl Prune {
    /// Removes the runs that ended so long ago; runs that a session needs stay.
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let before_ms = Clock::default().now_ms().saturating_sub(self.older);
        let (mut removed, mut kept) = (Vec::new(), Vec::new());
        for summary in host.runs(&Filter::default()).await? {
            if !matches!(summary.status, Status::Done | Status::Failed | Status::Stopped)
                || summary.updated_ms > before_ms
            {
                continue;
            }
            let run = summary.run_id;
            let is_kept =
                if self.dry_run { host.session_of(run).await?.is_some() } else { !is_removed(&host, run).await? };
            if is_kept { kept.push(run) } else { removed.push(run) }
        }
        removed::told(globals, &removed, &kept);
        Ok(Exit::Done)
    }
}

/// Removes a run, unless a session needs it.
async fn is_removed(host: &Host, run: RunId) -> stockade::Result<bool> {
    match host.remove(run, false).await {
        Err(fault) if fault.kind == Kind::Conflict => Ok(false),
        removed => removed.map(|()| true),
    }
}
