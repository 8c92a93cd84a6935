//! Values of Python and JSON.
//!
//! Tuples, sets and named tuples are arrays; a dataclass is an object; `Decimal`, a path and a date or time are texts, a
//! `timedelta` its seconds, bytes the text that they are (as an argument of a tool, a list); a whole number beyond 64 bits is
//! its digits; NaN and the infinities are the texts "NaN", "Infinity" and "-Infinity". Anything else, and what contains
//! itself, is refused.

use monty_types::unstable::{MontyNode, child, node};
use monty_types::{MontyDate, MontyDateTime, MontyObject, MontyTime, ObjectRef};
use serde_json::{Map, Number, Value};

pub(crate) fn from_json(json: &str) -> Result<MontyObject, String> {
    serde_json::from_str::<Value>(json).map(from_value).map_err(|error| error.to_string())
}

fn from_value(value: Value) -> MontyObject {
    match value {
        Value::Null => MontyObject::none(),
        Value::Bool(value) => MontyObject::bool(value),
        Value::Number(number) => from_number(&number),
        Value::String(text) => MontyObject::string(text),
        Value::Array(values) => MontyObject::list(values.into_iter().map(from_value)),
        Value::Object(entries) => {
            MontyObject::dict(entries.into_iter().map(|(key, value)| (MontyObject::string(key), from_value(value))))
        }
    }
}

fn from_number(number: &Number) -> MontyObject {
    match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => MontyObject::int(whole),
        (None, Some(whole)) => MontyObject::bigint(whole.into()),
        _ => MontyObject::float(number.as_f64().unwrap_or(f64::NAN)),
    }
}

pub(crate) fn to_json(value: ObjectRef<'_>) -> Result<String, String> {
    to_value(value).map(|value| value.to_string())
}

pub(crate) fn to_value(value: ObjectRef<'_>) -> Result<Value, String> {
    Ok(match node(value) {
        MontyNode::None => Value::Null,
        MontyNode::Bool(value) => (*value).into(),
        MontyNode::Int(value) => (*value).into(),
        MontyNode::BigInt(value) => match u64::try_from(value) {
            Ok(value) => value.into(),
            Err(_) => value.to_string().into(),
        },
        MontyNode::Float(value) => Number::from_f64(*value).map_or_else(|| word(*value).into(), Value::Number),
        MontyNode::String(text) | MontyNode::Decimal(text) | MontyNode::Path(text) => text.as_str().into(),
        MontyNode::Complex(_) => value.py_repr().into(),
        MontyNode::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => return Err("the value of the cell has bytes in it that are no text".into()),
        },
        MontyNode::Date(date) => self::date(date).into(),
        MontyNode::DateTime(datetime) => self::datetime(datetime).into(),
        MontyNode::Time(time) => self::time(time).into(),
        MontyNode::TimeDelta(delta) => {
            let whole = f64::from(delta.days) * 86_400.0 + f64::from(delta.seconds);
            (whole + f64::from(delta.microseconds) / 1e6).into()
        }
        MontyNode::List(_) | MontyNode::Tuple(_) | MontyNode::NamedTuple { .. } => array(value, false)?,
        MontyNode::Set(_) | MontyNode::FrozenSet(_) => array(value, true)?,
        MontyNode::Dict(pairs) | MontyNode::ClassInstance { attrs: pairs, .. } => {
            let pairs = pairs.iter().map(|(key, one)| Ok((key_of(child(value, *key)), to_value(child(value, *one))?)));
            Value::Object(pairs.collect::<Result<Map<_, _>, String>>()?)
        }
        MontyNode::Cycle(_) => return Err("the value of the cell contains itself, which JSON cannot".into()),
        _ => {
            return Err(format!(
                "the value of the cell has a {} in it, which is nothing that JSON can hold",
                value.type_name()
            ));
        }
    })
}

/// An argument of a tool: bytes are a list of them.
pub(crate) fn argument(value: ObjectRef<'_>) -> Result<Value, String> {
    match node(value) {
        MontyNode::Bytes(bytes) => Ok(bytes.iter().map(|byte| Value::from(*byte)).collect()),
        _ => to_value(value),
    }
}

/// What stands for a float for which JSON has no number.
fn word(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

fn array(value: ObjectRef<'_>, sorts: bool) -> Result<Value, String> {
    let items = match node(value) {
        MontyNode::NamedTuple { values, .. } => values.iter().map(|id| child(value, *id)).collect(),
        MontyNode::Set(ids) | MontyNode::FrozenSet(ids) => ids.iter().map(|id| child(value, *id)).collect(),
        _ => value.items().unwrap_or_default(),
    };
    let mut items = items.into_iter().map(to_value).collect::<Result<Vec<_>, _>>()?;
    if sorts {
        items.sort_by(|one, other| match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            _ => one.as_str().cmp(&other.as_str()),
        });
    }
    Ok(Value::Array(items))
}

fn key_of(key: ObjectRef<'_>) -> String {
    match to_value(key) {
        Ok(Value::String(text)) => text,
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value.to_string(),
        _ => key.py_repr(),
    }
}

fn date(date: &MontyDate) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

fn datetime(at: &MontyDateTime) -> String {
    let date = format!("{:04}-{:02}-{:02}", at.year, at.month, at.day);
    format!(
        "{date}T{}{}",
        clock(at.hour.into(), at.minute.into(), at.second.into(), at.microsecond),
        offset(at.offset_seconds)
    )
}

fn time(at: &MontyTime) -> String {
    clock(at.hour.into(), at.minute.into(), at.second.into(), at.microsecond) + &offset(at.offset_seconds)
}

fn clock(hour: u32, minute: u32, second: u32, microsecond: u32) -> String {
    let part = if microsecond == 0 { String::new() } else { format!(".{microsecond:06}") };
    format!("{hour:02}:{minute:02}:{second:02}{part}")
}

fn offset(seconds: Option<i32>) -> String {
    let Some(seconds) = seconds else { return String::new() };
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
