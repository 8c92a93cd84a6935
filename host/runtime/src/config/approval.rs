use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use stockade_workflow::Terms;

use super::Asking;

/// When a person is asked before a tool is called, and on which terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    /// When; absent where the nature of the tool says so.
    pub ask: Option<Asking>,
    /// Who may decide, and until when.
    pub terms: Option<Terms>,
}

impl<'de> Deserialize<'de> for Approval {
    /// Reads `"always"`, or a table of terms that may have `ask = "always"`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Approval;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"always\", \"never\" or a table")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Approval, E> {
        read(Value::from(text)).map(|ask| Approval { ask: Some(ask), terms: None })
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Approval, M::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = map.next_entry()? {
            members.insert(name, value);
        }
        let ask = members.remove("ask").map(read).transpose()?;
        let terms: Terms = read(Value::Object(members))?;
        terms.check().map_err(M::Error::custom)?;
        Ok(Approval { ask, terms: Some(terms) })
    }
}

fn read<T: for<'a> Deserialize<'a>, E: Error>(value: Value) -> Result<T, E> {
    serde_json::from_value(value).map_err(E::custom)
}

#[cfg(test)]
mod tests {
    use crate::Config;
    use crate::config::Asking;

    #[test]
    fn an_approval_is_a_word_or_a_table_of_terms() {
        let read = |text: &str| {
            let config = Config::parse(&format!("[tool.a]\ncomponent = \"a.wasm\"\napproval = {text}"));
            config.map(|config| config.tool["a"].approval.clone().unwrap())
        };
        let word = read("\"always\"").unwrap();
        assert_eq!((word.ask, word.terms), (Some(Asking::Always), None));
        let table = read("{ ask = \"never\", role = \"manager\", quorum = 2, expires = \"2h\" }").unwrap();
        let terms = table.terms.unwrap();
        assert_eq!((table.ask, terms.role.as_deref(), terms.quorum), (Some(Asking::Never), Some("manager"), 2));
        assert_eq!(terms.expires.unwrap().ms, 7_200_000);
        for (text, why) in [
            ("\"sometimes\"", "unknown variant"),
            ("{ expire = \"2h\" }", "unknown field `expire`"),
            ("{ expires = \"2\" }", "is not a time with its unit"),
            ("{ quorum = 0 }", "it may be 1 to 20"),
            ("3", "expected \"always\", \"never\" or a table"),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.message.contains(why) && fault.message.contains("line 3"), "{text}: {fault}");
        }
    }
}
