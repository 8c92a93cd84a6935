use stockade::{
    Change, ChildEnd, ChildRun, CodeEnd, CodeOutcome, Decision, EffectKind, EffectOutcome, End, EndedChild, Entry,
    Event, Exceeded, ModelCall, ModelOutcome, Overdue, Recalled, Remembered, Reply, ResultRead, RunId, RunState,
    RunsEnded, Stop, ToolCall, ToolOutcome, Usage, Waited, dollars, utc,
};

use crate::escape::safe;
use crate::hint::sentence;
use crate::text::{BOLD, DIM, RED, YELLOW, bytes, fit, grouped, micros, rough};
use crate::{stream, terminal};

/// The most letters that a line quotes of a text, an argument or an error; `show --json` has all of them.
const QUOTE_LETTERS: usize = 100;

/// The most calls of one answer that get their own lines.
const CALLS_SHOWN: usize = 8;

/// The columns for the indent, the cost and the next state around what happened.
const BEHIND_COLUMNS: usize = 50;

/// From this width on, a line shows the memory too.
const WIDE_COLUMNS: usize = 100;

/// Prints committed entries on stderr.
pub(crate) fn print_entries(state: &RunState, entries: &[Entry]) {
    stream::close();
    let timeline = Timeline { columns: terminal::columns_of(std::io::stderr()), is_live: true };
    for line in entries.iter().filter_map(|entry| timeline.line(state, entry)) {
        eprintln!("{line}");
    }
    stream::wait(state);
}

/// How entries are written as lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    /// The width of the terminal; without one, lines are not shortened.
    pub(crate) columns: Option<usize>,
    /// Whether the run is being driven now: then the reason of a suspension is printed at the end, and not here too.
    pub(crate) is_live: bool,
}

impl Timeline {
    /// Returns an entry as a line for a person, with details below it. Entries that mean nothing to a person have no line.
    pub(crate) fn line(self, state: &RunState, entry: &Entry) -> Option<String> {
        match &entry.change {
            Change::Created { workflow, origin, .. } => {
                let origin = crate::report::origin(origin.start_key.as_ref(), &origin.labels);
                Some(format!("{BOLD}run {}{BOLD:#}  {}{origin}", entry.run, safe(workflow)))
            }
            Change::Stepped { event, used, position, end, .. } => {
                Some(self.step(state, event, used, position, end.as_ref()))
            }
            Change::Retried { call, outcome, used, .. } | Change::Called { call, outcome, used, .. } => {
                Some(self.nested(call, outcome, used))
            }
            Change::Asked { approval, .. } | Change::AskedInCode { approval, .. } => {
                Some(format!("  {YELLOW}asks{YELLOW:#} {}", self.fit(7, &safe(&approval.to_string()))))
            }
            Change::AnsweredInCode { outcome, .. } => Some(match outcome {
                EffectOutcome::Decided { decision } => format!("  {}", self.fit(2, &decided(decision))),
                _ => "  timed out".to_owned(),
            }),
            Change::Renewed { key, .. } => Some(format!("  {YELLOW}asks anew{YELLOW:#} {}", self.fit(12, &safe(key)))),
            Change::Overdue { key, overdue, .. } => {
                let what = if *overdue == Overdue::Reminder { "overdue" } else { "escalated" };
                Some(format!("  {YELLOW}{what}{YELLOW:#} {}", self.fit(what.len() + 3, &safe(key))))
            }
            Change::Voted { key, decision } => {
                Some(self.fit(0, &format!("  approved by {}, and others must too: {}", safe(&decision.by), safe(key))))
            }
            Change::Revoked { key, by } => {
                Some(self.fit(0, &format!("  revoked by {}: the yes to {}", safe(by), safe(key))))
            }
            Change::Signalled { signal } => Some(format!("  signal {}", self.fit(9, &safe(&signal.to_string())))),
            Change::ChildStarted { key, number, run } => Some(format!(
                "  starts {run} {DIM}{}{DIM:#}",
                self.fit(BEHIND_COLUMNS, &format!("{} {number}", safe(key)))
            )),
            Change::ChildEnded { child } => Some(self.child(child)),
            // One that adds nothing looks at a shared budget again.
            Change::Extended { more } if *more == stockade::Budget::NONE => None,
            Change::Extended { more } => Some(format!("  budget {}", crate::report::added(more))),
            Change::Suspended { exceeded, budget, .. } if !self.is_live => {
                let by = budget.as_ref().map(|budget| format!("{} ", safe(budget))).unwrap_or_default();
                Some(format!("  {YELLOW}suspended{YELLOW:#} {by}{}", suspension(exceeded)))
            }
            Change::Deferred { key, until_ms, fault, .. } => {
                let what = format!("{}, again from {}", safe(key), utc(*until_ms));
                let why = self.below(&[self.quote(&sentence(fault))]);
                Some(format!("  {YELLOW}failed{YELLOW:#} {}{why}", self.fit(9, &what)))
            }
            Change::Lost { key, used } => {
                let what = format!("{:<21}", self.fit(BEHIND_COLUMNS, &safe(key)));
                Some(format!("  {YELLOW}lost{YELLOW:#} {what}{DIM}{}{DIM:#}", self.asked(used)))
            }
            Change::Doubted { key, fault, used } => {
                let what = format!("{:<18}", self.fit(BEHIND_COLUMNS, &safe(key)));
                let below = self.below(&[self.quote(&sentence(fault))]);
                Some(format!("  {YELLOW}in doubt{YELLOW:#} {what}{DIM}{}{DIM:#}{below}", self.cost(used)))
            }
            Change::Later { key, token, used } => {
                let what = format!("{:<20}", self.fit(BEHIND_COLUMNS, &safe(key)));
                let below = self.below(&[self.quote(&format!("its result comes later, under the token {token}"))]);
                Some(format!("  {YELLOW}later{YELLOW:#} {what}{DIM}{}{DIM:#}{below}", self.cost(used)))
            }
            Change::Settled { settlement } => {
                Some(format!("  settled {}", self.fit(10, &safe(&settlement.to_string()))))
            }
            Change::Paused { stop } => Some(self.stop("paused", stop)),
            Change::Resumed => Some("  goes on".to_owned()),
            Change::Stopped { stop, unknown } => {
                let unknown: Vec<_> = unknown.iter().map(|key| self.quote(&format!("unknown: {key}"))).collect();
                Some(format!("{}{}", self.stop("stopped", stop), self.below(&unknown)))
            }
            Change::Undone { event, used } => {
                let what = format!("{:<26}", self.fit(BEHIND_COLUMNS, &cause(state, event)));
                let below = self.below(&self.details(event));
                Some(format!("  {YELLOW}undoes{YELLOW:#} {what}{DIM}{}{DIM:#}{below}", self.cost(used)))
            }
            Change::Expired { unknown, .. } => {
                let unknown: Vec<_> = unknown.iter().map(|key| self.quote(&format!("unknown: {key}"))).collect();
                Some(format!("  {RED}overdue ✗{RED:#}{}", self.below(&unknown)))
            }
            Change::Broken { .. } => Some(format!("  {RED}broken ✗{RED:#}")),
            Change::Reserved { .. } | Change::Calling { .. } | Change::Suspended { .. } => None,
        }
    }

    /// Writes how a run ended that this one has started.
    fn child(self, EndedChild { key, number, run, end, used, .. }: &EndedChild) -> String {
        let run = run.as_ref().map_or_else(|| format!("{} {number}", safe(key)), RunId::to_string);
        let below = match end {
            ChildEnd::Failed(fault) => self.below(&[self.quote(&sentence(fault))]),
            ChildEnd::Stopped(stop) => self.below(&[self.quote(&stop.to_string())]),
            ChildEnd::Done(_) | ChildEnd::NotStarted | ChildEnd::Alive => String::new(),
        };
        let what = format!("run {run} {}", end.name());
        format!("  {}{DIM}{}{DIM:#}{below}", self.fit(2, &format!("{what:<52}")), self.cost(used))
    }

    fn stop(self, what: &str, stop: &Stop) -> String {
        format!("  {YELLOW}{what}{YELLOW:#} {}", self.fit(what.len() + 3, &safe(&stop.to_string())))
    }

    /// Writes what happened, its cost, and the next state.
    fn step(self, state: &RunState, event: &Event, used: &Usage, position: &str, end: Option<&End>) -> String {
        let attempts = if used.model_calls > 1 { format!(" ×{}", used.model_calls) } else { String::new() };
        let what = format!("{:<26}", self.fit(BEHIND_COLUMNS, &format!("{}{attempts}", cause(state, event))));
        let cost = match used {
            used if used.fuel > 0 => self.cost(used),
            used if used.model_calls > 0 => self.asked(used),
            _ => " ".repeat(self.cost(used).chars().count()),
        };
        // The reason of a failure is printed once and in full after the timeline.
        let (mark, below) = match end {
            Some(End::Failed(_)) => (format!(" {RED}✗{RED:#}"), String::new()),
            _ => (String::new(), self.below(&self.details(event))),
        };
        format!("  {what}{DIM}{cost}{DIM:#}  → {BOLD}{}{BOLD:#}{mark}{below}", safe(position))
    }

    /// Writes lines below another one.
    fn below(self, details: &[String]) -> String {
        details.iter().map(|detail| format!("\n      {DIM}{detail}{DIM:#}")).collect()
    }

    /// Returns the details of an event: what a model said and wants, or why something failed.
    fn details(self, event: &Event) -> Vec<String> {
        let Some((_, outcome)) = event.outcome() else { return Vec::new() };
        match outcome {
            EffectOutcome::ModelReplied(ModelOutcome::Replied(reply)) => self.said(reply),
            EffectOutcome::CodeFinished(CodeOutcome { ended: CodeEnd::Raised(exception), .. }) => {
                vec![self.quote(&exception.to_string())]
            }
            EffectOutcome::ToolReturned(_)
            | EffectOutcome::CodeFinished(_)
            | EffectOutcome::ModelReplied(_)
            | EffectOutcome::Remembered(_)
            | EffectOutcome::Recalled(_)
            | EffectOutcome::ResultRead(_)
            | EffectOutcome::Decided { .. }
            | EffectOutcome::Waited(_)
            | EffectOutcome::RunsEnded(_) => outcome.fault().iter().map(|fault| self.quote(&sentence(fault))).collect(),
        }
    }

    /// Returns the model's name at its provider, with the beginning of its text and the calls that it wants.
    fn said(self, reply: &Reply) -> Vec<String> {
        let model = quote(&reply.model);
        let text = (!reply.text.is_empty()).then(|| format!("{model}: {}", quote(&reply.text)));
        let call =
            |call: &ModelCall| format!("{model} wants {} {}", quote(&call.name), quote(&call.arguments.to_string()));
        let more = reply.calls.len().saturating_sub(CALLS_SHOWN);
        let more = (more > 0).then(|| format!("{model} wants {more} calls more"));
        let lines = text.into_iter().chain(reply.calls.iter().take(CALLS_SHOWN).map(call)).chain(more);
        lines.map(|line| self.fit(6, &line)).collect()
    }

    /// Returns the beginning of a text as one line below another one.
    fn quote(self, text: &str) -> String {
        self.fit(6, &quote(text))
    }

    /// Shortens a text that begins after so many columns: a line that the terminal wraps could look like one of ours.
    fn fit(self, taken: usize, text: &str) -> String {
        match self.columns {
            Some(columns) => fit(text, columns.saturating_sub(taken)),
            None => text.to_owned(),
        }
    }

    /// Writes a call that code made.
    fn nested(self, call: &ToolCall, outcome: &ToolOutcome, used: &Usage) -> String {
        let what = format!("· {}.{}{}", safe(&call.tool), safe(short(&call.function)), mark(outcome));
        let why = match outcome {
            ToolOutcome::Returned(_) => String::new(),
            ToolOutcome::Failed(fault) | ToolOutcome::Unknown(fault) => self.below(&[self.quote(&sentence(fault))]),
        };
        format!("    {:<24}{DIM}{}{DIM:#}{why}", self.fit(BEHIND_COLUMNS, &what), self.cost(used))
    }

    fn is_wide(self) -> bool {
        self.columns.is_none_or(|columns| columns >= WIDE_COLUMNS)
    }

    fn asked(self, used: &Usage) -> String {
        let (tokens, money) = (grouped(used.tokens), dollars(used.money_micros));
        if self.is_wide() {
            format!("{tokens:>9} tokens {money:>16} {:>11}", micros(used.wall_us))
        } else {
            format!("{tokens:>8} tokens {money:>9}")
        }
    }

    fn cost(self, used: &Usage) -> String {
        let (fuel, wall) = (grouped(used.fuel), micros(used.wall_us));
        if self.is_wide() {
            format!("{fuel:>11} fuel {:>9} memory {wall:>9}", bytes(used.memory_bytes_peak))
        } else {
            format!("{fuel:>11} fuel {wall:>8}")
        }
    }
}

fn suspension(Exceeded { limit, allowed, used }: &Exceeded) -> String {
    format!("{}: {} allowed, {} used", limit.name(), rough(*limit, *allowed), rough(*limit, *used))
}

/// Returns the beginning of a text as one line.
fn quote(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(QUOTE_LETTERS) {
        words.truncate(end);
        words.push('…');
    }
    safe(&words)
}

/// Returns a function without its interface.
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
    let Some((key, outcome)) = event.outcome() else { return "started".to_owned() };
    match outcome {
        EffectOutcome::ToolReturned(outcome) => format!("{}{}", called(state, key), mark(outcome)),
        EffectOutcome::CodeFinished(outcome) => {
            let mark = if matches!(outcome.ended, CodeEnd::Returned(_)) { "" } else { " ✗" };
            format!("{}{mark}", called(state, key))
        }
        EffectOutcome::ModelReplied(outcome) => {
            let mark = if matches!(outcome, ModelOutcome::Replied(_)) { "" } else { " ✗" };
            format!("{}{mark}", called(state, key))
        }
        EffectOutcome::Recalled(Recalled::Found(found)) => format!("{}recalled {}", place(key), found.len()),
        EffectOutcome::Recalled(Recalled::Failed(_)) => format!("{}recall ✗", place(key)),
        EffectOutcome::ResultRead(ResultRead::Read(part)) => format!("{}read {} B", place(key), part.text.len()),
        EffectOutcome::ResultRead(ResultRead::Failed(_)) => format!("{}read ✗", place(key)),
        EffectOutcome::Remembered(Remembered::Kept(_) | Remembered::Known(_)) => format!("{}remembered", place(key)),
        EffectOutcome::Remembered(Remembered::Failed(_)) => format!("{}remember ✗", place(key)),
        EffectOutcome::Decided { decision } => decided(decision),
        EffectOutcome::Waited(waited) => format!("{}{}", place(key), ended(waited)),
        EffectOutcome::RunsEnded(outcome) => format!("{}{}", place(key), runs_ended(outcome)),
    }
}

/// Writes how the runs of an effect ended.
fn runs_ended(outcome: &RunsEnded) -> String {
    let is_done = |child: &&ChildRun| child.end.is_done();
    let (done, all) = (outcome.children().iter().filter(is_done).count(), outcome.children().len());
    match outcome {
        RunsEnded::Ended(_) => format!("{done} of {all} runs done"),
        RunsEnded::TimedOut { .. } => format!("timed out, {done} of {all} runs done"),
        RunsEnded::Failed(_) => "runs ✗".to_owned(),
    }
}

/// Writes how a wait ended.
fn ended(waited: &Waited) -> String {
    match waited {
        Waited::Slept { .. } => "slept".to_owned(),
        Waited::Signalled(signal) => format!("got {}", safe(&signal.name)),
        Waited::TimedOut { .. } => "timed out".to_owned(),
        Waited::Failed(_) => "wait ✗".to_owned(),
    }
}

fn decided(decision: &Decision) -> String {
    let verdict = decision.verdict.past();
    let again = decision.repeats.as_ref().map(|key| format!(" before, as {}", safe(key))).unwrap_or_default();
    let comment = decision.comment.as_ref().map(|comment| format!(": {}", safe(comment))).unwrap_or_default();
    format!("{verdict} by {}{again}{comment}", safe(&decision.by))
}

fn called(state: &RunState, key: &str) -> String {
    let Some(effect) = state.effect(key) else { return safe(key) };
    let what = match &effect.kind {
        EffectKind::CallTool { call, .. } => format!("{}.{}", safe(&call.tool), safe(&call.function)),
        EffectKind::RunCode(code) => safe(&code.language),
        EffectKind::AskModel(question) => match &question.model {
            Some(model) => format!("model {}", safe(model)),
            None => "model".to_owned(),
        },
        EffectKind::Remember(_)
        | EffectKind::Recall(_)
        | EffectKind::ReadResult(_)
        | EffectKind::RequestApproval { .. }
        | EffectKind::Sleep(_)
        | EffectKind::AwaitSignal(_)
        | EffectKind::StartRuns(_) => return safe(key),
    };
    format!("{}{what}", place(key))
}

/// Returns the part of the run that wanted an effect: `worker-1/` for `worker-1/turn-2/call-1`, nothing for the run itself.
fn place(key: &str) -> String {
    let Some((around, _)) = key.rsplit_once('/') else { return String::new() };
    let inside: String =
        around.split('/').filter(|part| !part.starts_with("turn-")).map(|part| format!("{part}/")).collect();
    safe(&inside)
}
