//! Drives a run for a command until the run ends, waits for a person, or is suspended.

use stockade::{Delivery, Host, Kind, Listing, Notice, Report, Run, RunHandle, RunState, Started};

use crate::exit::Exit;
use crate::follow_up::named;
use crate::globals::Globals;
use crate::{ask, escape, pretty, report, terminal, text};

/// Waits until a run settles, and prints its status.
pub(crate) async fn tell(globals: &Globals, host: &Host, run: Run) -> anyhow::Result<Exit> {
    Ok(told(globals, &settle(host, run).await?))
}

/// Waits until a run settles that was started now or under the same key before, and prints its status.
pub(crate) async fn tell_begun(globals: &Globals, host: &Host, run: Started) -> anyhow::Result<Exit> {
    Ok(told(globals, &Report::from(&begun(host, run).await?)))
}

/// Waits until a run settles that was started now or under the same key before.
pub(crate) async fn begun(host: &Host, started: Started) -> stockade::Result<RunState> {
    let state = match started {
        Started::New { run, .. } => run.settled_state().await?,
        Started::Before(run) => attached(host, &run).await?,
    };
    let state = still(host, state).await?;
    notify(host).await;
    host.flush().await;
    Ok(state)
}

/// Waits until the runs stand still too that it has started, or that has started it: this process goes on with them, and ends
/// with this command.
async fn still(host: &Host, state: RunState) -> stockade::Result<RunState> {
    host.idle().await;
    let is_alone = state.children().next().is_none() && state.origin().parent.is_none();
    if is_alone { Ok(state) } else { host.state(state.run()).await }
}

/// Waits for a run that was started before; one that was interrupted goes on here.
async fn attached(host: &Host, run: &RunHandle) -> stockade::Result<RunState> {
    eprintln!("run {} was started under this key before", run.id());
    loop {
        match run.settled_state().await {
            Err(fault) if fault.is_interrupted() => {}
            settled => return settled,
        }
        match host.resume(run.id()).await {
            // Another process goes on with it.
            Err(fault) if fault.detail.as_deref() == Some("busy") => {}
            resumed => return resumed?.settled_state().await,
        }
    }
}

/// Waits until a run settles, and asks the person at the terminal each time the run needs a decision; `by` names that person.
pub(crate) async fn attend(globals: &Globals, host: &Host, run: Started, by: &str) -> anyhow::Result<Exit> {
    let mut report = Report::from(&begun(host, run).await?);
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
        report::settled(report);
    }
    Exit::of_status(report.status)
}

/// Sends the messages that are due, and says which were not taken. What a command has done is as it was without them.
pub(crate) async fn notify(host: &Host) {
    told_notices(host.notify().await);
}

/// Says which messages were not sent, and why.
pub(crate) fn told_notices(notified: stockade::Result<Listing<Notice>>) {
    match notified {
        Ok(Listing { found, unreadable }) => {
            told_of(&found);
            text::left_out(&unreadable);
        }
        Err(fault) => {
            eprintln!("messages that are due were not sent:");
            text::print_error(&fault);
        }
    }
}

fn told_of(notices: &[Notice]) {
    for Notice { to, reason, delivery, .. } in notices {
        let Some(reason) = reason else { continue };
        let next = match delivery {
            Delivery::Failed => "it is not sent again".to_owned(),
            Delivery::Pending | Delivery::Delivered | Delivery::Outdated => {
                format!("{} sends it again", named("resume --due"))
            }
        };
        eprintln!("\"{}\" was not told: {}; {next}", escape::safe(to), escape::safe(reason));
    }
}

/// Waits until a run settles, and returns its report of that moment; another process may drive it on at once.
pub(crate) async fn settle(host: &Host, run: Run) -> stockade::Result<Report> {
    let state = still(host, run.settled_state().await?).await?;
    notify(host).await;
    host.flush().await;
    Ok(Report::from(&state))
}
