//! Which runs are due that may go on here, and in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stockade_journal::{Commit, Filter, Row, Summary};
use stockade_workflow::RunId;

use crate::turns::Lane;
use crate::{Fired, Host, QUEUE, Result, children, inbox, settlements, shared_budgets};

/// How many rows are read at once. What a row says may be long.
const PAGE: usize = 256;

/// How many rows of each space one look takes in, so that many of other queues or of one tenant do not hide the others. Where
/// there are more, the next look goes on behind them.
const ROWS_MAX: usize = 16_384;

/// The spaces whose rows let runs go on.
const SPACES: [&str; 5] = [shared_budgets::SPACE, inbox::TIMERS, inbox::SPACE, settlements::SPACE, children::ENDED];

/// A run that is due, by this row.
pub(crate) struct DueRun {
    pub(crate) run: RunId,
    space: String,
    key: String,
}

/// What is due, as it is looked through.
struct Look<'a> {
    host: &'a Host,
    queues: &'a BTreeSet<String>,
    /// How many rows of each space it takes in.
    rows_max: usize,
    seen: BTreeSet<RunId>,
    due: Vec<(Lane, DueRun)>,
    /// The runs of which what they have drawn of shared budgets cannot be read.
    damaged: Vec<Fired>,
}

impl Host {
    /// Returns the runs of some queues that are due and that this host does not drive, as many as may be driven and no more than
    /// `max`, in the order of their turns; and those of which what they have drawn of shared budgets cannot be read. What others
    /// that stand still have drawn and not used is given back.
    pub(crate) async fn due(&self, queues: &BTreeSet<String>, max: usize) -> Result<(Vec<DueRun>, Vec<Fired>)> {
        self.due_within(queues, max, ROWS_MAX).await
    }

    async fn due_within(
        &self,
        queues: &BTreeSet<String>,
        max: usize,
        rows_max: usize,
    ) -> Result<(Vec<DueRun>, Vec<Fired>)> {
        let (seen, due, damaged) = (BTreeSet::new(), Vec::new(), Vec::new());
        let mut look = Look { host: self, queues, rows_max, seen, due, damaged };
        if self.services.journal.databases() > 1 {
            look.through(shared_budgets::KEPT).await?;
        }
        for space in SPACES {
            look.through(space).await?;
        }
        Ok((self.services.turns.first(look.due, max), look.damaged))
    }

    /// Returns all rows of a space that are due; no more than are looked at.
    pub(crate) async fn due_rows(&self, space: &str) -> Result<Vec<Row>> {
        let mut rows = Vec::<Row>::new();
        loop {
            let page = self.services.journal.due(space, Duration::ZERO, rows.last(), PAGE).await?;
            let is_last = page.len() < PAGE;
            rows.extend(page);
            if is_last || rows.len() >= ROWS_MAX {
                return Ok(rows);
            }
        }
    }

    /// Looks at a due run again later.
    pub(crate) async fn put_off_run(&self, DueRun { space, key, .. }: &DueRun) -> Result<()> {
        match self.services.journal.row(space, key).await? {
            Some(row) => self.put_off(row).await,
            None => Ok(()),
        }
    }
}

impl Look<'_> {
    /// Looks through a space: from where the last look ended, and from the beginning once it has reached the end.
    async fn through(&mut self, space: &str) -> Result<()> {
        let host = self.host;
        let (journal, bookmarks) = (&host.services.journal, &host.services.bookmarks);
        let (mut after, mut count) = (bookmarks.get(space, self.queues), 0);
        let mut has_skipped = after.is_some();
        loop {
            let page = journal.due(space, Duration::ZERO, after.as_ref(), PAGE).await?;
            let (is_first, is_last) = (count == 0, page.len() < PAGE);
            count += page.len();
            after = page.last().cloned().filter(|_| !is_last);
            self.page(page, is_first).await?;
            if (is_last && !has_skipped) || count >= self.rows_max {
                bookmarks.set(space, self.queues, after.as_ref());
                return Ok(());
            }
            has_skipped &= !is_last;
        }
    }

    async fn page(&mut self, page: Vec<Row>, is_first: bool) -> Result<()> {
        let summaries = match self.summaries(&page).await {
            // An allotment lies with its budget. Its run may be in a database that cannot be reached: it stays due.
            Err(fault) if fault.is_of_storage() && self.are_apart(&page) => return Ok(()),
            summaries => summaries?,
        };
        for row in page {
            if let Some(run) = row.tie.run() {
                self.at(run, row, summaries.get(&run), is_first).await?;
            }
        }
        Ok(())
    }

    /// Whether runs of these rows may be in other databases than the rows.
    fn are_apart(&self, page: &[Row]) -> bool {
        self.host.services.journal.databases() > 1 && page.iter().any(|row| row.space == shared_budgets::SPACE)
    }

    async fn summaries(&self, page: &[Row]) -> Result<BTreeMap<RunId, Summary>> {
        let runs: BTreeSet<_> = page.iter().filter_map(|row| row.tie.run()).collect();
        if runs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let only = Filter { runs: Some(runs.into_iter().collect()), ..Filter::default() };
        let found = self.host.services.journal.runs(&only).await?;
        Ok(found.into_iter().map(|summary| (summary.run_id, summary)).collect())
    }

    /// Looks at a row of a run.
    async fn at(&mut self, run: RunId, row: Row, summary: Option<&Summary>, is_first: bool) -> Result<()> {
        let is_ours = self.is_ours(summary);
        if row.space == children::ENDED && summary.is_none_or(|summary| summary.status.is_over()) {
            // No run hears of this end any more.
            return self.host.services.journal.commit(&Commit::of_index(vec![children::heard(&row)])).await;
        }
        if row.space == shared_budgets::KEPT {
            return self.settle(run, &row).await;
        }
        // What a run has drawn is given back by whichever host sees it; but not all of it is looked at by all.
        if row.space == shared_budgets::SPACE && (is_ours || is_first) && !self.begins_anew(run, &row).await? {
            return Ok(());
        }
        if is_ours && !self.host.services.driving.has(run) && self.seen.insert(run) {
            let lane = summary.map(|summary| Lane::of(&summary.workflow, &summary.labels));
            let lane = lane.unwrap_or_else(|| Lane::of("", &BTreeMap::new()));
            self.due.push((lane, DueRun { run, space: row.space, key: row.key }));
        }
        Ok(())
    }

    /// Writes to an allotment in another database what its run has kept. Where that database cannot be reached, it is done later.
    async fn settle(&mut self, run: RunId, row: &Row) -> Result<()> {
        let Err(fault) = shared_budgets::settle(&*self.host.services.journal, row).await else { return Ok(()) };
        if !fault.is_of_storage() {
            self.damaged.push(Fired { run, resumed: Err(fault) });
        }
        self.host.put_off(row.clone()).await
    }

    /// Gives back what a run has not kept, and returns whether it waits for a period that has begun.
    async fn begins_anew(&mut self, run: RunId, row: &Row) -> Result<bool> {
        match self.host.look_at_allotment(row.clone()).await {
            Ok(anew) => Ok(anew.is_some()),
            Err(fault) => {
                self.damaged.push(Fired { run, resumed: Err(fault) });
                self.host.put_off(row.clone()).await?;
                Ok(false)
            }
        }
    }

    /// Returns whether a run is in one of the queues, or in any, where none is named.
    fn is_ours(&self, summary: Option<&Summary>) -> bool {
        let queue = summary.and_then(|summary| summary.labels.get(QUEUE));
        self.queues.is_empty() || queue.is_some_and(|queue| self.queues.contains(queue))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade_journal::{Journal as _, Lease, MemoryJournal, RowChange};
    use stockade_workflow::{Budget, Change, Entry, Origin, RunState};

    use super::*;
    use crate::Clock;

    /// A run that its journal has, in a queue.
    fn begun(run: RunId, queue: &str) -> Commit {
        let labels = BTreeMap::from([(QUEUE.to_owned(), queue.to_owned())]);
        let (workflow, input, origin) = ("w".to_owned(), json!(1).into(), Origin { labels, ..Origin::default() });
        let change = Change::Created { workflow, version: 1, input, budget: Budget::default(), origin };
        let entry = Entry { run, seq: 1, at_ms: 1, change };
        let summary = Some(Summary::of(&RunState::create(&entry).unwrap(), 1));
        let lease = Some(Lease::first(run));
        Commit { lease, releases: true, entries: vec![entry], summary, ..Commit::default() }
    }

    fn timer(number: u16, run: RunId) -> RowChange {
        RowChange::Add(Row::new(inbox::TIMERS, format!("{number:05}"), "").of(run).due(u64::from(number)))
    }

    /// All that is due first is of another queue, and more than one look takes in.
    #[tokio::test]
    async fn a_look_goes_on_behind_what_the_last_one_took_in_and_begins_anew_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let journal = MemoryJournal::new(Clock::default());
        let [mine, other] = [1, 2].map(|byte| RunId::from_bytes([byte; 16]));
        journal.commit(&begun(mine, "mine")).await.unwrap();
        journal.commit(&begun(other, "other")).await.unwrap();
        let many = 300;
        let others = (0..many).map(|number| timer(number, other)).collect();
        journal.commit(&Commit::of_index(others)).await.unwrap();
        journal.commit(&Commit::of_index(vec![timer(many, mine)])).await.unwrap();
        let builder = Host::builder().with_journal(journal).scratch(dir.path()).concurrency(3);
        let host = builder.build().await.unwrap();
        let (queues, mut found) = (BTreeSet::from(["mine".to_owned()]), Vec::new());
        for _ in 0..4 {
            let (due, _) = host.due_within(&queues, 9, PAGE).await.unwrap();
            found.push(due.into_iter().map(|due| due.run).collect::<Vec<_>>());
        }
        // The second one has begun anew, and the third goes on behind it.
        assert_eq!(found, [vec![], vec![mine], vec![mine], vec![mine]]);
        let (due, _) = host.due(&queues, 9).await.unwrap();
        assert_eq!(due.len(), 1);
        assert!(host.services.bookmarks.get(inbox::TIMERS, &queues).is_none(), "it has seen all");
    }
}
