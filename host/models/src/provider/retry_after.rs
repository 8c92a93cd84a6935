use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use stockade_system::Clock;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Where Google says it, in the body of an error.
const DELAYS: [&str; 2] = ["/error/details", "/0/error/details"];

/// Returns how long a provider wants to be left alone: in milliseconds, in seconds, or until a date. A date is compared
/// with the provider's own, where it tells it: its clock and ours may differ.
pub(super) fn retry_after(headers: &HeaderMap, clock: &Clock) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let until = || {
        let until = seconds(text(RETRY_AFTER.as_str())?)?;
        let now = text(DATE.as_str()).and_then(seconds).unwrap_or_else(|| clock.now_ms() / 1_000);
        Some(Duration::from_secs(until.saturating_sub(now)))
    };
    let ms = text("retry-after-ms").and_then(|ms| duration(ms, 1_000.0));
    ms.or_else(|| duration(text(RETRY_AFTER.as_str())?, 1.0)).or_else(until)
}

/// Returns the same from the body of an error, where `retryDelay` is as `34.07s`.
pub(super) fn retry_delay(body: &Value) -> Option<Duration> {
    let details = DELAYS.iter().find_map(|path| body.pointer(path)?.as_array())?;
    let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    duration(delay.strip_suffix('s')?, 1.0)
}

/// Reads a number of which so many are a second.
fn duration(number: &str, in_a_second: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? / in_a_second).ok()
}

/// Reads a date as seconds since the Unix epoch: `Sun, 06 Nov 1994 08:49:37 GMT`, or as it was written before that,
/// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
fn seconds(date: &str) -> Option<u64> {
    let words: Vec<_> = date.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, time) = match *words.as_slice() {
        [_, day, month, year, time, "GMT"] => (day, month, year, time),
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let day: u64 = day.parse().ok()?;
    let month = MONTHS.iter().zip(1_u64..).find(|(name, _)| **name == month)?.1;
    let year = full_year(year)?;
    let mut time = time.splitn(3, ':').map(|part| part.parse::<u64>().ok().filter(|part| *part <= 60));
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let is_valid = (1..=31).contains(&day) && hour < 24 && minute < 60;
    // Years begin with March, so that the odd day is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468).filter(|_| is_valid)?;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// A year of two digits is one of the hundred years from 1970 on.
fn full_year(year: &str) -> Option<u64> {
    let number: u64 = year.parse().ok()?;
    let full = match (year.len(), number) {
        (2, 70..) => number + 1900,
        (2, _) => number + 2000,
        _ => number,
    };
    (1970..=9999).contains(&full).then_some(full)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_date_is_read() {
        for (date, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 29 Feb 2024 23:59:60 GMT", Some(1_709_251_200)),
            ("Fri, 01 Mar 2024 00:00:00 GMT", Some(1_709_251_200)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(784_111_777)),
            ("Sun Nov  6 08:49:37 1994", Some(784_111_777)),
            ("Monday, 30-Nov-26 10:00:00 GMT", Some(1_796_032_800)),
            ("Sun Nov  6 08:49:37", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(seconds(date), expected, "{date}");
        }
    }

    #[test]
    fn a_date_is_compared_with_the_providers_own_or_else_with_our_clock() {
        let clock = Clock::new(|| 784_111_770_000);
        let after = |headers: &[(&'static str, &'static str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), HeaderValue::from_static(value)));
            retry_after(&headers.collect(), &clock).map(|wait| wait.as_millis())
        };
        let date = ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(after(&[date]), Some(7_000));
        assert_eq!(after(&[date, ("date", "Sun, 06 Nov 1994 08:49:07 GMT")]), Some(30_000));
        assert_eq!(after(&[date, ("date", "Sun, 06 Nov 1994 09:00:00 GMT")]), Some(0));
        assert_eq!(after(&[("retry-after", "3"), ("retry-after-ms", "20")]), Some(20));
        assert_eq!(after(&[("retry-after", "3")]), Some(3_000));
        assert_eq!(after(&[("retry-after", "1.5")]), Some(1_500));
        assert_eq!(after(&[("retry-after", "3"), ("retry-after-ms", "20.5")]), Some(20));
        assert_eq!(after(&[("retry-after", "3"), ("retry-after-ms", "soon")]), Some(3_000));
        for nonsense in ["soon", "-1", "inf", "NaN", "1e300", ""] {
            assert_eq!(after(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(after(&[]), None);
    }

    #[test]
    fn a_wish_in_the_body_is_read() {
        let delay = |delay: &str| json!({"details": [{"@type": "help"}, {"@type": "retry", "retryDelay": delay}]});
        let read = |text: &str| retry_delay(&json!({"error": delay(text)})).map(|wait| wait.as_millis());
        assert_eq!(
            ["34s", "34.074s", "0s", "34", "s", "-1s"].map(read),
            [Some(34_000), Some(34_074), Some(0), None, None, None]
        );
        assert_eq!(retry_delay(&json!([{"error": delay("1s")}])), Some(Duration::from_secs(1)));
        assert_eq!(retry_delay(&json!({"error": {"details": "x"}})), None);
    }
}
