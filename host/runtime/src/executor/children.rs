//! How a driver starts the runs that its run wants, and hears of their ends.

use std::collections::BTreeSet;

use stockade_journal::{Beside, Commit, Row};
use stockade_workflow::{Carried, Change, ChildEnd, EndedChild, Fault, Kind, Parent, RunId, Usage};

use super::Driver;
use crate::new_run::{NewRun, generation};
use crate::{Result, children};

impl Driver {
    /// Takes in the ends of runs of which this one was told since it last looked.
    pub(super) async fn receive_children(&mut self, ends: Vec<Row>) -> Result<()> {
        for row in ends {
            let child = Box::new(row.read::<EndedChild>()?);
            if self.state().awaits_child(&child) {
                self.log.hold(child.end.output().map_or(0, |output| output.text().len() as u64));
                self.log.push(Change::ChildEnded { child })?;
                self.index(children::heard(&row));
            } else {
                // It was told twice, or too late.
                self.host().journal.commit(&Commit::of_index(vec![children::heard(&row)])).await?;
            }
        }
        Ok(())
    }

    /// Takes note of the runs that a driver before this one has started without having time to say so; returns them. Without that, they
    /// would be taken for runs that have not begun when the run ends, or no longer waits for them.
    pub(super) async fn recall_children(&mut self) -> Result<Vec<RunId>> {
        let queued = self.state().queued_children().map(|(key, number)| (key.to_owned(), number));
        let (queued, mut recalled) = (queued.collect::<BTreeSet<_>>(), Vec::new());
        if queued.is_empty() {
            return Ok(recalled);
        }
        for (key, number, run) in children::begun(&*self.host().journal, self.state().run()).await? {
            if queued.contains(&(key.clone(), number)) {
                self.log.push(Change::ChildStarted { key, number, run })?;
                recalled.push(run);
            }
        }
        Ok(recalled)
    }

    /// Goes on with runs that a host has started which is gone.
    pub(super) async fn take_up_children(&self, runs: Vec<RunId>) {
        for run in runs {
            Box::pin(self.take_up_child(run)).await;
        }
    }

    /// Starts the runs for which there is room; returns whether there were any.
    pub(super) async fn start_children(&mut self) -> Result<bool> {
        let mut has_started = false;
        while let Some((key, number)) = self.next_child() {
            let change = match Box::pin(self.child(&key, number)).await? {
                Ok(run) => Change::ChildStarted { key, number, run },
                Err(fault) => Change::ChildEnded { child: Box::new(unstarted(key, number, fault)) },
            };
            self.log.push(change)?;
            has_started = true;
        }
        Ok(has_started)
    }

    fn next_child(&self) -> Option<(String, usize)> {
        let next = self.state().next_child().filter(|_| !self.host().driving.is_closing())?;
        Some((next.0.to_owned(), next.1))
    }

    /// Starts one run, or finds the one that a driver before this one has started; or returns why it cannot begin.
    async fn child(&self, key: &str, number: usize) -> Result<Result<RunId>> {
        if let Some(run) = children::find(&*self.host().journal, self.state().run(), key, number).await? {
            self.take_up_child(run).await;
            return Ok(Ok(run));
        }
        let (new, parent) = self.new_child(key, number)?;
        self.host().driving.check_open()?;
        let mut driver = match Self::of(self.host(), &new, &[Beside::Run(parent.run)]) {
            Ok(driver) => driver,
            Err(fault) => return Ok(Err(fault)),
        };
        let run = driver.state().run();
        driver.index(children::started(&parent, run));
        driver.commit_planned().await?;
        drop(driver.spawn());
        Ok(Ok(run))
    }

    /// Goes on with a run that a host has started which is gone.
    async fn take_up_child(&self, run: RunId) {
        // What another process drives is left to it; one that cannot go on here says so when it is resumed.
        if let Ok(Some(driver)) = Self::wake(self.host(), run).await {
            drop(driver.spawn());
        }
    }

    fn new_child(&self, key: &str, number: usize) -> Result<(NewRun, Parent)> {
        let state = self.state();
        let gone = || Fault::new(Kind::HostBug, format!("effect \"{key}\" starts no run {number}"));
        let runs = state.effect(key).and_then(|effect| effect.kind.child_runs()).ok_or_else(gone)?;
        let input = runs.inputs.get(number).ok_or_else(gone)?.value();
        let (generation, carried) = (generation(state.origin()), state.carried(self.log.labels()));
        let parent = Parent { run: state.run(), key: key.to_owned(), number, generation, carried };
        Ok((NewRun::child(runs, input, state.origin(), parent.clone()), parent))
    }
}

/// What is heard of a run that could not begin.
fn unstarted(key: String, number: usize, fault: Fault) -> EndedChild {
    let (end, used, carried) = (ChildEnd::Failed(fault), Usage::NONE, Carried::default());
    EndedChild { key, number, run: None, end, used, carried }
}
