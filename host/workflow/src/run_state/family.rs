//! The runs that a run has started.

use std::collections::BTreeMap;

use super::RunState;
use crate::{
    CHILDREN_AT_ONCE_MAX, Carried, Child, ChildEnd, ChildRun, ChildRuns, Currency, Effect, EffectKind, EndedChild,
    Fault, Kind, Label, OnClose, OnFailure, RunId, RunsEnded, RunsLeft, Usage,
};

/// The part of a run's fold that is about the runs that it has started, by the keys of its effects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Family(BTreeMap<String, Siblings>);

/// The runs of one effect.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Siblings {
    /// Whether the run waits for them.
    is_open: bool,
    /// In the order of the inputs.
    all: Vec<Sibling>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sibling {
    run: Option<RunId>,
    end: Option<ChildEnd>,
}

impl Sibling {
    fn is_queued(&self) -> bool {
        self.run.is_none() && self.end.is_none()
    }

    /// The run, if it has started and not ended.
    fn alive(&self) -> Option<RunId> {
        self.run.filter(|_| self.end.is_none())
    }

    fn end(&self) -> ChildEnd {
        let open = if self.run.is_some() { ChildEnd::Alive } else { ChildEnd::NotStarted };
        self.end.clone().unwrap_or(open)
    }
}

impl Siblings {
    fn alive(&self) -> usize {
        self.all.iter().filter(|one| one.alive().is_some()).count()
    }

    /// Whether one did not end well, after which no other one is to go on.
    fn is_halted(&self, wanted: &ChildRuns) -> bool {
        let fails = |one: &Sibling| one.end.as_ref().is_some_and(|end| !end.is_done());
        wanted.on_failure == OnFailure::Stop && self.all.iter().any(fails)
    }

    /// The first of those that are still to be started.
    fn next(&self, wanted: &ChildRuns) -> Option<usize> {
        let has_room = self.alive() < usize::try_from(wanted.at_once).unwrap_or(usize::MAX);
        if has_room && !self.is_halted(wanted) { self.all.iter().position(Sibling::is_queued) } else { None }
    }

    fn is_complete(&self, wanted: &ChildRuns) -> bool {
        let is_left = |one: &Sibling| one.alive().is_some() || (one.is_queued() && !self.is_halted(wanted));
        !self.all.iter().any(is_left)
    }

    fn ended(&self) -> Vec<ChildRun> {
        self.all.iter().map(|one| ChildRun { run: one.run, end: one.end() }).collect()
    }
}

impl RunState {
    /// Returns the runs that this one has started, and those that it could not start, in order.
    pub fn children(&self) -> impl Iterator<Item = Child<'_>> {
        self.family.0.iter().flat_map(|(key, siblings)| {
            let begun = siblings.all.iter().enumerate().filter(|(_, one)| !one.is_queued());
            begun.map(move |(number, one)| Child { key, number, run: one.run, end: one.end.as_ref() })
        })
    }

    /// Returns the next run that is to be started, by the key of its effect and its number there, if one is.
    pub fn next_child(&self) -> Option<(&str, usize)> {
        let is_idle = self.end.is_some() || self.is_undoing() || self.paused.is_some();
        let alive = self.open_siblings().map(|(_, siblings, _)| siblings.alive()).sum::<usize>();
        if is_idle || u32::try_from(alive).is_ok_and(|alive| alive >= CHILDREN_AT_ONCE_MAX) {
            return None;
        }
        self.open_siblings().find_map(|(key, siblings, wanted)| Some((key, siblings.next(wanted)?)))
    }

    /// Returns the runs that are to be started and of which nothing is known, by the keys of their effects and their numbers there.
    pub fn queued_children(&self) -> impl Iterator<Item = (&str, usize)> {
        self.open_siblings().flat_map(|(key, siblings, _)| {
            let queued = siblings.all.iter().enumerate().filter(|(_, one)| one.is_queued());
            queued.map(move |(number, _)| (key, number))
        })
    }

    /// Returns the runs that it has started, that have not ended, and that are to be stopped: it no longer waits for them, or
    /// another one did not end well.
    pub fn orphans(&self) -> impl Iterator<Item = RunId> {
        let orphaned = self.family.0.iter().filter(|(key, siblings)| {
            let is_orphaned = |wanted: &ChildRuns| {
                if siblings.is_open { siblings.is_halted(wanted) } else { wanted.on_close == OnClose::Stop }
            };
            self.child_runs(key).is_some_and(is_orphaned)
        });
        orphaned.flat_map(|(_, siblings)| siblings.all.iter().filter_map(Sibling::alive))
    }

    /// Returns what data carries out of this run, where the run has taken in such labels.
    pub fn carried(&self, labels: impl IntoIterator<Item = Label>) -> Carried {
        Carried { labels: labels.into_iter().collect(), takes_orders: self.takes_orders() }
    }

    /// Returns whether the run waits for the end of such a run, and has not heard of it.
    pub fn awaits_child(&self, child: &EndedChild) -> bool {
        let siblings = self.family.0.get(&child.key).filter(|siblings| siblings.is_open && self.end.is_none());
        let one = siblings.and_then(|siblings| siblings.all.get(child.number));
        one.is_some_and(|one| one.end.is_none() && one.run.is_none_or(|run| child.run == Some(run)))
    }

    /// Returns how many of the runs of an effect have not ended, if the run waits for them.
    pub(super) fn runs_left(&self, key: &str) -> Option<RunsLeft> {
        let all = &self.family.0.get(key)?.all;
        Some(RunsLeft { left: all.iter().filter(|one| one.end.is_none()).count(), of: all.len() })
    }

    /// Returns how the runs of an effect ended, if they did, or its deadline has passed.
    pub(super) fn runs_ended(&self, Effect { key, .. }: &Effect, now_ms: u64) -> Option<RunsEnded> {
        let Some((siblings, wanted)) = self.family.0.get(key).zip(self.child_runs(key)) else {
            let message = format!("nothing was set aside for the runs of effect \"{key}\"");
            return Some(RunsEnded::Failed(Fault::new(Kind::HostBug, message).detail("runs")));
        };
        if siblings.is_complete(wanted) {
            return Some(RunsEnded::Ended(siblings.ended()));
        }
        let is_due = self.waiting.due(key).is_some_and(|due_ms| due_ms <= now_ms);
        is_due.then(|| RunsEnded::TimedOut { at_ms: now_ms, children: siblings.ended() })
    }

    fn child_runs(&self, key: &str) -> Option<&ChildRuns> {
        self.effect(key)?.kind.child_runs()
    }

    fn open_siblings(&self) -> impl Iterator<Item = (&str, &Siblings, &ChildRuns)> {
        let open = self.family.0.iter().filter(|(_, siblings)| siblings.is_open);
        open.filter_map(|(key, siblings)| Some((key.as_str(), siblings, self.child_runs(key)?)))
    }

    /// Sets aside what the runs of an effect may spend, once its intent is there; returns what is for the effect itself. Where
    /// too little is reserved for them, none is started.
    pub(super) fn lend(&mut self, key: &str, amount: Usage) -> Usage {
        let Some(effect) = self.shared_effect(key) else { return amount };
        let EffectKind::StartRuns(runs) = &effect.kind else { return amount };
        let lent = runs.lent();
        if Currency::ALL.into_iter().any(|currency| amount.get(currency) < lent.get(currency)) {
            return amount;
        }
        let all = vec![Sibling::default(); runs.inputs.len()];
        self.family.0.insert(key.to_owned(), Siblings { is_open: true, all });
        self.ledger.lend(key, lent);
        effect.own(&amount).with(Currency::Memory, 0)
    }

    pub(super) fn child_started(&mut self, key: &str, number: usize, run: RunId) -> Result<(), String> {
        let one = self.sibling(key, number)?;
        if !one.is_queued() {
            return Err(format!("run {number} of effect \"{key}\" has started before"));
        }
        one.run = Some(run);
        Ok(())
    }

    pub(super) fn child_ended(&mut self, child: &EndedChild) -> Result<(), String> {
        let EndedChild { key, number, run, end, used, carried } = child;
        if !self.awaits_child(child) {
            return Err(format!("run {number} of effect \"{key}\" is not waited for"));
        }
        if matches!(end, ChildEnd::Alive | ChildEnd::NotStarted) {
            return Err(format!("run {number} of effect \"{key}\" has not ended"));
        }
        let each = self.child_runs(key).map(ChildRuns::each).unwrap_or_default();
        let one = self.sibling(key, *number)?;
        (one.run, one.end) = (*run, Some(end.clone()));
        self.ledger.repay(key, &each, used);
        carried.labels.iter().for_each(|label| self.labelled(*label, key));
        self.took_orders |= carried.takes_orders;
        Ok(())
    }

    fn sibling(&mut self, key: &str, number: usize) -> Result<&mut Sibling, String> {
        let siblings = self.family.0.get_mut(key).filter(|siblings| siblings.is_open);
        let one = siblings.and_then(|siblings| siblings.all.get_mut(number));
        one.ok_or_else(|| format!("effect \"{key}\" waits for no run {number}"))
    }

    /// Takes in how the runs of an effect ended: as the fold has it.
    pub(super) fn runs_over(&mut self, key: &str, outcome: &RunsEnded) -> Result<(), String> {
        let siblings = self.family.0.get(key).zip(self.child_runs(key));
        let fits = match outcome {
            RunsEnded::Failed(_) => siblings.is_none_or(|(siblings, _)| siblings.all.iter().all(Sibling::is_queued)),
            RunsEnded::Ended(children) => {
                siblings.is_some_and(|(siblings, wanted)| siblings.is_complete(wanted) && siblings.ended() == *children)
            }
            RunsEnded::TimedOut { at_ms, children } => {
                let is_due = self.waiting.due(key).is_some_and(|due_ms| due_ms <= *at_ms);
                is_due && siblings.is_some_and(|(siblings, _)| siblings.ended() == *children)
            }
        };
        if !fits {
            return Err(format!("the runs of effect \"{key}\" did not end so"));
        }
        self.part_with(key);
        Ok(())
    }

    /// Waits for no run any more.
    pub(super) fn part_with_children(&mut self) {
        let open: Vec<_> = self.open_siblings().map(|(key, ..)| key.to_owned()).collect();
        open.iter().for_each(|key| self.part_with(key));
    }

    /// Waits no more for the runs of an effect. What those may still spend that have not ended is booked as spent.
    fn part_with(&mut self, key: &str) {
        let each = self.child_runs(key).map(ChildRuns::each).unwrap_or_default();
        let Some(siblings) = self.family.0.get_mut(key).filter(|siblings| siblings.is_open) else { return };
        siblings.is_open = false;
        let queued = siblings.all.iter().filter(|one| one.is_queued()).count();
        (0..queued).for_each(|_| self.ledger.repay(key, &each, &Usage::NONE));
        self.ledger.write_off(key);
    }
}
