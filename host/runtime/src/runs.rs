//! What a service does with its runs: follow one, list what waits, end one, shut down.

use std::time::Duration;

use stockade_workflow::{Approval, ApprovalId, Budget, Change, Entry, Fault, Kind, RunId, RunState, Status};

use crate::driving::NextChange;
use crate::executor::{self, Driver, stop_all};
use crate::lease::is_busy;
use crate::orders::{self, Order};
use crate::{Filter, Host, Listing, RunHandle, Unreadable};
use crate::{Report, Result, Run, children, questions};
use stockade_journal::{LEASE, PAGE_BYTES, Summary, folded};

/// How often and how long a decision waits for another process that drives the run: ten seconds in all, for two people
/// who decide at the same moment. A tool or a model may take longer, and then the person is told.
const DECISION_TRIES: u32 = 200;
const DECISION_PAUSE: Duration = Duration::from_millis(50);

impl Host {
    /// Goes on with a run that was paused, or that a crash or a kill left behind; one that has ended or waits stays as it is.
    ///
    /// # Errors
    ///
    /// An unknown run, a workflow that is not registered here or of another version, a journal that fails. Kind
    /// [`Kind::Conflict`] with detail `busy` where a process that lives drives the run.
    pub async fn resume(&self, run: RunId) -> Result<Run> {
        let driver = self.take_up(run).await?;
        let is_paused = driver.state().paused().is_some() && !driver.is_overdue();
        let is_suspended = driver.state().suspended_by().is_some();
        if !is_paused && !is_suspended {
            return Ok(Run::spawn(driver));
        }
        changed(driver, |driver| {
            if is_paused {
                driver.push(Change::Resumed)?;
            }
            // The shared budget may have begun anew, or allow more.
            if is_suspended { driver.extend(Budget::NONE) } else { Ok(()) }
        })
        .await
    }

    /// Goes on with a run that something has come for, or whose shared budget has begun anew; one that is paused stays so, unless
    /// its deadline has passed, and none is returned.
    ///
    /// [`Host::fire_due`] does so with all that are due.
    ///
    /// # Errors
    ///
    /// As [`Host::resume`].
    pub async fn wake(&self, run: RunId) -> Result<Option<Run>> {
        Ok(Driver::wake(&self.services, run).await?.map(Run::spawn))
    }

    /// Returns the runs that would go on by themselves if they were resumed: none that a process drives that lives.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn unfinished(&self) -> Result<Vec<RunId>> {
        let interrupted = Filter { status: vec![Status::Interrupted], ..Filter::default() };
        let interrupted = self.runs(&interrupted).await?;
        Ok(interrupted.into_iter().map(|summary| summary.run_id).collect())
    }

    /// Returns the question of a run that has this key; without a key, the one that a decision can only be about.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::NotFound`] where the run asked no such question. Without a key, kind [`Kind::Conflict`] where no
    /// question is open, or the run has put more than one: the decision could be about what was not seen.
    pub async fn question(&self, run: RunId, key: Option<&str>) -> Result<Approval> {
        questions::find(&self.state(run).await?, key).cloned()
    }

    /// Takes up a run that another driver may have for a moment, for as long as it can still be changed so.
    pub(crate) async fn take_up_soon(&self, run: RunId, check: impl Fn(&RunState) -> Result<()>) -> Result<Driver> {
        for _ in 0..DECISION_TRIES {
            let seen = self.state(run).await?;
            check(&seen)?;
            match Driver::claim_seen(&self.services, seen).await {
                Err(fault) if is_busy(&fault) => tokio::time::sleep(DECISION_PAUSE).await,
                taken => return taken,
            }
        }
        self.take_up(run).await
    }

    /// Adds to a run's budget, and goes on with it.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] where the run has ended, or something is in flight; else as [`Host::resume`].
    pub async fn extend(&self, run: RunId, more: Budget) -> Result<Run> {
        self.extend_if(run, more, |_| Ok(())).await
    }

    /// Adds to a run's budget as [`Host::extend`] does, if this allows the budget that the run then has in all. Of two additions
    /// at once, the second one is looked at with the first.
    ///
    /// # Errors
    ///
    /// That of the check; else as [`Host::extend`].
    pub async fn extend_if(&self, run: RunId, more: Budget, check: impl FnOnce(&Budget) -> Result<()>) -> Result<Run> {
        if more == Budget::NONE {
            return Err(Fault::invalid("budget", "nothing is added; name at least one currency, as in fuel=1000000"));
        }
        let driver = self.take_up(run).await?;
        changed(driver, |driver| {
            if driver.state().end().is_some() {
                let message = format!("run {run} is {}; its budget is closed", driver.state().status());
                return Err(Fault::new(Kind::Conflict, message));
            }
            check_idle(driver.state())?;
            let mut whole = *driver.state().ledger().budget();
            whole.add(&more);
            check(&whole)?;
            driver.extend(more)
        })
        .await
    }

    /// Returns everything about a run, with what the journal alone cannot tell: whether it is interrupted.
    ///
    /// # Errors
    ///
    /// An unknown run, a journal that fails.
    pub async fn report(&self, run: RunId) -> Result<Report> {
        let mut state = self.state(run).await?;
        let status = self.status(&mut state).await?;
        Ok(Report { status, ..Report::from(&state) })
    }

    /// Returns what a run is doing whose state this is: one that would go on and that no live process drives is interrupted.
    /// The state then has what its last driver committed in the meantime.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn status(&self, state: &mut RunState) -> Result<Status> {
        while state.status() == Status::Running && !self.services.journal.is_held(state.run()).await? {
            // A driver that lets go of its run does so with a commit, which the state may lack.
            if !self.catch_up(state).await? {
                return Ok(Status::Interrupted);
            }
        }
        Ok(state.status())
    }

    /// Takes into a state what was committed since, and returns whether that was anything. A run that is long is not read anew
    /// for each of its steps.
    pub(crate) async fn catch_up(&self, state: &mut RunState) -> Result<bool> {
        let before = state.seq();
        loop {
            let entries = self.entries_after(state.run(), state.seq()).await?;
            if entries.is_empty() {
                return Ok(state.seq() != before);
            }
            entries.iter().try_for_each(|entry| state.apply(entry))?;
        }
    }

    /// Returns a run as it stands in the journal.
    ///
    /// # Errors
    ///
    /// An unknown run, a journal that fails.
    pub async fn state(&self, run: RunId) -> Result<RunState> {
        folded(&*self.services.journal, run).await
    }

    /// Returns the journal of one run.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn entries(&self, run: RunId) -> Result<Vec<Entry>> {
        self.services.journal.read(run).await
    }

    /// Returns a page of the journal of one run: the entries behind a number, in order, about a megabyte of them. All of a
    /// run may be more than fits into memory.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn entries_after(&self, run: RunId, seq: u64) -> Result<Vec<Entry>> {
        self.page(run, seq, PAGE_BYTES).await
    }

    /// Returns a page as [`Host::entries_after`] does, of about so many bytes.
    pub(crate) async fn page(&self, run: RunId, seq: u64, bytes_max: usize) -> Result<Vec<Entry>> {
        self.services.journal.read_after(run, seq, bytes_max).await
    }

    /// Returns a line about each run that a filter lets through, oldest first. The page after this one begins
    /// [after](Filter::after) the last run of this one.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn runs(&self, filter: &Filter) -> Result<Vec<Summary>> {
        self.services.journal.runs(filter).await
    }

    /// Goes on with a run of this workflow that was interrupted, or none where it was not, for another process drove it on
    /// meanwhile.
    pub(crate) async fn take_over(&self, run: RunId, workflow: &str) -> Result<Option<Run>> {
        let mut driver = Driver::claim_of(&self.services, run, workflow).await?;
        if driver.state().status() == Status::Running {
            return Ok(Some(Run::spawn(driver)));
        }
        driver.release().await;
        Ok(None)
    }

    /// Takes the lease of a run, and then reads it: from here on it changes only here.
    async fn take_up(&self, run: RunId) -> Result<Driver> {
        Driver::claim(&self.services, run).await
    }

    /// Returns the runs that a run has started, in order, without those that were removed.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn children(&self, run: RunId) -> Result<Vec<RunId>> {
        children::all(&*self.services.journal, run).await
    }

    /// Waits until no run goes on in this host any more: each has ended, waits, or is paused or suspended, and so have those that
    /// runs have started, and that went on because of that.
    pub async fn idle(&self) {
        self.services.driving.idle().await;
    }

    /// Returns the handle of a run, in whichever process it is driven. A run that does not exist is refused when the handle is
    /// used.
    pub fn run(&self, id: RunId) -> RunHandle {
        RunHandle::new(self.clone(), id)
    }

    /// Returns the questions that wait for a person, each with its run, oldest run first. Only the runs that wait are read; one
    /// that cannot be is named.
    ///
    /// # Errors
    ///
    /// A journal that fails.
    pub async fn pending(&self) -> Result<Listing<(ApprovalId, Approval)>> {
        // A run that is busy with something else may have asked as well.
        let may_wait = vec![Status::Waiting, Status::Running, Status::Interrupted, Status::Suspended, Status::Paused];
        let mut pending = Listing::default();
        for summary in self.runs(&Filter { status: may_wait, ..Filter::default() }).await? {
            let run = summary.run_id;
            match self.state(run).await {
                Ok(state) => {
                    let open = state.open_approvals().map(|approval| (approval.id(run), approval.clone()));
                    pending.found.extend(open);
                }
                // It was removed meanwhile.
                Err(fault) if fault.kind == Kind::NotFound => {}
                Err(fault) => pending.unreadable.push(Unreadable::run(run, fault)?),
            }
        }
        Ok(pending)
    }

    /// Lets no run begin anything new, waits until what is in flight has ended, and for no longer than `grace`; then ends the
    /// driving of those that are late, as a crash would. What waits, is suspended or was parked so stays in the journal,
    /// and another host goes on with it. Returns the runs that were late.
    ///
    /// From the first moment, this host starts and resumes nothing: kind [`Kind::Conflict`] with detail `closing`.
    pub async fn shutdown(&self, grace: Duration) -> Vec<RunId> {
        self.services.driving.begin_closing();
        self.services.turns.close();
        let late = self.services.driving.close(grace).await;
        self.flush().await;
        late
    }

    /// Sees that a run is obeyed of which a person wants something, whichever process drives it.
    pub(crate) async fn order(&self, run: RunId, order: &Order) -> Result<()> {
        let until = tokio::time::Instant::now() + order.grace() + LEASE + LEASE;
        let mut is_given = false;
        while !self.is_obeyed(run, order, is_given).await? {
            let next = self.next_change(run);
            match executor::obey(&self.services, run, order).await {
                Err(fault) if is_busy(&fault) => {}
                obeyed => {
                    stop_all(&self.services, obeyed?);
                    is_given = true;
                    continue;
                }
            }
            if tokio::time::Instant::now() > until {
                return Err(orders::unheard(run, order));
            }
            if !is_given {
                orders::give(&*self.services.journal, run, order).await?;
                self.services.driving.order(run, order);
                is_given = true;
            }
            next.wait().await;
        }
        Ok(())
    }

    /// Returns whether an order is obeyed; one that cannot be any more is taken back.
    async fn is_obeyed(&self, run: RunId, order: &Order, is_given: bool) -> Result<bool> {
        let state = self.state(run).await?;
        let obeyed = order.is_obeyed(&state, is_given);
        if is_given && state.end().is_some() {
            orders::take_back(&*self.services.journal, run).await?;
        }
        obeyed
    }

    pub(crate) fn next_change(&self, run: RunId) -> NextChange {
        self.services.driving.next_change(run)
    }
}

/// Changes a run that was taken up, makes that durable, and goes on with it.
pub(crate) async fn changed(mut driver: Driver, change: impl FnOnce(&mut Driver) -> Result<()>) -> Result<Run> {
    let changed = change(&mut driver);
    if let Err(fault) = committed(&mut driver, changed).await {
        driver.release().await;
        return Err(fault);
    }
    Ok(Run::spawn(driver))
}

/// Makes a change durable, with the signals and the settlements that came meanwhile: after this commit the run may stand still,
/// and its driver looks no more.
async fn committed(driver: &mut Driver, changed: Result<()>) -> Result<()> {
    changed?;
    driver.receive().await?;
    driver.commit_planned().await
}

/// Checks that no effect of a run is in flight: it would be done once more, or be unknown.
pub(crate) fn check_idle(state: &RunState) -> Result<()> {
    let Some(effect) = state.in_flight().next() else { return Ok(()) };
    let message = format!(
        "run {} is still busy with \"{}\"; wait until it is done, or resume the run if the process that drove it is gone",
        state.run(),
        effect.key()
    );
    Err(Fault::new(Kind::Conflict, message).detail("busy"))
}
