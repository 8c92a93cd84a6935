//! What is long in entries, kept once by its digest, for as long as a row of entries names it.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params};
use stockade_workflow::RunId;

use crate::codec::{Blob, BlobDigest, Head};

/// What the sixth version added for them. `refs` counts how often rows of entries name one.
pub(super) const TABLES: &str = "
    CREATE TABLE blobs (
        id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, refs INTEGER NOT NULL, bytes BLOB NOT NULL
    );";

/// Keeps blobs that a new row names.
pub(super) fn add(connection: &Connection, blobs: &[Blob]) -> rusqlite::Result<()> {
    for Blob { digest, bytes } in blobs {
        let insert = "INSERT INTO blobs (digest, refs, bytes) VALUES (?1, 1, ?2)
            ON CONFLICT (digest) DO UPDATE SET refs = refs + 1";
        connection.prepare_cached(insert)?.execute(params![digest, bytes])?;
    }
    Ok(())
}

/// Returns a blob as it is kept.
pub(super) fn bytes(connection: &Connection, digest: &BlobDigest) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut select = connection.prepare_cached("SELECT bytes FROM blobs WHERE digest = ?1")?;
    select.query_row([digest], |row| row.get(0)).optional()
}

/// Gives back what the entries of a run name, before they are removed.
pub(super) fn release(connection: &Connection, run: RunId) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached("SELECT seq, change FROM entries WHERE run = ?1")?;
    let mut rows = select.query([run.as_bytes()])?;
    while let Some(row) = rows.next()? {
        let ValueRef::Blob(bytes) = row.get_ref(1)? else { continue };
        // What a damaged row names is not known, and stays.
        let Ok(head) = Head::read(row.get(0)?, bytes) else { continue };
        give_back(connection, &head.blobs)?;
    }
    Ok(())
}

/// Gives back what a row no longer names; what none names is removed.
pub(super) fn give_back(connection: &Connection, digests: &[BlobDigest]) -> rusqlite::Result<()> {
    let mut release = connection.prepare_cached("UPDATE blobs SET refs = refs - 1 WHERE digest = ?1")?;
    let mut remove = connection.prepare_cached("DELETE FROM blobs WHERE digest = ?1 AND refs <= 0")?;
    for digest in digests {
        release.execute([digest])?;
        remove.execute([digest])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade_system::Clock;
    use stockade_workflow::{Budget, Change, Entry, Kind, Origin};

    use super::*;
    use crate::sqlite::SqliteJournal;
    use crate::{Commit, Journal, Lease};

    /// Begins a run with a document, which no other has.
    fn begun(run: RunId, document: &str) -> Commit {
        let input = json!({"document": document, "pages": 3}).into();
        let change = Change::Created {
            workflow: "w".into(),
            version: 1,
            input,
            budget: Budget::NONE,
            origin: Origin::default(),
        };
        let entries = vec![Entry { run, seq: 1, at_ms: 5, change }];
        Commit { lease: Some(Lease::first(run)), entries, ..Commit::default() }
    }

    fn kept(raw: &Connection) -> Vec<u64> {
        let mut select = raw.prepare("SELECT refs FROM blobs ORDER BY refs").unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn a_long_text_is_kept_once_and_as_long_as_a_run_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let raw = Connection::open(&path).unwrap();
        let [one, other, third] = [0; 3].map(|_| RunId::from(uuid::Uuid::now_v7()));
        let commits = [begun(one, &"a line, ".repeat(9_000)), begun(other, &"a line, ".repeat(9_000))];
        for commit in commits.iter().chain([&begun(third, &"another, ".repeat(9_000))]) {
            journal.commit(commit).await.unwrap();
        }
        assert_eq!(kept(&raw), [1, 2]);
        assert_eq!(journal.read(other).await.unwrap(), commits[1].entries);
        journal.remove(&Lease::first(one), &[]).await.unwrap();
        assert_eq!(kept(&raw), [1, 1]);
        assert_eq!(journal.read(other).await.unwrap(), commits[1].entries);
        journal.remove(&Lease::first(other), &[]).await.unwrap();
        journal.remove(&Lease::first(third), &[]).await.unwrap();
        assert_eq!(kept(&raw), [0; 0]);
    }

    #[tokio::test]
    async fn a_text_that_is_not_there_is_missed_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let run = RunId::from(uuid::Uuid::now_v7());
        journal.commit(&begun(run, &"a line, ".repeat(9_000))).await.unwrap();
        Connection::open(&path).unwrap().execute("DELETE FROM blobs", []).unwrap();
        let fault = journal.read(run).await.unwrap_err();
        assert_eq!(fault.kind, Kind::Journal);
        assert!(fault.message.contains(&format!("entry 1 of run {run}")) && fault.message.contains("blobs"), "{fault}");
    }
}
