use std::error::Error as StdError;
use std::fmt::Write as _;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

use super::super::taken::Taken;
use super::super::{Answer, Error, Value};

/// The days from the year 0 to the first of January 2000, where PostgreSQL's time begins, in the reckoning of
/// [`civil`], whose years begin in March.
const DAYS_BEFORE: i64 = 730_425;
const DAY_MICROS: i64 = 86_400_000_000;

/// A parameter, bound and never spliced.
///
/// It goes as text, which the server reads by the type of its place (a number for `numeric`, a text for `uuid`, `jsonb`
/// or `timestamptz`), and refuses where it does not fit. A blob goes as it is.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub(super) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Integer(value) => write!(out, "{value}")?,
            Value::Real(value) if value.is_infinite() => {
                write!(out, "{}Infinity", if *value < 0.0 { "-" } else { "" })?
            }
            Value::Real(value) => write!(out, "{value}")?,
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
            Value::Blob(blob) => out.extend_from_slice(blob),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        if matches!(self.0, Value::Blob(_)) { Format::Binary } else { Format::Text }
    }

    to_sql_checked!();
}

/// Returns whether a value may stand in a place of this type: bytes as they are would be read as whatever the type has.
pub(super) fn is_bindable(value: &Value, ty: &Type) -> bool {
    !matches!(value, Value::Blob(_)) || *ty == Type::BYTEA
}

/// How the values of a column become ours.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Text,
    Jsonb,
    Bytea,
    Uuid,
    Numeric,
    Date,
    Time,
    Timestamp,
    TimestampTz,
}

impl Form {
    /// Returns the form of a type, if it has one.
    pub(super) fn of(ty: &Type) -> Option<Self> {
        Some(match *ty {
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::OID => Self::Oid,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON | Type::XML => {
                Self::Text
            }
            Type::JSONB => Self::Jsonb,
            Type::BYTEA => Self::Bytea,
            Type::UUID => Self::Uuid,
            Type::NUMERIC => Self::Numeric,
            Type::DATE => Self::Date,
            Type::TIME => Self::Time,
            Type::TIMESTAMP => Self::Timestamp,
            Type::TIMESTAMPTZ => Self::TimestampTz,
            _ => match ty.kind() {
                Kind::Enum(_) => Self::Text,
                Kind::Domain(of) => Self::of(of)?,
                _ => return None,
            },
        })
    }

    /// Reads a value of a row, counted before it is copied.
    pub(super) fn take(self, row: &Row, index: usize, taken: &mut Taken) -> Answer<Value> {
        let strange = || Error::Failed("the server sent a value that is not of its type".into());
        let raw: Raw<'_> = row.try_get(index).map_err(|_| strange())?;
        let bytes = raw.0.unwrap_or_default();
        taken.add(self.weight(bytes))?;
        if raw.0.is_none() {
            return Ok(Value::Null);
        }
        self.value(bytes).ok_or_else(strange)
    }

    /// Returns how many bytes a value becomes: a few bytes can be a number of a hundred thousand digits.
    fn weight(self, bytes: &[u8]) -> usize {
        let (Self::Numeric, Some(&[_, _, weight_high, weight_low, _, _, scale_high, scale_low])) =
            (self, bytes.first_chunk())
        else {
            return bytes.len();
        };
        let groups = i32::from(i16::from_be_bytes([weight_high, weight_low])).saturating_add(1);
        let whole = usize::try_from(groups).unwrap_or_default().saturating_mul(4);
        whole.saturating_add(u16::from_be_bytes([scale_high, scale_low]).into()).max(bytes.len())
    }

    fn value(self, bytes: &[u8]) -> Option<Value> {
        Some(match self {
            Self::Bool => Value::Integer(u8::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Int2 => Value::Integer(i16::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Int4 => Value::Integer(i32::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Int8 => Value::Integer(i64::from_be_bytes(bytes.try_into().ok()?)),
            Self::Oid => Value::Integer(u32::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Float4 => Value::Real(f32::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Float8 => Value::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
            Self::Text => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
            // Before the text is the version of its binary form.
            Self::Jsonb => Value::Text(String::from_utf8_lossy(bytes.strip_prefix(&[1])?).into_owned()),
            Self::Bytea => Value::Blob(bytes.to_vec()),
            Self::Uuid => Value::Text(uuid(bytes.try_into().ok()?)),
            Self::Numeric => Value::Text(numeric(bytes)?),
            Self::Date => Value::Text(date(i32::from_be_bytes(bytes.try_into().ok()?))),
            Self::Time => Value::Text(time(i64::from_be_bytes(bytes.try_into().ok()?))),
            Self::Timestamp => Value::Text(timestamp(i64::from_be_bytes(bytes.try_into().ok()?), "")),
            Self::TimestampTz => Value::Text(timestamp(i64::from_be_bytes(bytes.try_into().ok()?), "Z")),
        })
    }
}

/// The bytes of a value, whatever its type.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Some(bytes)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn uuid(bytes: [u8; 16]) -> String {
    let hex = u128::from_be_bytes(bytes);
    let (a, b, c) = (hex >> 96, hex >> 80 & 0xffff, hex >> 64 & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", hex >> 48 & 0xffff, hex & 0xffff_ffff_ffff)
}

/// Writes a decimal number in full, to its last zero: groups of four digits, of which `weight` + 1 are before the point.
fn numeric(bytes: &[u8]) -> Option<String> {
    let mut words = bytes.chunks_exact(2).map(|pair| pair.iter().fold(0, |word, byte| word << 8 | u16::from(*byte)));
    let (_, weight, sign, scale) = (words.next()?, words.next()?.cast_signed(), words.next()?, words.next()?);
    let sign = match sign {
        0x0000 => "",
        0x4000 => "-",
        0xc000 => return Some("NaN".to_owned()),
        0xd000 => return Some("Infinity".to_owned()),
        0xf000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    let groups: Vec<_> = words.collect();
    let group = |power: i32| {
        let index = i32::from(weight) - power;
        usize::try_from(index).ok().and_then(|index| groups.get(index)).copied().unwrap_or_default()
    };
    let whole: String = (0..=i32::from(weight)).rev().map(|power| format!("{:04}", group(power))).collect();
    let whole = whole.trim_start_matches('0');
    let scale = usize::from(scale);
    let places = i32::try_from(scale.div_ceil(4)).ok()?;
    let part: String = (1..=places).map(|place| format!("{:04}", group(-place))).collect();
    let part = part.get(..scale)?;
    Some(format!("{sign}{}{}{part}", if whole.is_empty() { "0" } else { whole }, if scale > 0 { "." } else { "" }))
}

fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => day(days.into()),
    }
}

fn timestamp(micros: i64, zone: &str) -> String {
    match micros {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        _ => format!("{}T{}{zone}", day(micros.div_euclid(DAY_MICROS)), time(micros.rem_euclid(DAY_MICROS))),
    }
}

fn day(days_from_2000: i64) -> String {
    let (year, month, day) = civil(days_from_2000);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Returns year, month and day, by counting from the first of March, so that the day of a leap year is the last.
fn civil(days_from_2000: i64) -> (i64, i64, i64) {
    let days = days_from_2000 + DAYS_BEFORE;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

fn time(micros: i64) -> String {
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if micros == 0 { whole } else { format!("{whole}.{micros:06}").trim_end_matches('0').to_owned() }
}
