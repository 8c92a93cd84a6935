//! Messages that tell people of runs that need them.
//!
//! A message is a row of the journal's index, which is written in the commit with which the run came to stand so. So none is
//! lost, and what becomes of it never moves the run. It is sent until it is taken, by one host at a time; where a host stops after the
//! message was taken and before that is written, it is sent again under the same id.

#[cfg_attr(not(feature = "notify"), path = "off/channel.rs")]
mod channel;
mod message;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use stockade_journal::{Commit, Row, RowChange, index};
use stockade_workflow::{Digest, Fault, Kind, RunId, RunState, Status};

use crate::config::{Notify, Occasion};
use crate::services::Services;
use crate::{Host, Result};
use channel::Channel;

/// The space of the messages: the key is the run, the number of the run's last record, the one who is told, and the occasion.
const SPACE: &str = "notice";

/// How many messages are sent in one go; further ones are due the next time.
const SENT_MAX: usize = 64;

/// How many of them are sent at the same time: one that is slow to take a message holds up no other.
const AT_ONCE: usize = 8;

/// The first wait between two attempts, and the longest.
const WAIT_MS: u64 = 10_000;
const WAIT_MS_MAX: u64 = 3_600_000;

/// The longest reason that is kept of an attempt that failed, in letters.
const REASON_MAX: usize = 300;

/// One who is told, and how.
pub(crate) struct Notified {
    notify: Notify,
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
    /// When the run came to stand so, in milliseconds since the Unix epoch.
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

    fn is_told(&self, on: Occasion, workflow: &str) -> bool {
        let workflows = &self.notify.workflows;
        self.notify.on.contains(&on) && (workflows.is_empty() || workflows.contains(workflow))
    }

    /// When the occasion `deadline` is, of a run that waits.
    fn near(&self, deadline_ms: u64) -> u64 {
        deadline_ms.saturating_sub(self.notify.before_ms)
    }
}

/// Returns the messages that tell how a run stands now, to go into the commit with which it does.
pub(crate) fn of(host: &Services, state: &RunState, status: Status) -> Vec<RowChange> {
    let (deadline_ms, mut rows) = (deadline(state, status), Vec::new());
    for (to, notified) in &host.notified {
        let told = occasion(status).map(|on| (on, None, host.clock.now_ms()));
        let near = deadline_ms.map(|at_ms| (Occasion::Deadline, Some(at_ms), notified.near(at_ms)));
        for (on, deadline_ms, due_ms) in told.into_iter().chain(near) {
            if notified.is_told(on, state.workflow()) {
                let at_ms = host.clock.now_ms();
                let (run, delivery) = (state.run(), Delivery::Pending);
                let notice =
                    Notice { run, to: to.clone(), on, at_ms, deadline_ms, attempts: 0, delivery, reason: None };
                rows.push(RowChange::Put(notice.row(state.seq()).of(run).due(due_ms)));
            }
        }
    }
    rows
}

/// What is told of a run that came to stand so.
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

/// The first deadline of what a run waits for: a decision of a person, or a signal. The end of a sleep is none.
fn deadline(state: &RunState, status: Status) -> Option<u64> {
    let decisions = state.open_approvals().filter_map(|approval| state.due_ms(&approval.key));
    let signals = state.waits().filter(|wait| wait.signal.is_some()).filter_map(|wait| wait.until_ms);
    decisions.chain(signals).min().filter(|_| status == Status::Waiting)
}

impl Notice {
    fn row(&self, seq: u64) -> Row {
        let (run, seq, on) = (self.run.to_string(), format!("{seq:020}"), serde_json::json!(self.on));
        Row::new(SPACE, index::key([&*run, &seq, &self.to, on.as_str().unwrap_or_default()]), self.text())
    }

    fn text(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// Returns whether the run still stands as it tells.
    fn holds(&self, state: &RunState) -> bool {
        match self.on {
            Occasion::Deadline => deadline(state, state.status()) == self.deadline_ms,
            on => occasion(state.status()) == Some(on),
        }
    }
}

impl Host {
    /// Sends the messages that are due, each once, and returns what has become of them. Of several hosts one sends each.
    ///
    /// # Errors
    ///
    /// A journal that fails. A message that is not taken is no error; it is sent again later.
    pub async fn notify(&self) -> Result<Vec<Notice>> {
        if self.services.notified.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.services.journal.due(SPACE, Duration::ZERO, SENT_MAX).await?;
        let sent = stream::iter(rows).map(|row| self.notify_of(row)).buffered(AT_ONCE);
        sent.try_filter_map(|notice| std::future::ready(Ok(notice))).try_collect().await
    }

    /// Returns the messages about one run, or about all, in the order of the runs.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn notices(&self, run: Option<RunId>) -> Result<Vec<Notice>> {
        let prefix = run.map(|run| format!("{run}/")).unwrap_or_default();
        let rows = self.services.journal.find(SPACE, &prefix, None, usize::MAX).await?;
        rows.iter().map(read).collect()
    }

    async fn notify_of(&self, row: Row) -> Result<Option<Notice>> {
        let (now_ms, mut notice) = (self.services.clock.now_ms(), read(&row)?);
        let Some(notified) = self.services.notified.get(&notice.to) else {
            // Another host, whose configuration names the one who is told, sends it.
            self.write(row, Some(now_ms.saturating_add(WAIT_MS_MAX)), &notice).await?;
            return Ok(None);
        };
        let state = self.state(notice.run).await?;
        if !notice.holds(&state) {
            notice.delivery = Delivery::Outdated;
            return Ok(self.write(row, None, &notice).await?.map(|_| notice));
        }
        notice.attempts += 1;
        let again_ms = now_ms.saturating_add(notified.notify.timeout_ms).saturating_add(wait_ms(notice.attempts));
        let Some(mine) = self.write(row, Some(again_ms), &notice).await? else { return Ok(None) };
        let body = message::body(&notice, &state);
        let id = Digest::of_json(&mine.key).to_string();
        let taken = notified.channel.send(&id, now_ms / 1_000, &body, notified.notify.timeout_ms).await;
        notice.reason = taken.as_ref().err().map(|fault| fault.message.chars().take(REASON_MAX).collect());
        notice.delivery = match taken {
            Ok(()) => Delivery::Delivered,
            Err(_) if notice.attempts >= notified.notify.attempts => Delivery::Failed,
            Err(_) => Delivery::Pending,
        };
        let due_ms = (notice.delivery == Delivery::Pending).then_some(again_ms);
        self.write(mine, due_ms, &notice).await?;
        Ok(Some(notice))
    }

    /// Writes what has become of a message, and returns its row; none where another host was faster.
    async fn write(&self, seen: Row, due_ms: Option<u64>, notice: &Notice) -> Result<Option<Row>> {
        let now = Row { due_ms, value: notice.text(), ..seen.clone() };
        let change = RowChange::Replace { seen, due_ms, value: now.value.clone() };
        match self.services.journal.commit(&Commit::of_index(vec![change])).await {
            Ok(()) => Ok(Some(now)),
            Err(refused) if refused.kind == Kind::Conflict => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

/// How long after an attempt that failed the next one is.
fn wait_ms(attempts: u32) -> u64 {
    let doubled = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
    WAIT_MS.saturating_mul(doubled).min(WAIT_MS_MAX)
}

fn read(row: &Row) -> Result<Notice> {
    let damaged = |error| Fault::new(Kind::Journal, format!("message \"{}\" is damaged: {error}", row.key));
    serde_json::from_str(&row.value).map_err(|error| damaged(error).detail(SPACE))
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
