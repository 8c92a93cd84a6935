use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use stockade::{Entry, Host, Report, RunId, RunState};
use tokio::time::timeout;

use crate::entries::each;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::run_ref::RunRef;
use crate::text::DIM;
use crate::timeline::Timeline;
use crate::{open_host, out, pretty, report, terminal, text};

/// How often a followed run is read.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// The columns for the time before each line of a timeline.
const TIME_COLUMNS: usize = 10;

/// Show a run: its timeline, its code, its output, and what it spent
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade show RUN\n  stockade show RUN --follow")]
pub(crate) struct Show {
    /// The run
    run: RunRef,
    /// Go on showing what happens in the run until it ends
    #[arg(long)]
    follow: bool,
}

impl Show {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        let run = self.run.find(&host).await?;
        let mut state = if self.follow { followed(&host, run, !globals.json).await? } else { host.state(run).await? };
        let status = host.status(&mut state).await?;
        let report = Report { status, ..Report::from(&state) };
        if globals.json {
            return document(&host, &state, &report).await;
        }
        if !self.follow {
            timeline(&host, &state, 0).await?;
        }
        each(&host, &state, 0, |entry| report::code(&state, entry)).await?;
        report::family(&report);
        report::log(&report);
        report::spent(&report);
        println!();
        report::standing(&report);
        Ok(Exit::Done)
    }
}

/// Prints the report with the timeline, entry by entry.
async fn document(host: &Host, state: &RunState, report: &Report) -> anyhow::Result<Exit> {
    let report = serde_json::to_string(report).context("the report cannot be written as JSON")?;
    let mut out = pretty::json();
    out.text(report.strip_suffix('}').unwrap_or(&report));
    let mut before = ",\"timeline\":[";
    each(host, state, 0, |entry| {
        out.text(std::mem::replace(&mut before, ","));
        out.write(entry);
    })
    .await?;
    out.text("]}");
    println!();
    Ok(Exit::Done)
}

/// Waits until a run has ended, or there is no reader any more, and returns how it then stands; a person is shown what
/// happens in it.
async fn followed(host: &Host, run: RunId, is_shown: bool) -> stockade::Result<RunState> {
    let mut shown = 0;
    loop {
        let state = host.state(run).await?;
        if is_shown {
            timeline(host, &state, shown).await?;
        }
        shown = state.seq();
        if state.end().is_some() || timeout(FOLLOW_EVERY, out::closed()).await.is_ok() {
            return Ok(state);
        }
    }
}

/// Prints what happened in a run after the entry of this number.
async fn timeline(host: &Host, state: &RunState, after: u64) -> stockade::Result<()> {
    let columns = terminal::columns_of(std::io::stdout()).map(|columns| columns.saturating_sub(TIME_COLUMNS));
    let timeline = Timeline { columns, is_live: false };
    each(host, state, after, |entry| timeline.line(state, entry).iter().for_each(|line| moment(state, entry, line)))
        .await
}

/// Prints a line of a timeline with its time.
fn moment(state: &RunState, entry: &Entry, line: &str) {
    if entry.seq == 1 {
        println!("{line}  {DIM}{}{DIM:#}", stockade::utc(entry.at_ms));
        return;
    }
    let time = text::micros(entry.at_ms.saturating_sub(state.created_ms()).saturating_mul(1_000));
    let indent = " ".repeat(TIME_COLUMNS);
    println!("{DIM}{time:>9}{DIM:#} {}", line.replace('\n', &format!("\n{indent}")));
}
