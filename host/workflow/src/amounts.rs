//! `fuel=1000000,steps=3`: amounts of a budget as a person writes them.

use crate::{Budget, Currency, Fault};

/// The decimals of a millionth.
const DECIMALS: usize = 6;

/// Reads amounts onto a budget: what is not named stays as it is.
///
/// Memory and the journal take `K`, `M` and `G`, with or without `iB`; wall takes `us`, `ms`, `s`, `m` and `h`, and a plain
/// number means milliseconds; money takes dollars, as in `$1.50`, and a plain number means millionths of one. With a unit
/// there may be decimals, as the program shows them: `1.5 GiB`.
///
/// # Errors
///
/// Kind [`Kind::Invalid`](crate::Kind::Invalid), with what does not fit.
pub fn read(text: &str, onto: Budget) -> Result<Budget, Fault> {
    text.split(',').try_fold(onto, |budget, pair| {
        let (name, amount) = pair.split_once('=').ok_or_else(|| wrong(pair, "is not CURRENCY=AMOUNT"))?;
        let currency =
            Currency::named(name.trim()).ok_or_else(|| wrong(pair, &format!("names none of {}", names())))?;
        Ok(budget.with(currency, number(currency, amount.trim()).ok_or_else(|| wrong(pair, unit_hint(currency)))?))
    })
}

/// Reads one amount, with its unit.
///
/// # Errors
///
/// Kind [`Kind::Invalid`](crate::Kind::Invalid), with what does not fit.
pub fn one(currency: Currency, text: &str) -> Result<u64, Fault> {
    number(currency, text.trim()).ok_or_else(|| wrong(text, unit_hint(currency)))
}

fn number(currency: Currency, text: &str) -> Option<u64> {
    if let Some(dollars) = text.strip_prefix('$').filter(|_| currency == Currency::Money) {
        return scaled(dollars, 1_000_000);
    }
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits);
    let (_, factor) = units(currency).iter().find(|(name, _)| *name == unit.trim_start())?;
    if unit.is_empty() { digits.parse::<u64>().ok()?.checked_mul(*factor) } else { scaled(digits, *factor) }
}

/// Reads a number, with up to six decimals, of which one is so many of what is counted; there are only whole ones.
pub fn scaled(text: &str, factor: u64) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > DECIMALS {
        return None;
    }
    let millionths = format!("{decimals:0<DECIMALS$}").parse::<u64>().ok()?.checked_mul(factor)?;
    let part = millionths.is_multiple_of(1_000_000).then_some(millionths / 1_000_000)?;
    whole.parse::<u64>().ok()?.checked_mul(factor)?.checked_add(part)
}

/// Returns the units in which amounts are written, each with what it stands for.
pub fn units(currency: Currency) -> &'static [(&'static str, u64)] {
    match currency {
        Currency::Memory | Currency::Journal => &[
            ("", 1),
            ("K", 1 << 10),
            ("KiB", 1 << 10),
            ("M", 1 << 20),
            ("MiB", 1 << 20),
            ("G", 1 << 30),
            ("GiB", 1 << 30),
        ],
        Currency::Wall => {
            &[("", 1_000), ("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)]
        }
        _ => &[("", 1)],
    }
}

fn unit_hint(currency: Currency) -> &'static str {
    match currency {
        Currency::Memory | Currency::Journal => "is not an amount of bytes, as in memory=16M",
        Currency::Wall => "is not a time, as in wall=30s or wall=500 (milliseconds)",
        Currency::Money => "is not an amount of dollars, as in money=$1.50, nor of millionths of one",
        _ => "is not a whole number, as in fuel=1000000",
    }
}

fn names() -> String {
    Currency::ALL.map(Currency::name).join(", ")
}

fn wrong(pair: &str, why: &str) -> Fault {
    Fault::invalid("budget", format!("\"{pair}\" {why}"))
}
