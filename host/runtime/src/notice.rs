//! A message about a run, and who is told.

#[cfg_attr(not(feature = "notify"), path = "off/channel.rs")]
mod channel;
mod concealed;
mod message;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use stockade_journal::{Row, RowChange, index};
use stockade_workflow::{Change, Entry, Fault, Overdue, RunId, RunState, Status};

use crate::Result;
use crate::config::{Notify, Occasion};
use channel::Channel;
use concealed::Concealed;

/// The space of the messages: the key is the run, the number of the record that it tells of, or the deadline, the one who is
/// told, and the occasion.
pub(crate) const SPACE: &str = "notice";

/// The first wait between two attempts, and the longest.
const WAIT_MS: u64 = 10_000;
const WAIT_MS_MAX: u64 = 3_600_000;

/// One who is told, and how.
pub(crate) struct Notified {
    pub(crate) notify: Notify,
    channel: Channel,
    concealed: Concealed,
}

/// A message about a run, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The run.
    pub run: RunId,
    /// Who is told, by the name in the configuration.
    pub to: String,
    /// What is told.
    pub on: Occasion,
    /// When the run began to stand so, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The deadline that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// The key of the question of which it reminds, or that was escalated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// What has become of it.
    pub delivery: Delivery,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What has become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It is to be sent, or sent again.
    Pending,
    /// It was taken.
    Delivered,
    /// It was sent as often as configured, and never taken.
    Failed,
    /// Before it was taken, the run stood otherwise, so it is not sent any more.
    Outdated,
}

impl Notified {
    /// Opens the channels of all who are told, by name.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where one has no channel or two, or is never told anything; a secret without a value.
    pub(crate) fn all(
        notify: BTreeMap<String, Notify>,
        secrets: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Self>> {
        let open = |(name, notify): (String, Notify)| {
            let named = |fault: Fault| fault.reworded(|why| format!("[notify.{name}]: {why}"));
            if notify.on.is_empty() || notify.attempts == 0 || notify.timeout_ms == 0 {
                return Err(named(Fault::invalid(
                    "notify",
                    "`on`, `attempts` and `timeout_ms` must not be empty or 0",
                )));
            }
            let channel = Channel::open(&name, &notify, secrets).map_err(named)?;
            Ok((name, Self { notify, channel, concealed: Concealed::new(secrets) }))
        };
        notify.into_iter().map(open).collect()
    }

    /// Sends a message once.
    ///
    /// # Errors
    ///
    /// It was not taken.
    pub(crate) async fn send(&self, id: &str, at_s: u64, notice: &Notice, state: &RunState) -> Result<()> {
        self.channel.send(id, at_s, &message::body(notice, state, &self.concealed), self.notify.timeout_ms).await
    }

    fn is_told(&self, on: Occasion, workflow: &str) -> bool {
        let workflows = &self.notify.workflows;
        self.notify.on.contains(&on) && (workflows.is_empty() || workflows.contains(workflow))
    }

    /// When the occasion `deadline` is, of a run that waits.
    fn near(&self, deadline_ms: u64) -> u64 {
        deadline_ms.saturating_sub(u64::try_from(self.notify.before.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A run into whose commit messages go.
pub(crate) struct Telling<'a> {
    pub(crate) all: &'a BTreeMap<String, Notified>,
    pub(crate) state: &'a RunState,
    pub(crate) now_ms: u64,
}

impl Telling<'_> {
    /// Returns the messages that tell how the run stands now, to go into the commit with which it does.
    pub(crate) fn stands(&self, status: Status) -> Result<Vec<RowChange>> {
        let told = occasion(status).into_iter().flat_map(|on| self.notices(on));
        let told = told.map(|(_, notice)| Ok(RowChange::Put(notice.row(self.state.seq())?.due(self.now_ms))));
        let deadlines = deadlines(self.state).into_iter().filter(|_| rests(status));
        told.chain(deadlines.flat_map(|deadline_ms| self.near(deadline_ms))).collect()
    }

    /// Returns the messages that tell that times of open questions have come, to go into the commit of these entries.
    pub(crate) fn overdue(&self, entries: &[Entry]) -> Result<Vec<RowChange>> {
        let overdue = entries.iter().filter_map(|entry| {
            let Change::Overdue { key, overdue, .. } = &entry.change else { return None };
            is_open(self.state, key).then_some((entry.seq, key, *overdue))
        });
        let told = overdue.flat_map(|(seq, key, overdue)| {
            self.notices(reminding(overdue)).map(move |(_, notice)| {
                let notice = Notice { question: Some(key.clone()), ..notice };
                Ok(RowChange::Put(notice.row(seq)?.due(self.now_ms)))
            })
        });
        told.collect()
    }

    /// The messages of a deadline, each once, however often the run begins to wait before it.
    fn near(&self, deadline_ms: u64) -> impl Iterator<Item = Result<RowChange>> {
        self.notices(Occasion::Deadline).map(move |(notified, notice)| {
            let notice = Notice { deadline_ms: Some(deadline_ms), ..notice };
            Ok(RowChange::Ensure(notice.row(deadline_ms)?.due(notified.near(deadline_ms))))
        })
    }

    /// A message to each who is told of an occasion.
    fn notices(&self, on: Occasion) -> impl Iterator<Item = (&Notified, Notice)> {
        let told = self.all.iter().filter(move |(_, notified)| notified.is_told(on, self.state.workflow()));
        told.map(move |(to, notified)| {
            let (run, to, at_ms, delivery) = (self.state.run(), to.clone(), self.now_ms, Delivery::Pending);
            let (deadline_ms, question, reason) = (None, None, None);
            (notified, Notice { run, to, on, at_ms, deadline_ms, question, attempts: 0, delivery, reason })
        })
    }
}

/// What is told of a run that now stands so.
fn occasion(status: Status) -> Option<Occasion> {
    match status {
        Status::Waiting => Some(Occasion::Waiting),
        Status::Suspended => Some(Occasion::Suspended),
        Status::Failed => Some(Occasion::Failed),
        Status::Stopped => Some(Occasion::Stopped),
        Status::Done => Some(Occasion::Done),
        Status::Running | Status::Interrupted | Status::Paused => None,
    }
}

/// What is told where a time of an open question has come.
fn reminding(overdue: Overdue) -> Occasion {
    match overdue {
        Overdue::Reminder => Occasion::Reminder,
        Overdue::Escalation => Occasion::Escalation,
    }
}

/// Whether a run that stands so goes on only when something comes, and may miss a deadline meanwhile.
fn rests(status: Status) -> bool {
    match status {
        Status::Waiting | Status::Suspended | Status::Paused => true,
        Status::Running | Status::Interrupted | Status::Failed | Status::Stopped | Status::Done => false,
    }
}

/// The deadlines of a run that has not ended: its own, and before that those of what it waits for, which is a decision of a
/// person, a signal, a result that comes later, or other runs. The end of a sleep is not a deadline.
fn deadlines(state: &RunState) -> BTreeSet<u64> {
    let own = state.run_due_ms().filter(|_| state.end().is_none());
    let decisions = state.open_approvals().filter_map(|approval| state.due_ms(&approval.key));
    let told = state.waits().filter(|wait| wait.signal.is_some() || wait.result.is_some() || wait.runs.is_some());
    let first = decisions.chain(told.filter_map(|wait| wait.until_ms));
    first.filter(|due_ms| own.is_none_or(|own| *due_ms < own)).chain(own).collect()
}

fn is_open(state: &RunState, question: &str) -> bool {
    state.open_approvals().any(|approval| approval.key == question)
}

impl Notice {
    /// Its row: the number is that of the record that it tells of, or the deadline.
    fn row(&self, number: u64) -> Result<Row> {
        let (run, number, on) = (self.run.to_string(), format!("{number:020}"), serde_json::json!(self.on));
        let key = index::key([&*run, &number, &self.to, on.as_str().unwrap_or_default()]);
        Ok(Row::new(SPACE, key, Row::text(self)?).of(self.run))
    }

    /// Returns whether the run still stands as it tells.
    pub(crate) fn holds(&self, state: &RunState) -> bool {
        match self.on {
            Occasion::Deadline => self.deadline_ms.is_some_and(|due_ms| deadlines(state).contains(&due_ms)),
            Occasion::Reminder | Occasion::Escalation => {
                self.question.as_ref().is_some_and(|question| is_open(state, question))
            }
            Occasion::Waiting | Occasion::Suspended | Occasion::Failed | Occasion::Stopped | Occasion::Done => {
                occasion(state.status()) == Some(self.on)
            }
        }
    }
}

/// How long after an attempt that failed the next one is.
pub(crate) fn wait_ms(attempts: u32) -> u64 {
    let doubled = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
    WAIT_MS.saturating_mul(doubled).min(WAIT_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        assert_eq!(
            [1, 2, 3, 9, 10, 64, 65, u32::MAX].map(wait_ms),
            [10_000, 20_000, 40_000, 2_560_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000]
        );
    }
}
