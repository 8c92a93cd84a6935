//! How a run that is driven learns that a time has come, or that it was sent a signal.

use std::time::Duration;

use stockade_journal::Commit;
use stockade_workflow::{Change, Currency, Doubt, Effect, EffectOutcome, Event, Fault, Kind, ToolOutcome, Usage, utc};

use super::Driver;
use crate::calls::unknown;
use crate::effects::{Ended, handler};
use crate::news::News;
use crate::{Clock, Result, Unreadable, inbox, later, questions};

/// How often a run that is driven looks for signals, which another process may send.
const LOOK: Duration = Duration::from_millis(500);

/// A clock that was set back, or one of a test, does not make a driver spin.
const LOOK_LEAST: Duration = Duration::from_millis(10);

/// Returns when the deadline of a run has passed by the host's clock.
pub(super) async fn overdue(clock: Clock, due_ms: Option<u64>) {
    let Some(due_ms) = due_ms else { return std::future::pending().await };
    while let left_ms @ 1.. = due_ms.saturating_sub(clock.now_ms()) {
        tokio::time::sleep(Duration::from_millis(left_ms).clamp(LOOK_LEAST, LOOK)).await;
    }
}

impl Driver {
    /// Takes in what has come for the run since it last looked.
    pub(crate) async fn receive(&mut self) -> Result<()> {
        let news = News::of(&*self.host().journal, self.state()).await?;
        self.take_in(news).await
    }

    /// Takes in the signals, the ends of other runs and the settlements that the journal has for the run, and what runs left in
    /// stores. A signal that cannot be read is set aside, so that it keeps neither this run nor another from going on.
    pub(super) async fn take_in(&mut self, news: News) -> Result<()> {
        let run = self.state().run();
        let (signals, unreadable) = inbox::read(news.signals);
        for (row, error) in unreadable {
            self.host().journal.commit(&inbox::set_aside(row)).await?;
            self.host().hooks.unreadable(&Unreadable::run(run, error)?);
        }
        for signal in signals {
            let taken = inbox::taken(run, &signal);
            match self.state().check_signal(&signal) {
                // One that does not fit what is awaited may fit what will be.
                Err(fault) if fault.kind == Kind::Invalid => self.log.push(Change::Signalled { signal })?,
                Ok(true) => self.log.push(Change::Signalled { signal })?,
                Ok(false) | Err(_) => {
                    self.host().journal.commit(&Commit::of_index(vec![taken])).await?;
                    continue;
                }
            }
            self.index(taken);
        }
        self.receive_children(news.ends).await?;
        self.receive_settlements(news.settlements)?;
        self.log.know_marks(news.marks)
    }

    /// Journals that times of open questions have come.
    pub(crate) fn mark_overdue(&mut self) -> Result<()> {
        let at_ms = self.host().clock.now_ms();
        while let Some((key, overdue)) = self.state().overdue_at(at_ms) {
            let key = key.to_owned();
            self.log.push(Change::Overdue { key, overdue, at_ms })?;
        }
        Ok(())
    }

    /// Lets the workflow answer the first wait that has ended, or the first call of which was said what became of it, or whose
    /// result has not come in time; returns whether there was one.
    pub(super) fn end_wait(&mut self) -> Result<bool> {
        let ended = self.state().ended_wait(self.host().clock.now_ms());
        if let Some((key, waited)) = ended.map(|(key, waited)| (key.to_owned(), waited)) {
            return self.end_wait_as(&key, waited).map(|()| true);
        }
        let Some(event) = self.state().settled().or_else(|| self.late_result()) else { return Ok(false) };
        self.step(event, Usage::default()).map(|()| true)
    }

    /// Returns how the first call ends whose tool has not told the result in time.
    fn late_result(&self) -> Option<Event> {
        let (Doubt { key, call, .. }, due_ms) = self.state().late_result(self.host().clock.now_ms())?;
        let why = format!("its tool has accepted it, and did not tell the result until {}", utc(due_ms));
        Some(Event::ended(key, ToolOutcome::Unknown(unknown(key, call, &why))))
    }

    /// Makes the tokens known of the results that the run waits for: of a run that was brought here whole they are not.
    pub(super) async fn claim_tokens(&self) -> Result<()> {
        let (state, journal) = (self.state(), &*self.host().journal);
        for (Doubt { key, call, .. }, token) in state.awaited_results() {
            match later::claim(journal, state.run(), key, &call.tool, token, &[]).await {
                // It leads to another run by now.
                Err(fault) if fault.kind == Kind::Conflict => {}
                claimed => claimed?,
            }
        }
        Ok(())
    }

    /// Whether the run's deadline has passed.
    pub(crate) fn is_overdue(&self) -> bool {
        self.state().is_overdue(self.host().clock.now_ms())
    }

    /// Whether this driver waits until an effect is tried again, and nothing keeps it from that.
    pub(super) fn is_retrying(&self) -> bool {
        let state = self.state();
        let may_begin = state.paused().is_none() && state.suspended().is_none();
        may_begin && self.order.is_none() && !self.host().driving.is_closing() && state.is_retrying()
    }

    /// Returns when a wait may have ended while something else is in flight.
    pub(super) async fn alarm(&self) {
        let awaits = self.state().waits().any(|wait| wait.signal.is_some() || wait.runs.is_some());
        let listens = awaits || self.state().awaits_settlement();
        let now_ms = self.host().clock.now_ms();
        let left = self.state().next_wait_ms(now_ms).map(|due_ms| due_ms.saturating_sub(now_ms));
        match left.map(Duration::from_millis) {
            None if !listens => std::future::pending().await,
            left => tokio::time::sleep(left.unwrap_or(LOOK).clamp(LOOK_LEAST, LOOK)).await,
        }
    }

    /// Returns how an effect ended that took until its deadline. A call that may have changed something may have done so.
    pub(super) fn late(&self, effect: &Effect, ended: &Ended) -> Option<EffectOutcome> {
        self.state().due_ms(effect.key()).filter(|due_ms| *due_ms <= self.host().clock.now_ms())?;
        let unknown = match ended {
            Ended::Short(limits, _) if limits.contains(&Currency::Wall) => None,
            Ended::Stopped(stopped) if stopped.fault.kind == Kind::Deadline => stopped.unknown.clone(),
            Ended::As(_)
            | Ended::Short(..)
            | Ended::Stopped(_)
            | Ended::Later(..)
            | Ended::Promised(..)
            | Ended::Unheard(_) => return None,
        };
        let message = format!("effect \"{}\" was ended at its deadline", effect.key());
        let failed = || handler(effect).failed(Fault::new(Kind::Deadline, message).detail("effect"));
        Some(unknown.unwrap_or_else(failed))
    }

    /// Checks that neither the deadline of a question nor that of its run has passed.
    ///
    /// # Errors
    ///
    /// Kind [`Kind::Conflict`] with detail `expired`.
    pub(crate) fn check_in_time(&self, key: &str) -> Result<()> {
        let (state, now_ms) = (self.state(), self.host().clock.now_ms());
        if let Some(due_ms) = state.run_due_ms().filter(|due_ms| *due_ms <= now_ms) {
            let message =
                format!("run {} had to end until {}; no decision is taken any more", state.run(), utc(due_ms));
            return Err(Fault::new(Kind::Conflict, message).detail("expired"));
        }
        match (state.due_ms(key).filter(|due_ms| *due_ms <= now_ms), state.approval(key)) {
            (Some(due_ms), Some(approval)) => {
                Err(Fault::new(Kind::Conflict, questions::expired(state, approval, due_ms)).detail("expired"))
            }
            _ => Ok(()),
        }
    }
}
