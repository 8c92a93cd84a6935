//! Workflows that are started by themselves, at times that are configured.
//!
//! Each schedule is a row of the journal's index, due at its next time. The run that starts then is in the same commit as the
//! row's next time: so of several hosts one starts it, and none starts it twice, whatever a clock does.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use stockade_journal::{Beside, Commit, Filter, Row, RowChange, index};
use stockade_workflow::{Fault, Kind, Status};

use crate::config::Schedule;
use crate::planned::{LastStart, Planned, Standing, Turn};
use crate::{Host, Listing, NewRun, Result, Run, Unreadable};

/// The space of the schedules: the key is the schedule's name.
const SPACE: &str = "schedule";

/// How many schedules are looked at at once; further ones are due the next time.
const DUE_MAX: usize = 256;

/// When a schedule is looked at again whose run could not start, or has to wait for the one before.
const AGAIN_MS: u64 = 5_000;

/// A run that a schedule has started, or why it could not.
pub struct Scheduled {
    /// The schedule.
    pub schedule: String,
    /// The time for which the run is, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The run in flight.
    pub run: Result<Run>,
}

/// How a schedule stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScheduleReport {
    /// Its name.
    pub name: String,
    /// Its times, as cron has them.
    pub cron: String,
    /// The time zone of these times.
    pub timezone: String,
    /// The workflow that it starts.
    pub workflow: String,
    /// When it starts the next run, in milliseconds since the Unix epoch; a time that has passed is one that was not looked at yet.
    pub next_ms: u64,
    /// The last run that it started.
    pub last: Option<LastStart>,
    /// The last time at which it started no run, because none looked or the run before had not ended.
    pub left_out_ms: Option<u64>,
}

impl Host {
    /// Starts the runs whose time has come by a schedule. Of several hosts, one starts each.
    ///
    /// # Errors
    ///
    /// A journal that fails. A schedule whose run cannot start, or that cannot be read, does not keep the others from it.
    pub async fn fire_schedules(&self) -> Result<Vec<Scheduled>> {
        if self.services.schedules.is_empty() {
            return Ok(Vec::new());
        }
        self.lay_out_schedules().await?;
        let mut started = Vec::new();
        for row in self.services.journal.due(SPACE, Duration::ZERO, None, DUE_MAX).await? {
            let (schedule, at_ms) = (row.key.clone(), row.due_ms.unwrap_or_default());
            match self.fire_schedule(row.clone()).await {
                Ok(scheduled) => started.extend(scheduled),
                Err(fault) => {
                    self.put_off(row).await?;
                    started.push(Scheduled { schedule, at_ms, run: Err(fault) });
                }
            }
        }
        Ok(started)
    }

    /// Returns how each schedule stands, by name. One that cannot be read is named.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn schedules(&self) -> Result<Listing<ScheduleReport>> {
        let (rows, now_ms) = (self.schedule_rows().await?, self.services.clock.now_ms());
        let report = |(name, planned): (&String, &Planned)| -> Result<ScheduleReport> {
            let before = rows.get(name).map(Row::read::<Standing>).transpose()?;
            let standing = match before {
                Some(standing) if standing.times == planned.times() => standing,
                before => planned.begun(now_ms, before)?,
            };
            let Schedule { cron, timezone, workflow, .. } = planned.schedule.clone();
            let Standing { next_ms, last, left_out_ms, .. } = standing;
            Ok(ScheduleReport { name: name.clone(), cron, timezone, workflow, next_ms, last, left_out_ms })
        };
        let unreadable = |error| Unreadable { run_id: None, error };
        Ok(self.services.schedules.iter().map(|planned| report(planned).map_err(unreadable)).collect())
    }

    async fn schedule_rows(&self) -> Result<BTreeMap<String, Row>> {
        let rows = self.services.journal.find(SPACE, "", None, usize::MAX).await?;
        Ok(rows.into_iter().map(|row| (row.key.clone(), row)).collect())
    }

    /// Gives each schedule its row, or its next time where its times have changed.
    async fn lay_out_schedules(&self) -> Result<()> {
        let (rows, now_ms) = (self.schedule_rows().await?, self.services.clock.now_ms());
        for (name, planned) in &self.services.schedules {
            let seen = rows.get(name).cloned();
            // One that cannot be read says so when it is due.
            let Ok(before) = seen.as_ref().map(Row::read::<Standing>).transpose() else { continue };
            if before.as_ref().is_none_or(|before| before.times != planned.times()) {
                let standing = planned.begun(now_ms, before)?;
                self.stand(name, seen, standing.next_ms, &standing).await?;
            }
        }
        Ok(())
    }

    /// Writes how a schedule stands, unless another host was faster.
    async fn stand(&self, name: &str, seen: Option<Row>, due_ms: u64, standing: &Standing) -> Result<()> {
        let (journal, value) = (&*self.services.journal, Row::text(standing)?);
        if let Some(seen) = seen {
            return index::replace(journal, seen, Some(due_ms), value).await.map(drop);
        }
        let row = Row::new(SPACE, name, value).due(due_ms);
        journal.commit(&Commit::of_index(vec![RowChange::Ensure(row)])).await
    }

    /// Starts the run of a schedule whose time has come.
    async fn fire_schedule(&self, row: Row) -> Result<Option<Scheduled>> {
        let (now_ms, name) = (self.services.clock.now_ms(), row.key.clone());
        let standing: Standing = row.read()?;
        let Some(planned) = self.services.schedules.get(&name) else {
            // Another host, which has it, starts its runs.
            self.stand(&name, Some(row), now_ms.saturating_add(AGAIN_MS), &standing).await?;
            return Ok(None);
        };
        let is_free = self.has_ended(standing.last).await?;
        match planned.turn(&standing, now_ms, is_free)? {
            Turn::Start { at_ms, then } => self.start_scheduled(planned, row, at_ms, then).await,
            Turn::LeaveOut { then } => self.stand(&name, Some(row), then.next_ms, &then).await.map(|()| None),
            Turn::Queue { then } => {
                self.stand(&name, Some(row), now_ms.saturating_add(AGAIN_MS), &then).await.map(|()| None)
            }
        }
    }

    /// Returns whether the run that a schedule started last has ended, or is not there any more.
    async fn has_ended(&self, last: Option<LastStart>) -> Result<bool> {
        let Some(LastStart { run, .. }) = last else { return Ok(true) };
        let summary = self.runs(&Filter { runs: Some(vec![run]), ..Filter::default() }).await?.pop();
        Ok(summary.is_none_or(|summary| match summary.status {
            Status::Done | Status::Failed | Status::Stopped => true,
            Status::Running | Status::Interrupted | Status::Waiting | Status::Suspended | Status::Paused => false,
        }))
    }

    async fn start_scheduled(
        &self,
        planned: &Planned,
        row: Row,
        at_ms: u64,
        then: Standing,
    ) -> Result<Option<Scheduled>> {
        let (schedule, before) = (row.key.clone(), row.clone());
        let run = match self.begin_scheduled(planned, row, at_ms, then).await {
            Err(refused) if is_overtaken(&refused) => return Ok(None),
            run => run,
        };
        if run.is_err() {
            let again_ms = self.services.clock.now_ms().saturating_add(AGAIN_MS);
            let standing: Standing = before.read()?;
            self.stand(&schedule, Some(before), again_ms, &standing).await?;
        }
        Ok(Some(Scheduled { schedule, at_ms, run }))
    }

    async fn begin_scheduled(&self, planned: &Planned, seen: Row, at_ms: u64, then: Standing) -> Result<Run> {
        let Schedule { workflow, input, budget, .. } = &planned.schedule;
        let new = NewRun::new(workflow, input.clone()).budget(*budget).by(format!("schedule {}", seen.key));
        let mut driver = self.create(&new, &[Beside::Row { space: SPACE, key: &seen.key }])?;
        let last = Some(LastStart { at_ms, run: driver.state().run() });
        let value = Row::text(&Standing { last, ..then.clone() })?;
        driver.index(RowChange::Replace { seen, due_ms: Some(then.next_ms), value });
        driver.commit_planned().await?;
        Ok(Run::spawn(driver))
    }
}

fn is_overtaken(refused: &Fault) -> bool {
    refused.kind == Kind::Conflict && refused.detail.as_deref() == Some(SPACE)
}
