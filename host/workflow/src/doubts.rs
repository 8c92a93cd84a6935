//! The part of a run's fold that is about calls in doubt.

use std::collections::BTreeMap;

use crate::{Doubt, EffectOutcome, Fault, Settlement, ToolCall};

/// The calls that were ever in doubt while the run waited for a person to settle them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubts(BTreeMap<String, Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    doubt: Doubt,
    /// Whether the workflow has heard what became of the call.
    is_told: bool,
}

impl Doubts {
    pub(crate) fn add(&mut self, key: &str, call: &ToolCall, error: &Fault) {
        let doubt = Doubt { key: key.to_owned(), call: call.clone(), error: error.clone(), settlement: None };
        self.0.insert(key.to_owned(), Entry { doubt, is_told: false });
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Doubt> {
        self.0.get(key).map(|entry| &entry.doubt)
    }

    /// Those of which a person has not said yet what became of them.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Doubt> {
        self.0.values().map(|entry| &entry.doubt).filter(|doubt| doubt.settlement.is_none())
    }

    /// Those of which a person has said so, and the workflow has not heard.
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
        let Some(Entry { doubt, is_told }) = self.0.get_mut(key).filter(|entry| !entry.is_told) else {
            return Ok(false);
        };
        let settled = doubt.settlement.as_ref().map(|settlement| settlement.outcome(&doubt.call).into());
        if settled.as_ref() != Some(outcome) {
            return Err(format!("effect \"{key}\" is in doubt, and does not end so"));
        }
        *is_told = true;
        Ok(true)
    }
}
