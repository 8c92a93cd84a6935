use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use stockade_workflow::{Budget, amounts};

/// What `[schedule.NAME]` says: when a workflow is started by itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The times, as cron has them: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday), or `@hourly`,
    /// `@daily`, `@weekly`, `@monthly`, `@yearly`.
    pub cron: String,
    /// The time zone of these times, by its IANA name, as in `Europe/Berlin`.
    #[serde(default = "utc")]
    pub timezone: String,
    /// The workflow.
    pub workflow: String,
    /// The input of each run.
    #[serde(default, deserialize_with = "input")]
    pub input: Value,
    /// What each run may spend, as in `"money=$2,steps=40"`; other currencies keep their defaults.
    #[serde(default, deserialize_with = "budget")]
    pub budget: Budget,
    /// What becomes of times that passed while no host looked: `none` of them is made up for, `one` run for all of them, or
    /// one for each (`all`).
    #[serde(default)]
    pub catch_up: CatchUp,
    /// What becomes of a time that comes while the run before has not ended: it is left out (`skip`), or its run starts once that
    /// one has ended (`queue`).
    #[serde(default)]
    pub overlap: Overlap,
}

/// What becomes of times that passed while no host looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// They are left out.
    #[default]
    None,
    /// One run starts for all of them.
    One,
    /// A run starts for each of them.
    All,
}

/// What becomes of a time that comes while the run before has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It is left out.
    #[default]
    Skip,
    /// Its run starts once that one has ended.
    Queue,
}

impl Schedule {
    /// Starts a workflow at these times, in UTC, with no input.
    pub fn new(cron: impl Into<String>, workflow: impl Into<String>) -> Self {
        Self {
            cron: cron.into(),
            timezone: utc(),
            workflow: workflow.into(),
            input: Value::Null,
            budget: Budget::default(),
            catch_up: CatchUp::default(),
            overlap: Overlap::default(),
        }
    }
}

fn utc() -> String {
    "UTC".to_owned()
}

fn budget<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Budget, D::Error> {
    let amounts = String::deserialize(deserializer)?;
    amounts::read(&amounts, Budget::default()).map_err(|fault| de::Error::custom(fault.message))
}

fn input<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    json(toml::Value::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// Writes a value of TOML as JSON; a time becomes its text.
fn json(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => {
            serde_json::Number::from_f64(number).ok_or_else(|| format!("JSON has no number {number}"))?.into()
        }
        toml::Value::Boolean(is_so) => is_so.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect::<Result<_, _>>()?,
        toml::Value::Table(table) => {
            let pairs = table.into_iter().map(|(key, value)| Ok((key, json(value)?)));
            Value::Object(pairs.collect::<Result<_, String>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stockade_workflow::Currency;

    use crate::Config;

    #[test]
    fn a_schedule_is_read_with_an_input_of_any_json() {
        let config = Config::parse(
            r#"
            [schedule.nightly]
            cron = "0 3 * * *"
            timezone = "Europe/Berlin"
            workflow = "report"
            input = { days = 7, share = 0.5, of = ["a", true], on = 2026-01-01 }
            budget = "money=$2"
            "#,
        );
        let schedule = config.unwrap().schedule.remove("nightly").unwrap();
        assert_eq!(schedule.input, json!({"days": 7, "share": 0.5, "of": ["a", true], "on": "2026-01-01"}));
        assert_eq!(schedule.budget.get(Currency::Money), 2_000_000);
        assert_eq!(schedule.budget.get(Currency::Fuel), stockade_workflow::Budget::default().get(Currency::Fuel));
    }

    #[test]
    fn a_schedule_that_is_wrong_is_named_with_its_line() {
        let with = |line: &str| format!("[schedule.a]\ncron = \"@daily\"\nworkflow = \"w\"\n{line}");
        for (line, says) in [
            ("input = { share = nan }", "JSON has no number NaN"),
            ("budget = \"mony=3\"", "names none of fuel, memory"),
            ("catch_up = \"some\"", "expected one of `none`, `one`, `all`"),
            ("every = \"1h\"", "unknown field"),
        ] {
            let fault = Config::parse(&with(line)).unwrap_err();
            assert!(fault.message.contains(says), "{line}: {fault}");
        }
    }
}
