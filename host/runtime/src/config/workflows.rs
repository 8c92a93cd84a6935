use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use stockade_workflow::patterns::Pattern;
use stockade_workflow::{Cents, refund};

/// What `[workflow.NAME]` says: the settings of the refund workflow, and workflows that are made of patterns.
#[derive(Clone, Debug, Default)]
pub struct Workflows {
    /// The settings of the refund workflow.
    pub refund: Refund,
    /// The other workflows, by name.
    pub patterns: BTreeMap<String, Pattern>,
}

/// The settings of the refund workflow.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refund {
    /// The oldest purchase that may be refunded, in days.
    pub window_days: u32,
    /// The largest refund that is made without asking a person, as `"$100.00"`.
    #[serde(deserialize_with = "dollars")]
    pub approval_above: Cents,
    /// Who writes the letter; without it, the tool `letters`.
    pub letter: Option<refund::Letter>,
}

impl Default for Refund {
    fn default() -> Self {
        let refund::Rules { window_days, approval_above } = refund::Rules::default();
        Self { window_days, approval_above, letter: None }
    }
}

impl From<Refund> for refund::Refund {
    fn from(Refund { window_days, approval_above, letter }: Refund) -> Self {
        Self { rules: refund::Rules { window_days, approval_above }, letter }
    }
}

impl<'de> Deserialize<'de> for Workflows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // One by one, so that an error has its place.
        deserializer.deserialize_map(Tables)
    }
}

struct Tables;

impl<'de> Visitor<'de> for Tables {
    type Value = Workflows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table for each workflow")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut tables: A) -> Result<Workflows, A::Error> {
        let mut workflows = Workflows::default();
        while let Some(name) = tables.next_key::<String>()? {
            if name == "refund" {
                workflows.refund = tables.next_value()?;
            } else {
                workflows.patterns.insert(name, tables.next_value()?);
            }
        }
        Ok(workflows)
    }
}

fn dollars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
