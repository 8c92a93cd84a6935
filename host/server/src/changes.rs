//! The lines of runs as they change, whichever process drives the runs: what the journal has first, and then what is found for
//! all streams together.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use futures_util::{Stream, stream};
use stockade::{Filter, PageEnd, Result, RunId, Sort, Summary};
use tokio::time::sleep;

use crate::feed::{AGAIN_MS, LOOK, PAGE};
use crate::service::Service;

/// Of how many lines a stream knows that it has sent them. Of more that change at the moment at which it begins, some come twice.
const SENT_MAX: usize = 256;

pub(crate) struct Changes {
    service: Service,
    filter: Filter,
    place: Place,
    /// The time of the last change that was sent.
    latest_ms: u64,
    /// The digests of lines that were sent, and may come again.
    sent: BTreeMap<RunId, u64>,
    unsent: VecDeque<Arc<Summary>>,
}

/// How far a stream is.
#[derive(Clone, Copy)]
enum Place {
    /// It begins, or was too late.
    Outside,
    /// It reads the journal behind the end of a page, and then goes on with the line of this number.
    Behind { next: u64, after: Option<PageEnd> },
    /// It goes on with the line of this number.
    With { next: u64 },
}

impl Changes {
    /// Follows the runs that a filter lets through, from this time on.
    pub(crate) fn new(service: Service, filter: Filter, since_ms: u64) -> Self {
        let latest_ms = since_ms.saturating_add(AGAIN_MS);
        Self { service, filter, place: Place::Outside, latest_ms, sent: BTreeMap::new(), unsent: VecDeque::new() }
    }

    /// Returns the lines as they come. The stream ends with a journal that fails.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<Arc<Summary>>> + Send + 'static {
        stream::unfold(Some(self), |changes| async {
            match changes?.next().await {
                Ok((line, changes)) => Some((Ok(line), Some(changes))),
                Err(fault) => Some((Err(fault), None)),
            }
        })
    }

    async fn next(mut self) -> Result<(Arc<Summary>, Self)> {
        loop {
            if let Some(line) = self.unsent.pop_front() {
                return Ok((line, self));
            }
            self.place = match self.place {
                Place::Outside => Place::Behind { next: self.service.0.feed.next().await?, after: None },
                Place::Behind { next, after } => self.catch_up(next, after).await?,
                Place::With { next } => self.go_on(next).await?,
            };
        }
    }

    /// Reads a page of the journal.
    async fn catch_up(&mut self, next: u64, after: Option<PageEnd>) -> Result<Place> {
        let since_ms = Some(self.latest_ms.saturating_sub(AGAIN_MS)).filter(|_| after.is_none());
        // Behind the end of a page, all have changed later.
        let filter = Filter { changed_since_ms: since_ms, after, ..self.filter.clone() };
        let filter = Filter { sort: Sort::Changed, reverse: false, limit: Some(PAGE), ..filter };
        let page = self.service.host().runs(&filter).await?;
        let after = page.last().filter(|_| page.len() >= PAGE).map(PageEnd::from);
        page.into_iter().for_each(|line| self.take(Arc::new(line)));
        Ok(if after.is_some() { Place::Behind { next, after } } else { Place::With { next } })
    }

    /// Takes what was found for all.
    async fn go_on(&mut self, next: u64) -> Result<Place> {
        let Some((lines, next)) = self.service.0.feed.lines(next).await? else { return Ok(Place::Outside) };
        if lines.is_empty() {
            sleep(LOOK).await;
        }
        for line in lines {
            if self.filter.lets(&line) {
                self.take(line);
            }
        }
        Ok(Place::With { next })
    }

    fn take(&mut self, line: Arc<Summary>) {
        self.latest_ms = self.latest_ms.max(line.updated_ms);
        let digest = digest(&line);
        if self.sent.insert(line.run_id, digest) == Some(digest) {
            return;
        }
        if self.sent.len() > SENT_MAX {
            // The one that was created first.
            self.sent.pop_first();
        }
        self.unsent.push_back(line);
    }
}

fn digest(line: &Summary) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(line).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}
