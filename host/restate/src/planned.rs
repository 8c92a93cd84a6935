//! What follows from how a run stands: which effects are to be performed, and when it is to be looked at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockade::{Clock, Result, RunId, RunState};

use crate::kept::{Kept, intent};
use crate::page::Page;

/// How long a message waits at most. One that comes before its time is sent again; one that would come in a million years is
/// more than Restate takes, and its handler would never end.
const WAIT_MS_MAX: u64 = 365 * 24 * 60 * 60 * 1000;

/// What is sent once a handler has planned.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Planned {
    /// The effects that are to be performed, each with the number of the entry that is its intent.
    pub(crate) perform: Vec<(String, u64)>,
    /// When the run falls due.
    pub(crate) due_ms: Option<u64>,
    /// In how many milliseconds that is, or the run is looked at before.
    pub(crate) in_ms: u64,
    /// Whether it was not due yet when the host began to plan, which may have looked at the time before it came.
    pub(crate) is_early: bool,
}

impl Planned {
    /// Returns what follows from a run, of which the entries up to a number were there before, and which a host began to plan
    /// for at a time. A run that was not started has nothing.
    ///
    /// # Errors
    ///
    /// Its entries cannot be read.
    pub(crate) fn of(kept: &Kept, run: RunId, before: u64, begun_ms: u64) -> Result<Self> {
        if kept.is_empty() {
            return Ok(Self::default());
        }
        let entries = Page::entries(&kept.pages, run)?;
        let state = RunState::fold(run, &entries)?;
        // An effect that is tried again has several.
        let intents: BTreeMap<_, _> = entries.iter().filter(|entry| entry.seq > before).filter_map(intent).collect();
        let in_flight = state.in_flight().filter(|_| state.end().is_none());
        let perform = in_flight.filter_map(|effect| Some((effect.key().to_owned(), *intents.get(effect.key())?)));
        let now_ms = Clock::default().now_ms();
        let due = [state.next_due_ms(), state.next_wait_ms(now_ms)].into_iter().flatten().min();
        let due_ms = due.filter(|_| state.end().is_none());
        let in_ms = due_ms.map_or(0, |due_ms| due_ms.saturating_sub(now_ms).min(WAIT_MS_MAX));
        let is_early = due_ms.is_some_and(|due_ms| begun_ms < due_ms);
        Ok(Self { perform: perform.collect(), due_ms, in_ms, is_early })
    }
}

#[cfg(test)]
mod tests {
    use stockade::{Budget, Origin};

    use super::*;
    use crate::kept::begun;

    #[test]
    fn a_time_in_a_million_years_is_looked_at_within_one() {
        let run = RunId::from_bytes([1; 16]);
        let origin = Origin { due_ms: Some(u64::MAX), ..Origin::default() };
        let planned = Planned::of(&begun(run, Budget::default(), origin), run, 0, 0).unwrap();
        assert_eq!((planned.due_ms, planned.in_ms, planned.is_early), (Some(u64::MAX), WAIT_MS_MAX, true));
    }
}
