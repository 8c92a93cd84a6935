//! The keys under which the journal is sealed, and the change from one to the next.

use stockade_journal::KeyUse;

use crate::{Host, Result};

impl Host {
    /// Seals the whole journal under the key that seals now; without one, opens all that is sealed. Other hosts may work meanwhile. It
    /// can be stopped at any time, and goes on where it was when it is begun again. Tells how far it is, of how much, in each
    /// database. Returns how many rows were changed.
    ///
    /// Hosts that do not have the new key yet cannot read what is sealed under it: give them all both keys before.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Journal`](crate::Kind::Journal): with detail `key` where the key of a row is not there, with detail `entry` where
    /// a row is damaged, else where the journal fails.
    pub async fn reseal_journal(&self, told: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<u64> {
        self.services.journal.reseal(told).await
    }

    /// Returns under which keys the journal is sealed, with how much.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn journal_keys(&self) -> Result<Vec<KeyUse>> {
        self.services.journal.keys_in_use().await
    }
}
