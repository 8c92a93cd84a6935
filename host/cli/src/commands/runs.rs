use clap::{Args, Subcommand, ValueEnum};
use stockade::{Clock, Filter, Host, Listed, PageEnd, RunId, Sort, Summary};

use crate::commands::prune::Prune;
use crate::escape::safe;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::run_filter::RunFilter;
use crate::run_ref::RunRef;
use crate::{amounts, open_host, pretty, removed, report, run_ref, text};

/// List runs, oldest first, and say what each waits for
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Example:\n  stockade runs --status waiting --since 2d\n  \
                        stockade runs --needs-me --sort changed\n  \
                        stockade runs --label team=support --limit 20 --after RUN\n  \
                        stockade runs --parent RUN --status failed\n  \
                        stockade runs --json | jq -r '.[].run_id'\n  \
                        stockade runs prune --older 30d --status done --dry-run")]
pub(crate) struct Runs {
    #[command(subcommand)]
    command: Option<OfRuns>,
    #[command(flatten)]
    which: RunFilter,
    /// Only the runs that this run has started
    #[arg(long, value_name = "RUN")]
    parent: Option<RunRef>,
    /// Sort by when runs started, or by when their status, or what they wait for, changed last
    #[arg(long, value_name = "BY", default_value = "started")]
    sort: By,
    /// List the last run first
    #[arg(long)]
    reverse: bool,
    /// List no more than N runs
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// List the runs after this one: the last run of the page before
    #[arg(long, value_name = "RUN")]
    after: Option<RunRef>,
}

/// What is done with many runs, beside listing them.
#[derive(Debug, Subcommand)]
enum OfRuns {
    Prune(Prune),
    Removed(Removed),
}

/// List what the journal keeps of the runs that were removed: one line about each, the earliest first
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade runs removed --since 30d")]
struct Removed {
    /// Only runs that were removed within this time, as in 2h or 30d
    #[arg(long, value_name = "TIME", value_parser = amounts::ago)]
    since: Option<u64>,
    /// List no more than N runs
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Started,
    Changed,
}

impl Runs {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self.command {
            Some(OfRuns::Prune(prune)) => prune.run(globals).await,
            Some(OfRuns::Removed(removed)) => removed.run(globals).await,
            None => self.list(globals).await,
        }
    }

    async fn list(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let mut summaries = host.runs(&self.filter(&host).await?).await?;
        let has_more = self.limit.is_some_and(|limit| summaries.len() > limit);
        summaries.truncate(self.limit.unwrap_or(usize::MAX));
        let mut listed = Vec::new();
        for summary in summaries {
            if let Some(why) = &summary.damaged {
                eprintln!("run {} is listed in part: {}", summary.run_id, safe(why));
            }
            listed.push(Listed { waits_for: waits_for(&host, &summary).await, summary });
        }
        if globals.json {
            pretty::print_json(&listed);
        } else {
            let all = host.runs(&Filter::default()).await?;
            let short = run_ref::letters(&all.iter().map(|summary| summary.run_id).collect::<Vec<_>>());
            report::runs(&listed, short, Clock::default().now_ms());
            listed.last().filter(|_| has_more).into_iter().for_each(|last| more(last.summary.run_id));
        }
        Ok(Exit::Done)
    }

    async fn filter(&self, host: &Host) -> stockade::Result<Filter> {
        let sort = match self.sort {
            By::Started => Sort::Started,
            By::Changed => Sort::Changed,
        };
        let after = match &self.after {
            Some(run) => page_end(host, run.find(host).await?).await?,
            None => None,
        };
        let runs = match &self.parent {
            Some(run) => Some(host.children(run.find(host).await?).await?),
            None => None,
        };
        // One run more tells whether there is another page.
        let limit = self.limit.map(|limit| limit.saturating_add(1));
        Ok(Filter { runs, sort, reverse: self.reverse, after, limit, ..self.which.filter()? })
    }
}

impl Removed {
    async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let since_ms = self.since.map_or(0, |ago| Clock::default().now_ms().saturating_sub(ago));
        removed::lines(globals, &host.removed_runs(since_ms, self.limit.unwrap_or(usize::MAX)).await?);
        Ok(Exit::Done)
    }
}

/// Returns the place of a run. One that was removed meanwhile still has its place among those that are sorted by their start.
async fn page_end(host: &Host, run: RunId) -> stockade::Result<Option<PageEnd>> {
    let only = Filter { runs: Some(vec![run]), ..Filter::default() };
    let found = host.runs(&only).await?;
    Ok(Some(found.first().map_or(PageEnd { run, updated_ms: 0 }, PageEnd::from)))
}

fn more(last: RunId) {
    eprintln!("there are more; add --after {last}");
}

/// Returns what a run waits for, in words. A run that cannot be read is listed all the same.
async fn waits_for(host: &Host, summary: &Summary) -> Vec<String> {
    host.waits_for(summary).await.unwrap_or_else(|fault| {
        text::print_error(&fault);
        Vec::new()
    })
}
