//! The one place where effects are decided, performed and joined.

mod beginning;
mod children;
mod code_questions;
mod computing;
mod doubt;
mod ending;
mod kin;
mod orders;
mod outcome;
mod planning;
mod waits;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use stockade_journal::RowChange;
use stockade_workflow::{
    Budget, Change, CodeEnd, Effect, EffectOutcome, Event, Exceeded, Fault, Kind, Machine, RunId, RunState, Step,
    Transition, Usage,
};
use tokio::time::Instant;

use self::doubt::doubted;
pub use self::ending::Ending;
pub(crate) use self::kin::{obey, stop_all};
use self::orders::Next;
use self::outcome::misplaced;
use crate::Result;
use crate::cells;
use crate::code::{Ran, unrun};
use crate::effects::{Ended, Work, handler};
use crate::lease::Holding;
use crate::news::News;
use crate::orders::Due;
use crate::run_log::RunLog;
use crate::services::Services;

/// How many effects of one run are in flight at the same time; further ones wait. What they hold (slots of the pool,
/// connections to a provider) is shared with all other runs.
const EFFECTS_AT_ONCE: usize = 8;

/// How often code runs again that another host overtakes in its session: each time is paid.
const OVERTAKEN_MAX: u32 = 16;

/// Drives one run: plans what is wanted, makes the intents durable, performs them, and lets the workflow answer.
///
/// What one step changes (the event, the new state, the intents of the next effects) is one commit; a step by which
/// only a computation begins [may wait](RunLog::may_wait) for the next one. Effects that are wanted together are in flight
/// together; code is alone, for the driver journals its calls.
pub(crate) struct Driver {
    /// Absent where the run is only to be stopped or paused, and its workflow is not here.
    machine: Option<Arc<Machine>>,
    log: RunLog,
    /// The effects that this driver performs now.
    begun: BTreeSet<String>,
    /// What a person wants of the run, once that is heard.
    order: Option<Due>,
    /// What the next effect sets aside, where the run is to draw more of a shared budget first.
    needs: Option<Usage>,
    /// When it last looked for what others have left in the journal; a run that is not there yet has nothing there.
    looked: Option<Instant>,
    since: Instant,
    /// How the workflow begins, of a run that is not in the journal yet: it was asked before there was a run.
    first: Option<Box<Step>>,
}

/// How the performing of an effect ended.
enum Performed {
    Happened(EffectOutcome, Usage),
    /// The run's budget ended it here, and it may be done again.
    Cut(Exceeded, Usage),
    /// Its tool tells the result later, under this token.
    Promised(String, Usage),
    /// It failed in a way that may pass, and is tried again after a wait.
    Deferred {
        until_ms: u64,
        parks: bool,
        fault: Fault,
        /// Whether it may have happened all the same.
        in_doubt: bool,
        used: Usage,
    },
}

/// An effect that is in flight, with how it ends.
type Flight = BoxFuture<'static, (Arc<Effect>, Ended, Usage)>;

/// The effects that are in flight beside one another.
type InFlight = FuturesUnordered<Flight>;

impl Driver {
    /// Begins a run under this id; nothing is written before the first commit.
    fn create(host: Arc<Services>, machine: Arc<Machine>, run: RunId, created: Change) -> Result<Self> {
        let first = match &created {
            Change::Created { input, .. } => Some(machine.step(None, Event::Started { input: input.clone() })?),
            _ => None,
        };
        let driver = Self::new(Some(machine), RunLog::create(host, run, created)?);
        Ok(Self { first: first.map(Box::new), looked: Some(Instant::now()), ..driver })
    }

    /// Takes up a run that was read from the journal under this lease.
    pub(crate) fn take_up(
        host: Arc<Services>,
        machine: Arc<Machine>,
        state: RunState,
        holding: Holding,
    ) -> Result<Self> {
        if state.version() != machine.version() {
            let (run, was, is) = (state.run(), state.version(), machine.version());
            let message = format!(
                "run {run} was started by version {was} of its workflow and this is version {is}; use that one"
            );
            return Err(Fault::new(Kind::Conflict, message).detail("version"));
        }
        Ok(Self::new(Some(machine), RunLog::go_on(host, state, holding)?))
    }

    /// Takes up a run that is only to be stopped or paused. Its workflow need not be here, or may be of another version.
    pub(crate) fn take_up_to_end(
        host: Arc<Services>,
        machine: Option<Arc<Machine>>,
        state: RunState,
        holding: Holding,
    ) -> Result<Self> {
        let machine = machine.filter(|machine| machine.version() == state.version());
        Ok(Self::new(machine, RunLog::go_on(host, state, holding)?))
    }

    fn new(machine: Option<Arc<Machine>>, log: RunLog) -> Self {
        let (begun, since) = (BTreeSet::new(), Instant::now());
        Self { machine, log, begun, order: None, needs: None, looked: None, since, first: None }
    }

    pub(crate) fn state(&self) -> &RunState {
        self.log.state()
    }

    /// Returns the workflow, where it is here.
    pub(crate) fn machine(&self) -> Option<&Machine> {
        self.machine.as_deref()
    }

    pub(crate) fn host(&self) -> &Arc<Services> {
        &self.log.host
    }

    /// Goes on until the run ends, waits or is suspended; all of it is in the journal, and the lease given back, when this
    /// returns.
    ///
    /// Where it ends while effects are in flight, they are dropped: its workflow did not want to wait for them. A question
    /// that is dropped so is paid.
    async fn drive(mut self: Box<Self>) -> Result<RunState> {
        let driven = self.go_on().await;
        if driven.as_ref().is_err_and(Fault::is_of_storage) {
            self.keep().await;
        }
        self.release().await;
        self.stop_orphans();
        driven.map(|()| self.log.into_state())
    }

    /// Stops the runs that the journal has an order for since this was last done.
    fn stop_orphans(&mut self) {
        let orphans = self.orphans();
        stop_all(self.host(), orphans);
    }

    fn orphans(&mut self) -> Vec<RunId> {
        std::mem::take(&mut self.log.orphans)
    }

    /// Gives the right to write to the run back.
    pub(crate) async fn release(&mut self) {
        self.log.holding.release().await;
    }

    async fn go_on(&mut self) -> Result<()> {
        let (mut in_flight, mut watch) = (InFlight::new(), self.watch());
        if self.host().performs {
            self.book_left_behind()?;
        }
        self.claim_tokens().await?;
        let recalled = self.recall_children().await?;
        self.take_up_children(recalled).await;
        let mut undoes = self.state().is_undoing();
        // The commit after which a run stands still gives the lease back.
        while !self.log.is_released() {
            self.stop_orphans();
            if self.state().is_undoing() && !undoes {
                // What was in flight belongs to what has failed.
                (undoes, in_flight) = (true, InFlight::new());
                self.begun.clear();
            }
            let is_unseen = in_flight.is_empty() && self.goes_on_unseen(&watch).await?;
            let news = if is_unseen { None } else { self.hear(&watch, !in_flight.is_empty()).await? };
            if in_flight.is_empty()
                && let Some(due) = self.order.take()
            {
                self.obey(&due.order).await?;
                if self.state().is_undoing() {
                    continue;
                }
                return Ok(());
            }
            if self.is_overdue() {
                in_flight = InFlight::new();
                self.expire().await?;
                continue;
            }
            let is_ending = self.order.is_some() || self.host().driving.is_closing();
            match news.filter(|_| !is_ending) {
                Some(news) => self.follow(news).await?,
                None if is_unseen => {}
                // An effect with an intent is performed, or it would not be known whether it was.
                None => self.commit().await?,
            }
            if self.state().end().is_some() {
                return Ok(());
            }
            self.log.holding.check().await?;
            if !is_ending && self.state().paused().is_none() && self.end_wait()? {
                continue;
            }
            if !is_ending && self.start_children().await? {
                continue;
            }
            if let Some(effect) = self.alone().filter(|_| self.order.is_none() && in_flight.is_empty()) {
                // Few runs have code: the future of each run is small without that of its code.
                Box::pin(self.perform_alone_until_ordered(&effect)).await?;
                continue;
            }
            let beginning = if self.order.is_none() { self.waiting() } else { Vec::new() };
            if !self.host().performs && beginning.is_empty() && in_flight.is_empty() {
                // All of it is durable; others perform what is in flight, and say how it ended.
                return Ok(());
            }
            for effect in beginning {
                in_flight.push(self.begin(effect)?);
            }
            let (retries, is_behind) = (self.is_retrying(), !self.log.uncommitted().is_empty());
            match Next::of(&mut in_flight, &mut watch, self.order.as_ref(), (retries, is_behind), self.alarm()).await {
                Next::Ended(None) => return Ok(()),
                Next::Ended(Some((effect, ended, used))) => {
                    let performed = self.judged(&effect, ended, used)?;
                    self.begun.remove(effect.key());
                    self.happened(&effect, performed)?;
                }
                Next::Alarmed => {}
                Next::Behind => self.commit().await?,
                Next::Ordered(order) => self.heed(order),
                Next::Late => in_flight = InFlight::new(),
            }
        }
        Ok(())
    }

    /// Takes in what has come for the run, plans what follows, and makes that durable unless it may wait.
    async fn follow(&mut self, news: News) -> Result<()> {
        self.take_in(news).await?;
        self.mark_overdue()?;
        self.plan_and_draw().await?;
        if self.host().performs && self.log.may_wait() { Ok(()) } else { self.commit().await }
    }

    /// Begins an effect that others may be in flight beside.
    fn begin(&mut self, effect: Arc<Effect>) -> Result<Flight> {
        let Work::Beside(work) = handler(&effect).begin(&self.log) else { return Err(misplaced(&effect)) };
        self.begun.insert(effect.key().to_owned());
        Ok(work.map(|(ended, used)| (effect, ended, used)).boxed())
    }

    async fn perform_alone(&mut self, effect: &Effect) -> Result<()> {
        let handler = handler(effect);
        let performed = match handler.begin(&self.log) {
            Work::Code(code, outcome) => match self.log.run_code(effect.key(), &code).await? {
                Ran::Ended(ended, used) => Performed::Happened(outcome(ended), used),
                Ran::Cut(exceeded, used) => Performed::Cut(exceeded, used),
                Ran::Asks(number, call, used) => return self.ask_in_code(effect, number, &call, used),
            },
            Work::Beside(work) => {
                let (ended, used) = work.await;
                self.judged(effect, ended, used)?
            }
            Work::Outside => return Err(misplaced(effect)),
        };
        self.happened(effect, performed)
    }

    /// Books what the driver before this one was asking of providers when it ended.
    fn book_left_behind(&mut self) -> Result<()> {
        let left_behind = self.state().in_flight().map(Effect::key).filter(|key| !self.log.is_mine(key));
        let keys: Vec<_> = left_behind.map(str::to_owned).collect();
        keys.into_iter().rev().try_for_each(|key| self.book_lost(key))
    }

    /// Books what is asked of a provider and will not be heard: it may have answered, and is paid for that. It is thought to
    /// have had one attempt, with all that was reserved for one.
    fn book_lost(&mut self, key: String) -> Result<()> {
        let Usage { tokens, money_micros, model_calls, .. } = self.log.amount(&key);
        if tokens == 0 {
            return Ok(());
        }
        let used = Usage::default().tokens(tokens).money_micros(money_micros).model_calls(model_calls.min(1));
        self.log.push(Change::Lost { key, used })
    }

    /// Makes what was changed so far durable.
    async fn commit(&mut self) -> Result<()> {
        loop {
            match self.log.commit().await {
                Err(refused) if cells::is_overtaken(&refused) => self.overtaken(refused).await?,
                committed => return committed,
            }
        }
    }

    /// Takes back what code did in a session that another host changed meanwhile. Code that has called nothing which can change
    /// anything runs again, behind the code that was faster; other code has failed.
    async fn overtaken(&mut self, refused: Fault) -> Result<()> {
        let ended = self.log.uncommitted().iter().find_map(|entry| match &entry.change {
            Change::Stepped { event: Event::Ended { key, outcome: EffectOutcome::CodeFinished(_) }, used, .. } => {
                Some((key.clone(), *used))
            }
            _ => None,
        });
        let (key, used) = ended.ok_or(refused)?;
        self.log.roll_back().await?;
        let attempts = self.state().deferred(&key).map_or(0, |deferred| deferred.attempts);
        if self.state().calls(&key).is_empty() && attempts < OVERTAKEN_MAX {
            let (until_ms, fault) = (self.host().clock.now_ms(), cells::overtaken());
            // The step is that of its end, which it has not come to.
            let used = used.steps(0);
            self.push(Change::Deferred { key, used, until_ms, parks: false, fault, in_doubt: false })?;
        } else {
            self.step(Event::ended(&key, unrun(CodeEnd::Failed(cells::overtaken()))), used)?;
        }
        self.plan()
    }

    /// Changes the journal's index with the next commit.
    pub(crate) fn index(&mut self, change: RowChange) {
        self.log.index.push(change);
    }

    /// Makes what was changed, and the intent that follows from it, durable in one commit.
    pub(crate) async fn commit_planned(&mut self) -> Result<()> {
        self.log.read_marks().await?;
        self.plan_and_draw().await?;
        self.commit().await
    }

    /// Makes what was changed durable, and leaves the run to whichever host takes it up.
    pub(crate) async fn leave(&mut self) -> Result<()> {
        self.log.leave();
        self.commit().await
    }

    /// Adds to the run's budget.
    pub(crate) fn extend(&mut self, more: Budget) -> Result<()> {
        self.push(Change::Extended { more })
    }

    /// Adds an entry. Before one that ends the run, what is asked and will not be heard any more is booked.
    pub(crate) fn push(&mut self, change: Change) -> Result<()> {
        if matches!(change, Change::Stepped { end: Some(_), .. } | Change::Broken { .. }) {
            // A run that is cancelled was another driver's a moment ago.
            self.book_left_behind()?;
            std::mem::take(&mut self.begun).into_iter().try_for_each(|key| self.book_lost(key))?;
        }
        self.log.push(change)
    }

    /// Lets the workflow answer an event.
    pub(crate) fn step(&mut self, event: Event, used: Usage) -> Result<()> {
        self.log.hold(event.memory_bytes());
        if self.state().is_undoing() {
            return self.push(Change::Undone { event, used });
        }
        let gone = || Fault::new(Kind::HostBug, "a run whose workflow is not here takes no step");
        let machine = self.machine.as_ref().ok_or_else(gone)?;
        let first = self.first.take().filter(|_| self.log.state().at().is_none());
        let answer = match first {
            Some(first) => Ok(*first),
            None => machine.step_at(self.log.state().at(), event.clone()),
        };
        let step = match answer {
            Err(fault) => return self.push(Change::Broken { fault }),
            Ok(step) => step,
        };
        if let Some((key, fault)) = doubted(&self.log, &event, &step) {
            // A person can find out. Code goes on then, so it has not ended for its session.
            cells::withdraw(&mut self.log.index);
            self.log.leave_session();
            return self.push(Change::Doubted { key, fault, used });
        }
        let Step { position, transition: Transition { state, log, effects, slices, end } } = step;
        let (used, position) = (used.steps(1), position.to_owned());
        self.push(Change::Stepped { event, used, position, state, log, effects, slices, end })
    }
}
