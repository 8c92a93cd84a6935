//! The lines of runs that have changed lately: looked for once for all streams that follow them, and kept once.
//!
//! Two changes may have the same time, and one of another host may become visible a little later than one that came after it; so
//! a bit of the past is asked for again each time, and what was found before is left out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use stockade::{Clock, Filter, Host, PageEnd, Result, RunId, Sort, Summary};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How often the journal is asked while there is a stream that follows.
pub(crate) const LOOK: Duration = Duration::from_millis(500);

/// How much of the past is asked for again.
pub(crate) const AGAIN_MS: u64 = 5_000;

/// How many lines are read at once.
pub(crate) const PAGE: usize = 256;

/// How many lines a stream takes at once: what one of a slow client keeps of them.
const BATCH: usize = 64;

/// How many lines are kept for streams that are a little late: some seconds of a busy host. A later one asks the journal itself.
const KEPT_MAX: usize = 4_096;

/// After how long without a stream nothing is known any more.
const STALE: Duration = Duration::from_secs(10);

/// What has changed lately, for all streams of a server.
pub(crate) struct Feed {
    host: Host,
    clock: Clock,
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    /// When the journal was asked last.
    looked: Option<Instant>,
    /// The time of the last change that was found.
    latest_ms: u64,
    /// The lines that were found and may come again.
    found: BTreeMap<RunId, Arc<Summary>>,
    lines: VecDeque<Arc<Summary>>,
    /// The number of the next line.
    next: u64,
}

impl Feed {
    pub(crate) fn new(host: Host) -> Self {
        Self { host, clock: Clock::default(), recent: Mutex::default() }
    }

    /// Returns the number that the next line will have. What the journal has before it, a stream reads by itself.
    pub(crate) async fn next(&self) -> Result<u64> {
        let mut recent = self.recent.lock().await;
        self.look(&mut recent).await?;
        Ok(recent.next)
    }

    /// Returns some of the lines from a number on, and the number behind them. `None`: they are kept no more.
    pub(crate) async fn lines(&self, number: u64) -> Result<Option<(Vec<Arc<Summary>>, u64)>> {
        let mut recent = self.recent.lock().await;
        self.look(&mut recent).await?;
        Ok(recent.lines(number))
    }

    /// Asks the journal, if it was not asked just now.
    async fn look(&self, recent: &mut Recent) -> Result<()> {
        let now = Instant::now();
        match recent.looked.map(|looked| now.duration_since(looked)) {
            Some(ago) if ago < LOOK => return Ok(()),
            Some(ago) if ago < STALE => {}
            Some(_) | None => recent.begin(self.clock.now_ms()),
        }
        let since_ms = recent.latest_ms.saturating_sub(AGAIN_MS);
        let all =
            Filter { changed_since_ms: Some(since_ms), sort: Sort::Changed, limit: Some(PAGE), ..Filter::default() };
        let mut after = None;
        loop {
            let page = self.host.runs(&Filter { after, ..all.clone() }).await?;
            after = page.last().filter(|_| page.len() >= PAGE).map(PageEnd::from);
            page.into_iter().for_each(|line| recent.add(line));
            if after.is_none() {
                break;
            }
        }
        recent.forget();
        // Now, and not when it began: where the journal is slow, each stream that has waited for this look would make its own.
        recent.looked = Some(Instant::now());
        Ok(())
    }
}

impl Recent {
    /// Begins anew. No number of before has a line any more.
    fn begin(&mut self, now_ms: u64) {
        *self = Self { latest_ms: now_ms, next: self.next.saturating_add(1), ..Self::default() };
    }

    fn add(&mut self, line: Summary) {
        self.latest_ms = self.latest_ms.max(line.updated_ms);
        if self.found.get(&line.run_id).is_some_and(|found| **found == line) {
            return;
        }
        let line = Arc::new(line);
        self.found.insert(line.run_id, Arc::clone(&line));
        self.lines.push_back(line);
        self.next = self.next.saturating_add(1);
        if self.lines.len() > KEPT_MAX {
            self.lines.pop_front();
        }
    }

    fn forget(&mut self) {
        let kept_ms = self.latest_ms.saturating_sub(AGAIN_MS);
        self.found.retain(|_, line| line.updated_ms >= kept_ms);
    }

    fn lines(&self, number: u64) -> Option<(Vec<Arc<Summary>>, u64)> {
        let first = self.next.saturating_sub(self.lines.len() as u64);
        let skipped = usize::try_from(number.checked_sub(first)?).ok()?;
        let lines: Vec<_> = self.lines.iter().skip(skipped).take(BATCH).cloned().collect();
        let behind = number.saturating_add(lines.len() as u64);
        Some((lines, behind))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stockade::Status;

    use super::*;

    fn line(run: u8, updated_ms: u64) -> Summary {
        Summary {
            run_id: RunId::from_bytes([run; 16]),
            workflow: "refund".to_owned(),
            status: Status::Running,
            state: "checking".to_owned(),
            updated_ms,
            start_key: None,
            labels: BTreeMap::new(),
            waiting_for: BTreeSet::new(),
            damaged: None,
        }
    }

    fn numbers(recent: &Recent, number: u64) -> Option<(Vec<u64>, u64)> {
        let (lines, behind) = recent.lines(number)?;
        Some((lines.iter().map(|line| line.updated_ms).collect(), behind))
    }

    #[test]
    fn a_line_that_is_found_again_has_one_number_and_one_that_has_changed_another() {
        let mut recent = Recent::default();
        [line(1, 10), line(2, 20), line(1, 10), line(1, 30)].into_iter().for_each(|line| recent.add(line));
        assert_eq!(numbers(&recent, 0), Some((vec![10, 20, 30], 3)));
        assert_eq!(numbers(&recent, 2), Some((vec![30], 3)));
        assert_eq!(numbers(&recent, 3), Some((vec![], 3)));
        recent.add(line(3, 30 + AGAIN_MS + 1));
        recent.forget();
        assert_eq!(recent.found.len(), 1, "those of long ago do not come again");
    }

    #[test]
    fn a_stream_that_is_too_late_is_told_so_and_takes_no_more_than_a_few_lines_at_once() {
        let mut recent = Recent::default();
        let count = KEPT_MAX as u64 + 10;
        (0..count).for_each(|at_ms| recent.add(line(1, at_ms)));
        assert_eq!((numbers(&recent, 9), recent.lines.len()), (None, KEPT_MAX));
        assert_eq!(recent.lines(10).map(|(lines, behind)| (lines.len(), behind)), Some((BATCH, 10 + BATCH as u64)));
        recent.begin(1_000);
        assert_eq!((numbers(&recent, count), numbers(&recent, count + 1)), (None, Some((vec![], count + 1))));
    }
}
