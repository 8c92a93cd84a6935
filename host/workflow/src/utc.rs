/// Writes a time in milliseconds since the Unix epoch as a person reads it: `2026-12-01 09:00:00Z`.
pub fn utc(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // The civil calendar, in eras of 400 years that begin on the first of March.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// Writes a time in milliseconds since the Unix epoch as RFC 3339 has it, to the second: `2026-12-01T09:00:00Z`.
pub fn rfc3339(ms: u64) -> String {
    utc(ms).replacen(' ', "T", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_for_people_and_for_programs() {
        assert_eq!((&*utc(1_999), &*rfc3339(1_999)), ("1970-01-01 00:00:01Z", "1970-01-01T00:00:01Z"));
        assert_eq!(rfc3339(1_764_596_126_007), "2025-12-01T13:35:26Z");
    }
}
