//! Messages that tell people of runs that need them.
//!
//! A message is a row of the journal's index, which is written in the commit with which the run began to stand so. So none is
//! lost, and what becomes of it never moves the run. It is sent until it is taken, by one host at a time; where a host stops
//! after the message was taken and before that is written, it is sent again under the same id.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use stockade_journal::{Row, index};
use stockade_workflow::{Digest, RunId};

use crate::notice::{Delivery, Notice, SPACE, wait_ms};
use crate::{Host, Listing, Result, Unreadable};

/// How many messages are sent in one go; further ones are due the next time.
const SENT_MAX: usize = 64;

/// How many of them are sent at the same time: one that is slow to take a message holds up no other.
const AT_ONCE: usize = 8;

/// When a message is looked at again whose receiver this host does not know, or that cannot be read.
const UNKNOWN_MS: u64 = 3_600_000;

/// The longest reason that is kept of an attempt that failed, in letters.
const REASON_MAX: usize = 300;

impl Host {
    /// Sends the messages that are due, each once, and returns what has become of them. Of several hosts one sends each. A
    /// message that cannot be read, or whose run cannot be, is looked at again later, and the others are sent.
    ///
    /// # Errors
    ///
    /// A journal that fails. A message that is not taken is no error; it is sent again later.
    pub async fn notify(&self) -> Result<Listing<Notice>> {
        if self.services.notified.is_empty() {
            return Ok(Listing::default());
        }
        let rows = self.services.journal.due(SPACE, Duration::ZERO, None, SENT_MAX).await?;
        let sent: Vec<_> = stream::iter(rows).map(|row| self.notify_or_put_off(row)).buffered(AT_ONCE).collect().await;
        let sent = sent.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(sent.into_iter().filter_map(Result::transpose).collect())
    }

    /// Returns the messages about one run, or about all, in the order of the runs.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn notices(&self, run: Option<RunId>) -> Result<Listing<Notice>> {
        let prefix = run.map(|run| format!("{run}/")).unwrap_or_default();
        Ok(Listing::of_rows(&self.services.journal.find(SPACE, &prefix, None, usize::MAX).await?))
    }

    async fn notify_or_put_off(&self, row: Row) -> Result<Result<Option<Notice>, Unreadable>> {
        let (run_id, seen) = (row.tie.run(), row.clone());
        match self.notify_of(row).await {
            Ok(notice) => Ok(Ok(notice)),
            // It stays due.
            Err(error) if error.is_of_storage() => Err(error),
            Err(error) => {
                let (due_ms, value) = (self.services.clock.now_ms().saturating_add(UNKNOWN_MS), seen.value.clone());
                // Where the journal does not take that either, it stays due.
                let _ = index::replace(&*self.services.journal, seen, Some(due_ms), value).await;
                Ok(Err(Unreadable { run_id, error }))
            }
        }
    }

    async fn notify_of(&self, row: Row) -> Result<Option<Notice>> {
        let (now_ms, mut notice) = (self.services.clock.now_ms(), row.read::<Notice>()?);
        let Some(notified) = self.services.notified.get(&notice.to) else {
            // Another host, whose configuration names the one who is told, sends it.
            self.write(row, Some(now_ms.saturating_add(UNKNOWN_MS)), &notice).await?;
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
        let id = Digest::of_json(&mine.key).to_string();
        let taken = notified.send(&id, now_ms / 1_000, &notice, &state).await;
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
        index::replace(&*self.services.journal, seen, due_ms, Row::text(notice)?).await
    }
}
