use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Fault;
use crate::amounts::{DAY_MS, milliseconds};

/// The units of a period with their milliseconds, longest first.
const UNITS: [(&str, u64); 5] = [("d", DAY_MS), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A length of time as a person writes it: `30m`, `2h`, `3d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// The milliseconds.
    pub ms: u64,
}

impl FromStr for Period {
    type Err = Fault;

    /// Reads a number with its unit, for `30` could be minutes or days.
    fn from_str(text: &str) -> Result<Self, Fault> {
        match milliseconds(text)? {
            0 => Err(Fault::invalid("time", format!("\"{text}\" is no length of time; 1ms is the shortest"))),
            ms => Ok(Self { ms }),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, factor)| self.ms.is_multiple_of(*factor));
        let (name, factor) = unit.copied().unwrap_or(("ms", 1));
        write!(f, "{}{name}", self.ms / factor)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_written_as_it_is_read() {
        for (text, ms) in [("30m", 1_800_000), ("2h", 7_200_000), ("3d", 259_200_000), ("90s", 90_000), ("500ms", 500)]
        {
            let period: Period = text.parse().unwrap();
            assert_eq!((period.ms, period.to_string().as_str()), (ms, text));
        }
        for wrong in ["", "30", "0h", "-1h", "soon", "1w"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }
}
