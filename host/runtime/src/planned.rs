//! A schedule with its times, and what it does when they come.

#[cfg_attr(not(feature = "schedules"), path = "off/calendar.rs")]
mod calendar;
#[cfg(feature = "schedules")]
mod fields;
mod turn;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockade_patterns::Children;
use stockade_workflow::{Event, Fault, Kind, Machine, RunId};

use crate::Result;
use crate::config::{CatchUp, Overlap, Schedule};
use calendar::Calendar;
pub(crate) use turn::Turn;

/// A schedule with its times.
pub(crate) struct Planned {
    pub(crate) schedule: Schedule,
    calendar: Calendar,
}

/// The last run that a schedule has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastStart {
    /// The time for which it started.
    pub at_ms: u64,
    /// The run.
    pub run: RunId,
}

/// What the row of a schedule says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// Its times, as they were configured: where they are others now, the next time is another too.
    pub(crate) times: String,
    /// The time that comes next.
    pub(crate) next_ms: u64,
    /// Up to here times were not missed: they came while the run before had not ended, and wait for it.
    #[serde(default)]
    pub(crate) queued_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<LastStart>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) left_out_ms: Option<u64>,
}

impl Planned {
    /// Checks a schedule, and that its workflow takes its input.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`] or [`Kind::NotFound`], with what is wrong with it.
    fn new(name: &str, schedule: Schedule, machine: Option<&Machine>) -> Result<Self> {
        let named = |fault: Fault| fault.reworded(|why| format!("[schedule.{name}]: {why}"));
        let calendar = Calendar::new(&schedule.cron, &schedule.timezone).map_err(named)?;
        if schedule.catch_up == CatchUp::All && schedule.overlap == Overlap::Skip {
            return Err(named(Fault::invalid("schedule", NO_QUEUE)));
        }
        let unknown = || Fault::new(Kind::NotFound, format!("there is no workflow \"{}\"", schedule.workflow));
        let machine = machine.ok_or_else(|| named(unknown().detail("workflow")))?;
        machine.step(None, Event::Started { input: schedule.input.clone().into() }).map_err(named)?;
        Ok(Self { schedule, calendar })
    }

    /// Checks all of them, by name.
    pub(crate) fn all(schedules: BTreeMap<String, Schedule>, machines: &Children) -> Result<BTreeMap<String, Self>> {
        let planned = |(name, schedule): (String, Schedule)| {
            let machine = machines.get(&schedule.workflow).map(|machine| &**machine);
            Ok((name.clone(), Self::new(&name, schedule, machine)?))
        };
        schedules.into_iter().map(planned).collect()
    }

    /// Its times, as they were configured.
    pub(crate) fn times(&self) -> String {
        format!("{} {}", self.schedule.cron, self.schedule.timezone)
    }

    /// How it stands when it is seen for the first time, or its times have changed.
    pub(crate) fn begun(&self, now_ms: u64, before: Option<Standing>) -> Result<Standing> {
        let next_ms = self.calendar.after(now_ms)?;
        let (last, left_out_ms) = before.map_or((None, None), |before| (before.last, before.left_out_ms));
        Ok(Standing { times: self.times(), next_ms, queued_ms: 0, last, left_out_ms })
    }
}

const NO_QUEUE: &str = "catch_up = \"all\" needs overlap = \"queue\": with \"skip\", the second of the times that were missed \
                        would be left out, because the run of the first has just begun";
