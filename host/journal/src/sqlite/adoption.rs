//! How a copy of a journal is taken into use.

use std::path::Path;

use stockade_workflow::FORMAT;

use super::{SqliteJournal, connect, failed, newer, tables, unusable};
use crate::Result;
use crate::owner::Owner;

impl SqliteJournal {
    /// Takes a copy of a journal into use: its runs are driven by no process, and the leases that were held when it was copied
    /// are no longer valid, even if their holders open this file.
    ///
    /// # Errors
    ///
    /// Kind [`Journal`](stockade_workflow::Kind::Journal): with detail `version` where the tables or an entry are of a newer
    /// version, else where the file is not a journal or cannot be written.
    pub fn adopt(path: &Path) -> Result<()> {
        let mut connection = connect(path).map_err(|error| unusable(path, &error))?;
        tables::prepare(&mut connection, path)?;
        let newest = "SELECT coalesce(max(format), 0) FROM entries";
        let newest: u32 = connection.query_row(newest, [], |row| row.get(0)).map_err(|error| failed(path, &error))?;
        if newest > FORMAT {
            return Err(newer(path, newest, FORMAT));
        }
        let take = "UPDATE leases SET epoch = epoch + 1, owner = NULL, until_ms = 0";
        connection.execute(take, []).map(drop).map_err(|error| failed(path, &error))
    }

    /// Returns whether a process that lives writes to the journal in this file.
    pub fn is_written(path: &Path) -> bool {
        Owner::is_any_alive(path)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use serde_json::json;
    use stockade_system::Clock;

    use super::*;
    use crate::testing::stepped;
    use crate::{Commit, Journal, Lease};

    #[tokio::test]
    async fn a_lease_of_before_is_fenced_in_a_journal_that_was_adopted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let run = uuid::Uuid::now_v7().into();
        let commit =
            |seq, lease| Commit { lease: Some(lease), entries: vec![stepped(run, seq, json!(1))], ..Commit::default() };
        let before = SqliteJournal::open(&path, Clock::default()).unwrap();
        before.commit(&commit(1, Lease::first(run))).await.unwrap();
        assert!(SqliteJournal::is_written(&path) && before.is_held(run).await.unwrap());
        SqliteJournal::adopt(&path).unwrap();
        let fenced = before.commit(&commit(2, Lease::first(run))).await.unwrap_err();
        assert_eq!(fenced.detail.as_deref(), Some("fenced"));
        let after = SqliteJournal::open(&path, Clock::default()).unwrap();
        assert_eq!(after.claim(run).await.unwrap(), Lease { run, epoch: 3 });
        drop((before, after));
        assert!(!SqliteJournal::is_written(&path));
    }

    #[tokio::test]
    async fn a_journal_of_a_newer_format_is_not_adopted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let run = uuid::Uuid::now_v7().into();
        let commit = Commit { entries: vec![stepped(run, 1, json!(1))], ..Commit::default() };
        journal.commit(&commit).await.unwrap();
        Connection::open(&path).unwrap().execute("UPDATE entries SET format = 99", []).unwrap();
        assert_eq!(SqliteJournal::adopt(&path).unwrap_err().detail.as_deref(), Some("version"));
    }
}
