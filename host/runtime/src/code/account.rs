//! What a piece of code has left when cells before it, or its translation, were paid for.

use stockade_sandbox::Limits;
use stockade_workflow::{Currency, Fault, Kind, Usage};

/// What is reserved for a piece of code, and what of it is spent before the code itself begins.
pub(super) struct Account {
    pub(super) amount: Usage,
    pub(super) spent: Usage,
}

/// Why recorded code was not run again to its end.
pub(super) enum Stopped {
    Fault(Fault),
    /// What is reserved does not suffice: of this currency, so much is needed.
    Shortfall(Currency, u64),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Account {
    pub(super) fn new(amount: Usage) -> Self {
        Self { amount, spent: Usage::default() }
    }

    /// For what a person asks for, which no run pays.
    pub(super) fn unlimited() -> Self {
        let all = Currency::ALL.into_iter().fold(Usage::default(), |usage, currency| usage.with(currency, u64::MAX));
        Self::new(all)
    }

    pub(super) fn left(&self) -> Usage {
        let left = |left: Usage, currency| match currency {
            // A peak is not used up.
            Currency::Memory => left,
            _ => left.with(currency, left.get(currency).saturating_sub(self.spent.get(currency))),
        };
        Currency::ALL.into_iter().fold(self.amount, left)
    }

    /// Narrows limits to what is left.
    pub(super) fn within(&self, limits: &Limits) -> Limits {
        let Usage { fuel, memory_bytes_peak, wall_us, .. } = self.left();
        limits
            .clone()
            .fuel(limits.fuel.min(fuel))
            .memory_bytes(limits.memory_bytes.min(memory_bytes_peak))
            .wall_us(limits.wall_us.min(wall_us))
    }

    /// Pays for code that was run again: its own fuel and the time that passed.
    pub(super) fn pay(&mut self, fuel: u64, Usage { memory_bytes_peak, wall_us, .. }: &Usage) {
        let used = Usage::default().fuel(fuel).memory_bytes_peak(*memory_bytes_peak).wall_us(*wall_us);
        self.spent.add(&used);
    }

    /// Tells the end of what is left from a limit that holds for every piece of code.
    pub(super) fn stopped(&self, fault: Fault, given: &Limits, limits: &Limits) -> Stopped {
        match fault.kind {
            Kind::Deadline if given.wall_us < limits.wall_us => Stopped::Shortfall(Currency::Wall, self.amount.wall_us),
            Kind::Memory if given.memory_bytes < limits.memory_bytes => {
                let wanted = fault.breach.as_ref().map_or(0, |breach| breach.used);
                Stopped::Shortfall(Currency::Memory, wanted)
            }
            _ => Stopped::Fault(fault),
        }
    }
}
