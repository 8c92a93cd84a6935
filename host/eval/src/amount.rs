//! Amounts of a budget in a file of cases: `{tokens: 5000, memory: 16MiB}`, as `--budget` writes them.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use stockade::{Budget, Currency, amounts};

/// Amounts by their currencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts(BTreeMap<Currency, u64>);

impl Amounts {
    /// Returns the amounts.
    pub fn iter(&self) -> impl Iterator<Item = (Currency, u64)> {
        self.0.iter().map(|(currency, amount)| (*currency, *amount))
    }

    /// Returns these amounts, and those of others in the currencies that these do not name.
    pub fn or(mut self, others: &Self) -> Self {
        for (currency, amount) in others.iter() {
            self.0.entry(currency).or_insert(amount);
        }
        self
    }

    /// Puts the amounts into a budget.
    pub fn onto(&self, budget: Budget) -> Budget {
        self.iter().fold(budget, |budget, (currency, amount)| budget.with(currency, amount))
    }
}

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Amounts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("amounts by currency, as in {tokens: 5000, steps: 30}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Amounts, A::Error> {
        let mut amounts = Amounts::default();
        while let Some(name) = pairs.next_key::<String>()? {
            let currency = Currency::named(&name).ok_or_else(|| A::Error::custom(unknown(&name)))?;
            let amount = amount(currency, &pairs.next_value()?).map_err(A::Error::custom)?;
            amounts.0.insert(currency, amount);
        }
        Ok(amounts)
    }
}

fn amount(currency: Currency, value: &Value) -> Result<u64, String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    amounts::one(currency, &text).map_err(|fault| format!("`{}`: {fault}", currency.name()))
}

fn unknown(name: &str) -> String {
    let names = Currency::ALL.map(Currency::name).join(", ");
    format!("unknown field `{name}`, expected one of {names}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Amounts, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn amounts_are_read_with_their_units() {
        let amounts = read(r#"{"tokens": 5, "memory": "2MiB", "wall": "3s"}"#).unwrap();
        let budget = amounts.onto(Budget::NONE);
        let read = [Currency::Tokens, Currency::Memory, Currency::Wall, Currency::Fuel].map(|one| budget.get(one));
        assert_eq!(read, [5, 2 << 20, 3_000_000, 0]);
    }

    #[test]
    fn own_amounts_come_before_those_of_all() {
        let own = read(r#"{"tokens": 5}"#).unwrap().or(&read(r#"{"tokens": 6, "steps": 7}"#).unwrap());
        assert_eq!(own, read(r#"{"tokens": 5, "steps": 7}"#).unwrap());
    }

    #[test]
    fn a_wrong_amount_is_refused_with_an_example() {
        for (text, says) in [
            (r#"{"token": 5}"#, "unknown field `token`, expected one of fuel, memory, wall"),
            (r#"{"tokens": -1}"#, "`tokens`: \"-1\" is not a whole number"),
            (r#"{"tokens": 1.5}"#, "`tokens`: \"1.5\" is not a whole number"),
            (r#"{"memory": "2MB"}"#, "`memory`: \"2MB\" is not an amount of bytes"),
            (r#"{"steps": [1]}"#, "`steps`: \"[1]\" is not a whole number"),
            ("[]", "expected amounts by currency"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
