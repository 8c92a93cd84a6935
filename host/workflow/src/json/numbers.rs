//! Numbers of a JSON text, as it writes them.

use serde::de::Error as _;
use serde_json::Error;

use super::quoted;

/// Refuses a text that writes a whole number in digits which nothing here holds: it is beyond 64 bits, and no float has
/// that value. Where JSON is read it would be rounded without a word.
///
/// A float that is as large is also written in digits by some (JavaScript below 10^21), by as few as tell it from others.
pub(super) fn exact(text: &str) -> Result<(), Error> {
    numbers(text).find(|(_, number)| !is_exact(number)).map_or(Ok(()), |(at, number)| Err(rounded(text, at, number)))
}

fn is_exact(number: &str) -> bool {
    if number.contains(['.', 'e', 'E']) || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    let float: f64 = number.parse().unwrap_or(f64::NAN);
    format!("{float}") == number || format!("{float:.0}") == number
}

fn rounded(text: &str, at: usize, number: &str) -> Error {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
    let number = quoted(number);
    Error::custom(format!(
        "the number {number} has more than 64 bits, and a float would round it at line {line} column {column}"
    ))
}

/// Returns the numbers of a text that is JSON, and where each begins.
fn numbers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(byte) = text.as_bytes().get(at) {
            let start = at;
            match byte {
                b'"' => at = past_string(text.as_bytes(), at),
                b'-' | b'0'..=b'9' => {
                    at = past_number(text.as_bytes(), at);
                    return Some((start, text.get(start..at)?));
                }
                _ => at += 1,
            }
        }
        None
    })
}

fn past_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    at
}

fn past_number(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    start + rest.iter().take_while(|byte| is_part(byte)).count()
}
