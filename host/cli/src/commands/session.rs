use clap::Subcommand;
use serde::Serialize;
use stockade::{CodeEnd, CodeOutcome, Host, RemovedSession, RunId, SessionCell, SessionRecord};

use crate::escape::safe;
use crate::exit::Exit;
use crate::follow_up::named;
use crate::globals::Globals;
use crate::pretty::{self, print_json};
use crate::text::{DIM, fit};
use crate::{ask, open_host};

/// How many sessions, and how many pieces of code, are read at a time.
const PAGE: usize = 100;

/// The columns of a line of code, and of how it ended.
const CODE_COLUMNS: usize = 60;
const END_COLUMNS: usize = 40;

/// List, show, export and remove sessions of agent-written code
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  stockade session list\n  stockade session show analysis")]
pub(crate) enum Session {
    /// List the sessions, with how many pieces of code each has
    #[command(after_help = "Example:\n  stockade session list --json | jq -r '.[].session'")]
    List,
    /// Show the pieces of code of a session, one line each
    #[command(after_help = "Example:\n  stockade session show analysis")]
    Show {
        /// The session
        session: String,
    },
    /// Print all that the journal has of a session, one piece of code a line, as plain JSON
    #[command(after_help = "Example:\n  stockade session export analysis | jq -r .code.source")]
    Export {
        /// The session
        session: String,
    },
    /// Remove a session, and the runs that only ran its code and that no other session needs
    #[command(after_help = "Example:\n  stockade session rm analysis")]
    Rm {
        /// The session
        session: String,
        /// Who it is; without it, the user who is logged in
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

/// One line about a session.
#[derive(Serialize)]
struct Line {
    session: String,
    cells: usize,
    /// The run of the last piece of code.
    last_run_id: Option<RunId>,
}

impl Session {
    pub(crate) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let host = open_host::reader(globals).await?;
        match self {
            Self::List => list(globals, &host).await?,
            Self::Show { session } => show(globals, &host, &session).await?,
            Self::Export { session } => export(&host, &session).await?,
            Self::Rm { session, by } => {
                told(globals, &host.remove_session(&session, &by.unwrap_or_else(ask::user)).await?);
            }
        }
        Ok(Exit::Done)
    }
}

async fn list(globals: &Globals, host: &Host) -> stockade::Result<()> {
    let mut lines: Vec<Line> = Vec::new();
    loop {
        let page = host.sessions(lines.last().map(|line| line.session.as_str()), PAGE).await?;
        if page.is_empty() {
            break;
        }
        for session in page {
            let cells = host.session(&session, None, usize::MAX).await?;
            lines.push(Line { session, cells: cells.len(), last_run_id: cells.last().map(|cell| cell.run_id) });
        }
    }
    if globals.json {
        print_json(&lines);
        return Ok(());
    }
    for Line { session, cells, last_run_id } in &lines {
        let last = last_run_id.map(|run| format!("  {DIM}last run {run}{DIM:#}")).unwrap_or_default();
        println!("{}  {cells} cells{last}", safe(session));
    }
    if lines.is_empty() {
        eprintln!("there is no session yet; {} begins one", named("exec FILE --session ID"));
    }
    Ok(())
}

async fn show(globals: &Globals, host: &Host, session: &str) -> stockade::Result<()> {
    if globals.json {
        let mut all = Vec::new();
        let mut after = None;
        while let Some(cells) = page(host, session, after).await? {
            after = cells.last().map(|cell| cell.number);
            all.extend(cells);
        }
        print_json(&all);
        return Ok(());
    }
    each(host, session, |record| println!("{}", line(record))).await
}

async fn export(host: &Host, session: &str) -> stockade::Result<()> {
    each(host, session, |record| println!("{}", pretty::line(record))).await
}

/// Hands on the pieces of code of a session, one after the other: a session may be larger than what is held at a time.
async fn each(host: &Host, session: &str, mut take: impl FnMut(&SessionRecord)) -> stockade::Result<()> {
    let mut after = None;
    while let Some(cells) = page(host, session, after).await? {
        after = cells.last().map(|cell| cell.number);
        for cell in cells {
            take(&host.session_record(cell).await?);
        }
    }
    Ok(())
}

/// Returns the pieces of code behind a number; none where these were all.
async fn page(host: &Host, session: &str, after: Option<u64>) -> stockade::Result<Option<Vec<SessionCell>>> {
    let cells = host.session(session, after, PAGE).await?;
    Ok((!cells.is_empty()).then_some(cells))
}

fn line(SessionRecord { cell, code, outcome, .. }: &SessionRecord) -> String {
    let first = code.source.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let (source, ended) = (fit(&safe(first), CODE_COLUMNS), fit(&safe(&ended(outcome)), END_COLUMNS));
    let place = format!("{} in run {}/{}", safe(&code.language), cell.run_id, safe(&cell.key));
    format!("{:>4}  {source}  → {ended}\n      {DIM}{place}{DIM:#}", cell.number)
}

fn ended(outcome: &CodeOutcome) -> String {
    match &outcome.ended {
        CodeEnd::Returned(value) => value.to_string(),
        CodeEnd::Raised(exception) => exception.to_string(),
        CodeEnd::Failed(fault) | CodeEnd::Unknown(fault) => fault.message.clone(),
    }
}

fn told(globals: &Globals, gone: &RemovedSession) {
    if globals.json {
        print_json(gone);
        return;
    }
    gone.removed.iter().for_each(|run| println!("{run}"));
    let RemovedSession { session, cells, removed, kept } = gone;
    eprintln!("removed session \"{}\" with {cells} cells, and {} runs", safe(session), removed.len());
    if !kept.is_empty() {
        eprintln!("{} runs are kept: another session needs them, they have not ended, or they did more", kept.len());
    }
}
