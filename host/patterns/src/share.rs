use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use stockade_workflow::{Budget, Currency};

/// The share of a run's budget that a part of it may use, with the names and units of a budget.
///
/// What it does not name is as in the budget of the run, which holds in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, u64>")]
pub struct Share(BTreeMap<String, u64>);

impl Share {
    /// Returns the share as a budget.
    pub fn budget(&self) -> Budget {
        budget(&self.0).unwrap_or(Budget::NONE)
    }
}

impl TryFrom<BTreeMap<String, u64>> for Share {
    type Error = serde_json::Error;

    fn try_from(named: BTreeMap<String, u64>) -> Result<Self, Self::Error> {
        budget(&named).map(|_| Self(named))
    }
}

fn budget(named: &BTreeMap<String, u64>) -> Result<Budget, serde_json::Error> {
    // The run's own limits are below it, so the largest number adds none.
    let all = Currency::ALL.into_iter().fold(Budget::NONE, |all, currency| all.with(currency, u64::MAX));
    let mut amounts: Map<String, Value> = serde_json::from_value(serde_json::to_value(all)?)?;
    amounts.extend(named.iter().map(|(name, amount)| (name.clone(), Value::from(*amount))));
    serde_json::from_value(Value::Object(amounts))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_named_is_no_limit_and_zero_is_none() {
        let share: Share = serde_json::from_value(json!({"tokens": 500, "tool_calls": 0})).unwrap();
        let limits = [Currency::Tokens, Currency::ToolCalls, Currency::Fuel].map(|limit| share.budget().get(limit));
        assert_eq!(limits, [500, 0, u64::MAX]);
        assert_eq!(serde_json::to_value(&share).unwrap(), json!({"tokens": 500, "tool_calls": 0}));
    }

    #[test]
    fn a_name_that_no_budget_has_is_refused() {
        let refused = serde_json::from_value::<Share>(json!({"token": 500})).unwrap_err();
        assert!(refused.to_string().contains("unknown field `token`"), "{refused}");
    }
}
