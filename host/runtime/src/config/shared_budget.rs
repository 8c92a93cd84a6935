use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use stockade_workflow::{Currency, Origin, amounts, utc};

/// What `[budget.NAME]` says: what many runs may use together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedBudget {
    /// What they may use, as in `"money=$20,tokens=2000000"`. A currency that is not named has no limit here; `memory` is a peak,
    /// and not used up.
    #[serde(deserialize_with = "limits")]
    pub limit: Limit,
    /// The time after which it begins anew, by UTC: `hour`, `day`, `month`, or never (`total`).
    #[serde(default)]
    pub per: Per,
    /// Each of these has one of its own: `workflow`; `user`, who started the run; `agent` or `tenant`, as the run's label of that
    /// name says. A run that does not say so is not started. Without it, all runs share one.
    #[serde(default)]
    pub by: Option<By>,
    /// The workflows whose runs use it; none named means all.
    #[serde(default)]
    pub workflows: BTreeSet<String>,
    /// The share of it, in percent, at which a warning is given.
    #[serde(default = "warn_at")]
    pub warn_at: u8,
}

/// The amounts of a budget that has limits in some currencies alone.
pub type Limit = BTreeMap<Currency, u64>;

/// Which runs share one budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Those of one workflow.
    Workflow,
    /// Those that one person or program has started.
    User,
    /// Those with one value of the label `agent`.
    Agent,
    /// Those with one value of the label `tenant`.
    Tenant,
}

impl By {
    /// Returns what the runs that share a budget with this one have in common; none where the run does not say so.
    pub(crate) fn group<'a>(self, workflow: &'a str, origin: &'a Origin) -> Option<&'a str> {
        let label = |name: &str| origin.labels.get(name).map(String::as_str);
        let group = match self {
            Self::Workflow => Some(workflow),
            Self::User => origin.by.as_deref(),
            Self::Agent => label("agent"),
            Self::Tenant => label("tenant"),
        };
        group.filter(|group| !group.trim().is_empty())
    }

    /// Returns what a run lacks that has no group.
    pub(crate) fn lacks(self) -> &'static str {
        match self {
            Self::Workflow => "has no workflow",
            Self::User => "does not say who starts it",
            Self::Agent => "has no label \"agent\"",
            Self::Tenant => "has no label \"tenant\"",
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Workflow => "workflow",
            Self::User => "user",
            Self::Agent => "agent",
            Self::Tenant => "tenant",
        })
    }
}

/// The time after which a budget begins anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Each hour.
    Hour,
    /// Each day.
    #[default]
    Day,
    /// Each month.
    Month,
    /// Never.
    Total,
}

impl Per {
    /// Returns the name of the period that a time is in: the beginning of the time as a person writes it.
    pub(crate) fn period(self, ms: u64) -> String {
        let letters = match self {
            Self::Hour => 13,
            Self::Day => 10,
            Self::Month => 7,
            Self::Total => 0,
        };
        utc(ms).chars().take(letters).collect()
    }

    /// Returns when the next period begins, if one does.
    pub(crate) fn next(self, ms: u64) -> Option<u64> {
        let (step_ms, period) = match self {
            Self::Hour => (3_600_000, self.period(ms)),
            Self::Day | Self::Month => (86_400_000, self.period(ms)),
            Self::Total => return None,
        };
        let begins = (ms / step_ms).saturating_add(1);
        (begins..begins.saturating_add(32))
            .map(|step| step.saturating_mul(step_ms))
            .find(|ms| self.period(*ms) != period)
    }
}

fn warn_at() -> u8 {
    80
}

fn limits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |pair: &str| de::Error::custom(format!("\"{pair}\" is not CURRENCY=AMOUNT, as in money=$20"));
    let mut limit = Limit::new();
    for pair in text.split(',') {
        let (name, amount) = pair.split_once('=').ok_or_else(|| wrong(pair))?;
        let currency = Currency::named(name.trim()).ok_or_else(|| wrong(pair))?;
        if currency == Currency::Memory {
            return Err(de::Error::custom("memory is a peak that each call may reach, and no budget of many runs"));
        }
        limit.insert(currency, amounts::one(currency, amount).map_err(|fault| de::Error::custom(fault.message))?);
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_when_the_next_one_begins() {
        let ms = 1_800_000_000_000; // 2027-01-15 08:00:00Z
        assert_eq!(
            [Per::Hour, Per::Day, Per::Month, Per::Total].map(|per| per.period(ms)),
            ["2027-01-15 08", "2027-01-15", "2027-01", ""]
        );
        let next = |per: Per| per.next(ms).map(utc);
        assert_eq!(next(Per::Hour).unwrap(), "2027-01-15 09:00:00Z");
        assert_eq!(next(Per::Day).unwrap(), "2027-01-16 00:00:00Z");
        assert_eq!(next(Per::Month).unwrap(), "2027-02-01 00:00:00Z");
        assert_eq!(next(Per::Total), None);
    }

    #[test]
    fn a_limit_is_of_what_is_used_up() {
        let read = |limit: &str| toml::from_str::<SharedBudget>(&format!("limit = \"{limit}\""));
        let limit = read("money=$20, fuel=5").unwrap().limit;
        assert_eq!(limit, Limit::from([(Currency::Money, 20_000_000), (Currency::Fuel, 5)]));
        for (limit, says) in
            [("memory=1G", "memory is a peak"), ("", "is not CURRENCY=AMOUNT"), ("mony=3", "\"mony=3\"")]
        {
            let error = read(limit).unwrap_err().to_string();
            assert!(error.contains(says), "{limit}: {error}");
        }
    }
}
