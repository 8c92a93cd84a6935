//! Budgets that many runs share, on whichever host they run.
//!
//! A budget is an *account*: a row of the journal's index for each period and group. A run draws an *allotment* from it before it
//! reserves an effect's amount, in a transaction of the index that only one of several hosts can make; so what all runs have
//! drawn never exceeds the limit, however they interleave and wherever a host stops. When a run stands still, it keeps of its
//! allotment what it has used or reserved, and the rest goes back to the account.

mod account;
mod allotment;
mod kept;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use stockade_journal::{Journal, RowChange};
use stockade_workflow::{Currency, Exceeded, Fault, Origin, RunId, RunState, Usage};

use crate::Result;
use crate::config::SharedBudget;
pub(crate) use account::{Account, SPACE as ACCOUNTS, parts, prefix};
pub(crate) use allotment::{Allotment, begins_anew, give_back};
pub(crate) use kept::{SPACE as KEPT, settle};
pub(crate) use standing::SPACE;

/// The shared budgets of a host, by name.
pub(crate) type SharedBudgets = BTreeMap<String, SharedBudget>;

/// The allotments of one run.
#[derive(Default)]
pub(crate) struct Allotments {
    is_read: bool,
    all: Vec<Allotment>,
}

/// Why a shared budget gives no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted {
    /// The budget.
    pub(crate) budget: String,
    /// What of it is used up.
    pub(crate) exceeded: Exceeded,
}

impl Allotments {
    /// Reads what the run has drawn, once.
    pub(crate) async fn read(
        &mut self,
        journal: &dyn Journal,
        budgets: &SharedBudgets,
        state: &RunState,
    ) -> Result<()> {
        if self.is_read {
            return Ok(());
        }
        for (name, budget) in budgets.iter().filter(|(_, budget)| is_of(budget, state.workflow())) {
            self.all.push(Allotment::read(journal, name, budget, state).await?);
        }
        self.is_read = true;
        Ok(())
    }

    /// Returns whether the run may set an amount aside by what it has drawn.
    pub(crate) fn allow(&self, taken: &Usage, amount: &Usage) -> bool {
        self.all.iter().all(|allotment| allotment.allows(taken, amount))
    }

    /// Draws what an amount needs.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub(crate) async fn draw(
        &mut self,
        journal: &dyn Journal,
        now_ms: u64,
        taken: &Usage,
        amount: &Usage,
    ) -> Result<Result<(), Exhausted>> {
        for allotment in &mut self.all {
            if let Err(exhausted) = allotment.draw(journal, now_ms, taken, amount).await? {
                return Ok(Err(exhausted));
            }
        }
        Ok(Ok(()))
    }

    /// Returns the budgets of which the last draw gives a warning, with how they stand.
    pub(crate) fn warnings(&mut self) -> impl Iterator<Item = (&str, Exceeded)> {
        self.all.iter_mut().flat_map(Allotment::warnings)
    }

    /// Returns the changes with which a run that stands still keeps what it has used or set aside; `suspended_by` is the budget
    /// for whose next period it waits.
    pub(crate) fn kept(
        &self,
        journal: &dyn Journal,
        state: &RunState,
        now_ms: u64,
        suspended_by: Option<&str>,
        taken: &Usage,
    ) -> Result<Vec<RowChange>> {
        let kept = |allotment: &Allotment| allotment.kept(journal, state, now_ms, suspended_by, taken).transpose();
        self.all.iter().filter_map(kept).collect()
    }

    /// Gives back what was drawn and is not kept. Where that fails, a host that looks for what is due does it.
    pub(crate) async fn give_back(&self, journal: &dyn Journal) {
        for allotment in &self.all {
            let _ = kept::settle_all(journal, &allotment.key).await;
            if let Ok(Some(row)) = journal.row(SPACE, &allotment.key).await {
                let _ = give_back(journal, row).await;
            }
        }
    }
}

/// Gives back what a run that is removed has drawn and not kept: its rows go with it.
///
/// # Errors
///
/// A journal that fails; the run is not removed then.
pub(crate) async fn settle_run(journal: &dyn Journal, budgets: &SharedBudgets, run: RunId) -> Result<()> {
    for budget in budgets.keys() {
        let key = standing::key(run, budget);
        kept::settle_all(journal, &key).await?;
        if let Some(row) = journal.row(SPACE, &key).await? {
            give_back(journal, row).await?;
        }
    }
    Ok(())
}

fn is_of(budget: &SharedBudget, workflow: &str) -> bool {
    budget.workflows.is_empty() || budget.workflows.contains(workflow)
}

/// Checks that a run which is to be started says by whose budgets it is.
///
/// # Errors
///
/// Kind [`Kind::Invalid`](stockade_workflow::Kind::Invalid) with detail `budget`: a budget is by what the run does not say.
pub(crate) fn check(budgets: &SharedBudgets, workflow: &str, origin: &Origin) -> Result<()> {
    for (name, budget) in budgets.iter().filter(|(_, budget)| is_of(budget, workflow)) {
        if let Some(by) = budget.by.filter(|by| by.group(workflow, origin).is_none()) {
            let why = format!("the shared budget \"{name}\" is by {by}, and this run of \"{workflow}\" {}", by.lacks());
            return Err(Fault::invalid("budget", format!("{why}; say it when the run is started")));
        }
    }
    Ok(())
}

impl Exhausted {
    fn of(budget: &str, currency: Currency, allowed: u64, used: u64) -> Self {
        Self { budget: budget.to_owned(), exceeded: Exceeded { limit: currency, allowed, used } }
    }
}
