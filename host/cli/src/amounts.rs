//! `fuel=1000000,steps=3`: amounts of a budget as a person writes them.

use stockade::{Budget, Currency, Fault};

/// Reads amounts onto a budget: what is not named stays as it is.
///
/// Memory takes `KiB`, `MiB` and `GiB`; wall takes `us`, `ms`, `s` and `m`, and a plain number means milliseconds.
pub(crate) fn read(text: &str, onto: Budget) -> Result<Budget, Fault> {
    text.split(',').try_fold(onto, |budget, pair| {
        let (name, amount) = pair.split_once('=').ok_or_else(|| wrong(pair, "is not CURRENCY=AMOUNT"))?;
        let currency =
            Currency::named(name.trim()).ok_or_else(|| wrong(pair, &format!("names none of {}", names())))?;
        Ok(budget.with(currency, number(currency, amount.trim()).ok_or_else(|| wrong(pair, unit_hint(currency)))?))
    })
}

/// Reads one amount, with its unit.
pub(crate) fn one(currency: Currency, text: &str) -> Result<u64, Fault> {
    number(currency, text.trim()).ok_or_else(|| wrong(text, unit_hint(currency)))
}

/// Writes a budget the way [`read`] reads it.
pub(crate) fn write(budget: &Budget) -> String {
    let pairs = Currency::ALL.map(|currency| format!("{}={}", currency.name(), amount(currency, budget.get(currency))));
    pairs.join(",")
}

/// Writes one amount with its unit, exactly.
pub(crate) fn amount(currency: Currency, amount: u64) -> String {
    let units = units(currency).iter().rev();
    let unit =
        units.into_iter().find(|(name, factor)| !name.is_empty() && amount != 0 && amount.is_multiple_of(*factor));
    unit.map_or_else(|| amount.to_string(), |(name, factor)| format!("{}{name}", amount / factor))
}

fn number(currency: Currency, text: &str) -> Option<u64> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits);
    let (_, factor) = units(currency).iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*factor)
}

fn units(currency: Currency) -> &'static [(&'static str, u64)] {
    match currency {
        Currency::Memory => &[("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)],
        Currency::Wall => &[("", 1_000), ("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000)],
        _ => &[("", 1)],
    }
}

fn unit_hint(currency: Currency) -> &'static str {
    match currency {
        Currency::Memory => "is not an amount of bytes, as in memory=16MiB",
        Currency::Wall => "is not a time, as in wall=30s or wall=500 (milliseconds)",
        Currency::Money => "is not an amount of millionths of a dollar, as in money=1000000",
        _ => "is not a whole number, as in fuel=1000000",
    }
}

fn names() -> String {
    Currency::ALL.map(Currency::name).join(", ")
}

fn wrong(pair: &str, why: &str) -> Fault {
    Fault::invalid("budget", format!("\"{pair}\" {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let budget = read("fuel=7,memory=16MiB,wall=1500,steps=3", Budget::default()).unwrap();
        assert_eq!(budget.get(Currency::Memory), 16 << 20);
        assert_eq!(budget.get(Currency::Wall), 1_500_000);
        assert_eq!(read(&write(&budget), Budget::NONE).unwrap(), budget);
        assert_eq!(read(&write(&Budget::NONE), Budget::default()).unwrap(), Budget::NONE);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for text in
            ["fuel", "fule=3", "fuel=-1", "fuel=1MiB", "memory=1MB", "wall=1h", "steps=99999999999999999999", ""]
        {
            let fault = read(text, Budget::default()).unwrap_err();
            assert!(fault.message.starts_with(&format!("\"{text}\"")), "{fault}");
        }
    }
}
