use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};
use stockade_workflow::{Currency, amounts};

/// What `[notify.NAME]` says: who is told, by a webhook or a command, that a run needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Where a message is posted; this, or `command`.
    pub url: Option<String>,
    /// A program with its arguments that reads a message on its standard input, in an environment that has a standard `PATH`
    /// alone; this, or `url`.
    pub command: Option<Vec<String>>,
    /// The secret with which messages of a webhook are signed, as [Standard Webhooks](https://www.standardwebhooks.com) has it.
    pub secret: Option<String>,
    /// What is told.
    pub on: BTreeSet<Occasion>,
    /// The workflows whose runs are told of; none named means all.
    pub workflows: BTreeSet<String>,
    /// How long before a deadline the occasion `deadline` is, as in `"30m"`.
    #[serde(deserialize_with = "before")]
    pub before: Duration,
    /// How often a message is sent until it is taken. The waits in between begin with ten seconds, and double up to an hour.
    pub attempts: u32,
    /// Milliseconds that one attempt may take.
    pub timeout_ms: u64,
}

/// What a message tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// The run waits for a person, a time or a signal.
    Waiting,
    /// The run's budget is used up.
    Suspended,
    /// The run has failed.
    Failed,
    /// The run was stopped.
    Stopped,
    /// The run is done.
    Done,
    /// A deadline of the run, or of what it waits for, is near.
    Deadline,
    /// A question is overdue.
    Reminder,
    /// Others may decide on a question as well.
    Escalation,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            url: None,
            command: None,
            secret: None,
            on: BTreeSet::from([
                Occasion::Waiting,
                Occasion::Suspended,
                Occasion::Failed,
                Occasion::Reminder,
                Occasion::Escalation,
            ]),
            workflows: BTreeSet::new(),
            before: Duration::from_hours(1),
            attempts: 12,
            timeout_ms: 10_000,
        }
    }
}

fn before<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let us = amounts::one(Currency::Wall, &text).ok().filter(|_| !text.ends_with(|last: char| last.is_ascii_digit()));
    us.map(Duration::from_micros).ok_or_else(|| {
        de::Error::custom(format!("before = \"{text}\" is not a time with its unit, as in \"30m\" or \"2h\""))
    })
}
