//! How entries are stored: as bytes, in which any text may be.

use stockade_workflow::{Change, Entry, FORMAT, Fault, Kind, RunId};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::database::Database;
use super::numbers::stored;
use super::pool::{Failed, Parameter, Pool};
use crate::{Result, deep};

/// How many entries are looked through for one page, unless all of a run is wanted.
const PAGE_ENTRIES: i64 = 1024;

/// Takes entries until they have so many bytes together.
const PAGE: &str = "
    SELECT seq, format, at_ms, change FROM (
        SELECT seq, format, at_ms, change,
            sum(octet_length(change)) OVER (ORDER BY seq) - octet_length(change) AS bytes_before
        FROM stockade.entries WHERE run = $1::text::uuid AND seq > $2 AND seq <= $3
    ) AS page WHERE bytes_before < $4 ORDER BY seq";

/// Writes what an entry changes.
pub(super) fn encode(entry: &Entry) -> Result<Vec<u8>, String> {
    let change = serde_json::to_string(&entry.change).map_err(|error| error.to_string())?;
    deep::check(&change)?;
    Ok(change.into_bytes())
}

/// Reads what [`encode`] has written.
pub(super) fn decode(change: &[u8]) -> Result<Change, String> {
    let change = std::str::from_utf8(change).map_err(|error| error.to_string())?;
    deep::read(change, Change::read)
}

/// Writes an entry; in a debug build it is read back at once, for what is written must be read.
pub(super) fn written(database: &Database, entry: &Entry) -> Result<Vec<u8>> {
    let unwritten = |why: String| unread(database, entry.run, entry.seq, &why);
    let change = encode(entry).map_err(unwritten)?;
    if cfg!(debug_assertions) {
        decode(&change).map_err(unwritten)?;
    }
    Ok(change)
}

/// Returns a page of a run.
pub(super) async fn page(pool: &Pool, run: RunId, after: u64, bytes_max: usize) -> Result<Vec<Row>, Failed> {
    let after = stored(after);
    let last = if bytes_max == usize::MAX { i64::MAX } else { after.saturating_add(PAGE_ENTRIES) };
    let (run, bytes_max) = (run.to_string(), i64::try_from(bytes_max).unwrap_or(i64::MAX).max(1));
    let parameters: [Parameter<'_>; 4] =
        [(&run, Type::TEXT), (&after, Type::INT8), (&last, Type::INT8), (&bytes_max, Type::INT8)];
    pool.query(PAGE, &parameters).await
}

/// Reads an entry.
pub(super) fn read(database: &Database, run: RunId, row: &Row) -> Result<Entry> {
    let (seq, format, at_ms, change) = columns(row).map_err(|error| unread(database, run, 0, &error.to_string()))?;
    if format > FORMAT {
        let message = format!(
            "\"{database}\" was written by a newer stockade (format {format}, this one knows {FORMAT}); use that one"
        );
        return Err(Fault::new(Kind::Journal, message).detail("version"));
    }
    let change = decode(change).map_err(|why| unread(database, run, seq, &why))?;
    Ok(Entry { run, seq, at_ms, change })
}

/// A row: the entry's number, its format, its time and what it changes.
fn columns(row: &Row) -> Result<(u64, u32, u64, &[u8]), tokio_postgres::Error> {
    let number = |column| row.try_get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or_default());
    let format = u32::try_from(row.try_get::<_, i32>(1)?).unwrap_or(u32::MAX);
    Ok((number(0)?, format, number(2)?, row.try_get(3)?))
}

fn unread(database: &Database, run: RunId, seq: u64, why: &str) -> Fault {
    let message = format!("entry {seq} of run {run} in \"{database}\" cannot be read: {why}");
    Fault::new(Kind::Journal, message).detail("entry")
}
