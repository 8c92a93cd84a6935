//! How a journal that writes bytes keeps entries: compact, and saying itself how it is read.
//!
//! The entries of one commit make one row. A row is, in this order:
//!
//! - a byte: the [version](VERSION) of this encoding, for a reader refuses what it does not know; in a [sealed](SEALED) row, 8 bytes
//!   that say under which key it is;
//! - how many entries back the row ends to which it is a difference; 0 where it is whole;
//! - how many [blobs](blob) were taken out of it, and the 32 bytes of each one's digest;
//! - a frame of Zstandard with a checksum. Unpacked, it says how many entries there are; how long the JSON of each is, and how
//!   many milliseconds before the last one it was written; how far behind the one before it each blob was taken out; and then
//!   comes the JSON of their changes, as [`Change`] writes it, without the blobs. In a sealed row, the frame is
//!   [sealed](crate::keyring) with all that comes before it, the run and the row's number.
//!
//! Numbers are LEB128. What is short is compressed with a dictionary, what is long as the difference to the row before it that
//! was long too: the state of a run is in each of its steps, and mostly as it was. A difference is [copies](copies) of that row
//! and what is new, with a checksum in front of its frame. [Now and then](bases::Base) such a row is the difference to
//! an earlier one, the anchor, or whole, so that a reader in the middle of a run need not read all that is before. A writer keeps
//! what it needs of both rows in memory, under the lease of its run; one that does not have it writes a whole row.
//!
//! The changes are kept as JSON for it is what the formats of entries are made of: a reader of old ones reads these too, and
//! `stockade export` has nothing to translate. With the dictionary, a refund's 5,400 bytes of JSON take 740. MessagePack in
//! place of JSON would save a few bytes more in front of the compressor and almost none behind it. Zstandard, and not Deflate,
//! because its dictionary has the tables of symbols too, which is most of what a text of a kilobyte needs, because it looks
//! back farther than 32 KiB, and because a row costs it three microseconds.
//!
//! `entries-1.dict` was trained on the entries of the recordings in `host/workflow/tests/golden`, of formats 5 to 7. What was
//! written with it cannot be read without it: a better one is another file and another version.

mod bases;
mod batch;
mod blob;
mod copies;
mod frame;
mod number;
mod reference;
mod seal;
mod unpacker;

use std::borrow::Cow;

use stockade_workflow::{Change, Entry, RunId};

#[cfg(feature = "sqlite")]
pub(crate) use self::bases::BEFORE_MAX;
use self::bases::Row;
pub(crate) use self::bases::{Base, Bases};
use self::batch::Batch;
pub(crate) use self::blob::{Blob, BlobDigest};
use self::seal::Prefix;
pub(crate) use self::seal::{prefix, resealed};
pub(crate) use self::unpacker::{Unpacked, Unpacker};
use crate::deep;
use crate::keyring::{Keyring, Unopened};

/// The version of the encoding that is written; it is the first byte of each row and of each blob.
const VERSION: u8 = 1;

/// The version of what is sealed; the number of the key follows it.
const SEALED: u8 = 2;

/// From which length on a row is a difference, and others are differences to it: a shorter one is as short with the dictionary.
const LONG_BYTES_MIN: usize = 4 << 10;

/// Entries of one run with consecutive numbers, as they are kept.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    /// The number of the first.
    pub(crate) first: u64,
    /// The number of the last, which is the row's.
    pub(crate) seq: u64,
    /// When the last was written.
    pub(crate) at_ms: u64,
    pub(crate) bytes: Vec<u8>,
    /// What was taken out of it, and is kept once.
    pub(crate) blobs: Vec<Blob>,
    /// The number of the row to which it is a difference, as its head says too.
    #[cfg(feature = "postgres")]
    pub(crate) base: Option<u64>,
    /// How long the JSON of its entries is, so that a database can tell how many rows make a page.
    #[cfg(feature = "postgres")]
    pub(crate) json_bytes: usize,
}

/// An entry that cannot be read, or written so that it could be.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) seq: u64,
    pub(crate) why: String,
    /// The detail of the fault: `entry`, or `key` where the key is missing.
    pub(crate) detail: &'static str,
}

impl Unread {
    pub(crate) fn new(seq: u64, why: impl ToString) -> Self {
        Self { seq, why: why.to_string(), detail: "entry" }
    }

    fn unopened(seq: u64, unopened: Unopened) -> Self {
        match unopened {
            Unopened::NoKey(why) => Self { seq, why, detail: "key" },
            Unopened::Changed(why) => Self::new(seq, why),
        }
    }
}

/// Packs entries of one run, and returns to what the next ones may be differences. They are sealed, where a key does.
pub(crate) fn encode(
    entries: &[Entry],
    mut base: Option<Base>,
    keys: &Keyring,
) -> Result<(Vec<Packed>, Option<Base>), Unread> {
    let (mut rows, mut batch) = (Vec::new(), Batch::default());
    for entry in entries {
        batch.push(entry, keys)?;
        if batch.is_full() {
            rows.push(std::mem::take(&mut batch).packed(&mut base, keys)?);
        }
    }
    if !batch.is_empty() {
        rows.push(batch.packed(&mut base, keys)?);
    }
    Ok((rows, base))
}

impl Packed {
    /// Reads what was written at once, for what is written must be read.
    fn check(&self, run: RunId, other: Option<&Row>, keys: &Keyring) -> Result<(), Unread> {
        let head = Head::read(self.seq, &self.bytes)?;
        let payload = head.payload(run, keys, other.and_then(|other| other.reference.all()))?.bytes;
        let text = |blob: &Blob| blob_text(self.seq, &blob.digest, &blob.bytes, keys);
        let blobs = self.blobs.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        entries(run, self.seq, self.at_ms, &payload, &blobs, 0).map(drop)
    }
}

/// Whether others may be differences to a row that is so long.
fn is_base(payload: &[u8]) -> bool {
    payload.len() >= LONG_BYTES_MIN
}

/// What a row says before it is unpacked.
pub(crate) struct Head<'a> {
    seq: u64,
    /// The number of the row to which it is a difference.
    pub(crate) base: Option<u64>,
    /// The blobs that were taken out of it.
    pub(crate) blobs: Vec<BlobDigest>,
    prefix: Prefix,
    /// All that comes before the frame.
    said: &'a [u8],
    /// The frame, sealed or not.
    frame: &'a [u8],
}

impl<'a> Head<'a> {
    pub(crate) fn read(seq: u64, bytes: &'a [u8]) -> Result<Self, Unread> {
        let cut = || Unread::new(seq, "it is cut off");
        let mut rest = bytes;
        let prefix = Prefix::read(&mut rest).ok_or_else(cut)?;
        if let Prefix::Other(version) = prefix {
            let why = format!("its encoding is {version}, and this stockade knows {SEALED}; a newer one wrote it");
            return Err(Unread::new(seq, why));
        }
        let back = number::read(&mut rest).ok_or_else(cut)?;
        let base = seq.checked_sub(back).ok_or_else(|| Unread::new(seq, "what it is a difference to is not there"))?;
        let mut blobs = Vec::new();
        for _ in 0..number::read(&mut rest).ok_or_else(cut)? {
            let (digest, after) = rest.split_first_chunk().ok_or_else(cut)?;
            blobs.push(*digest);
            rest = after;
        }
        let said = bytes.get(..bytes.len() - rest.len()).ok_or_else(cut)?;
        Ok(Self { seq, base: (back > 0).then_some(base), blobs, prefix, said, frame: rest })
    }

    /// Unpacks the row; a difference, with what the row unpacks to of which it is one.
    fn payload(&self, run: RunId, keys: &Keyring, base: Option<&[u8]>) -> Result<Payload, Unread> {
        let frame = self.frame(run, keys)?;
        let bytes = frame::unpacked(&frame, base).map_err(|error| Unread::new(self.seq, error))?;
        Ok(Payload { bytes, is_anchor: frame::is_anchor(&frame, base) })
    }

    /// Returns the frame as it was before it was sealed.
    fn frame(&self, run: RunId, keys: &Keyring) -> Result<Cow<'a, [u8]>, Unread> {
        let Prefix::Sealed(key) = &self.prefix else { return Ok(Cow::Borrowed(self.frame)) };
        let opened = keys.open(key, &seal::about(run, self.seq, self.said), self.frame);
        opened.map(Cow::Owned).map_err(|why| Unread::unopened(self.seq, why))
    }
}

/// What a row unpacks to.
struct Payload {
    bytes: Vec<u8>,
    /// Whether a chain begins with it.
    is_anchor: bool,
}

/// Reads the piece of JSON that a blob holds.
pub(crate) fn blob_text(seq: u64, digest: &BlobDigest, bytes: &[u8], keys: &Keyring) -> Result<String, Unread> {
    blob::text(digest, bytes, keys).map_err(|why| Unread::unopened(seq, why))
}

/// Reads the entries of a row that was unpacked, with its blobs: those after a number.
pub(crate) fn entries(
    run: RunId,
    seq: u64,
    last_ms: u64,
    payload: &[u8],
    blobs: &[String],
    after: u64,
) -> Result<Vec<Entry>, Unread> {
    let damaged = || Unread::new(seq, "what is said of its length is wrong");
    let Contents { stamps, json } = contents(payload, blobs).ok_or_else(damaged)?;
    let before = u64::try_from(stamps.len()).ok().and_then(|count| seq.checked_sub(count)).ok_or_else(damaged)?;
    let (mut rest, mut entries) = (json.as_str(), Vec::new());
    for (seq, (bytes, earlier_ms)) in (before + 1..).zip(stamps) {
        let (change, behind) = rest.split_at_checked(bytes).ok_or_else(damaged)?;
        rest = behind;
        if seq > after {
            let change = deep::read(change, Change::read).map_err(|why| Unread::new(seq, why))?;
            entries.push(Entry { run, seq, at_ms: last_ms.wrapping_sub(earlier_ms), change });
        }
    }
    if rest.is_empty() { Ok(entries) } else { Err(damaged()) }
}

/// What a row unpacks to: how long the JSON of each entry is and how much earlier it was written, and the JSON of them all.
struct Contents {
    stamps: Vec<(usize, u64)>,
    json: String,
}

fn contents(mut payload: &[u8], blobs: &[String]) -> Option<Contents> {
    let mut stamps = Vec::new();
    for _ in 0..number::read(&mut payload)? {
        stamps.push((usize::try_from(number::read(&mut payload)?).ok()?, number::read(&mut payload)?));
    }
    let mut gaps = Vec::new();
    for _ in blobs {
        gaps.push(usize::try_from(number::read(&mut payload)?).ok()?);
    }
    let mut rest = std::str::from_utf8(payload).ok()?;
    let mut json = String::with_capacity(rest.len() + blobs.iter().map(String::len).sum::<usize>());
    for (gap, blob) in gaps.into_iter().zip(blobs) {
        let (before, after) = rest.split_at_checked(gap)?;
        json.extend([before, blob]);
        rest = after;
    }
    json += rest;
    Some(Contents { stamps, json })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    const RECORDINGS: [&str; 6] = [
        include_str!("../../workflow/tests/golden/journal-v1.json"),
        include_str!("../../workflow/tests/golden/journal-v3.json"),
        include_str!("../../workflow/tests/golden/journal-v6.json"),
        include_str!("../../workflow/tests/golden/journal-v7.json"),
        include_str!("../../workflow/tests/golden/journal-v7-failures.json"),
        include_str!("../../workflow/tests/golden/journal-v7-decisions.json"),
    ];

    fn run() -> RunId {
        RunId::from_bytes([7; 16])
    }

    fn keys() -> Keyring {
        testing::keys("one")
    }

    /// The runs of the recordings.
    fn recorded() -> Vec<Vec<Entry>> {
        let files = RECORDINGS.map(|text| serde_json::from_str::<Value>(text).unwrap());
        let runs = files.iter().flat_map(|file| file["runs"].as_array().unwrap());
        runs.map(|run| run["entries"].as_array().unwrap().iter().map(entry).collect()).collect()
    }

    fn entry(record: &Value) -> Entry {
        let number = |name: &str| record[name].as_u64().unwrap();
        let change = Change::read(&record["change"].to_string()).unwrap();
        Entry { run: run(), seq: number("seq"), at_ms: number("at_ms"), change }
    }

    /// A step to a state.
    fn stepped(seq: u64, state: Value) -> Entry {
        testing::stepped(run(), seq, state)
    }

    /// Commits entries, so many at a time.
    fn committed(entries: &[Entry], at_once: usize) -> Vec<Packed> {
        sealed_by(&Keyring::default(), entries, at_once)
    }

    /// Commits entries, so many at a time, with these keys.
    fn sealed_by(keys: &Keyring, entries: &[Entry], at_once: usize) -> Vec<Packed> {
        let (mut base, mut rows) = (None, Vec::new());
        for batch in entries.chunks(at_once) {
            let (packed, next) = encode(batch, base.take(), keys).unwrap();
            rows.extend(packed);
            base = next;
        }
        rows
    }

    fn unpacked(row: &Packed, base: Option<&[u8]>) -> Result<(Vec<u8>, Vec<Entry>), Unread> {
        opened_by(&keys(), row, base)
    }

    fn opened_by(keys: &Keyring, row: &Packed, base: Option<&[u8]>) -> Result<(Vec<u8>, Vec<Entry>), Unread> {
        let payload = Head::read(row.seq, &row.bytes)?.payload(run(), keys, base)?.bytes;
        let text = |blob: &Blob| blob_text(row.seq, &blob.digest, &blob.bytes, keys);
        let blobs = row.blobs.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        let entries = entries(run(), row.seq, row.at_ms, &payload, &blobs, 0)?;
        Ok((payload, entries))
    }

    fn read(rows: &[Packed]) -> Vec<Entry> {
        let (mut bases, mut all) = (BTreeMap::<u64, Vec<u8>>::new(), Vec::new());
        for row in rows {
            let base = Head::read(row.seq, &row.bytes).unwrap().base;
            let (payload, entries) = unpacked(row, base.map(|base| &*bases[&base])).unwrap();
            assert_eq!(entries.first().map(|entry| entry.seq), Some(row.first));
            bases.insert(row.seq, payload);
            all.extend(entries);
        }
        all
    }

    fn bytes(rows: &[Packed]) -> usize {
        rows.iter().map(|row| row.bytes.len()).sum()
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        for run in recorded() {
            for at_once in [1, 2, 3, run.len()] {
                assert_eq!(read(&committed(&run, at_once)), run);
            }
        }
    }

    #[test]
    fn entries_take_a_quarter_of_their_json() {
        let runs = recorded();
        let json = runs.iter().flatten().map(|entry| serde_json::to_string(&entry.change).unwrap().len());
        let (json, packed) = (json.sum::<usize>(), runs.iter().map(|run| bytes(&committed(run, 2))).sum::<usize>());
        assert!(packed * 4 < json, "{packed} of {json}");
    }

    #[test]
    fn a_time_before_the_last_one_is_kept() {
        let mut entries: Vec<_> = (1..=3).map(|seq| stepped(seq, json!({}))).collect();
        (entries[0].at_ms, entries[1].at_ms, entries[2].at_ms) = (u64::MAX, 0, 5);
        assert_eq!(read(&committed(&entries, 3)), entries);
    }

    /// The states of a conversation: each has one message more.
    fn conversation(steps: u64) -> Vec<Entry> {
        let words = |number: u64| format!("{:x} ", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(20);
        let message = |number: u64| json!({"role": "user", "content": words(number)});
        let thread = |messages: u64| (0..messages).map(message).collect::<Vec<_>>();
        (1..=steps).map(|seq| stepped(seq, json!({"thread": thread(seq + 20)}))).collect()
    }

    #[test]
    fn a_state_that_grows_costs_what_is_new_of_it_however_long_it_is() {
        let rows = committed(&conversation(800), 1);
        let sum = |rows: &[Packed]| rows.iter().map(|row| row.bytes.len()).sum::<usize>();
        let (early, late) = (sum(&rows[200..400]), sum(&rows[600..]));
        assert!(late * 10 < early * 11, "{early} and {late}");
        let is_link = |row: &&Packed| Head::read(row.seq, &row.bytes).unwrap().base == Some(row.seq - 1);
        let longest = rows.iter().filter(is_link).map(|row| row.bytes.len()).max().unwrap();
        assert!(longest < 512, "{longest}");
        assert_eq!(read(&rows), conversation(800));
    }

    /// What is before it is an anchor and the links to it, and the next anchors follow from there.
    #[test]
    fn a_run_is_read_from_the_middle_on_with_few_of_the_rows_before() {
        let rows = committed(&conversation(500), 1);
        let head = |seq: u64| Head::read(seq, &rows[seq as usize - 1].bytes).unwrap();
        for middle in [2, 128, 129, 200, 300, 499] {
            let before: Vec<_> = std::iter::successors(head(middle).base, |seq| head(*seq).base).collect();
            assert!(before.len() <= 130, "{} before {middle}", before.len());
            let mut unpacker = Unpacker::new(run(), &keys());
            for seq in before.into_iter().rev().chain(middle..=500) {
                unpacker.unpack(&head(seq)).unwrap();
            }
        }
    }

    /// A reader in the middle begins at a row that is whole, and no difference is worth it that is as long.
    #[test]
    fn a_state_that_is_another_each_time_is_whole_where_a_chain_begins() {
        let other = |seq: u64| json!({"text": format!("{:x} ", seq.wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(300)});
        let rows = committed(&(1..=400).map(|seq| stepped(seq, other(seq))).collect::<Vec<_>>(), 1);
        let whole = rows.iter().filter(|row| Head::read(row.seq, &row.bytes).unwrap().base.is_none());
        assert_eq!(whole.map(|row| row.seq).collect::<Vec<_>>(), [1, 129, 257, 385]);
    }

    /// A short row in between, as that of an intent, leaves the long one before it the one to differ from.
    #[test]
    fn a_difference_is_to_the_last_long_row() {
        let mut entries = conversation(3);
        entries[1] = stepped(2, json!("short"));
        let rows = committed(&entries, 1);
        let bases: Vec<_> = rows.iter().map(|row| Head::read(row.seq, &row.bytes).unwrap().base).collect();
        assert_eq!(bases, [None, None, Some(1)]);
        assert_eq!(read(&rows), entries);
    }

    #[test]
    fn what_is_committed_at_once_is_cut_into_rows() {
        let text = |seq: u64| format!("{seq:x}").repeat(2_000);
        let entries: Vec<_> = (1..=1_000).map(|seq| stepped(seq, json!({"text": text(seq)}))).collect();
        let rows = committed(&entries, 1_000);
        assert!(rows.len() >= 2 && rows.windows(2).all(|pair| pair[0].seq + 1 == pair[1].first), "{}", rows.len());
        assert_eq!(read(&rows), entries);
    }

    #[test]
    fn a_long_text_is_taken_out_wherever_it_is() {
        let document = "All of it is of use. ".repeat(2_000);
        let entries = [stepped(1, json!({"a": document, "b": [1, document]})), stepped(2, json!({"c": document}))];
        let rows = committed(&entries, 2);
        let digests: Vec<_> = rows[0].blobs.iter().map(|blob| blob.digest).collect();
        assert_eq!(digests, vec![digests[0]; 3]);
        assert_eq!(Head::read(2, &rows[0].bytes).unwrap().blobs, digests);
        assert!(rows[0].bytes.len() < 500, "{}", rows[0].bytes.len());
        assert_eq!(read(&rows), entries);
    }

    /// Whatever is damaged, it is refused, or makes no difference.
    #[test]
    fn a_damaged_row_is_refused() {
        let mut entries = conversation(2);
        entries.push(stepped(3, json!({"text": "A line.".repeat(2_000)})));
        let runs = [entries, recorded().swap_remove(0)];
        for run in runs {
            let rows = committed(&run, 1);
            let base = unpacked(&rows[0], None).unwrap().0;
            for row in rows.iter().take(6) {
                let base = Head::read(row.seq, &row.bytes).unwrap().base.map(|_| &*base);
                let (_, whole) = unpacked(row, base).unwrap();
                for bit in 0..row.bytes.len() * 8 {
                    let mut damaged = row.clone();
                    damaged.bytes[bit / 8] ^= 1 << (bit % 8);
                    assert!(unpacked(&damaged, base).map_or(true, |(_, entries)| entries == whole), "bit {bit}");
                }
                for end in 0..row.bytes.len() {
                    let damaged = Packed { bytes: row.bytes[..end].to_vec(), ..row.clone() };
                    assert!(unpacked(&damaged, base).is_err(), "cut at {end}");
                }
            }
        }
    }

    #[test]
    fn a_newer_encoding_is_refused_by_name() {
        let mut row = committed(&conversation(1), 1).swap_remove(0);
        row.bytes[0] = SEALED + 1;
        assert!(unpacked(&row, None).unwrap_err().why.contains("its encoding is 3"));
    }

    #[test]
    fn sealed_entries_are_read_as_they_were_written() {
        let mut runs = recorded();
        runs.push(conversation(40));
        runs.push(vec![stepped(1, json!({"document": "All of it is of use. ".repeat(2_000)}))]);
        for run in runs {
            assert_eq!(read(&sealed_by(&keys(), &run, 2)), run);
        }
    }

    #[test]
    fn sealed_rows_and_blobs_have_nothing_that_can_be_read() {
        let document = "All of it is of use. ".repeat(2_000);
        let rows = sealed_by(&keys(), &[stepped(1, json!({"short": "very private", "document": document}))], 1);
        let plain = Blob::of(&document, &Keyring::default()).unwrap();
        let blob = &rows[0].blobs[0];
        let has = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        for bytes in [&rows[0].bytes, &blob.bytes] {
            assert!(!has(bytes, b"private") && !has(bytes, b"of use") && !has(bytes, &plain.digest));
        }
        assert_ne!(blob.digest, plain.digest, "the digest tells nothing to one who has the document");
    }

    #[test]
    fn a_sealed_row_is_refused_under_another_number_or_in_another_run() {
        let entries = [stepped(1, json!("one")), stepped(2, json!("two"))];
        let rows = sealed_by(&keys(), &entries, 1);
        let moved = Packed { bytes: rows[0].bytes.clone(), ..rows[1].clone() };
        assert!(opened_by(&keys(), &moved, None).unwrap_err().why.contains("another place"));
        let other = Head::read(1, &rows[0].bytes).unwrap().payload(RunId::from_bytes([8; 16]), &keys(), None);
        assert_eq!(other.err().unwrap().detail, "entry");
    }

    #[test]
    fn a_sealed_blob_is_refused_in_place_of_another() {
        let of = |text: &str| Blob::of(&text.repeat(1_000), &keys()).unwrap();
        let (one, other) = (of("one line. "), of("another line. "));
        assert!(blob_text(1, &one.digest, &one.bytes, &keys()).unwrap().starts_with("one line. "));
        assert_eq!(blob_text(1, &one.digest, &other.bytes, &keys()).unwrap_err().detail, "entry");
    }

    #[test]
    fn a_sealed_row_that_is_damaged_is_refused_at_every_bit() {
        let row = sealed_by(&keys(), &[stepped(1, json!("private"))], 1).swap_remove(0);
        for bit in 0..row.bytes.len() * 8 {
            let mut damaged = row.clone();
            damaged.bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(opened_by(&keys(), &damaged, None).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_row_whose_key_is_not_there_says_so() {
        let row = sealed_by(&keys(), &[stepped(1, json!("private"))], 1).swap_remove(0);
        for without in [Keyring::default(), testing::keys("other")] {
            assert_eq!(opened_by(&without, &row, None).unwrap_err().detail, "key");
        }
    }

    /// What a row is a difference to is not sealed anew for it: the frame stays.
    #[test]
    fn a_row_that_is_sealed_anew_is_read_as_before() {
        let (before, after) = (conversation(3), testing::keys_after("other", "one"));
        for old in [keys(), Keyring::default()] {
            let mut rows = sealed_by(&old, &before, 1);
            for row in &mut rows {
                let anew = resealed(run(), &Head::read(row.seq, &row.bytes).unwrap(), &[], &after);
                row.bytes = anew.unwrap();
                assert!(row.bytes.starts_with(&prefix(&after)));
            }
            let base = opened_by(&testing::keys("other"), &rows[0], None).unwrap().0;
            let (_, entries) = opened_by(&testing::keys("other"), &rows[1], Some(&base)).unwrap();
            assert_eq!(entries, before[1..2]);
        }
    }
}
