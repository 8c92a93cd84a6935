use stockade::{
    Change, CodeEnd, CodeOutcome, Effect, End, Entry, Event, ModelCall, ModelOutcome, Recalled, Remembered, Reply,
    RunState, ToolCall, ToolOutcome, Usage, Verdict,
};

use crate::stream;
use crate::text::{BOLD, DIM, RED, YELLOW, bytes, grouped, micros, safe};

/// How much a line quotes of a text, an argument or an error; `show --json` has all of it.
const QUOTE_LETTERS: usize = 100;

/// The most calls of one answer that get a line of their own.
const CALLS_SHOWN: usize = 8;

/// Prints entries as they are committed, on stderr.
pub(crate) fn print_entries(state: &RunState, entries: &[Entry]) {
    stream::close();
    for line in entries.iter().filter_map(|entry| line(state, entry)) {
        anstream::eprintln!("{line}");
    }
}

/// Returns an entry as a line for a person, with what was said or went wrong below it, if it is one that a person wants to
/// see.
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
    // What fails the run is said once.
    let below = if ended.is_empty() { below(&details(event)) } else { String::new() };
    format!("  {what}{DIM}{cost}{DIM:#}  → {BOLD}{position}{BOLD:#}{ended}{below}")
}

/// Lines below another one.
fn below(details: &[String]) -> String {
    details.iter().map(|detail| format!("\n      {DIM}{detail}{DIM:#}")).collect()
}

/// What a person wants to know of an event besides that it happened: what a model said and wants, and why something
/// failed.
fn details(event: &Event) -> Vec<String> {
    match event {
        Event::ModelReplied { outcome: ModelOutcome::Replied(reply), .. } => said(reply),
        Event::CodeFinished { outcome: CodeOutcome { ended: CodeEnd::Raised(exception), .. }, .. } => {
            vec![quote(&exception.to_string())]
        }
        _ => event.fault().iter().map(|fault| quote(&fault.message)).collect(),
    }
}

/// The model that answered, as its provider calls it, with its text in short and the calls that it wants.
fn said(reply: &Reply) -> Vec<String> {
    let model = quote(&reply.model);
    let text = (!reply.text.is_empty()).then(|| format!("{model}: {}", quote(&reply.text)));
    let call = |call: &ModelCall| format!("{model} wants {} {}", quote(&call.name), quote(&call.arguments.to_string()));
    let more = reply.calls.len().saturating_sub(CALLS_SHOWN);
    let more = (more > 0).then(|| format!("{model} wants {more} calls more"));
    text.into_iter().chain(reply.calls.iter().take(CALLS_SHOWN).map(call)).chain(more).collect()
}

/// The beginning of a text as one line, whatever is in it.
fn quote(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(QUOTE_LETTERS) {
        words.truncate(end);
        words.push('…');
    }
    safe(&words)
}

/// A call that code made.
fn nested(call: &ToolCall, outcome: &ToolOutcome, used: &Usage) -> String {
    let what = format!("· {}.{}{}", safe(&call.tool), safe(short(&call.function)), mark(outcome));
    let why = match outcome {
        ToolOutcome::Returned(_) => String::new(),
        ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault) => below(&[quote(&fault.message)]),
    };
    format!("    {what:<24}{DIM}{}{DIM:#}{why}", cost(used))
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
        Event::ModelReplied { key, outcome } => {
            let mark = if matches!(outcome, ModelOutcome::Replied(_)) { "" } else { " ✗" };
            format!("{}{mark}", called(state, key))
        }
        Event::Recalled { key, outcome: Recalled::Found(found) } => format!("{}recalled {}", place(key), found.len()),
        Event::Recalled { key, .. } => format!("{}recall ✗", place(key)),
        Event::Remembered { key, outcome: Remembered::Failed(_) } => format!("{}remember ✗", place(key)),
        Event::Remembered { key, .. } => format!("{}remembered", place(key)),
        Event::Decided { decision, .. } => {
            let verdict = if decision.verdict == Verdict::Approved { "approved" } else { "denied" };
            let comment = decision.comment.as_ref().map(|comment| format!(": {}", safe(comment))).unwrap_or_default();
            format!("{verdict} by {}{comment}", safe(&decision.by))
        }
        _ => "started".to_owned(),
    }
}

fn called(state: &RunState, key: &str) -> String {
    let what = match state.effect(key) {
        Some(Effect::CallTool { call, .. }) => format!("{}.{}", safe(&call.tool), safe(&call.function)),
        Some(Effect::RunCode { code, .. }) => safe(&code.language),
        Some(Effect::AskModel { question, .. }) => match &question.model {
            Some(model) => format!("model {}", safe(model)),
            None => "model".to_owned(),
        },
        _ => return safe(key),
    };
    format!("{}{what}", place(key))
}

/// Where in a run something was wanted: `worker-1/` for what is `worker-1/turn-2/call-1`, nothing for its own.
fn place(key: &str) -> String {
    let Some((around, _)) = key.rsplit_once('/') else { return String::new() };
    let inside: String =
        around.split('/').filter(|part| !part.starts_with("turn-")).map(|part| format!("{part}/")).collect();
    safe(&inside)
}

fn asked(used: &Usage) -> String {
    let money = format!("${}.{:06}", used.money_micros / 1_000_000, used.money_micros % 1_000_000);
    format!("{:>9} tokens {money:>16} {:>11}", grouped(used.tokens), micros(used.wall_us))
}

fn cost(used: &Usage) -> String {
    format!("{:>11} fuel {:>9} memory {:>9}", grouped(used.fuel), bytes(used.memory_bytes_peak), micros(used.wall_us))
}
