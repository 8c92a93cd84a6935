use std::path::PathBuf;

use serde_json::Value;
use stockade::{Budget, Currency, Report, RunId, Status, Summary};

use crate::amounts;
use crate::args::Args;
use crate::text::{BOLD, DIM, YELLOW, grouped, print_error, safe, safe_json, safe_lines};

/// Prints how a run stands and what to do next, for a person.
pub(crate) fn settled(args: &Args, report: &Report) {
    match report.status {
        Status::Done => output(report.output.as_ref()),
        Status::Waiting => waiting(args, report),
        Status::Suspended => suspended(args, report),
        Status::Failed | Status::Running => report.error.iter().for_each(print_error),
    }
}

/// Prints a run's output: the letter as it would be sent, other output as JSON.
fn output(output: Option<&Value>) {
    let letter = output.and_then(|output| output.get("letter")).and_then(Value::as_str);
    match (letter, output) {
        (Some(letter), _) => println!("{}", safe_lines(letter)),
        (None, Some(output)) => println!("{}", safe_json(output)),
        (None, None) => {}
    }
}

fn waiting(args: &Args, report: &Report) {
    let Some(approval) = &report.approval else { return };
    println!("run {} waits for a person: {}", report.run_id, safe(&approval.reason));
    println!("  {}", safe(&approval.to_string()));
    println!("yes:  {}", command(args, "approve", report.run_id, "--by YOUR_NAME"));
    println!("no:   {}", command(args, "deny", report.run_id, "--by YOUR_NAME --comment \"…\""));
}

fn suspended(args: &Args, report: &Report) {
    let breach = report.error.as_ref().and_then(|fault| fault.breach.as_ref());
    let limit = breach.map_or("fuel", |breach| breach.limit.as_str());
    report.error.iter().for_each(print_error);
    println!("run {} is suspended at {}; to go on:", report.run_id, report.state.as_deref().unwrap_or("its start"));
    println!("  {}", command(args, "budget", report.run_id, &format!("--add {limit}=AMOUNT")));
}

/// The exact command that goes on, for the program as it was called: without its configuration, a run's workflow and its
/// models are not there. What is recorded goes into a new file each time, which a person names.
fn command(args: &Args, verb: &str, run: RunId, rest: &str) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "stockade".to_owned());
    let data_dir = Some(&args.data_dir).filter(|folder| folder.to_str() != Some(".stockade"));
    let options = [("--data-dir", data_dir), ("--config", args.config.as_ref()), ("--replay", args.replay.as_ref())];
    let option = |(name, path): (&str, Option<&PathBuf>)| {
        path.map(|path| format!(" {name} {}", quoted(&path.display().to_string())))
    };
    let options: String = options.into_iter().filter_map(option).collect();
    format!("{} {verb} {run} {rest}{options}", quoted(&program))
}

/// Writes a word so that a shell reads it as one, whatever is in it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Prints the lines that a run's workflow logged.
pub(crate) fn log(report: &Report) {
    anstream::println!("\n{BOLD}log{BOLD:#}");
    report.log.iter().for_each(|line| println!("  {}", safe(line)));
}

/// Prints what a run spent of what it may.
pub(crate) fn spent(report: &Report) {
    anstream::println!("\n{BOLD}spent{BOLD:#}");
    for currency in Currency::ALL {
        let (spent, allowed) = (report.usage.get(currency), report.budget.get(currency));
        let share = if currency == Currency::Memory { "at most, of" } else { "of" };
        let (spent, allowed) = (amount(currency, spent), amount(currency, allowed));
        anstream::println!("  {:<12} {spent:>14} {DIM}{share} {allowed}{DIM:#}", currency.name());
    }
}

fn amount(currency: Currency, amount: u64) -> String {
    match currency {
        Currency::Memory => crate::text::bytes(amount),
        Currency::Wall => crate::text::micros(amount),
        _ => grouped(amount),
    }
}

/// Lists runs, a line each.
pub(crate) fn runs(summaries: &[Summary]) {
    if summaries.is_empty() {
        eprintln!("there are no runs yet; `stockade run --help` shows how to start one");
    }
    for Summary { run_id, workflow, status, state, .. } in summaries {
        let style = if *status == Status::Waiting { YELLOW } else { DIM };
        anstream::println!("{run_id}  {workflow:<10} {style}{status:<10}{style:#} {state}");
    }
}

/// Writes what was added to a budget.
pub(crate) fn added(more: &Budget) -> String {
    let named = Currency::ALL.into_iter().filter(|currency| more.get(*currency) > 0);
    let pairs = named.map(|currency| format!("+{} {}", amounts::amount(currency, more.get(currency)), currency.name()));
    pairs.collect::<Vec<_>>().join(", ")
}
