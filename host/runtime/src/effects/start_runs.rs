//! Runs that a run starts.

use stockade_workflow::{
    Change, ChildRuns, Effect, EffectOutcome, Event, Fault, GENERATIONS_MAX, Kind, Origin, RunsEnded, Usage,
};

use super::{Handler, Work};
use crate::queue::check_queue_of;
use crate::run_log::RunLog;
use crate::services::Services;
use crate::{Result, new_run};

pub(super) struct StartRuns<'a> {
    pub(super) effect: &'a Effect,
    pub(super) runs: &'a ChildRuns,
}

impl Handler for StartRuns<'_> {
    /// What all of them may spend, and the step of the outcome: less of it would be more than the run has.
    fn price(&self, _: &Services) -> Result<(Usage, Usage)> {
        let total = self.runs.total()?;
        let all = total.steps(total.steps.saturating_add(1));
        Ok((all, all))
    }

    fn permit(&self, run: &RunLog) -> Result<()> {
        self.runs.validate()?;
        check_kept_here(run)?;
        check_generation(run)?;
        let labels = new_run::labels(run.state().origin(), &self.runs.labels);
        let origin = Origin { labels, ..Origin::default() };
        origin.check()?;
        check_queue_of(&origin)?;
        let machine = run.host.machine(&self.runs.workflow)?;
        self.runs.inputs.iter().enumerate().try_for_each(|(number, input)| {
            let begins = || machine.step(None, Event::Started { input: input.clone() }).map(drop);
            let checked = new_run::check_input(&input.value()).and_then(|()| begins());
            checked.map_err(|fault| fault.reworded(|why| format!("run {number} cannot begin: {why}")))
        })
    }

    fn intent(&self, run: &RunLog, amount: Usage) -> Result<Change> {
        Ok(run.reserved(self.effect, amount, None))
    }

    fn is_alone(&self, _: &Services) -> bool {
        false
    }

    fn begin<'a>(&'a self, _: &RunLog) -> Work<'a> {
        Work::Outside
    }

    fn failed(&self, fault: Fault) -> EffectOutcome {
        RunsEnded::Failed(fault).into()
    }
}

/// A journal that is of one run alone has no place for others.
fn check_kept_here(run: &RunLog) -> Result<()> {
    if run.host.performs {
        return Ok(());
    }
    let message = format!("run {} is kept by another engine, where no run starts others", run.state().run());
    Err(Fault::invalid("runs", message))
}

/// A workflow that starts itself ends here.
fn check_generation(run: &RunLog) -> Result<()> {
    let generation = new_run::generation(run.state().origin());
    if generation > GENERATIONS_MAX {
        let (allowed, used) = (u64::from(GENERATIONS_MAX), u64::from(generation));
        let message = format!(
            "{used} generations of runs would be below the first one, and {allowed} are allowed; run {} starts no other",
            run.state().run()
        );
        return Err(Fault::limit(Kind::Agent, "generations", allowed, used, message).detail("runs"));
    }
    Ok(())
}
