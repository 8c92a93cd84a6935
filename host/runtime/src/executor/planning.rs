//! What of the wanted effects may begin: with which rights, at which price, and with which intent.

use std::sync::Arc;

use stockade_workflow::{
    Change, Currency, Decision, Effect, EffectKind, EffectOutcome, Event, Exceeded, Fault, Kind, RunState, Shortfall,
    Usage, json,
};

use super::{Driver, EFFECTS_AT_ONCE};
use crate::Result;
use crate::effects::handler;
use crate::run_log::INTENT_BYTES;
use crate::shared_budgets::Exhausted;
use crate::standing;

/// What the start and the end of a run take in the journal of the run that starts it, beside an output that is long.
const CHILD_BYTES: u64 = 1 << 10;

impl Driver {
    /// Decides what comes next, until enough is in flight or nothing more can be decided.
    pub(super) fn plan(&mut self) -> Result<()> {
        while self.state().end().is_none() && self.state().suspended().is_none() && self.state().paused().is_none() {
            if self.state().at().is_none() {
                if !self.start()? {
                    return Ok(());
                }
                continue;
            }
            let Some(effect) = self.state().ready(self.host().clock.now_ms()).cloned() else {
                return if self.is_stuck() { self.push(Change::Broken { fault: stuck(self.state()) }) } else { Ok(()) };
            };
            if !self.has_room_for(&effect) || !self.intend(&effect)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_stuck(&self) -> bool {
        let state = self.state();
        let wants_or_waits = state.wanted().next().is_some() || state.waits().next().is_some();
        let asks = state.open_approval().is_some() || state.open_doubts().next().is_some();
        !self.is_busy() && !wants_or_waits && !asks && state.settled().is_none()
    }

    fn has_room_for(&self, effect: &Effect) -> bool {
        let mut others = self.state().in_flight().peekable();
        effect.is_wait()
            || others.peek().is_none()
            || !(self.is_alone(effect)
                || self.state().in_flight().any(|other| self.is_alone(other))
                || others.count() >= EFFECTS_AT_ONCE)
    }

    /// Whether nothing else may be in flight beside it.
    pub(super) fn is_alone(&self, effect: &Effect) -> bool {
        handler(effect).is_alone(self.host())
    }

    /// The effect in flight that nothing else may be in flight beside.
    pub(super) fn alone(&self) -> Option<Arc<Effect>> {
        let key = self.state().in_flight().find(|effect| self.is_alone(effect))?.key();
        self.state().shared_effect(key)
    }

    /// The effects in flight that wait to be performed here. In a suspended run too, for each has what is reserved for it.
    pub(super) fn waiting(&self) -> Vec<Arc<Effect>> {
        let waiting = self.state().in_flight().filter(|effect| !self.begun.contains(effect.key()));
        let waiting = waiting.filter(|effect| !self.is_alone(effect) && self.is_performed_here(effect));
        waiting.filter_map(|effect| self.state().shared_effect(effect.key())).collect()
    }

    /// Lets the workflow begin; returns whether it may.
    fn start(&mut self) -> Result<bool> {
        let step = self.next_step();
        if let Err(short) = self.state().ledger().offer("", &step, &step) {
            self.push(Change::Suspended { exceeded: *short.exceeded(), cut: None, budget: None })?;
        } else if self.is_allotted(step) {
            let input = self.state().input().clone();
            self.step(Event::Started { input }, Usage::default())?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Plans, and draws of shared budgets what the plan needs. Where one is used up, the run waits for what is in flight, which may
    /// give something back, and is suspended once nothing is.
    pub(super) async fn plan_and_draw(&mut self) -> Result<()> {
        self.log.read_allotments().await?;
        loop {
            self.needs = None;
            self.plan()?;
            let Some(amount) = self.needs.take() else { return Ok(()) };
            if let Err(Exhausted { budget, exceeded }) = self.log.draw(&amount).await? {
                if self.is_busy() {
                    return Ok(());
                }
                return self.push(Change::Suspended { exceeded, cut: None, budget: Some(budget) });
            }
        }
    }

    /// Whether shared budgets allow an amount; where the run is to draw more of them first, it is noted.
    fn is_allotted(&mut self, amount: Usage) -> bool {
        let is_allotted = self.log.is_allotted(&amount);
        if !is_allotted {
            self.needs = Some(amount);
        }
        is_allotted
    }

    /// Records an effect's intent, or why it cannot be had; returns whether there may be another one.
    fn intend(&mut self, effect: &Effect) -> Result<bool> {
        if let Some(decision) = self.standing(effect) {
            return self.end_at_once(effect, decision.into());
        }
        let (wish, least) = match self.price(effect) {
            Ok(price) => price,
            Err(fault) => return self.refuse(effect, fault),
        };
        let ledger = self.state().ledger();
        let offer = ledger.offer(effect.key(), &wish, &least);
        if self.is_busy() && offer != ledger.without_reserved().offer(effect.key(), &wish, &least) {
            return Ok(false);
        }
        match offer {
            // What it lends, those draw for themselves to whom it is lent.
            Ok(amount) if !self.is_allotted(effect.own(&amount)) => return Ok(false),
            Ok(amount) => self.push_intent(effect, amount)?,
            Err(Shortfall::Run(exceeded)) => {
                let exceeded = needed(effect, exceeded, &least);
                self.push(Change::Suspended { exceeded, cut: None, budget: None })?;
            }
            Err(short @ Shortfall::SubBudget(..)) => return self.refuse(effect, short.fault()),
        }
        Ok(true)
    }

    /// The earlier decision that holds for a question without asking again, if there is one.
    fn standing(&self, effect: &Effect) -> Option<Decision> {
        let EffectKind::RequestApproval { call, .. } = &effect.kind else { return None };
        standing::no(self.state(), call).or_else(|| {
            let now = self.host().registry.binding(call).ok()?;
            standing::yes(self.state(), call, &now)
        })
    }

    /// What an effect that may begin may use, what it takes of the journal included, and the least without which it need
    /// not begin.
    fn price(&self, effect: &Effect) -> Result<(Usage, Usage)> {
        let handler = handler(effect);
        handler.permit(&self.log)?;
        let (wish, least) = handler.price(self.host())?;
        let journal = self.journal_bytes(effect);
        let with_journal = |usage: Usage| usage.journal_bytes(usage.journal_bytes.saturating_add(journal));
        Ok((with_journal(wish), with_journal(least)))
    }

    fn push_intent(&mut self, effect: &Effect, amount: Usage) -> Result<()> {
        match handler(effect).intent(&self.log, amount) {
            Ok(intent) => self.log.intend(effect, intent),
            Err(fault) => self.push(Change::Broken { fault }),
        }
    }

    /// What the workflow's next answer takes: a step, and as much of the journal as the last one.
    fn next_step(&self) -> Usage {
        Usage::default().steps(1).journal_bytes(self.state().step_bytes())
    }

    /// What an effect is thought to take of the journal: its intent, and the step that follows it.
    fn journal_bytes(&self, effect: &Effect) -> u64 {
        let shown = if effect.is_question() { json::bytes(effect) } else { effect.key().len() as u64 };
        let runs = effect.kind.child_runs().map_or(0, |runs| runs.inputs.len() as u64);
        let sum = self.state().step_bytes().saturating_add(INTENT_BYTES).saturating_add(shown);
        sum.saturating_add(runs.saturating_mul(CHILD_BYTES))
    }

    /// Whether something is in flight, which may give back some of what is reserved for it.
    fn is_busy(&self) -> bool {
        self.state().in_flight().next().is_some()
    }

    /// Tells the workflow that an effect was not begun, or not once more; returns whether there may be another one.
    fn refuse(&mut self, effect: &Effect, fault: Fault) -> Result<bool> {
        let outcome = self.after_others(effect, handler(effect).failed(fault), false);
        self.end_at_once(effect, outcome)
    }

    /// Tells the workflow how an effect ends of which that is known already; returns whether there may be another one.
    fn end_at_once(&mut self, effect: &Effect, outcome: EffectOutcome) -> Result<bool> {
        let (nothing, step) = (Usage::default(), self.next_step());
        if let Err(short) = self.state().ledger().offer("", &step, &step) {
            if self.is_busy() {
                return Ok(false);
            }
            self.push(Change::Suspended { exceeded: *short.exceeded(), cut: None, budget: None })?;
            return Ok(true);
        }
        if effect.is_question() {
            self.push_intent(effect, nothing)?;
        } else {
            let key = effect.key().to_owned();
            self.push(Change::Reserved { key, amount: nothing, consumes: None, labels: Vec::new(), due_ms: None })?;
        }
        if self.state().end().is_none() {
            self.step(Event::ended(effect.key(), outcome), nothing)?;
        }
        Ok(true)
    }
}

/// Says what is needed too where runs are to be started: that may be much, and nothing of it is used yet.
fn needed(effect: &Effect, exceeded: Exceeded, least: &Usage) -> Exceeded {
    let wanted = least.get(exceeded.limit);
    match exceeded.limit {
        _ if effect.kind.child_runs().is_none() => exceeded,
        // What is needed is said already.
        Currency::Journal => exceeded,
        Currency::Memory => Exceeded { used: wanted, ..exceeded },
        Currency::Fuel
        | Currency::Wall
        | Currency::Steps
        | Currency::ToolCalls
        | Currency::ModelCalls
        | Currency::Tokens
        | Currency::Money => Exceeded { used: exceeded.used.saturating_add(wanted), ..exceeded },
    }
}

fn stuck(state: &RunState) -> Fault {
    let position = state.at().map_or("START", |(position, _)| position);
    Fault::new(Kind::HostBug, format!("the workflow wants nothing in state \"{position}\" and has not ended"))
        .detail("stuck")
}
