//! Which runs are due that may go on here, and in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stockade_journal::{Commit, Filter, Row, Summary};
use stockade_workflow::RunId;

use crate::run_log::is_storage;
use crate::turns::Lane;
use crate::{Fired, Host, QUEUE, Result, children, inbox, settlements, shared_budgets};

/// How many rows are read at once. What a row says may be long.
const PAGE: usize = 256;

/// How many rows of each space are looked at, so that many of other queues or of one tenant do not hide the others.
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
        let mut look = Look { host: self, queues, seen: BTreeSet::new(), due: Vec::new(), damaged: Vec::new() };
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
    async fn through(&mut self, space: &str) -> Result<()> {
        let (mut after, mut count) = (None, 0);
        loop {
            let page = self.host.services.journal.due(space, Duration::ZERO, after.as_ref(), PAGE).await?;
            let (is_first, is_last) = (count == 0, page.len() < PAGE);
            count += page.len();
            after = page.last().cloned();
            let summaries = self.summaries(&page).await?;
            for row in page {
                if let Some(run) = row.tie.run() {
                    self.at(run, row, summaries.get(&run), is_first).await?;
                }
            }
            if is_last || count >= ROWS_MAX {
                return Ok(());
            }
        }
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
        if !is_storage(&fault) {
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
