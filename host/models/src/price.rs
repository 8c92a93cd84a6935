use serde::{Deserialize, Deserializer, de};

use crate::Result;

/// What a model costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// Nothing: it runs on a machine of one's own.
    Free,
    /// By tokens.
    Tokens {
        /// A million tokens of questions, in millionths of a US dollar.
        input: u64,
        /// A million tokens of answers, in millionths of a US dollar.
        output: u64,
    },
}

/// What an error says of how a price is written.
pub const WRITTEN: &str = "write price = \"free\" or { input = \"$3.00\", output = \"$15.00\" }, for a million tokens";

const MILLION: u128 = 1_000_000;
const MICROS_DIGITS: usize = 6;

impl Price {
    /// Returns the cost of so many tokens in millionths of a US dollar, rounded up.
    pub fn cost(&self, tokens_in: u64, tokens_out: u64) -> u64 {
        let Self::Tokens { input, output } = *self else { return 0 };
        let each = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        // Either is the most that there is; a cassette says of tokens what it likes.
        let millionths = each(tokens_in, input).saturating_add(each(tokens_out, output));
        u64::try_from(millionths.div_ceil(MILLION)).unwrap_or(u64::MAX)
    }

    /// Returns how many tokens of an answer can be had for so much money.
    pub(super) fn affordable(&self, tokens_in: u64, money_micros: u64) -> u64 {
        let Self::Tokens { input, output } = *self else { return u64::MAX };
        let all = u128::from(money_micros) * MILLION;
        let Some(left) = all.checked_sub(u128::from(tokens_in) * u128::from(input)) else { return 0 };
        left.checked_div(u128::from(output)).map_or(u64::MAX, |tokens| u64::try_from(tokens).unwrap_or(u64::MAX))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Word(String),
    Tokens(Tokens),
    Other(de::IgnoredAny),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    input: String,
    output: String,
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let price = match Written::deserialize(deserializer)? {
            Written::Word(word) if word == "free" => Some(Self::Free),
            Written::Tokens(Tokens { input, output }) => {
                micros(&input).zip(micros(&output)).map(|(input, output)| Self::Tokens { input, output })
            }
            Written::Word(_) | Written::Other(_) => None,
        };
        price.ok_or_else(|| de::Error::custom(format!("it is not a price; {WRITTEN}")))
    }
}

/// Reads `$3.00` as millionths of a dollar.
fn micros(text: &str) -> Option<u64> {
    let amount = text.strip_prefix('$')?;
    let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || part.len() > MICROS_DIGITS {
        return None;
    }
    let part: u64 = format!("{part:0<MICROS_DIGITS$}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_dollars_for_a_million_tokens() {
        let price: Price = serde_json::from_str(r#"{"input": "$3.00", "output": "$15"}"#).unwrap();
        assert_eq!(price, Price::Tokens { input: 3_000_000, output: 15_000_000 });
        assert_eq!(price.cost(1_000_000, 1_000_000), 18_000_000);
        assert_eq!(price.cost(1, 0), 3);
        assert_eq!(price.affordable(0, 15), 1);
        assert_eq!(price.affordable(6, 15), 0);
        assert_eq!(price.cost(u64::MAX, u64::MAX), u64::MAX);
        let dearest = Price::Tokens { input: u64::MAX, output: u64::MAX };
        assert_eq!(dearest.cost(u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(serde_json::from_str::<Price>("\"free\"").unwrap().cost(u64::MAX, 1), 0);
    }

    #[test]
    fn cost_is_rounded_up_to_the_micro() {
        let price: Price = serde_json::from_str(r#"{"input": "$0.075", "output": "$0.000001"}"#).unwrap();
        assert_eq!(price, Price::Tokens { input: 75_000, output: 1 });
        assert_eq!((price.cost(1, 0), price.cost(0, 1), price.cost(14, 0)), (1, 1, 2));
    }

    #[test]
    fn what_is_no_price_says_how_to_write_one() {
        let dear = r#"{"input": "$18446744073709551615", "output": "$1"}"#;
        for text in ["\"cheap\"", "3", "{}", r#"{"input": "3", "output": "$1"}"#, r#"{"input": "$1"}"#, dear] {
            let error = serde_json::from_str::<Price>(text).unwrap_err().to_string();
            assert!(error.contains(WRITTEN), "{text}: {error}");
        }
        for text in ["$", "$1.", "$.5", "$1.0000001", "$-1", "$+1", "$1.0.0"] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}
