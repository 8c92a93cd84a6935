use clap::Args;
use stockade::{Clock, Filter, Host, Status, Summary};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::report::Listed;
use crate::{amounts, open_host, pretty, report, run_ref};

/// List runs, oldest first
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stockade runs --status waiting --since 2d\n  stockade runs --json | jq -r '.[].run_id'"
)]
pub(crate) struct Runs {
    /// Only runs of this status: running, interrupted, waiting, suspended, paused, done, failed or stopped
    #[arg(long)]
    status: Option<Status>,
    /// Only runs of this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Only runs that started within this time, as in 45m, 2h or 3d
    #[arg(long, value_name = "TIME", value_parser = amounts::ago)]
    since: Option<u64>,
    /// Only the last N runs
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl Runs {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let mut summaries = host.runs(&Filter::default()).await?;
        let now_ms = Clock::default().now_ms();
        let since_ms = self.since.map_or(0, |ago| now_ms.saturating_sub(ago));
        let short = run_ref::letters(&summaries.iter().map(|summary| summary.run_id).collect::<Vec<_>>());
        summaries.retain(|summary| {
            self.status.is_none_or(|status| status == summary.status)
                && self.workflow.as_ref().is_none_or(|name| *name == summary.workflow)
                && run_ref::started_ms(summary.run_id) >= since_ms
        });
        let first = self.limit.map_or(0, |limit| summaries.len().saturating_sub(limit));
        let shown = summaries.get(first..).unwrap_or_default();
        let mut listed = Vec::new();
        for summary in shown {
            listed.push(Listed { summary: summary.clone(), waits_for: waits_for(&host, summary).await });
        }
        if globals.json {
            pretty::print_json(&listed);
        } else {
            report::runs(&listed, short, now_ms);
        }
        Ok(Exit::Done)
    }
}

/// Returns what a run waits for, if it waits. A run that cannot be read is listed all the same.
async fn waits_for(host: &Host, summary: &Summary) -> Vec<String> {
    if summary.status != Status::Waiting {
        return Vec::new();
    }
    let Ok(state) = host.state(summary.run_id).await else { return Vec::new() };
    let people = state.open_approvals().map(|approval| format!("for a person: {}", approval.call));
    people.chain(state.waits().map(|wait| wait.to_string())).collect()
}
