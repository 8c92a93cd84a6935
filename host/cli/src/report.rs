use std::collections::BTreeMap;

use stockade::{
    ApprovalView, AwaitedResult, Budget, Change, ChildView, Currency, Doubt, EffectKind, EffectOutcome, Entry, Fault,
    Json, Listed, Report, RunId, RunState, Status, Summary, ToolCall, Verdict, Wait, utc,
};

use crate::amounts;
use crate::escape::{safe, safe_lines};
use crate::follow_up::{quoted, typed};
use crate::frame::Frame;
use crate::globals::Globals;
use crate::pretty::print_json;
use crate::run_ref::started_ms;
use crate::shown_call::shown;
use crate::terminal;
use crate::text::{BOLD, DIM, YELLOW, age, print_error, rough, used};

/// The most lines that are shown of each text of code; `--json` has all of them.
const CODE_LINES_MAX: usize = 200;

/// The most runs that are shown of those that a run has started; `--json` has all of them.
const CHILDREN_SHOWN: usize = 20;

/// Prints the status of a run that has settled, and what to do next.
pub(crate) fn settled(report: &Report) {
    if report.status == Status::Suspended {
        suspended(report, report.error.as_ref());
    } else {
        standing(report);
    }
}

/// Prints the status of a run below its timeline.
pub(crate) fn standing(report: &Report) {
    match report.status {
        Status::Done => output(report.output.as_ref()),
        Status::Waiting => waiting(report),
        Status::Suspended => suspended(report, None),
        Status::Failed | Status::Stopped | Status::Running => report.error.iter().for_each(print_error),
        Status::Paused => paused(report),
        Status::Interrupted => {
            println!("run {} is interrupted; to go on:", report.run_id);
            println!("  {}", command("resume", report.run_id, ""));
        }
    }
}

/// Prints a run's output: a letter and an agent's answer as text, other output as JSON.
fn output(output: Option<&Json>) {
    let said = |name| output.and_then(|output| output.member(name)).and_then(|said| said.string());
    match (said("letter").or_else(|| said("answer")), output) {
        (Some(said), _) => println!("{}", safe_lines(&said)),
        (None, Some(output)) => print_json(output),
        (None, None) => {}
    }
}

fn waiting(report: &Report) {
    open(report).for_each(|approval| question(report.run_id, approval, None, false));
    report.doubts.iter().for_each(|doubt| in_doubt(report.run_id, doubt));
    report.waits.iter().for_each(|wait| waits(report.run_id, wait));
    report.due_ms.iter().for_each(|due_ms| println!("run {} must end until {}", report.run_id, utc(*due_ms)));
}

/// Prints a call of which it is not known whether it happened, and how to settle it.
fn in_doubt(run: RunId, Doubt { key, call, error, .. }: &Doubt) {
    println!("run {run} waits for a person to find out: {}", safe(&error.message));
    let columns = terminal::columns_of(std::io::stdout()).unwrap_or(usize::MAX);
    print!("{}", Frame::all(&safe(&call.to_string()), columns));
    let key = quoted(key);
    println!("it did:      {}", command("settle", run, &format!("{key} --as done --output 'JSON'")));
    println!("it did not:  {}", command("settle", run, &format!("{key} --as failed")));
}

/// Prints what a run waits for without a person, and what drives it on.
fn waits(run: RunId, wait: &Wait) {
    println!("run {run} waits {}", safe(&wait.to_string()));
    if let Some(name) = &wait.signal {
        println!("  {}", command("signal", run, &format!("{} 'JSON' --by YOUR_NAME", quoted(name))));
    }
    if wait.runs.is_some() {
        println!("  {}", typed(&format!("runs --parent {run}")));
    }
    if let Some(AwaitedResult { tool, token }) = &wait.result {
        let what = format!("complete {} {} 'JSON'", quoted(tool), quoted(token));
        println!("  {}", typed(&what));
    }
    if wait.until_ms.is_some() || wait.runs.is_some() {
        println!("  {}", typed("resume --due"));
    }
}

/// Prints an open question, how long it has waited if that is known, who may decide on it, and how.
pub(crate) fn question(run: RunId, approval: &ApprovalView, waits_ms: Option<u64>, is_full: bool) {
    let since = waits_ms.map_or(String::new(), |ms| format!(" for {}", age(ms)));
    println!("run {run} waits{since} for a person: {}", safe(&approval.reason));
    let columns = terminal::columns_of(std::io::stdout()).unwrap_or(usize::MAX);
    print!("{}", Frame::all(&shown(&approval.call, is_full), columns));
    terms(approval).iter().for_each(|line| println!("{line}"));
    for verdict in &approval.decisions {
        match verdict {
            Verdict::Approved => println!("yes:  {}", decision("approve", run, approval, "")),
            Verdict::Denied => println!("no:   {}", decision("deny", run, approval, " --comment \"…\"")),
            Verdict::Edited => println!("edit: {}", decision("edit", run, approval, " --input '{…}'")),
            Verdict::Responded => println!("else: {}", decision("respond", run, approval, " --text \"…\"")),
        }
    }
}

/// Returns what a person should know of a question beside the call, a line each.
pub(crate) fn terms(approval: &ApprovalView) -> Vec<String> {
    let ApprovalView { notes, terms, votes, reminded_ms, escalated_ms, expires_ms, .. } = approval;
    let notes = notes.iter().map(|note| format!("note: {}", safe(note)));
    let who = terms.iter().map(|terms| format!("who:  {}", safe(&terms.to_string())));
    let votes = votes.iter().map(|vote| format!("has:  approved by {}", safe(&vote.by)));
    let times = [("ends", expires_ms), ("late", reminded_ms), ("more", escalated_ms)];
    let times = times.into_iter().filter_map(|(what, at_ms)| Some((what, (*at_ms)?)));
    let times = times.map(|(what, at_ms)| match what {
        "ends" => format!("ends: {}, without a decision until then", utc(at_ms)),
        "late" => format!("late: since {}", utc(at_ms)),
        _ => format!("more: others may decide too since {}", utc(at_ms)),
    });
    notes.chain(who).chain(votes).chain(times).collect()
}

/// Prints which yes of a run holds for later calls too, and how to take it back.
pub(crate) fn remembered(globals: &Globals, report: &Report) {
    let held = report.approvals.iter().filter(|approval| approval.revoked_by.is_none());
    let held: Vec<_> = held.filter(|approval| pattern(approval).is_some()).collect();
    if globals.json {
        return print_json(&held);
    }
    for approval in &held {
        let (by, pattern) = (approval.decision.as_ref().map_or("", |decision| &decision.by), pattern(approval));
        let pattern = pattern.map(|pattern| safe(pattern.text())).unwrap_or_default();
        let ToolCall { tool, function, .. } = &approval.call;
        println!("\"{}\": {} approves {}.{} with {pattern}", safe(&approval.key), safe(by), safe(tool), safe(function));
        println!("  {}", command("revoke", report.run_id, &format!("{} --by YOUR_NAME", quoted(&approval.key))));
    }
    if held.is_empty() {
        eprintln!("no yes of the run holds for later calls");
    }
}

fn pattern(approval: &ApprovalView) -> Option<&Json> {
    approval.decision.as_ref()?.remember.as_ref()
}

/// Prints the open questions of a run on stderr, each with the command that approves it.
pub(crate) fn questions(report: &Report) {
    let is_over = matches!(report.status, Status::Done | Status::Failed | Status::Stopped);
    for approval in open(report).filter(|_| !is_over) {
        eprintln!("\"{}\": {}", safe(&approval.key), safe(&approval.reason));
        eprint!("{}", Frame::all(&shown(&approval.call, false), terminal::columns()));
        eprintln!("  {}", decision("approve", report.run_id, approval, ""));
    }
}

pub(crate) fn open(report: &Report) -> impl Iterator<Item = &ApprovalView> {
    report.approvals.iter().filter(|approval| approval.is_open())
}

/// Returns the command that decides on this question and on no other.
fn decision(verb: &str, run: RunId, ApprovalView { key, digest, .. }: &ApprovalView, more: &str) -> String {
    let rest = format!("{} --seen {} --by YOUR_NAME{more}", quoted(key), digest.short());
    command(verb, run, &rest)
}

/// Prints who paused a run, the command that drives it on, and its open questions.
fn paused(report: &Report) {
    let by = report.stop.as_ref().map(|stop| format!(" {}", safe(&stop.to_string()))).unwrap_or_default();
    println!("run {} is paused{by}; to go on:", report.run_id);
    println!("  {}", command("resume", report.run_id, ""));
    waiting(report);
}

/// Prints the command that drives a suspended run on, and why it was suspended unless the timeline has said so.
fn suspended(report: &Report, why: Option<&Fault>) {
    let limit = report.error.as_ref().and_then(|fault| fault.breach.as_ref()).map_or("fuel", |breach| &breach.limit);
    if let Some(fault) = report.error.as_ref().filter(|fault| fault.detail.as_deref() == Some("budget")) {
        println!("run {} is suspended: {}", report.run_id, safe(&fault.message));
        println!("  {}", typed("budget"));
        return;
    }
    let why = why.and_then(|fault| fault.breach.as_ref());
    let why = why.map_or(String::new(), |breach| format!(", {}: {}", breach.limit, used(breach)));
    let at = report.state.as_deref().unwrap_or("its start");
    println!("run {} is suspended at {}{why}; to go on:", report.run_id, safe(at));
    println!("  {}", command("budget", report.run_id, &format!("--add {limit}=AMOUNT")));
}

/// Prints the piece of code that ended with an entry, and its output.
pub(crate) fn code(state: &RunState, entry: &Entry) {
    let Change::Stepped { event, .. } = &entry.change else { return };
    let Some((key, EffectOutcome::CodeFinished(outcome))) = event.outcome() else { return };
    let Some(EffectKind::RunCode(code)) = state.effect(key).map(|effect| &effect.kind) else { return };
    println!("\n{BOLD}code{BOLD:#} {} {DIM}{}{DIM:#}", safe(key), safe(&code.language));
    for (name, text) in [("", &code.source), ("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
        framed(name, text);
    }
}

/// Prints text of others in a frame, below its name.
fn framed(name: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    if !name.is_empty() {
        println!("  {DIM}{name}{DIM:#}");
    }
    let lines: Vec<_> = text.trim_end_matches('\n').split('\n').collect();
    let shown = lines.get(..CODE_LINES_MAX).unwrap_or(&lines).join("\n");
    let columns = terminal::columns_of(std::io::stdout()).unwrap_or(usize::MAX);
    print!("{}", Frame::all(&shown, columns));
    if lines.len() > CODE_LINES_MAX {
        println!("  {DIM}{} lines more; --json has them{DIM:#}", lines.len() - CODE_LINES_MAX);
    }
}

/// Returns the exact command that drives a run on: the run needs the same configuration for its workflow and its models.
fn command(verb: &str, run: RunId, rest: &str) -> String {
    let rest = if rest.is_empty() { String::new() } else { format!(" {rest}") };
    typed(&format!("{verb} {run}{rest}"))
}

/// Prints the run that has started this one, and those that this one has started.
pub(crate) fn family(report: &Report) {
    if let Some(parent) = &report.parent {
        println!("\n{BOLD}parent{BOLD:#}\n  {}  {}", parent.run, safe(&parent.key));
    }
    if report.children.is_empty() {
        return;
    }
    println!("\n{BOLD}children{BOLD:#}");
    for ChildView { run_id, key, number, end } in report.children.iter().take(CHILDREN_SHOWN) {
        let run = run_id.map_or_else(|| "not started".to_owned(), |run| run.to_string());
        println!("  {run:<36}  {:<9} {DIM}{} {number}{DIM:#}", end.unwrap_or("alive"), safe(key));
    }
    let more = report.children.len().saturating_sub(CHILDREN_SHOWN);
    if more > 0 {
        println!("  {DIM}{more} more:{DIM:#} {}", typed(&format!("runs --parent {}", report.run_id)));
    }
}

/// Prints the log lines of a run's workflow.
pub(crate) fn log(report: &Report) {
    if report.log.is_empty() {
        return;
    }
    println!("\n{BOLD}log{BOLD:#}");
    report.log.iter().for_each(|line| println!("  {}", safe(line)));
}

/// Prints what a run has spent of its budget.
pub(crate) fn spent(report: &Report) {
    println!("\n{BOLD}spent{BOLD:#}");
    for currency in Currency::ALL {
        let (spent, allowed) = (report.usage.get(currency), report.budget.get(currency));
        let share = if currency == Currency::Memory { "at most, of" } else { "of" };
        let (spent, allowed) = (rough(currency, spent), rough(currency, allowed));
        println!("  {:<12} {spent:>14} {DIM}{share} {allowed}{DIM:#}", currency.name());
    }
}

/// Lists runs, one line each and one for each wait; `letters` of their ids tell all runs apart.
pub(crate) fn runs(summaries: &[Listed], letters: usize, now_ms: u64) {
    if summaries.is_empty() {
        eprintln!("there are no such runs; `stockade run --help` shows how to start one");
        return;
    }
    println!("{BOLD}{:<letters$}  {:>4}  {:<11} {:<12} STATE{BOLD:#}", "RUN", "AGE", "STATUS", "WORKFLOW");
    for Listed { summary, waits_for } in summaries {
        let Summary { run_id, workflow, status, state, .. } = summary;
        let style = if *status == Status::Waiting { YELLOW } else { DIM };
        let age = age(now_ms.saturating_sub(started_ms(*run_id)));
        let (run, workflow) = (run_id.to_string(), safe(workflow));
        let origin = origin(summary.start_key.as_ref(), &summary.labels);
        println!("{run:.letters$}  {age:>4}  {style}{status:<11}{style:#} {workflow:<12} {}{origin}", safe(state));
        waits_for.iter().for_each(|what| println!("{:letters$}  {DIM}waits {}{DIM:#}", "", safe(what)));
    }
}

/// Writes under which key and with which labels a run was started, behind something else.
pub(crate) fn origin(start_key: Option<&String>, labels: &BTreeMap<String, String>) -> String {
    let key = start_key.map(|key| format!("key {}", safe(key)));
    let labels = labels.iter().map(|(name, value)| format!("{}={}", safe(name), safe(value)));
    let parts: Vec<_> = key.into_iter().chain(labels).collect();
    if parts.is_empty() { String::new() } else { format!("  {DIM}{}{DIM:#}", parts.join(", ")) }
}

/// Writes what was added to a budget.
pub(crate) fn added(more: &Budget) -> String {
    let named = Currency::ALL.into_iter().filter(|currency| more.get(*currency) > 0);
    let pairs = named.map(|currency| format!("+{} {}", amounts::amount(currency, more.get(currency)), currency.name()));
    pairs.collect::<Vec<_>>().join(", ")
}
