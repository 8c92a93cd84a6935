//! Checks the fields of cron's times, which croner reads: it passes over an empty item of a list and a step that is too large, takes
//! a name wherever it stands, and names no value that it refuses.

/// A field: its name, its smallest and its largest value, the names of its values from the smallest on, and the letters that stand
/// for a day which depends on the month.
struct Field {
    name: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
    letters: &'static [char],
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 5] = [
    Field { name: "minute", min: 0, max: 59, names: &[], letters: &[] },
    Field { name: "hour", min: 0, max: 23, names: &[], letters: &[] },
    Field { name: "day of the month", min: 1, max: 31, names: &[], letters: &['L', 'W'] },
    Field { name: "month", min: 1, max: 12, names: &MONTHS, letters: &[] },
    Field { name: "day of the week", min: 0, max: 7, names: &DAYS, letters: &['L', '#'] },
];

const NICKNAMES: [&str; 6] = ["@HOURLY", "@DAILY", "@WEEKLY", "@MONTHLY", "@YEARLY", "@ANNUALLY"];

/// Says what is wrong with the times, if something is: the value, and what it may be.
pub(super) fn check(cron: &str) -> Result<(), String> {
    let cron = cron.to_uppercase();
    if cron.contains('@') {
        let is_known = NICKNAMES.contains(&cron.trim());
        return if is_known {
            Ok(())
        } else {
            Err(format!("the known words are {}", NICKNAMES.join(", ").to_lowercase()))
        };
    }
    let fields: Vec<_> = cron.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!("it has {} fields, and must have {}", fields.len(), FIELDS.len()));
    }
    FIELDS.iter().zip(fields).try_for_each(|(field, text)| field.check(text))
}

impl Field {
    fn check(&self, text: &str) -> Result<(), String> {
        // Before the day of the week, it says that both days must be right.
        let text = if self.max == 7 { text.strip_prefix('+').unwrap_or(text) } else { text };
        text.split(',').try_for_each(|item| self.check_item(item).map_err(|why| format!("the {} {why}", self.name)))
    }

    fn check_item(&self, item: &str) -> Result<(), String> {
        if item.is_empty() {
            return Err("has an empty item in its list".to_owned());
        }
        let Some((values, step)) = item.split_once('/') else { return self.check_values(item) };
        self.check_values(values)?;
        if !values.contains(['*', '?', '-']) {
            return Err(format!(
                "\"{item}\" has a step behind one value; \"{values}-{}/{step}\" has a range",
                self.max
            ));
        }
        if number(step).is_some_and(|step| (1..=self.max).contains(&step)) {
            return Ok(());
        }
        Err(format!("\"{item}\" has the step \"{step}\", and a step is a number from 1 to {}", self.max))
    }

    fn check_values(&self, values: &str) -> Result<(), String> {
        // Only of a day may something else be said than a number, and of that a `?` is all.
        if values == "*" || (values == "?" && !self.letters.is_empty()) {
            return Ok(());
        }
        let range = values.split_once('-').filter(|(first, _)| !first.is_empty());
        let Some((first, last)) = range else { return self.check_day(values) };
        if self.value(first)? > self.value(last)? {
            return Err(format!("\"{values}\" ends before it begins; two ranges in a list say the same"));
        }
        Ok(())
    }

    /// Checks a value, or a day that depends on the month: `L`, `15W` and `LW` of a month, `5L`, `5#L` and `5#2` of a week.
    fn check_day(&self, value: &str) -> Result<(), String> {
        let Some(at) = value.find(self.letters) else { return self.value(value).map(drop) };
        let (day, letters) = value.split_at_checked(at).unwrap_or((value, ""));
        match letters {
            "L" if day.is_empty() => Ok(()),
            "LW" if day.is_empty() && self.letters.contains(&'W') => Ok(()),
            "W" => self.value(day).map(drop),
            "L" | "#L" | "#1" | "#2" | "#3" | "#4" | "#5" if self.letters.contains(&'#') => self.value(day).map(drop),
            _ => Err(format!("\"{value}\" names no day")),
        }
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let named = (self.min..).zip(self.names).find(|(_, name)| **name == text).map(|(value, _)| value);
        let value = named.or_else(|| number(text)).filter(|value| (self.min..=self.max).contains(value));
        let names = match self.names {
            [first, .., last] => format!(", or from {first} to {last}"),
            [_] | [] => String::new(),
        };
        value.ok_or_else(|| format!("is \"{text}\", and must be from {} to {}{names}", self.min, self.max))
    }
}

/// Reads a number without a sign.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_refused_is_told_with_its_value_and_its_range() {
        for (cron, why) in [
            ("*/61 * * * *", "the minute \"*/61\" has the step \"61\", and a step is a number from 1 to 59"),
            ("*/0 * * * *", "the minute \"*/0\" has the step \"0\", and a step is a number from 1 to 59"),
            ("* */24 * * *", "the hour \"*/24\" has the step \"24\", and a step is a number from 1 to 23"),
            ("*/ * * * *", "the minute \"*/\" has the step \"\", and a step is a number from 1 to 59"),
            ("*/5/5 * * * *", "the minute \"*/5/5\" has the step \"5/5\", and a step is a number from 1 to 59"),
            ("*/99999999999 * * * *", "the step \"99999999999\""),
            ("0,,5 * * * *", "the minute has an empty item in its list"),
            ("0, * * * *", "the minute has an empty item in its list"),
            ("0 ,1 * * *", "the hour has an empty item in its list"),
            ("60 * * * *", "the minute is \"60\", and must be from 0 to 59"),
            ("-1 * * * *", "the minute is \"-1\", and must be from 0 to 59"),
            ("+1 * * * *", "the minute is \"+1\", and must be from 0 to 59"),
            ("0 24 * * *", "the hour is \"24\", and must be from 0 to 23"),
            ("0 MON * * *", "the hour is \"MON\", and must be from 0 to 23"),
            ("0 0 0 * *", "the day of the month is \"0\", and must be from 1 to 31"),
            ("0 0 32W * *", "the day of the month is \"32\", and must be from 1 to 31"),
            ("0 0 1 13 *", "the month is \"13\", and must be from 1 to 12, or from JAN to DEC"),
            ("0 0 * FOO *", "the month is \"FOO\", and must be from 1 to 12, or from JAN to DEC"),
            ("0 0 * * 8", "the day of the week is \"8\", and must be from 0 to 7, or from SUN to SAT"),
            ("0 0 * * 9#2", "the day of the week is \"9\", and must be from 0 to 7, or from SUN to SAT"),
            ("0 0 * * 5#6", "the day of the week \"5#6\" names no day"),
            ("0 0 5L * *", "the day of the month \"5L\" names no day"),
            ("0 0 W * *", "the day of the month is \"\", and must be from 1 to 31"),
            ("30/5 * * * *", "the minute \"30/5\" has a step behind one value; \"30-59/5\" has a range"),
            ("50-10 * * * *", "the minute \"50-10\" ends before it begins"),
            ("* * * * FRI-MON", "the day of the week \"FRI-MON\" ends before it begins"),
            ("? * * * *", "the minute is \"?\", and must be from 0 to 59"),
            ("0 3 * *", "it has 4 fields, and must have 5"),
            ("", "it has 0 fields, and must have 5"),
            ("@reboot", "the known words are @hourly, @daily, @weekly, @monthly, @yearly, @annually"),
        ] {
            let refused = check(cron).expect_err(cron);
            assert!(refused.contains(why), "{cron}: {refused}");
        }
    }

    #[test]
    fn a_field_is_taken_as_cron_has_it() {
        for cron in [
            "*/59 */23 */31 */12 */7",
            "0,15,30-45/5 0-23 1-31 JAN-dec sun-SAT",
            "0 0 ? * ?",
            "0 0 L * *",
            "0 0 LW,15W * 5L,1#2,Fri#1",
            "0 0 1 * +MON",
            "@Weekly",
        ] {
            check(cron).unwrap_or_else(|why| panic!("{cron}: {why}"));
        }
    }
}
