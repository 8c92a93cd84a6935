//! Runs that another engine keeps: here they are planned, and here one effect at a time is performed.

use std::sync::Arc;

use stockade_journal::Journal;
use stockade_workflow::{Fault, RunId};

use crate::executor::{Driver, Ending};
use crate::runs::changed;
use crate::services::Services;
use crate::{Host, Result, Run};

impl Host {
    /// Returns this host with another journal, whose runs it plans and commits, and performs nothing of but agent-written code
    /// and, for a second, the calls of tools that only compute, which were granted nothing.
    ///
    /// It is for an engine that keeps the runs and calls the host: [`Host::start_run`] with [`NewRun::id`](crate::NewRun::id),
    /// [`Host::decide`] and whatever else changes a run goes on with it, as always, until its driver has committed all that can
    /// be planned. Then [the effects that are in flight](crate::RunState::in_flight) are [performed](Host::perform), by
    /// whichever process, and [`Host::happened`] goes on. A time that has come is told by [`Host::wake`]. Code is run by the
    /// driver, for each of its calls is a commit of its own: a journal that hands the commits on must not say that one is
    /// durable before it is.
    ///
    /// The journal may be of one run alone. So runs start no others here, and nothing is kept that is of several runs.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Invalid`](crate::Kind::Invalid) with detail `engine` where the host has something that is of several runs:
    /// shared budgets, circuit breakers, schedules, notifications.
    pub fn planning(&self, journal: impl Journal + 'static) -> Result<Self> {
        let Services { common, .. } = &*self.services;
        let breakers = common.breakers.tools.len() + common.breakers.models.len();
        let of_several = [
            ("a shared budget, [budget.NAME]", common.budgets.len()),
            ("a circuit breaker, `breaker`", breakers),
            ("a schedule, [schedule.NAME]", common.schedules.len()),
            ("a notification, [notify.NAME]", common.notified.len()),
        ];
        if let Some((what, _)) = of_several.into_iter().find(|(_, count)| *count > 0) {
            let message =
                format!("the host has {what}, which an engine that keeps each run by itself does not have; remove it");
            return Err(Fault::invalid("engine", message));
        }
        let services = Services {
            journal: Box::new(journal),
            driving: Arc::default(),
            performs: false,
            common: Arc::clone(common),
        };
        Ok(Self { services: Arc::new(services) })
    }

    /// Performs one effect of a run, whose intent is in the journal, and returns how it ended; none where it is in flight no
    /// more. Nothing is written: [`Host::happened`] does that, of a host that [plans](Host::planning).
    ///
    /// `is_first` says that no attempt at it was made before. Where one may have been, a call whose tool does not tell a
    /// repetition by its key is not made, and its outcome is unknown. An engine says so where it had noted that an attempt
    /// begins, and has no end of it.
    ///
    /// # Errors
    ///
    /// An unknown run, a workflow that is not registered here or of another version, an effect that is agent-written code, a
    /// journal that fails.
    pub async fn perform(&self, run: RunId, key: &str, is_first: bool) -> Result<Option<Ending>> {
        Driver::claim(&self.services, run).await?.perform(key, is_first).await
    }

    /// Takes in how an effect ended that was [performed](Host::perform), and goes on with its run. An effect that is in flight
    /// no more, for its run was stopped or its end is known already, changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Host::resume`].
    pub async fn happened(&self, run: RunId, ending: Ending) -> Result<Run> {
        let driver = Driver::claim(&self.services, run).await?;
        changed(driver, |driver| driver.hear_end(ending)).await
    }
}
