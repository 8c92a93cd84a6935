//! The index of a journal in a file.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params, params_from_iter};
use stockade_workflow::RunId;

use crate::{Result, Row, RowChange, Tie, refusal};

const COLUMNS: &str = "SELECT space, key, run, needed, due_ms, value FROM index_rows";

/// Rows by their keys.
const FIND: &str =
    "SELECT space, key, run, needed, due_ms, value FROM index_rows WHERE space = ?1 AND key >= ?2 ORDER BY key";

/// Rows whose keys begin with a prefix. The index of the table is read in its order, so the rows come in the order of their keys.
const FIND_PREFIX: &str =
    "SELECT space, key, run, needed, due_ms, value FROM index_rows WHERE space = ? AND key >= ? AND key < ?";

/// How many places one statement looks at: SQLite takes no more than 500 parts.
const PLACES_MAX: usize = 64;

/// Whether one of these changes may be refused.
pub(super) fn may_be_refused(changes: &[RowChange]) -> bool {
    changes.iter().any(|change| match change {
        RowChange::Add(_) | RowChange::Replace { .. } => true,
        RowChange::Ensure(_) | RowChange::Put(_) | RowChange::Remove { .. } => false,
    })
}

/// Makes changes, and says which one is refused, if one is; those before it are then to be undone.
pub(super) fn change(connection: &Connection, changes: &[RowChange]) -> rusqlite::Result<Result<()>> {
    for change in changes {
        match one(connection, change)? {
            Ok(()) => {}
            refused => return Ok(refused),
        }
    }
    Ok(Ok(()))
}

fn one(connection: &Connection, change: &RowChange) -> rusqlite::Result<Result<()>> {
    match change {
        RowChange::Add(row) => {
            let is_added = insert(connection, "IGNORE", row)?;
            return Ok(if is_added { Ok(()) } else { Err(refusal::there(&row.space, &row.key)) });
        }
        RowChange::Replace { seen, due_ms, value } => {
            let is_replaced = replace(connection, seen, *due_ms, value)?;
            return Ok(if is_replaced { Ok(()) } else { Err(refusal::changed(&seen.space, &seen.key)) });
        }
        RowChange::Ensure(row) => drop(insert(connection, "IGNORE", row)?),
        RowChange::Put(row) => drop(insert(connection, "REPLACE", row)?),
        RowChange::Remove { space, key } => {
            let delete = "DELETE FROM index_rows WHERE space = ?1 AND key = ?2";
            connection.prepare_cached(delete)?.execute([space, key])?;
        }
    }
    Ok(Ok(()))
}

/// Inserts a row, and returns whether it did; `otherwise` says what is done where its key is taken.
fn insert(
    connection: &Connection,
    otherwise: &str,
    Row { space, key, tie, due_ms, value }: &Row,
) -> rusqlite::Result<bool> {
    let insert = format!(
        "INSERT OR {otherwise} INTO index_rows (space, key, run, needed, due_ms, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
    );
    let (run, is_needed) = columns(*tie);
    let values = params![space, key, run, is_needed, due_ms.map(stored), value];
    connection.prepare_cached(&insert)?.execute(values).map(|inserted| inserted == 1)
}

/// Replaces a row that is as it was seen, and returns whether it did.
fn replace(connection: &Connection, seen: &Row, due_ms: Option<u64>, value: &str) -> rusqlite::Result<bool> {
    let mut update = connection.prepare_cached(
        "UPDATE index_rows SET due_ms = ?1, value = ?2
         WHERE space = ?3 AND key = ?4 AND run IS ?5 AND needed = ?6 AND due_ms IS ?7 AND value = ?8",
    )?;
    let (run, is_needed) = columns(seen.tie);
    let (due_ms, seen_ms) = (due_ms.map(stored), seen.due_ms.map(stored));
    let values = params![due_ms, value, seen.space, seen.key, run, is_needed, seen_ms, seen.value];
    update.execute(values).map(|updated| updated == 1)
}

/// The columns of a row's tie: its run, and whether that is needed.
fn columns(tie: Tie) -> (Option<[u8; size_of::<RunId>()]>, bool) {
    (tie.run().map(|run| *run.as_bytes()), matches!(tie, Tie::Needs(_)))
}

/// SQLite has integers of 63 bits: later than that is never.
pub(super) fn stored(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

/// Checks that no row needs a run.
pub(super) fn check_free(connection: &Connection, run: RunId) -> rusqlite::Result<Result<()>> {
    let needing = "SELECT space, key FROM index_rows WHERE run = ?1 AND needed LIMIT 1";
    let place = |row: &SqlRow<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let needing = connection.query_row(needing, [run.as_bytes()], place).optional()?;
    Ok(needing.map_or(Ok(()), |(space, key)| Err(refusal::needed(run, &space, &key))))
}

/// Returns rows by their keys. Those with a prefix are together, so that what comes after them is not read.
pub(super) fn find(
    connection: &Connection,
    space: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<Row>> {
    let mut select = connection.prepare_cached(FIND)?;
    let from = after.map_or(prefix, |after| after.max(prefix));
    let rows = select.query_map([space, from], row)?;
    let is_new = |row: &rusqlite::Result<Row>| row.as_ref().map_or(true, |row| Some(row.key.as_str()) != after);
    let is_within = |row: &rusqlite::Result<Row>| row.as_ref().map_or(true, |row| row.key.starts_with(prefix));
    rows.filter(is_new).take_while(is_within).take(limit).collect()
}

/// Returns the rows of several spaces whose keys begin with a prefix, in the order of the places. So few as a driver asks for
/// before each step are one statement, which takes its lock once and sees one moment.
pub(super) fn find_each<T: AsRef<str>>(connection: &Connection, places: &[(T, T)]) -> rusqlite::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for places in places.chunks(PLACES_MAX) {
        let mut select = connection.prepare_cached(&vec![FIND_PREFIX; places.len()].join(" UNION ALL "))?;
        let bounds = places.iter().flat_map(|(space, prefix)| bounds(space.as_ref(), prefix.as_ref()));
        let found = select.query_map(params_from_iter(bounds), row)?;
        rows.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(rows)
}

/// A space, the first key that begins with a prefix, and the end of those keys.
fn bounds(space: &str, prefix: &str) -> [Value; 3] {
    [Value::Text(space.to_owned()), Value::Text(prefix.to_owned()), behind(prefix)]
}

/// Returns the first value behind all texts with a prefix, as SQLite sorts: texts by letters, and each blob behind each text.
fn behind(prefix: &str) -> Value {
    let mut letters = prefix.to_owned();
    while let Some(last) = letters.pop() {
        if let Some(next) = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32) {
            letters.push(next);
            return Value::Text(letters);
        }
    }
    Value::Blob(Vec::new())
}

/// Returns rows by their time.
pub(super) fn due(
    connection: &Connection,
    space: &str,
    until_ms: u64,
    after: Option<(Option<u64>, String)>,
    limit: usize,
) -> rusqlite::Result<Vec<Row>> {
    let due = format!(
        "{COLUMNS} WHERE space = ?1 AND due_ms <= ?2 AND due_ms >= ?3 AND (due_ms > ?3 OR key > ?4)
         ORDER BY due_ms, key LIMIT ?5"
    );
    // No row is due before the first moment.
    let (from_ms, key) = after.map_or((-1, String::new()), |(due_ms, key)| (due_ms.map_or(-1, stored), key));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.prepare_cached(&due)?.query_map(params![space, stored(until_ms), from_ms, key, limit], row)?.collect()
}

fn row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    let run = row.get::<_, Option<_>>(2)?.map(RunId::from_bytes);
    let tie = match (run, row.get(3)?) {
        (None, _) => Tie::None,
        (Some(run), false) => Tie::Of(run),
        (Some(run), true) => Tie::Needs(run),
    };
    let due_ms = row.get::<_, Option<u64>>(4)?;
    Ok(Row { space: row.get(0)?, key: row.get(1)?, tie, due_ms, value: row.get(5)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_behind_all_texts_with_it_and_no_other() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(behind("a/"), text("a0"));
        assert_eq!(behind("é"), text("ê"));
        assert_eq!(behind("a\u{d7ff}"), text("a\u{e000}"), "between them are no letters");
        assert_eq!(behind("a\u{10ffff}"), text("b"));
        assert_eq!((behind(""), behind("\u{10ffff}")), (Value::Blob(Vec::new()), Value::Blob(Vec::new())));
        let connection = Connection::open_in_memory().unwrap();
        let sorts = |value: Value| {
            connection.query_row("SELECT 'z' < ?1 AND '\u{10ffff}' < ?1", [value], |row| row.get::<_, bool>(0))
        };
        assert_eq!(sorts(behind("")), Ok(true));
    }

    #[test]
    fn rows_of_more_places_than_a_statement_takes_are_found() {
        let connection = Connection::open_in_memory().unwrap();
        let tables = "
            CREATE TABLE index_rows (space TEXT, key TEXT, run BLOB, needed INTEGER, due_ms INTEGER, value TEXT);
            INSERT INTO index_rows VALUES ('a', 'k', NULL, 0, NULL, 'x');";
        connection.execute_batch(tables).unwrap();
        let places = [vec![("b", ""); 600], vec![("a", "k")]].concat();
        assert_eq!(find_each(&connection, &places).unwrap(), [Row::new("a", "k", "x")]);
    }
}
