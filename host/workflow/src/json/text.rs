use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::{Bounds, malformed, measured, numbers, quoted};
use crate::{Fault, depth_of_text};

/// A value as its JSON without spaces. Its nodes would take up to a hundred times the memory, so a value stays text until
/// code looks inside, and a clone shares the text.
#[derive(Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// Reads JSON as [`parse`](super::parse) does, and keeps it as text: no node of it is made.
    ///
    /// # Errors
    ///
    /// As [`parse`](super::parse).
    pub fn parse(text: &str, bounds: &Bounds) -> Result<Self, Fault> {
        measured(text, bounds)?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let mut out = Vec::with_capacity(text.len());
        Writer { out: &mut out, strict: true }.deserialize(&mut deserializer).map_err(malformed)?;
        deserializer.end().map_err(malformed)?;
        numbers::exact(text).map_err(malformed)?;
        Self::written(out).map_err(malformed)
    }

    /// Takes over what a [`Writer`] has written.
    fn written(out: Vec<u8>) -> serde_json::Result<Self> {
        let text = String::from_utf8(out).map_err(serde_json::Error::custom)?;
        Ok(Self(RawValue::from_string(text)?.into()))
    }

    /// Returns the JSON.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Makes the value. One that nests deeper than JSON is read, which old journals have, is its text.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|_| self.text().into())
    }

    /// Returns whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }

    /// Returns the text, where the value is one.
    pub fn string(&self) -> Option<String> {
        if self.text().starts_with('"') { serde_json::from_str(self.text()).ok() } else { None }
    }

    /// Returns a member of an object, by its name.
    pub fn member(&self, name: &str) -> Option<Self> {
        serde_json::Deserializer::from_str(self.text()).deserialize_map(Member(name)).ok().flatten()
    }

    /// Returns how deep its arrays and objects nest.
    pub fn depth(&self) -> usize {
        depth_of_text(self.text())
    }
}

impl Default for Json {
    fn default() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        // A value has only names that are texts, which is all that could fail.
        Self(to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()).into())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl PartialEq for Json {
    /// The order of the members of an object does not matter, and takes as much text whatever it is.
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text() || (self.text().len() == other.text().len() && self.value() == other.value())
    }
}

impl Eq for Json {}

impl PartialEq<Value> for Json {
    fn eq(&self, other: &Value) -> bool {
        self.value() == *other
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut out = Vec::new();
        Writer { out: &mut out, strict: false }.deserialize(deserializer)?;
        Self::written(out).map_err(D::Error::custom)
    }
}

/// Writes what a deserializer reads as JSON, without a value in between.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Whether the same key twice in one object is refused. What the host wrote has none.
    strict: bool,
}

impl Writer<'_> {
    fn write<E: Error>(self, value: &(impl Serialize + ?Sized)) -> Result<(), E> {
        serde_json::to_writer(self.out, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.write(&())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.write(&value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        if value.is_finite() { self.write(&value) } else { Err(E::custom("a number is not finite")) }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.write(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { out, strict } = self;
        out.push(b'[');
        let begin = out.len();
        loop {
            let end = out.len();
            if end > begin {
                out.push(b',');
            }
            if items.next_element_seed(Writer { out, strict })?.is_none() {
                out.truncate(end);
                out.push(b']');
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { out, strict } = self;
        let mut known = HashSet::new();
        out.push(b'{');
        let begin = out.len();
        while let Some(key) = members.next_key::<String>()? {
            if out.len() > begin {
                out.push(b',');
            }
            Writer { out, strict }.write::<A::Error>(&key)?;
            out.push(b':');
            if strict && !known.insert(key.clone()) {
                let key = quoted(&key);
                return Err(A::Error::custom(format!("the key \"{key}\" stands twice in one object")));
            }
            members.next_value_seed(Writer { out, strict })?;
        }
        out.push(b'}');
        Ok(())
    }
}

/// Finds a member of an object, and passes over all others.
struct Member<'a>(&'a str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<Json>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<Json>, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key::<String>()? {
            if name == self.0 {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_kept_as_the_value_would_be_written() {
        for text in [" null ", "[ ]", "[[ ],[1, -2.50, 1e3]]", "{\"b\" : {}, \"a\":[\"\\u00e9\\n\", true]}", "\"x\""] {
            let (kept, value) =
                (Json::parse(text, &Bounds::OUTSIDE).unwrap(), super::super::parse(text, &Bounds::OUTSIDE).unwrap());
            assert_eq!(kept.text(), value.to_string());
            assert_eq!(kept.value(), value);
            assert_eq!(Json::from(&value), kept);
            // Through a serializer, through one that buffers, and back.
            assert_eq!(serde_json::to_value(&kept).unwrap(), value);
            assert_eq!(serde_json::from_value::<Json>(value).unwrap(), kept);
            assert_eq!(serde_json::from_str::<Json>(text).unwrap(), kept);
        }
        assert_eq!(Json::from(json!("a\"b")).string().as_deref(), Some("a\"b"));
        let object = Json::from(json!({"a": [1], "b": null}));
        assert_eq!(
            ["a", "b", "c"].map(|name| object.member(name).map(|found| found.to_string())),
            [Some("[1]".to_owned()), Some("null".to_owned()), None]
        );
        assert_eq!(Json::from(json!(["a"])).member("a"), None);
        assert_eq!(Json::from(json!({"a": 1, "b": 2})), Json::from(json!({"b": 2, "a": 1})));
        assert_ne!(Json::from(json!({"a": 1, "b": 2})), Json::from(json!({"a": 2, "b": 1})));
    }

    #[test]
    fn a_text_is_refused_as_its_value_would_be() {
        let nest = "[".repeat(65) + &"]".repeat(65);
        for text in ["", "[1,]", "{} {}", "1e400", "{\"a\":1,\"a\":2}", "18446744073709551617", "\"\\ud800\"", &nest] {
            let refused = Json::parse(text, &Bounds::OUTSIDE).unwrap_err();
            assert_eq!(refused, super::super::parse(text, &Bounds::OUTSIDE).unwrap_err(), "{text}");
        }
    }
}
