//! Reads that are short, done on the thread that asks: another thread takes longer to be woken and to answer than they take, and
//! where the file is written, a read waits for the commit of those who write.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::sqlite::{Session, Sqlite};
use super::{Rows, Value, Wanted};
use crate::doubt::Doubt;

/// How long a read may take here. One that takes longer is stopped, and done on a thread that may block.
const SHORT: Duration = Duration::from_micros(500);

/// How many connections read so. Each is used by one thread at a time; a further read is done the other way.
const SESSIONS_MAX: usize = 4;

/// How many statements are known, and how long one is that is: the first ones that come. A tool has few.
const STATEMENTS_MAX: usize = 64;
const STATEMENT_BYTES_MAX: usize = 2 << 10;

/// How often in a row a statement may fail here before it is no longer tried.
const FAILURES_MAX: u8 = 3;

/// The short reads of a file.
pub(super) struct ShortReads {
    /// The file, opened to be read only.
    file: Sqlite,
    /// How often each statement that has ended well once has failed here since it did not.
    known: Mutex<HashMap<String, u8>>,
    /// How many connections were opened.
    sessions: AtomicUsize,
}

impl ShortReads {
    pub(super) fn new(file: Sqlite) -> Self {
        Self { file, known: Mutex::default(), sessions: AtomicUsize::new(0) }
    }

    /// Does a read here and now; none where that is not possible, or takes long. It is then to be done as if this had not been
    /// tried, for it has changed nothing.
    pub(super) fn query(&self, statement: &str, parameters: &[Value], deadline: Instant) -> Option<Rows> {
        if !self.is_short(statement) {
            return None;
        }
        let session = self.file.take_idle()?;
        let wanted = Wanted::default();
        let until = wanted.until(deadline).within(SHORT);
        let read = |session: &Session| session.query(statement, parameters, &Doubt::default());
        let rows = self.file.bounded(&session, until, read).ok();
        self.file.put_back(session);
        self.note(statement, rows.is_some());
        rows
    }

    /// Takes note of a statement that has returned rows in the other way, so that it is tried here the next time.
    pub(super) fn learn(self: &Arc<Self>, statement: String) {
        let mut known = self.known();
        if statement.len() > STATEMENT_BYTES_MAX || known.len() >= STATEMENTS_MAX {
            return;
        }
        known.entry(statement).or_insert(0);
        drop(known);
        let one_more = |sessions: usize| (sessions < SESSIONS_MAX).then_some(sessions + 1);
        if self.file.has_idle() || self.sessions.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
            return;
        }
        let reads = Arc::clone(self);
        // Where it cannot be opened, there is one fewer.
        tokio::task::spawn_blocking(move || reads.file.open_short().map(|session| reads.file.put_back(session)));
    }

    fn is_short(&self, statement: &str) -> bool {
        self.known().get(statement).is_some_and(|failures| *failures < FAILURES_MAX)
    }

    fn note(&self, statement: &str, is_done: bool) {
        if let Some(failures) = self.known().get_mut(statement) {
            *failures = if is_done { 0 } else { failures.saturating_add(1) };
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, u8>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use stockade_workflow::Access;
    use tempfile::TempDir;

    use super::*;

    struct Shop {
        dir: TempDir,
        reads: Arc<ShortReads>,
    }

    impl Shop {
        fn new(mode: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("shop.db");
            let tables =
                format!("PRAGMA journal_mode = {mode}; CREATE TABLE items (name); INSERT INTO items VALUES ('a');");
            Connection::open(&path).unwrap().execute_batch(&tables).unwrap();
            let file = Sqlite::new("tool", "shop", path.to_str().unwrap(), Access::ReadOnly, &Arc::default()).unwrap();
            Self { dir, reads: Arc::new(ShortReads::new(file)) }
        }

        /// Learns a statement, and waits for a connection.
        async fn learn(&self, statement: &str) {
            self.reads.learn(statement.to_owned());
            while !self.reads.file.has_idle() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }

        fn rows(&self, statement: &str) -> Option<usize> {
            let rows = self.reads.query(statement, &[], Instant::now() + Duration::from_secs(60));
            rows.map(|rows| rows.rows.len())
        }

        /// Tries a statement some times: the first one on a connection is also to be prepared, and the machine may be busy.
        fn rows_at_last(&self, statement: &str) -> Option<usize> {
            (0..FAILURES_MAX).find_map(|_| self.rows(statement))
        }
    }

    const NAMES: &str = "SELECT name FROM items";

    #[tokio::test]
    async fn a_read_is_done_here_once_it_is_known() {
        let shop = Shop::new("WAL");
        assert_eq!(shop.rows(NAMES), None);
        shop.learn(NAMES).await;
        assert_eq!(shop.rows_at_last(NAMES), Some(1));
        let insert = "INSERT INTO items VALUES ('b')";
        Connection::open(shop.dir.path().join("shop.db")).unwrap().execute_batch(insert).unwrap();
        assert_eq!(shop.rows_at_last(NAMES), Some(2), "what was committed since");
    }

    #[tokio::test]
    async fn a_statement_that_takes_long_or_changes_rows_is_left_and_not_tried_again() {
        let shop = Shop::new("WAL");
        let long =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT max(i) FROM n";
        let insert = "INSERT INTO items VALUES ('b') RETURNING name";
        let value = "SELECT length(zeroblob(100000) || name) FROM items";
        for statement in [long, insert, value] {
            shop.learn(statement).await;
            assert_eq!(shop.rows_at_last(statement), None, "{statement}");
            assert!(!shop.reads.is_short(statement), "{statement}");
        }
        shop.learn(NAMES).await;
        assert_eq!(shop.rows_at_last(NAMES), Some(1));
    }

    #[test]
    fn a_file_without_a_log_is_read_the_other_way() {
        let open = |mode| Shop::new(mode).reads.file.open_short().is_ok();
        assert!(open("WAL") && !open("DELETE"));
    }
}
