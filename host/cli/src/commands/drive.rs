//! The commands that drive runs: each ends where the run ends, waits, or is suspended.

use serde_json::{Value, json};
use stockade::{Budget, Decision, Host, Report, Run, RunId};

use crate::args::{self, Args};
use crate::exit::Exit;
use crate::{ask, home, show, text};

pub(super) async fn run(args: &Args, workflow: &str, input: &str, budget: Budget) -> stockade::Result<Exit> {
    let input = args::json(input, "input")?;
    let host = home::host(args).await?;
    let run = host.start(workflow, input, budget).await?;
    tell(args, &host, run).await
}

pub(super) async fn resume(args: &Args, run: RunId) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    let run = host.resume(run).await?;
    tell(args, &host, run).await
}

pub(super) async fn decide(args: &Args, run: RunId, decision: Decision) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    let run = host.decide(run, decision).await?;
    tell(args, &host, run).await
}

pub(super) async fn extend(args: &Args, run: RunId, more: Budget) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    let run = host.extend(run, more).await?;
    tell(args, &host, run).await
}

/// Resumes all unfinished runs; one that cannot go on does not keep the others from it.
pub(super) async fn resume_all(args: &Args) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    let (mut documents, mut exit) = (Vec::new(), Exit::Done);
    for run in host.unfinished().await? {
        let (document, one) = resumed(args, &host, run).await;
        documents.push(document);
        exit = exit.graver(one);
    }
    match (args.json, documents.is_empty()) {
        (true, _) => text::print_json(&documents),
        (false, true) => eprintln!("no run is unfinished"),
        (false, false) => {}
    }
    Ok(exit)
}

async fn resumed(args: &Args, host: &Host, run: RunId) -> (Value, Exit) {
    let report = async { settle(host, host.resume(run).await?).await }.await;
    match report {
        Ok(report) => {
            if !args.json {
                show::settled(args, &report);
            }
            (json!(report), Exit::of_status(report.status))
        }
        Err(fault) => {
            text::print_error(&fault);
            (json!({"run_id": run, "error": fault}), Exit::of_fault(&fault))
        }
    }
}

/// Waits for a run, and asks whoever is at the terminal where it waits for a person.
pub(super) async fn attend(args: &Args, host: &Host, run: Run) -> stockade::Result<Exit> {
    let mut report = settle(host, run).await?;
    while let Some(approval) = report.approval.as_ref().filter(|_| !args.json && ask::is_possible()) {
        let decision = ask::decision(approval)?;
        report = settle(host, host.decide(report.run_id, decision).await?).await?;
    }
    Ok(told(args, &report))
}

async fn tell(args: &Args, host: &Host, run: Run) -> stockade::Result<Exit> {
    Ok(told(args, &settle(host, run).await?))
}

fn told(args: &Args, report: &Report) -> Exit {
    if args.json {
        text::print_json(report);
    } else {
        show::settled(args, report);
    }
    Exit::of_status(report.status)
}

/// Waits for a run and reads back what the journal then says of it.
async fn settle(host: &Host, run: Run) -> stockade::Result<Report> {
    let id = run.id();
    run.settled().await?;
    host.flush().await;
    Ok(Report::from(&host.state(id).await?))
}
