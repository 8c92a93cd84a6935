//! The lines of runs as they change, whichever process drives the runs.
//!
//! The journal is asked every second for the lines that have changed since the last one that was seen. Two changes may have
//! the same time, and one of another host may become visible a little later than one that came after it; so a bit of the past
//! is asked for again each time, and what was sent before is left out.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures_util::{Stream, stream};
use stockade::{Filter, Host, PageEnd, Result, RunId, Sort, Summary};
use tokio::time::sleep;

/// How often the journal is asked.
const LOOK: Duration = Duration::from_secs(1);

/// How much of the past is asked for again.
const AGAIN_MS: u64 = 5_000;

/// How many lines are read at once.
const PAGE: usize = 256;

pub(crate) struct Changes {
    host: Host,
    filter: Filter,
    /// The time of the last change that was seen.
    latest_ms: u64,
    /// Where the page before has ended, if it was full.
    after: Option<PageEnd>,
    /// Whether all that there is was read.
    is_read: bool,
    /// The lines that were sent and may come again.
    sent: BTreeMap<RunId, Summary>,
    unsent: VecDeque<Summary>,
}

impl Changes {
    /// Follows the runs that a filter lets through, from this time on.
    pub(crate) fn new(host: Host, filter: Filter, since_ms: u64) -> Self {
        let filter = Filter { sort: Sort::Changed, reverse: false, limit: Some(PAGE), ..filter };
        let latest_ms = since_ms.saturating_add(AGAIN_MS);
        Self { host, filter, latest_ms, after: None, is_read: false, sent: BTreeMap::new(), unsent: VecDeque::new() }
    }

    /// Returns the lines as they come. The stream ends with a journal that fails.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<Summary>> + Send + 'static {
        stream::unfold(Some(self), |changes| async {
            match changes?.next().await {
                Ok((line, changes)) => Some((Ok(line), Some(changes))),
                Err(fault) => Some((Err(fault), None)),
            }
        })
    }

    async fn next(mut self) -> Result<(Summary, Self)> {
        loop {
            if let Some(line) = self.unsent.pop_front() {
                return Ok((line, self));
            }
            if self.is_read {
                sleep(LOOK).await;
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<()> {
        let changed_since_ms = Some(self.latest_ms.saturating_sub(AGAIN_MS));
        let page = self.host.runs(&Filter { changed_since_ms, after: self.after, ..self.filter.clone() }).await?;
        self.after = page.last().filter(|_| page.len() >= PAGE).map(PageEnd::from);
        self.is_read = self.after.is_none();
        for line in page {
            self.latest_ms = self.latest_ms.max(line.updated_ms);
            if self.sent.get(&line.run_id) != Some(&line) {
                self.sent.insert(line.run_id, line.clone());
                self.unsent.push_back(line);
            }
        }
        let kept_ms = self.latest_ms.saturating_sub(AGAIN_MS);
        self.sent.retain(|_, line| line.updated_ms >= kept_ms);
        Ok(())
    }
}
