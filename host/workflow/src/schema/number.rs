//! Numbers as they are, and not as the nearest `f64`: 2^64 is more than the largest `u64`.

use std::cmp::Ordering;

use serde_json::Number;

/// From here on a number without a fraction is compared as `f64`, which it is.
const INTEGERS_END: f64 = 1e38;

pub(super) fn compare(a: &Number, b: &Number) -> Ordering {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        // One has a fraction, and so is below 2^53, or is beyond all integers: rounding the other changes no order.
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Returns the number, if it has no fraction and is not huge.
pub(super) fn integer(number: &Number) -> Option<i128> {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    whole.or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < INTEGERS_END)?;
        #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is in the range")]
        Some(float as i128)
    })
}

/// Whether a number has no fraction, however large it is.
pub(super) fn is_whole(number: &Number) -> bool {
    number.as_f64().is_some_and(|float| float.fract() == 0.0) || integer(number).is_some()
}

/// Whether a number is a multiple of another, both as they are written in decimal: 0.3 is one of 0.1.
pub(super) fn is_multiple(number: &Number, of: &Number) -> bool {
    let (Some((a, a_tens)), Some((b, b_tens))) = (decimal(number), decimal(of)) else { return false };
    let tens = a_tens - b_tens;
    match u32::try_from(tens) {
        _ if a == 0 => true,
        _ if b == 0 => false,
        Ok(tens) => rest_of(a, tens, b) == 0,
        Err(_) => {
            let power = 10_u128.checked_pow(tens.unsigned_abs());
            power.and_then(|power| power.checked_mul(b)).is_some_and(|divisor| a % divisor == 0)
        }
    }
}

/// Returns the rest of `a` times so many tens. All are below 2^64, so that no product overflows.
fn rest_of(a: u128, tens: u32, b: u128) -> u128 {
    (0..tens).fold(a % b, |rest, _| rest * 10 % b)
}

/// Returns the digits without the point, and how many tens they are multiplied with.
fn decimal(number: &Number) -> Option<(u128, i32)> {
    let text = number.to_string();
    let (digits, tens) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    Some((digits.parse().ok()?, tens.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?))
}
