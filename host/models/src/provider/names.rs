use std::collections::BTreeMap;

use stockade_workflow::{Digest, Message, Question, ToolDefinition};

/// The longest name of a function that all providers take.
const NAME_BYTES_MAX: usize = 64;
/// What of its digest tells a name that is cut from others.
const DIGEST_DIGITS: usize = 8;
/// Names that a provider takes for a function of the provider's own, which would search the web or run code there.
const TAKEN: [&str; 12] = [
    "web_search",
    "googleSearch",
    "googleSearchRetrieval",
    "google_search",
    "codeExecution",
    "code_execution",
    "urlContext",
    "url_context",
    "computer",
    "bash",
    "str_replace_based_edit_tool",
    "memory",
];

/// The names of functions as a provider takes them, letters, digits, `_` and `-`, and back.
///
/// They follow from the question alone, so that the same question is always the same. `payments.refund` is
/// `payments__refund`; where that is another's already, it ends with a number. One that is too long has its digest in place
/// of its middle: it begins as its tool does, and ends as its function does.
pub(super) struct Names {
    safe: BTreeMap<String, String>,
    dotted: BTreeMap<String, String>,
}

impl Names {
    /// Names the functions that are offered, and those that the conversation speaks of.
    pub(super) fn new(functions: &[ToolDefinition], question: &Question) -> Self {
        let mut names = Self { safe: BTreeMap::new(), dotted: BTreeMap::new() };
        functions.iter().for_each(|offer| names.add(&offer.name));
        for message in &question.messages {
            if let Message::Assistant { calls, .. } = message {
                calls.iter().for_each(|call| names.add(&call.name));
            }
        }
        names
    }

    /// Returns a name as the provider takes it.
    pub(super) fn safe<'a>(&'a self, name: &'a str) -> &'a str {
        self.safe.get(name).map_or(name, String::as_str)
    }

    /// Returns what a provider's name stands for. One that stands for nothing is passed on: the caller refuses it.
    pub(super) fn dotted(&self, safe: &str) -> String {
        self.dotted.get(safe).cloned().unwrap_or_else(|| safe.to_owned())
    }

    fn add(&mut self, name: &str) {
        if self.safe.contains_key(name) {
            return;
        }
        let plain = plain(name);
        let is_free = |safe: &String| !TAKEN.contains(&safe.as_str()) && !self.dotted.contains_key(safe);
        let numbered = (2_u64..).map(|number| cut(&plain, name, &format!("_{number}")));
        // There is always a number that no other name has.
        let safe = std::iter::once(cut(&plain, name, "")).chain(numbered).find(is_free).unwrap_or_default();
        self.dotted.insert(safe.clone(), name.to_owned());
        self.safe.insert(name.to_owned(), safe);
    }
}

fn plain(name: &str) -> String {
    let mut plain = String::new();
    for c in name.chars() {
        match c {
            '.' => plain.push_str("__"),
            c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => plain.push(c),
            _ => plain.push('_'),
        }
    }
    // Some providers want a letter at the beginning.
    if plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') { plain } else { format!("_{plain}") }
}

fn cut(plain: &str, name: &str, ending: &str) -> String {
    let length = NAME_BYTES_MAX.saturating_sub(ending.len());
    if plain.len() <= length {
        return format!("{plain}{ending}");
    }
    let digest = Digest::of(name.as_bytes());
    let digest = digest.hex().get(..DIGEST_DIGITS).unwrap_or_default();
    // All of it is ASCII.
    let left = length.saturating_sub(DIGEST_DIGITS + 2);
    let (first, last) = (left / 2, plain.len().saturating_sub(left.div_ceil(2)));
    let (first, last) = (plain.get(..first).unwrap_or_default(), plain.get(last..).unwrap_or_default());
    format!("{first}_{digest}_{last}{ending}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn names(names: &[&str]) -> Names {
        let offer =
            |name: &&str| ToolDefinition { name: (*name).to_owned(), description: String::new(), schema: Value::Null };
        Names::new(&names.iter().map(offer).collect::<Vec<_>>(), &Question::default())
    }

    #[test]
    fn names_are_safe_and_come_back() {
        let long = format!("{}.a", "x".repeat(70));
        let longer = format!("{}.b", "x".repeat(70));
        let all = ["payments.refund", "payments__refund", "run_code", "web_search", "a.b-c", "1", "", &long, &longer];
        let names = names(&all);
        let safe: Vec<_> = all.iter().map(|name| names.safe(name)).collect();
        let cut = |name: &str, end: &str| {
            format!("{}_{}_{}{end}", "x".repeat(27), &Digest::of(name.as_bytes()).hex()[..8], "x".repeat(24))
        };
        let (first, second) = (cut(&long, "__a"), cut(&longer, "__b"));
        let expected = [
            "payments__refund",
            "payments__refund_2",
            "run_code",
            "web_search_2",
            "a__b-c",
            "_1",
            "_",
            &first,
            &second,
        ];
        assert_eq!(safe, expected);
        for name in all {
            assert_eq!(names.dotted(names.safe(name)), name);
        }
        assert_eq!(names.dotted("payments.delete"), "payments.delete", "passed on as it is");
    }

    #[test]
    fn a_name_that_is_too_long_keeps_its_function() {
        let name = format!("{}.refund-all", "warehouse".repeat(9));
        let names = names(&[&name]);
        let safe = names.safe(&name);
        assert!(safe.len() == 64 && safe.starts_with("warehousewarehouse") && safe.ends_with("__refund-all"), "{safe}");
        assert_eq!(names.dotted(safe), name);
    }

    proptest! {
        #[test]
        fn no_two_names_are_one(all in prop::collection::btree_set("[a-z._é-]{0,6}|a{60,70}", 0..40)) {
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let names = names(&all);
            for name in &all {
                let safe = names.safe(name);
                prop_assert!((1..=64).contains(&safe.len()));
                prop_assert!(safe.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{safe}");
                prop_assert_eq!(&names.dotted(safe), name);
            }
        }
    }
}
