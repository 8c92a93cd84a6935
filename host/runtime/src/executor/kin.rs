//! What a run does to others when it ends: the run that has started it is told, and those that it has started are stopped.

use std::sync::Arc;
use std::time::Duration;

use stockade_journal::folded;
use stockade_workflow::{Kind, Parent, RunId, RunState};

use super::Driver;
use crate::lease::{Holding, is_busy};
use crate::orders::{self, Order};
use crate::services::Services;
use crate::{Result, children};

/// How often and how long the driver of another run is waited for, until it hears of an end or of an order. The row that tells
/// of it is due, and is looked at later.
const TELLING_TRIES: u32 = 40;
const TELLING_PAUSE: Duration = Duration::from_millis(50);

/// Goes on with the run that has started one which has ended, unless a driver hears of the end anyway.
pub(crate) fn tell_parent(host: &Arc<Services>, state: &RunState) {
    let Some(parent) = state.origin().parent.clone().filter(|_| state.end().is_some()) else { return };
    let (host, busy) = (Arc::clone(host), host.driving.busy());
    tokio::spawn(async move {
        wake_parent(&host, &parent).await;
        drop(busy);
    });
}

async fn wake_parent(host: &Arc<Services>, parent: &Parent) {
    let key = children::key(parent.run, &parent.key, parent.number);
    for _ in 0..TELLING_TRIES {
        if !matches!(host.journal.row(children::ENDED, &key).await, Ok(Some(_))) {
            return;
        }
        let next = host.driving.next_change(parent.run);
        if host.driving.has(parent.run) {
            next.wait().await;
            continue;
        }
        match Driver::wake(host, parent.run).await {
            Err(fault) if is_busy(&fault) => tokio::time::sleep(TELLING_PAUSE).await,
            Ok(Some(driver)) => {
                drop(driver.spawn());
                return;
            }
            Ok(None) | Err(_) => return,
        }
    }
}

/// Stops runs that the journal has an order for, each in a task of its own, and those that they have started in turn. What
/// cannot be stopped now is due, and is stopped later.
pub(crate) fn stop_all(host: &Arc<Services>, runs: Vec<RunId>) {
    for run in runs {
        let (host, busy) = (Arc::clone(host), host.driving.busy());
        tokio::spawn(async move {
            let orphans = stop(&host, run).await.unwrap_or_default();
            stop_all(&host, orphans);
            drop(busy);
        });
    }
}

/// Tells the driver of a run, or takes its place once there is none here. Returns the runs that are to be stopped now.
async fn stop(host: &Arc<Services>, run: RunId) -> Result<Vec<RunId>> {
    for _ in 0..TELLING_TRIES {
        let Some(order) = orders::left(&*host.journal, run).await? else { break };
        let next = host.driving.next_change(run);
        if !host.driving.has(run) {
            return obey(host, run, &order).await;
        }
        host.driving.order(run, &order);
        next.wait().await;
    }
    Ok(Vec::new())
}

/// Obeys an order in place of a driver, where no process drives the run. An order that nothing can obey is taken back. Returns
/// the runs that are to be stopped now that this one has ended.
pub(crate) async fn obey(host: &Arc<Services>, run: RunId, order: &Order) -> Result<Vec<RunId>> {
    host.driving.check_open()?;
    let state = match folded(&*host.journal, run).await {
        Ok(state) if state.end().is_none() => state,
        Err(fault) if fault.kind != Kind::NotFound => return Err(fault),
        Ok(_) | Err(_) => return orders::take_back(&*host.journal, run).await.map(|()| Vec::new()),
    };
    let machine = host.machine(state.workflow()).ok();
    let holding = Holding::claim(host, run).await?;
    let state = folded(&*host.journal, run).await?;
    let mut driver = Driver::take_up_to_end(Arc::clone(host), machine, state, holding)?;
    let obeyed = driver.obey(order).await;
    let orphans = driver.orphans();
    if obeyed.is_ok() && driver.state().is_undoing() {
        // What the run has done is undone beside this.
        drop(driver.spawn());
        return Ok(orphans);
    }
    driver.release().await;
    obeyed?;
    tell_parent(host, driver.state());
    Ok(orphans)
}
