use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Fault;

/// An amount of US dollars in whole cents: an integer inside, `$149.00` outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(pub u64);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Writes millionths of a US dollar as dollars, with as many decimals as there are, and two at least: `$1.50`.
pub fn dollars(micros: u64) -> String {
    let millionths = format!("{:06}", micros % 1_000_000);
    let (cents, more) = millionths.split_at(2);
    format!("${}.{cents}{}", micros / 1_000_000, more.trim_end_matches('0'))
}

impl FromStr for Cents {
    type Err = Fault;

    /// Reads `$149.00`, `149.00` or `149`.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = || Fault::invalid("money", format!("\"{text}\" is not an amount of dollars like \"$149.00\""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
        let plain = text.strip_prefix('$').unwrap_or(text);
        let (dollars, cents) = plain.split_once('.').unwrap_or((plain, "00"));
        if !digits(dollars) || !digits(cents) || cents.len() != 2 {
            return Err(wrong());
        }
        format!("{dollars}{cents}").parse().map(Self).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_cents_are_the_same_amount() {
        for (text, cents) in [("$149.00", 14_900), ("0.05", 5), ("7", 700)] {
            assert_eq!(text.parse::<Cents>().unwrap(), Cents(cents));
        }
        assert_eq!(Cents(14_900).to_string(), "$149.00");
        assert_eq!(Cents(5).to_string(), "$0.05");
    }

    #[test]
    fn dollars_have_two_decimals_or_as_many_as_there_are() {
        let amounts = [0, 280, 1_500_000, 1_234_000_000].map(dollars);
        assert_eq!(amounts, ["$0.00", "$0.00028", "$1.50", "$1234.00"]);
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_text() {
        for text in ["", "$", "1.5", "-1.00", "1.234", "$99999999999999999999.00", "١.00"] {
            let fault = text.parse::<Cents>().unwrap_err();
            assert!(fault.message.contains(&format!("\"{text}\"")), "{fault}");
        }
    }
}
