//! `stockade stop` and `stockade pause`.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use stockade::{Fault, Host, RunHandle, RunId, Status, Stop as Order};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::run_filter::RunFilter;
use crate::run_ref::RunRef;
use crate::{amounts, ask, hint, open_host, pretty, text};

/// End runs, whatever they are doing and whichever process drives them
///
/// What is in flight has a grace to end by itself. Of a call that is ended then it is unknown whether it happened.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade stop RUN --reason \"a wrong order\"\n  \
                        stockade stop --workflow refund --status waiting --older 2d --dry-run")]
pub(crate) struct Stop {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    how: How,
}

/// Let runs begin nothing more until they are resumed
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade pause RUN\n  stockade resume RUN")]
pub(crate) struct Pause {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct Which {
    /// The runs; in place of names, options say which of those that have not ended
    #[arg(value_name = "RUN", required_unless_present = "RunFilter", conflicts_with = "RunFilter")]
    runs: Vec<RunRef>,
    #[command(flatten)]
    filter: RunFilter,
    /// List the runs, and change none
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct How {
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// How long what is in flight may take to end by itself, as in 500ms or 5s
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = amounts::time)]
    grace: Duration,
    /// Who it is; without it, the user who is logged in
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Clone, Copy)]
enum Aim {
    Stop,
    Pause,
}

impl Stop {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        run(globals, Aim::Stop, &self.which, &self.how).await
    }
}

impl Pause {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        run(globals, Aim::Pause, &self.which, &self.how).await
    }
}

async fn run(globals: &Globals, aim: Aim, which: &Which, how: &How) -> anyhow::Result<Exit> {
    let host = open_host::host(globals).await?;
    let (mut exit, mut documents) = (Exit::Done, Vec::new());
    let mut runs = which.find(&host).await?.into_iter();
    for run in runs.by_ref() {
        let done = if which.dry_run { Ok(()) } else { how.order(&host, aim, run).await };
        // The others are stopped all the same, but by a journal that fails.
        let fails = done.as_ref().is_err_and(Fault::is_of_storage);
        exit = done.as_ref().err().map_or(exit, |fault| exit.graver(Exit::of_fault(fault)));
        documents.push(told(globals, aim, which.dry_run, run, done));
        if fails {
            break;
        }
    }
    left(runs.len());
    // Runs that they have started undo what they have done.
    host.idle().await;
    if globals.json {
        pretty::print_json(&documents);
    } else if documents.is_empty() {
        eprintln!("there is no such run");
    }
    Ok(exit)
}

/// Says how many runs were not looked at, because the journal failed before.
fn left(count: usize) {
    match count {
        0 => {}
        1 => eprintln!("1 more run was not looked at, because the journal fails"),
        _ => eprintln!("{count} more runs were not looked at, because the journal fails"),
    }
}

/// Says what became of a run.
fn told(globals: &Globals, aim: Aim, dry_run: bool, run: RunId, done: stockade::Result<()>) -> Value {
    let status = if dry_run { None } else { Some(aim.status()) };
    match done {
        Ok(()) if globals.json => {}
        Ok(()) => println!("{run}{}", status.map_or(String::new(), |status| format!(" {status}"))),
        Err(ref fault) => {
            eprintln!("run {run}:");
            text::print_error(fault);
        }
    }
    let (status, error) = (status.filter(|_| done.is_ok()), done.err().map(|fault| hint::spelled_out(&fault)));
    json!({"run_id": run, "status": status, "error": error})
}

impl Aim {
    fn status(self) -> Status {
        match self {
            Self::Stop => Status::Stopped,
            Self::Pause => Status::Paused,
        }
    }
}

impl How {
    async fn order(&self, host: &Host, aim: Aim, run: RunId) -> stockade::Result<()> {
        let by = self.by.clone().unwrap_or_else(ask::user);
        let (order, run) = (Order::by(by).reason(self.reason.clone()), host.run(run));
        match aim {
            Aim::Stop => {
                run.stop(order, self.grace).await?;
                undone(&run).await
            }
            Aim::Pause => run.pause(order, self.grace).await,
        }
    }
}

/// Waits until a run that was stopped has undone what it has done, or a person is asked.
async fn undone(run: &RunHandle) -> stockade::Result<()> {
    if run.state().await?.is_undoing() {
        run.settled_state().await?;
    }
    Ok(())
}

impl Which {
    async fn find(&self, host: &Host) -> stockade::Result<Vec<RunId>> {
        let mut found = Vec::new();
        for run in &self.runs {
            found.push(run.find(host).await?);
        }
        if found.is_empty() {
            let mut runs = host.runs(&self.filter.filter()?).await?;
            runs.retain(|run| !run.status.is_over());
            found.extend(runs.iter().map(|run| run.run_id));
        }
        Ok(found)
    }
}
