//! What a run keeps of an allotment that is in another database than the run: the budget's.
//!
//! A run that stands still says what it keeps in the commit with which it does. That commit writes to the run's database, so it
//! leaves a row there, which is due at once; whichever host sees it first writes to the allotment what it says. That is done once,
//! and not at all where the run has drawn since: the allotment must be as the run saw it, and is never so again.

use serde::{Deserialize, Serialize};
use stockade_journal::{Commit, Journal, Row, RowChange, index};

use super::standing::{self, Standing};
use crate::Result;

/// The space of these rows: the key is the run, the budget, and the number of the run's record.
pub(crate) const SPACE: &str = "kept";

/// How many digits the number has.
const DIGITS: usize = 20;

/// What becomes of an allotment.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    /// How it stood when the run stopped.
    pub(super) before: Standing,
    /// How it stands from then on.
    pub(super) after: Standing,
}

impl Kept {
    /// Its row, of an allotment under this key.
    pub(super) fn row(&self, allotment: &str, seq: u64) -> Result<Row> {
        Ok(Row::new(SPACE, format!("{allotment}/{seq:0DIGITS$}"), Row::text(self)?))
    }
}

/// Writes to an allotment what its run has kept and no host has written there yet.
pub(super) async fn settle_all(journal: &dyn Journal, allotment: &str) -> Result<()> {
    if journal.databases() < 2 {
        return Ok(());
    }
    for row in journal.find(SPACE, &format!("{allotment}/"), None, usize::MAX).await? {
        settle(journal, &row).await?;
    }
    Ok(())
}

/// Writes to its allotment what a row says, and removes the row.
pub(crate) async fn settle(journal: &dyn Journal, row: &Row) -> Result<()> {
    let Kept { before, after } = row.read()?;
    let allotment = row.key.rsplit_once('/').map_or(&*row.key, |(allotment, _)| allotment);
    let value = Row::text(&after)?;
    while let Some(seen) = journal.row(standing::SPACE, allotment).await? {
        let is_as_before = seen.read::<Standing>()? == before;
        if !is_as_before || index::replace(journal, seen, row.due_ms, value.clone()).await?.is_some() {
            break;
        }
    }
    let done = RowChange::Remove { space: SPACE.to_owned(), key: row.key.clone() };
    journal.commit(&Commit::of_index(vec![done])).await
}
