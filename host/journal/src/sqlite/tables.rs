//! The tables of a journal's file, and what each version added to them.

use std::path::Path;

use rusqlite::Connection;
use stockade_system::database;
use stockade_workflow::{Fault, Kind};

use super::{blobs, newer, standing, unusable};
use crate::Result;

/// The version of the tables; a file of a newer one is refused.
const SCHEMA: u32 = 6;

/// "STKD", so that `file` and we can tell a journal from any other SQLite database.
const APPLICATION_ID: u32 = 0x5354_4b44;

/// Entries are only ever appended at the end of one table: keyed tables would dirty a page for each live run. What the sixth
/// version packs into a row has the number of its last entry, and is of bytes; up to the fifth, `change` was the text of one.
const TABLES: &str = "
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY, run BLOB NOT NULL, seq INTEGER NOT NULL,
        format INTEGER NOT NULL, at_ms INTEGER NOT NULL, change TEXT NOT NULL
    );
    CREATE UNIQUE INDEX entries_in_order ON entries (run, seq);
    CREATE TABLE runs (
        run BLOB PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL, state TEXT NOT NULL,
        updated_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX runs_by_status ON runs (status);";

/// What the second version added: the cells of sessions of code, by where they were recorded.
const CELLS: &str = "
    CREATE TABLE cells (
        session TEXT NOT NULL, number INTEGER NOT NULL, run BLOB NOT NULL, key TEXT NOT NULL,
        PRIMARY KEY (session, number)
    ) WITHOUT ROWID;";

/// What the third version added: who may write to a run, and until when if nothing is heard of the owner; what runs left in
/// stores that outlive them.
const LEASES: &str = "
    CREATE TABLE leases (
        run BLOB PRIMARY KEY, epoch INTEGER NOT NULL, owner TEXT, until_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE marks (
        store TEXT NOT NULL, label TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (store, label)
    ) WITHOUT ROWID;";

/// What the fourth version added: the runs that were started under a key.
const STARTS: &str = "
    CREATE TABLE starts (key TEXT PRIMARY KEY, run BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX starts_by_run ON starts (run);";

/// What the fifth version added: one index for what had a table of its own before. The rows are those that the host writes
/// into the spaces of these names.
const ROWS: &str = "
    CREATE TABLE index_rows (
        space TEXT NOT NULL, key TEXT NOT NULL, run BLOB, needed INTEGER NOT NULL, due_ms INTEGER, value TEXT NOT NULL,
        PRIMARY KEY (space, key)
    ) WITHOUT ROWID;
    CREATE INDEX index_rows_by_run ON index_rows (run) WHERE run IS NOT NULL;
    CREATE INDEX index_rows_by_time ON index_rows (space, due_ms) WHERE due_ms IS NOT NULL;
    INSERT INTO index_rows SELECT 'session',
        replace(replace(session, '~', '~0'), '/', '~1') || '/' || printf('%010d', number), run, 1, NULL, key FROM cells;
    INSERT INTO index_rows SELECT 'mark',
        replace(replace(store, '~', '~0'), '/', '~1') || '/' || label, NULL, 0, NULL, source FROM marks;
    INSERT INTO index_rows SELECT 'start_key', key, run, 0, NULL, '' FROM starts;
    DROP TABLE cells; DROP TABLE marks; DROP TABLE starts;";

/// Makes the tables, or brings those of an older version to this one; a file of another program is refused.
pub(super) fn prepare(connection: &mut Connection, path: &Path) -> Result<()> {
    let sixth = [standing::TABLES, blobs::TABLES].concat();
    let found = database::tables(connection, APPLICATION_ID, &[TABLES, CELLS, LEASES, STARTS, ROWS, &sixth])
        .map_err(|error| unusable(path, &error))?;
    match found {
        (APPLICATION_ID, SCHEMA) => standing::fill(connection, path).map_err(|error| unusable(path, &error)),
        (APPLICATION_ID, version) => Err(newer(path, version, SCHEMA)),
        _ => {
            Err(Fault::new(Kind::Journal, format!("\"{}\" is not a stockade journal", path.display()))
                .detail("foreign"))
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::params;
    use stockade_system::Clock;
    use stockade_workflow::{Budget, Change, Effect, Event, Origin, RunId, Usage, WaitingFor};

    use super::*;
    use crate::sqlite::SqliteJournal;
    use crate::testing::run;
    use crate::{Filter, Journal as _, Lease, Row, index};

    /// The tables as the fourth version had them.
    const FOURTH: &str = "
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY, run BLOB NOT NULL, seq INTEGER NOT NULL,
            format INTEGER NOT NULL, at_ms INTEGER NOT NULL, change TEXT NOT NULL
        );
        CREATE UNIQUE INDEX entries_in_order ON entries (run, seq);
        CREATE TABLE runs (
            run BLOB PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL, state TEXT NOT NULL,
            updated_ms INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX runs_by_status ON runs (status);
        CREATE TABLE cells (
            session TEXT NOT NULL, number INTEGER NOT NULL, run BLOB NOT NULL, key TEXT NOT NULL,
            PRIMARY KEY (session, number)
        ) WITHOUT ROWID;
        CREATE TABLE leases (
            run BLOB PRIMARY KEY, epoch INTEGER NOT NULL, owner TEXT, until_ms INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE marks (
            store TEXT NOT NULL, label TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (store, label)
        ) WITHOUT ROWID;
        CREATE TABLE starts (key TEXT PRIMARY KEY, run BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX starts_by_run ON starts (run);
        PRAGMA application_id = 1398033220; PRAGMA user_version = 4;";

    /// What the fourth version kept in tables of its own is found in the index.
    #[tokio::test]
    async fn a_file_of_the_fourth_version_has_its_cells_marks_and_start_keys_in_the_index() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let run = run();
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(FOURTH).unwrap();
        let id = run.as_bytes();
        raw.execute("INSERT INTO runs VALUES (?1, 'w', 'done', 'A', 5)", [id]).unwrap();
        raw.execute("INSERT INTO leases VALUES (?1, 3, NULL, 0)", [id]).unwrap();
        raw.execute("INSERT INTO cells VALUES ('a/~', 0, ?1, 'code'), ('a/~', 11, ?1, 'more')", [id]).unwrap();
        raw.execute_batch("INSERT INTO marks VALUES ('/data/a.db', 'private', 'one')").unwrap();
        raw.execute("INSERT INTO starts VALUES ('order-7', ?1)", [id]).unwrap();
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let all = async |space| journal.find(space, "", None, usize::MAX).await.unwrap();
        let cell = |number, key| Row::new("session", index::key(["a/~", number]), key).needs(run);
        assert_eq!(all("session").await, [cell("0000000000", "code"), cell("0000000011", "more")]);
        assert_eq!(all("mark").await, [Row::new("mark", index::key(["/data/a.db", "private"]), "one")]);
        assert_eq!(all("start_key").await, [Row::new("start_key", "order-7", "").of(run)]);
        assert_eq!(journal.claim(run).await.unwrap().epoch, 4);
    }

    /// A file of before says of no run under which key it was started, or what it waits for.
    #[tokio::test]
    async fn a_file_of_the_fifth_version_tells_how_its_runs_were_started_and_what_they_wait_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let (waiting, damaged, done) = (run(), run(), run());
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(FOURTH).unwrap();
        raw.execute_batch(ROWS).unwrap();
        raw.pragma_update(None, "user_version", 5).unwrap();
        for (run, status) in [(waiting, "waiting"), (damaged, "waiting"), (done, "done")] {
            raw.execute("INSERT INTO runs VALUES (?1, 'w', ?2, 'A', 5)", params![run.as_bytes(), status]).unwrap();
        }
        raw.execute("INSERT INTO index_rows VALUES ('start_key', 'order-7', ?1, 0, NULL, '')", [waiting.as_bytes()])
            .unwrap();
        for (seq, change) in (1_u32..).zip(awaiting()) {
            let change = serde_json::to_string(&change).unwrap();
            let values = params![waiting.as_bytes(), seq, change];
            raw.execute("INSERT INTO entries (run, seq, format, at_ms, change) VALUES (?1, ?2, 6, 5, ?3)", values)
                .unwrap();
        }
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        let listed = async |filter| -> Vec<RunId> {
            journal.runs(&filter).await.unwrap().into_iter().map(|summary| summary.run_id).collect()
        };
        let awaiting = Filter { waiting_for: [WaitingFor::Signal].into(), ..Filter::default() };
        assert_eq!(listed(awaiting).await, [waiting]);
        let keyed = Filter { start_key: Some("order-7".to_owned()), ..Filter::default() };
        assert_eq!(listed(keyed).await, [waiting]);
        assert_eq!(listed(Filter::default()).await, [waiting, damaged, done]);
        let unknown =
            raw.query_row("SELECT count(*) FROM runs WHERE waiting_for IS NULL", [], |row| row.get::<_, u64>(0));
        assert_eq!(unknown.unwrap(), 0);
    }

    /// The entries of a run that awaits a signal.
    fn awaiting() -> [Change; 3] {
        let stepped = Change::Stepped {
            event: Event::Started { input: serde_json::json!(1).into() },
            used: Usage::default(),
            position: "A".into(),
            state: serde_json::json!({}),
            log: Vec::new(),
            effects: vec![Effect::await_signal("paid", "paid")],
            slices: Vec::new(),
            end: None,
        };
        let created = Change::Created {
            workflow: "w".into(),
            version: 1,
            input: serde_json::json!(1).into(),
            budget: Budget::default(),
            origin: Origin::default(),
        };
        let (key, amount) = ("paid".to_owned(), Usage::default());
        [created, stepped, Change::Reserved { key, amount, consumes: None, labels: Vec::new(), due_ms: None }]
    }

    #[tokio::test]
    async fn a_file_of_the_second_version_gets_its_leases() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.db");
        let run = run();
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(FOURTH).unwrap();
        raw.execute_batch("DROP TABLE leases; DROP TABLE marks; DROP TABLE starts; PRAGMA user_version = 2").unwrap();
        raw.execute("INSERT INTO runs VALUES (?1, 'w', 'running', 'A', 5)", [run.as_bytes()]).unwrap();
        let journal = SqliteJournal::open(&path, Clock::default()).unwrap();
        assert_eq!(journal.claim(run).await.unwrap(), Lease::first(run));
    }
}
