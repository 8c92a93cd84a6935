//! What may be used once, whichever host of the journal is asked, and the keys that all of them share.

use stockade_journal::{Commit, Row, RowChange, index};
use stockade_workflow::{Fault, Kind, RunId};
use uuid::Uuid;

use crate::{Host, Result};

/// The space of what was used: the key has the run and what was used.
const USED: &str = "used";

/// The space of the keys that all hosts of a journal share: the key is the purpose.
const SHARED_KEY: &str = "shared_key";

impl Host {
    /// Writes down that something of a run was used, and returns whether it was used for the first time. It is forgotten
    /// with the run.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn use_once(&self, run: RunId, what: &str) -> Result<bool> {
        let row = Row::new(USED, index::key([&*run.to_string(), what]), "").of(run);
        match self.services.journal.commit(&Commit::of_index(vec![RowChange::Add(row)])).await {
            Ok(()) => Ok(true),
            Err(refused) if refused.kind == Kind::Conflict => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Returns the key of a purpose, of 64 bytes, that all hosts of the journal share and that is made when it is first asked
    /// for: what one of them signs, another one can check. Anyone who can read the journal has it.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn shared_key(&self, purpose: &str) -> Result<Vec<u8>> {
        let journal = &self.services.journal;
        // Each has 122 bits of the system's randomness.
        let made = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        journal.commit(&Commit::of_index(vec![RowChange::Ensure(Row::new(SHARED_KEY, purpose, made))])).await?;
        let row = journal.row(SHARED_KEY, purpose).await?;
        let lost =
            || Fault::new(Kind::Journal, format!("the journal has lost its key \"{purpose}\"")).detail(SHARED_KEY);
        row.map(|row| row.value.into_bytes()).ok_or_else(lost)
    }
}
