//! How an effect ended: by itself, at a limit of its own, or at one of the run.

use stockade_workflow::{Change, Currency, Effect, EffectOutcome, Event, Fault, Kind, Shortfall, Usage};

use super::{Driver, Performed};
use crate::Result;
use crate::calls::cut;
use crate::effects::{Ended, Stopped, handler};

impl Driver {
    /// Tells a limit of the run from one of a single effect, and what did not happen from what is not known.
    pub(super) fn judged(&self, effect: &Effect, ended: Ended, used: Usage) -> Performed {
        if let Some(outcome) = self.late(effect, &ended) {
            return Performed::Happened(outcome, used);
        }
        match ended {
            Ended::As(outcome) => Performed::Happened(outcome, used),
            Ended::Short(limits, outcome) => self.judged_short(effect, limits, outcome, used),
            Ended::Stopped(stopped) => self.judged_stopped(effect, stopped, used),
        }
    }

    /// An effect that had less of a currency than it may use is done again once the run has more, or fails by its share.
    fn judged_short(&self, effect: &Effect, limits: &[Currency], outcome: EffectOutcome, used: Usage) -> Performed {
        let (handler, amount) = (handler(effect), self.log.amount(effect.key()));
        let wish = handler.price(self.host()).map_or(amount, |(wish, _)| wish);
        let Some(limit) = limits.iter().copied().find(|limit| amount.get(*limit) < wish.get(*limit)) else {
            return Performed::Happened(outcome, used);
        };
        match self.state().ledger().shortage(effect.key(), limit, used.get(limit)) {
            Shortfall::Run(exceeded) => Performed::Cut(exceeded, used),
            short @ Shortfall::SubBudget(..) => Performed::Happened(handler.failed(short.fault()), used),
        }
    }

    fn judged_stopped(&self, effect: &Effect, stopped: Stopped, used: Usage) -> Performed {
        let Stopped { fault, limits, is_repeatable, unknown } = stopped;
        let amount = self.log.amount(effect.key());
        let failed = |fault| Performed::Happened(handler(effect).failed(fault), used);
        match (cut(&self.log, effect.key(), &limits, &fault, &amount, &used), unknown) {
            (Some(Shortfall::Run(exceeded)), unknown) if is_repeatable || unknown.is_none() => {
                Performed::Cut(exceeded, used)
            }
            (_, Some(unknown)) => Performed::Happened(unknown, used),
            (Some(short), None) => failed(short.fault()),
            (None, None) => failed(fault),
        }
    }

    pub(super) fn happened(&mut self, effect: &Effect, performed: Performed) -> Result<()> {
        match performed {
            Performed::Happened(outcome, used) => self.step(Event::ended(effect.key(), outcome), used),
            Performed::Cut(exceeded, used) => {
                self.push(Change::Suspended { exceeded, cut: Some((effect.key().to_owned(), used)), budget: None })
            }
        }
    }
}

/// The fault of work that is not done where it was to be done.
pub(super) fn misplaced(effect: &Effect) -> Fault {
    Fault::new(Kind::HostBug, format!("effect \"{}\" is not performed in this way", effect.key()))
}
