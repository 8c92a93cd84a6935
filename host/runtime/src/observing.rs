//! How the runs of the journal stand, for the meters: most of it no single process knows.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use stockade_journal::{Filter, Summary};
use stockade_workflow::{Status, WaitingFor};
use tokio::time::sleep;

use crate::Host;
use crate::meters::{APPROVAL_AGE, JOURNAL_UP, Meters, RUNS, RUNS_DRIVEN, RUNS_WAITING};
use crate::services::Services;

/// How many runs are looked at: a page of metrics must stay cheap however many runs wait.
const RUNS_MAX: usize = 10_000;

/// How old what the meters say of the journal may be: many that read it do not look into the journal each.
const FRESH: Duration = Duration::from_secs(5);

/// How often they are looked at where meters are sent and not asked for.
const EVERY: Duration = Duration::from_secs(10);

/// The statuses of runs that have not ended.
const OPEN: [Status; 5] = [Status::Running, Status::Interrupted, Status::Waiting, Status::Suspended, Status::Paused];

impl Host {
    /// Returns the meters of this host.
    pub fn meters(&self) -> Arc<Meters> {
        Arc::clone(&self.services.meters)
    }

    /// Lets the meters know how the runs of the journal stand now. What they know may be up to five seconds old; a journal that
    /// fails is itself on a meter.
    pub async fn observe(&self) {
        observe(&self.services).await;
    }
}

/// Does what [`Host::observe`] does.
pub(crate) async fn observe(services: &Services) {
    let meters = &services.meters;
    meters.set(&RUNS_DRIVEN, &[], count(services.driving.count()));
    if !meters.is_old(FRESH) {
        return;
    }
    let filter = Filter { status: OPEN.to_vec(), limit: Some(RUNS_MAX), reachable: true, ..Filter::default() };
    let found = services.journal.runs(&filter).await;
    meters.set(&JOURNAL_UP, &[], if found.is_ok() { 1.0 } else { 0.0 });
    // What a journal that fails has said before is no longer known.
    note(meters, &found.unwrap_or_default(), services.clock.now_ms());
}

/// Lets the meters know again and again, for as long as there is the host.
pub(crate) async fn keep(services: Weak<Services>) {
    loop {
        sleep(EVERY).await;
        let Some(services) = services.upgrade() else { return };
        observe(&services).await;
    }
}

fn note(meters: &Meters, runs: &[Summary], now_ms: u64) {
    let mut statuses = OPEN.map(|status| (status.to_string(), 0)).into_iter().collect::<BTreeMap<_, usize>>();
    let mut waits = BTreeMap::<&str, usize>::new();
    for run in runs {
        *statuses.entry(run.status.to_string()).or_default() += 1;
        run.waiting_for.iter().for_each(|waiting_for| *waits.entry(waiting_for.name()).or_default() += 1);
    }
    let statuses: Vec<_> = statuses.iter().map(|(status, runs)| (status.as_str(), count(*runs))).collect();
    let waits: Vec<_> = waits.into_iter().map(|(wait, runs)| (wait, count(runs))).collect();
    meters.replace(&RUNS, &statuses);
    meters.replace(&RUNS_WAITING, &waits);
    let asked = runs.iter().filter(|run| run.waiting_for.contains(&WaitingFor::Person));
    let age_ms = asked.map(|run| now_ms.saturating_sub(run.updated_ms)).max().unwrap_or_default();
    meters.set(&APPROVAL_AGE, &[], Duration::from_millis(age_ms).as_secs_f64());
}

/// There are far fewer than 2^32 runs in a list.
fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use stockade_workflow::RunId;

    use super::*;
    use crate::meters::Exposition;

    fn run(status: Status, waiting_for: &[WaitingFor], updated_ms: u64) -> Summary {
        Summary {
            run_id: RunId::from_bytes([7; 16]),
            workflow: "refund".to_owned(),
            status,
            state: String::new(),
            updated_ms,
            start_key: None,
            labels: BTreeMap::new(),
            waiting_for: waiting_for.iter().copied().collect::<BTreeSet<_>>(),
            damaged: None,
        }
    }

    #[test]
    fn the_oldest_question_and_each_status_are_on_the_meters() {
        let meters = Meters::default();
        let person = [WaitingFor::Person, WaitingFor::Time];
        let runs = [
            run(Status::Waiting, &person, 4_000),
            run(Status::Waiting, &person[..1], 9_500),
            run(Status::Interrupted, &[], 0),
        ];
        note(&meters, &runs, 10_000);
        let page = meters.page(Exposition::Prometheus);
        for line in [
            "stockade_runs_open{status=\"waiting\"} 2",
            "stockade_runs_open{status=\"interrupted\"} 1",
            "stockade_runs_open{status=\"paused\"} 0",
            "stockade_runs_waiting{waiting_for=\"person\"} 2",
            "stockade_runs_waiting{waiting_for=\"time\"} 1",
            "stockade_approvals_oldest_age_seconds 6",
        ] {
            assert!(page.lines().any(|written| written == line), "{line} is not in {page}");
        }
    }
}
