use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Breach, Fault, Kind, Slice};

/// What a run may spend. Every run has one; zero means none, and nothing means unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Budget(Usage);

/// An amount in every currency: what was spent, is set aside, or is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
}

impl Currency {
    /// All currencies, in the order in which they are shown and checked.
    pub const ALL: [Self; 8] = [
        Self::Fuel,
        Self::Memory,
        Self::Wall,
        Self::Steps,
        Self::ToolCalls,
        Self::ModelCalls,
        Self::Tokens,
        Self::Money,
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
        }
    }

    /// Finds a currency by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.name() == name)
    }

    fn kind(self) -> Kind {
        match self {
            Self::Fuel => Kind::Fuel,
            Self::Memory => Kind::Memory,
            Self::Wall => Kind::Deadline,
            Self::Steps | Self::ToolCalls | Self::ModelCalls | Self::Tokens | Self::Money => Kind::Agent,
        }
    }
}

impl Default for Budget {
    /// A hundred steps, fifty tool calls and twenty questions to models of everyday work: finite in every currency.
    fn default() -> Self {
        Self(Usage {
            fuel: 200_000_000,
            memory_bytes_peak: 64 << 20,
            // A question may take two minutes, and as much is set aside for each of those that are asked at once.
            wall_us: 20 * 120_000_000,
            steps: 100,
            tool_calls: 50,
            model_calls: 20,
            tokens: 200_000,
            money_micros: 1_000_000,
        })
    }
}

impl Budget {
    /// A budget of nothing at all, to add to.
    pub const NONE: Self = Self(Usage {
        fuel: 0,
        memory_bytes_peak: 0,
        wall_us: 0,
        steps: 0,
        tool_calls: 0,
        model_calls: 0,
        tokens: 0,
        money_micros: 0,
    });

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
    /// What is spent or set aside.
    pub used: u64,
}

impl Exceeded {
    /// Returns the fault that says so and what would let the run go on.
    pub fn fault(&self) -> Fault {
        let name = self.limit.name();
        let message = format!(
            "the run's budget allows {} of \"{name}\" and {} are used or needed; add to it to go on",
            self.allowed, self.used
        );
        Fault { breach: Some(Box::new(self.breach())), ..Fault::new(self.limit.kind(), message) }
    }

    fn breach(&self) -> Breach {
        Breach { limit: self.limit.name().to_owned(), allowed: self.allowed, used: self.used }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} allowed, {} used", self.limit.name(), self.allowed, self.used)
    }
}

/// The account of one run: reserve before an effect, settle after it.
///
/// Spent and reserved together never exceed the budget, whatever the order of the calls; [`Ledger::settle`] may
/// book more than was reserved only if the effect itself overdrew (time passes until a guest is stopped).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    budget: Budget,
    spent: Usage,
    reserved: BTreeMap<String, Usage>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    slices: Vec<Account>,
}

/// What a [`Slice`] allows and has spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Account {
    slice: Slice,
    spent: Usage,
}

/// Why a [`Ledger`] has nothing to offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Short {
    /// The run's budget has not enough left.
    Run(Exceeded),
    /// A share of it has not: the one of the effects whose keys begin so.
    Slice(String, Exceeded),
}

impl Short {
    /// Returns the limit.
    pub fn exceeded(&self) -> &Exceeded {
        match self {
            Self::Run(exceeded) | Self::Slice(_, exceeded) => exceeded,
        }
    }

    /// Returns the fault that says so and what would allow more.
    pub fn fault(&self) -> Fault {
        let (prefix, exceeded) = match self {
            Self::Run(exceeded) => return exceeded.fault(),
            Self::Slice(prefix, exceeded) => (prefix, exceeded),
        };
        let (name, Exceeded { allowed, used, .. }) = (exceeded.limit.name(), exceeded);
        let message = format!(
            "the share of \"{}\" in the run's budget allows {allowed} of \"{name}\" and {used} are used or needed; the workflow's configuration sets the share",
            prefix.trim_end_matches('/')
        );
        Fault { message, ..exceeded.fault() }.detail("slice")
    }
}

impl Ledger {
    /// Opens an account.
    pub fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Returns the limits.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Returns what was spent so far.
    pub fn spent(&self) -> &Usage {
        &self.spent
    }

    /// Returns what is set aside for an effect.
    pub fn reserved(&self, key: &str) -> Option<&Usage> {
        self.reserved.get(key)
    }

    /// Returns the account as it would be if nothing were set aside: what effects under way may give back.
    #[must_use]
    pub fn without_reserved(&self) -> Self {
        Self { reserved: BTreeMap::new(), ..self.clone() }
    }

    /// Adds to the limits.
    pub fn extend(&mut self, more: &Budget) {
        self.budget.add(more);
    }

    /// Sets a share for some of the effects; one that was set before under the same prefix is replaced.
    pub fn slice(&mut self, slice: Slice) {
        match self.slices.iter_mut().find(|account| account.slice.prefix == slice.prefix) {
            Some(account) => account.slice = slice,
            None => self.slices.push(Account { slice, spent: Usage::default() }),
        }
    }

    /// Returns as much of `wish` as is left for an effect, if that is at least `least` in every currency.
    ///
    /// # Errors
    ///
    /// The first currency of which less than `least` is left, in a share of the effect or in the run.
    pub fn offer(&self, key: &str, wish: &Usage, least: &Usage) -> Result<Usage, Short> {
        let mut offer = Usage::default();
        for currency in Currency::ALL {
            let wanted = least.get(currency);
            let mut left = left(&self.budget, currency, self.taken(currency));
            for account in self.slices_of(key) {
                let taken = self.taken_of(account, currency);
                let own = self::left(&account.slice.budget, currency, taken);
                if own < wanted {
                    let exceeded =
                        Exceeded { limit: currency, allowed: account.slice.budget.get(currency), used: taken };
                    return Err(Short::Slice(account.slice.prefix.clone(), exceeded));
                }
                left = left.min(own);
            }
            if left < wanted {
                return Err(Short::Run(self.exceeded(currency)));
            }
            offer = offer.with(currency, wish.get(currency).min(left));
        }
        Ok(offer)
    }

    /// Returns why an effect had so little set aside: the share that has nothing more, or the run's budget.
    ///
    /// `used` is what the effect used itself, which is not booked yet.
    pub fn shortage(&self, key: &str, currency: Currency, used: u64) -> Short {
        let reserved = self.reserved(key).map_or(0, |usage| usage.get(currency));
        let run_left = left(&self.budget, currency, self.taken(currency).saturating_sub(reserved));
        let by_others = |account| self.taken_of(account, currency).saturating_sub(reserved);
        let narrowest = self
            .slices_of(key)
            .find(|account| left(&account.slice.budget, currency, by_others(account)) <= run_left.min(reserved));
        match narrowest {
            Some(account) => {
                let used = by_others(account).saturating_add(used);
                let allowed = account.slice.budget.get(currency);
                Short::Slice(account.slice.prefix.clone(), Exceeded { limit: currency, allowed, used })
            }
            None => {
                let spent = self.spent.get(currency).saturating_add(used);
                Short::Run(Exceeded { used: spent, ..self.exceeded(currency) })
            }
        }
    }

    /// Sets an amount aside for an effect; what was set aside for it before is replaced.
    pub fn reserve(&mut self, key: &str, amount: Usage) {
        self.reserved.insert(key.to_owned(), amount);
    }

    /// Books what an effect used and frees what was set aside for it.
    pub fn settle(&mut self, key: &str, used: &Usage) {
        self.reserved.remove(key);
        self.spent.add(used);
        let own = self.slices.iter_mut().filter(|account| key.starts_with(&account.slice.prefix));
        own.for_each(|account| account.spent.add(used));
    }

    /// Describes a currency as exhausted, with today's numbers.
    pub fn exceeded(&self, currency: Currency) -> Exceeded {
        Exceeded { limit: currency, allowed: self.budget.get(currency), used: self.taken(currency) }
    }

    fn slices_of(&self, key: &str) -> impl Iterator<Item = &Account> {
        self.slices.iter().filter(move |account| key.starts_with(&account.slice.prefix))
    }

    fn taken(&self, currency: Currency) -> u64 {
        taken(currency, &self.spent, self.reserved.values())
    }

    fn taken_of(&self, account: &Account, currency: Currency) -> u64 {
        let own = self.reserved.iter().filter(|(key, _)| key.starts_with(&account.slice.prefix));
        taken(currency, &account.spent, own.map(|(_, usage)| usage))
    }
}

fn left(budget: &Budget, currency: Currency, taken: u64) -> u64 {
    match currency {
        // A peak is not used up: each call may reach the whole of it.
        Currency::Memory => budget.get(currency),
        _ => budget.get(currency).saturating_sub(taken),
    }
}

fn taken<'a>(currency: Currency, spent: &Usage, reserved: impl Iterator<Item = &'a Usage>) -> u64 {
    let spent = spent.get(currency);
    if currency == Currency::Memory {
        return spent;
    }
    reserved.map(|usage| usage.get(currency)).fold(spent, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn steps(n: u64) -> Usage {
        Usage { steps: n, ..Usage::default() }
    }

    #[test]
    fn an_offer_is_what_is_left_and_never_less_than_the_least() {
        let mut ledger = Ledger::new(Budget::NONE.steps(3).fuel(10));
        let wish = Usage { fuel: 100, steps: 1, ..Usage::default() };
        let offer = ledger.offer("a", &wish, &steps(1)).unwrap();
        assert_eq!((offer.fuel, offer.steps), (10, 1));
        ledger.reserve("a", offer);
        let refused = ledger.offer("b", &wish, &Usage { fuel: 1, ..steps(1) }).unwrap_err();
        assert_eq!(refused, Short::Run(Exceeded { limit: Currency::Fuel, allowed: 10, used: 10 }));
    }

    #[test]
    fn zero_is_none() {
        let refused = Ledger::new(Budget::default().steps(0)).offer("a", &steps(1), &steps(1)).unwrap_err();
        assert_eq!(refused, Short::Run(Exceeded { limit: Currency::Steps, allowed: 0, used: 0 }));
    }

    #[test]
    fn memory_is_a_peak() {
        let mut ledger = Ledger::new(Budget::default());
        for (key, bytes) in [("a", 5), ("b", 3)] {
            ledger.reserve(key, Usage { memory_bytes_peak: bytes, ..Usage::default() });
            ledger.settle(key, &Usage { memory_bytes_peak: bytes, ..Usage::default() });
        }
        assert_eq!(ledger.spent().memory_bytes_peak, 5);
    }

    #[test]
    fn a_share_is_a_limit_of_its_own_within_the_run_s() {
        let mut ledger = Ledger::new(Budget::NONE.fuel(10).steps(100));
        ledger.slice(Slice { prefix: "a/".to_owned(), budget: Budget::NONE.fuel(4).steps(100) });
        let fuel = |fuel| Usage { fuel, ..Usage::default() };
        let offer = ledger.offer("a/x", &fuel(9), &fuel(1)).unwrap();
        assert_eq!(offer.fuel, 4);
        ledger.reserve("a/x", offer);
        assert_eq!(ledger.offer("b", &fuel(9), &fuel(1)).unwrap().fuel, 6);
        let short = ledger.offer("a/y", &fuel(9), &fuel(1)).unwrap_err();
        assert!(
            matches!(&short, Short::Slice(prefix, Exceeded { allowed: 4, used: 4, .. }) if prefix == "a/"),
            "{short:?}"
        );
        assert!(matches!(ledger.shortage("a/x", Currency::Fuel, 4), Short::Slice(..)));
        ledger.settle("a/x", &fuel(1));
        assert_eq!((ledger.offer("a/y", &fuel(9), &fuel(1)).unwrap().fuel, ledger.spent().fuel), (3, 1));
        ledger.settle("b", &fuel(8));
        let offer = ledger.offer("a/z", &fuel(9), &fuel(1)).unwrap();
        assert_eq!(offer.fuel, 1);
        ledger.reserve("a/z", offer);
        assert!(matches!(ledger.shortage("a/z", Currency::Fuel, 1), Short::Run(_)));
    }

    proptest! {
        /// However effects interleave, spent and reserved together stay within the budget.
        #[test]
        fn nothing_overspends(limit in 0u64..50, moves in prop::collection::vec((0u8..4, 0u64..20, any::<bool>()), 0..60)) {
            let mut ledger = Ledger::new(Budget::NONE.fuel(limit));
            for (key, wish, settle) in moves {
                let key = key.to_string();
                if let Some(held) = ledger.reserved(&key).copied() {
                    if settle {
                        ledger.settle(&key, &Usage { fuel: held.fuel.min(wish), ..Usage::default() });
                    }
                } else if let Ok(offer) = ledger.offer(&key, &Usage { fuel: wish, ..Usage::default() }, &Usage::default()) {
                    ledger.reserve(&key, offer);
                }
                prop_assert!(ledger.taken(Currency::Fuel) <= limit);
            }
        }
    }
}
