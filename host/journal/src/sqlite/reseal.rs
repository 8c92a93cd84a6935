//! How the rows of entries, and the blobs that they name, are sealed anew.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use stockade_workflow::{Change, Entry, FORMAT, RunId};

use super::entries::Failure;
use super::{blobs, newer, unread};
use crate::codec::{self, Blob, BlobDigest, Head, Unread};
use crate::keyring::Keyring;
use crate::{Result, deep};

/// How many rows are changed in one transaction, so that others may commit between two of them.
const ROWS_AT_ONCE: u32 = 128;

/// After how many bytes of rows a transaction ends, however few rows those are.
const BYTES_AT_ONCE: usize = 4 << 20;

/// Rows that are not as they would be written now. The parameter is what those begin with; a row of text is of an old version.
const STALE: &str = "
    SELECT id FROM entries WHERE id > ?1 AND substr(change, 1, length(?2)) IS NOT ?2 ORDER BY id LIMIT ?3";

/// Which keys rows and blobs name: 8 bytes behind a 2, which says that they are sealed.
const KEYS: &str = "
    SELECT CASE WHEN typeof(change) = 'blob' AND substr(change, 1, 1) = x'02' THEN substr(change, 2, 8) END AS key, count(*)
    FROM entries GROUP BY key
    UNION ALL
    SELECT CASE WHEN substr(bytes, 1, 1) = x'02' THEN substr(bytes, 2, 8) END AS key, count(*) FROM blobs GROUP BY key";

/// What one transaction has done.
pub(super) struct Step {
    /// The id of the last row that was looked at, and of the last one that there is.
    pub(super) at: u64,
    pub(super) all: u64,
    pub(super) changed: u64,
    pub(super) is_last: bool,
}

/// Seals the next rows anew.
pub(super) fn step(
    connection: &mut Connection,
    path: &Path,
    keys: &Keyring,
    after: u64,
) -> rusqlite::Result<Result<Step>> {
    // What is given up is overwritten, for it may be what was not sealed.
    connection.pragma_update(None, "secure_delete", "ON")?;
    // Others may write while it is looked for; a row that they have removed is passed over.
    let all = connection.query_row("SELECT coalesce(max(id), 0) FROM entries", [], |row| row.get(0))?;
    let stale = stale(connection, keys, after)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sealer = Sealer { connection: &transaction, path, keys, known: BTreeMap::new() };
    match sealer.some(&stale, Step { at: after, all, changed: 0, is_last: false }) {
        Ok(step) => transaction.commit().map(|()| Ok(step)),
        Err(Failure::Refused(fault)) => Ok(Err(fault)),
        Err(Failure::Storage(error)) => Err(error),
    }
}

fn stale(connection: &Connection, keys: &Keyring, after: u64) -> rusqlite::Result<Vec<u64>> {
    let mut select = connection.prepare_cached(STALE)?;
    let ids = select.query_map(params![after, codec::prefix(keys), ROWS_AT_ONCE], |row| row.get(0))?;
    ids.collect()
}

/// Returns what rows and blobs say of their keys, with how many say so.
pub(super) fn keys_in_use(connection: &Connection) -> rusqlite::Result<Vec<(Option<Vec<u8>>, u64)>> {
    connection.prepare(KEYS)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

struct Sealer<'a> {
    connection: &'a Connection,
    path: &'a Path,
    keys: &'a Keyring,
    /// Blobs by their digests of before: many rows name the same.
    known: BTreeMap<BlobDigest, Blob>,
}

/// A row as it is kept.
struct Kept {
    id: u64,
    run: RunId,
    seq: u64,
    at_ms: u64,
    format: u32,
    change: Value,
}

impl Sealer<'_> {
    fn some(mut self, stale: &[u64], mut step: Step) -> Result<Step, Failure> {
        let mut bytes = 0;
        for id in stale {
            bytes += self.change(*id)?;
            step.changed += 1;
            step.at = *id;
            if bytes >= BYTES_AT_ONCE {
                return Ok(step);
            }
        }
        step.is_last = stale.len() < ROWS_AT_ONCE as usize;
        if step.is_last {
            step.at = step.at.max(step.all);
        }
        Ok(step)
    }

    /// Seals a row anew, and returns how many bytes it has.
    fn change(&mut self, id: u64) -> Result<usize, Failure> {
        let Some(kept) = self.kept(id)? else { return Ok(0) };
        if kept.format > FORMAT {
            return Err(Failure::Refused(newer(self.path, kept.format, FORMAT)));
        }
        let changed = match &kept.change {
            Value::Blob(bytes) => self.packed(&kept, bytes),
            Value::Text(json) => self.plain(&kept, json),
            Value::Null | Value::Integer(_) | Value::Real(_) => {
                Err(self.refused(kept.run, Unread::new(kept.seq, "it is neither text nor bytes")))
            }
        }?;
        let mut update = self.connection.prepare_cached("UPDATE entries SET format = ?2, change = ?3 WHERE id = ?1")?;
        update.execute(params![id, FORMAT, changed])?;
        Ok(changed.len())
    }

    fn kept(&self, id: u64) -> rusqlite::Result<Option<Kept>> {
        let select = "SELECT run, seq, at_ms, format, change FROM entries WHERE id = ?1";
        let mut select = self.connection.prepare_cached(select)?;
        let kept = select.query_row([id], |row| {
            let run = RunId::from_bytes(row.get(0)?);
            let (seq, at_ms, format) = (row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(Kept { id, run, seq, at_ms, format, change: row.get(4)? })
        });
        kept.optional()
    }

    /// Makes a row of bytes anew, and has it name its blobs as they are called now.
    fn packed(&mut self, kept: &Kept, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let head = Head::read(kept.seq, bytes).map_err(|why| self.refused(kept.run, why))?;
        let named = head.blobs.iter().map(|digest| self.blob(kept, digest)).collect::<Result<Vec<_>, _>>()?;
        let digests: Vec<_> = named.iter().map(|blob| blob.digest).collect();
        let row = codec::resealed(kept.run, &head, &digests, self.keys);
        let row = row.map_err(|why| self.refused(kept.run, why))?;
        blobs::add(self.connection, &named)?;
        blobs::give_back(self.connection, &head.blobs)?;
        Ok(row)
    }

    /// Packs an entry that an old version has written.
    fn plain(&self, kept: &Kept, json: &str) -> Result<Vec<u8>, Failure> {
        let &Kept { id, run, seq, at_ms, .. } = kept;
        let change = deep::read(json, Change::read).map_err(|why| self.refused(run, Unread::new(seq, why)))?;
        let packed = codec::encode(&[Entry { run, seq, at_ms, change }], None, self.keys);
        let (rows, _) = packed.map_err(|why| self.refused(run, why))?;
        let none = || self.refused(run, Unread::new(seq, format!("nothing is packed of row {id}")));
        let row = rows.into_iter().next().ok_or_else(none)?;
        blobs::add(self.connection, &row.blobs)?;
        Ok(row.bytes)
    }

    /// Returns a blob as it is to be kept.
    fn blob(&mut self, kept: &Kept, digest: &BlobDigest) -> Result<Blob, Failure> {
        if let Some(known) = self.known.get(digest) {
            return Ok(known.clone());
        }
        let missing = || self.refused(kept.run, Unread::new(kept.seq, "one of its blobs is not there"));
        let bytes = blobs::bytes(self.connection, digest)?.ok_or_else(missing)?;
        let text = codec::blob_text(kept.seq, digest, &bytes, self.keys);
        let text = text.map_err(|why| self.refused(kept.run, why))?;
        let blob = Blob::of(&text, self.keys);
        let blob = blob.map_err(|error| self.refused(kept.run, Unread::new(kept.seq, error)))?;
        self.known.insert(*digest, blob.clone());
        Ok(blob)
    }

    fn refused(&self, run: RunId, why: Unread) -> Failure {
        Failure::Refused(unread(self.path, Some(run), why))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::json;
    use stockade_system::Clock;

    use super::*;
    use crate::sqlite::{SqliteJournal, connect};
    use crate::testing::{keys, keys_after, opening, stepped};
    use crate::{Commit, Journal, KeyUse, Lease, conformance};

    /// A journal in a folder of its own.
    struct Place(tempfile::TempDir);

    impl Place {
        fn path(&self) -> std::path::PathBuf {
            self.0.path().join("journal.db")
        }

        fn open(&self, keys: Keyring) -> SqliteJournal {
            SqliteJournal::open(self.path(), Clock::default()).unwrap().sealed_with(keys)
        }

        /// Whether one of the files of the journal has these bytes.
        fn has(&self, wanted: &[u8]) -> bool {
            let files = std::fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path());
            let mut files = files.filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap());
            files.any(|bytes| bytes.windows(wanted.len()).any(|window| window == wanted))
        }

        /// Writes the file anew: pages may have pieces left that are no row's any more.
        fn rewrite(&self) {
            let raw = Connection::open(self.path()).unwrap();
            raw.execute_batch("VACUUM").unwrap();
            raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }
    }

    fn place() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    /// What each frame begins with that is not sealed.
    const FRAME: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

    /// What is found where it is kept as text.
    const SHORT: &str = "q7Zw1-Kp4Xv9-Mt2Rb8-Ld5Yc3";

    fn long(number: u64) -> String {
        (0..900).map(|line| format!("{:x} ", (line + number).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect()
    }

    /// Entries that have short and long texts, and states that are differences to one another.
    fn entries(run: RunId) -> Vec<Entry> {
        let state =
            |seq: u64| json!({"short": SHORT, "document": long(1), "seen": (0..seq + 1_500).collect::<Vec<_>>()});
        (1..=6).map(|seq| stepped(run, seq, state(seq))).collect()
    }

    async fn written(journal: &SqliteJournal) -> RunId {
        let run = RunId::from(uuid::Uuid::now_v7());
        for entry in entries(run) {
            let commit = Commit { lease: Some(Lease::first(run)), entries: vec![entry], ..Commit::default() };
            journal.commit(&commit).await.unwrap();
        }
        run
    }

    /// Writes a run that no host drives any more.
    async fn left(journal: &SqliteJournal) -> RunId {
        let run = written(journal).await;
        journal.release(&Lease::first(run)).await.unwrap();
        run
    }

    fn used(uses: &[KeyUse]) -> Vec<(Option<&str>, bool)> {
        uses.iter().map(|one| (one.secret.as_deref(), one.is_current)).collect()
    }

    #[tokio::test]
    async fn a_sealed_journal_has_nothing_in_its_files_that_can_be_read() {
        let (sealed, plain) = (place(), place());
        let journal = sealed.open(keys("one"));
        let run = written(&journal).await;
        assert_eq!(journal.read(run).await.unwrap(), entries(run));
        assert_eq!(journal.read_after(run, 4, 1).await.unwrap(), entries(run)[4..5]);
        assert!(!sealed.has(FRAME) && !sealed.has(SHORT.as_bytes()));
        written(&plain.open(Keyring::default())).await;
        assert!(plain.has(FRAME), "it would be found");
    }

    #[tokio::test]
    async fn a_sealed_journal_does_what_every_journal_does() {
        let dir = tempfile::tempdir().unwrap();
        conformance::check(|clock| {
            let path = dir.path().join(format!("{}.db", uuid::Uuid::now_v7()));
            Box::new(move || Box::new(SqliteJournal::open(&path, clock.clone()).unwrap().sealed_with(keys("one"))))
        })
        .await;
    }

    #[tokio::test]
    async fn a_journal_without_its_key_says_which_one_it_needs() {
        let place = place();
        let run = written(&place.open(keys("one"))).await;
        for keys in [Keyring::default(), keys("other")] {
            let fault = place.open(keys).read(run).await.unwrap_err();
            assert_eq!(fault.detail.as_deref(), Some("key"));
            assert!(fault.message.contains(&run.to_string()) && fault.message.contains("[journal]"), "{fault}");
        }
    }

    #[tokio::test]
    async fn rows_that_were_swapped_are_refused() {
        let place = place();
        let journal = place.open(keys("one"));
        let (one, other) = (written(&journal).await, written(&journal).await);
        let raw = Connection::open(place.path()).unwrap();
        let swap = "UPDATE entries SET change = (SELECT change FROM entries WHERE run = ?1 AND seq = 1) WHERE run = ?2 AND seq = 1";
        assert_eq!(raw.execute(swap, params![one.as_bytes(), other.as_bytes()]).unwrap(), 1);
        assert_eq!(journal.read_after(other, 0, 1).await.unwrap_err().detail.as_deref(), Some("entry"));
        assert_eq!(journal.read(one).await.unwrap(), entries(one));
    }

    #[tokio::test]
    async fn what_was_not_sealed_is_read_and_sealed_and_leaves_no_trace() {
        let place = place();
        let run = written(&place.open(Keyring::default())).await;
        let journal = place.open(keys("one"));
        assert_eq!(journal.read(run).await.unwrap(), entries(run));
        assert_eq!(journal.reseal(&|_, _| {}).await.unwrap(), 6);
        assert_eq!(used(&journal.keys_in_use().await.unwrap()), [(Some("one"), true)]);
        assert_eq!(journal.read(run).await.unwrap(), entries(run));
        assert_eq!(journal.reseal(&|_, _| {}).await.unwrap(), 0, "it is done");
        place.rewrite();
        assert!(!place.has(FRAME));
        // And back again.
        place.open(opening("one")).reseal(&|_, _| {}).await.unwrap();
        assert_eq!(place.open(Keyring::default()).read(run).await.unwrap(), entries(run));
    }

    #[tokio::test]
    async fn a_key_can_be_removed_once_all_is_sealed_under_the_next() {
        let place = place();
        let journal = place.open(keys("one"));
        let runs = [left(&journal).await, left(&journal).await];
        let journal = place.open(keys_after("other", "one"));
        let third = left(&journal).await;
        let before = journal.keys_in_use().await.unwrap();
        assert_eq!(before.len(), 2);
        assert!(used(&before).contains(&(Some("one"), false)) && used(&before).contains(&(Some("other"), true)));
        let last = AtomicU64::new(0);
        let told = |done: u64, all: u64| {
            assert!(last.swap(done, Ordering::Relaxed) <= done && done <= all);
        };
        assert_eq!(journal.reseal(&told).await.unwrap(), 12);
        assert_eq!(last.load(Ordering::Relaxed), 18);
        let journal = place.open(keys("other"));
        for run in [runs[0], runs[1], third] {
            assert_eq!(journal.read(run).await.unwrap(), entries(run));
        }
        // A removal gives back the blobs as they are called now.
        for run in [runs[0], runs[1], third] {
            let lease = journal.claim(run).await.unwrap();
            journal.remove(&lease, &[]).await.unwrap();
        }
        let raw = Connection::open(place.path()).unwrap();
        let left: u64 = raw.query_row("SELECT count(*) FROM blobs", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }

    #[tokio::test]
    async fn a_rotation_that_was_interrupted_goes_on_where_it_was() {
        let place = place();
        let run = written(&place.open(keys("one"))).await;
        let keys = keys_after("other", "one");
        let mut raw = connect(&place.path()).unwrap();
        // A transaction that is not committed is one that was never begun.
        let transaction = raw.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let path = place.path();
        let mut sealer = Sealer { connection: &transaction, path: &path, keys: &keys, known: BTreeMap::new() };
        for id in 1..=3 {
            assert!(sealer.change(id).is_ok());
        }
        drop(sealer);
        transaction.commit().unwrap();
        let journal = place.open(keys);
        assert_eq!(journal.read(run).await.unwrap(), entries(run), "half of it is done");
        assert_eq!(journal.reseal(&|_, _| {}).await.unwrap(), 3);
        assert_eq!(journal.read(run).await.unwrap(), entries(run));
    }

    /// Whose rows are sealed anew goes on writing differences to what it has in memory.
    #[tokio::test]
    async fn a_run_that_is_driven_goes_on_while_its_rows_are_sealed_anew() {
        let place = place();
        let journal = place.open(keys("one"));
        let run = RunId::from(uuid::Uuid::now_v7());
        let commit = |entry| Commit { lease: Some(Lease::first(run)), entries: vec![entry], ..Commit::default() };
        for (number, entry) in entries(run).into_iter().enumerate() {
            journal.commit(&commit(entry)).await.unwrap();
            if number == 2 {
                place.open(keys_after("other", "one")).reseal(&|_, _| {}).await.unwrap();
            }
        }
        assert_eq!(place.open(keys_after("one", "other")).read(run).await.unwrap(), entries(run));
    }

    /// Rows of text are of before the sixth version.
    #[tokio::test]
    async fn an_entry_of_an_old_version_is_sealed_too() {
        let place = place();
        let journal = place.open(keys("one"));
        let run = RunId::from(uuid::Uuid::now_v7());
        let raw = Connection::open(place.path()).unwrap();
        for Entry { seq, at_ms, change, .. } in entries(run) {
            let values = params![run.as_bytes(), seq, at_ms, serde_json::to_string(&change).unwrap()];
            let insert = "INSERT INTO entries (run, seq, format, at_ms, change) VALUES (?1, ?2, 6, ?3, ?4)";
            raw.execute(insert, values).unwrap();
        }
        assert!(place.has(SHORT.as_bytes()), "it would be found");
        assert_eq!(journal.reseal(&|_, _| {}).await.unwrap(), 6);
        assert_eq!(journal.read(run).await.unwrap(), entries(run));
        place.rewrite();
        assert!(!place.has(SHORT.as_bytes()));
    }
}
