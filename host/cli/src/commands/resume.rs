use std::collections::BTreeMap;

use clap::Args;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use stockade::{Fault, Fired, Host, Run, RunId, Scheduled};

use crate::exit::Exit;
use crate::globals::{Cassettes, Globals};
use crate::run_ref::RunRef;
use crate::{drive, hint, open_host, pretty, report, text};

/// How many runs are resumed at the same time; they share the slots of the pool and the connections.
const AT_ONCE: usize = 8;

/// Go on with a run after a pause or a crash, or with all interrupted runs; a run that a live process drives is left to it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stockade resume")]
pub(crate) struct Resume {
    /// The run; by default, all interrupted runs
    run: Option<RunRef>,
    /// Drive the runs on that are due, because a time has come or a signal is there, and start those of schedules; for cron
    #[arg(long, conflicts_with = "run")]
    due: bool,
    #[command(flatten)]
    cassettes: Cassettes,
}

impl Resume {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let globals = &globals.with(self.cassettes);
        let host = open_host::host(globals).await?;
        match self.run {
            Some(run) => {
                let run = host.resume(run.find(&host).await?).await?;
                drive::tell(globals, &host, run).await
            }
            None if self.due => due(globals, &host).await,
            None => all(globals, &host).await,
        }
    }
}

/// Resumes all interrupted runs, several at a time; a run that cannot go on does not stop the others.
async fn all(globals: &Globals, host: &Host) -> anyhow::Result<Exit> {
    let runs = host.unfinished().await?;
    let resumed = futures_util::stream::iter(runs)
        .map(|run| async move { resumed(globals, host, run, host.resume(run).await).await });
    let ended: Vec<_> = resumed.buffered(AT_ONCE).collect().await;
    Ok(told(globals, "interrupted", &ended))
}

/// Drives all runs on that are due. A run that waits again is as it should be, so the command has not failed.
async fn due(globals: &Globals, host: &Host) -> anyhow::Result<Exit> {
    let mut ended = Vec::new();
    for Fired { run, resumed: driven } in host.fire_due().await? {
        ended.push(resumed(globals, host, run, driven).await);
    }
    // Runs for which no other waits any more are stopped beside this.
    host.idle().await;
    // Several times of one schedule may have come: the run of each waits for the one before.
    loop {
        let started = host.fire_schedules().await?;
        if started.is_empty() {
            break;
        }
        for scheduled in started {
            ended.push(started_by(globals, host, scheduled).await);
        }
    }
    drive::notify(host).await;
    let as_it_should_be = |exit: Exit| if exit == Exit::Waiting { Exit::Done } else { exit };
    let ended: Vec<_> = ended.into_iter().map(|(document, exit)| (document, as_it_should_be(exit))).collect();
    Ok(told(globals, "due", &ended))
}

/// Drives a run that a schedule has started.
async fn started_by(globals: &Globals, host: &Host, Scheduled { schedule, run, .. }: Scheduled) -> (Value, Exit) {
    match run {
        Ok(run) => {
            eprintln!("schedule {schedule} started run {}", run.id());
            let id = run.id();
            resumed(globals, host, id, Ok(run)).await
        }
        Err(fault) => failed(&format!("schedule {schedule}"), json!({"schedule": schedule}), &fault),
    }
}

/// Says what could not go on, and why.
fn failed(what: &str, mut document: Value, fault: &Fault) -> (Value, Exit) {
    eprintln!("{what}:");
    text::print_error(fault);
    if let Some(document) = document.as_object_mut() {
        document.insert("error".to_owned(), json!(hint::spelled_out(fault)));
    }
    (document, Exit::of_fault(fault))
}

fn told(globals: &Globals, which: &str, ended: &[(Value, Exit)]) -> Exit {
    if globals.json {
        pretty::print_json(&ended.iter().map(|(document, _)| document).collect::<Vec<_>>());
    } else {
        eprintln!("{}", closing(which, ended));
    }
    ended.iter().fold(Exit::Done, |exit, (_, one)| exit.graver(*one))
}

async fn resumed(globals: &Globals, host: &Host, run: RunId, driven: stockade::Result<Run>) -> (Value, Exit) {
    let report = async { drive::settle(host, driven?).await }.await;
    match report {
        Ok(report) => {
            if !globals.json {
                println!("run {run} is {}", report.status);
                report::settled(&report);
            }
            (json!(report), Exit::of_status(report.status))
        }
        Err(fault) => failed(&format!("run {run}"), json!({"run_id": run}), &fault),
    }
}

/// Returns a line that says how many runs were resumed, and their statuses.
fn closing(which: &str, ended: &[(Value, Exit)]) -> String {
    if ended.is_empty() {
        return format!("no run is {which}");
    }
    let mut counts = BTreeMap::new();
    for (document, _) in ended {
        *counts.entry(document.get("status").and_then(Value::as_str).unwrap_or("not resumed")).or_insert(0) += 1;
    }
    let counts: Vec<_> = counts.into_iter().map(|(status, count)| format!("{count} {status}")).collect();
    format!("resumed {} {which} runs: {}", ended.len(), counts.join(", "))
}
