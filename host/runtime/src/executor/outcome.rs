//! How an effect ended: by itself, at a limit of its own, or at one of the run.

use std::time::Duration;

use stockade_workflow::{
    Change, Currency, Effect, EffectKind, EffectOutcome, Event, Fault, Kind, Shortfall, ToolOutcome, Usage,
};

use super::{Driver, Performed};
use crate::Result;
use crate::calls::{cut, seed, unknown};
use crate::config::{DRIVEN_MS_MAX, PARKED_MAX};
use crate::effects::{Ended, Stopped, handler};

impl Driver {
    /// Tells a limit of the run from one of a single effect, and what did not happen from what is not known.
    ///
    /// # Errors
    ///
    /// The journal failed while it was performed.
    pub(super) fn judged(&self, effect: &Effect, ended: Ended, used: Usage) -> Result<Performed> {
        Ok(match self.judged_alone(effect, ended, used)? {
            Performed::Happened(outcome, used) => {
                let is_left = !self.log.is_mine(effect.key());
                Performed::Happened(self.after_others(effect, outcome, is_left), used)
            }
            performed => performed,
        })
    }

    /// Returns how a call ended where an attempt before this one may have happened: only the tool itself can say that it has not.
    /// `is_left` says that a host that is gone may have made one.
    pub(super) fn after_others(&self, effect: &Effect, outcome: EffectOutcome, is_left: bool) -> EffectOutcome {
        let may_have_happened = is_left || self.state().may_have_happened(effect.key());
        match (&effect.kind, outcome) {
            (EffectKind::CallTool { call, .. }, EffectOutcome::ToolReturned(ToolOutcome::Failed(fault)))
                if may_have_happened
                    && !matches!(fault.kind, Kind::GuestError | Kind::Invalid)
                    && self.host().registry.may_change(call) =>
            {
                ToolOutcome::Unknown(unknown(effect.key(), call, &fault.message)).into()
            }
            (_, outcome) => outcome,
        }
    }

    fn judged_alone(&self, effect: &Effect, ended: Ended, used: Usage) -> Result<Performed> {
        if let Some(outcome) = self.late(effect, &ended) {
            return Ok(Performed::Happened(outcome, used));
        }
        Ok(match ended {
            Ended::As(outcome) => Performed::Happened(outcome, used),
            Ended::Short(limits, outcome) => self.judged_short(effect, &limits, outcome, used),
            Ended::Stopped(stopped) => self.judged_stopped(effect, stopped, used),
            Ended::Later(wait, outcome) => self.judged_later(effect, wait, outcome, used),
            // A run that undoes what it has done waits for no result.
            Ended::Promised(_, unknown) if self.state().is_undoing() => Performed::Happened(unknown, used),
            Ended::Promised(token, _) => Performed::Promised(token, used),
            Ended::Unheard(fault) => return Err(fault),
        })
    }

    /// A question to a provider that wants to be left alone is asked again after that, as often as it may be asked.
    fn judged_later(&self, effect: &Effect, wait: Duration, outcome: EffectOutcome, used: Usage) -> Performed {
        let before = self.state().deferred(effect.key()).map_or(0, |deferred| deferred.used.model_calls);
        let calls_max = handler(effect).price(self.host()).map_or(0, |(wish, _)| wish.model_calls);
        let may_ask = before.saturating_add(used.model_calls) < calls_max && wait <= PARKED_MAX;
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let fault = outcome.fault().filter(|_| may_ask).cloned();
        let deferred = fault.and_then(|fault| self.deferred(effect, wait_ms, fault, false, used));
        deferred.unwrap_or(Performed::Happened(outcome, used))
    }

    /// The effect is wanted again after a wait, unless it falls due before.
    fn deferred(&self, effect: &Effect, wait_ms: u64, fault: Fault, in_doubt: bool, used: Usage) -> Option<Performed> {
        let until_ms = self.host().clock.now_ms().saturating_add(wait_ms);
        let due = [self.state().due_ms(effect.key()), self.state().run_due_ms()];
        let is_late = due.into_iter().flatten().any(|due_ms| due_ms <= until_ms);
        (!is_late).then_some(Performed::Deferred { until_ms, parks: wait_ms > DRIVEN_MS_MAX, fault, in_doubt, used })
    }

    /// Returns that a call is made again, where its tool's configuration says so and another attempt is left.
    fn again(&self, effect: &Effect, fault: &Fault, in_doubt: bool, used: Usage) -> Option<Performed> {
        let EffectKind::CallTool { call, .. } = &effect.kind else { return None };
        let retry = self.host().registry.retry(&call.tool)?;
        let (run, key) = (self.state().run(), effect.key());
        let failed = self.state().deferred(key).map_or(0, |deferred| deferred.attempts).saturating_add(1);
        let wait_ms = retry.wait_after_ms(fault, failed, seed(&format!("{run}/{key}/{failed}")))?;
        self.deferred(effect, wait_ms, fault.clone(), in_doubt, used)
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
        let short = cut(&self.log, effect.key(), &limits, &fault, &amount, &used);
        // What may have happened is made again only where its tool tells a repetition.
        if short.is_none()
            && (is_repeatable || unknown.is_none())
            && let Some(again) = self.again(effect, &fault, unknown.is_some(), used)
        {
            return again;
        }
        match (short, unknown) {
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
            Performed::Promised(token, used) => self.push(Change::Later { key: effect.key().to_owned(), token, used }),
            Performed::Deferred { until_ms, parks, fault, in_doubt, used } => {
                self.push(Change::Deferred { key: effect.key().to_owned(), used, until_ms, parks, fault, in_doubt })
            }
        }
    }
}

/// The fault of work that is not done where it was to be done.
pub(super) fn misplaced(effect: &Effect) -> Fault {
    Fault::new(Kind::HostBug, format!("effect \"{}\" is not performed in this way", effect.key()))
}
