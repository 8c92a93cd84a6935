//! The index of a journal in PostgreSQL. Keys and values are bytes there: in their order, and with any letter.

use stockade_system::postgres::{Failed, Parameter, Pool, stored};
use stockade_workflow::{Fault, Kind, RunId};
use tokio::time::Instant;
use tokio_postgres::Row as SqlRow;
use tokio_postgres::types::Type;

use crate::{Result, Row, RowChange, Tie};

/// Rows by their keys. Those with a prefix are together: they end before the first key that is greater than all of them.
const FIND: &str = "
    SELECT space, key, run::text, needed, due_ms, value FROM stockade.index_rows
    WHERE space = $1 AND key >= $2 AND ($3::bytea IS NULL OR key < $3) AND ($4::bytea IS NULL OR key > $4)
    ORDER BY key LIMIT $5";

/// Rows of several places, of each by their keys.
const FIND_PLACES: &str = "SELECT space, key, run, needed, due_ms, value, place FROM stockade.find_places($1, $2, $3)";

/// Rows by their time. `now()`, for a clock that may go on within the statement is no condition of an index.
const DUE: &str = "
    SELECT space, key, run::text, needed, due_ms, value FROM stockade.index_rows
    WHERE space = $1 AND due_ms <= coalesce($2::int8, (extract(epoch FROM now()) * 1000)::int8) + $3
        AND due_ms >= $4 AND (due_ms > $4 OR key > $5)
    ORDER BY due_ms, key LIMIT $6";

const NEEDING: &str = "SELECT space, key FROM stockade.index_rows WHERE run = $1::text::uuid AND needed LIMIT 1";

/// Changes of the index, each of its parts a list.
#[derive(Default)]
pub(super) struct Columns {
    kinds: Vec<&'static str>,
    spaces: Vec<String>,
    keys: Vec<Vec<u8>>,
    runs: Vec<Option<String>>,
    needed: Vec<bool>,
    dues: Vec<Option<i64>>,
    values: Vec<Vec<u8>>,
    new_dues: Vec<Option<i64>>,
    new_values: Vec<Option<Vec<u8>>>,
}

impl Columns {
    pub(super) fn of(changes: &[RowChange]) -> Self {
        let mut columns = Self::default();
        changes.iter().for_each(|change| columns.add(change));
        columns
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    fn add(&mut self, change: &RowChange) {
        match change {
            RowChange::Add(row) => self.row("a", row),
            RowChange::Ensure(row) => self.row("e", row),
            RowChange::Put(row) => self.row("p", row),
            RowChange::Replace { seen, due_ms, value } => {
                self.row("c", seen);
                self.becomes(due_ms.map(stored), value);
            }
            RowChange::Remove { space, key } => self.row("r", &Row::new(space, key, "")),
        }
    }

    fn row(&mut self, kind: &'static str, Row { space, key, tie, due_ms, value }: &Row) {
        self.kinds.push(kind);
        self.spaces.push(space.clone());
        self.keys.push(key.clone().into_bytes());
        self.runs.push(tie.run().map(|run| run.to_string()));
        self.needed.push(matches!(tie, Tie::Needs(_)));
        self.dues.push(due_ms.map(stored));
        self.values.push(value.clone().into_bytes());
        self.new_dues.push(None);
        self.new_values.push(None);
    }

    /// Says what the last row becomes.
    fn becomes(&mut self, due_ms: Option<i64>, value: &str) {
        if let (Some(new_due), Some(new_value)) = (self.new_dues.last_mut(), self.new_values.last_mut()) {
            (*new_due, *new_value) = (due_ms, Some(value.as_bytes().to_vec()));
        }
    }

    /// The values of the places of the functions, in their order.
    pub(super) fn parameters(&self) -> [Parameter<'_>; 9] {
        [
            (&self.kinds, Type::TEXT_ARRAY),
            (&self.spaces, Type::TEXT_ARRAY),
            (&self.keys, Type::BYTEA_ARRAY),
            (&self.runs, Type::TEXT_ARRAY),
            (&self.needed, Type::BOOL_ARRAY),
            (&self.dues, Type::INT8_ARRAY),
            (&self.values, Type::BYTEA_ARRAY),
            (&self.new_dues, Type::INT8_ARRAY),
            (&self.new_values, Type::BYTEA_ARRAY),
        ]
    }

    /// Returns the space and the key of a change.
    pub(super) fn place(&self, number: usize) -> Option<(&str, String)> {
        Some((self.spaces.get(number)?, String::from_utf8_lossy(self.keys.get(number)?).into_owned()))
    }
}

/// Returns rows by their keys.
pub(super) async fn find(
    pool: &Pool,
    space: &str,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<SqlRow>, Failed> {
    let (prefix, end, after) = (prefix.as_bytes(), end(prefix), after.map(str::as_bytes));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let parameters: [Parameter<'_>; 5] = [
        (&space, Type::TEXT),
        (&prefix, Type::BYTEA),
        (&end, Type::BYTEA),
        (&after, Type::BYTEA),
        (&limit, Type::INT8),
    ];
    pool.query(FIND, &parameters).await
}

/// Returns the rows of several places, each a space and a prefix of keys, by one statement: there is one answer to wait for.
/// The last that asks for them waits since this moment.
pub(super) async fn find_each(
    pool: &Pool,
    places: &[&(String, String)],
    since: Instant,
) -> Result<Vec<SqlRow>, Failed> {
    let spaces: Vec<_> = places.iter().map(|(space, _)| space.as_str()).collect();
    let firsts: Vec<_> = places.iter().map(|(_, prefix)| prefix.as_bytes()).collect();
    let ends: Vec<_> = places.iter().map(|(_, prefix)| end(prefix).unwrap_or(vec![u8::MAX])).collect();
    let parameters: [Parameter<'_>; 3] =
        [(&spaces, Type::TEXT_ARRAY), (&firsts, Type::BYTEA_ARRAY), (&ends, Type::BYTEA_ARRAY)];
    pool.query_since(since, FIND_PLACES, &parameters).await
}

/// Returns at which of these places a row is that was found there.
pub(super) fn place(row: &SqlRow) -> Option<usize> {
    usize::try_from(row.try_get::<_, i64>(6).ok()?).ok()?.checked_sub(1)
}

/// The first bytes that are greater than all that begin with these; none where there are none: no byte of a text is 255.
fn end(prefix: &str) -> Option<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    let last = end.last_mut()?;
    *last = last.saturating_add(1);
    Some(end)
}

/// Returns rows by their time.
pub(super) async fn due(
    pool: &Pool,
    space: &str,
    within_ms: u64,
    after: Option<(Option<u64>, String)>,
    limit: usize,
) -> Result<Vec<SqlRow>, Failed> {
    let now_ms = pool.database().now_ms();
    // With the time now, it is no more than the server can count.
    let within_ms = stored(within_ms).min(i64::MAX / 2);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // No row is due before the first moment.
    let (from_ms, key) = after.map_or((-1, String::new()), |(due_ms, key)| (due_ms.map_or(-1, stored), key));
    let key = key.as_bytes();
    let parameters: [Parameter<'_>; 6] = [
        (&space, Type::TEXT),
        (&now_ms, Type::INT8),
        (&within_ms, Type::INT8),
        (&from_ms, Type::INT8),
        (&key, Type::BYTEA),
        (&limit, Type::INT8),
    ];
    pool.query(DUE, &parameters).await
}

/// Returns the place of a row that needs a run.
pub(super) async fn needing(pool: &Pool, run: RunId) -> Option<(String, String)> {
    let run = run.to_string();
    let row = pool.row(NEEDING, &[(&run, Type::TEXT)]).await.ok()??;
    Some((row.try_get(0).ok()?, String::from_utf8(row.try_get(1).ok()?).ok()?))
}

/// Reads a row.
pub(super) fn read(pool: &Pool, row: &SqlRow) -> Result<Row> {
    columns(row).map_err(|why| {
        let message = format!("a row of the index of \"{}\" cannot be read: {why}", pool.database());
        Fault::new(Kind::Journal, message).detail("index")
    })
}

fn columns(row: &SqlRow) -> Result<Row, Box<dyn std::error::Error + Send + Sync>> {
    let run = row.try_get::<_, Option<&str>>(2)?.map(str::parse::<RunId>).transpose()?;
    let tie = match (run, row.try_get(3)?) {
        (None, _) => Tie::None,
        (Some(run), false) => Tie::Of(run),
        (Some(run), true) => Tie::Needs(run),
    };
    let due_ms = row.try_get::<_, Option<i64>>(4)?.map(u64::try_from).transpose()?;
    let (key, value) = (String::from_utf8(row.try_get(1)?)?, String::from_utf8(row.try_get(5)?)?);
    Ok(Row { space: row.try_get(0)?, key, tie, due_ms, value })
}
