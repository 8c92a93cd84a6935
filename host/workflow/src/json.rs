//! JSON as a careful reader reads it: its depth and the memory that it takes are known before anything is made of it.
//!
//! A text is small and its value need not be: `[{"":{"":…` takes 60 bytes of memory for each of its own. So every text that
//! a guest, a model or a caller chose passes here, and [`measured`] looks at each byte once before the first value is made.

mod numbers;
mod text;

use std::{fmt, io};

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{DEPTH_MAX, Fault, Kind};

pub use text::Json;

/// How much of a key an error repeats.
const QUOTE_CHARS: usize = 40;

/// What a [`Value`] takes wherever it stands.
const VALUE_BYTES: u64 = size_of::<Value>() as u64;
/// What an object keeps beside the value of a member: its hash, its key, and its place in the index.
const MEMBER_BYTES: u64 = 8 + size_of::<String>() as u64 + 9;
/// What the allocator and the index of an object add to each piece of memory.
const PIECE_BYTES: u64 = 24;

/// What JSON may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many arrays and objects stand within one another.
    pub depth: u64,
    /// The memory that the value takes in the host.
    pub memory_bytes: u64,
}

impl Bounds {
    /// What comes in from outside: an answer of a guest or a model, arguments, an input. A million numbers or
    /// 200,000 small rows fit, 8 MB of text.
    pub const OUTSIDE: Self = Self { depth: DEPTH_MAX as u64, memory_bytes: 128 << 20 };
    /// What the host wrote itself, around several values from outside.
    pub const OWN: Self = Self { depth: 127, memory_bytes: 4 << 30 };

    /// Replaces the memory.
    #[must_use]
    pub fn memory_bytes(self, memory_bytes: u64) -> Self {
        Self { memory_bytes, ..self }
    }
}

/// Reads JSON in which no object has the same key twice, for two readers may each take another of the values.
///
/// Numbers are kept in all their 64 bits. One too large for any type (`1e400`) is refused, and so is a whole number that
/// would be rounded (`18446744073709551617`).
///
/// # Errors
///
/// As [`measured`], and of kind [`Kind::Invalid`] what is wrong with the text, with line and column.
pub fn parse(text: &str, bounds: &Bounds) -> Result<Value, Fault> {
    measured(text, bounds)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = deserializer.deserialize_any(Strict).map_err(malformed)?;
    deserializer.end().map_err(malformed)?;
    numbers::exact(text).map_err(malformed)?;
    Ok(value)
}

/// Reads JSON as a type of ours.
///
/// # Errors
///
/// As [`parse`], and of kind [`Kind::Invalid`] what does not fit the type, with line and column.
pub fn read<T: DeserializeOwned>(text: &str, bounds: &Bounds) -> Result<T, Fault> {
    // A type may have values in it that serde_json reads by itself: of two members of one name it takes the last one.
    parse(text, bounds)?;
    serde_json::from_str(text).map_err(malformed)
}

/// Returns how much memory the value of a text takes, by a look at its brackets, commas and quotes. What is no JSON is
/// measured too, and is found out by its reader.
///
/// # Errors
///
/// The text is nested too deeply or its value is too large; the fault names the limit `depth` or `json_memory_bytes`.
pub fn measured(text: &str, bounds: &Bounds) -> Result<u64, Fault> {
    let mut scan = Scan { bounds, open: Vec::new(), bytes: VALUE_BYTES };
    let mut rest = text.as_bytes().iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => scan.spend(text_bytes(&mut rest))?,
            b'[' | b'{' => scan.opened(*byte, rest.clone().find(|byte| !byte.is_ascii_whitespace()))?,
            b',' => scan.member()?,
            b']' | b'}' => drop(scan.open.pop()),
            _ => {}
        }
    }
    Ok(scan.bytes)
}

/// Returns how much memory a value takes, beside what it was read from.
pub fn memory_bytes(value: &Value) -> u64 {
    let own = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => string_bytes(text.len() as u64),
        Value::Array(items) => {
            items.iter().map(memory_bytes).fold(room(b'[', items.len() as u64), |sum, bytes| sum + bytes - VALUE_BYTES)
        }
        Value::Object(members) => members.iter().fold(room(b'{', members.len() as u64), |sum, (key, value)| {
            sum + string_bytes(key.len() as u64) + memory_bytes(value) - VALUE_BYTES
        }),
    };
    VALUE_BYTES + own
}

/// Returns how many bytes a value takes as JSON, of which nothing is kept.
pub fn bytes(value: &impl Serialize) -> u64 {
    let mut length = Length(0);
    // Only a map whose keys are not texts fails, and no type of ours has one.
    let _ = serde_json::to_writer(&mut length, value);
    length.0
}

/// Counts what is written to it.
struct Length(u64);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Scan<'a> {
    bounds: &'a Bounds,
    /// The brackets that are open, each with how many members it has.
    open: Vec<(u8, u64)>,
    bytes: u64,
}

impl Scan<'_> {
    fn opened(&mut self, bracket: u8, next: Option<&u8>) -> Result<(), Fault> {
        self.open.push((bracket, 0));
        let (depth, allowed) = (self.open.len() as u64, self.bounds.depth);
        if depth > allowed {
            let message = format!("the JSON is nested more than {allowed} deep, which is all that is read");
            return Err(Fault::limit(Kind::Invalid, "depth", allowed, depth, message).detail("json"));
        }
        if matches!(next, Some(b']' | b'}')) { Ok(()) } else { self.member() }
    }

    fn member(&mut self) -> Result<(), Fault> {
        let Some((bracket, members)) = self.open.last_mut() else { return Ok(()) };
        *members += 1;
        let more = room(*bracket, *members) - room(*bracket, *members - 1);
        self.spend(more)
    }

    fn spend(&mut self, bytes: u64) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(bytes);
        let allowed = self.bounds.memory_bytes;
        if self.bytes > allowed {
            let message =
                format!("the value of the JSON takes more than the {allowed} bytes of memory that it may have");
            return Err(
                Fault::limit(Kind::HostMemory, "json_memory_bytes", allowed, self.bytes, message).detail("json")
            );
        }
        Ok(())
    }
}

/// The memory in which an array or an object of so many members keeps them; both grow by doubling.
fn room(bracket: u8, members: u64) -> u64 {
    match (bracket, members) {
        (_, 0) => 0,
        (b'[', _) => PIECE_BYTES + members.next_power_of_two().max(4) * VALUE_BYTES,
        // One of eight places in the index stays free.
        (_, 1..4) => 2 * PIECE_BYTES + 4 * (VALUE_BYTES + MEMBER_BYTES),
        _ => 2 * PIECE_BYTES + members.saturating_mul(8).div_ceil(7).next_power_of_two() * (VALUE_BYTES + MEMBER_BYTES),
    }
}

fn string_bytes(len: u64) -> u64 {
    if len == 0 { 0 } else { len + PIECE_BYTES }
}

/// The memory of the string that has just begun; goes on to its end.
fn text_bytes(rest: &mut std::slice::Iter<'_, u8>) -> u64 {
    let mut len = 0;
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => break,
            b'\\' => drop(rest.next()),
            _ => {}
        }
        len += 1;
    }
    string_bytes(len)
}

fn malformed(error: serde_json::Error) -> Fault {
    Fault::invalid("json", error.to_string())
}

/// Returns the beginning of a text that an error repeats.
fn quoted(text: &str) -> String {
    text.chars().take(QUOTE_CHARS).flat_map(char::escape_debug).collect()
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

    fn refusal(text: &str) -> Fault {
        parse(text, &Bounds::OUTSIDE).unwrap_err()
    }

    #[test]
    fn what_serde_json_reads_is_read_alike() {
        for text in ["null", "[1, -2, 3.5, true, \"é\\u0000\"]", "{\"a\": {\"b\": []}}", "18446744073709551615"] {
            assert_eq!(parse(text, &Bounds::OUTSIDE).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        }
    }

    #[test]
    fn a_whole_number_is_exact_or_refused() {
        for text in ["-9223372036854775808", "18446744073709551615", "18446744073709551616", "100000000000000000000"] {
            assert!(parse(text, &Bounds::OUTSIDE).is_ok(), "{text}");
        }
        // A float in digits, as JavaScript writes 2^64, and digits that are a text or part of a float.
        for text in ["18446744073709552000", "\"\\\"18446744073709551617\"", "[1e30, 18446744073709551617.0]"] {
            assert!(parse(text, &Bounds::OUTSIDE).is_ok(), "{text}");
        }
        for text in ["-9223372036854775809", "18446744073709551617", "[1,\n {\"a\": 123456789012345678901234567890}]"] {
            assert!(
                refusal(text).message.contains("has more than 64 bits, and a float would round it at line"),
                "{text}"
            );
        }
        assert!(
            refusal("[1,\n -9223372036854775809]").message.ends_with("at line 2 column 2"),
            "{}",
            refusal("[1,\n -9223372036854775809]")
        );
    }

    #[test]
    fn half_of_a_surrogate_pair_is_refused() {
        for text in ["\"\\ud800\"", "{\"\\udc00\": 1}", "\"\\ud800\\ud800\""] {
            assert!(
                refusal(text).message.contains("surrogate") || refusal(text).message.contains("hex escape"),
                "{}",
                refusal(text)
            );
        }
        assert_eq!(parse("\"\\ud83e\\udd80\"", &Bounds::OUTSIDE).unwrap(), Value::from("🦀"));
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        assert_eq!(
            refusal("{\"a\": {\"b\": 1, \"b\": 2}}").message,
            "the key \"b\" stands twice in one object at line 1 column 18"
        );
        assert!(refusal(&format!("1{}", "0".repeat(400))).message.contains("number out of range"));
        assert!(refusal("1e400").message.contains("number out of range"));
        for text in ["NaN", "Infinity", "-Infinity", "[1,]", "{} {}", "\"\\ud800\"", "", "]", "\"", "\"\\"] {
            assert_eq!(refusal(text).kind, Kind::Invalid, "{text}");
        }
    }

    #[test]
    fn what_readers_disagree_on_is_refused_within_a_type_of_ours_too() {
        #[derive(Debug, serde::Deserialize)]
        struct Body {
            _input: Value,
        }

        for (input, why) in [("{\"a\": 1, \"a\": 2}", "twice"), ("18446744073709551617", "64 bits")] {
            let refused = read::<Body>(&format!("{{\"_input\": {input}}}"), &Bounds::OUTSIDE).unwrap_err();
            assert!(refused.kind == Kind::Invalid && refused.message.contains(why), "{refused}");
        }
        assert!(read::<Body>("{\"_input\": {\"a\": 1}}", &Bounds::OUTSIDE).is_ok());
    }

    #[test]
    fn the_depth_ends_where_it_is_said_and_brackets_in_a_text_are_none() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(64), &Bounds::OUTSIDE).is_ok());
        assert!(read::<Value>(&nested(127), &Bounds::OWN).is_ok(), "what is written around is read");
        let breach = refusal(&nested(65)).breach.unwrap();
        assert_eq!((breach.limit.as_str(), breach.allowed, breach.used), ("depth", 64, 65));
        let text = format!("[\"{}\\\"{}\"]", "[".repeat(99), "{".repeat(99));
        assert!(parse(&text, &Bounds::OUTSIDE).is_ok());
        assert!(parse(&format!("[{}]", vec!["[{}]"; 99].join(",")), &Bounds::OUTSIDE).is_ok(), "wide is not deep");
    }

    #[test]
    fn the_memory_ends_before_it_is_taken() {
        let nest = format!("{}1{}", "{\"\":".repeat(60), "}".repeat(60));
        let text = format!("[{}]", vec![nest; 40_000].join(","));
        let fault = refusal(&text);
        assert_eq!((fault.kind, fault.breach.unwrap().limit.as_str()), (Kind::HostMemory, "json_memory_bytes"));
        let rows = format!("[{}]", vec![r#"{"id": 17, "name": "coffee", "price": 4.5}"#; 100_000].join(","));
        assert!(parse(&rows, &Bounds::OUTSIDE).is_ok(), "4 MB of rows are read");
    }
}
