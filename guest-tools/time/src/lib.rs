//! Tells the time, and works with dates, times and zones. All but `now` depends on its arguments alone: the rules of the zones
//! are those of the release.

use lean as _; // the allocator

wit_bindgen::generate!({ path: "wit", world: "tool" });

mod read;

use exports::stockade::time::time::{Distance, Guest, Moment, Unit};
use jiff::fmt::strtime;
use jiff::{Span, Timestamp, Zoned};
use read::{quoted, read, read_as, zone};
use wasip2::clocks::wall_clock;

/// When the time of a guest begins that was not granted the clock: the first second of 2026.
const NO_CLOCK_SECONDS: u64 = 1_767_225_600;

/// The longest text of a time, and of how one is written.
const TEXT_BYTES_MAX: usize = 200;

/// How many names of zones are returned.
const ZONES_MAX: usize = 600;

struct Tool;

export!(Tool);

impl Guest for Tool {
    fn now(named: Option<String>) -> Result<Moment, String> {
        let now = wall_clock::now();
        if now.seconds == NO_CLOCK_SECONDS {
            return Err(
                "the clock is not granted: in stockade.toml, under the grants of this tool, clock = \"real\"".into()
            );
        }
        let nanoseconds = i32::try_from(now.nanoseconds).unwrap_or_default();
        let now = i64::try_from(now.seconds).ok().and_then(|seconds| Timestamp::new(seconds, nanoseconds).ok());
        let now = now.ok_or("the clock tells a time that no calendar has")?;
        Ok(moment(&now.to_zoned(zone(named.as_deref())?)))
    }

    fn parse(time: String, named: Option<String>, format: Option<String>) -> Result<Moment, String> {
        let zone = zone(named.as_deref())?;
        let time = match format {
            None => read(&time, zone)?,
            Some(format) => read_as(&time, &format, zone)?,
        };
        Ok(moment(&time))
    }

    fn format(time: String, format: String, named: Option<String>) -> Result<String, String> {
        read::check_length(&format)?;
        let time = read_in(&time, named)?;
        strtime::format(&format, &time)
            .map_err(|error| format!("the time cannot be written as {}: {error}", quoted(&format)))
    }

    fn add(time: String, span: String, named: Option<String>) -> Result<Moment, String> {
        read::check_length(&span)?;
        let time = read_in(&time, named)?;
        let parsed =
            span.parse::<Span>().map_err(|error| format!("{} is not a span of time: {error}", quoted(&span)))?;
        let later = time.checked_add(parsed).map_err(|error| format!("{} is too long: {error}", quoted(&span)))?;
        Ok(moment(&later))
    }

    fn between(start: String, end: String, named: Option<String>, largest: Option<Unit>) -> Result<Distance, String> {
        let (start, end) = (read_in(&start, named.clone())?, read_in(&end, named)?);
        // Days are those of one calendar.
        let end = end.with_time_zone(start.time_zone().clone());
        let span = start.until((unit(largest.unwrap_or(Unit::Day)), &end)).map_err(|error| error.to_string())?;
        let seconds = end.timestamp().as_second() - start.timestamp().as_second();
        Ok(Distance { iso: span.to_string(), text: format!("{span:#}"), seconds })
    }

    fn zones(part: String) -> Vec<String> {
        let part = part.to_lowercase().replace(' ', "_");
        let names = jiff::tz::db().available().map(|name| name.as_str().to_owned());
        names.filter(|name| name.to_lowercase().contains(&part)).take(ZONES_MAX).collect()
    }
}

fn moment(time: &Zoned) -> Moment {
    Moment {
        utc: time.timestamp().to_string(),
        local: time.to_string(),
        weekday: format!("{:?}", time.weekday()),
        unix_ms: time.timestamp().as_millisecond(),
    }
}

/// Reads a time and shows it in the zone that is named, if one is.
fn read_in(time: &str, named: Option<String>) -> Result<Zoned, String> {
    let named_zone = zone(named.as_deref())?;
    let time = read(time, named_zone.clone())?;
    Ok(if named.is_some() { time.with_time_zone(named_zone) } else { time })
}

fn unit(unit: Unit) -> jiff::Unit {
    match unit {
        Unit::Year => jiff::Unit::Year,
        Unit::Month => jiff::Unit::Month,
        Unit::Week => jiff::Unit::Week,
        Unit::Day => jiff::Unit::Day,
        Unit::Hour => jiff::Unit::Hour,
        Unit::Minute => jiff::Unit::Minute,
        Unit::Second => jiff::Unit::Second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn berlin() -> Option<String> {
        Some(text("Europe/Berlin"))
    }

    #[test]
    fn a_time_is_read_in_its_zone() {
        for (time, zone, local) in [
            ("2026-11-24T15:00:00Z", berlin(), "2026-11-24T16:00:00+01:00[Europe/Berlin]"),
            ("2026-11-24 15:00", berlin(), "2026-11-24T15:00:00+01:00[Europe/Berlin]"),
            ("2026-07-01", berlin(), "2026-07-01T00:00:00+02:00[Europe/Berlin]"),
            ("2026-11-24", None, "2026-11-24T00:00:00+00:00[UTC]"),
            ("2026-11-24T15:00:00+01:00[Europe/Berlin]", None, "2026-11-24T15:00:00+01:00[Europe/Berlin]"),
        ] {
            let moment = moment(&read_in(time, zone).unwrap());
            assert_eq!(moment.local, local, "{time}");
        }
    }

    #[test]
    fn times_are_written_and_added() {
        let written = Tool::format(text("2026-11-24T15:00:00Z"), text("%A, %-d %B %Y"), None);
        assert_eq!(written.unwrap(), "Tuesday, 24 November 2026");
        let later = Tool::add(text("2026-03-28T12:00"), text("1 day"), berlin()).unwrap();
        assert_eq!((later.utc.as_str(), later.weekday.as_str()), ("2026-03-29T10:00:00Z", "Sunday"));
        let read = Tool::parse(text("24.11.2026 15:00"), berlin(), Some(text("%d.%m.%Y %H:%M"))).unwrap();
        assert_eq!(read.utc, "2026-11-24T14:00:00Z");
    }

    #[test]
    fn a_distance_is_of_the_calendar() {
        let between = |unit| Tool::between(text("2026-01-31"), text("2026-03-01"), None, unit).unwrap();
        assert_eq!((between(None).iso.as_str(), between(None).seconds), ("P29D", 29 * 86_400));
        assert_eq!(between(Some(Unit::Month)).iso, "P1M1D");
        assert_eq!(between(Some(Unit::Hour)).text, "696h");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for time in ["", "soon", "2026-13-01", "2026-02-30", &"9".repeat(100_000)] {
            assert!(read_in(time, None).unwrap_err().contains("is not a time"), "{time}");
        }
        assert!(read_in("2026-01-01", Some(text("Mars/Olympus"))).unwrap_err().contains("\"Mars/Olympus\""));
        assert!(Tool::format(text("2026-01-01"), text("%!"), None).is_err());
        assert!(Tool::add(text("2026-01-01"), text("99999 years"), None).is_err());
    }

    #[test]
    fn zones_are_found_by_a_part_of_their_names() {
        assert_eq!(Tool::zones(text("new york")), ["America/New_York"]);
    }
}
