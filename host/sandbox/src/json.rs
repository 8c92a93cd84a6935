//! JSON as a careful reader reads it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::values::quoted;

/// Reads JSON in which no object has the same key twice, for two readers may each take another of the values.
///
/// Numbers are kept in all their 64 bits. Nesting deeper than 127 is refused, and so is a number too large for any type
/// (`1e400`).
///
/// # Errors
///
/// What is wrong, with line and column.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = deserializer.deserialize_any(Strict)?;
    deserializer.end()?;
    Ok(value)
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                let key = quoted(&key);
                return Err(A::Error::custom(format!("the key \"{key}\" stands twice in one object")));
            }
            object.insert(key, members.next_value_seed(Strict)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_serde_json_reads_is_read_alike() {
        for text in ["null", "[1, -2, 3.5, true, \"é\\u0000\"]", "{\"a\": {\"b\": []}}", "18446744073709551615"] {
            assert_eq!(parse(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        }
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        assert_eq!(
            refusal("{\"a\": {\"b\": 1, \"b\": 2}}"),
            "the key \"b\" stands twice in one object at line 1 column 18"
        );
        assert!(refusal(&format!("1{}", "0".repeat(400))).contains("number out of range"));
        assert!(refusal("1e400").contains("number out of range"));
        for text in ["NaN", "Infinity", "-Infinity", "[1,]", "{} {}", "\"\\ud800\"", ""] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(refusal(&"[".repeat(200)).contains("recursion limit"));
    }
}
