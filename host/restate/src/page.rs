//! Entries of a run, as Restate keeps them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use stockade::{Change, Entry, FORMAT, Fault, Kind, Result, RunId};

/// How much one page holds at least before the next one is begun, in bytes of JSON: so much is written anew with each step.
const PAGE_BYTES: usize = 64 << 10;

/// An entry.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Written {
    seq: u64,
    at_ms: u64,
    /// The change as JSON: the values of others stay text. As a text within text, one of quotes would be twice as long.
    change: Box<RawValue>,
}

/// Entries that follow each other.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Page {
    /// The version of the entries.
    format: u32,
    entries: Vec<Written>,
}

impl Written {
    pub(crate) fn of(entry: &Entry) -> Result<Self> {
        let change = to_raw_value(&entry.change);
        let change = change.map_err(|error| Fault::new(Kind::HostBug, format!("an entry has no JSON: {error}")))?;
        Ok(Self { seq: entry.seq, at_ms: entry.at_ms, change })
    }

    fn entry(&self, run: RunId) -> Result<Entry> {
        let damaged = |error| {
            Fault::new(Kind::Journal, format!("entry {} of run {run} is damaged: {error}", self.seq)).detail("entry")
        };
        let change = self.change().and_then(|change| Change::read(&change));
        Ok(Entry {
            run,
            seq: self.seq,
            at_ms: self.at_ms,
            change: change.map_err(|error| damaged(error).detail("entry"))?,
        })
    }

    /// Returns the JSON of the change, which was a text in that of the page before.
    fn change(&self) -> serde_json::Result<Cow<'_, str>> {
        let json = self.change.get();
        if json.starts_with('"') { serde_json::from_str(json).map(Cow::Owned) } else { Ok(Cow::Borrowed(json)) }
    }
}

impl Page {
    fn new() -> Self {
        Self { format: FORMAT, entries: Vec::new() }
    }

    /// Whether the next entries begin another page. Those of another version do.
    fn is_full(&self) -> bool {
        self.format != FORMAT || self.entries.iter().map(|entry| entry.change.get().len()).sum::<usize>() >= PAGE_BYTES
    }

    /// Adds entries to the last page, or to a new one.
    pub(crate) fn add(pages: &mut Vec<Self>, entries: Vec<Written>) {
        if pages.last().is_none_or(Self::is_full) {
            pages.push(Self::new());
        }
        if let Some(last) = pages.last_mut() {
            last.entries.extend(entries);
        }
    }

    /// Returns all entries.
    ///
    /// # Errors
    ///
    /// They are of a newer version of this program, or damaged.
    pub(crate) fn entries(pages: &[Self], run: RunId) -> Result<Vec<Entry>> {
        if let Some(newer) = pages.iter().find(|page| page.format > FORMAT) {
            let message = format!(
                "run {run} has entries of format {}, and this program reads up to {FORMAT}; register a newer one with Restate",
                newer.format
            );
            return Err(Fault::new(Kind::Journal, message).detail("format"));
        }
        pages.iter().flat_map(|page| &page.entries).map(|entry| entry.entry(run)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_whose_change_is_a_text_within_the_page_is_read() {
        let run = RunId::from_bytes([1; 16]);
        let entry = Written::of(&Entry { run, seq: 1, at_ms: 5, change: Change::Resumed }).unwrap();
        let text = serde_json::to_string(entry.change.get()).unwrap();
        let old = format!(r#"{{"format": {FORMAT}, "entries": [{{"seq": 1, "at_ms": 5, "change": {text}}}]}}"#);
        let pages: Vec<Page> = vec![serde_json::from_str(&old).unwrap()];
        assert!(matches!(Page::entries(&pages, run).unwrap()[..], [Entry { change: Change::Resumed, at_ms: 5, .. }]));
    }
}
