use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Budget, Currency, Exceeded, Fault, Usage, budget};

/// The account of one run: reserve before an effect, settle after it.
///
/// Spent and reserved together never exceed the budget, whatever the order of the calls; [`Ledger::settle`] may
/// book more than was reserved only if the effect itself overdrew (time passes until a guest is stopped). Of the journal an
/// estimate is reserved, and what happened is written whatever its length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    budget: Budget,
    spent: Usage,
    reserved: BTreeMap<String, Usage>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    slices: Vec<Account>,
    /// What is lent to the runs that effects start, by the keys of those.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    lent: BTreeMap<String, Usage>,
    /// What such runs have spent: a part of what was spent.
    #[serde(default, skip_serializing_if = "is_nothing")]
    spent_by_children: Usage,
}

fn is_nothing(usage: &Usage) -> bool {
    *usage == Usage::NONE
}

/// A share of a run's budget: the most that all effects whose keys begin so may use together.
///
/// It reserves nothing: the run's own budget holds for them as well. Where it is used up, an effect fails
/// (with the limit in its fault) and the run goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubBudget {
    /// What the keys begin with.
    pub prefix: String,
    /// What they may use.
    #[serde(deserialize_with = "budget::share")]
    pub budget: Budget,
}

/// What a [`SubBudget`] allows and has spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Account {
    slice: SubBudget,
    spent: Usage,
}

/// Why a [`Ledger`] has nothing to offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortfall {
    /// The run's budget has not enough left.
    Run(Exceeded),
    /// A share of it has not: the one of the effects whose keys begin so.
    SubBudget(String, Exceeded),
}

impl Shortfall {
    /// Returns the limit.
    pub fn exceeded(&self) -> &Exceeded {
        match self {
            Self::Run(exceeded) | Self::SubBudget(_, exceeded) => exceeded,
        }
    }

    /// Returns the fault that says so and what would allow more.
    pub fn fault(&self) -> Fault {
        let (prefix, exceeded) = match self {
            Self::Run(exceeded) => return exceeded.fault(),
            Self::SubBudget(prefix, exceeded) => (prefix, exceeded),
        };
        let (name, (allowed, used)) = (exceeded.limit.name(), exceeded.written());
        let message = format!(
            "the share of \"{}\" in the run's budget allows {allowed} of \"{name}\" and {used} are used or needed; the workflow's \
             configuration sets the share",
            prefix.trim_end_matches('/')
        );
        exceeded.fault().reworded(|_| message).detail("slice")
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

    /// Returns what is reserved for an effect.
    pub fn reserved(&self, key: &str) -> Option<&Usage> {
        self.reserved.get(key)
    }

    /// Returns the account as it would be if nothing were reserved: what effects in flight may give back.
    #[must_use]
    pub fn without_reserved(&self) -> Self {
        Self { reserved: BTreeMap::new(), ..self.clone() }
    }

    /// Adds to the limits.
    pub fn extend(&mut self, more: &Budget) {
        self.budget.add(more);
    }

    /// Returns the shares that are set, each with what was spent of it.
    pub fn sub_budgets(&self) -> impl Iterator<Item = (&SubBudget, &Usage)> {
        self.slices.iter().map(|Account { slice, spent }| (slice, spent))
    }

    /// Sets a share for some of the effects; one that was set before under the same prefix is replaced.
    pub fn slice(&mut self, slice: SubBudget) {
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
    pub fn offer(&self, key: &str, wish: &Usage, least: &Usage) -> Result<Usage, Shortfall> {
        let mut offer = Usage::default();
        for currency in Currency::ALL {
            let wanted = least.get(currency);
            let mut left = left(&self.budget, currency, self.taken(currency));
            for account in self.slices_of(key) {
                let taken = self.taken_of(account, currency);
                let own = self::left(&account.slice.budget, currency, taken);
                if own < wanted {
                    let allowed = account.slice.budget.get(currency);
                    let exceeded = Exceeded { limit: currency, allowed, used: needed(currency, taken, wanted) };
                    return Err(Shortfall::SubBudget(account.slice.prefix.clone(), exceeded));
                }
                left = left.min(own);
            }
            if left < wanted {
                let exceeded = self.exceeded(currency);
                return Err(Shortfall::Run(Exceeded { used: needed(currency, exceeded.used, wanted), ..exceeded }));
            }
            offer = offer.with(currency, wish.get(currency).min(left));
        }
        Ok(offer)
    }

    /// Returns why an effect had so little reserved: the share that has nothing more, or the run's budget.
    ///
    /// `used` is what the effect used itself, which is not booked yet.
    pub fn shortage(&self, key: &str, currency: Currency, used: u64) -> Shortfall {
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
                Shortfall::SubBudget(account.slice.prefix.clone(), Exceeded { limit: currency, allowed, used })
            }
            None => {
                let spent = self.spent.get(currency).saturating_add(used);
                Shortfall::Run(Exceeded { used: spent, ..self.exceeded(currency) })
            }
        }
    }

    /// Reserves an amount for an effect; what was reserved for it before is replaced.
    pub fn reserve(&mut self, key: &str, amount: Usage) {
        self.reserved.insert(key.to_owned(), amount);
    }

    /// Books what an effect used and frees what was reserved for it.
    pub fn settle(&mut self, key: &str, used: &Usage) {
        self.reserved.remove(key);
        self.spend(key, used);
    }

    /// Books what was used for an effect; what is reserved for it stays so.
    pub fn spend(&mut self, key: &str, used: &Usage) {
        self.spent.add(used);
        let own = self.slices.iter_mut().filter(|account| key.starts_with(&account.slice.prefix));
        own.for_each(|account| account.spent.add(used));
    }

    /// Lends an amount to the runs that an effect starts.
    pub(crate) fn lend(&mut self, key: &str, amount: Usage) {
        self.lent.insert(key.to_owned(), amount);
    }

    /// Takes back what was lent to one run, and books what it has used of that. What it has used beyond that was added to its
    /// own budget.
    pub(crate) fn repay(&mut self, key: &str, each: &Usage, used: &Usage) {
        if let Some(lent) = self.lent.get_mut(key) {
            *lent = less(lent, each);
        }
        let within = |currency| used.get(currency).min(each.get(currency));
        let used = Currency::ALL.into_iter().fold(Usage::NONE, |sum, currency| sum.with(currency, within(currency)));
        self.spend(key, &used);
        self.spent_by_children.add(&used);
    }

    /// Books all that is still lent to the runs of an effect.
    pub(crate) fn write_off(&mut self, key: &str) {
        if let Some(lent) = self.lent.remove(key) {
            self.spend(key, &lent);
            self.spent_by_children.add(&lent);
        }
    }

    /// Returns what is lent to the runs that an effect starts.
    pub fn lent(&self, key: &str) -> Option<&Usage> {
        self.lent.get(key)
    }

    /// Returns what the run itself has spent and reserved, without the runs that it has started; of memory, the peak of what was
    /// spent.
    pub fn taken_in_all(&self) -> Usage {
        let own = less(&self.spent, &self.spent_by_children).with(Currency::Memory, self.spent.memory_bytes_peak);
        let taken = |currency| taken(currency, &own, self.reserved.values());
        Currency::ALL.into_iter().fold(Usage::NONE, |sum, currency| sum.with(currency, taken(currency)))
    }

    /// Describes a currency as exhausted, with today's numbers.
    pub fn exceeded(&self, currency: Currency) -> Exceeded {
        Exceeded { limit: currency, allowed: self.budget.get(currency), used: self.taken(currency) }
    }

    fn slices_of(&self, key: &str) -> impl Iterator<Item = &Account> {
        self.slices.iter().filter(move |account| key.starts_with(&account.slice.prefix))
    }

    fn taken(&self, currency: Currency) -> u64 {
        taken(currency, &self.spent, self.reserved.values().chain(self.lent.values()))
    }

    fn taken_of(&self, account: &Account, currency: Currency) -> u64 {
        let all = self.reserved.iter().chain(&self.lent);
        let own = all.filter(|(key, _)| key.starts_with(&account.slice.prefix));
        taken(currency, &account.spent, own.map(|(_, usage)| usage))
    }
}

/// What an exhausted currency is said to have used. Of the journal, with what is wanted: one entry may be longer than all
/// those before it.
fn needed(currency: Currency, taken: u64, wanted: u64) -> u64 {
    if currency == Currency::Journal { taken.saturating_add(wanted) } else { taken }
}

/// What is left of an amount without another one.
fn less(amount: &Usage, other: &Usage) -> Usage {
    let left = |currency| amount.get(currency).saturating_sub(other.get(currency));
    Currency::ALL.into_iter().fold(Usage::NONE, |sum, currency| sum.with(currency, left(currency)))
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
        assert_eq!(refused, Shortfall::Run(Exceeded { limit: Currency::Fuel, allowed: 10, used: 10 }));
    }

    #[test]
    fn a_budget_of_zero_allows_nothing() {
        let refused = Ledger::new(Budget::default().steps(0)).offer("a", &steps(1), &steps(1)).unwrap_err();
        assert_eq!(refused, Shortfall::Run(Exceeded { limit: Currency::Steps, allowed: 0, used: 0 }));
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
        ledger.slice(SubBudget { prefix: "a/".to_owned(), budget: Budget::NONE.fuel(4).steps(100) });
        let fuel = |fuel| Usage { fuel, ..Usage::default() };
        let offer = ledger.offer("a/x", &fuel(9), &fuel(1)).unwrap();
        assert_eq!(offer.fuel, 4);
        ledger.reserve("a/x", offer);
        assert_eq!(ledger.offer("b", &fuel(9), &fuel(1)).unwrap().fuel, 6);
        let short = ledger.offer("a/y", &fuel(9), &fuel(1)).unwrap_err();
        assert!(
            matches!(&short, Shortfall::SubBudget(prefix, Exceeded { allowed: 4, used: 4, .. }) if prefix == "a/"),
            "{short:?}"
        );
        assert!(matches!(ledger.shortage("a/x", Currency::Fuel, 4), Shortfall::SubBudget(..)));
        ledger.settle("a/x", &fuel(1));
        assert_eq!((ledger.offer("a/y", &fuel(9), &fuel(1)).unwrap().fuel, ledger.spent().fuel), (3, 1));
        ledger.settle("b", &fuel(8));
        let offer = ledger.offer("a/z", &fuel(9), &fuel(1)).unwrap();
        assert_eq!(offer.fuel, 1);
        ledger.reserve("a/z", offer);
        assert!(matches!(ledger.shortage("a/z", Currency::Fuel, 1), Shortfall::Run(_)));
    }

    #[test]
    fn what_is_spent_while_an_effect_is_under_way_leaves_what_is_reserved_for_it() {
        let mut ledger = Ledger::new(Budget::NONE.with(Currency::Journal, 10));
        let bytes = |journal_bytes| Usage { journal_bytes, ..Usage::default() };
        ledger.slice(SubBudget { prefix: "a/".to_owned(), budget: Budget::NONE.with(Currency::Journal, 7) });
        ledger.reserve("a/x", bytes(4));
        ledger.spend("a/x", &bytes(2));
        assert_eq!(ledger.exceeded(Currency::Journal).used, 6);
        let short = ledger.offer("a/y", &bytes(2), &bytes(2)).unwrap_err();
        assert_eq!(
            short,
            Shortfall::SubBudget("a/".to_owned(), Exceeded { limit: Currency::Journal, allowed: 7, used: 8 })
        );
        ledger.settle("a/x", &bytes(0));
        assert_eq!((ledger.spent().journal_bytes, ledger.exceeded(Currency::Journal).used), (2, 2));
    }

    #[test]
    fn what_is_lent_is_taken_until_it_is_repaid_and_counts_for_others_than_the_run_itself() {
        let (mut ledger, fuel) = (Ledger::new(Budget::NONE.fuel(100)), |fuel| Usage::default().fuel(fuel));
        ledger.slice(SubBudget { prefix: "a/".to_owned(), budget: Budget::NONE.fuel(70) });
        ledger.lend("a/fan", fuel(60));
        let short = ledger.offer("a/x", &fuel(20), &fuel(20)).unwrap_err();
        assert!(matches!(&short, Shortfall::SubBudget(prefix, _) if prefix == "a/"), "{short:?}");
        assert_eq!(ledger.offer("b", &fuel(50), &fuel(1)), Ok(fuel(40)));
        ledger.repay("a/fan", &fuel(20), &fuel(7));
        // A person has added to the budget of this one.
        ledger.repay("a/fan", &fuel(20), &fuel(25));
        assert_eq!((ledger.spent().fuel, ledger.lent("a/fan").map(|lent| lent.fuel)), (27, Some(20)));
        ledger.repay("a/fan", &fuel(20), &Usage::NONE);
        ledger.lend("c", fuel(3));
        ledger.write_off("c");
        ledger.write_off("a/fan");
        ledger.reserve("d", fuel(5));
        assert_eq!((ledger.spent().fuel, ledger.exceeded(Currency::Fuel).used), (30, 35));
        assert_eq!(ledger.taken_in_all(), fuel(5));
    }

    proptest! {
        /// However effects interleave, spent and reserved together stay within the budget.
        #[test]
        fn a_ledger_never_overspends(
            limit in 0u64..50,
            moves in prop::collection::vec((0u8..4, 0u64..20, any::<bool>()), 0..60),
        ) {
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
