//! The rows of entries: how they are read.
//!
//! A row of bytes is packed, and has the entries of a commit under the number of the last. A row of text is one entry in JSON, as
//! versions before the sixth wrote them.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};
use stockade_workflow::{Change, Entry, FORMAT, Fault, RunId};

use super::{blobs, newer, unread};
use crate::codec::{self, BEFORE_MAX, BlobDigest, Head, Unpacked, Unpacker, Unread};
use crate::keyring::Keyring;
use crate::{Result, deep};

/// A row as it was read. To make entries of it takes the most of the time, and no connection.
pub(super) enum Row {
    Packed(Unpacked),
    Plain { seq: u64, at_ms: u64, json: String },
}

impl Row {
    /// How long its JSON is.
    fn bytes(&self) -> usize {
        match self {
            Self::Packed(row) => row.payload.len() + row.blobs.iter().map(String::len).sum::<usize>(),
            Self::Plain { json, .. } => json.len(),
        }
    }

    /// Makes the entries of the row, of those after a number.
    fn entries(self, run: RunId, after: u64) -> Result<Vec<Entry>, Unread> {
        match self {
            Self::Packed(row) => row.entries(run, after),
            Self::Plain { seq, at_ms, json } => {
                let change = deep::read(&json, Change::read).map_err(|why| Unread::new(seq, why))?;
                Ok(vec![Entry { run, seq, at_ms, change }])
            }
        }
    }
}

/// Whether none is behind the rows of a page of so many bytes.
pub(super) fn are_last(rows: &[Row], bytes_max: usize) -> bool {
    rows.iter().map(Row::bytes).fold(0, usize::saturating_add) < bytes_max
}

/// Makes entries of rows of a run, of those after a number.
pub(super) fn of(rows: Vec<Row>, path: &Path, run: RunId, after: u64) -> Result<Vec<Entry>> {
    let mut all = Vec::new();
    for row in rows {
        all.extend(row.entries(run, after).map_err(|why| unread(path, Some(run), why))?);
    }
    Ok(all)
}

/// Why a row could not be read: the storage fails, or the row is refused.
pub(super) enum Failure {
    Storage(rusqlite::Error),
    Refused(Fault),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error)
    }
}

/// Reads the rows of a run that end after a number, until their JSON has so many bytes.
pub(super) fn page(
    connection: &Connection,
    path: &Path,
    keys: &Keyring,
    run: RunId,
    after: u64,
    bytes_max: usize,
) -> rusqlite::Result<Result<Vec<Row>>> {
    let reader = Reader { connection, path, keys, run, unpacker: Unpacker::new(run, keys) };
    match reader.page(after, bytes_max) {
        Ok(rows) => Ok(Ok(rows)),
        Err(Failure::Refused(fault)) => Ok(Err(fault)),
        Err(Failure::Storage(error)) => Err(error),
    }
}

struct Reader<'a> {
    connection: &'a Connection,
    path: &'a Path,
    keys: &'a Keyring,
    run: RunId,
    unpacker: Unpacker,
}

impl Reader<'_> {
    fn page(mut self, after: u64, bytes_max: usize) -> Result<Vec<Row>, Failure> {
        let select = "SELECT seq, format, at_ms, change FROM entries WHERE run = ?1 AND seq > ?2 ORDER BY seq";
        let connection = self.connection;
        let mut select = connection.prepare_cached(select)?;
        let mut rows = select.query(params![self.run.as_bytes(), after])?;
        let (mut page, mut bytes) = (Vec::new(), 0_usize);
        while let Some(row) = rows.next()? {
            let row = self.row(row)?;
            bytes = bytes.saturating_add(row.bytes());
            page.push(row);
            if bytes >= bytes_max {
                break;
            }
        }
        Ok(page)
    }

    fn row(&mut self, row: &SqlRow<'_>) -> Result<Row, Failure> {
        let (seq, format, at_ms): (u64, u32, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if format > FORMAT {
            return Err(Failure::Refused(newer(self.path, format, FORMAT)));
        }
        match row.get_ref(3)? {
            ValueRef::Blob(bytes) => self.packed(seq, at_ms, bytes).map(Row::Packed),
            ValueRef::Text(text) => {
                let json = std::str::from_utf8(text).map_err(|error| self.refused(Unread::new(seq, error)))?;
                Ok(Row::Plain { seq, at_ms, json: json.to_owned() })
            }
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => {
                Err(self.refused(Unread::new(seq, "it is neither text nor bytes")))
            }
        }
    }

    fn packed(&mut self, seq: u64, at_ms: u64, bytes: &[u8]) -> Result<Unpacked, Failure> {
        let head = Head::read(seq, bytes).map_err(|why| self.refused(why))?;
        if let Some(base) = self.unpacker.lacks(&head) {
            self.follow(base)?;
        }
        let payload = self.unpacker.unpack(&head).map_err(|why| self.refused(why))?;
        let blobs = head.blobs.iter().map(|digest| self.blob(seq, digest)).collect::<Result<_, _>>()?;
        Ok(Unpacked { seq, at_ms, payload, blobs })
    }

    /// Unpacks a row to which others are differences, from the last one before it that is whole.
    fn follow(&mut self, seq: u64) -> Result<(), Failure> {
        let (mut rows, mut next) = (Vec::new(), Some(seq));
        while let Some(seq) = next {
            let bytes = self.bytes(seq)?.filter(|_| rows.len() <= BEFORE_MAX as usize);
            let bytes = bytes.ok_or_else(|| self.refused(Unread::new(seq, "the row is not there")))?;
            next = Head::read(seq, &bytes).map_err(|why| self.refused(why))?.base;
            rows.push((seq, bytes));
        }
        for (seq, bytes) in rows.iter().rev() {
            let unpacked = Head::read(*seq, bytes).and_then(|head| self.unpacker.unpack(&head));
            unpacked.map_err(|why| self.refused(why))?;
        }
        Ok(())
    }

    fn bytes(&self, seq: u64) -> rusqlite::Result<Option<Vec<u8>>> {
        let select = "SELECT change FROM entries WHERE run = ?1 AND seq = ?2";
        let mut select = self.connection.prepare_cached(select)?;
        select.query_row(params![self.run.as_bytes(), seq], |row| row.get(0)).optional()
    }

    fn blob(&self, seq: u64, digest: &BlobDigest) -> Result<String, Failure> {
        let bytes = blobs::bytes(self.connection, digest)?;
        let bytes = bytes.ok_or_else(|| self.refused(Unread::new(seq, "one of its blobs is not there")))?;
        codec::blob_text(seq, digest, &bytes, self.keys).map_err(|why| self.refused(why))
    }

    fn refused(&self, why: Unread) -> Failure {
        Failure::Refused(unread(self.path, Some(self.run), why))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade_system::Clock;
    use stockade_workflow::Kind;

    use super::*;
    use crate::sqlite::SqliteJournal;
    use crate::testing::{run, stepped};
    use crate::{Commit, Journal, Lease};

    /// How many steps the run has, each of which knows one line more.
    const STEPS: u64 = 400;

    fn grown(run: RunId, seq: u64) -> Entry {
        let line = |number: u64| format!("line {number} of {:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        stepped(run, seq, json!({"lines": (0..seq + 200).map(line).collect::<Vec<_>>()}))
    }

    async fn commit(journal: &SqliteJournal, lease: &Lease, entries: Vec<Entry>) {
        journal.commit(&Commit { lease: Some(lease.clone()), entries, ..Commit::default() }).await.unwrap();
    }

    /// Writes a run, one step a commit.
    async fn written(journal: &SqliteJournal) -> RunId {
        let run = run();
        for seq in 1..=STEPS {
            commit(journal, &Lease::first(run), vec![grown(run, seq)]).await;
        }
        run
    }

    fn bases(raw: &Connection, run: RunId) -> Vec<Option<u64>> {
        let mut select = raw.prepare("SELECT seq, change FROM entries WHERE run = ?1 ORDER BY seq").unwrap();
        let rows =
            select.query_map([run.as_bytes()], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
        rows.map(|row| row.unwrap()).map(|(seq, bytes)| Head::read(seq, &bytes).unwrap().base).collect()
    }

    #[tokio::test]
    async fn a_run_is_read_from_any_of_its_entries_on() {
        let dir = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(dir.path().join("journal.db"), Clock::default()).unwrap();
        let run = written(&journal).await;
        let all: Vec<_> = (1..=STEPS).map(|seq| grown(run, seq)).collect();
        assert_eq!(journal.read(run).await.unwrap(), all);
        for after in 0..STEPS {
            assert_eq!(journal.read_after(run, after, 1).await.unwrap(), [grown(run, after + 1)]);
        }
        assert_eq!(journal.read_after(run, STEPS, 1).await.unwrap(), []);
        assert_eq!(journal.read_page(run, 0, 1).await.unwrap(), (vec![grown(run, 1)], false));
        assert_eq!(journal.read_page(run, STEPS - 1, 1 << 20).await.unwrap(), (vec![grown(run, STEPS)], true));
        assert_eq!(journal.read_page(run, STEPS, 1).await.unwrap(), (vec![], true));
    }

    /// What another opener wrote last is not in the memory of this one.
    #[tokio::test]
    async fn an_opener_begins_with_a_row_that_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let run = run();
        for seq in 1..=2 {
            commit(&journal, &Lease::first(run), vec![grown(run, seq)]).await;
        }
        drop(journal);
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let lease = journal.claim(run).await.unwrap();
        for seq in 3..=4 {
            commit(&journal, &lease, vec![grown(run, seq)]).await;
        }
        assert_eq!(bases(&Connection::open(&path).unwrap(), run), [None, Some(1), None, Some(3)]);
        assert_eq!(journal.read(run).await.unwrap().len(), 4);
    }

    /// It is not known what a commit has left that was refused.
    #[tokio::test]
    async fn a_row_after_a_commit_that_failed_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let run = run();
        commit(&journal, &Lease::first(run), vec![grown(run, 1)]).await;
        let gap = Commit { lease: Some(Lease::first(run)), entries: vec![grown(run, 3)], ..Commit::default() };
        assert_eq!(journal.commit(&gap).await.unwrap_err().kind, Kind::Conflict);
        commit(&journal, &Lease::first(run), vec![grown(run, 2)]).await;
        assert_eq!(bases(&Connection::open(&path).unwrap(), run), [None, None]);
    }

    #[tokio::test]
    async fn entries_of_one_commit_are_one_row_and_are_read_one_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let run = run();
        let entries: Vec<_> = (1..=3).map(|seq| stepped(run, seq, json!(seq))).collect();
        commit(&journal, &Lease::first(run), entries.clone()).await;
        assert_eq!(bases(&Connection::open(&path).unwrap(), run).len(), 1);
        for after in 0..3 {
            assert_eq!(journal.read_after(run, after, 1).await.unwrap(), entries[after as usize..]);
        }
        let again = Commit { lease: Some(Lease::first(run)), entries: vec![entries[2].clone()], ..Commit::default() };
        assert_eq!(journal.commit(&again).await.unwrap_err().detail.as_deref(), Some("taken"));
    }

    /// Rows of text are of before, and rows of bytes follow them.
    #[tokio::test]
    async fn a_run_that_an_older_version_began_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let raw = Connection::open(&path).unwrap();
        let run = run();
        for seq in 1..=2 {
            let Entry { at_ms, change, .. } = grown(run, seq);
            let values = params![run.as_bytes(), seq, at_ms, serde_json::to_string(&change).unwrap()];
            raw.execute("INSERT INTO entries (run, seq, format, at_ms, change) VALUES (?1, ?2, 6, ?3, ?4)", values)
                .unwrap();
        }
        let lease = journal.claim(run).await.unwrap();
        commit(&journal, &lease, vec![grown(run, 3), grown(run, 4)]).await;
        assert_eq!(journal.read(run).await.unwrap(), [1, 2, 3, 4].map(|seq| grown(run, seq)));
        assert_eq!(journal.read_after(run, 1, 1).await.unwrap(), [grown(run, 2)]);
    }

    #[tokio::test]
    async fn a_damaged_row_is_refused_with_its_run_and_its_number() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let run = written(&journal).await;
        let raw = Connection::open(&path).unwrap();
        let cut = "UPDATE entries SET change = substr(change, 1, length(change) - 1) WHERE seq = 50";
        for (spoilt, number) in [(cut, 50), ("DELETE FROM entries WHERE seq = 40", 40)] {
            assert_eq!(raw.execute(spoilt, []).unwrap(), 1);
            let fault = journal.read_after(run, number, 1).await.unwrap_err();
            assert_eq!((fault.kind, fault.detail.as_deref()), (Kind::Journal, Some("entry")));
            assert!(fault.message.contains(&format!("entry {number} of run {run} in ")), "{fault}");
        }
        assert_eq!(journal.read_after(run, 0, 1).await.unwrap(), [grown(run, 1)]);
        let bases = bases(&raw, run);
        let anchor = (51..).zip(&bases[49..]).find(|(seq, base)| **base != Some(seq - 1));
        let Some((behind, _)) = anchor else { panic!("{bases:?}") };
        assert_eq!(journal.read_after(run, behind - 1, 1).await.unwrap(), [grown(run, behind)]);
    }
}
