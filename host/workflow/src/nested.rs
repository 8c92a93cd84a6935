use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Effect, End, Event, Fault, Machine, Needs, Step, SubBudget, Transition, Verdict};

/// A workflow that runs inside another one: part of its state, with keys of its own.
///
/// It shares the run, the journal and the budget of the one around it, so it is as durable, and a person is asked and a
/// budget is added to in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nested {
    prefix: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<(String, Value)>,
}

/// What a step of a workflow inside another one wants, under its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inner {
    /// Lines for the run's log.
    pub log: Vec<String>,
    /// What the host is to do.
    pub effects: Vec<Effect>,
    /// Shares of the budget.
    pub slices: Vec<SubBudget>,
    /// How it ended, if it did.
    pub end: Option<End>,
}

impl Nested {
    /// Begins a workflow under a name that no other effect of the run begins with.
    ///
    /// # Errors
    ///
    /// As [`Machine::step`].
    pub fn start(machine: &Machine, name: &str, input: Value) -> Result<(Self, Inner), Fault> {
        let mut nested = Self { prefix: format!("{name}/"), at: None };
        let inner = nested.step(machine, Event::Started { input: input.into() })?;
        Ok((nested, inner))
    }

    /// Returns whether an event is for it.
    pub fn awaits(&self, event: &Event) -> bool {
        event.key().is_some_and(|key| self.has(key))
    }

    /// Returns whether an effect of this key is its own.
    pub fn has(&self, key: &str) -> bool {
        key.starts_with(&self.prefix)
    }

    /// Returns what a question of its own may be answered with, by its key in the run.
    pub fn decisions(&self, machine: &Machine, question: &str) -> &'static [Verdict] {
        match (&self.at, question.strip_prefix(&self.prefix)) {
            (Some((_, state)), Some(own)) => machine.decisions(state, own),
            _ => Verdict::YES_OR_NO,
        }
    }

    /// Returns what it needs to go on with a question of its own, by its key in the run.
    ///
    /// # Errors
    ///
    /// As [`Machine::needs`].
    pub fn needs(&self, machine: &Machine, question: &str) -> Result<Needs, Fault> {
        match (&self.at, question.strip_prefix(&self.prefix)) {
            (Some((_, state)), Some(own)) => machine.needs(state, own),
            _ => Ok(Needs::default()),
        }
    }

    /// Lets it answer an event.
    ///
    /// # Errors
    ///
    /// As [`Machine::step`]; nothing is changed by it.
    pub fn step(&mut self, machine: &Machine, event: Event) -> Result<Inner, Fault> {
        let own = event.key().and_then(|key| key.strip_prefix(&self.prefix)).map(str::to_owned);
        let event = own.map(|key| event.clone().with_key(&key)).unwrap_or(event);
        let at = self.at.as_ref().map(|(position, state)| (position.as_str(), state));
        let Step { position, transition } = machine.step_at(at, event)?;
        let Transition { state, log, effects, slices, end } = transition;
        self.at = Some((position.to_owned(), state));
        let effects = effects.into_iter().map(|effect| effect.under(&self.prefix)).collect();
        let under = |slice: SubBudget| SubBudget { prefix: format!("{}{}", self.prefix, slice.prefix), ..slice };
        Ok(Inner { log, effects, slices: slices.into_iter().map(under).collect(), end })
    }
}

impl<S> Transition<S> {
    /// Takes over what a workflow inside wants; how it ended is for the one around it to judge.
    #[must_use]
    pub fn with(mut self, inner: Inner) -> Self {
        self.log.extend(inner.log);
        self.effects.extend(inner.effects);
        self.slices.extend(inner.slices);
        self
    }
}
