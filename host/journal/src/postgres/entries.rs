//! The rows of entries: how they are written, and read.

use std::collections::{BTreeMap, BTreeSet};

use stockade_system::postgres::{Database, Failed, Parameter, Pool, stored};
use stockade_workflow::{Entry, FORMAT, Fault, Kind, RunId};
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};

use crate::Result;
use crate::codec::{self, BlobDigest, Head, Packed, Unpacked, Unpacker, Unread};
use crate::keyring::Keyring;

/// How many rows are looked through for one page, unless all of a run is wanted.
const PAGE_ROWS: i64 = 1024;

/// Takes rows until their JSON has so many bytes together, and before them those to which they are differences.
const PAGE: &str = "SELECT seq, format, at_ms, change, json_bytes FROM stockade.page($1::text::uuid, $2, $3, $4)";

const BLOBS: &str = "SELECT digest, bytes FROM stockade.blobs WHERE digest = ANY ($1)";

/// Rows of entries that are to be written, each of their parts a list, and what they name.
#[derive(Default)]
pub(super) struct Columns {
    /// The number of the first entry.
    pub(super) first: Option<i64>,
    pub(super) seqs: Vec<i64>,
    pub(super) bases: Vec<Option<i64>>,
    pub(super) ats: Vec<i64>,
    pub(super) json_bytes: Vec<i64>,
    pub(super) changes: Vec<Vec<u8>>,
    digests: Vec<Vec<u8>>,
    blobs: Vec<Vec<u8>>,
}

impl Columns {
    pub(super) fn of(rows: Vec<Packed>) -> Self {
        let (mut columns, mut blobs) = (Self::default(), BTreeMap::new());
        columns.first = rows.first().map(|row| stored(row.first));
        for Packed { seq, base, at_ms, bytes, blobs: named, json_bytes, .. } in rows {
            columns.seqs.push(stored(seq));
            columns.bases.push(base.map(stored));
            columns.ats.push(stored(at_ms));
            columns.json_bytes.push(stored(json_bytes as u64));
            columns.changes.push(bytes);
            blobs.extend(named.into_iter().map(|blob| (blob.digest, blob.bytes)));
        }
        // In the order of the digests, as the database wants them.
        (columns.digests, columns.blobs) = blobs.into_iter().map(|(digest, bytes)| (digest.to_vec(), bytes)).unzip();
        columns
    }

    /// Whether they name no blobs, which runs share.
    pub(super) fn name_nothing(&self) -> bool {
        self.digests.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.changes.iter().map(Vec::len).sum()
    }

    /// The values of the places of the function, in their order.
    pub(super) fn parameters(&self) -> [Parameter<'_>; 8] {
        [
            (&self.first, Type::INT8),
            (&self.seqs, Type::INT8_ARRAY),
            (&self.bases, Type::INT8_ARRAY),
            (&self.ats, Type::INT8_ARRAY),
            (&self.json_bytes, Type::INT8_ARRAY),
            (&self.changes, Type::BYTEA_ARRAY),
            (&self.digests, Type::BYTEA_ARRAY),
            (&self.blobs, Type::BYTEA_ARRAY),
        ]
    }
}

/// Rows of a run as they are kept. To make entries of them takes the most of the time, and no connection.
pub(super) struct Page {
    run: RunId,
    after: u64,
    rows: Vec<Row>,
    blobs: Vec<Row>,
    has_all: bool,
    /// Whether the run has no row behind them.
    pub(super) are_last: bool,
}

impl Page {
    /// Reads the rows of a run that end after a number, until their JSON has so many bytes.
    pub(super) async fn read(pool: &Pool, run: RunId, after: u64, bytes_max: usize) -> Result<Self, Failed> {
        let page = Self::once(pool, run, after, bytes_max).await?;
        // The run may have been removed between the two statements.
        if page.has_all { Ok(page) } else { Self::once(pool, run, after, bytes_max).await }
    }

    async fn once(pool: &Pool, run: RunId, after: u64, bytes_max: usize) -> Result<Self, Failed> {
        let rows = rows(pool, run, after, bytes_max).await?;
        let are_last = are_last(&rows, after, bytes_max).map_err(Failed::Refused)?;
        let named = named(&rows, after).map_err(Failed::Refused)?;
        let blobs = if named.is_empty() { Vec::new() } else { blobs(pool, &named).await? };
        let has_all = blobs.len() == named.len();
        Ok(Self { run, after, rows, blobs, has_all, are_last })
    }

    /// Makes entries of the rows, of those after the number.
    pub(super) fn entries(&self, database: &Database, keys: &Keyring) -> Result<Vec<Entry>> {
        let broken = |error: Error| unread(database, Some(self.run), &Unread::new(0, error));
        let (mut unpacker, mut all) = (Unpacker::new(self.run, keys), Vec::new());
        let blobs = self.blobs.iter().map(blob).collect::<Result<BTreeMap<_, _>, _>>().map_err(broken)?;
        for row in &self.rows {
            let row = Kept::of(row).map_err(broken)?;
            if row.format > FORMAT {
                return Err(newer(database, row.format));
            }
            let entries = self.unpacked(&row, &mut unpacker, &blobs, keys);
            all.extend(entries.map_err(|why| unread(database, Some(self.run), &why))?);
        }
        Ok(all)
    }

    fn unpacked(
        &self,
        &Kept { seq, at_ms, bytes, .. }: &Kept<'_>,
        unpacker: &mut Unpacker,
        blobs: &BTreeMap<&[u8], &[u8]>,
        keys: &Keyring,
    ) -> Result<Vec<Entry>, Unread> {
        let head = Head::read(seq, bytes)?;
        let payload = unpacker.unpack(&head)?;
        if seq <= self.after {
            // Others are differences to it, and it is not of this page.
            return Ok(Vec::new());
        }
        let text = |digest: &BlobDigest| {
            let bytes = blobs.get(digest.as_slice());
            let bytes = bytes.ok_or_else(|| Unread::new(seq, "one of its blobs is not there"))?;
            codec::blob_text(seq, digest, bytes, keys)
        };
        let blobs = head.blobs.iter().map(text).collect::<Result<_, _>>()?;
        Unpacked { seq, at_ms, payload, blobs }.entries(self.run, self.after)
    }
}

/// A row of entries.
struct Kept<'a> {
    seq: u64,
    format: u32,
    at_ms: u64,
    bytes: &'a [u8],
}

impl<'a> Kept<'a> {
    fn of(row: &'a Row) -> Result<Self, Error> {
        let number = |column| row.try_get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or_default());
        let format = u32::try_from(row.try_get::<_, i32>(1)?).unwrap_or(u32::MAX);
        Ok(Self { seq: number(0)?, format, at_ms: number(2)?, bytes: row.try_get(3)? })
    }
}

async fn rows(pool: &Pool, run: RunId, after: u64, bytes_max: usize) -> Result<Vec<Row>, Failed> {
    let (run, after) = (run.to_string(), stored(after));
    let (rows_max, bytes_max) = bounds(bytes_max);
    let parameters: [Parameter<'_>; 4] =
        [(&run, Type::TEXT), (&after, Type::INT8), (&rows_max, Type::INT8), (&bytes_max, Type::INT8)];
    pool.query(PAGE, &parameters).await
}

/// How many rows a page of so many bytes may have, and how many bytes.
fn bounds(bytes_max: usize) -> (i64, i64) {
    let rows_max = if bytes_max == usize::MAX { i64::MAX } else { PAGE_ROWS };
    (rows_max, i64::try_from(bytes_max).unwrap_or(i64::MAX).max(1))
}

/// Whether the run has no row behind those of a page: one more would have been in it.
fn are_last(rows: &[Row], after: u64, bytes_max: usize) -> Result<bool, Error> {
    let ((rows_max, bytes_max), after) = (bounds(bytes_max), stored(after));
    let (mut count, mut bytes) = (0_i64, 0_i64);
    for row in rows {
        if row.try_get::<_, i64>(0)? > after {
            (count, bytes) = (count + 1, bytes.saturating_add(row.try_get::<_, i64>(4)?));
        }
    }
    Ok(count < rows_max && bytes < bytes_max)
}

/// The blobs of the rows after a number. What a damaged row names is not known; it is refused when it is unpacked.
fn named(rows: &[Row], after: u64) -> Result<BTreeSet<BlobDigest>, Error> {
    let mut named = BTreeSet::new();
    for row in rows {
        let Kept { seq, bytes, .. } = Kept::of(row)?;
        if let Some(head) = Head::read(seq, bytes).ok().filter(|_| seq > after) {
            named.extend(head.blobs);
        }
    }
    Ok(named)
}

pub(super) async fn blobs(pool: &Pool, named: &BTreeSet<BlobDigest>) -> Result<Vec<Row>, Failed> {
    let digests: Vec<_> = named.iter().map(|digest| digest.to_vec()).collect();
    pool.query(BLOBS, &[(&digests, Type::BYTEA_ARRAY)]).await
}

/// A row of blobs: the digest, and the bytes.
pub(super) fn blob(row: &Row) -> Result<(&[u8], &[u8]), Error> {
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// A row that a newer version wrote.
fn newer(database: &Database, format: u32) -> Fault {
    let message = format!(
        "\"{database}\" was written by a newer stockade (format {format}, this one knows {FORMAT}); use that one"
    );
    Fault::new(Kind::Journal, message).detail("version")
}

/// An entry that cannot be read, or written so that it could be.
pub(super) fn unread(database: &Database, run: Option<RunId>, Unread { seq, why, detail }: &Unread) -> Fault {
    let of = run.map(|run| format!(" of run {run}")).unwrap_or_default();
    let message = format!("entry {seq}{of} in \"{database}\" cannot be read: {why}");
    Fault::new(Kind::Journal, message).detail(*detail)
}
