//! How the budgets that runs share stand.

use serde::Serialize;
use stockade_journal::Row;
use stockade_workflow::Usage;

use crate::config::shared_budget::Limit;
use crate::shared_budgets::{ACCOUNTS, Account, give_back, parts, prefix};
use crate::{Host, Listing, Result, Unreadable};

/// The most accounts of a page: a budget has one for each period and each group.
const ACCOUNTS_MAX: usize = 1_000;

/// A page of how shared budgets stand.
#[derive(Clone, Debug, Default)]
pub struct SharedBudgetPage {
    /// How they stand, by name, period and group.
    pub found: Vec<SharedBudgetReport>,
    /// What cannot be read, and is left out.
    pub unreadable: Vec<Unreadable>,
    /// The end of this page, behind which the next one begins; absent on the last page.
    pub next: Option<String>,
}

/// How a shared budget stands in one period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SharedBudgetReport {
    /// Its name.
    pub name: String,
    /// The period, as the beginning of its time; empty where it never begins anew.
    pub period: String,
    /// What the runs that share it have in common; empty where all do.
    pub group: String,
    /// What is used or set aside.
    pub taken: Usage,
    /// What is allowed, in the currencies that have a limit.
    pub limit: Limit,
}

impl Host {
    /// Returns a page of how the shared budgets of this host stand, in all periods that the journal has, by name, period and
    /// group: those behind the [end](SharedBudgetPage::next) of another page, and no more than `limit` or 1,000. An account that
    /// cannot be read is named. A page may have nothing, and there may be a next one all the same.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn shared_budgets(&self, after: Option<&str>, limit: usize) -> Result<SharedBudgetPage> {
        let limit = limit.clamp(1, ACCOUNTS_MAX);
        // One account more tells whether there is another page.
        let mut rows = self.services.journal.find(ACCOUNTS, "", after, limit.saturating_add(1)).await?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|row| row.key.clone());
        let Listing { found, unreadable } = self.accounts(&rows);
        Ok(SharedBudgetPage { found, unreadable, next })
    }

    /// Returns how the shared budgets of this host stand in the periods of now, by name and group, and no more than `limit`.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn current_budgets(&self, limit: usize) -> Result<Listing<SharedBudgetReport>> {
        let (now_ms, mut rows) = (self.services.clock.now_ms(), Vec::new());
        for (name, budget) in &self.services.budgets {
            let left = limit.saturating_sub(rows.len());
            if left == 0 {
                break;
            }
            let prefix = prefix(name, &budget.per.period(now_ms));
            rows.extend(self.services.journal.find(ACCOUNTS, &prefix, None, left).await?);
        }
        Ok(self.accounts(&rows))
    }

    /// Reads accounts, but for those of budgets that this host does not have.
    fn accounts(&self, rows: &[Row]) -> Listing<SharedBudgetReport> {
        let known = |row: &Row| parts(row).filter(|(name, ..)| self.services.budgets.contains_key(name));
        let report = |(row, (name, period, group)): (&Row, (String, String, String))| -> Result<_, Unreadable> {
            let limit = self.services.budgets.get(&name).map(|budget| budget.limit.clone()).unwrap_or_default();
            let taken = row.read::<Account>().map_err(|error| Unreadable { run_id: None, error })?.taken;
            Ok(SharedBudgetReport { name, period, group, taken, limit })
        };
        rows.iter().filter_map(|row| Some((row, known(row)?))).map(report).collect()
    }

    /// Gives back what a run has not kept, and returns the row, as it then is, of a run that waits for a period that has begun.
    pub(crate) async fn look_at_allotment(&self, row: Row) -> Result<Option<Row>> {
        let now_ms = self.services.clock.now_ms();
        let row = give_back(&*self.services.journal, row).await?;
        Ok(row.filter(|row| row.due_ms.is_some_and(|again_ms| again_ms <= now_ms)))
    }
}
