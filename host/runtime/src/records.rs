//! Commits as records of a structured log.

use serde::Serialize;
use stockade_sandbox::LogLevel;
use stockade_workflow::{
    Approval, Change, Decision, EffectKind, EffectOutcome, Entry, Event, Fault, RunId, RunState, ToolCall, ToolOutcome,
    Verdict,
};

use crate::genai::{ended, name};

/// One record of a log: what happened, to which run, and by whom.
///
/// Its texts are as people, guests and models gave them: what writes a record down escapes them, cuts them, and puts marks in
/// the place of secrets ([`Scrubber`](crate::Scrubber)). Neither arguments, answers nor questions to models are in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// When it happened, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// How grave it is.
    pub level: LogLevel,
    /// What happened, by a name that does not change: `run.started`.
    pub event: &'static str,
    /// The run that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The run's workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The person, or the program, that did it, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The same in words.
    pub message: String,
}

impl Record {
    /// Returns a record that is about no run.
    pub fn new(at_ms: u64, level: LogLevel, event: &'static str, message: impl Into<String>) -> Self {
        Self { at_ms, level, event, run: None, workflow: None, principal: None, message: message.into() }
    }

    /// Says which run it is about.
    #[must_use]
    pub fn of(self, run: RunId) -> Self {
        Self { run: Some(run), ..self }
    }

    /// Says who did it.
    #[must_use]
    pub fn by(self, principal: impl Into<String>) -> Self {
        Self { principal: Some(principal.into()), ..self }
    }

    /// Returns what a log says of a commit of a run, as [`Hooks::committed`](crate::Hooks::committed) is told of it.
    pub fn of_commit(run: &RunState, entries: &[Entry]) -> Vec<Self> {
        entries.iter().flat_map(|entry| of_entry(run, entry)).collect()
    }
}

fn of_entry(run: &RunState, entry: &Entry) -> Vec<Record> {
    let told = told(run, &entry.change);
    let end = ended(run, entry).map(|end| end_of(run, end.err().as_ref()));
    told.into_iter().chain(end).map(|said| said.record(run, entry)).collect()
}

/// A record without what all records of a run have.
struct Said {
    level: LogLevel,
    event: &'static str,
    principal: Option<String>,
    message: String,
}

impl Said {
    fn new(level: LogLevel, event: &'static str, message: impl Into<String>) -> Self {
        Self { level, event, principal: None, message: message.into() }
    }

    fn by(self, principal: &str) -> Self {
        Self { principal: Some(principal.to_owned()), ..self }
    }

    fn record(self, run: &RunState, entry: &Entry) -> Record {
        let Self { level, event, principal, message } = self;
        let workflow = Some(run.workflow().to_owned());
        Record { at_ms: entry.at_ms, level, event, run: Some(entry.run), workflow, principal, message }
    }
}

/// The level of a record: a warning where something failed, else the given one.
fn level_of(fault: Option<&Fault>, otherwise: LogLevel) -> LogLevel {
    if fault.is_some() { LogLevel::Warn } else { otherwise }
}

/// The message of a fault, as the end of a sentence.
fn why(fault: Option<&Fault>) -> String {
    fault.map(|fault| format!(": {}", fault.message)).unwrap_or_default()
}

fn end_of(run: &RunState, fault: Option<&Fault>) -> Said {
    let message = format!("the run is {}{}", run.status(), why(fault));
    Said::new(level_of(fault, LogLevel::Info), "run.ended", message)
}

fn told(run: &RunState, change: &Change) -> Option<Said> {
    Some(match change {
        Change::Created { workflow, origin, .. } => {
            let started = Said::new(LogLevel::Info, "run.started", format!("workflow \"{workflow}\" has started"));
            origin.by.iter().fold(started, |started, by| started.by(by))
        }
        Change::Stepped { event, position, .. } => return stepped(run, event, position),
        Change::Undone { event, .. } => return happened(run, event),
        Change::AnsweredInCode { outcome, .. } => return decided(outcome),
        Change::Asked { approval, .. } | Change::AskedInCode { approval, .. } => asked(approval),
        Change::Voted { decision, .. } => decision_of(decision),
        Change::Revoked { key, by } => {
            Said::new(LogLevel::Info, "approval.revoked", format!("approval \"{key}\" holds no longer")).by(by)
        }
        Change::Overdue { key, .. } => {
            Said::new(LogLevel::Warn, "approval.overdue", format!("question \"{key}\" is overdue"))
        }
        Change::Signalled { signal } => {
            Said::new(LogLevel::Info, "run.signalled", format!("signal \"{}\" has come", signal.name)).by(&signal.by)
        }
        Change::Called { call, outcome, .. } => called(call, outcome),
        Change::Retried { call, outcome, .. } => {
            let why = outcome.fault().map(|fault| fault.message.as_str()).unwrap_or_default();
            Said::new(LogLevel::Warn, "attempt.failed", format!("{} is called again: {why}", name(call)))
        }
        Change::Suspended { exceeded, .. } => Said::new(LogLevel::Warn, "run.suspended", exceeded.fault().message),
        Change::Deferred { key, fault, .. } => {
            Said::new(LogLevel::Warn, "attempt.failed", format!("\"{key}\" is tried again: {}", fault.message))
        }
        Change::Lost { key, .. } => {
            Said::new(LogLevel::Warn, "effect.lost", format!("\"{key}\" ended with its host, and is wanted again"))
        }
        Change::Doubted { key, fault, .. } => {
            Said::new(LogLevel::Warn, "call.doubted", format!("\"{key}\" waits for a person: {}", fault.message))
        }
        Change::Settled { settlement } => {
            Said::new(LogLevel::Info, "call.settled", format!("\"{}\" is settled", settlement.key)).by(&settlement.by)
        }
        Change::Paused { stop } => Said::new(LogLevel::Info, "run.paused", format!("paused {stop}")).by(&stop.by),
        Change::Resumed => Said::new(LogLevel::Info, "run.resumed", "the run goes on"),
        Change::Extended { .. } => Said::new(LogLevel::Info, "run.extended", "the budget was added to"),
        // The end that it is, is told of.
        Change::Stopped { stop, .. } => {
            Said::new(LogLevel::Info, "run.stopped", format!("stopped {stop}")).by(&stop.by)
        }
        Change::Reserved { .. }
        | Change::Renewed { .. }
        | Change::ChildStarted { .. }
        | Change::ChildEnded { .. }
        | Change::Calling { .. }
        | Change::Later { .. }
        | Change::Expired { .. }
        | Change::Broken { .. } => return None,
    })
}

/// What an outcome says, or else that the workflow is in another state.
fn stepped(run: &RunState, event: &Event, position: &str) -> Option<Said> {
    happened(run, event)
        .or_else(|| Some(Said::new(LogLevel::Debug, "run.stepped", format!("the workflow is in state \"{position}\""))))
}

fn happened(run: &RunState, event: &Event) -> Option<Said> {
    let (key, outcome) = event.outcome()?;
    if let Some(said) = decided(outcome) {
        return Some(said);
    }
    let (level, why) = (level_of(outcome.fault(), LogLevel::Debug), why(outcome.fault()));
    match outcome {
        EffectOutcome::ToolReturned(_) => Some(Said::new(level, "tool.called", format!("{}{why}", of(run, key)))),
        EffectOutcome::CodeFinished(_) => Some(Said::new(level, "code.ended", format!("\"{key}\"{why}"))),
        EffectOutcome::ModelReplied(_) => Some(Said::new(level, "model.asked", format!("\"{key}\"{why}"))),
        EffectOutcome::Remembered(_) | EffectOutcome::Recalled(_) => {
            Some(Said::new(level, "memory.used", format!("\"{key}\"{why}")))
        }
        EffectOutcome::ResultRead(_)
        | EffectOutcome::Decided { .. }
        | EffectOutcome::Waited(_)
        | EffectOutcome::RunsEnded(_) => None,
    }
}

fn decided(outcome: &EffectOutcome) -> Option<Said> {
    if let EffectOutcome::Decided { decision } = outcome { Some(decision_of(decision)) } else { None }
}

fn decision_of(decision: &Decision) -> Said {
    let verdict = match decision.verdict {
        Verdict::Approved => "approved",
        Verdict::Denied => "denied",
        Verdict::Edited => "edited",
        Verdict::Responded => "responded",
    };
    Said::new(LogLevel::Info, "approval.decided", format!("a question was decided: {verdict}")).by(&decision.by)
}

fn asked(approval: &Approval) -> Said {
    let (key, call) = (&approval.key, name(&approval.call));
    Said::new(LogLevel::Info, "approval.asked", format!("question \"{key}\" about {call} waits for a person"))
}

fn called(call: &ToolCall, outcome: &ToolOutcome) -> Said {
    let level = level_of(outcome.fault(), LogLevel::Debug);
    Said::new(level, "tool.called", format!("{}{}", name(call), why(outcome.fault())))
}

/// The call of an effect, or its key.
fn of(run: &RunState, key: &str) -> String {
    match run.effect(key).map(|effect| &effect.kind) {
        Some(EffectKind::CallTool { call, .. }) => name(call),
        Some(_) | None => format!("\"{key}\""),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade_workflow::{Budget, Json, Origin, Stop};

    use super::*;

    fn entry(seq: u64, change: Change) -> Entry {
        Entry { run: RunId::from_bytes([7; 16]), seq, at_ms: 1_000 + seq, change }
    }

    #[test]
    fn the_start_and_the_end_of_a_run_are_told_with_who_wanted_them() {
        let created = entry(
            1,
            Change::Created {
                workflow: "refund".to_owned(),
                version: 1,
                input: Json::from(json!({"secret": "of the input"})),
                budget: Budget::default(),
                origin: Origin { by: Some("dana".to_owned()), ..Origin::default() },
            },
        );
        let stopped = entry(
            2,
            Change::Stopped { stop: Stop::by("lee").reason(Some("a mistake".to_owned())), unknown: Vec::new() },
        );
        let mut run = RunState::create(&created).unwrap();
        run.apply(&stopped).unwrap();
        let records = Record::of_commit(&run, &[created, stopped]);
        let short = |record: &Record| (record.event, record.level, record.principal.clone().unwrap_or_default());
        assert_eq!(
            records.iter().map(short).collect::<Vec<_>>(),
            [
                ("run.started", LogLevel::Info, "dana".to_owned()),
                ("run.stopped", LogLevel::Info, "lee".to_owned()),
                ("run.ended", LogLevel::Warn, String::new()),
            ]
        );
        assert!(records.iter().all(|record| !record.message.contains("of the input")), "{records:?}");
        assert_eq!(records[2].message, "the run is stopped: the run was stopped by \"lee\": a mistake");
    }
}
