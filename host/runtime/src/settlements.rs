//! What the journal's index has of calls of which it was settled what became of them.

use stockade_journal::{Commit, Journal, Row, RowChange, index};
use stockade_workflow::{Fault, Kind, RunId, Settlement};

use crate::Result;

/// The space of the settlements: the key is the run and the effect's key, the value is the settlement. A row is due at once,
/// and no more once the run has it.
pub(crate) const SPACE: &str = "settlement";

/// Returns whether a settlement is there that says the same, by any person.
pub(crate) async fn is_there(journal: &dyn Journal, run: RunId, settlement: &Settlement) -> Result<bool> {
    let row = journal.row(SPACE, &index::key([&*run.to_string(), &settlement.key])).await?;
    let there = row.map(|row| row.read::<Settlement>()).transpose()?;
    Ok(there.is_some_and(|there| there.found == settlement.found))
}

/// Puts a settlement there. The same one, sent twice, is one.
pub(crate) async fn put(journal: &dyn Journal, run: RunId, settlement: &Settlement) -> Result<()> {
    let value = Row::text(settlement)?;
    let key = index::key([&*run.to_string(), &settlement.key]);
    let row = Row::new(SPACE, &key, value).of(run).due(0);
    match journal.commit(&Commit::of_index(vec![RowChange::Add(row)])).await {
        Err(refused) if refused.detail.as_deref() == Some(SPACE) => {}
        put => return put,
    }
    match journal.row(SPACE, &key).await?.map(|row| row.read::<Settlement>()).transpose()? {
        Some(there) if there != *settlement => {
            let message = format!("a settlement of call {there} of run {run} is there already");
            Err(Fault::new(Kind::Conflict, message).detail("settled"))
        }
        Some(_) | None => Ok(()),
    }
}
