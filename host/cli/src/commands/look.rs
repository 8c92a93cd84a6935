//! The commands that only read.

use serde::Serialize;
use serde_json::json;
use stockade::{Entry, Machine, Report, RunId, RunState};

use crate::args::{Args, Step};
use crate::exit::Exit;
use crate::{home, show, text, timeline};

/// What `show --json` prints.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    report: Report,
    timeline: Vec<Entry>,
}

pub(super) async fn show(args: &Args, run: RunId) -> stockade::Result<Exit> {
    let entries = home::reader(args).await?.entries(run).await?;
    let state = RunState::fold(run, &entries)?;
    let report = Report::from(&state);
    if args.json {
        text::print_json(&Shown { report, timeline: entries });
        return Ok(Exit::Done);
    }
    let lines = entries.iter().filter_map(|entry| timeline::line(&state, entry));
    lines.for_each(|line| anstream::println!("{line}"));
    show::log(&report);
    show::spent(&report);
    println!();
    show::settled(args, &report);
    Ok(Exit::Done)
}

pub(super) async fn runs(args: &Args) -> stockade::Result<Exit> {
    let summaries = home::reader(args).await?.runs().await?;
    if args.json {
        text::print_json(&summaries);
    } else {
        show::runs(&summaries);
    }
    Ok(Exit::Done)
}

/// Draws a workflow's states, or lists the workflows.
pub(super) async fn graph(args: &Args, workflow: Option<&str>) -> stockade::Result<Exit> {
    let host = home::host(args).await?;
    let Some(name) = workflow else {
        let names: Vec<_> = host.workflows().map(Machine::name).collect();
        if args.json {
            text::print_json(&names)
        } else {
            names.iter().for_each(|name| println!("{name}"))
        }
        return Ok(Exit::Done);
    };
    let machine = host.workflow(name)?;
    let graph = machine.graph();
    if args.json {
        text::print_json(graph)
    } else {
        print!("{graph}")
    }
    Ok(Exit::Done)
}

/// Runs a piece of code again; where it does the same, says so.
pub(super) async fn replay(args: &Args, Step { run, key }: &Step) -> stockade::Result<Exit> {
    home::host(args).await?.replay(*run, key).await?;
    if args.json {
        text::print_json(&json!({"run_id": run, "key": key, "same": true}));
    } else {
        println!("{run}/{key}: the same end, output, files and fuel");
    }
    Ok(Exit::Done)
}

pub(super) async fn budget(args: &Args, run: RunId) -> stockade::Result<Exit> {
    let report = Report::from(&home::reader(args).await?.state(run).await?);
    if args.json {
        let Report { run_id, status, usage, budget, .. } = report;
        text::print_json(&json!({"run_id": run_id, "status": status, "usage": usage, "budget": budget}));
    } else {
        show::spent(&report);
    }
    Ok(Exit::Done)
}
