use stockade::{
    Change, CodeEnd, Effect, End, Entry, Event, ModelOutcome, Recalled, Remembered, RunState, ToolCall, ToolOutcome,
    Usage, Verdict,
};

use crate::stream;
use crate::text::{BOLD, DIM, RED, YELLOW, bytes, grouped, micros, safe};

/// Prints entries as they are committed, on stderr.
pub(crate) fn print_entries(state: &RunState, entries: &[Entry]) {
    stream::close();
    for line in entries.iter().filter_map(|entry| line(state, entry)) {
        anstream::eprintln!("{line}");
    }
}

/// Returns an entry as a line for a person, if it is one that a person wants to see.
pub(crate) fn line(state: &RunState, entry: &Entry) -> Option<String> {
    match &entry.change {
        Change::Created { workflow, .. } => Some(format!("{BOLD}run {}{BOLD:#}  {workflow}", entry.run)),
        Change::Stepped { event, used, position, end, .. } => Some(step(state, event, used, position, end.as_ref())),
        Change::Called { call, outcome, used, .. } => Some(nested(call, outcome, used)),
        Change::Asked { approval, .. } => Some(format!("  {YELLOW}asks{YELLOW:#} {}", safe(&approval.to_string()))),
        Change::Suspended { exceeded, .. } => Some(format!("  {YELLOW}suspended{YELLOW:#} {exceeded}")),
        Change::Extended { more } => Some(format!("  budget {}", crate::show::added(more))),
        Change::Broken { fault } => Some(format!("  {RED}broken{RED:#} {}", safe(&fault.message))),
        _ => None,
    }
}

/// What happened, what it cost, and the state that it led to.
fn step(state: &RunState, event: &Event, used: &Usage, position: &str, end: Option<&End>) -> String {
    let what = format!("{:<26}", cause(state, event));
    let cost = match used {
        used if used.fuel > 0 => cost(used),
        used if used.model_calls > 0 => asked(used),
        _ => " ".repeat(44),
    };
    let ended = match end {
        Some(End::Failed(fault)) => format!("  {RED}failed{RED:#} {}", safe(&fault.message)),
        _ => String::new(),
    };
    format!("  {what}{DIM}{cost}{DIM:#}  → {BOLD}{position}{BOLD:#}{ended}")
}

/// A call that code made.
fn nested(call: &ToolCall, outcome: &ToolOutcome, used: &Usage) -> String {
    let what = format!("· {}.{}{}", safe(&call.tool), safe(short(&call.function)), mark(outcome));
    format!("    {what:<24}{DIM}{}{DIM:#}", cost(used))
}

/// A function without its interface.
fn short(function: &str) -> &str {
    function.rsplit('.').next().unwrap_or(function)
}

fn mark(outcome: &ToolOutcome) -> &'static str {
    match outcome {
        ToolOutcome::Returned(_) => "",
        ToolOutcome::Failed(_) => " ✗",
        ToolOutcome::Unknown(_) => " ?",
    }
}

fn cause(state: &RunState, event: &Event) -> String {
    match event {
        Event::ToolReturned { key, outcome } => {
            format!("{}{}", called(state, key), mark(outcome))
        }
        Event::CodeFinished { key, outcome } => {
            let mark = if matches!(outcome.ended, CodeEnd::Returned(_)) { "" } else { " ✗" };
            format!("{}{mark}", called(state, key))
        }
        Event::ModelReplied { key, outcome } => match outcome {
            ModelOutcome::Replied(reply) => format!("{} {}", called(state, key), safe(&reply.model)),
            ModelOutcome::Failed(_) => format!("{} ✗", called(state, key)),
        },
        Event::Recalled { outcome: Recalled::Found(found), .. } => format!("recalled {}", found.len()),
        Event::Recalled { .. } => "recall ✗".to_owned(),
        Event::Remembered { outcome: Remembered::Failed(_), .. } => "remember ✗".to_owned(),
        Event::Remembered { .. } => "remembered".to_owned(),
        Event::Decided { decision, .. } => {
            let verdict = if decision.verdict == Verdict::Approved { "approved" } else { "denied" };
            let comment = decision.comment.as_ref().map(|comment| format!(": {}", safe(comment))).unwrap_or_default();
            format!("{verdict} by {}{comment}", safe(&decision.by))
        }
        _ => "started".to_owned(),
    }
}

fn called(state: &RunState, key: &str) -> String {
    match state.effect(key) {
        Some(Effect::CallTool { call, .. }) => format!("{}.{}", call.tool, call.function),
        Some(Effect::RunCode { code, .. }) => safe(&code.language),
        Some(Effect::AskModel { .. }) => "model".to_owned(),
        _ => key.to_owned(),
    }
}

fn asked(used: &Usage) -> String {
    let money = format!("${}.{:06}", used.money_micros / 1_000_000, used.money_micros % 1_000_000);
    format!("{:>9} tokens {money:>16} {:>11}", grouped(used.tokens), micros(used.wall_us))
}

fn cost(used: &Usage) -> String {
    format!("{:>11} fuel {:>9} memory {:>9}", grouped(used.fuel), bytes(used.memory_bytes_peak), micros(used.wall_us))
}
