//! The log of a command that goes on by itself: lines for a person, or records for a program that gathers logs.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value};
use stockade::model::Retry;
use stockade::{
    Clock, Entry, Exceeded, Fault, Hooks, LogLevel, Record, RunId, RunState, Scrubber, Unreadable, rfc3339,
};

use crate::escape::safe;
use crate::globals::Globals;
use crate::{config, hint, out, secrets};

/// The most letters of a text in a record: a fault may quote a guest.
const LETTERS_MAX: usize = 500;

/// The options of a command that goes on by itself.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct LogOptions {
    /// Write the log as records on stderr, one a line: with time, level, event, run, workflow and principal. Without it, a few
    /// lines for a person
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<Format>,
    /// The least grave records that are written; info, where nothing is said
    #[arg(long, value_name = "LEVEL", requires = "log_format")]
    log_level: Option<Level>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

impl LogOptions {
    /// Begins the log. Where it is one of records, all that this process writes to stderr from here on is a record.
    ///
    /// # Errors
    ///
    /// The configuration cannot be read.
    pub(crate) fn begin(self, globals: &Globals) -> stockade::Result<Log> {
        let Some(format) = self.log_format else { return Ok(Log(None)) };
        let (level, scrubber) =
            (self.log_level.unwrap_or(Level::Info).into(), secrets::scrubber(&config::usual(globals)?));
        let records = Arc::new(Records { format, level, scrubber });
        let of_lines = Arc::clone(&records);
        out::wrap(move |line| of_lines.line(&Record::new(now_ms(), level_of(line), "message", line)));
        Ok(Log(Some(records)))
    }
}

/// The level of a line for a person.
fn level_of(line: &str) -> LogLevel {
    match line.split_once(':') {
        Some(("error", _)) => LogLevel::Error,
        Some(("warning", _)) => LogLevel::Warn,
        Some(_) | None => LogLevel::Info,
    }
}

/// The log of a command. A cheap handle.
#[derive(Clone)]
pub(crate) struct Log(Option<Arc<Records>>);

/// How records are written, and which.
struct Records {
    format: Format,
    level: LogLevel,
    scrubber: Scrubber,
}

impl Log {
    /// Writes a record; a log for a person has none.
    pub(crate) fn record(&self, record: &Record) {
        if let Some(line) = self.0.as_ref().and_then(|records| records.line(record)) {
            out::record(&line);
        }
    }

    /// Tells of a failure.
    pub(crate) fn complain(&self, what: &str, fault: &Fault) {
        let sentence = hint::sentence(fault);
        if self.0.is_some() {
            self.record(&Record::new(now_ms(), LogLevel::Error, "failed", format!("{what}: {sentence}")));
        } else {
            eprintln!("{what}: {}", safe(&sentence));
        }
    }

    /// Tells of something that happened now, where it is a log of records.
    pub(crate) fn told(&self, level: LogLevel, event: &'static str, principal: Option<&str>, message: String) {
        let record = Record::new(now_ms(), level, event, message);
        self.record(&principal.into_iter().fold(record, Record::by));
    }
}

impl Hooks for Log {
    fn committed(&self, run: &RunState, entries: &[Entry]) {
        if self.0.is_some() {
            Record::of_commit(run, entries).iter().for_each(|record| self.record(record));
        }
    }

    fn retrying(&self, run: RunId, key: &str, Retry { model, attempt, attempts_max, fault, .. }: &Retry<'_>) {
        let why = &fault.message;
        let message = format!("\"{key}\": model {model} is asked again, attempt {attempt} of {attempts_max}: {why}");
        self.record(&Record::new(now_ms(), LogLevel::Warn, "attempt.failed", message).of(run));
    }

    fn shared_budget(&self, budget: &str, Exceeded { limit, allowed, used }: &Exceeded) {
        let message = format!("budget \"{budget}\": {used} of {allowed} of {} are used", limit.name());
        self.record(&Record::new(now_ms(), LogLevel::Warn, "budget.warned", message));
    }

    fn unreadable(&self, Unreadable { run_id, error }: &Unreadable) {
        let record = Record::new(now_ms(), LogLevel::Warn, "signal.unreadable", error.message.clone());
        self.record(&run_id.iter().fold(record, |record, run| record.of(*run)));
    }
}

impl Records {
    /// Writes a record as a line, if it is grave enough.
    fn line(&self, record: &Record) -> Option<String> {
        (record.level >= self.level).then(|| match self.format {
            Format::Json => Value::Object(self.members(record)).to_string(),
            Format::Text => self.words(record),
        })
    }

    /// The members of a record. Texts of guests and models are escaped and cut, and have no secret.
    fn members(&self, record: &Record) -> Map<String, Value> {
        let run = record.run.map(|run| run.to_string());
        let named = [
            ("time", Some(time(record.at_ms))),
            ("level", Some(record.level.name().to_owned())),
            ("event", Some(record.event.to_owned())),
            ("run", run),
            ("workflow", record.workflow.as_deref().map(|workflow| self.shown(workflow))),
            ("principal", record.principal.as_deref().map(|principal| self.shown(principal))),
            ("message", Some(self.shown(&record.message))),
        ];
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
    }

    fn words(&self, record: &Record) -> String {
        let members = self.members(record);
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let named = ["run", "workflow", "principal"].into_iter();
        let named: String = named.filter_map(|name| Some(format!(" {name}={}", quoted(text(name)?)))).collect();
        let [time, level, event, message] =
            ["time", "level", "event", "message"].map(|name| text(name).unwrap_or_default());
        format!("{time} {level:5} {event}{named}: {message}")
    }

    /// Scrubs before it cuts: of a secret that is cut, no part is left.
    fn shown(&self, text: &str) -> String {
        let scrubbed = self.scrubber.text(text);
        let cut: String = scrubbed.chars().take(LETTERS_MAX).collect();
        let more = if cut.len() < scrubbed.len() { "…" } else { "" };
        safe(&cut) + more
    }
}

/// A word as it is, and anything else in quotes.
fn quoted(text: &str) -> String {
    let is_word = !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || "._-/@".contains(letter));
    if is_word { text.to_owned() } else { format!("{text:?}") }
}

/// A time as RFC 3339 has it, with milliseconds.
fn time(at_ms: u64) -> String {
    let seconds = rfc3339(at_ms);
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), at_ms % 1_000)
}

fn now_ms() -> u64 {
    Clock::default().now_ms()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "sk_live_0123456789abcdef";

    fn records(format: Format) -> Records {
        Records { format, level: LogLevel::Info, scrubber: Scrubber::redacting([KEY.to_owned()]) }
    }

    fn record(message: &str) -> Record {
        Record::new(1_764_596_126_007, LogLevel::Warn, "tool.called", message)
            .of(RunId::from_bytes([7; 16]))
            .by("dana d")
    }

    #[test]
    fn a_record_has_no_secret_and_no_letter_that_cannot_be_seen() {
        let line = records(Format::Json).line(&record(&format!("a\u{1b}[2Jb\n{KEY}"))).unwrap();
        assert!(!line.contains('\n') && !line.contains(KEY), "{line}");
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            line,
            json!({
                "time": "2025-12-01T13:35:26.007Z",
                "level": "warn",
                "event": "tool.called",
                "run": "07070707-0707-0707-0707-070707070707",
                "principal": "dana d",
                "message": "a\\u{1b}[2Jb\\u{a}[redacted]",
            })
        );
    }

    #[test]
    fn words_of_a_record_stand_in_one_line_and_are_cut() {
        let line = records(Format::Text).line(&record(&"x".repeat(2_000))).unwrap();
        let begin = "2025-12-01T13:35:26.007Z warn  tool.called run=07070707-0707-0707-0707-070707070707 \
                     principal=\"dana d\": xxx";
        assert!(line.starts_with(begin) && line.ends_with("x…"), "{line}");
        assert_eq!(line.chars().count(), begin.len() - 3 + LETTERS_MAX + 1);
    }

    #[test]
    fn a_record_that_is_not_grave_enough_is_left_out() {
        let quiet = Record::new(0, LogLevel::Debug, "run.stepped", "the workflow goes on");
        assert_eq!(records(Format::Text).line(&quiet), None);
        assert_eq!(
            ["error: no", "warning: so", "run x is done"].map(level_of),
            [LogLevel::Error, LogLevel::Warn, LogLevel::Info]
        );
    }
}
