use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockade_journal::{Journal, Row, RowChange, index};
use stockade_workflow::{Currency, Usage};

use crate::Result;

/// The space of the accounts: the key is the budget, the period and the group.
pub(crate) const SPACE: &str = "budget";

/// What all runs have drawn of a budget in one period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) taken: Usage,
    /// The limits of which a warning was given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) warned: BTreeMap<Currency, u64>,
}

/// An account as it was read, to be written only if it is still so.
pub(super) struct Seen {
    key: String,
    row: Option<Row>,
    pub(super) account: Account,
}

pub(super) fn key(budget: &str, period: &str, group: &str) -> String {
    index::key([budget, period, group])
}

/// Returns what the keys of the accounts of a budget in a period begin with.
pub(crate) fn prefix(budget: &str, period: &str) -> String {
    key(budget, period, "")
}

/// Returns the budget, the period and the group of an account.
pub(crate) fn parts(row: &Row) -> Option<(String, String, String)> {
    let mut parts = index::parts(&row.key).into_iter();
    Some((parts.next()?, parts.next()?, parts.next()?))
}

impl Account {
    /// Counts `now` in place of what was counted before.
    pub(super) fn recount(&mut self, before: &Usage, now: &Usage) {
        for currency in Currency::ALL {
            let rest = self.taken.get(currency).saturating_sub(before.get(currency));
            self.taken = self.taken.with(currency, rest.saturating_add(now.get(currency)));
        }
    }
}

impl Seen {
    pub(super) async fn read(journal: &dyn Journal, key: &str) -> Result<Self> {
        let row = journal.row(SPACE, key).await?;
        let account = row.as_ref().map(Row::read::<Account>).transpose()?.unwrap_or_default();
        Ok(Self { key: key.to_owned(), row, account })
    }

    /// Returns the change that writes it, unless another host was faster.
    pub(super) fn written(self) -> Result<RowChange> {
        let value = Row::text(&self.account)?;
        Ok(match self.row {
            Some(seen) => RowChange::Replace { seen, due_ms: None, value },
            None => RowChange::Add(Row::new(SPACE, self.key, value)),
        })
    }
}
