//! What a run waits for beside a person: the times at which its effects fall due, and the signals that it was sent.

use std::collections::BTreeMap;

use crate::wait::SIGNALS_KEPT_MAX;
use crate::{AwaitedSignal, Digest, Effect, EffectKind, Fault, Kind, Signal, Waited};

/// The part of a run's fold that is about time and signals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// When the effects in flight fall due, by their keys.
    due: BTreeMap<String, u64>,
    /// The signals that nothing has taken yet, in the order in which they came.
    kept: Vec<Signal>,
    /// What every signal said that ever came, by its key.
    known: BTreeMap<String, Digest>,
}

impl Waiting {
    pub(crate) fn set_due(&mut self, key: &str, due_ms: Option<u64>) {
        if let Some(due_ms) = due_ms {
            self.due.insert(key.to_owned(), due_ms);
        }
    }

    /// Forgets when an effect falls due that is in flight no longer.
    pub(crate) fn ended(&mut self, key: &str) {
        self.due.remove(key);
    }

    pub(crate) fn due(&self, key: &str) -> Option<u64> {
        self.due.get(key).copied()
    }

    pub(crate) fn next_due(&self) -> Option<u64> {
        self.due.values().min().copied()
    }

    pub(crate) fn kept(&self) -> &[Signal] {
        &self.kept
    }

    /// Checks that a signal may be kept; returns whether it is a new one.
    pub(crate) fn check(&self, signal: &Signal) -> Result<bool, Fault> {
        let conflict = |detail: &str, message| Err(Fault::new(Kind::Conflict, message).detail(detail));
        match self.known.get(&signal.key) {
            Some(known) if *known == signal.digest() => return Ok(false),
            Some(_) => {
                let message = format!("signal \"{}\" was sent before, with another name or payload", signal.key);
                return conflict("signal", message);
            }
            None => {}
        }
        if self.kept.len() >= SIGNALS_KEPT_MAX {
            let message = format!("the run keeps {SIGNALS_KEPT_MAX} signals that it has not awaited, and no more");
            return conflict("signals", message);
        }
        Ok(true)
    }

    pub(crate) fn keep(&mut self, signal: &Signal) -> Result<(), String> {
        if !self.check(signal).map_err(|fault| fault.message)? {
            return Err(format!("signal \"{}\" is there already", signal.key));
        }
        self.known.insert(signal.key.clone(), signal.digest());
        self.kept.push(signal.clone());
        Ok(())
    }

    /// Takes the signal that ended a wait.
    pub(crate) fn take(&mut self, signal: &Signal) -> Result<(), String> {
        let place = self.kept.iter().position(|kept| kept == signal);
        self.kept.remove(place.ok_or_else(|| format!("signal \"{}\" was not sent, or is used up", signal.key))?);
        Ok(())
    }

    /// Returns the signal that a wait ends with now. One that came after the wait's deadline is left to a later wait.
    pub(crate) fn signal(&self, key: &str, awaited: &AwaitedSignal) -> Option<&Signal> {
        let due_ms = self.due(key).unwrap_or(u64::MAX);
        self.kept.iter().find(|signal| signal.at_ms <= due_ms && awaited.is(signal))
    }

    /// Returns how an effect that only waits has ended at this time, if it has.
    pub(crate) fn ended_at(&self, Effect { key, kind, .. }: &Effect, now_ms: u64) -> Option<Waited> {
        let is_due = self.due(key).is_some_and(|due_ms| due_ms <= now_ms);
        match kind {
            EffectKind::Sleep(_) => is_due.then_some(Waited::Slept { at_ms: now_ms }),
            EffectKind::AwaitSignal(awaited) => match self.signal(key, awaited) {
                Some(signal) => Some(Waited::Signalled(signal.clone())),
                None => is_due.then_some(Waited::TimedOut { at_ms: now_ms }),
            },
            EffectKind::RequestApproval { .. } => is_due.then_some(Waited::TimedOut { at_ms: now_ms }),
            EffectKind::CallTool { .. }
            | EffectKind::RunCode(_)
            | EffectKind::AskModel(_)
            | EffectKind::Remember(_)
            | EffectKind::Recall(_)
            | EffectKind::ReadResult(_)
            | EffectKind::StartRuns(_) => None,
        }
    }
}
