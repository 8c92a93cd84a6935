use serde_json::{Number, Value};

use crate::schema::F32_END;
use crate::shape::Shape;

pub(super) fn signed<T: TryFrom<i64>>(given: &Value) -> Option<T> {
    given.as_i64().or_else(|| whole(given))?.try_into().ok()
}

pub(super) fn unsigned<T: TryFrom<u64>>(given: &Value) -> Option<T> {
    given.as_u64().or_else(|| whole(given)?.try_into().ok())?.try_into().ok()
}

/// Returns the integer that a number with a point or an exponent is. A larger one may have been rounded to what it is.
fn whole(given: &Value) -> Option<i64> {
    let float = given.as_f64().filter(|_| given.is_f64())?;
    (float.fract() == 0.0 && float.abs() < TWO_POW_53).then_some(float as i64)
}

/// Below it a float is exact to the unit; itself, it is also what the next whole number is rounded to.
const TWO_POW_53: f64 = 9_007_199_254_740_992.0;

/// Says what is due, and of a float that is too large to be taken for an integer, how to write one.
pub(super) fn expected(shape: &Shape, given: &Value) -> String {
    let is_integer = matches!(shape, Shape::S64 | Shape::U64);
    if is_integer && given.is_f64() && given.as_f64().is_some_and(|float| float.abs() >= TWO_POW_53) {
        return format!("{} in digits alone, for a float from 2^53 on may be rounded", shape.word());
    }
    if let Some(bits) = bits(shape).filter(|bits| is_rounded(given, *bits)) {
        return format!(
            "{NOT_A_FLOAT} {bits} bits can have, so write it with a point or an exponent to have it rounded"
        );
    }
    shape.word().to_owned()
}

/// What is said of a whole number that no float is.
pub(super) const NOT_A_FLOAT: &str = "a whole number that a float of";

fn bits(shape: &Shape) -> Option<u32> {
    match shape {
        Shape::F32 => Some(32),
        Shape::F64 => Some(64),
        _ => None,
    }
}

/// Returns whether a number is written as a whole one that no float of so many bits is: who writes all of its digits means
/// all of them.
fn is_rounded(given: &Value, bits: u32) -> bool {
    let whole = given.as_i64().map(i128::from).or(given.as_u64().map(i128::from));
    let rounded = |wide: f64| if bits == 32 { f64::from(wide as f32) } else { wide };
    whole.zip(given.as_f64()).is_some_and(|(whole, float)| rounded(float) as i128 != whole)
}

/// Returns the nearest `f32`; none where only infinity is near to a finite number.
pub(super) fn float32(given: &Value) -> Option<f32> {
    let wide = float(given).filter(|_| !is_rounded(given, 32))?;
    (!wide.is_finite() || wide.abs() < F32_END).then_some(wide as f32)
}

pub(super) fn float(given: &Value) -> Option<f64> {
    match given.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => given.as_f64().filter(|_| !is_rounded(given, 64)),
    }
}

/// JSON has no word for NaN and the infinities, so they are written as ProtoJSON writes them.
pub(super) fn number(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}
