//! Amounts of a budget, as JSON names them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use stockade::{Budget, Currency, Fault, Result, amounts};

use crate::body::quoted;

/// The most bytes of entries that a run may have. Restate reads all that an object has before it calls a handler, and no more
/// than 32 MiB of it (`per-invocation-memory-limit`): beyond that, a run is lost to all handlers. The other half is for what
/// entries have around them, for the rows, and for what a run writes beyond its budget, as its end.
pub(crate) const JOURNAL_BYTES_MAX: u64 = 16 << 20;

/// Amounts by the names of their currencies, as numbers of their own unit or as texts with one: `{"steps": 3, "money":
/// "$1.50"}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Amounts(BTreeMap<String, Value>);

impl Amounts {
    /// Returns what a run may spend: these amounts, and the usual ones of the other currencies.
    ///
    /// # Errors
    ///
    /// A currency or an amount is not known, or more is wanted than Restate keeps.
    pub(crate) fn of_run(&self) -> Result<Budget> {
        let usual = Budget::default().get(Currency::Journal).min(JOURNAL_BYTES_MAX);
        let budget = self.onto(Budget::default().with(Currency::Journal, usual))?;
        check_journal(&budget)?;
        Ok(budget)
    }

    /// Returns a budget with these amounts in place of its own.
    ///
    /// # Errors
    ///
    /// A currency or an amount is not known.
    pub(crate) fn onto(&self, budget: Budget) -> Result<Budget> {
        self.0.iter().try_fold(budget, |budget, (name, value)| {
            let currency = Currency::named(name).ok_or_else(|| no_currency(name))?;
            Ok(budget.with(currency, amount(currency, value)?))
        })
    }

    /// Whether each currency that is named here has the same amount in both.
    pub(crate) fn agree(&self, one: &Budget, other: &Budget) -> bool {
        let named = self.0.keys().filter_map(|name| Currency::named(name));
        named.into_iter().all(|currency| one.get(currency) == other.get(currency))
    }
}

/// Checks that Restate keeps what a run may write.
///
/// # Errors
///
/// It is more than [`JOURNAL_BYTES_MAX`].
pub(crate) fn check_journal(budget: &Budget) -> Result<()> {
    let journal = budget.get(Currency::Journal);
    if journal <= JOURNAL_BYTES_MAX {
        return Ok(());
    }
    let message = format!(
        "the budget has {journal} of \"journal\", and a run in Restate has up to {JOURNAL_BYTES_MAX} bytes; ask for less"
    );
    Err(Fault::invalid("budget", message))
}

fn no_currency(name: &str) -> Fault {
    let names = Currency::ALL.map(Currency::name).join(", ");
    Fault::invalid("budget", format!("\"{}\" is not a currency; those are {names}", quoted(name)))
}

fn amount(currency: Currency, value: &Value) -> Result<u64> {
    match value {
        Value::String(text) => amounts::one(currency, &quoted(text)),
        other => other.as_u64().ok_or_else(|| {
            let (given, name) = (quoted(&other.to_string()), currency.name());
            let message = format!("{given} is not an amount of {name}; write a whole number, or a text with its unit");
            Fault::invalid("budget", message)
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn said(amounts: Value) -> Amounts {
        from_value(amounts).unwrap()
    }

    #[test]
    fn a_budget_has_no_more_of_the_journal_than_restate_keeps_and_the_usual_amounts_where_none_is_said() {
        let usual = said(json!({"steps": 3, "money": "$1.50"})).of_run().unwrap();
        let read = [Currency::Steps, Currency::Money, Currency::Journal].map(|currency| usual.get(currency));
        assert_eq!(read, [3, 1_500_000, JOURNAL_BYTES_MAX]);
        assert_eq!(usual.get(Currency::Fuel), Budget::default().get(Currency::Fuel));
        let refused = said(json!({"journal": "256MiB"})).of_run().unwrap_err();
        assert!(refused.message.contains("268435456") && refused.message.contains("16777216"), "{refused}");
    }

    #[test]
    fn an_amount_that_is_none_is_refused_by_its_name() {
        let refused = |amounts| said(amounts).of_run().unwrap_err().message;
        assert!(refused(json!({"step": 3})).contains("\"step\" is not a currency; those are fuel, memory"));
        assert!(refused(json!({"steps": -1})).contains("-1 is not an amount of steps"));
        assert!(refused(json!({"x".repeat(1000): 1})).len() < 300);
    }
}
