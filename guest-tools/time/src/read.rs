//! Times of texts.

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::TEXT_BYTES_MAX;

/// Finds a zone; without a name it is UTC.
pub fn zone(name: Option<&str>) -> Result<TimeZone, String> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| format!("there is no time zone {}; `zones` finds their names", quoted(name)))
}

/// Reads a time in one of the usual spellings; one that says nothing of its place is of this zone.
pub fn read(text: &str, zone: TimeZone) -> Result<Zoned, String> {
    let wrong = || format!("{} is not a time as 2026-11-24T15:00:00Z, or 2026-11-24 15:00 with a zone", quoted(text));
    if text.len() > TEXT_BYTES_MAX {
        return Err(wrong());
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Ok(zoned);
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp.to_zoned(zone));
    }
    let local = text.parse::<DateTime>().map_err(|_| wrong())?;
    local.to_zoned(zone).map_err(|_| wrong())
}

/// Reads a time as a format of strptime says.
pub fn read_as(text: &str, format: &str, zone: TimeZone) -> Result<Zoned, String> {
    check_length(text)?;
    check_length(format)?;
    let wrong = |error: jiff::Error| format!("{} is not a time as {}: {error}", quoted(text), quoted(format));
    let time = BrokenDownTime::parse(format, text).map_err(wrong)?;
    if let Ok(zoned) = time.to_zoned() {
        return Ok(zoned);
    }
    if let Ok(timestamp) = time.to_timestamp() {
        return Ok(timestamp.to_zoned(zone));
    }
    let local = time.to_datetime().or_else(|error| time.to_date().map(DateTime::from).map_err(|_| error));
    local.and_then(|local| local.to_zoned(zone)).map_err(wrong)
}

/// Checks that a text is of a length that a time or a format has.
pub fn check_length(text: &str) -> Result<(), String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("{} is longer than {TEXT_BYTES_MAX} bytes", quoted(text)));
    }
    Ok(())
}

/// The beginning of a text, for a message.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.chars().take(60).collect::<String>())
}
