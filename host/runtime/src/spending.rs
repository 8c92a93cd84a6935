//! How the budgets that runs share stand.

use serde::Serialize;
use stockade_journal::Row;
use stockade_workflow::Usage;

use crate::config::shared_budget::Limit;
use crate::shared_budgets::{ACCOUNTS, Account, give_back, parts};
use crate::{Host, Listing, Result, Unreadable};

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
    /// Returns how the shared budgets of this host stand, in all periods that the journal has, by name and period. An account
    /// that cannot be read is named.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn shared_budgets(&self) -> Result<Listing<SharedBudgetReport>> {
        let rows = self.services.journal.find(ACCOUNTS, "", None, usize::MAX).await?;
        let known = |row: &Row| parts(row).filter(|(name, ..)| self.services.budgets.contains_key(name));
        let report = |(row, (name, period, group)): (&Row, (String, String, String))| -> Result<_, Unreadable> {
            let limit = self.services.budgets.get(&name).map(|budget| budget.limit.clone()).unwrap_or_default();
            let taken = row.read::<Account>().map_err(|error| Unreadable { run_id: None, error })?.taken;
            Ok(SharedBudgetReport { name, period, group, taken, limit })
        };
        Ok(rows.iter().filter_map(|row| Some((row, known(row)?))).map(report).collect())
    }

    /// Gives back what a run has not kept, and returns the row, as it then is, of a run that waits for a period that has begun.
    pub(crate) async fn look_at_allotment(&self, row: Row) -> Result<Option<Row>> {
        let now_ms = self.services.clock.now_ms();
        let row = give_back(&*self.services.journal, row).await?;
        Ok(row.filter(|row| row.due_ms.is_some_and(|again_ms| again_ms <= now_ms)))
    }
}
