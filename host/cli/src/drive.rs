//! Drives a run for a command until the run ends, waits for a person, or is suspended.

use stockade::{Delivery, Host, Kind, Notice, Report, Run};

use crate::exit::Exit;
use crate::globals::Globals;
use crate::{ask, escape, pretty, report, terminal, text};

/// Waits until a run settles, and prints its status.
pub(crate) async fn tell(globals: &Globals, host: &Host, run: Run) -> anyhow::Result<Exit> {
    Ok(told(globals, &settle(host, run).await?))
}

/// Waits until a run settles, and asks the person at the terminal each time the run needs a decision; `by` names that person.
pub(crate) async fn attend(globals: &Globals, host: &Host, run: Run, by: &str) -> anyhow::Result<Exit> {
    let mut report = settle(host, run).await?;
    while let Some(approval) = report.approval.as_ref().filter(|_| !globals.json && terminal::is_there()) {
        let Some(decision) = ask::decision(approval, by)? else { break };
        let (id, seen) = (approval.id(report.run_id), approval.digest());
        report = match host.decide(&id, &seen, decision).await {
            Ok(run) => settle(host, run).await?,
            // Another person decided first. The run may ask something else by now.
            Err(fault) if fault.kind == Kind::Conflict => {
                text::print_error(&fault);
                host.report(id.run).await?
            }
            Err(fault) => return Err(fault.into()),
        };
    }
    Ok(told(globals, &report))
}

/// Prints the status of a run, and returns the exit code for it.
pub(crate) fn told(globals: &Globals, report: &Report) -> Exit {
    if globals.json {
        pretty::print_json(report);
    } else {
        report::settled(globals, report);
    }
    Exit::of_status(report.status)
}

/// Says which messages were not taken. The run is not moved by it.
pub(crate) fn told_of(notices: &[Notice]) {
    for Notice { to, reason, delivery, .. } in notices {
        let Some(reason) = reason else { continue };
        let next = match delivery {
            Delivery::Failed => "it is not sent again",
            Delivery::Pending | Delivery::Delivered | Delivery::Outdated => "`stockade resume --due` sends it again",
        };
        eprintln!("\"{}\" was not told: {}; {next}", escape::safe(to), escape::safe(reason));
    }
}

/// Waits until a run settles, and returns its report of that moment; another process may drive it on at once.
pub(crate) async fn settle(host: &Host, run: Run) -> stockade::Result<Report> {
    let state = run.settled_state().await?;
    told_of(&host.notify().await?);
    host.flush().await;
    Ok(Report::from(&state))
}
