//! A message about a run, and who is told.

#[cfg_attr(not(feature = "notify"), path = "off/channel.rs")]
mod channel;
mod message;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockade_journal::{Row, RowChange, index};
use stockade_workflow::{Fault, RunId, RunState, Status};

use crate::Result;
use crate::config::{Notify, Occasion};
use channel::Channel;

/// The space of the messages: the key is the run, the number of the run's last record, the one who is told, and the occasion.
pub(crate) const SPACE: &str = "notice";

/// The first wait between two attempts, and the longest.
const WAIT_MS: u64 = 10_000;
const WAIT_MS_MAX: u64 = 3_600_000;

/// One who is told, and how.
pub(crate) struct Notified {
    pub(crate) notify: Notify,
    channel: Channel,
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
            Ok((name, Self { notify, channel }))
        };
        notify.into_iter().map(open).collect()
    }

    /// Sends a message once.
    ///
    /// # Errors
    ///
    /// It was not taken.
    pub(crate) async fn send(&self, id: &str, at_s: u64, notice: &Notice, state: &RunState) -> Result<()> {
        self.channel.send(id, at_s, &message::body(notice, state), self.notify.timeout_ms).await
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

/// Returns the messages that tell how a run stands now, to go into the commit with which it does.
pub(crate) fn of(
    all: &BTreeMap<String, Notified>,
    now_ms: u64,
    state: &RunState,
    status: Status,
) -> Result<Vec<RowChange>> {
    let (deadline_ms, mut rows) = (deadline(state, status), Vec::new());
    for (to, notified) in all {
        let told = occasion(status).map(|on| (on, None, now_ms));
        let near = deadline_ms.map(|at_ms| (Occasion::Deadline, Some(at_ms), notified.near(at_ms)));
        for (on, deadline_ms, due_ms) in told.into_iter().chain(near) {
            if notified.is_told(on, state.workflow()) {
                let at_ms = now_ms;
                let (run, delivery) = (state.run(), Delivery::Pending);
                let notice =
                    Notice { run, to: to.clone(), on, at_ms, deadline_ms, attempts: 0, delivery, reason: None };
                rows.push(RowChange::Put(notice.row(state.seq())?.of(run).due(due_ms)));
            }
        }
    }
    Ok(rows)
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

/// The first deadline of what a run waits for: a decision of a person, a signal, or a result that comes later. The end of a sleep is not a deadline.
fn deadline(state: &RunState, status: Status) -> Option<u64> {
    let decisions = state.open_approvals().filter_map(|approval| state.due_ms(&approval.key));
    let told = state.waits().filter(|wait| wait.signal.is_some() || wait.result.is_some());
    let told = told.filter_map(|wait| wait.until_ms);
    decisions.chain(told).min().filter(|_| status == Status::Waiting)
}

impl Notice {
    fn row(&self, seq: u64) -> Result<Row> {
        let (run, seq, on) = (self.run.to_string(), format!("{seq:020}"), serde_json::json!(self.on));
        let key = index::key([&*run, &seq, &self.to, on.as_str().unwrap_or_default()]);
        Ok(Row::new(SPACE, key, Row::text(self)?))
    }

    /// Returns whether the run still stands as it tells.
    pub(crate) fn holds(&self, state: &RunState) -> bool {
        match self.on {
            Occasion::Deadline => deadline(state, state.status()) == self.deadline_ms,
            on => occasion(state.status()) == Some(on),
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
