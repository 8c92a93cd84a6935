//! The times of a schedule: cron's, in a time zone.

use chrono::{DateTime, TimeZone as _};
use chrono_tz::Tz;
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use stockade_workflow::{Fault, Kind};

use super::fields;
use crate::Result;

/// The times of a schedule.
///
/// Where clocks are put forward, a time that the day does not have comes right after the gap; where they are put back, a time
/// that the day has twice comes once, and one of each hour comes in both.
pub(crate) struct Calendar {
    cron: Cron,
    zone: Tz,
}

impl Calendar {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] where they are not cron's, never come, or the time zone is not known.
    pub(crate) fn new(cron: &str, timezone: &str) -> Result<Self> {
        fields::check(cron).map_err(|why| refused(cron, &why))?;
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(cron).map_err(|error| wrong(cron, &error))?;
        let zone = timezone.parse().map_err(|_| unknown(timezone))?;
        let calendar = Self { cron, zone };
        calendar.after(0)?;
        Ok(calendar)
    }

    /// Returns the first time after this one, in milliseconds since the Unix epoch.
    pub(crate) fn after(&self, ms: u64) -> Result<u64> {
        self.found(self.cron.find_next_occurrence(&self.at(ms)?, false))
    }

    /// Returns the last time that is not after this one.
    pub(crate) fn up_to(&self, ms: u64) -> Result<u64> {
        self.found(self.cron.find_previous_occurrence(&self.at(ms)?, true))
    }

    fn at(&self, ms: u64) -> Result<DateTime<Tz>> {
        let at = i64::try_from(ms).ok().and_then(|ms| self.zone.timestamp_millis_opt(ms).single());
        at.ok_or_else(|| Fault::invalid("schedule", format!("{ms} milliseconds since 1970 are no date")))
    }

    fn found(&self, found: Result<DateTime<Tz>, CronError>) -> Result<u64> {
        let at = found.map_err(|error| wrong(self.cron.as_str(), &error))?;
        u64::try_from(at.timestamp_millis()).map_err(|error| Fault::new(Kind::HostBug, error.to_string()))
    }
}

fn wrong(cron: &str, error: &CronError) -> Fault {
    match error {
        CronError::TimeSearchLimitExceeded => refused(cron, "these times never come"),
        other => refused(cron, &other.to_string()),
    }
}

fn refused(cron: &str, why: &str) -> Fault {
    let message = format!(
        "cron = \"{cron}\" is not minute, hour, day of the month, month and day of the week, as in \"0 3 * * 1-5\": {why}"
    );
    Fault::invalid("schedule", message)
}

fn unknown(timezone: &str) -> Fault {
    let message = format!("timezone = \"{timezone}\" is no IANA time zone, as \"UTC\" or \"Europe/Berlin\" are");
    Fault::invalid("schedule", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> u64 {
        u64::try_from(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()).unwrap()
    }

    fn after(cron: &str, zone: &str, text: &str) -> String {
        let ms = Calendar::new(cron, zone).unwrap().after(ms(text)).unwrap();
        DateTime::from_timestamp_millis(i64::try_from(ms).unwrap()).unwrap().to_rfc3339()
    }

    #[test]
    fn times_are_those_of_cron_in_their_zone() {
        let after = |cron, zone, from| after(cron, zone, from);
        assert_eq!(after("0 3 * * *", "UTC", "2026-11-30T03:00:00Z"), "2026-12-01T03:00:00+00:00");
        assert_eq!(after("0 3 * * *", "Europe/Berlin", "2026-11-30T03:00:00Z"), "2026-12-01T02:00:00+00:00");
        assert_eq!(after("30 9 * * 1-5", "UTC", "2026-12-04T10:00:00Z"), "2026-12-07T09:30:00+00:00");
        assert_eq!(
            after("0 0 * * 7", "UTC", "2026-11-30T00:00:00Z"),
            after("0 0 * * 0", "UTC", "2026-11-30T00:00:00Z")
        );
        assert_eq!(after("0 0 13 * 5", "UTC", "2026-12-01T00:00:00Z"), "2026-12-04T00:00:00+00:00", "either day");
        assert_eq!(after("@weekly", "UTC", "2026-11-30T00:00:00Z"), "2026-12-06T00:00:00+00:00");
    }

    #[test]
    fn a_time_comes_once_a_day_where_the_clocks_are_changed() {
        // The clocks of Berlin went from 2:00 to 3:00 on 2026-03-29, and from 3:00 to 2:00 on 2026-10-25.
        assert_eq!(after("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00+00:00");
        assert_eq!(after("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z"), "2026-03-30T00:30:00+00:00");
        assert_eq!(after("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00+00:00");
        assert_eq!(after("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z"), "2026-10-26T01:30:00+00:00");
    }

    #[test]
    fn the_last_time_is_found_too() {
        let calendar = Calendar::new("*/15 * * * *", "UTC").unwrap();
        assert_eq!(calendar.up_to(ms("2026-11-30T10:15:00Z")).unwrap(), ms("2026-11-30T10:15:00Z"));
        assert_eq!(calendar.up_to(ms("2026-11-30T10:29:59Z")).unwrap(), ms("2026-11-30T10:15:00Z"));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for (cron, zone, says) in [
            ("0 3 * *", "UTC", "cron = \"0 3 * *\""),
            ("0 0 3 * * *", "UTC", "cron = \"0 0 3 * * *\""),
            ("61 * * * *", "UTC", "cron = \"61 * * * *\""),
            ("*/61 * * * *", "UTC", "a step is a number from 1 to 59"),
            ("0,,5 * * * *", "UTC", "an empty item"),
            ("30/5 * * * *", "UTC", "cron = \"30/5 * * * *\""),
            ("0 0 31 2 *", "UTC", "these times never come"),
            ("", "UTC", "cron = \"\""),
            ("@reboot", "UTC", "cron = \"@reboot\""),
            ("@daily", "Berlin", "timezone = \"Berlin\""),
        ] {
            let fault = Calendar::new(cron, zone).err().unwrap_or_else(|| panic!("{cron} is taken"));
            assert!(fault.message.contains(says), "{fault}");
        }
    }
}
