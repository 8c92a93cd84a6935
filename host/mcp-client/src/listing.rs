//! What a server offers, page by page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use stockade::Digest;

use crate::definition::{Definition, looks};

/// How many tools a server may list.
pub(crate) const TOOLS_MAX: usize = 512;

/// How many pages the list of a server may have.
pub(crate) const PAGES_MAX: usize = 64;

/// How many bytes all definitions of a server may have, as JSON.
const BYTES_MAX: u64 = 4 << 20;

/// How many tools that cannot be called are named.
const REFUSED_MAX: usize = 64;

/// The longest cursor that leads to a next page.
const CURSOR_BYTES_MAX: usize = 4 << 10;

/// The tools that a server offers.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Those that may be accepted, by name.
    pub tools: BTreeMap<String, Definition>,
    /// Those that can never be called, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// A listing that is being read.
#[derive(Default)]
pub(crate) struct Reading {
    found: Vec<Definition>,
    refused: Vec<(String, String)>,
    cursors: BTreeSet<Digest>,
    pages: usize,
    tools: usize,
    bytes: u64,
}

impl Reading {
    /// Takes in a page, and returns the cursor of the next one.
    ///
    /// # Errors
    ///
    /// The page is no list of tools, or the list does not come to an end.
    pub(crate) fn page(&mut self, page: &Value) -> Result<Option<String>, String> {
        let Some(tools) = page.get("tools").and_then(Value::as_array) else {
            return Err("it has answered tools/list with something that is no list of tools".to_owned());
        };
        self.pages += 1;
        self.tools += tools.len();
        self.bytes += stockade::json::bytes(page);
        if self.pages > PAGES_MAX || self.tools > TOOLS_MAX || self.bytes > BYTES_MAX {
            return Err(format!(
                "it lists more than {TOOLS_MAX} tools, {PAGES_MAX} pages or {BYTES_MAX} bytes; no tool of it is taken"
            ));
        }
        for tool in tools {
            match Definition::read(tool) {
                Ok(definition) => self.found.push(definition),
                Err(refused) => self.refused.push(refused),
            }
        }
        self.next(page)
    }

    fn next(&mut self, page: &Value) -> Result<Option<String>, String> {
        let cursor = page.get("nextCursor").and_then(Value::as_str).filter(|cursor| !cursor.is_empty());
        let Some(cursor) = cursor else { return Ok(None) };
        if cursor.len() > CURSOR_BYTES_MAX || !self.cursors.insert(Digest::of(cursor.as_bytes())) {
            return Err("its list of tools leads back to a page that was read, or has too long a cursor".to_owned());
        }
        Ok(Some(cursor.to_owned()))
    }

    /// Returns what was read. Tools whose names are the same, or could be taken for each other, are refused.
    pub(crate) fn end(self) -> Listing {
        let Self { found, mut refused, .. } = self;
        let mut alike = BTreeMap::<_, Vec<Definition>>::new();
        for definition in found {
            alike.entry(looks(definition.name())).or_default().push(definition);
        }
        let mut tools = BTreeMap::new();
        for same in alike.into_values() {
            let names: Vec<_> = same.iter().map(|definition| format!("\"{}\"", definition.name())).collect();
            let why = format!("it could be taken for another: the server offers {}", names.join(" and "));
            let is_alone = same.len() == 1;
            for definition in same {
                let name = definition.name().to_owned();
                match is_alone {
                    true => drop(tools.insert(name, definition)),
                    false => refused.push((name, why.clone())),
                }
            }
        }
        refused.truncate(REFUSED_MAX);
        Listing { tools, refused }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(names: &[&str], next: Option<&str>) -> Value {
        let tools = names.iter().map(|name| json!({"name": name, "inputSchema": {"type": "object"}}));
        json!({"tools": tools.collect::<Vec<_>>(), "nextCursor": next})
    }

    #[test]
    fn names_that_could_be_taken_for_each_other_are_all_refused() {
        let mut reading = Reading::default();
        assert_eq!(reading.page(&page(&["read", "write", "list"], Some("2"))), Ok(Some("2".to_owned())));
        assert_eq!(reading.page(&page(&["read", "1ist", "wr\u{131}te"], None)), Ok(None));
        let listing = reading.end();
        assert_eq!(listing.tools.keys().collect::<Vec<_>>(), ["write"]);
        let refused: BTreeSet<_> = listing.refused.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(refused, BTreeSet::from(["1ist", "list", "read", "wr\u{131}te"]));
    }

    #[test]
    fn a_list_without_an_end_is_given_up() {
        let mut reading = Reading::default();
        let pages: Vec<_> = (0..=PAGES_MAX).map(|at| reading.page(&page(&[], Some(&at.to_string())))).collect();
        assert!(pages.last().is_some_and(|last| last.as_ref().is_err_and(|why| why.contains("64 pages"))));
        let mut reading = Reading::default();
        assert!(reading.page(&page(&[], Some("1"))).is_ok());
        assert!(reading.page(&page(&[], Some("1"))).is_err_and(|why| why.contains("leads back")));
        let many = vec!["a"; TOOLS_MAX + 1];
        assert!(Reading::default().page(&page(&many, None)).is_err_and(|why| why.contains("512 tools")));
        assert!(Reading::default().page(&json!({"tools": 3})).is_err());
    }
}
