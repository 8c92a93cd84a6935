//! How a run comes to be driven: it begins, or it is taken up.

use std::sync::Arc;

use stockade_journal::{Beside, caught_up, folded};
use stockade_workflow::{Budget, Change, RunId, RunState, json};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::Driver;
use super::kin::tell_parent;
use super::waits::overdue;
use crate::driving::Place;
use crate::lease::Holding;
use crate::new_run::{NewRun, check_input};
use crate::services::Services;
use crate::turns::{Lane, Turn};
use crate::{Result, shared_budgets};

impl Driver {
    /// Makes a run that is not in the journal yet, and whose first commit may write these.
    pub(crate) fn of(host: &Arc<Services>, new: &NewRun, beside: &[Beside<'_>]) -> Result<Self> {
        let machine = host.machine(&new.workflow)?;
        check_input(&new.input)?;
        shared_budgets::check(&host.budgets, &new.workflow, &new.origin)?;
        let NewRun { workflow, input, budget, mut origin, deadline, id, history } = new.clone();
        let version = machine.version();
        let history = history.map(|history| history.changes_for(&workflow, version)).transpose()?;
        if let Some(deadline) = deadline.or(host.deadline) {
            let ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
            origin.due_ms = Some(host.clock.now_ms().saturating_add(ms));
        }
        let created = Change::Created { workflow, version, input: input.into(), budget, origin };
        let id = id.map_or_else(|| host.journal.new_run(beside), Ok)?;
        let mut driver = Self::create(Arc::clone(host), machine, id, created)?;
        for change in history.into_iter().flatten() {
            driver.log.hold(json::bytes(&change));
            driver.log.push(change)?;
        }
        Ok(driver)
    }

    /// Takes the lease of a run, and then reads it: from here on it changes only here.
    pub(crate) async fn claim(host: &Arc<Services>, run: RunId) -> Result<Self> {
        host.driving.check_open()?;
        Self::claim_seen(host, folded(&*host.journal, run).await?).await
    }

    /// Does so with a run that was read before; then only what has come since is read.
    pub(crate) async fn claim_seen(host: &Arc<Services>, seen: RunState) -> Result<Self> {
        host.driving.check_open()?;
        let machine = host.machine(seen.workflow())?;
        let holding = Holding::claim(host, seen.run()).await?;
        Self::take_up(Arc::clone(host), machine, caught_up(&*host.journal, seen).await?, holding)
    }

    /// Does so with a run whose workflow is known, and which is read once.
    pub(crate) async fn claim_of(host: &Arc<Services>, run: RunId, workflow: &str) -> Result<Self> {
        host.driving.check_open()?;
        let machine = host.machine(workflow)?;
        let holding = Holding::claim(host, run).await?;
        Self::take_up(Arc::clone(host), machine, folded(&*host.journal, run).await?, holding)
    }

    /// Takes up a run that something has come for; one that is paused stays so, unless its deadline has passed, and none is
    /// returned.
    pub(crate) async fn wake(host: &Arc<Services>, run: RunId) -> Result<Option<Self>> {
        let mut driver = Self::claim(host, run).await?;
        if driver.state().paused().is_some() && !driver.is_overdue() {
            driver.release().await;
            return Ok(None);
        }
        if shared_budgets::begins_anew(&*host.journal, host.clock.now_ms(), driver.state()).await? {
            driver.extend(Budget::NONE)?;
        }
        Ok(Some(driver))
    }

    /// Waits for the run's turn, and drives it.
    async fn drive_in_turn(mut self: Box<Self>) -> Result<RunState> {
        let turn = self.turn().await;
        let driven = self.drive().await;
        drop(turn);
        driven
    }

    /// Waits for the run's turn. One that is to be stopped or paused needs none, nor does one that is overdue.
    async fn turn(&mut self) -> Option<Turn> {
        let (host, mut watch) = (Arc::clone(self.host()), self.watch());
        let lane = Lane::of(self.state().workflow(), &self.state().origin().labels);
        let overdue = overdue(host.clock.clone(), self.state().run_due_ms());
        tokio::select! {
            biased;
            turn = host.turns.next(lane) => turn,
            order = watch.order() => {
                self.heed(order);
                None
            }
            () = overdue => None,
        }
    }

    /// Drives the run in a task of its own. The run that has started it is told once it has ended.
    pub(crate) fn spawn(self) -> JoinHandle<Result<RunState>> {
        let (run, host) = (self.state().run(), Arc::clone(self.host()));
        let (driving, busy) = (Arc::clone(&host), host.driving.busy());
        let runtime = host.drivers.clone().unwrap_or_else(Handle::current);
        let tenant = Lane::of(self.state().workflow(), &self.state().origin().labels).tenant;
        // Each future around the driver has a pointer to it, in place of the driver itself.
        let driver = Box::new(self);
        let driver = async move {
            let driven = driver.drive_in_turn().await;
            driven.iter().for_each(|state| tell_parent(&host, state));
            drop(busy);
            driven
        };
        let driver = runtime.spawn(driving.driving.processor.in_turn(&tenant, driver));
        Place::driven_by(&driving.driving, run, driver.abort_handle());
        driver
    }
}
