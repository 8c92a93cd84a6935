use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapDeserializer;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Breach, Fault, Kind, dollars};

/// What a run may write into its journal where nothing else is said: an agent of twenty turns that writes 10 MiB in each
/// has room, and a run that is taken up again is read into memory whole.
const JOURNAL_BYTES: u64 = 256 << 20;

/// What a run may spend. Every run has one; zero means none, and nothing means unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Budget(Usage);

/// An amount in every currency: what was spent, is reserved, or is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Usage {
    /// Guest instructions, in wasmtime's fuel units.
    pub fuel: u64,
    /// The most bytes of guest memory that one call held.
    pub memory_bytes_peak: u64,
    /// Microseconds of work.
    pub wall_us: u64,
    /// Steps of the workflow.
    pub steps: u64,
    /// Calls of tools.
    pub tool_calls: u64,
    /// Calls of models.
    pub model_calls: u64,
    /// Tokens in and out of models.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub money_micros: u64,
    /// Bytes of the entries in the run's journal. The fold of the entries counts them; no entry says how long it is.
    pub journal_bytes: u64,
}

/// One thing that a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Currency {
    /// Guest instructions.
    Fuel,
    /// Peak guest memory, in bytes. The only one that is not used up.
    Memory,
    /// Work of the host, in microseconds.
    Wall,
    /// Steps of the workflow.
    Steps,
    /// Calls of tools.
    ToolCalls,
    /// Calls of models.
    ModelCalls,
    /// Tokens of models.
    Tokens,
    /// Millionths of a US dollar.
    Money,
    /// What the run writes into its journal, in bytes.
    Journal,
}

impl Currency {
    /// All currencies, in the order in which they are shown and checked.
    pub const ALL: [Self; 9] = [
        Self::Fuel,
        Self::Memory,
        Self::Wall,
        Self::Steps,
        Self::ToolCalls,
        Self::ModelCalls,
        Self::Tokens,
        Self::Money,
        Self::Journal,
    ];

    /// Returns the name by which a person sets it (`--budget fuel=…`) and by which a breach names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::Wall => "wall",
            Self::Steps => "steps",
            Self::ToolCalls => "tool_calls",
            Self::ModelCalls => "model_calls",
            Self::Tokens => "tokens",
            Self::Money => "money",
            Self::Journal => "journal",
        }
    }

    /// Finds a currency by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.name() == name)
    }

    /// Writes an amount for a person: money as `$1.50`, the others as a number of their own unit.
    pub fn written(self, amount: u64) -> String {
        if self == Self::Money { dollars(amount) } else { amount.to_string() }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Fuel => Kind::Fuel,
            Self::Memory => Kind::Memory,
            Self::Wall => Kind::Deadline,
            Self::Steps | Self::ToolCalls | Self::ModelCalls | Self::Tokens | Self::Money | Self::Journal => {
                Kind::Agent
            }
        }
    }
}

impl Default for Budget {
    /// A hundred steps, fifty tool calls and twenty questions to models of everyday work: finite in every currency.
    fn default() -> Self {
        Self(Usage {
            fuel: 200_000_000,
            memory_bytes_peak: 64 << 20,
            // A question may take two minutes, and as much is reserved for each of those that are asked at once.
            wall_us: 20 * 120_000_000,
            steps: 100,
            tool_calls: 50,
            model_calls: 20,
            tokens: 200_000,
            money_micros: 1_000_000,
            journal_bytes: JOURNAL_BYTES,
        })
    }
}

impl<'de> Deserialize<'de> for Budget {
    /// Reads the budget of a run. A currency that is not named is zero, but for the journal: formats 1 to 4 had no limit of it,
    /// and their runs get the default.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(from, JOURNAL_BYTES)
    }
}

/// Reads what is added to a budget; formats 1 to 4 added nothing to the journal.
pub(crate) fn addition<'de, D: Deserializer<'de>>(from: D) -> Result<Budget, D::Error> {
    read(from, 0)
}

/// Reads a share of a budget; those of formats 1 to 4 set no limit to the journal.
pub(crate) fn share<'de, D: Deserializer<'de>>(from: D) -> Result<Budget, D::Error> {
    read(from, u64::MAX)
}

fn read<'de, D: Deserializer<'de>>(from: D, journal_bytes: u64) -> Result<Budget, D::Error> {
    let mut amounts = BTreeMap::<String, u64>::deserialize(from)?;
    amounts.entry("journal_bytes".to_owned()).or_insert(journal_bytes);
    Usage::deserialize(MapDeserializer::new(amounts.into_iter())).map(Budget)
}

impl Budget {
    /// A budget of nothing at all, to add to.
    pub const NONE: Self = Self(Usage::NONE);

    /// Sets the fuel, in wasmtime's units.
    #[must_use]
    pub fn fuel(self, units: u64) -> Self {
        self.with(Currency::Fuel, units)
    }

    /// Sets the number of steps.
    #[must_use]
    pub fn steps(self, steps: u64) -> Self {
        self.with(Currency::Steps, steps)
    }

    /// Sets one currency, in its own unit.
    #[must_use]
    pub fn with(mut self, currency: Currency, amount: u64) -> Self {
        *self.0.slot(currency) = amount;
        self
    }

    /// Returns the limit of one currency, in its own unit.
    pub fn get(&self, currency: Currency) -> u64 {
        self.0.get(currency)
    }

    /// Adds another budget to this one.
    pub fn add(&mut self, more: &Budget) {
        for currency in Currency::ALL {
            let slot = self.0.slot(currency);
            *slot = slot.saturating_add(more.get(currency));
        }
    }
}

/// Gives each amount the method that sets it: the struct will grow, so other crates cannot write it out.
macro_rules! setters {
    ($($name:ident),* $(,)?) => {
        impl Usage {
            /// Nothing in every currency.
            pub const NONE: Self = Self { $($name: 0),* };

            $(
                #[doc = concat!("Sets `", stringify!($name), "`.")]
                #[must_use]
                pub const fn $name(self, $name: u64) -> Self {
                    Self { $name, ..self }
                }
            )*
        }
    };
}

setters!(fuel, memory_bytes_peak, wall_us, steps, tool_calls, model_calls, tokens, money_micros, journal_bytes);

impl Usage {
    /// Returns the amount in one currency, in its own unit.
    pub fn get(&self, currency: Currency) -> u64 {
        let mut copy = *self;
        *copy.slot(currency)
    }

    /// Sets the amount in one currency.
    #[must_use]
    pub fn with(mut self, currency: Currency, amount: u64) -> Self {
        *self.slot(currency) = amount;
        self
    }

    /// Adds what was used to this total; of memory, the larger peak stays.
    pub fn add(&mut self, other: &Usage) {
        for currency in Currency::ALL {
            let more = other.get(currency);
            let slot = self.slot(currency);
            *slot = if currency == Currency::Memory { more.max(*slot) } else { slot.saturating_add(more) };
        }
    }

    fn slot(&mut self, currency: Currency) -> &mut u64 {
        match currency {
            Currency::Fuel => &mut self.fuel,
            Currency::Memory => &mut self.memory_bytes_peak,
            Currency::Wall => &mut self.wall_us,
            Currency::Steps => &mut self.steps,
            Currency::ToolCalls => &mut self.tool_calls,
            Currency::ModelCalls => &mut self.model_calls,
            Currency::Tokens => &mut self.tokens,
            Currency::Money => &mut self.money_micros,
            Currency::Journal => &mut self.journal_bytes,
        }
    }
}

/// A limit of the run's budget that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exceeded {
    /// The currency that ran out.
    pub limit: Currency,
    /// What the budget allows in it.
    pub allowed: u64,
    /// What is spent or reserved.
    pub used: u64,
}

impl Exceeded {
    /// Returns the fault that says so and what would let the run go on.
    pub fn fault(&self) -> Fault {
        let (name, (allowed, used)) = (self.limit.name(), self.written());
        let message = format!(
            "the run's budget allows {allowed} of \"{name}\" and {used} are used or needed; add to it to go on"
        );
        Fault { breach: Some(Box::new(self.breach())), ..Fault::new(self.limit.kind(), message) }
    }

    /// Returns the fault that says so of a budget that many runs share.
    pub fn fault_of(&self, budget: &str) -> Fault {
        let (name, (allowed, used)) = (self.limit.name(), self.written());
        let message = format!(
            "the shared budget \"{budget}\" allows {allowed} of \"{name}\" and {used} are used or needed; the run goes on when the \
             budget begins anew, or once it is resumed after [budget.{budget}] allows more"
        );
        self.fault().reworded(|_| message).detail("budget")
    }

    pub(crate) fn written(&self) -> (String, String) {
        (self.limit.written(self.allowed), self.limit.written(self.used))
    }

    fn breach(&self) -> Breach {
        Breach { limit: self.limit.name().to_owned(), allowed: self.allowed, used: self.used }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (allowed, used) = self.written();
        write!(f, "{}: {allowed} allowed, {used} used", self.limit.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_that_ran_out_is_written_as_money() {
        let exceeded = Exceeded { limit: Currency::Money, allowed: 1_000_000, used: 1_200_000 };
        assert_eq!(exceeded.to_string(), "money: $1.00 allowed, $1.20 used");
        let message = exceeded.fault().message;
        assert!(message.contains("allows $1.00 of \"money\" and $1.20 are used"), "{message}");
    }

    /// Formats 1 to 4 knew no limit of the journal.
    #[test]
    fn a_budget_without_a_limit_of_the_journal_has_the_default_and_an_addition_adds_none() {
        let json = r#"{"steps": 3}"#;
        let journal = |budget: Budget| (budget.get(Currency::Steps), budget.get(Currency::Journal));
        let read = |text: &str| serde_json::from_str::<Budget>(text).map(journal).unwrap();
        assert_eq!(read(json), (3, 256 << 20));
        assert_eq!(journal(addition(&mut serde_json::Deserializer::from_str(json)).unwrap()), (3, 0));
        assert_eq!(journal(share(&mut serde_json::Deserializer::from_str(json)).unwrap()), (3, u64::MAX));
        assert_eq!(read(&serde_json::to_string(&Budget::NONE).unwrap()), (0, 0));
        assert!(serde_json::from_str::<Budget>(r#"{"step": 3}"#).is_err());
    }
}
