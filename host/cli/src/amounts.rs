//! Amounts of a budget as a person writes them: `fuel=1000000,steps=3`.

use std::time::Duration;

use stockade::amounts::units;
pub(crate) use stockade::amounts::{milliseconds as ago, one, read};
use stockade::{Budget, Currency, Fault, dollars};

/// Reads how long something may take, as in 500ms or 30s.
pub(crate) fn time(text: &str) -> Result<Duration, Fault> {
    one(Currency::Wall, text).map(Duration::from_micros)
}

/// Writes a budget the way [`read`] reads it.
pub(crate) fn write(budget: &Budget) -> String {
    let pairs = Currency::ALL.map(|currency| format!("{}={}", currency.name(), amount(currency, budget.get(currency))));
    pairs.join(",")
}

/// Writes a budget as help shows it: help breaks lines at spaces alone.
pub(crate) fn spaced(budget: &Budget) -> String {
    write(budget).replace(',', ", ")
}

/// Writes one amount with its unit, exactly.
pub(crate) fn amount(currency: Currency, amount: u64) -> String {
    if currency == Currency::Money {
        return dollars(amount);
    }
    let units = units(currency).iter().rev();
    let unit =
        units.into_iter().find(|(name, factor)| !name.is_empty() && amount != 0 && amount.is_multiple_of(*factor));
    unit.map_or_else(|| amount.to_string(), |(name, factor)| format!("{}{name}", amount / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_budget_reads_back_as_the_same() {
        let budget = read("fuel=7,memory=16MiB,wall=1500,steps=3", Budget::default()).unwrap();
        assert_eq!(budget.get(Currency::Memory), 16 << 20);
        assert_eq!(budget.get(Currency::Wall), 1_500_000);
        assert_eq!(read(&write(&budget), Budget::NONE).unwrap(), budget);
        assert_eq!(read(&write(&Budget::NONE), Budget::default()).unwrap(), Budget::NONE);
    }

    #[test]
    fn units_are_those_that_people_write() {
        let money = |text: &str| one(Currency::Money, text);
        assert_eq!(["$1.50", "$0.000001", "$20", "7"].map(|text| money(text).unwrap()), [1_500_000, 1, 20_000_000, 7]);
        for wrong in ["$", "$-1", "1.50", "$1.", "$.5", "$1.0000001", "$99999999999999999999", "€1"] {
            assert!(money(wrong).is_err(), "{wrong}");
        }
        assert_eq!([1_500_000, 1, 0].map(|micros| amount(Currency::Money, micros)), ["$1.50", "$0.000001", "$0.00"]);
        assert_eq!(one(Currency::Memory, "64M").unwrap(), one(Currency::Memory, "64MiB").unwrap());
        assert_eq!(one(Currency::Journal, "512M").unwrap(), 512 << 20);
        assert_eq!(one(Currency::Wall, "1h").unwrap(), 3_600_000_000);
        assert_eq!(["2d", "3h", "5s"].map(|text| ago(text).unwrap()), [172_800_000, 10_800_000, 5_000]);
        for wrong in ["d", "yesterday", "-1h", "", "30", "0", "1w", "99999999999999d", "1.0000000000001d"] {
            assert!(ago(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_read_as_the_program_shows_them() {
        let memory = |text: &str| one(Currency::Memory, text).ok();
        assert_eq!(
            ["1.5 GiB", "64.0 MiB", "0.5K", "2 M"].map(memory),
            [Some(3 << 29), Some(64 << 20), Some(512), Some(2 << 20)]
        );
        let wall = |text: &str| one(Currency::Wall, text).ok();
        assert_eq!(
            ["1.5 s", "1.5s", "0.5h", "1500"].map(wall),
            [Some(1_500_000), Some(1_500_000), Some(1_800_000_000), Some(1_500_000)]
        );
        assert_eq!(["1.5d", "0.5 h"].map(|text| ago(text).unwrap()), [129_600_000, 1_800_000]);
        assert_eq!(
            ["1.5", "0.1us", "1.5.s", ".s", "s", "1..5s"].map(wall),
            [None; 6],
            "there is no half of a microsecond"
        );
        assert_eq!(["1.5", "0.0001K", "1.5B"].map(memory), [None; 3]);
        assert!(one(Currency::Fuel, "1.5").is_err());
    }

    #[test]
    fn an_error_names_the_amount_that_cannot_be_read() {
        for text in
            ["fuel", "fule=3", "fuel=-1", "fuel=1MiB", "memory=1MB", "wall=1d", "steps=99999999999999999999", ""]
        {
            let fault = read(text, Budget::default()).unwrap_err();
            assert!(fault.message.starts_with(&format!("\"{text}\"")), "{fault}");
        }
    }
}
