//! The part of a run's fold that is about calls in doubt, and about those whose results come later.

use std::collections::BTreeMap;

use crate::{Doubt, EffectOutcome, Fault, Settlement, ToolCall, ToolOutcome};

/// The calls that were ever in doubt while the run waited to have them settled, or whose tools tell the results later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubts(BTreeMap<String, Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    doubt: Doubt,
    /// The token under which the tool tells the result, where it does so later.
    token: Option<String>,
    /// Whether the run waits for the tool to tell it, and not for a person.
    is_awaited: bool,
    /// Whether the workflow has heard what became of the call.
    is_told: bool,
}

impl Doubts {
    pub(crate) fn add(&mut self, key: &str, call: &ToolCall, error: &Fault) {
        let doubt = Doubt { key: key.to_owned(), call: call.clone(), error: error.clone(), settlement: None };
        let token = self.0.remove(key).and_then(|before| before.token);
        self.0.insert(key.to_owned(), Entry { doubt, token, is_awaited: false, is_told: false });
    }

    /// Adds a call whose tool tells the result later, under this token.
    pub(crate) fn promise(&mut self, key: &str, call: &ToolCall, token: &str) {
        let error = Fault::later(token).tool(&call.tool);
        let doubt = Doubt { key: key.to_owned(), call: call.clone(), error, settlement: None };
        let entry = Entry { doubt, token: Some(token.to_owned()), is_awaited: true, is_told: false };
        self.0.insert(key.to_owned(), entry);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Doubt> {
        self.0.get(key).map(|entry| &entry.doubt)
    }

    /// Those of which it was not said yet what became of them, and that a person is waited for to find out.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Doubt> {
        self.0.values().filter(|entry| entry.is_open() && !entry.is_awaited).map(|entry| &entry.doubt)
    }

    /// Those whose tools have not told the results yet, each with its token.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = (&Doubt, &str)> {
        let awaited = self.0.values().filter(|entry| entry.is_open() && entry.is_awaited);
        awaited.filter_map(|entry| Some((&entry.doubt, entry.token.as_deref()?)))
    }

    /// Those of which it was not said yet what became of them.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = &Doubt> {
        self.0.values().filter(|entry| entry.is_open()).map(|entry| &entry.doubt)
    }

    /// Whether the workflow has heard what became of a call, or that this is not known.
    pub(crate) fn is_told(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|entry| entry.is_told)
    }

    /// Returns the token of a call, where its tool tells the result later.
    pub(crate) fn token(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.token.as_deref()
    }

    /// Those of which that was said, and the workflow has not heard.
    pub(crate) fn untold(&self) -> impl Iterator<Item = (&Doubt, &Settlement)> {
        let untold = self.0.values().filter(|entry| !entry.is_told);
        untold.filter_map(|entry| Some((&entry.doubt, entry.doubt.settlement.as_ref()?)))
    }

    pub(crate) fn settle(&mut self, settlement: &Settlement) -> Result<(), String> {
        let key = &settlement.key;
        let entry = self.0.get_mut(key).ok_or_else(|| format!("effect \"{key}\" is not in doubt"))?;
        match entry.doubt.settlement.replace(settlement.clone()) {
            None => Ok(()),
            Some(before) => Err(format!("effect \"{key}\" was settled by \"{}\" before", before.by)),
        }
    }

    /// Takes note that the workflow hears how a call ended; returns whether that call was in doubt.
    pub(crate) fn told(&mut self, key: &str, outcome: &EffectOutcome) -> Result<bool, String> {
        let Some(entry) = self.0.get_mut(key).filter(|entry| !entry.is_told) else { return Ok(false) };
        if entry.settled().as_ref() != Some(outcome) && !entry.is_late(outcome) {
            return Err(format!("effect \"{key}\" is in doubt, and does not end so"));
        }
        entry.is_told = true;
        Ok(true)
    }
}

impl Entry {
    fn is_open(&self) -> bool {
        self.doubt.settlement.is_none() && !self.is_told
    }

    /// How the call ended, as was found out.
    fn settled(&self) -> Option<EffectOutcome> {
        self.doubt.settlement.as_ref().map(|settlement| settlement.outcome(&self.doubt.call).into())
    }

    /// Whether this says that the tool has not told the result in time.
    fn is_late(&self, outcome: &EffectOutcome) -> bool {
        let is_unknown = matches!(outcome, EffectOutcome::ToolReturned(ToolOutcome::Unknown(_)));
        is_unknown && self.is_awaited && self.doubt.settlement.is_none()
    }
}
