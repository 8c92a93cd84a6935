//! Amounts of a budget, as JSON names them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use stockade::{Budget, Currency, Fault, Kind, Principal, amounts};

use crate::problem::Answer;

/// Amounts by the names of their currencies, as numbers of their own unit or as texts with one: `{"steps": 3, "money":
/// "$1.50"}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Amounts(BTreeMap<String, Value>);

impl Amounts {
    /// Returns a budget with these amounts in place of its own.
    pub(crate) fn onto(&self, budget: Budget) -> Answer<Budget> {
        self.0.iter().try_fold(budget, |budget, (name, value)| {
            let currency = Currency::named(name).ok_or_else(|| {
                let names = Currency::ALL.map(Currency::name).join(", ");
                Fault::invalid("budget", format!("\"{name}\" is not a currency; those are {names}"))
            })?;
            Ok(budget.with(currency, amount(currency, value)?))
        })
    }
}

fn amount(currency: Currency, value: &Value) -> Answer<u64> {
    match value {
        Value::String(text) => Ok(amounts::one(currency, text)?),
        number => number.as_u64().ok_or_else(|| {
            let message = format!(
                "{number} is not an amount of {}; write a whole number, or a text with its unit",
                currency.name()
            );
            Fault::invalid("budget", message).into()
        }),
    }
}

/// Returns the budget of a run that a principal starts: what it says onto the usual one, of which a principal that may give
/// less has as much as it may give.
pub(crate) fn of_start(principal: &Principal, said: &Amounts, usual: Budget) -> Answer<Budget> {
    let usual = match &principal.budget {
        Some(most) => Currency::ALL
            .into_iter()
            .fold(usual, |usual, currency| usual.with(currency, usual.get(currency).min(most.get(currency)))),
        None => usual,
    };
    let budget = said.onto(usual)?;
    check(principal, &budget)?;
    Ok(budget)
}

/// Checks that a principal may give a run so much in all.
pub(crate) fn check(principal: &Principal, budget: &Budget) -> Result<(), Fault> {
    let Some(most) = &principal.budget else { return Ok(()) };
    let beyond = Currency::ALL.into_iter().find(|currency| budget.get(*currency) > most.get(*currency));
    beyond.map_or(Ok(()), |currency| {
        let (allowed, used, name) = (most.get(currency), budget.get(currency), currency.name());
        let (most, wanted) = (currency.written(allowed), currency.written(used));
        let message =
            format!("the token of \"{}\" gives a run up to {most} of \"{name}\", and not {wanted}", principal.name);
        Err(Fault::limit(Kind::Denied, name, allowed, used, message).detail("budget"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};
    use stockade::Role;

    use super::*;

    fn said(amounts: Value) -> Amounts {
        from_value(amounts).unwrap()
    }

    #[test]
    fn amounts_are_numbers_or_texts_with_a_unit_and_a_currency_that_does_not_exist_is_named() {
        let budget = said(json!({"steps": 3, "money": "$1.50", "memory": "16MiB"})).onto(Budget::NONE).unwrap();
        let read = [Currency::Steps, Currency::Money, Currency::Memory].map(|currency| budget.get(currency));
        assert_eq!(read, [3, 1_500_000, 16 << 20]);
        for (wrong, named) in
            [(json!({"step": 3}), "\"step\""), (json!({"steps": -1}), "-1"), (json!({"fuel": "x"}), "x")]
        {
            let refused = said(wrong).onto(Budget::NONE).unwrap_err().fault;
            assert!(refused.kind == Kind::Invalid && refused.message.contains(named), "{refused}");
        }
    }

    #[test]
    fn a_token_with_a_budget_gives_a_run_no_more_than_that() {
        let most = Budget::default().steps(5).fuel(1_000);
        let principal = Principal { budget: Some(most), ..Principal::new("bot", Role::Operator) };
        let usual = of_start(&principal, &Amounts::default(), Budget::default()).unwrap();
        assert_eq!((usual.get(Currency::Steps), usual.get(Currency::Fuel)), (5, 1_000));
        let start = |amounts| of_start(&principal, &said(amounts), Budget::default());
        assert_eq!(start(json!({"steps": 2})).unwrap().get(Currency::Steps), 2);
        let refused = start(json!({"steps": 6})).unwrap_err().fault;
        let breach = refused.breach.unwrap();
        assert_eq!((refused.kind, &*breach.limit, breach.allowed, breach.used), (Kind::Denied, "steps", 5, 6));
    }
}
