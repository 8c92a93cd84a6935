//! `fuel=1000000,steps=3`: amounts of a budget as a person writes them.

use crate::{Budget, Currency, Fault};

/// The decimals of a millionth.
const DECIMALS: usize = 6;

pub(crate) const DAY_MS: u64 = 86_400_000;

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
        let amount =
            number(currency, amount.trim()).map_err(|mistake| wrong(pair, &mistake.told(unit_hint(currency))))?;
        Ok(budget.with(currency, amount))
    })
}

/// Reads one amount, with its unit.
///
/// # Errors
///
/// Kind [`Kind::Invalid`](crate::Kind::Invalid), with what does not fit.
pub fn one(currency: Currency, text: &str) -> Result<u64, Fault> {
    number(currency, text.trim()).map_err(|mistake| wrong(text, &mistake.told(unit_hint(currency))))
}

/// Reads a length of time in milliseconds. The unit is required: `30` could mean 30 days or 30 minutes.
///
/// # Errors
///
/// Kind [`Kind::Invalid`](crate::Kind::Invalid) with detail `time`, with what does not fit.
pub fn milliseconds(text: &str) -> Result<u64, Fault> {
    let ms = match text.strip_suffix('d') {
        Some(days) => scaled(days.trim_end(), DAY_MS, |most| format!("{most}d")),
        None if text.ends_with(|last: char| last.is_ascii_digit()) => Err(Mistake::Shape),
        None => number(Currency::Wall, text).map(|us| us / 1_000),
    };
    let shape = "is not a time with its unit, as in 45m, 2h or 3d";
    ms.map_err(|mistake| Fault::invalid("time", format!("\"{text}\" {}", mistake.told(shape))))
}

/// Why a text is no amount.
enum Mistake {
    /// It is not written as one.
    Shape,
    /// It is more than this, which is the most of its unit.
    More(String),
}

impl Mistake {
    /// Says what is wrong with the text; `shape` says how an amount is written.
    fn told(&self, shape: &str) -> String {
        match self {
            Self::Shape => shape.to_owned(),
            Self::More(most) => format!("is more than {most}, which is the most"),
        }
    }
}

fn number(currency: Currency, text: &str) -> Result<u64, Mistake> {
    if let Some(dollars) = text.strip_prefix('$').filter(|_| currency == Currency::Money) {
        return scaled(dollars, 1_000_000, |most| format!("${most}"));
    }
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits);
    let (name, factor) = units(currency).iter().find(|(name, _)| *name == unit.trim_start()).ok_or(Mistake::Shape)?;
    if unit.is_empty() && digits.contains('.') {
        return Err(Mistake::Shape);
    }
    scaled(digits, *factor, |most| format!("{most}{name}"))
}

/// Reads a number, with up to six decimals, of which one is so many of what is counted; there are only whole ones. `most` writes
/// the largest number with its unit.
fn scaled(text: &str, factor: u64, most: impl Fn(u64) -> String) -> Result<u64, Mistake> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) || decimals.len() > DECIMALS {
        return Err(Mistake::Shape);
    }
    let more = || Mistake::More(most(u64::MAX / factor.max(1)));
    let millionths = format!("{decimals:0<DECIMALS$}").parse::<u64>().ok().and_then(|part| part.checked_mul(factor));
    let millionths = millionths.ok_or_else(more)?;
    let part = millionths.is_multiple_of(1_000_000).then_some(millionths / 1_000_000).ok_or(Mistake::Shape)?;
    let whole = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(factor)?.checked_add(part));
    whole.ok_or_else(more)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_that_is_too_large_is_told_with_the_largest_of_its_unit() {
        for (refused, most) in [
            (one(Currency::Wall, "99999999999h"), "\"99999999999h\" is more than 5124095576h, which is the most"),
            (one(Currency::Wall, "99999999999999999999999ms"), "is more than 18446744073709551ms"),
            (one(Currency::Memory, "17179869184 GiB"), "is more than 17179869183GiB"),
            (one(Currency::Money, "$99999999999999999999"), "is more than $18446744073709, which is the most"),
            (one(Currency::Fuel, "18446744073709551616"), "is more than 18446744073709551615"),
            (milliseconds("99999999999999d"), "\"99999999999999d\" is more than 213503982334d, which is the most"),
            (milliseconds("5124095577h"), "is more than 5124095576h"),
        ] {
            let message = refused.unwrap_err().message;
            assert!(message.contains(most), "{message}");
        }
        assert_eq!(one(Currency::Fuel, "18446744073709551615").unwrap(), u64::MAX);
        assert_eq!(milliseconds("213503982334d").unwrap(), 213_503_982_334 * DAY_MS);
    }
}
